# SPDX-License-Identifier: BSD-2-Clause
"""
The e1000 driver on real (emulated) chips: found wherever they are, and what is put on the cable is
received, refused or counted as it should.  Frames go in through `-netdev dgram`; what became of
them is told by nic.log=1, a line with the counters every second in which one has changed.

QEMU's e1000 receives nothing in its first second (hw/net/e1000.c:set_rx_control); what was sent
waits in the socket.
"""
import os
import re
import subprocess
import sys
import threading

import pytest

import qemu
from cable import Cable, frame, mac
from qemu import DEFAULTS, VIRT, hotplug_bus, least_memory
from test_hotplug import SLOTS, remove, slot
from test_idle import check_idle
from test_machines import check_session

MODELS = {"e1000": "82540EM", "e1000-82545em": "82545EM", "e1000-82544gc": "82544GC",
          "e1000e": "82574L"}
MAC = "52:54:00:12:34:56"
STARTED = re.compile(r"nic pci ([0-9a-f:.]+): (\w+), ([0-9a-f:]{17}), link (\w+)\r")
ROOT_PORT = ["-device", "pcie-root-port,id=rp1,chassis=1,slot=1"]
# Nobody else takes the frames.
OPTIONS = "net=off nic.log=1"
COUNTERS = re.compile(r"nic pci ([0-9a-f:.]+):((?: \w+=\d+)+)\r")


def prepare(boot, model="e1000", options="", **machine):
    """A machine with one controller and its cable, not started yet."""
    args = machine.pop("args", [])
    append = machine.pop("append", OPTIONS)
    vm = boot.prepare(append=append, **machine)
    cable = Cable(vm)
    end = vm.argv.index("-chardev")
    vm.argv[end:end] = args + cable.args + ["-device", f"{model},netdev=n0,mac={MAC}" + options]
    return vm, cable


def start(boot, model="e1000", options="", **machine):
    vm, cable = prepare(boot, model, options, **machine)
    return vm.start(), cable


def wait_started(vm, count=1):
    """The lines of `count` controllers: [(place, model, address, link)]."""
    vm.serial.wait(re.compile(rf"(?s)({STARTED.pattern}.*){{{count}}}"), 20)
    return STARTED.findall(vm.serial.text())


def counters(vm, place=None):
    """What the controller at `place` (None: any) has counted, by its last line."""
    for found, line in reversed(COUNTERS.findall(vm.serial.text())):
        if place in (None, found):
            return {name: int(value) for name, value in
                    (word.split("=") for word in line.split())}
    return {}


def wait_counted(vm, name, value, place=None):
    """Waits until a counter is `value`, and returns all of them."""
    where = re.escape(place) if place else "[0-9a-f:.]+"
    vm.serial.wait(re.compile(rf"nic pci {where}:[^\n]* {name}={value}(?!\d)[^\n]*\n"), 30)
    return counters(vm, place)


def check_receives(vm, cable, place=None):
    before = counters(vm, place).get("rx_delivered", 0)
    cable.send(frame(60), frame(1514))
    wait_counted(vm, "rx_delivered", before + 2, place)


# --- where they are -----------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("machine", ["q35", "microvm,acpi=on,pcie=on", *DEFAULTS])
def test_found(boot, model):
    vm, cable = start(boot, model)
    assert [found[1:] for found in wait_started(vm)] == [(MODELS[model], MAC, "up")]
    check_session(vm)
    check_receives(vm, cable)
    assert "polling" not in vm.serial.text()


def test_behind_a_bridge(boot):
    bridge = ["-device", "pci-bridge,id=b1,chassis_nr=1,shpc=off",
              "-device", "pci-bridge,id=b2,chassis_nr=2,shpc=off,bus=b1,addr=3"]
    vm, cable = start(boot, options=",bus=b2,addr=7", args=bridge)
    wait_started(vm)
    check_receives(vm, cable)
    check_idle(vm)
    check_session(vm)


@pytest.mark.parametrize("machine", ["q35", "microvm,acpi=on,pcie=on", *VIRT])
def test_behind_a_root_port(boot):
    vm, cable = start(boot, "e1000e", ",bus=rp1", args=ROOT_PORT)
    wait_started(vm)
    check_receives(vm, cable)
    check_session(vm)


@pytest.mark.parametrize("machine", ["q35", *VIRT])
def test_on_a_conventional_bus_behind_a_root_port(boot):
    bridge = ROOT_PORT + ["-device", "pcie-pci-bridge,id=b1,bus=rp1"]
    vm, cable = start(boot, "e1000", ",bus=b1,addr=2", args=bridge)
    wait_started(vm)
    check_receives(vm, cable)
    check_session(vm)


