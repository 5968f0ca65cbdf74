# SPDX-License-Identifier: BSD-2-Clause
"""The kernel boots and answers on every machine, memory size and CPU model that it supports."""
import os

import pytest

from qemu import BOARDS, DEFAULTS, VIRT, least_memory

MICROVM = ["microvm,acpi=on", "microvm,acpi=off"]


def check_session(vm):
    """A first answer, a command without and one with state."""
    agent = vm.agent()
    assert agent.execute("guest-ping") == {}
    agent.write_file("/tmp/hello", b"hello\n")
    assert agent.read_file("/tmp/hello") == b"hello\n"
    return agent


@pytest.mark.parametrize("machine", BOARDS)
def test_board(boot):
    check_session(boot())


LEGACY = "disable-modern=on,disable-legacy=off"


@pytest.mark.parametrize("vectors", ["", ",vectors=0"], ids=["msix", "intx"])
@pytest.mark.parametrize("machine,options", [
    # microvm's PCI has no I/O ports, where a legacy device's registers are.
    ("microvm,acpi=on,pcie=on", "disable-legacy=on"),
    *((board, options) for board in ("q35", *DEFAULTS)
      for options in ("disable-legacy=on", LEGACY))])
def test_pci_generation(boot, options, vectors):
    vm = boot(serial_device=f"virtio-serial-pci,{options}{vectors}")
    check_session(vm)
    assert "polling" not in vm.serial.text()


@pytest.mark.parametrize("legacy", ["true", "false"])
@pytest.mark.parametrize("machine", [*MICROVM, *VIRT])
def test_mmio(boot, legacy):
    vm = boot(serial_device="virtio-serial-device",
              args=["-global", f"virtio-mmio.force-legacy={legacy}"])
    check_session(vm)
    assert "polling" not in vm.serial.text()


@pytest.mark.parametrize("machine", [board + ",pit=off,pic=off,rtc=off" for board in MICROVM])
def test_microvm_bare(boot):
    """None of the old PC's timers and interrupt controllers."""
    check_session(boot())


@pytest.mark.parametrize("machine", ["microvm,acpi=off", *VIRT])
def test_many_transports(boot):
    """The console is neither the first nor the last virtio-mmio device."""
    rng = ["-object", "rng-builtin,id=r0", "-device", "virtio-rng-device,rng=r0"]
    check_session(boot(serial_device="virtio-serial-device", args=rng,
                       after=["-device", "virtio-rng-device,rng=r0"]))


@pytest.mark.parametrize("memory", ["least", "8M", "16M", "64M", "3500M", "5G", "16G"])
@pytest.mark.parametrize("machine", BOARDS)
def test_memory(boot, machine, memory):
    if memory == "16G":
        require_memory(16 << 30)
    check_session(boot(memory=least_memory(machine) if memory == "least" else memory))


def require_memory(size):
    """A guest's memory is only address space until it is touched, if the host lets it be."""
    with open("/proc/sys/vm/overcommit_memory", encoding="ascii") as file:
        policy = int(file.read())
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if policy == 2 or (policy == 0 and physical < size):
        pytest.skip(f"the host does not hand out {size >> 30} GiB of address space")


@pytest.mark.parametrize("cpu", ["qemu64", "max", "Nehalem", "Haswell", "max,-smap,-smep",
                                 "max,la57=off", "qemu64,-nx", "qemu64,-apic"])
@pytest.mark.only("x86_64", why="their names; test_virt.py has those of the others")
def test_cpu(boot, cpu):
    check_session(boot(cpu=cpu))


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("machine", BOARDS)
def test_more_cpus(boot, count):
    """One CPU works; the others are left where the firmware parked them."""
    check_session(boot(args=["-smp", str(count)]))


@pytest.mark.parametrize("machine", ["pc,hpet=off,smbus=off", "pc,acpi=off"])
def test_pc_without_extras(boot):
    check_session(boot())


@pytest.mark.parametrize("machine", BOARDS)
def test_no_serial_port(boot):
    """The log is not needed by anything."""
    vm = boot.prepare()
    at = vm.argv.index("-serial")
    vm.argv[at + 1] = "none"
    check_session(vm.start())


@pytest.mark.parametrize("icount", ["shift=auto", "shift=3,sleep=off"])
def test_icount(boot, icount):
    """Time that follows the instructions executed instead of the host's clock."""
    check_session(boot(args=["-icount", icount]))
