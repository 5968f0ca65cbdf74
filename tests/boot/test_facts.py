# SPDX-License-Identifier: BSD-2-Clause
"""What the agent tells of its machine is the machine's own: processors, memory, clocks, names."""
import time

import pytest

import cpio
from agent import CommandError
from qemu import ARCHES, BOARDS, VIRT, Deadline, arch_of, has_fw_cfg
from test_machines import check_session

SECOND = 1000000000


def vcpus(agent):
    """Number -> (online, can-offline)."""
    return {cpu["logical-id"]: (cpu["online"], cpu["can-offline"])
            for cpu in agent.execute("guest-get-vcpus")}


@pytest.mark.parametrize("machine", BOARDS)
@pytest.mark.parametrize("smp,count", [("1", 1), ("4", 4)])
def test_processors(boot, smp, count):
    agent = check_session(boot(args=["-smp", smp]))
    expected = {n: (True, n != 0) for n in range(count)}
    assert vcpus(agent) == expected
    assert [cpu["cpu"] for cpu in agent.execute("guest-get-cpustats")] == list(range(count))


@pytest.mark.parametrize("machine", ["q35", *VIRT])
def test_processors_that_could_be_added(boot):
    """ACPI's MADT names them too, but they are not there."""
    assert len(vcpus(check_session(boot(args=["-smp", "2,maxcpus=8"])))) == 2


def test_set_processors(boot):
    """What was set is told; the first processor stays; the result says how far it came."""
    agent = check_session(boot(args=["-smp", "3"]))

    def set_vcpus(*wanted):
        return agent.execute("guest-set-vcpus",
                             vcpus=[{"logical-id": n, "online": on} for n, on in wanted])
    assert set_vcpus((2, False), (1, False), (1, True)) == 3
    assert vcpus(agent) == {0: (True, False), 1: (True, True), 2: (False, True)}
    assert [cpu["cpu"] for cpu in agent.execute("guest-get-cpustats")] == [0, 1]
    assert set_vcpus((1, False), (0, False), (2, True)) == 1
    assert vcpus(agent)[1] == (False, True) and vcpus(agent)[2] == (False, True)
    for wanted, text in (((0, False), "logical processor #0 can't be offlined"),
                         ((3, True), "No such file or directory")):
        with pytest.raises(CommandError, match=text):
            set_vcpus(wanted)
    assert set_vcpus() == 0


@pytest.mark.parametrize("memory,blocks", [
    ("8M", [0]), ("128M", [0]), ("300M", [0, 1, 2]),
    # q35 puts what does not fit below its configuration space at 4 GiB.
    ("3G", None)])
@pytest.mark.parametrize("machine", ["q35", *VIRT])
def test_memory_blocks(boot, machine, memory, blocks):
    if not blocks:
        blocks = [*range(16), *range(32, 40)] if machine == "q35" else range(24)
    blocks = [(ARCHES[arch_of(machine)[0]]["ram"] >> 27) + block for block in blocks]
    agent = check_session(boot(memory=memory))
    assert agent.execute("guest-get-memory-block-info") == {"size": 128 << 20}
    found = agent.execute("guest-get-memory-blocks")
    assert [block["phys-index"] for block in found] == blocks
    assert all(block["online"] for block in found)
    wanted = [{"phys-index": blocks[-1], "online": True},
              {"phys-index": blocks[0], "online": False}, {"phys-index": 1 << 40, "online": True}]
    results = agent.execute("guest-set-memory-blocks", mem_blks=wanted)
    assert [result["response"] for result in results] == ["success", "operation-failed",
                                                          "not-found"]
    assert "error-code" not in results[0] and results[2]["error-code"] == 2


