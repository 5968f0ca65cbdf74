# SPDX-License-Identifier: BSD-2-Clause
"""
What only the machines have that a device tree describes: aarch64 and riscv64 "virt" with every
processor, interrupt controller and firmware of QEMU 7.2.  All else is in the files beside this one,
which run on these boards as on the others.
"""
import os
import subprocess

import pytest

import qemu
from qemu import BUILD, VIRT, Deadline
from test_machines import check_session

ARM = "aarch64:virt"
RISCV = "riscv64:virt"
NO_FIRMWARE = {"kernel": os.path.join(BUILD, "riscv64/bare-qga.img"), "args": ["-bios", "none"]}
ARM_ELF = {"kernel": os.path.join(BUILD, "aarch64/bare-qga.elf")}
MODERN = ["-global", "virtio-mmio.force-legacy=false"]
WITH_AIA = [RISCV + ",aia=aplic", RISCV + ",aia=aplic-imsic"]

pytestmark = pytest.mark.skipif(len(VIRT) < 2, reason="these architectures are not there")


@pytest.mark.parametrize("cpu", ["cortex-a35", "cortex-a53", "cortex-a57", "cortex-a72",
                                 "cortex-a76", "neoverse-n1", "a64fx", "max"])
@pytest.mark.parametrize("machine", [ARM + ",gic-version=2", ARM + ",gic-version=3"])
def test_arm_cpu(boot, cpu):
    check_session(boot(cpu=cpu))


@pytest.mark.parametrize("machine", [ARM + ",virtualization=on,gic-version=2",
                                     ARM + ",virtualization=on,gic-version=3"])
def test_arm_cpu_beside_another_gic(boot):
    """The a64fx says that it has a GICv3's registers, whatever GIC the board has."""
    check_session(boot(cpu="a64fx"))


@pytest.mark.parametrize("machine", [ARM + "," + options for options in (
    "virtualization=on", "virtualization=on,gic-version=3", "secure=on", "highmem=off",
    "gic-version=3,its=off")])
def test_arm_board(boot):
    check_session(boot(cpu="max"))


@pytest.mark.parametrize("machine", [ARM + "," + options for options in (
    "gic-version=2", "gic-version=3", "virtualization=on", "secure=on", "secure=on,gic-version=3",
    "secure=on,virtualization=on", "secure=on,virtualization=on,gic-version=3")])
def test_arm_elf(boot):
    """An ELF gets no word about the device tree, which lies where RAM starts; on secure=on it
    starts at EL3, which it has to leave."""
    vm = boot(append="hostname=box", **ARM_ELF)
    assert check_session(vm).read_file("/etc/hostname") == b"box\n"


@pytest.mark.parametrize("machine", [ARM + ",gic-version=3"])
def test_gicv3_line(boot):
    """Messages would need an ITS; the line serves."""
    vm = boot(serial_device="virtio-serial-device", args=MODERN)
    check_session(vm)
    assert "polling" not in vm.serial.text()


def needs_cpu(machine, cpu):
    """Skips where QEMU has no such processor: newer ones know more."""
    known = subprocess.run([qemu.qemu_of(qemu.arch_of(machine)[0]), "-M", "virt", "-cpu", "help"],
                           capture_output=True, text=True, check=True).stdout.split()
    if cpu.partition(",")[0] not in known:
        pytest.skip(f"this QEMU has no {cpu}")


@pytest.mark.parametrize("cpu", ["rv64", "rv64,sstc=false", "sifive-u54", "rv64,v=on", "max",
                                 "rva22s64", "rva23s64"])
@pytest.mark.parametrize("how", [{}, NO_FIRMWARE], ids=["opensbi", "none"])
@pytest.mark.parametrize("machine", [RISCV])
def test_riscv_cpu(boot, machine, cpu, how):
    needs_cpu(machine, cpu)
    check_session(boot(cpu=cpu, **how))


@pytest.mark.parametrize("device", ["virtio-serial-pci", "virtio-serial-device"])
@pytest.mark.parametrize("machine", [*WITH_AIA, RISCV + ",aclint=on"])
def test_riscv_board(boot, device):
    vm = boot(serial_device=device, args=["-smp", "2"])
    check_session(vm)
    assert "polling" not in vm.serial.text()


@pytest.mark.parametrize("device", ["virtio-serial-pci", "virtio-serial-pci,vectors=0",
                                    "virtio-serial-device"])
@pytest.mark.parametrize("cpus", ["1", "4"])
@pytest.mark.parametrize("machine", WITH_AIA)
def test_riscv_lines_without_firmware(boot, device, cpus):
    """An APLIC's lines are machine mode's until somebody delegates them: here we do."""
    vm = boot(serial_device=device, kernel=NO_FIRMWARE["kernel"],
              args=NO_FIRMWARE["args"] + ["-smp", cpus])
    check_session(vm)
    assert "poll" not in vm.serial.text()


@pytest.mark.parametrize("machine", [RISCV])
def test_riscv_image_with_firmware(boot):
    """The raw image is good for both ways."""
    check_session(boot(kernel=NO_FIRMWARE["kernel"]))


@pytest.mark.parametrize("machine", [RISCV])
def test_more_harts_without_firmware(boot):
    """All of them start at once, and all but one are parked."""
    check_session(boot(kernel=NO_FIRMWARE["kernel"], args=NO_FIRMWARE["args"] + ["-smp", "4"]))


@pytest.mark.parametrize("nic", ["e1000", "e1000e"])
@pytest.mark.parametrize("machine", [ARM, ARM + ",gic-version=3", RISCV, WITH_AIA[1]])
def test_network(boot, nic):
    """Lines by interrupt-map, messages where the board has a simple way to take them."""
    vm = boot(args=["-netdev", "user,id=n0", "-device", nic + ",netdev=n0"])
    agent = check_session(vm)
    deadline = Deadline(20)
    while "10.0.2.15" not in str(agent.execute("guest-network-get-interfaces")):
        assert not deadline.over(), vm.serial.text()
    assert "polling" not in vm.serial.text()