def test_two_at_once(boot):
    """Each has its own address, its own frames and its own counters."""
    vm, first = prepare(boot, "e1000", ",addr=5")
    second = Cable(vm, "n1")
    vm.argv += second.args + ["-device", "e1000e,netdev=n1,mac=52:54:00:65:43:21,addr=6"]
    vm.start()
    assert sorted(wait_started(vm, 2)) == [("00:05.0", "82540EM", MAC, "up"),
                                           ("00:06.0", "82574L", "52:54:00:65:43:21", "up")]
    first.send(*[frame(60, mac(MAC))] * 3, frame(60, mac("52:54:00:65:43:21")))
    second.send(*[frame(60, mac("52:54:00:65:43:21"))] * 5, frame(60, mac(MAC)))
    assert wait_counted(vm, "rx_delivered", 3, "00:05.0")["rx_frames"] == 3
    assert wait_counted(vm, "rx_delivered", 5, "00:06.0")["rx_frames"] == 5
    check_session(vm)


@pytest.mark.parametrize("model,ids", [("virtio-net-pci", "1af4:1000"), ("rtl8139", "10ec:8139"),
                                       ("i82551", "8086:1209")])
def test_others_are_left_alone(boot, model, ids):
    """With a line that says so; the e1000 beside it works."""
    vm, cable = prepare(boot, options=",addr=7")
    vm.argv += ["-netdev", "hubport,id=h0,hubid=0", "-device", f"{model},netdev=h0,addr=6"]
    vm.start()
    vm.serial.wait(f"nic pci 00:06.0: {ids} is not supported, left alone")
    assert [found[0] for found in wait_started(vm)] == ["00:07.0"]
    check_receives(vm, cable)
    check_session(vm)


def test_a_line_shared_with_the_console(boot):
    """Slots 4 and 8 of every board have the same line; each must take down its own."""
    vm, cable = start(boot, options=",addr=8", serial_device="virtio-serial-pci,vectors=0,addr=4")
    wait_started(vm)
    agent = check_session(vm)
    for _ in range(20):
        cable.send(frame(60))
        assert agent.execute("guest-ping") == {}
    wait_counted(vm, "rx_delivered", 20)
    check_idle(vm)


@pytest.mark.parametrize("model", ["e1000", "e1000e"])
def test_in_little_memory(boot, machine, model):
    vm, cable = start(boot, model, memory=least_memory(machine))
    wait_started(vm)
    check_session(vm)
    check_receives(vm, cable)


# --- the cable ----------------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
def test_link_down_and_up(boot, model):
    """What is sent while the link is down is lost; afterwards all is as before."""
    vm, cable = start(boot, model)
    wait_started(vm)
    check_receives(vm, cable)
    vm.qmp.execute("set_link", name="n0", up=False)
    vm.serial.wait("link down")
    vm.qmp.execute("set_link", name="n0", up=True)
    vm.serial.wait("link up\r\n", 20)
    assert wait_counted(vm, "link_changes", 2)
    check_receives(vm, cable)
    check_session(vm)


def test_started_without_a_link(boot):
    vm, cable = prepare(boot, args=["-S"])
    vm.start()
    vm.qmp.execute("set_link", name="n0", up=False)
    vm.qmp.execute("cont")
    assert wait_started(vm)[0][3] == "down"
    vm.qmp.execute("set_link", name="n0", up=True)
    vm.serial.wait("link up\r\n", 20)
    check_receives(vm, cable)


# --- what is on it ------------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
def test_frames_of_all_kinds(boot, model):
    """Good frames are delivered, whatever is inside; the others cost a counter and nothing else."""
    vm, cable = start(boot, model)
    wait_started(vm)
    bad_checksum = frame(60, payload=bytes.fromhex("4500002e") + b"\x11" * 16, kind=0x0800)
    good = [frame(size) for size in (14, 20, 59, 60, 61, 64, 577, 1500, 1514)]
    good += [frame(60, mac(MAC)), bad_checksum]
    oversize = [frame(size) for size in (1600, 2048, 2049, 4000, 9000, 16000, 20000)]
    foreign = [frame(60, mac("52:54:00:99:99:99")), frame(60, mac("01:00:5e:00:00:01")),
               frame(60, mac("33:33:00:00:00:01"))]
    cable.send(*good, *oversize, *foreign, *good)
    seen = wait_counted(vm, "rx_delivered", 2 * len(good))
    assert seen["rx_oversize"] == len(oversize)
    assert seen["rx_frames"] == 2 * len(good)
    assert seen["rx_broadcast"] == 2 * (len(good) - 1)
    assert not {"rx_errors", "rx_pieces", "rx_short", "rx_long", "restarts"} & set(seen)
    check_session(vm)


