# SPDX-License-Identifier: BSD-2-Clause
"""The booted kernel misbehaves: what only a machine shows, its port, its end, its log."""
import json
import os
import sys

import pytest
from hosted_agent import SET_FAULTS, STATUS, qemu
from agent import CommandError, request

sys.path.insert(0, os.path.join(qemu.ROOT, "tests/boot"))
from cpio import archive, entry  # noqa: E402

PONG = b'{"return": {}}'


def brings(personality, machine, folder):
    """Options of qemu.Vm by which a personality comes: fw_cfg, or the tree where that is not."""
    text = personality if isinstance(personality, str) else json.dumps(personality)
    if qemu.has_fw_cfg(machine):
        file = folder / "personality.json"
        file.write_text(text)
        return {"args": ["-fw_cfg", f"name=opt/bare-qga/personality,file={file}"]}
    initrd = folder / "initrd"
    initrd.write_bytes(archive(entry("etc/bare-qga/personality.json", text.encode())))
    return {"initrd": str(initrd)}


@pytest.fixture
def start(machine, tmp_path):
    """`start(personality)` boots with it; the machine ends with the test."""
    running = []

    def boot(personality=None, **options):
        options = {**options, **(brings(personality, machine, tmp_path) if personality else {})}
        vm = qemu.Vm(str(tmp_path / str(len(running))), machine=machine, **options)
        running.append(vm)
        return vm.start()
    yield boot
    for vm in running:
        vm.stop()


def is_open(data):
    return data["id"] == "port-agent" and data["open"]


def is_shut(data):
    return data["id"] == "port-agent" and not data["open"]


def works(agent):
    agent.sync()
    assert agent.execute("guest-ping") == {}


def test_disconnect(start):
    """The host sees the port close and open again, and may stay connected all the time."""
    vm = start({"faults": [{"effect": "disconnect", "command": "guest-get-time", "nth": 1}]})
    agent = vm.agent()
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open)
    agent.send(request("guest-get-time"))
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_shut)
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open)
    works(agent)


def test_disconnect_after_half_a_reply(start):
    vm = start({"faults": [
        {"effect": "disconnect", "command": "guest-ping", "nth": 1, "when": "after"},
        {"effect": "cut", "command": "guest-ping", "nth": 1}]})
    agent = vm.agent()
    agent.send(request("guest-ping"))
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_shut)
    assert agent.receive() == PONG[:7]
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open)
    works(agent)


def test_late_start(start):
    """Nothing tells the host of a port that was never open."""
    vm = start({"faults": [{"effect": "late-start", "ms": 2000}]})
    vm.serial.wait("ready")
    agent = vm.connect()
    agent.send(request("guest-ping"))
    vm.qmp.wait_event("VSERPORT_CHANGE", match=lambda data: True)
    assert agent.line() == PONG
    assert [e for e in vm.qmp.events if e["event"] == "VSERPORT_CHANGE"] == []


def test_restart_every_so_often(start):
    vm = start({"faults": [{"effect": "restart", "every-ms": 3000, "ms": 1200}]})
    for _ in range(2):
        vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open, timeout=20)
        works(vm.agents[0] if vm.agents else vm.connect())
        vm.qmp.wait_event("VSERPORT_CHANGE", match=is_shut, timeout=20)


def test_crash(start, machine):
    vm = start({"faults": [{"effect": "crash", "command": "guest-fsfreeze-freeze"}]},
               after=qemu.exit_device(machine))
    agent = vm.agent()
    agent.send(request("guest-fsfreeze-freeze"))
    assert vm.wait_exit(20) == 35
    vm.serial.wait("crash on purpose")


@pytest.mark.only("x86_64", "aarch64", why="riscv64's board has no power button")
def test_the_machine_goes_on_through_a_delay(start):
    """The agent is slow, the guest is not: its power button works."""
    vm = start({"faults": [{"effect": "delay", "command": "guest-get-time", "ms": 600000}]})
    agent = vm.agent()
    agent.send(request("guest-get-time"))
    vm.qmp.execute("system_powerdown")
    assert vm.wait_exit(20) == 0
    assert agent.receive() == b""


def test_the_processor_sleeps_through_a_delay(start):
    vm = start({"faults": [{"effect": "delay", "command": "guest-ping", "nth": 1, "ms": 4000}]})
    agent = vm.agent()
    before = vm.cpu_seconds()
    agent.send(request("guest-ping") + request("guest-sync", {"id": 1}) * 100)
    assert agent.line() == PONG
    assert vm.cpu_seconds() - before < 2
    assert agent.reply() == {"return": 1}


def test_drip_and_huge(start):
    vm = start({"faults": [
        {"effect": "drip", "command": "guest-ping", "nth": 1, "ms": 20, "bytes": 3},
        {"effect": "huge", "command": "guest-get-time", "nth": 1, "bytes": 12 << 20}]})
    agent = vm.agent()
    agent.send(request("guest-ping"))
    assert agent.line() == PONG
    agent.send(request("guest-get-time"))
    assert len(agent.line(60)) > 12 << 20
    works(agent)


def test_a_small_machine_can_be_huge(start, machine):
    vm = start({"faults": [{"effect": "huge", "nth": 2, "bytes": 8 << 20}]},
               memory=qemu.least_memory(machine))
    agent = vm.agent()
    agent.send(request("guest-ping"))
    assert len(agent.line(60)) == (8 << 20) + len(PONG)
    works(agent)


def test_a_bad_file_is_named(start, machine):
    """On the serial line and by the status; nothing of it is in effect."""
    vm = start({"host-name": "half", "faults": [
        {"effect": "error", "command": "guest-ping"}, {"effect": "cut", "byts": 5}]})
    source = "opt/bare-qga/personality" if qemu.has_fw_cfg(machine) \
        else "/etc/bare-qga/personality.json"
    vm.serial.wait(source + ": Parameter 'faults[1].byts' is unexpected")
    agent = vm.agent()
    works(agent)
    status = agent.execute(STATUS)
    assert status == {"source": source, "accepted": False,
                      "problem": "Parameter 'faults[1].byts' is unexpected", "faults": []}


def test_the_file_of_the_initrd(start, tmp_path):
    initrd = tmp_path / "initrd"
    initrd.write_bytes(archive(entry(
        "etc/bare-qga/personality.json",
        b'{"faults": [{"effect": "error", "command": "guest-ping"}]}')))
    agent = start(initrd=str(initrd)).agent()
    assert agent.execute(STATUS)["source"] == "/etc/bare-qga/personality.json"
    with pytest.raises(CommandError):
        agent.execute("guest-ping")
    agent.execute(SET_FAULTS, faults=[])
    works(agent)


def test_nothing_of_it_without_a_file(start):
    """As with qemu-ga, there is no such command."""
    agent = start().agent()
    for command in (STATUS, SET_FAULTS):
        with pytest.raises(CommandError) as error:
            agent.execute(command)
        assert error.value.error == {"class": "CommandNotFound",
                                     "desc": f"The command {command} has not been found"}
    names = [c["name"] for c in agent.execute("guest-info")["supported_commands"]]
    assert not [name for name in names if "bare-qga" in name]
