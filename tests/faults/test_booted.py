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


@pytest.fixture
def machine(tmp_path):
    """`machine(personality)` boots with it in fw_cfg."""
    running = []

    def start(personality, **options):
        file = tmp_path / "personality.json"
        file.write_text(personality if isinstance(personality, str) else json.dumps(personality))
        args = ["-fw_cfg", f"name=opt/bare-qga/personality,file={file}"]
        vm = qemu.Vm(str(tmp_path / str(len(running))), args=args, **options)
        running.append(vm)
        return vm.start()
    yield start
    for vm in running:
        vm.stop()


def is_open(data):
    return data["id"] == "port-agent" and data["open"]


def is_shut(data):
    return data["id"] == "port-agent" and not data["open"]


def works(agent):
    agent.sync()
    assert agent.execute("guest-ping") == {}


def test_disconnect(machine):
    """The host sees the port close and open again, and may stay connected all the time."""
    vm = machine({"faults": [{"effect": "disconnect", "command": "guest-get-time", "nth": 1}]})
    agent = vm.agent()
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open)
    agent.send(request("guest-get-time"))
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_shut)
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open)
    works(agent)


def test_disconnect_after_half_a_reply(machine):
    vm = machine({"faults": [
        {"effect": "disconnect", "command": "guest-ping", "nth": 1, "when": "after"},
        {"effect": "cut", "command": "guest-ping", "nth": 1}]})
    agent = vm.agent()
    agent.send(request("guest-ping"))
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_shut)
    assert agent.receive() == PONG[:7]
    vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open)
    works(agent)


def test_late_start(machine):
    """Nothing tells the host of a port that was never open."""
    vm = machine({"faults": [{"effect": "late-start", "ms": 2000}]})
    vm.serial.wait("ready")
    agent = vm.connect()
    agent.send(request("guest-ping"))
    vm.qmp.wait_event("VSERPORT_CHANGE", match=lambda data: True)
    assert agent.line() == PONG
    assert [e for e in vm.qmp.events if e["event"] == "VSERPORT_CHANGE"] == []


def test_restart_every_so_often(machine):
    vm = machine({"faults": [{"effect": "restart", "every-ms": 3000, "ms": 1200}]})
    for _ in range(2):
        vm.qmp.wait_event("VSERPORT_CHANGE", match=is_open, timeout=20)
        works(vm.agents[0] if vm.agents else vm.connect())
        vm.qmp.wait_event("VSERPORT_CHANGE", match=is_shut, timeout=20)


def test_crash(machine):
    vm = machine({"faults": [{"effect": "crash", "command": "guest-fsfreeze-freeze"}]},
                 after=["-device", "isa-debug-exit,iobase=0xf4,iosize=4"])
    agent = vm.agent()
    agent.send(request("guest-fsfreeze-freeze"))
    assert vm.wait_exit(20) == 35
    vm.serial.wait("crash on purpose")


def test_the_machine_goes_on_through_a_delay(machine):
    """The agent is slow, the guest is not: its power button works."""
    vm = machine({"faults": [{"effect": "delay", "command": "guest-get-time", "ms": 600000}]})
    agent = vm.agent()
    agent.send(request("guest-get-time"))
    vm.qmp.execute("system_powerdown")
    assert vm.wait_exit(20) == 0
    assert agent.receive() == b""


def test_the_processor_sleeps_through_a_delay(machine):
    vm = machine({"faults": [{"effect": "delay", "command": "guest-ping", "nth": 1, "ms": 4000}]})
    agent = vm.agent()
    before = vm.cpu_seconds()
    agent.send(request("guest-ping") + request("guest-sync", {"id": 1}) * 100)
    assert agent.line() == PONG
    assert vm.cpu_seconds() - before < 2
    assert agent.reply() == {"return": 1}


def test_drip_and_huge(machine):
    vm = machine({"faults": [
        {"effect": "drip", "command": "guest-ping", "nth": 1, "ms": 20, "bytes": 3},
        {"effect": "huge", "command": "guest-get-time", "nth": 1, "bytes": 12 << 20}]})
    agent = vm.agent()
    agent.send(request("guest-ping"))
    assert agent.line() == PONG
    agent.send(request("guest-get-time"))
    assert len(agent.line(60)) > 12 << 20
    works(agent)


def test_a_small_machine_can_be_huge(machine):
    vm = machine({"faults": [{"effect": "huge", "nth": 2, "bytes": 8 << 20}]}, memory="4M")
    agent = vm.agent()
    agent.send(request("guest-ping"))
    assert len(agent.line(60)) == (8 << 20) + len(PONG)
    works(agent)


def test_a_bad_file_is_named(machine):
    """On the serial line and by the status; nothing of it is in effect."""
    vm = machine({"host-name": "half", "faults": [
        {"effect": "error", "command": "guest-ping"}, {"effect": "cut", "byts": 5}]})
    vm.serial.wait("opt/bare-qga/personality: Parameter 'faults[1].byts' is unexpected")
    agent = vm.agent()
    works(agent)
    status = agent.execute(STATUS)
    assert status == {"source": "opt/bare-qga/personality", "accepted": False,
                      "problem": "Parameter 'faults[1].byts' is unexpected", "faults": []}


def test_the_file_of_the_initrd(machine, tmp_path):
    initrd = tmp_path / "initrd"
    initrd.write_bytes(archive(entry(
        "etc/bare-qga/personality.json",
        b'{"faults": [{"effect": "error", "command": "guest-ping"}]}')))
    vm = qemu.Vm(str(tmp_path / "vm"), initrd=str(initrd))
    with vm:
        agent = vm.agent()
        assert agent.execute(STATUS)["source"] == "/etc/bare-qga/personality.json"
        with pytest.raises(CommandError):
            agent.execute("guest-ping")
        agent.execute(SET_FAULTS, faults=[])
        works(agent)


def test_nothing_of_it_without_a_file(tmp_path):
    """As with qemu-ga, there is no such command."""
    with qemu.Vm(str(tmp_path / "vm")) as vm:
        agent = vm.agent()
        for command in (STATUS, SET_FAULTS):
            with pytest.raises(CommandError) as error:
                agent.execute(command)
            assert error.value.error == {"class": "CommandNotFound",
                                         "desc": f"The command {command} has not been found"}
        names = [c["name"] for c in agent.execute("guest-info")["supported_commands"]]
        assert not [name for name in names if "bare-qga" in name]
