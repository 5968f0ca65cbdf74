# SPDX-License-Identifier: BSD-2-Clause
"""
Ansible as Debian has it, with its connection community.libvirt.libvirt_qemu, which knows a guest by
its agent alone.  Modules want Python in the guest, so a play is made of raw tasks, scripts, and
files that the connection puts and fetches (the two small actions in ansible/action_plugins).
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from qemu import PATIENCE, VIRT

MACHINES = ["q35", *VIRT]

HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTION = "community.libvirt.libvirt_qemu"


@pytest.fixture(scope="module")
def guest(start_for_all, absent):
    if not shutil.which("ansible-playbook"):
        absent("no ansible-playbook here (Debian: ansible)")
    return start_for_all(append="hostname=box")


def ansible(tmp_path, guest, program, *arguments):
    """Runs one of Ansible's programs on the domain; returns the finished process."""
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"guests": {"hosts": {guest.name: {
        "ansible_connection": CONNECTION, "ansible_libvirt_uri": guest.daemon.uri}}}}))
    environment = {
        **os.environ, "HOME": str(tmp_path), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        "ANSIBLE_STDOUT_CALLBACK": "json", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
        "ANSIBLE_ACTION_PLUGINS": os.path.join(HERE, "ansible/action_plugins"),
        "ANSIBLE_RETRY_FILES_ENABLED": "0", "LC_ALL": "C.UTF-8"}
    # Debian's own Python, whatever stands first in PATH.
    return subprocess.run([sys.executable, shutil.which(program), "-i", str(inventory),
                           *arguments], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          timeout=300 * PATIENCE, cwd=str(tmp_path))


def results(done, host):
    """{name of task: what it registered} of a run with the callback json."""
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    plays = json.loads(done.stdout)["plays"]
    return {task["task"]["name"]: task["hosts"][host] for play in plays for task in play["tasks"]}


def test_playbook(tmp_path, guest):
    """The whole play; its own tasks compare what they got, and all of them must have run."""
    content = bytes(range(256)) * 1024
    (tmp_path / "sent").write_bytes(content)
    (tmp_path / "sent.sha256").write_text(hashlib.sha256(content).hexdigest())
    (tmp_path / "empty").write_bytes(b"")
    done = ansible(tmp_path, guest, "ansible-playbook", os.path.join(HERE, "ansible/play.yml"),
                   "-e", f"folder={tmp_path}")
    tasks = results(done, guest.name)
    assert done.returncode == 0, json.dumps(tasks, indent=1)[-8000:] + done.stderr
    assert (tmp_path / "fetched").read_bytes() == content
    assert (tmp_path / "fetched-empty").read_bytes() == b""
    assert tasks["words"]["stdout"] == "two words\n"
    assert tasks["a failing command"]["rc"] == 1


def test_ad_hoc(tmp_path, guest):
    """ansible -m raw, as one tries whether a host is there."""
    done = ansible(tmp_path, guest, "ansible", "guests", "-m", "raw", "-a", "uname -n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(done, guest.name)["raw"]["stdout"] == "box\n"


def test_wait_for_connection(tmp_path, guest):
    """It connects, and then gives up because its test is a module: Python again, not the agent."""
    done = ansible(tmp_path, guest, "ansible", "guests", "-m", "wait_for_connection",
                   "-a", "timeout=1 sleep=1")
    assert done.returncode != 0
    assert "timed out waiting for ping module test" in done.stdout


def test_guest_that_lacks_exec(tmp_path, start, guest):
    """The connection compares guest-info's entries and says no."""
    domain = start(append="block-rpcs=guest-exec")
    done = ansible(tmp_path, domain, "ansible", "guests", "-m", "raw", "-a", "true")
    assert done.returncode != 0
    assert "does not have required capabilities" in done.stdout
