# SPDX-License-Identifier: BSD-2-Clause
"""The kernel command line, the initial file tree, and the GRUB way to load both."""
import gzip
import shutil
import subprocess

import pytest

import cpio
import qemu
from agent import CommandError, request
from test_machines import check_session

TREE = cpio.archive(
    cpio.entry("etc", mode=cpio.DIRECTORY),
    cpio.entry("etc/hostname", b"from-the-initrd\n"),
    cpio.entry("./srv/deep/er/file", b"in folders that the archive does not name"),
    cpio.entry("empty"),
    cpio.entry("link", b"empty", mode=cpio.LINK),
    cpio.entry("null", mode=cpio.DEVICE),
    cpio.entry("big", bytes(range(256)) * 4096),
)


def check_tree(agent):
    assert agent.read_file("/etc/hostname") == b"from-the-initrd\n"
    assert agent.read_file("/srv/deep/er/file") == b"in folders that the archive does not name"
    assert agent.read_file("/empty") == b""
    assert agent.read_file("/big") == bytes(range(256)) * 4096
    agent.write_file("/srv/deep/er/new", b"1")
    handle = agent.open("/big", "a")
    agent.write(handle, b"tail")
    agent.close_file(handle)
    assert agent.read_file("/big").endswith(b"\xff" + b"tail")


@pytest.fixture
def initrd(tmp_path):
    def write(data):
        path = tmp_path / "initrd"
        path.write_bytes(data)
        return str(path)
    return write


@pytest.mark.parametrize("machine", ["pc", "q35", "microvm,acpi=off", *qemu.VIRT])
def test_misspelt_option(boot):
    """It is named, the options that exist are listed, and the boot goes on."""
    vm = boot(append="lgo=off hostname=box nonsense")
    check_session(vm)
    log = vm.serial.wait("nonsense")
    assert "lgo" in log
    lists = [line for line in log.splitlines() if "hostname" in line and "agent.port" in line]
    assert lists, "no line lists the options that exist"


@pytest.mark.parametrize("append", ["log=loud", "memory=many", "poweroff=maybe", "hostname",
                                    "debug-exit=0x10000"])
def test_malformed_value(boot, append):
    vm = boot(append=append)
    check_session(vm)
    assert append.split("=")[0] in vm.serial.wait("agent.port")


def test_good_options_are_silent(boot):
    vm = boot(append="hostname=box log=on poweroff=auto")
    check_session(vm)
    assert "hostname" not in vm.serial.text()


def printed(vm):
    """How much the kernel printed: what comes behind its firmware's lines, riscv64's OpenSBI's."""
    log = vm.serial.text()
    if "OpenSBI" in log:
        log = log[log.rindex("Boot HART MEDELEG"):].partition("\n")[2]
    return len(log)


def test_log(boot):
    """log=off prints nothing at all, but a misspelt word is named all the same."""
    sizes = []
    for append in ("log=off", None, "log=on"):
        vm = boot(append=append)
        check_session(vm)
        sizes.append(printed(vm))
        vm.stop()
    assert sizes[0] == 0 and sizes[1] > 0 and sizes[2] > 0, sizes
    vm = boot(append="log=off hostnaem=box")
    check_session(vm)
    vm.serial.wait("hostnaem")


def test_long_command_line(boot):
    vm = boot(append="x" * 1500 + " " + "y=" * 400 + " hostname=box")
    assert check_session(vm).read_file("/etc/hostname") == b"box\n"


@pytest.mark.parametrize("machine", ["pc", "microvm,acpi=off", *qemu.VIRT])
def test_hostname(boot):
    vm = boot(append='hostname="box"')
    assert check_session(vm).read_file("/etc/hostname") == b"box\n"


def test_agent_port(boot):
    """Another port name; the usual one is then nobody's."""
    vm = boot.prepare(append="agent.port=com.example.agent")
    vm.argv += ["-chardev", vm.chardev("mine"),
                "-device", "virtserialport,chardev=mine,name=com.example.agent"]
    vm.start()
    assert vm.agent("mine").execute("guest-ping") == {}
    other = vm.connect()
    other.send(b'{"execute":"guest-ping"}\n')
    assert other.receive(0.2) is None


def test_fw_cfg_wins(boot, needs_fw_cfg):
    """opt/bare-qga/cmdline is read after -append."""
    vm = boot(append="hostname=first",
              args=["-fw_cfg", "name=opt/bare-qga/cmdline,string=hostname=second"])
    assert check_session(vm).read_file("/etc/hostname") == b"second\n"


def test_memory_budget(boot):
    """memory= bounds what files may take."""
    vm = boot(memory="64M", append="memory=8M")
    agent = check_session(vm)
    handle = agent.open("/tmp/big", "w")
    with pytest.raises(CommandError):
        for _ in range(9):
            agent.write(handle, bytes(1 << 20))
    assert agent.read_file("/tmp/hello") == b"hello\n"


@pytest.mark.parametrize("machine", qemu.BOARDS)
def test_initrd(boot, initrd):
    check_tree(check_session(boot(initrd=initrd(TREE))))


def test_initrd_of_two_archives(boot, initrd):
    """Archives may follow one another; the later one wins."""
    second = cpio.archive(cpio.entry("empty", b"not any more"))
    agent = check_session(boot(initrd=initrd(TREE + bytes(512) + second)))
    assert agent.read_file("/empty") == b"not any more"
    assert agent.read_file("/etc/hostname") == b"from-the-initrd\n"


