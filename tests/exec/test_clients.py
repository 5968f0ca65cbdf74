# SPDX-License-Identifier: BSD-2-Clause
"""What clients do with guest-exec, in the order and with the words that they do it."""
import base64
import time

import pytest

import qemu
from test_differential import Guest

MACHINES = ["hosted", *qemu.DEFAULTS]

FROZEN_SECONDS = 0.5


@pytest.fixture
def guest(machine, tmp_path):
    guest = Guest(machine, tmp_path)
    yield guest
    guest.close()


def test_ansible(guest):
    """community.libvirt.libvirt_qemu: its capability gate, raw, put_file, script, fetch_file."""
    commands = guest.call("guest-info")["supported_commands"]
    for name in ("exec", "exec-status", "file-close", "file-open", "file-read", "file-write"):
        assert {"enabled": True, "name": f"guest-{name}", "success-response": True} in commands
    assert guest.run("echo", "rig-42", "two") == (0, b"rig-42 two\n", b"")
    made = "` echo /root/.ansible/tmp/ansible-tmp-1-2-3 `"
    code, out, err = guest.run(
        "/bin/sh", "-c",
        f'( umask 77 && mkdir -p "` echo /root/.ansible/tmp `"&& mkdir "{made}" && '
        f'echo ansible-tmp-1-2-3="{made}" ) && sleep 0')
    assert (code, out, err) == (0, b"ansible-tmp-1-2-3=/root/.ansible/tmp/ansible-tmp-1-2-3\n", b"")
    folder = out.decode().strip().split("=")[1]
    assert guest.run("stat", "-c", "%a", folder)[1] == b"700\n"
    script = f"{folder}/hello.sh"
    handle = guest.call("guest-file-open", path=script, mode="wb+")
    content = b'#!/bin/sh\necho "hello $1 from $(uname)"\nexit 3\n' + b"#" * 100000
    for start in range(0, len(content), 65536):
        piece = base64.b64encode(content[start:start + 65536]).decode()
        guest.call("guest-file-write", handle=handle, **{"buf-b64": piece})
    guest.call("guest-file-close", handle=handle)
    assert guest.run("/bin/sh", "-c", f"{script} world")[0] == 126  # not executable yet
    assert guest.run("/bin/sh", "-c", f"chmod u+x {folder}/ {script} && sleep 0")[0] == 0
    code, out, err = guest.run("/bin/sh", "-c", f"{script} world")
    assert (code, out[:18], err) == (3, b"hello world from b", b"")
    handle = guest.call("guest-file-open", path=script, mode="r")
    fetched, eof = b"", False
    while not eof:
        reply = guest.call("guest-file-read", handle=handle, count=65536)
        fetched += base64.b64decode(reply["buf-b64"])
        eof = reply["eof"]
    guest.call("guest-file-close", handle=handle)
    assert fetched == content
    assert guest.run("/bin/sh", "-c", f"rm -f -r {folder}/ > /dev/null 2>&1 && sleep 0")[0] == 0
    assert guest.run("ls", "/root/.ansible/tmp") == (0, b"", b"")


def test_kubevirt_probe(guest):
    """An exec probe: a program without a shell, judged by its exit code and output."""
    guest.run("sh", "-c", "echo ready > /tmp/healthy")
    assert guest.run("cat", "/tmp/healthy") == (0, b"ready\n", b"")
    assert guest.run("cat", "/tmp/nosuch")[0] == 1


def test_programs_stand_still_while_frozen(guest):
    """A writer waits in a frozen file system, and goes on when it is thawed."""
    guest.run("sh", "-c", ": > /tmp/log")
    pid = guest.call("guest-exec", path="sh", arg=[
        "-c", "while [ -e /tmp/log ]; do date +%s.%N >> /tmp/log; sleep 0.01; done"])["pid"]
    while int(guest.run("sh", "-c", "wc -l < /tmp/log")[1]) < 3:
        pass
    before = guest.call("guest-get-time") / 1e9
    assert guest.call("guest-fsfreeze-freeze") == 1
    assert guest.call("guest-fsfreeze-status") == "frozen"
    time.sleep(FROZEN_SECONDS)
    assert guest.call("guest-fsfreeze-thaw") == 1
    lines = len(guest.run("cat", "/tmp/log")[1].splitlines())
    while int(guest.run("sh", "-c", "wc -l < /tmp/log")[1]) < lines + 3:
        pass
    # By the guest's clock alone: some boards' clocks know whole seconds only when they start.
    stamps = [float(line) for line in guest.run("cat", "/tmp/log")[1].split()]
    gap, after = max((b - a, b) for a, b in zip(stamps, stamps[1:]))
    assert gap >= FROZEN_SECONDS and after > before > stamps[0]
    guest.run("rm", "/tmp/log")
    while not guest.call("guest-exec-status", pid=pid)["exited"]:
        pass


@pytest.mark.parametrize("mode, out, err", [
    (None, "", ""), (False, "", ""), ("none", "", ""), (True, "o\n", "e\n"),
    ("separated", "o\n", "e\n"), ("stdout", "o\n", ""), ("stderr", "", "e\n"),
    ("merged", "o\ne\n", "")])
def test_capture(guest, mode, out, err):
    arguments = {} if mode is None else {"capture-output": mode}
    pid = guest.call("guest-exec", path="sh", arg=["-c", "echo o; echo e >&2"], **arguments)["pid"]
    status = {"exited": False}
    while not status["exited"]:
        status = guest.call("guest-exec-status", pid=pid)
    wanted = {"exited": True, "exitcode": 0}
    for name, text in (("out-data", out), ("err-data", err)):
        if text:
            wanted[name] = base64.b64encode(text.encode()).decode()
    assert status == wanted
