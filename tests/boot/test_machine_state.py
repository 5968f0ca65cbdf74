# SPDX-License-Identifier: BSD-2-Clause
"""Resets, pauses, snapshots and live migration leave an agent that answers."""
import json
import subprocess

import pytest

from agent import CommandError, request
from qemu import BOARDS, DEFAULTS, VIRT
from test_machines import check_session

PING = request("guest-ping")


def reset(vm):
    vm.qmp.execute("system_reset")
    vm.qmp.wait_event("RESET")


@pytest.mark.parametrize("machine", BOARDS)
def test_reset(boot):
    """A reset starts from the image: the tree is as at first boot, handles are gone."""
    vm = boot()
    agent = check_session(vm)
    for _ in range(3):
        reset(vm)
        agent.sync()
        with pytest.raises(CommandError):
            agent.open("/tmp/hello")
        agent.write_file("/tmp/hello", b"again")


def test_reset_in_mid_command(boot):
    vm = boot()
    agent = check_session(vm)
    for round_number in range(8):
        agent.write_file("/tmp/big", bytes(2 << 20))
        handle = agent.open("/tmp/big")
        agent.send(request("guest-file-read", {"handle": handle, "count": 2 << 20}))
        if round_number % 2:
            agent.sock.recv(1000)
        agent.send(b'{"execute":"guest-file-wr')
        reset(vm)
        agent.sync()
        assert agent.execute("guest-ping") == {}


def test_many_resets(boot):
    """Each reset as soon as the guest has answered, the clients coming and going in between."""
    vm = boot()
    for n in range(25):
        agent = vm.agent()
        assert agent.execute("guest-ping") == {}
        if n % 2:
            agent.close()
        reset(vm)
        if not n % 2:
            agent.close()
    check_session(vm)


def test_stop_and_continue(boot):
    vm = boot()
    agent = check_session(vm)
    for _ in range(10):
        vm.qmp.execute("stop")
        agent.send(PING * 20)
        assert agent.receive(0.05) is None
        vm.qmp.execute("cont")
        assert [agent.reply() for _ in range(20)] == [{"return": {}}] * 20


def wait_migrated(vm):
    vm.qmp.wait_event("MIGRATION", 60, lambda data: data["status"] in ("completed", "failed"))
    status = vm.qmp.execute("query-migrate")
    assert status["status"] == "completed", status


def migrate(boot, source, **options):
    """Starts the same machine again, waiting for `source`, and moves the guest there."""
    target = boot.prepare(**options)
    target.argv += ["-incoming", "defer"]
    target.start()
    for vm in (source, target):
        vm.qmp.execute_raw({"execute": "migrate-set-capabilities", "arguments": {
            "capabilities": [{"capability": "events", "state": True}]}})
    target.qmp.execute("migrate-incoming", uri="unix:" + target.path("migration"))
    return target


@pytest.mark.parametrize("machine,device", [
    *((board, "") for board in ("q35", "microvm,acpi=off")),
    *((board, device) for board in DEFAULTS for device in (
        "", "virtio-serial-pci,disable-modern=on,disable-legacy=off",
        "virtio-serial-pci,vectors=0,event_idx=off"))])
def test_migration(boot, device):
    """
    The guest moves with an open handle, and with half a request read.  QEMU opens its side of the
    port anew when the target runs (virtio-console.c:virtconsole_enable_backend), so the half is
    dropped and the new client's first request stands by itself.
    """
    source = boot(serial_device=device)
    agent = check_session(source)
    handle = agent.open("/tmp/hello")
    assert agent.read(handle, 2) == b"he"
    agent.send(PING + PING[:10])
    assert agent.reply() == {"return": {}}
    target = migrate(boot, source, serial_device=device)
    second = target.connect()
    source.qmp.execute("migrate", uri="unix:" + target.path("migration"))
    wait_migrated(source)
    wait_migrated(target)
    source.stop()
    second.send(PING)
    assert second.reply() == {"return": {}}
    assert second.read(handle, 100) == b"llo\n"
    reset(target)
    second.sync()


def test_migration_under_load(boot):
    """The guest moves while it answers requests; its next client finds it in order."""
    source = boot()
    agent = check_session(source)
    target = migrate(boot, source)
    agent.send(b"".join(request("guest-ping", id=n) for n in range(3000)))
    source.qmp.execute("migrate", uri="unix:" + target.path("migration"))
    wait_migrated(source)
    source.stop()
    second = target.agent()
    assert second.read_file("/tmp/hello") == b"hello\n"
    second.write_file("/tmp/after", b"x" * 100_000)


def test_migration_to_file_and_back(boot):
    """exec: the state rests in a file while no QEMU runs."""
    source = boot()
    agent = check_session(source)
    assert agent.execute("guest-fsfreeze-freeze") >= 1
    state = source.directory + "/state"
    source.qmp.execute_raw({"execute": "migrate-set-capabilities", "arguments": {
        "capabilities": [{"capability": "events", "state": True}]}})
    source.qmp.execute("migrate", uri="exec:cat > " + state)
    wait_migrated(source)
    source.stop()
    target = boot.prepare()
    target.argv += ["-incoming", "exec:cat " + state]
    target.start()
    agent = target.agent()
    assert agent.execute("guest-fsfreeze-status") == "frozen"
    assert agent.execute("guest-fsfreeze-thaw") >= 1
    assert agent.read_file("/tmp/hello") == b"hello\n"


@pytest.mark.parametrize("machine", ["pc", "q35", "microvm,acpi=off", *VIRT])
def test_snapshots(boot):
    """savevm and loadvm: the tree goes back in time, and the same client goes on."""
    vm = boot.prepare()
    disk = vm.directory + "/snapshots.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    vm.argv += ["-drive", f"if=none,id=snapshots,file={disk.replace(',', ',,')}"]
    vm.start()
    agent = check_session(vm)
    handle = agent.open("/tmp/hello", "r+")
    assert vm.qmp.hmp("savevm before") == ""
    for _ in range(5):
        agent.write(handle, b"J")
        agent.close_file(handle)
        agent.write_file("/tmp/hello", b"changed")
        agent.send(PING[:15])
        assert vm.qmp.hmp("loadvm before") == ""
        agent.sync()
        assert agent.read(handle, 100) == b"hello\n"
        agent.execute("guest-file-seek", handle=handle, offset=0, whence=0)


def test_snapshot_of_half_a_request(boot):
    """What the guest has read of a document is part of its state."""
    vm = boot.prepare()
    disk = vm.directory + "/snapshots.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    vm.argv += ["-drive", f"if=none,id=snapshots,file={disk}"]
    vm.start()
    agent = check_session(vm)
    message = request("guest-sync", {"id": 4711})
    agent.send(PING + message[:20])
    assert agent.reply() == {"return": {}}
    assert vm.qmp.hmp("savevm half") == ""
    for _ in range(3):
        agent.send(message[20:])
        assert json.loads(agent.line()) == {"return": 4711}
        assert vm.qmp.hmp("loadvm half") == ""
