# SPDX-License-Identifier: BSD-2-Clause
"""
What only the machines have that a device tree describes: aarch64 and riscv64 "virt" with every
processor, interrupt controller and firmware of QEMU 7.2.  All else is in the files beside this one,
which run on these boards as on the others.
"""
import os
import re
import subprocess

import pytest

import qemu
from qemu import BUILD, VIRT, Deadline
from test_death import EXIT_CRASH, check_report
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
    "gic-version=3,its=off", "gic-version=max", "virtualization=on,gic-version=4")])
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


@pytest.mark.parametrize("death", ["write-text", "exec-data", "exec-mmio", "null",
                                   "stack-overflow", "canary", "trap-in-trap"])
@pytest.mark.parametrize("machine,cpu,how", [
    (ARM + ",secure=on", "cortex-a35", ARM_ELF), (ARM + ",virtualization=on", "max", {}),
    (RISCV, "rv64,sstc=false", NO_FIRMWARE)], ids=["EL3", "EL2", "none"])
def test_death_from_other_levels(boot, machine, cpu, how, death):
    """Each way in ends in the same protection."""
    how = dict(how, args=[*how.get("args", []), *qemu.exit_device(machine)])
    vm = boot(machine=machine, cpu=cpu, append="crash=" + death, **how)
    assert vm.wait_exit() == EXIT_CRASH
    vm.stop()
    check_report(vm.serial.text(), death, machine)


@pytest.mark.parametrize("how", [{}, NO_FIRMWARE], ids=["opensbi", "none"])
@pytest.mark.parametrize("machine", [RISCV])
def test_page_tables(boot, how):
    """What QEMU reads in them: nothing is writable and executable, no device is executable, and
    nothing is at address 0."""
    vm = boot(**how)
    check_session(vm)
    rows = re.findall(r"^([0-9a-f]{16}) [0-9a-f]{16} ([0-9a-f]{16}) ([-a-z]{7})$",
                      vm.qmp.hmp("info mem").replace("\r", ""), re.M)
    text = [row for row in rows if "x" in row[2]]
    assert len(text) == 1 and "w" not in text[0][2] and int(text[0][0], 16) == 0x80200000
    assert any("w" in row[2] for row in rows) and any(row[2].startswith("r--") for row in rows)
    assert min(int(row[0], 16) for row in rows) > 0x1000


# --- odd device trees ------------------------------------------------------------------------


def edited_tree(machine, directory, *edits):
    """QEMU's tree of a machine with 64M, with pieces of its source replaced."""
    arch, board = qemu.arch_of(machine)
    tree = str(directory / "tree.dtb")
    cpu = qemu.ARCHES[arch]["cpu"]
    subprocess.run([qemu.qemu_of(arch), "-M", f"{board},dumpdtb={tree}", "-m", "64M", "-display",
                    "none", *(["-cpu", cpu] if cpu else [])], check=True, capture_output=True)
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", tree], check=True,
                            capture_output=True, text=True).stdout
    for old, new in edits:
        changed = re.sub(old, new, source)
        assert changed != source, old
        source = changed
    subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-o", tree], input=source,
                   check=True, text=True)
    return ["-dtb", tree]


def free_mib(vm):
    return int(re.search(r"ready, .* (\d+) MiB free", vm.serial.text())[1])


MEMORY = r"memory@80000000 \{[^}]*\};"


def memory_node(name, base, size, more=""):
    return (f'memory@{name} {{ device_type = "memory"; reg = <0x0 {base:#x} 0x0 {size:#x}>; '
            f'{more} }};')