def test_devices(boot):
    """What the kernel drives, by PCI's numbers of the machine at hand."""
    agent = check_session(boot(machine="pc", args=[
        "-device", "virtio-serial-pci,disable-modern=on,id=second", "-nic", "none",
        "-device", "e1000", "-device", "virtio-rng-pci"]))
    devices, deadline = [], Deadline(20)
    while len(devices) < 3 and not deadline.over():  # the network comes up behind the agent
        devices = agent.execute("guest-get-devices")
    assert sorted((device["driver-name"], device["id"]["vendor-id"], device["id"]["device-id"])
                  for device in devices)[0] == ("e1000", 0x8086, 0x100e)
    consoles = [device["id"] for device in devices if device["driver-name"] == "virtio-console"]
    assert len(consoles) == 2 and len(devices) == 3
    assert all(console["vendor-id"] == 0x1af4 and console["device-id"] in (0x1003, 0x1043)
               for console in consoles)


def test_no_devices_on_pci(boot):
    agent = check_session(boot(machine="microvm,acpi=on"))
    assert agent.execute("guest-get-devices") == []


def test_file_system_bytes(boot):
    """What a file takes is no longer free."""
    agent = check_session(boot(memory="64M"))
    [before] = agent.execute("guest-get-fsinfo")
    assert before["mountpoint"] == "/" and before["disk"] == []
    assert 32 << 20 < before["total-bytes"] < 64 << 20
    agent.write_file("/tmp/big", bytes(4 << 20))
    [after] = agent.execute("guest-get-fsinfo")
    assert after["total-bytes"] == before["total-bytes"]
    assert 4 << 20 <= after["used-bytes"] - before["used-bytes"] < 5 << 20


# --- clocks


def seconds(agent):
    return agent.execute("guest-get-time") / SECOND


def check_clock(agent, started, wanted):
    """The guest's clock says `wanted` if it did so when the host's monotonic one said `started`."""
    passed = time.monotonic() - started
    assert wanted - 2 < seconds(agent) < wanted + passed + 3


@pytest.mark.parametrize("machine", ["pc", "q35", "microvm,acpi=off", *VIRT])
def test_real_time_clock_is_read(boot):
    started = time.monotonic()
    vm = boot(args=["-rtc", "base=2031-12-31T23:59:58"])
    check_clock(check_session(vm), started, 1956527998)


@pytest.mark.parametrize("wanted", [951782399, 1956528000, 3155759990])
@pytest.mark.parametrize("machine", ["q35", *VIRT])
def test_set_time_writes_the_real_time_clock(boot, machine, wanted):
    """The host hears of it (RTC_CHANGE), and after a reset the guest still knows the time."""
    vm = boot()
    agent = check_session(vm)
    started = time.monotonic()
    assert agent.execute("guest-set-time", time=wanted * SECOND + 900000000) == {}
    assert abs(seconds(agent) - wanted - 0.9 - (time.monotonic() - started)) < 1
    if arch_of(machine)[0] != "riscv64":  # QEMU 7.2's goldfish RTC says nothing of it
        vm.qmp.wait_event("RTC_CHANGE")
    vm.qmp.forget("RESET")
    vm.qmp.execute("system_reset")
    vm.qmp.wait_event("RESET")
    agent.sync()
    check_clock(agent, started, wanted)


def test_set_time_by_the_real_time_clock(boot):
    """Without an argument the clock is set by the RTC, here after both were set."""
    vm = boot(args=["-rtc", "base=2020-02-29T12:00:00"])
    agent = check_session(vm)
    started = time.monotonic()
    agent.execute("guest-set-time", time=1234567890 * SECOND)
    assert agent.execute("guest-set-time") == {}
    check_clock(agent, started, 1234567890)


@pytest.mark.parametrize("machine", ["microvm,acpi=off,rtc=off"])
def test_set_time_without_a_real_time_clock(boot):
    """The clock is set, and the reply says what could not be.  Only microvm can be without one."""
    vm = boot()
    agent = check_session(vm)
    started = time.monotonic()
    with pytest.raises(CommandError, match="hardware clock"):
        agent.execute("guest-set-time", time=1234567890 * SECOND)
    check_clock(agent, started, 1234567890)
    with pytest.raises(CommandError, match="hardware clock"):
        agent.execute("guest-set-time")


