# SPDX-License-Identifier: BSD-2-Clause
"""
guest-suspend-ram: the machine sleeps (ACPI S3), and wakes up with files, handles and hotplug as
they were, though the reset that a wake-up is has taken everything from its devices.
"""
import time

import pytest

import test_agent_tcp
from agent import CommandError, request
from qemu import VIRT, Deadline
from test_machines import check_session

# What libvirt builds for q35: the console behind a root port, a card behind two bridges.
BEHIND_PORTS = [
    "-device", "pcie-root-port,id=rp1,bus=pcie.0,chassis=1,addr=2.0,multifunction=on",
    "-device", "pcie-root-port,id=rp2,bus=pcie.0,chassis=2,addr=2.1",
    "-device", "pcie-pci-bridge,id=pci,bus=rp1", "-device", "e1000,bus=pci,addr=1"]


def fall_asleep(vm, agent):
    """The host hears of it; the client does not."""
    agent.send(request("guest-suspend-ram"))
    vm.qmp.wait_event("SUSPEND")
    assert vm.qmp.execute("query-status")["status"] == "suspended"
    assert agent.receive(0.2) is None


def wake_up(vm, agent):
    vm.qmp.execute("system_wakeup")
    vm.qmp.wait_event("WAKEUP")
    agent.sync()


def check_nap(vm, times=1):
    agent = vm.agent()
    agent.write_file("/tmp/before", b"before" * 10000)
    handle = agent.open("/tmp/before")
    agent.read(handle, 6)
    for _ in range(times):
        fall_asleep(vm, agent)
        wake_up(vm, agent)
        assert agent.read(handle, 6) == b"before"
    assert agent.read_file("/tmp/before") == b"before" * 10000
    agent.write_file("/tmp/after", bytes(1 << 20))
    assert agent.read_file("/tmp/after") == bytes(1 << 20)
    return agent


# Without more said, on the chip set that libvirt prefers.  The "virt" boards cannot sleep; what
# they say to it is at the end.
MACHINES = ["q35"]


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_sleep(boot):
    vm = boot()
    assert vm.qmp.execute("query-current-machine")["wakeup-suspend-support"]
    check_nap(vm, 3)


@pytest.mark.parametrize("machine,memory", [("q35", "8M"), ("pc", "5G"),
                                            ("pc", "128M,slots=2,maxmem=1G")])
def test_sleep_with_memory(boot, memory):
    check_nap(boot(memory=memory))


@pytest.mark.parametrize("device", ["bus=rp2", "bus=pci,addr=2",
                                    "bus=pcie.0,disable-modern=on,disable-legacy=off"])
def test_sleep_behind_bridges(boot, device):
    console = "virtio-serial-pci," + device
    check_nap(boot(args=BEHIND_PORTS, serial_device=console), 2)


def test_sleep_with_more_processors(boot):
    agent = check_nap(boot(args=["-smp", "8"]))
    assert len(agent.execute("guest-get-vcpus")) == 8


def test_time_goes_on(boot):
    """The clock of the day knows of the time that the machine slept."""
    vm = boot()
    agent = check_session(vm)
    fall_asleep(vm, agent)
    before = time.time()
    while time.time() < before + 4:  # a clock of whole seconds cannot tell less
        assert vm.qmp.execute("query-status")["status"] == "suspended"
        time.sleep(0.2)
    wake_up(vm, agent)
    assert abs(agent.execute("guest-get-time") / 1e9 - time.time()) < 2


def test_it_still_idles_and_ends(boot):
    """Interrupts and the power button work as before."""
    vm = boot()
    agent = check_nap(vm)
    [before] = agent.execute("guest-get-cpustats")
    assert agent.receive(2) is None
    [after] = agent.execute("guest-get-cpustats")
    assert after["idle"] - before["idle"] > 1000
    vm.qmp.execute("system_powerdown")
    vm.qmp.wait_event("SHUTDOWN", 10, lambda data: data["reason"] == "guest-shutdown")


@pytest.mark.parametrize("machine,bus", [("pc", "pci.0"), ("q35", "rp2")])
def test_hotplug_after_a_sleep(boot, machine, bus):
    """ACPI's events on pc, the ports' own on q35."""
    vm = boot(args=BEHIND_PORTS if machine == "q35" else [])
    check_nap(vm)
    vm.qmp.forget("DEVICE_DELETED")
    vm.qmp.execute("device_add", driver="virtio-rng-pci", id="new", bus=bus)
    vm.serial.wait("device added", 20)
    vm.qmp.execute("device_del", id="new")
    vm.qmp.wait_event("DEVICE_DELETED", 20, lambda data: data.get("device") == "new")


def addresses(agent):
    """Interface -> its IPv4 addresses."""
    return {nic["name"]: [address["ip-address"] for address in nic.get("ip-addresses", [])
                          if address["ip-address-type"] == "ipv4"]
            for nic in agent.execute("guest-network-get-interfaces")}


def wait_for_address(agent, interface):
    deadline = Deadline(30)
    while not addresses(agent).get(interface):
        assert not deadline.over(), addresses(agent)
        time.sleep(0.1)
    return addresses(agent)[interface]


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_network_after_a_sleep(boot):
    """The cards have the names and the addresses that they had."""
    vm = boot(args=["-netdev", "user,id=n0", "-device", "e1000,netdev=n0",
                                     "-netdev", "user,id=n1,net=10.9.0.0/24",
                                     "-device", "e1000,netdev=n1"])
    agent = vm.agent()
    before = [wait_for_address(agent, f"eth{n}") for n in range(2)]
    for _ in range(2):
        fall_asleep(vm, agent)
        wake_up(vm, agent)
        assert [wait_for_address(agent, f"eth{n}") for n in range(2)] == before


def test_agent_on_tcp_after_a_sleep(boot, tmp_path):
    """A sleep closes sessions, as a pulled card does; afterwards new ones are taken."""
    vm = test_agent_tcp.ready(test_agent_tcp.start(boot, tmp_path))
    agent = vm.agent()
    client = test_agent_tcp.session(vm)
    assert client.execute("guest-ping") == {"return": {}}
    fall_asleep(vm, agent)
    vm.serial.wait("session closed")
    wake_up(vm, agent)
    wait_for_address(agent, "eth0")
    other = test_agent_tcp.session(vm)
    assert other.execute("guest-ping") == {"return": {}}
    other.close()


def test_a_frozen_guest_does_not_sleep(boot):
    agent = check_session(boot())
    agent.execute("guest-fsfreeze-freeze")
    with pytest.raises(CommandError, match="not allowed"):
        agent.execute("guest-suspend-ram")


@pytest.mark.parametrize("machine,args", [
    ("pc", ["-global", "PIIX4_PM.disable_s3=1"]), ("q35", ["-global", "ICH9-LPC.disable_s3=1"]),
    ("microvm,acpi=on", []), ("microvm,acpi=off", []), *((machine, []) for machine in VIRT)])
@pytest.mark.parametrize("command", ["ram", "disk", "hybrid"])
def test_what_cannot_sleep_says_so(boot, args, command):
    agent = check_session(boot(args=args))
    with pytest.raises(CommandError) as caught:
        agent.execute(f"guest-suspend-{command}")
    assert caught.value.error == {
        "class": "GenericError",
        "desc": "the requested suspend mode is not supported by the guest"}
