# SPDX-License-Identifier: BSD-2-Clause
"""virsh domfsfreeze, domfsthaw, and snapshots that ask for a freeze."""
import pytest

from domain import VirshError
from qemu import VIRT

MACHINES = ["pc", "q35", *VIRT]


@pytest.fixture(autouse=True)
def thawed(request):
    yield
    if "domain" in request.fixturenames:
        request.getfixturevalue("domain").virsh("domfsthaw")


def status(domain):
    return domain.execute("guest-fsfreeze-status")


def test_freeze_and_thaw(domain):
    assert status(domain) == "thawed"
    assert domain.virsh("domfsfreeze") == "Froze 1 filesystem(s)"
    assert status(domain) == "frozen"
    assert domain.virsh("domfsthaw") == "Thawed 1 filesystem(s)"
    assert status(domain) == "thawed"
    assert domain.virsh("domfsthaw") == "Thawed 0 filesystem(s)"


def test_one_mountpoint(domain):
    assert domain.virsh("domfsfreeze", "--mountpoint", "/") == "Froze 1 filesystem(s)"
    assert status(domain) == "frozen"
    # There is no guest-fsfreeze-thaw-list, so libvirt refuses domfsthaw --mountpoint by itself.
    assert domain.virsh("domfsthaw") == "Thawed 1 filesystem(s)"
    assert domain.virsh("domfsfreeze", "--mountpoint", "/mnt") == "Froze 0 filesystem(s)"
    assert status(domain) == "thawed"
    assert domain.virsh("domfsfreeze", "--mountpoint", "/mnt", "--mountpoint", "/") == \
        "Froze 1 filesystem(s)"


def test_second_freeze(domain):
    domain.virsh("domfsfreeze")
    with pytest.raises(VirshError) as error:
        domain.virsh("domfsfreeze")
    assert "Command guest-fsfreeze-freeze has been disabled: the command is not allowed" in \
        error.value.stderr


def test_commands_while_frozen(domain):
    """Nothing but the answer that it is frozen may come from what writes."""
    domain.virsh("domfsfreeze")
    assert domain.execute("guest-ping") == {}
    enabled = {entry["name"] for entry in domain.execute("guest-info")["supported_commands"]
               if entry["enabled"]}
    assert enabled == {"guest-ping", "guest-info", "guest-sync", "guest-sync-delimited",
                       "guest-fsfreeze-status", "guest-fsfreeze-thaw"}
    with pytest.raises(VirshError, match="guest-file-open has been disabled"):
        domain.execute("guest-file-open", path="/tmp/x", mode="w")


@pytest.fixture
def with_disk(start):
    """A domain with a disk, without which there is no snapshot; the guest has no use for it."""
    return lambda daemon: start(devices=f"""
        <disk type='file'>
          <driver name='qemu' type='raw'/>
          <source file='{daemon.write("disk.raw", bytes(1 << 20))}'/>
          <target dev='vda' bus='virtio'/>
        </disk>""")


def test_snapshot_with_quiesce(daemon, with_disk):
    """The way of backup tools: libvirt freezes, makes the snapshot and thaws."""
    domain = with_disk(daemon)
    mark = daemon.log_size()
    out = domain.virsh("snapshot-create-as", "s1", "--disk-only", "--quiesce", "--no-metadata",
                       "--diskspec", f"vda,file={daemon.path(domain.name + '.s1')}")
    assert out == "Domain snapshot s1 created"
    sent = daemon.log(mark)
    assert sent.index("guest-fsfreeze-freeze") < sent.index("guest-fsfreeze-thaw")
    assert status(domain) == "thawed"


def test_snapshot_of_a_frozen_guest(daemon, with_disk):
    """A freeze that fails makes the snapshot fail, and somebody else's freeze stays."""
    domain = with_disk(daemon)
    domain.virsh("domfsfreeze")
    with pytest.raises(VirshError, match="guest-fsfreeze-freeze has been disabled"):
        domain.virsh("snapshot-create-as", "s1", "--disk-only", "--quiesce", "--no-metadata",
                     "--diskspec", f"vda,file={daemon.path(domain.name + '.s2')}")
    domain.virsh("domfsthaw")
    assert status(domain) == "thawed"