@pytest.mark.parametrize("model", ["e1000", "e1000e"])
def test_a_flood(boot, model):
    """As fast as the guest takes them: none is lost, and the agent answers all the while."""
    count = 60000
    vm, cable = start(boot, model)
    wait_started(vm)
    agent = check_session(vm)
    check_receives(vm, cable)
    flood = threading.Thread(target=cable.send, args=[frame(60)] * count, daemon=True)
    flood.start()
    answers = 0
    while flood.is_alive():
        assert agent.execute("guest-ping", timeout=2) == {}
        answers += 1
    seen = wait_counted(vm, "rx_delivered", count + 2)
    assert seen["rx_frames"] == count + 2
    assert answers > 100
    check_idle(vm)


@pytest.mark.parametrize("machine,model", [
    ("pc", "e1000"), ("q35", "e1000e"), ("microvm,acpi=on,pcie=on", "e1000e"),
    *((machine, model) for machine in VIRT for model in ("e1000", "e1000e"))])
def test_idle(boot, model):
    vm, cable = start(boot, model)
    wait_started(vm)
    check_receives(vm, cable)
    check_idle(vm)


# --- coming and going ---------------------------------------------------------------------------

def plug(vm, model, **options):
    vm.qmp.execute_raw({"execute": "device_add", "arguments": {
        "driver": model, "netdev": "n0", "mac": MAC, "id": "nic", **options}})


@pytest.mark.parametrize("machine,how,model", [
    (machine, how, model) for machine, how in SLOTS.args[1]
    for model in (("e1000", "e1000e") if machine == "pc" else ("e1000e",))])
def test_unplugged_and_plugged(boot, machine, how, model):
    """Each is a new controller, whose counters start at 0."""
    args, bus = slot(machine, how)
    vm, cable = start(boot, model, f",id=nic,bus={bus}", args=args)
    for number in range(1, 4):
        wait_started(vm, number)
        cable.send(*[frame(60)] * (10 + number))
        wait_counted(vm, "rx_delivered", 10 + number)
        remove(vm, "nic", 20)
        plug(vm, model, bus=bus)
    wait_started(vm, 4)
    check_session(vm)


@SLOTS
def test_plugged(boot, machine, how):
    args, bus = slot(machine, how)
    vm = boot.prepare(append=OPTIONS, args=args)
    cable = Cable(vm)
    vm.argv += cable.args
    vm.start()
    check_session(vm)
    plug(vm, "e1000e", bus=bus)
    wait_started(vm)
    check_receives(vm, cable)
    remove(vm, "nic", 20)


def test_unplugged_in_a_flood(boot, machine):
    args, bus = hotplug_bus(machine)
    vm, cable = start(boot, "e1000", f",id=nic,bus={bus}", args=args)
    wait_started(vm)
    agent = check_session(vm)
    cable.socket.settimeout(0.2)
    vm.qmp.execute("device_del", id="nic")
    try:
        cable.send(*[frame(1514)] * 5000)
    except TimeoutError:
        pass
    vm.qmp.wait_event("DEVICE_DELETED", 20, lambda data: data.get("device") == "nic")
    assert agent.execute("guest-ping") == {}


# --- the laboratory -----------------------------------------------------------------------------

LAB = os.path.join(qemu.ROOT, "tests/lab/lab_e1000.py")


def run_lab(*arguments, **environment):
    return subprocess.run([sys.executable, LAB, *arguments], capture_output=True, text=True,
                          timeout=300, check=False,
                          env=dict(os.environ, BARE_QGA_IMAGE=qemu.IMAGE, **environment))


@pytest.mark.parametrize("model,rows", [("e1000", 24), ("e1000-82545em", 24),
                                        ("e1000-82544gc", 24), ("e1000e", 6)])
def test_laboratory(machine, model, rows):
    board = "q35" if (machine, model) == ("pc", "e1000e") else machine
    done = run_lab("--machine", board, "--model", model)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("  ok") == rows
    assert "all bounded" in done.stdout


def test_laboratory_of_a_device_that_hangs():
    """The watchdog, with a machine that is never started in the device's place."""
    done = run_lab(BARE_QGA_QEMU_ARGS="-S", BARE_QGA_PATIENCE="0.1")
    assert done.returncode == 1
    assert "hangs" in done.stdout


def test_laboratory_without_a_device(boot):
    vm = boot(append="lab=e1000")
    vm.serial.wait("lab e1000: this machine has none")
    check_session(vm)
