# SPDX-License-Identifier: BSD-2-Clause
"""
Deaths on purpose (crash=…): each protection that the kernel claims is shown to be there by the
crash that it causes, and each crash is reported and ends the machine so that a runner sees it.
"""
import re

import pytest

from qemu import DEFAULTS, arch_of, exit_device
from test_machines import check_session

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
# Where each begins, the last line of the backtrace.
ENTRY = {"x86_64": "start", "aarch64": "at_el1", "riscv64": "entry_supervisor"}
LINE = re.compile(r"^\s+0x([0-9a-f]+) (\w+)\+0x[0-9a-f]+\s*$", re.MULTILINE)


def check_report(log, death, machine):
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


def check_death(vm, death):
    assert vm.wait_exit() == EXIT_CRASH
    vm.stop()
    check_report(vm.serial.text(), death, vm.machine)


@pytest.mark.parametrize("death", DEATHS)
def test_death(boot, machine, death):
    check_death(boot(append="crash=" + death, args=exit_device(machine)), death)


@pytest.mark.parametrize("machine", [
    "q35", "microvm,acpi=on", "microvm,acpi=off", "aarch64:virt,gic-version=3",
    "aarch64:virt,virtualization=on", "riscv64:virt,aia=aplic-imsic"])
def test_death_on_other_machines(boot, machine):
    check_death(boot(append="crash=null", args=exit_device(machine)), "null")


@pytest.mark.parametrize("machine,cpu", [
    ("pc", "qemu64"), ("pc", "max"), ("pc", "Nehalem"), ("aarch64:virt", "cortex-a53"),
    ("aarch64:virt", "max"), ("riscv64:virt", "sifive-u54"), ("riscv64:virt", "rv64,v=on")])
def test_death_on_other_cpus(boot, machine, cpu):
    """W^X and the guard pages do not depend on what the CPU has besides."""
    for death in ("write-text", "exec-data", "stack-overflow"):
        check_death(boot(cpu=cpu, append="crash=" + death, args=exit_device(machine)), death)


@pytest.mark.parametrize("machine,device", [
    ("pc", "pvpanic"), ("q35", "pvpanic"),
    *((machine, "pvpanic-pci") for machine in (*DEFAULTS, "q35"))])
@pytest.mark.parametrize("death", ["null", "panic"])
def test_pvpanic(boot, machine, device, death):
    """The host is told: libvirt calls such a domain "crashed"."""
    vm = boot(append="crash=" + death, args=["-device", device])
    vm.qmp.wait_event("GUEST_PANICKED")
    check_report(vm.serial.wait(re.compile(rf" {ENTRY[arch_of(machine)[0]]}\+.*\n")), death,
                 machine)


def test_death_without_a_device_for_it(boot, machine):
    """Nothing to tell the host with: the processor stops after the report."""
    vm = boot(append="crash=null")
    vm.serial.wait(re.compile(DEATHS["null"]))
    if arch_of(machine)[0] == "x86_64":
        while "HLT=1" not in vm.qmp.hmp("info registers"):
            pass
    assert vm.qmp.execute("query-status")["status"] == "running"


def test_no_death(boot, machine):
    """A name that is no death is refused like any misspelt word."""
    vm = boot(append="crash=laughing", args=exit_device(machine))
    check_session(vm)
    assert "laughing" in vm.serial.text()
