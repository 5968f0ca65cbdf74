# SPDX-License-Identifier: BSD-2-Clause
"""
Clients that are no Debian packages: their sequences (sequences.py) against the hosted agent and
against the booted kernel.
"""
import base64
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile

import pytest

import qemu
from agent import Agent
from sequences import Avocado, ClientError, Proxmox, QemuGaClient, VmTest

HOSTED = os.environ.get("BARE_QGA_HOSTED",
                        os.path.join(qemu.ROOT, "build/hosted-asan/bare-qga"))


# The agent as a Linux process is a machine like the others here.
MACHINES = ["hosted", "q35", *qemu.VIRT]
PROXMOX_DEVICES = [
    word for device in (
        "pci-bridge,id=pci.1,chassis_nr=1,bus=pci.0,addr=0x1e",
        "pci-bridge,id=pci.2,chassis_nr=2,bus=pci.0,addr=0x1f",
        "piix3-usb-uhci,id=uhci,bus=pci.0,addr=0x1.0x2", "usb-tablet,id=tablet,bus=uhci.0,port=1",
        "virtio-balloon-pci,id=balloon0,bus=pci.0,addr=0x3,free-page-reporting=on",
        "e1000,mac=BC:24:11:12:34:56,bus=pci.0,addr=0x12,id=net0") for word in ("-device", device)]


@contextlib.contextmanager
def hosted(directory):
    path = os.path.join(directory, "qga.sock")
    with subprocess.Popen([HOSTED, "--listen", path], stdin=subprocess.DEVNULL) as process:
        try:
            deadline = qemu.Deadline(20)
            while True:
                with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(path)
                    break
                assert process.poll() is None and not deadline.over()
            yield path
        finally:
            process.kill()


@contextlib.contextmanager
def booted(directory, machine):
    with qemu.Vm(directory, machine=machine) as vm:
        vm.agent(timeout=60).close()
        yield vm.path("agent")


@pytest.fixture
def path(machine):
    """The socket of an agent."""
    directory = tempfile.mkdtemp(prefix="bare-qga.")
    with hosted(directory) if machine == "hosted" else booted(directory, machine) as found:
        yield found
    shutil.rmtree(directory, ignore_errors=True)


# ---- Proxmox VE

def test_proxmox_ping(path):
    proxmox = Proxmox(path)
    for _ in range(20):
        assert proxmox.execute("guest-ping") == {}


def test_proxmox_api(path):
    """What `qm agent` and the GUI ask for; an error is a text, not a broken connection."""
    proxmox = Proxmox(path)
    assert proxmox.execute("guest-info")["version"].count(".") == 2
    assert proxmox.execute("guest-get-time") > 10**18
    with pytest.raises(ClientError, match="The command guest-nope has not been found"):
        proxmox.execute("guest-nope")
    assert proxmox.execute("guest-ping") == {}


def test_proxmox_files(path):
    proxmox = Proxmox(path)
    content = bytes(range(256)) * 10000
    proxmox.file_write("/tmp/proxmox", b"")
    assert proxmox.file_read("/tmp/proxmox") == b""
    # file-write takes 60 KiB at most (PVE/API2/Qemu/Agent.pm).
    for size in (1, 60 * 1024):
        assert proxmox.file_write("/tmp/proxmox", content[:size]) == {"count": size, "eof": False}
        assert proxmox.file_read("/tmp/proxmox") == content[:size]
    handle = proxmox.execute("guest-file-open", path="/tmp/large", mode="wb")
    for at in range(0, len(content), 60000):
        proxmox.execute("guest-file-write", handle=handle,
                        buf_b64=base64.b64encode(content[at:at + 60000]).decode())
    proxmox.execute("guest-file-close", handle=handle)
    assert proxmox.file_read("/tmp/large") == content


def test_proxmox_backup(path):
    proxmox = Proxmox(path)
    assert proxmox.fs_freeze()
    assert not proxmox.fs_freeze()
    with pytest.raises(ClientError, match="has been disabled"):
        proxmox.execute("guest-fsfreeze-freeze")
    assert proxmox.execute("guest-fsfreeze-thaw") == 1
    assert proxmox.execute("guest-fsfreeze-status") == "thawed"