@pytest.mark.parametrize("machine", [RISCV])
def test_tree_with_memory_in_pieces(boot, tmp_path):
    """Two nodes that overlap, one of no size, one that is disabled, one that nobody has addresses
    for."""
    pieces = (memory_node("a", 0x80000000, 0x2000000) + memory_node("b", 0x81000000, 0x3000000) +
              memory_node("c", 0x90000000, 0) +
              memory_node("d", 0x84000000, 0x4000000, 'status = "disabled";') +
              'memory@e { device_type = "memory"; reg = <0x1000 0x0 0x1000 0x0>; };')
    vm = boot(args=edited_tree(RISCV, tmp_path, (MEMORY, pieces)))
    check_session(vm)
    assert 48 < free_mib(vm) < 64


@pytest.mark.parametrize("machine", VIRT)
def test_tree_that_reserves_memory(boot, machine, tmp_path):
    """By the block and by nodes, of which one has two ranges; a loader may reserve the tree itself,
    which is ours to read nevertheless."""
    base = 0x40000000 if machine == ARM else 0x80000000
    nodes = ("reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; "
             f"one@0 {{ reg = <0x0 {base + 0x1800000:#x} 0x0 0x800000 "
             f"0x0 {base + 0x2000000:#x} 0x0 0x800001>; }}; "
             "two@0 { reg = <0x0 0x0 0xffffffff 0xffffffff>; status = \"disabled\"; }; "
             "none@0 { size = <0x0 0x1000>; }; }; chosen {")
    tree = edited_tree(machine, tmp_path, ("chosen {", nodes), (
        "/dts-v1/;", f"/dts-v1/; /memreserve/ {base + 0x3000000:#x} 0x1000000; "
                     f"/memreserve/ {base + 0x800000:#x} 0x1001;"))
    plain = boot(machine=machine)
    check_session(plain)
    vm = boot(machine=machine, args=tree)
    check_session(vm)
    assert 29 <= free_mib(plain) - free_mib(vm) <= 33


@pytest.mark.parametrize("machine,controller,others", [
    (ARM, "intc@8000000 {", []), (RISCV, "plic@c000000 {", []),
    (RISCV, "plic@c000000 {", ["rtc@101000 {", "poweroff {", "reboot {", "test@100000 {"])])
def test_tree_with_disabled_nodes(boot, machine, controller, others, tmp_path):
    """Without a controller of interrupts, of power and of time there is still an agent."""
    edits = [(re.escape(name), name + ' status = "disabled";') for name in [controller, *others]]
    vm = boot(machine=machine, args=edited_tree(machine, tmp_path, *edits))
    check_session(vm)
    assert "no interrupt controller" in vm.serial.text()


@pytest.mark.parametrize("cells", [0, 3, 0xffffffff])
@pytest.mark.parametrize("machine", [RISCV])
def test_tree_with_odd_cells(boot, cells, tmp_path):
    """Numbers that cannot be read are no memory, which is said; nothing hangs.  Without firmware,
    which these trees kill."""
    tree = edited_tree(RISCV, tmp_path, (
        r"(?s)^(.*?)#address-cells = <0x02>;\s*#size-cells = <0x02>",
        rf"\1#address-cells = <{cells}>; #size-cells = <{cells}>"))
    vm = boot(kernel=NO_FIRMWARE["kernel"], args=NO_FIRMWARE["args"] + tree)
    vm.serial.wait("the device tree has no memory")


@pytest.mark.parametrize("machine", [RISCV])
def test_tree_that_is_damaged(boot, tmp_path):
    """A structure block that ends anywhere."""
    _, path = edited_tree(RISCV, tmp_path, ("chosen {", "chosen { odd;"))
    with open(path, "rb") as file:
        tree = bytearray(file.read())
    start = int.from_bytes(tree[8:12], "big")
    at = start + (int.from_bytes(tree[36:40], "big") // 2 & ~3)
    tree[at:at + 4] = b"\0\0\0\7"
    with open(path, "wb") as file:
        file.write(tree)
    vm = boot(kernel=NO_FIRMWARE["kernel"], args=NO_FIRMWARE["args"] + ["-dtb", path])
    vm.serial.wait("bare-qga: ")
