# SPDX-License-Identifier: BSD-2-Clause
"""What libvirt does to a whole machine while the agent goes on: pause, save, restore, snapshot."""
import base64

import pytest

from domain import VirshError
from qemu import VIRT

MACHINES = ["pc", "q35", *VIRT]


@pytest.fixture
def busy(start):
    """A domain with an open file, half written, and frozen: all of that has to survive."""
    domain = start()
    domain.handle = domain.execute("guest-file-open", path="/tmp/kept", mode="w+")
    domain.execute("guest-file-write", handle=domain.handle,
                   buf_b64=base64.b64encode(b"kept").decode())
    domain.virsh("domfsfreeze")
    return domain


def check_still_there(domain):
    assert domain.execute("guest-fsfreeze-status") == "frozen"
    assert domain.virsh("domfsthaw") == "Thawed 1 filesystem(s)"
    domain.execute("guest-file-seek", handle=domain.handle, offset=0, whence=0)
    got = domain.execute("guest-file-read", handle=domain.handle)
    assert base64.b64decode(got["buf-b64"]) == b"kept"


def test_suspend_and_resume(busy):
    mark = busy.events.mark()
    busy.virsh("suspend")
    busy.wait_lifecycle("suspended", mark)
    assert busy.state() == "paused"
    with pytest.raises(VirshError, match="domain is not running"):
        busy.execute("guest-ping")
    busy.virsh("resume")
    busy.wait_lifecycle("resumed", mark)
    assert busy.agent_state() == "connected"
    check_still_there(busy)


def test_save_and_restore(busy):
    """Also a migration, but for the network: the console's state comes back from a file."""
    mark = busy.events.mark()
    saved = busy.daemon.path(busy.name + ".saved")
    busy.virsh("save", saved)
    busy.wait_lifecycle("stopped", mark)
    mark = busy.events.mark()
    busy.daemon.virsh("restore", saved)
    busy.wait_connected(mark)
    check_still_there(busy)


def test_managed_save(busy):
    for _ in range(2):
        mark = busy.events.mark()
        busy.virsh("managedsave")
        busy.wait_lifecycle("stopped", mark)
        busy.start().wait_connected()
    check_still_there(busy)


def test_snapshot_of_memory(busy):
    """An external snapshot of a guest that runs on: its memory is written while it works."""
    path = busy.daemon.path(busy.name + ".memory")
    busy.virsh("snapshot-create-as", "s1", "--no-metadata", "--memspec",
               f"file={path},snapshot=external")
    check_still_there(busy)


def test_reboot_after_restore(start):
    """The restored guest is as able to end as one that was booted."""
    domain = start()
    domain.virsh("managedsave")
    domain.start().wait_connected()
    mark = domain.events.mark()
    domain.virsh("reboot", "--mode", "agent")
    domain.wait_connected(domain.events.wait("reboot", since=mark))
    mark = domain.events.mark()
    domain.shut_down("--mode", "agent")
    domain.wait_lifecycle("stopped", mark)