def test_processor_time(boot):
    """A guest that waits sleeps."""
    agent = check_session(boot())
    [before] = agent.execute("guest-get-cpustats")
    started = time.monotonic()
    assert agent.receive(2) is None
    [after] = agent.execute("guest-get-cpustats")
    passed = (time.monotonic() - started) * 1000
    assert 1000 < after["idle"] - before["idle"] <= passed + 1000
    assert after["system"] - before["system"] < passed / 2
    load = agent.execute("guest-get-load")
    assert sorted(load) == ["load15m", "load1m", "load5m"]
    assert all(0 <= value <= 1 for value in load.values())


# --- names


def test_identity(boot, tmp_path):
    """The files of the tree say who the guest is, as on Linux."""
    tree = tmp_path / "tree"
    tree.write_bytes(cpio.archive(
        cpio.entry("etc", mode=cpio.DIRECTORY),
        cpio.entry("etc/hostname", b"# a comment\n  box.example  \nnot me\n"),
        cpio.entry("etc/os-release", b'ID=tiny\nNAME="Tiny \\"OS\\""\nVERSION_ID="1.2"\n'),
        cpio.entry("etc/passwd", b"root:x:0:0::/root:\nann:x:7:7::/home/ann:\n"),
        cpio.entry("home/ann/.ssh/authorized_keys", b"ssh-rsa AAAA ann\n")))
    vm = boot(initrd=str(tree))
    agent = check_session(vm)
    assert agent.execute("guest-get-host-name") == {"host-name": "box.example"}
    info = agent.execute("guest-get-osinfo")
    assert (info["id"], info["name"], info["version-id"]) == ("tiny", 'Tiny "OS"', "1.2")
    assert info["machine"] == arch_of(vm.machine)[0] and "pretty-name" not in info
    keys = agent.execute("guest-ssh-get-authorized-keys", username="ann")
    assert keys == {"keys": ["ssh-rsa AAAA ann"]}
    agent.execute("guest-set-user-password", username="ann", password="c2VjcmV0", crypted=True)
    assert b"ann:secret:" in agent.read_file("/etc/shadow")


def test_host_name_option(boot):
    agent = check_session(boot(append="hostname=box"))
    assert agent.execute("guest-get-host-name") == {"host-name": "box"}


# --- disabled commands


def disabled(agent):
    return {command["name"] for command in agent.execute("guest-info")["supported_commands"]
            if not command["enabled"]}


def test_block_rpcs(boot, machine):
    """Lists add up; both places count; frozen file systems can be thawed whatever they say."""
    append = "block-rpcs=guest-get-time,guest-nonsense block-rpcs=guest-ping"
    more = "block-rpcs=guest-fsfreeze-thaw"
    vm = boot(append=append, args=["-fw_cfg", "name=opt/bare-qga/cmdline,string=" + more]) \
        if has_fw_cfg(machine) else boot(append=f"{append} {more}")
    agent = vm.agent()
    assert "guest-nonsense" in vm.serial.text()
    blocked = {"guest-get-time", "guest-ping", "guest-fsfreeze-thaw"}
    assert disabled(agent) == blocked
    for command in sorted(blocked):
        with pytest.raises(CommandError) as caught:
            agent.execute(command)
        assert caught.value.error == {
            "class": "CommandNotFound",
            "desc": f"Command {command} has been disabled: the command is not allowed"}
    assert agent.execute("guest-fsfreeze-freeze") == 1
    assert agent.execute("guest-ping") == {}
    assert agent.execute("guest-fsfreeze-thaw") == 1
    assert disabled(agent) == blocked


def test_allow_rpcs(boot):
    vm = boot(append="allow-rpcs=guest-info,guest-sync-delimited,guest-ping,guest-get-time "
                     "block-rpcs=guest-get-time")
    agent = vm.agent()
    names = {command["name"] for command in agent.execute("guest-info")["supported_commands"]}
    assert disabled(agent) == names - {"guest-info", "guest-sync-delimited", "guest-ping"}
    with pytest.raises(CommandError, match="not allowed"):
        agent.execute("guest-file-open", path="/etc/hostname")
