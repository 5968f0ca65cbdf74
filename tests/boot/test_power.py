# SPDX-License-Identifier: BSD-2-Clause
"""
guest-shutdown is carried out, on each machine by what that machine has: ACPI's S5 and reset
register, GED sleep registers, the keyboard controller, a triple fault, firmware's calls.
"""
import re
import time

import pytest

from agent import request
from qemu import BOARDS, VIRT, Deadline, arch_of, exit_device, has_button
from test_machines import check_session

MACHINES = BOARDS
WITH_POWEROFF = [machine for machine in BOARDS if machine != "microvm,acpi=off"]


def shut_down(agent, mode=None):
    agent.send(request("guest-shutdown", {"mode": mode} if mode else None))


def check_no_reply(agent):
    """Success sends nothing (QAPI, guest-shutdown: success-response false)."""
    assert agent.receive(20) == b""


@pytest.mark.parametrize("mode", [None, "powerdown"])
@pytest.mark.parametrize("machine", WITH_POWEROFF)
def test_powerdown(boot, machine, mode):
    vm = boot()
    agent = check_session(vm)
    shut_down(agent, mode)
    # QEMU 7.2 exits inside the write to this machine's register (hw/misc/sifive_test.c).
    if arch_of(machine)[0] != "riscv64":
        vm.qmp.wait_event("SHUTDOWN", 10,
                          lambda data: data["guest"] and data["reason"] == "guest-shutdown")
    assert vm.wait_exit() == 0
    check_no_reply(agent)


@pytest.mark.parametrize("machine", ["microvm,acpi=off"])
def test_powerdown_without_means(boot):
    """microvm without ACPI cannot be switched off: a reset, which -no-reboot makes the end."""
    vm = boot(no_reboot=True)
    agent = check_session(vm)
    shut_down(agent)
    vm.qmp.wait_event("SHUTDOWN", 10, lambda data: data["guest"])
    assert vm.wait_exit() == 0
    check_no_reply(agent)


def test_powerdown_by_debug_exit(boot, machine):
    """poweroff=debug-exit gives a test runner an exit code, odd as the device makes it."""
    vm = boot(append="poweroff=debug-exit", args=exit_device(machine))
    shut_down(check_session(vm))
    assert vm.wait_exit() == 33


def test_reboot(boot):
    vm = boot()
    agent = check_session(vm)
    for _ in range(3):
        vm.qmp.forget("RESET")
        shut_down(agent, "reboot")
        vm.qmp.wait_event("RESET", 10, lambda data: data["guest"])
        agent.sync()
    agent.close()
    check_session(vm)


def test_reboot_ends_no_reboot(boot):
    vm = boot(no_reboot=True)
    shut_down(check_session(vm), "reboot")
    vm.qmp.wait_event("SHUTDOWN", 10,
                      lambda data: data["guest"] and data["reason"] == "guest-reset")
    assert vm.wait_exit() == 0


def test_halt(boot, machine):
    """The processor stops with interrupts off and QEMU stays."""
    vm = boot()
    agent = check_session(vm)
    shut_down(agent, "halt")
    vm.serial.wait("power: halted")
    deadline = Deadline(10)
    while arch_of(machine)[0] == "x86_64":
        registers = vm.qmp.hmp("info registers")
        flags = int(re.search(r"[ER]FL=([0-9a-f]+)", registers).group(1), 16)
        if "HLT=1" in registers and not flags & 0x200:
            break
        assert not deadline.over(), registers
    agent.send(request("guest-ping"))
    assert agent.receive(0.3) is None
    assert vm.qmp.execute("query-status")["status"] == "running"


@pytest.mark.parametrize("machine", WITH_POWEROFF)
@pytest.mark.parametrize("frozen", [False, True], ids=["", "frozen"])
def test_power_button(boot, machine, frozen):
    """
    It ends the machine, from which a frozen file system does not keep it.  Where there is none
    (riscv64), QEMU says POWERDOWN to nobody, and the agent is who can be asked.
    """
    vm = boot()
    agent = check_session(vm)
    if frozen:
        assert agent.execute("guest-fsfreeze-freeze") >= 1
    vm.qmp.execute("system_powerdown")
    vm.qmp.wait_event("POWERDOWN")
    if has_button(machine):
        vm.qmp.wait_event("SHUTDOWN", 10, lambda data: data["reason"] == "guest-shutdown")
    else:
        assert agent.execute("guest-ping") == {}
        agent.execute("guest-fsfreeze-thaw")
        shut_down(agent)
    assert vm.wait_exit() == 0


@pytest.mark.parametrize("mode", ["powerdown", "halt"])
@pytest.mark.parametrize("machine", ["q35", *VIRT])
def test_port_closes_first(boot, mode):
    """As when an operating system ends its agent: what management layers wait for."""
    vm = boot()
    agent = check_session(vm)
    opened = vm.qmp.wait_event("VSERPORT_CHANGE", match=lambda data: data["open"])
    # At most one such event a second, later ones replace earlier ones (qapi/char.json).
    while time.monotonic() < vm.started + 3:
        agent.execute("guest-ping")
    shut_down(agent, mode)
    closed = vm.qmp.wait_event("VSERPORT_CHANGE", match=lambda data: not data["open"])
    assert closed["data"]["id"] == opened["data"]["id"]


@pytest.mark.parametrize("machine", ["q35", *VIRT])
def test_answers_before_the_end(boot):
    """What was asked before the shutdown is answered, all of it."""
    vm = boot()
    agent = check_session(vm)
    agent.send(request("guest-info") * 20 + request("guest-shutdown"))
    assert all("return" in agent.reply() for _ in range(20))
    assert agent.receive(20) == b""
    assert vm.wait_exit() == 0


def test_unknown_mode_does_nothing(boot):
    vm = boot()
    agent = check_session(vm)
    shut_down(agent, "hibernate")
    assert "mode is invalid" in agent.reply()["error"]["desc"]
    assert agent.execute("guest-ping") == {}
