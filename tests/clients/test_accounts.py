# SPDX-License-Identifier: BSD-2-Clause
"""virsh set-user-password, get-user-sshkeys and set-user-sshkeys."""
import pytest

from domain import VirshError
from qemu import VIRT

MACHINES = ["q35", *VIRT]

ONE, TWO = "ssh-ed25519 AAAAC3Nz one@host", "ssh-rsa AAAAB3Nz two@host"


@pytest.fixture
def guest(start):
    return start()


@pytest.fixture
def keys(tmp_path):
    """A file of keys, for virsh."""
    def write(*lines):
        path = tmp_path / "keys"
        path.write_text("".join(line + "\n" for line in lines))
        return str(path)
    return write


def present(domain):
    """What the agent lists; virsh 9.0 prints keys without anything between them."""
    return set(domain.execute("guest-ssh-get-authorized-keys", username="root")["keys"])


def test_password(guest):
    assert guest.virsh("set-user-password", "root", "secret") == \
        f"Password set successfully for root in {guest.name}"
    guest.virsh("set-user-password", "root", "$6$salt$hash", "--encrypted")


def test_password_of_nobody(guest):
    with pytest.raises(VirshError, match="guest-set-user-password"):
        guest.virsh("set-user-password", "whoever", "secret")


def test_add_and_remove(guest, keys):
    guest.virsh("set-user-sshkeys", "root", "--file", keys(ONE))
    assert guest.virsh("get-user-sshkeys", "root") == ONE
    guest.virsh("set-user-sshkeys", "root", "--file", keys(TWO, ONE))
    assert present(guest) == {ONE, TWO}
    guest.virsh("set-user-sshkeys", "root", "--remove", "--file", keys(ONE))
    assert guest.virsh("get-user-sshkeys", "root") == TWO


def test_reset(guest, keys):
    guest.virsh("set-user-sshkeys", "root", "--file", keys(ONE))
    guest.virsh("set-user-sshkeys", "root", "--reset", "--file", keys(TWO))
    assert present(guest) == {TWO}
    guest.virsh("set-user-sshkeys", "root", "--reset")
    assert present(guest) == set()


def test_no_keys_yet(guest):
    with pytest.raises(VirshError, match="No such file or directory"):
        guest.virsh("get-user-sshkeys", "root")


def test_unknown_user(guest, keys):
    for arguments in (["get-user-sshkeys", "whoever"],
                      ["set-user-sshkeys", "whoever", "--file", keys(ONE)]):
        with pytest.raises(VirshError, match="failed to lookup user 'whoever'"):
            guest.virsh(*arguments)


def test_file_in_the_guest(guest, keys):
    """What the agent keeps is the file that sshd would read."""
    guest.virsh("set-user-sshkeys", "root", "--file", keys(ONE, TWO))
    handle = guest.execute("guest-file-open", path="/root/.ssh/authorized_keys")
    assert guest.execute("guest-file-read", handle=handle)["count"] == len(f"{ONE}\n{TWO}\n")
