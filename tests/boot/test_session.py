# SPDX-License-Identifier: BSD-2-Clause
"""`make run` and `make shell` as a user sees them, against the booted kernel."""
import os
import subprocess
import sys

import pytest

import cpio
import qemu

TOOLS = os.path.join(qemu.ROOT, "tests/tools")


def run(tool, machine, *options, typed="", kernel=None):
    """Exit status and output of a tool, standard error included."""
    kernel = kernel or qemu.ARCHES[qemu.arch_of(machine)[0]]["image"]
    done = subprocess.run([sys.executable, os.path.join(TOOLS, tool), "--kernel", kernel,
                           "--machine", machine, *options],
                          input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=180, check=False)
    return done.returncode, done.stdout


def test_run(machine, tmp_path):
    status, output = run("session.py", machine, "--logs", str(tmp_path / "logs"))
    assert status == 0, output
    assert "guest-shutdown" in output and "Every answer was right" in output


@pytest.mark.only("x86_64", why="QEMU refuses what is no kernel there, and runs it elsewhere")
def test_run_with_a_broken_image(machine, tmp_path):
    """What is needed to look into it is on the terminal."""
    image = tmp_path / "image"
    image.write_bytes(b"not a kernel" * 1000)
    status, output = run("session.py", machine, "--logs", str(tmp_path / "logs"),
                         kernel=str(image))
    assert status == 1
    assert "FAILED" in output and f"-kernel {image}" in output and "serial log" in output


def test_run_notices_a_wrong_answer(machine, tmp_path):
    """A tree that has what the session expects not to be there."""
    initrd = tmp_path / "initrd"
    initrd.write_bytes(cpio.archive(cpio.entry("tmp/nothing-here", b"but it is")))
    os.environ["BARE_QGA_QEMU_ARGS"] = f"-initrd {initrd}"
    try:
        status, output = run("session.py", machine, "--logs", str(tmp_path / "logs"))
    finally:
        del os.environ["BARE_QGA_QEMU_ARGS"]
    assert status == 1 and "FAILED: guest-file-open" in output, output


def test_shell(machine):
    status, output = run("shell.py", machine, typed="\n".join([
        "guest-ping", "guest-file-open path=/etc/hostname", "no-such-command x", "no-such-command",
        "help", "help guest-file-seek", '{"execute": "guest-sync", "arguments": {"id": 99}}', ""]))
    assert status == 0, output
    for expected in ('{"return": {}}', '{"return": 1000}', "arguments are name=value",
                     "CommandNotFound", "guest-file-seek handle=<int> offset=<int>",
                     '{"return": 99}', "serial | "):
        assert expected in output, f"{expected!r} is missing in:\n{output}"


def test_shell_ends_with_the_machine(machine):
    status, output = run("shell.py", machine, typed="guest-shutdown\nguest-ping\n")
    assert status == 0 and "the machine ended" in output and "return" not in output, output
