# SPDX-License-Identifier: BSD-2-Clause
"""The kernel boots and answers on every machine, memory size and CPU model that it supports."""
import os

import pytest

MMIO = [pytest.param(acpi, legacy, id=f"acpi={acpi}-legacy={legacy}")
        for acpi in ("on", "off") for legacy in ("true", "false")]


def check_session(vm):
    """A first answer, a command without and one with state."""
    agent = vm.agent()
    assert agent.execute("guest-ping") == {}
    agent.write_file("/tmp/hello", b"hello\n")
    assert agent.read_file("/tmp/hello") == b"hello\n"
    return agent


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_pc(boot, machine):
    check_session(boot(machine=machine))


@pytest.mark.parametrize("options", ["disable-legacy=on", "disable-modern=on,disable-legacy=off"])
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_pci_generation(boot, machine, options):
    check_session(boot(machine=machine, serial_device="virtio-serial-pci," + options))


@pytest.mark.parametrize("acpi,legacy", MMIO)
def test_microvm(boot, acpi, legacy):
    check_session(boot(machine=f"microvm,acpi={acpi}",
                       args=["-global", f"virtio-mmio.force-legacy={legacy}"]))


@pytest.mark.parametrize("acpi", ["on", "off"])
def test_microvm_bare(boot, acpi):
    """None of the old PC's timers and interrupt controllers."""
    check_session(boot(machine=f"microvm,acpi={acpi},pit=off,pic=off,rtc=off"))


@pytest.mark.parametrize("device", [
    "virtio-serial-pci", "virtio-serial-pci,vectors=0"])
def test_microvm_pcie(boot, device):
    check_session(boot(machine="microvm,acpi=on,pcie=on", serial_device=device))


def test_microvm_many_transports(boot):
    """The console is neither the first nor the last virtio-mmio device."""
    rng = ["-object", "rng-builtin,id=r0", "-device", "virtio-rng-device,rng=r0"]
    check_session(boot(machine="microvm,acpi=off", args=rng,
                       after=["-device", "virtio-rng-device,rng=r0"]))


@pytest.mark.parametrize("memory", ["4M", "8M", "16M", "64M", "3500M", "5G", "16G"])
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_memory(boot, machine, memory):
    if memory == "16G":
        require_memory(16 << 30)
    check_session(boot(machine=machine, memory=memory))


@pytest.mark.parametrize("memory", ["4M", "8M", "5G"])
@pytest.mark.parametrize("acpi", ["on", "off"])
def test_memory_microvm(boot, acpi, memory):
    check_session(boot(machine=f"microvm,acpi={acpi}", memory=memory))


def require_memory(size):
    """A guest's memory is only address space until it is touched, if the host lets it be."""
    with open("/proc/sys/vm/overcommit_memory", encoding="ascii") as file:
        policy = int(file.read())
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if policy == 2 or (policy == 0 and physical < size):
        pytest.skip(f"the host does not hand out {size >> 30} GiB of address space")


@pytest.mark.parametrize("cpu", ["qemu64", "max", "Nehalem", "Haswell", "max,-smap,-smep",
                                 "max,la57=off", "qemu64,-nx", "qemu64,-apic"])
def test_cpu(boot, cpu):
    check_session(boot(cpu=cpu))


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("machine", ["pc", "q35", "microvm"])
def test_more_cpus(boot, machine, count):
    """One CPU works; the others are left where the firmware parked them."""
    check_session(boot(machine=machine, args=["-smp", str(count)]))


def test_pc_without_extras(boot):
    """No HPET, no ACPI, no SMBus."""
    check_session(boot(machine="pc,hpet=off,smbus=off"))
    check_session(boot(machine="pc,acpi=off"))


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_no_serial_port(boot, machine):
    """The log is not needed by anything."""
    vm = boot.prepare(machine=machine)
    at = vm.argv.index("-serial")
    vm.argv[at + 1] = "none"
    check_session(vm.start())


@pytest.mark.parametrize("icount", ["shift=auto", "shift=3,sleep=off"])
def test_icount(boot, icount):
    """Time that follows the instructions executed instead of the host's clock."""
    check_session(boot(args=["-icount", icount]))
