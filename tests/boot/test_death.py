# SPDX-License-Identifier: BSD-2-Clause
"""
Deaths on purpose (crash=…): each protection that the kernel claims is shown to be there by the
crash that it causes, and each crash is reported and ends the machine so that a runner sees it.
"""
import re

import pytest

from qemu import VIRT, arch_of, exit_device
from test_machines import check_session

DEBUG_EXIT = exit_device("pc")
EXIT_CRASH = 35
# What the first line of the report says.
DEATHS = {
    "write-text": r"trap: page fault .*writing 0x[0-9a-f]+ \(not allowed\)",
    "exec-data": r"trap: page fault .*fetching code at 0x[0-9a-f]+ \(not allowed\)",
    "exec-mmio": r"trap: page fault .*fetching code at 0x[0-9a-f]+ \(not allowed\)",
    "null": r"trap: page fault .*null pointer",
    "stack-overflow": r"trap: (page|double) fault.*stack overflow",
    "canary": r"panic: .*canary",
    "ud2": r"trap: (invalid opcode|breakpoint) \(",
    "trap-in-trap": r"trap inside",
    "panic": r"panic: ",
}
REGISTERS = {
    "x86_64": ("rip", "rsp", "rax", "r15"),
    "aarch64": ("pc", "sp", "x0", "x29"),
    "riscv64": ("pc", "sp", "a0", "s11"),
}
LINE = re.compile(r"^\s+0x([0-9a-f]+) (\w+)\+0x[0-9a-f]+\s*$", re.MULTILINE)


def check_report(log, death, machine="pc"):
    assert re.search(DEATHS[death], log), log[-3000:]
    if "panic" not in DEATHS[death] and death != "trap-in-trap":
        for register in REGISTERS[arch_of(machine)[0]]:
            assert re.search(rf"\b{register} 0x[0-9a-f]{{16}}", log), f"no {register}"
    names = [name for _, name in LINE.findall(log)]
    assert names, "no function names in the backtrace"
    # A smashed stack has lost the frames above.
    if death not in ("trap-in-trap", "canary"):
        assert "kernel_main" in names, names
    if death == "stack-overflow":
        assert len(names) < 10 and re.search(r"and so \d+ times more", log), log[-3000:]


@pytest.mark.parametrize("machine", ["pc", *VIRT])
@pytest.mark.parametrize("death", DEATHS)
def test_death(boot, machine, death):
    vm = boot(machine=machine, append="crash=" + death, args=exit_device(machine))
    assert vm.wait_exit() == EXIT_CRASH
    vm.stop()
    check_report(vm.serial.text(), death, machine)


@pytest.mark.parametrize("machine", ["q35", "microvm,acpi=on", "microvm,acpi=off"])
def test_death_on_other_machines(boot, machine):
    vm = boot(machine=machine, append="crash=null", args=DEBUG_EXIT)
    assert vm.wait_exit() == EXIT_CRASH
    vm.stop()
    check_report(vm.serial.text(), "null")


@pytest.mark.parametrize("cpu", ["qemu64", "max", "Nehalem"])
def test_death_on_other_cpus(boot, cpu):
    """W^X and the guard pages do not depend on what the CPU has besides NX."""
    for death in ("write-text", "exec-data", "stack-overflow"):
        vm = boot(cpu=cpu, append="crash=" + death, args=DEBUG_EXIT)
        assert vm.wait_exit() == EXIT_CRASH
        vm.stop()
        check_report(vm.serial.text(), death)


@pytest.mark.parametrize("machine,device", [
    ("pc", "pvpanic"), ("q35", "pvpanic"), ("pc", "pvpanic-pci"), ("q35", "pvpanic-pci")])
@pytest.mark.parametrize("death", ["null", "panic"])
def test_pvpanic(boot, machine, device, death):
    """The host is told: libvirt calls such a domain "crashed"."""
    vm = boot(machine=machine, append="crash=" + death, args=["-device", device])
    vm.qmp.wait_event("GUEST_PANICKED")
    check_report(vm.serial.wait(re.compile(r" start\+.*\n")), death)


def test_death_without_a_device_for_it(boot):
    """Nothing to tell the host with: the processor stops after the report."""
    vm = boot(append="crash=null")
    vm.serial.wait(re.compile(DEATHS["null"]))
    while "HLT=1" not in vm.qmp.hmp("info registers"):
        pass
    assert vm.qmp.execute("query-status")["status"] == "running"


def test_no_death(boot):
    """A name that is no death is refused like any misspelt word."""
    vm = boot(append="crash=laughing", args=DEBUG_EXIT)
    check_session(vm)
    assert "laughing" in vm.serial.text()