def test_initrd_with_command_line(boot, initrd):
    """hostname= is said later and more explicitly than the archive's file."""
    vm = boot(initrd=initrd(TREE), append="hostname=box")
    assert check_session(vm).read_file("/etc/hostname") == b"box\n"


@pytest.mark.parametrize("size", [12 << 20, 40 << 20])
def test_big_initrd(boot, machine, initrd, size):
    """
    Its pages become file pages or are given back: the guest has no room for two copies.  (On the
    "virt" boards QEMU wants it to end below the device tree, and to begin behind half of RAM.)
    """
    data = bytes(range(256)) * (size // 256)
    room = (size >> 20) * 2 + 12 if machine in qemu.VIRT else (size >> 20) * 3 // 2 + 8
    vm = boot(memory=f"{room}M", initrd=initrd(cpio.archive(cpio.entry("big", data))))
    assert check_session(vm).read_file("/big") == data


BROKEN = {
    "gzip": (gzip.compress(TREE), "compressed"),
    "xz": (b"\xfd7zXZ\0" + bytes(100), "compressed"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(100), "compressed"),
    "lz4": (b"\x02\x21\x4c\x18" + bytes(100), "compressed"),
    "text": (b"#!/bin/sh\necho hello\n" * 10, "initrd"),
    "odc": (b"070707" + b"0" * 70 + b"TRAILER!!!\0", "initrd"),
    "truncated-data": (TREE[:2000], "initrd"),
    "truncated-header": (cpio.entry("empty") + b"070701000", "initrd"),
    "no-trailer": (cpio.entry("empty"), None),
    "bad-hex": (TREE.replace(b"070701000000", b"07070100000x", 1), "initrd"),
    "name-too-long": (b"070701" + b"00000001" * 11 + b"FFFFFFFF" + b"0" * 8 + b"x" * 100, "initrd"),
    "data-too-long": (b"070701" + b"%08X%08X" % (1, cpio.FILE) + b"00000001" * 4 + b"FFFFFFF0"
                      + b"00000001" * 4 + b"00000002" + b"0" * 8 + b"x\0" + bytes(64), "initrd"),
    "dot-dot": (cpio.archive(cpio.entry("../../etc/hostname", b"outside")), None),
    "file-as-folder": (cpio.archive(cpio.entry("f", b"1"), cpio.entry("f/g", b"2")), None),
    "folder-as-file": (cpio.archive(cpio.entry("tmp", b"1")), None),
    "one-byte": (b"0", "initrd"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_initrd(boot, initrd, kind):
    """Named on the serial port; the agent answers all the same."""
    data, word = BROKEN[kind]
    vm = boot(initrd=initrd(data))
    check_session(vm)
    if word:
        assert word in vm.serial.text().lower()


def test_initrd_larger_than_memory(boot, initrd):
    """What does not fit is named, the rest is there."""
    files = [cpio.entry(f"file{n}", bytes(1 << 20)) for n in range(20)]
    vm = boot(memory="64M", initrd=initrd(cpio.archive(*files)), append="memory=6M")
    agent = check_session(vm)
    assert agent.read_file("/file0") == bytes(1 << 20)
    assert "initrd" in vm.serial.text()


@pytest.fixture(scope="session")
def grub_iso(tmp_path_factory):
    """A bootable CD with GRUB, the image and an initrd."""
    root = tmp_path_factory.mktemp("iso")
    grub = root / "root/boot/grub"
    grub.mkdir(parents=True)
    shutil.copy(qemu.IMAGE, root / "root/boot/bare-qga.elf")
    (root / "root/boot/tree.cpio").write_bytes(TREE)
    (grub / "grub.cfg").write_text(
        "set timeout=0\n"
        "menuentry bare-qga {\n"
        "  multiboot2 /boot/bare-qga.elf /boot/bare-qga.elf lgo=debug agent.port="
        + qemu.PORT_NAME + "\n"
        "  module2 /boot/tree.cpio\n"
        "}\n", encoding="ascii")
    iso = root / "grub.iso"
    subprocess.run(["grub-mkrescue", "-o", iso, root / "root"], check=True,
                   capture_output=True)
    return str(iso)


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("memory", ["64M", "5G"])
def test_grub(boot, grub_iso, memory):
    """The multiboot2 header, x86's own, with command line and module (Multiboot2 §3.6)."""
    vm = boot(memory=memory, kernel=None, args=["-cdrom", grub_iso])
    agent = vm.agent(timeout=40)
    check_tree(agent)
    assert "lgo" in vm.serial.text()
    assert "multiboot2" in vm.serial.text()


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_sleep_after_grub(boot, grub_iso):
    """A wake-up does not write this image into memory again, and needs no less for that."""
    vm = boot(kernel=None, args=["-cdrom", grub_iso])
    agent = vm.agent(timeout=40)
    for _ in range(2):
        agent.send(request("guest-suspend-ram"))
        vm.qmp.wait_event("SUSPEND")
        vm.qmp.execute("system_wakeup")
        vm.qmp.wait_event("WAKEUP")
        agent.sync()
    check_tree(agent)