def test_proxmox_after_rubble(path):
    """Whoever had the port before left half a request; guest-sync-delimited is what finds out."""
    with contextlib.closing(Agent(path)) as rude:
        rude.send(b'{"execute":"guest-file-write","arguments":{"buf-b64":"QUJD')
    proxmox = Proxmox(path)
    # Without a 0xFF the first sync may be lost in the rubble, and then asking again is the client's
    # part; the second connection is always clean.
    with contextlib.suppress(ClientError):
        proxmox.execute("guest-ping", timeout=3)
    assert proxmox.execute("guest-ping") == {}


def test_proxmox_machine(tmp_path):
    """The agent's port amid the devices that qemu-server gives a machine (`qm showcmd`)."""
    machine = qemu.Vm(str(tmp_path), machine="pc", append="hostname=bare-qga", serial_device=None,
                      port=None)
    machine.argv += PROXMOX_DEVICES + ["-chardev", machine.chardev("qga0"),
                                       "-device", "virtio-serial,id=qga0,bus=pci.0,addr=0x8",
                                       "-device", "virtserialport,chardev=qga0,name=" +
                                       qemu.PORT_NAME]
    with machine as vm:
        proxmox = Proxmox(vm.path("qga0"))
        assert VmTest(vm.path("qga0")).port.sock.close() is None
        assert proxmox.execute("guest-ping") == {}
        assert proxmox.execute("guest-get-host-name") == {"host-name": "bare-qga"}
        assert proxmox.execute("guest-shutdown", timeout=60) is None
        vm.wait_exit(60)


def test_proxmox_shutdown(path):
    """The end of the connection behind the answer to the sync is the success."""
    assert Proxmox(path).execute("guest-shutdown", timeout=60) is None


# ---- qemu-ga-client

def test_qemu_ga_client(path):
    client = QemuGaClient(path)
    assert "guest-ping" in client.info()
    handle = client.execute("guest-file-open", path="/tmp/cat", mode="w")
    client.execute("guest-file-write", handle=handle, buf_b64="QUJD" * 700)
    client.execute("guest-file-close", handle=handle)
    assert client.cat("/tmp/cat") == b"ABC" * 700
    with pytest.raises(ClientError, match="No such file or directory"):
        client.cat("/nope")
    assert client.execute("guest-fsfreeze-status") == "thawed"
    assert client.execute("guest-fsfreeze-freeze") == 1
    assert client.execute("guest-fsfreeze-thaw") == 1
    client.port.sock.close()


@pytest.mark.parametrize("mode", ["powerdown", "reboot"])
def test_qemu_ga_client_shutdown(path, mode):
    QemuGaClient(path).shutdown(mode)


# ---- avocado-vt

def test_avocado(path):
    """Part of what tp-qemu's suite does with an agent."""
    client = Avocado(path)
    assert client.sync_delimited(4822) == 4822
    assert client.command("guest-ping") == {"return": {}}
    assert client.command("guest-nope")["error"]["class"] == "CommandNotFound"
    assert client.command("guest-file-open", path="/none")["error"]["class"] == "GenericError"
    opened = client.command("guest-file-open", path="/tmp/avocado", mode="a+")["return"]
    written = client.command("guest-file-write", **{"handle": opened, "buf-b64": "aGVsbG8="})
    assert written["return"]["count"] == 5
    assert client.command("guest-file-flush", handle=opened) == {"return": {}}
    assert client.command("guest-file-seek", handle=opened, offset=0, whence=0)["return"] == {
        "position": 0, "eof": False}
    read = client.command("guest-file-read", handle=opened)["return"]
    assert read == {"count": 5, "buf-b64": "aGVsbG8=", "eof": True}
    client.command("guest-file-close", handle=opened)
    assert "has not been found" in client.command("guest-file-close", handle=opened)[
        "error"]["desc"]


# ---- vmtest

def test_vmtest(path):
    client = VmTest(path)
    client.port.sock.close()


@pytest.mark.parametrize("machine", MACHINES[1:])
def test_vmtest_before_the_guest_is_up(machine, tmp_path):
    """The client is there first and asks until the kernel answers."""
    with qemu.Vm(str(tmp_path), machine=machine, args=["-S"]) as vm:
        with contextlib.closing(Agent(vm.path("agent"))) as early:
            early.send(b'{"execute":"guest-sync","arguments":{"id":1}}\n')
            vm.qmp.execute("cont")
        VmTest(vm.path("agent")).port.sock.close()
