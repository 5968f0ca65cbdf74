# SPDX-License-Identifier: BSD-2-Clause
"""The shell and the programs of guest-exec beside Debian's dash and coreutils.

Each script runs in both places, in a directory with the same files; standard output, standard
error and exit code must be the same, but for what ALLOWED lists, with its reason.
"""
import base64
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import time

import pytest

import qemu
import scripts

HOSTED = os.environ.get("BARE_QGA_HOSTED", "build/hosted-asan/bare-qga")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "LC_ALL": "C", "TZ": "UTC"}
DEADLINE_S = 60
FILES = {
    "one": "first\n",
    "two": "line one\nline two\nline three\n",
    "long": "".join(f"{word}\n" for word in "pear apple cherry banana apple fig date grape "
                                            "elder.berry lemon kiwi".split()),
    "numbers": "10\n9\n-1\n100\n2.5\nx\n",
    "fields": "a 3\nb 1\nc 2\n",
    "colons": "x:2:y\na:1:b\nnone\n:3:\n",
    "mixed": "b\nA\na\nB\n",
    "dup": "a\na\nb\nc\nc\na\n",
    "words": "an apple\nbanana can\nchaan\naa\nxy y\n",
    "blank": "a\n\n\n\nb\n",
    "tabs": "a\tb\n",
    "noeol": "a\nb",
    "empty": "",
    "binary": bytes(range(256)).decode("latin-1"),
    "script": "#!/bin/sh\necho script\n",
    "b64": "aGVsbG8K\n",
    "sums": "147ad31215fd55112ce613a7883902bb306aa35bba879cd2dbe500b9c4d6e8ac  one\n",
    "badsums": "0" * 64 + "  one\n" + "1" * 64 + "  nosuch\njunk\n",
    "dir/a": "a\n",
    "dir/sub/b": "b\n",
}
FOLDERS = ["emptydir", "deep/er"]

# A script must not be able to harm the machine that the tests run on: even for root, no setting of
# its clock, no mount, no reboot, no signal to what is not root's.
HARMLESS = [] if os.geteuid() else ["setpriv", "--inh-caps=-all", "--bounding-set="
                                    "-sys_time,-sys_boot,-sys_admin,-sys_module,-net_admin,"
                                    "-kill,-sys_rawio,-mknod"]

# What may differ, by the script or words, and why.
ALLOWED = {
    "kill 99999999; echo $?": "dash writes an empty line behind its message",
    "kill": "the usage is the shell's, not that of procps",
    "du -s emptydir": "a directory in memory takes no blocks",
}


# The agent as a Linux process, whose sanitizers look on, and with the C libraries of the kernels.
MACHINES = ["hosted", *qemu.DEFAULTS]


class Guest:
    """An agent that runs programs, hosted or booted; `folder` is for its socket and logs."""

    def __init__(self, machine, folder):
        if machine == "hosted":
            path = str(folder / "socket")
            self.vm = None
            self.process = subprocess.Popen([HOSTED, "--listen", path], stderr=subprocess.PIPE)
        else:
            self.vm = qemu.Vm(str(folder), machine=machine).start()
            path, self.process = self.vm.path("agent"), self.vm.process
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(path)
                break
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None
                time.sleep(0.01)
        self.lines = self.socket.makefile("rb")

    def call(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        reply = json.loads(self.lines.readline())
        assert "return" in reply, reply
        return reply["return"]

    def run(self, *words, env=None, stdin=b""):
        arguments = {"path": words[0], "arg": list(words[1:]), "capture-output": True,
                     "input-data": base64.b64encode(stdin).decode()}
        if env is not None:
            arguments["env"] = [f"{name}={value}" for name, value in env.items()]
        pid = self.call("guest-exec", **arguments)["pid"]
        deadline = time.monotonic() + DEADLINE_S
        while True:
            status = self.call("guest-exec-status", pid=pid)
            if status["exited"]:
                break
            assert time.monotonic() < deadline, words
            time.sleep(0.002)
        code = status["exitcode"] if "exitcode" in status else -status["signal"]
        return (code, base64.b64decode(status.get("out-data", "")),
                base64.b64decode(status.get("err-data", "")))

    def write(self, path, content):
        handle = self.call("guest-file-open", path=path, mode="w")
        self.call("guest-file-write", handle=handle,
                  **{"buf-b64": base64.b64encode(content).decode()})
        self.call("guest-file-close", handle=handle)

    def close(self):
        self.socket.close()
        if self.vm:
            self.vm.stop()
            return
        self.process.terminate()
        errors = self.process.communicate(timeout=DEADLINE_S)[1]
        assert self.process.returncode == 0, errors.decode(errors="replace")


@pytest.fixture(scope="module")
def guest(machine, tmp_path_factory):
    guest = Guest(machine, tmp_path_factory.mktemp("agent"))
    guest.run("mkdir", "-p", "/nothing", *(f"/files/{name}" for name in FOLDERS + ["dir/sub"]))
    for name, content in FILES.items():
        guest.write(f"/files/{name}", content.encode("latin-1"))
    guest.run("chmod", "-R", "u=rwX,go=rX", "/files")
    guest.run("chmod", "755", "/files/script")
    yield guest
    guest.close()


@pytest.fixture
def folder():
    """A path that is the same in both places, and short enough to be read in a message."""
    path = f"/tmp/bare-qga-exec-{os.getpid()}"
    shutil.rmtree(path, ignore_errors=True)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def on_host(words, folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if files:
        for name in FOLDERS:
            os.makedirs(f"{folder}/{name}")
        for name, content in FILES.items():
            os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content.encode("latin-1"))
        os.chmod(f"{folder}/script", 0o755)
    # Whoever runs the tests with nohup ignores SIGHUP, and so would this.
    words = [*HARMLESS, "env", "--default-signal=HUP", *words]
    done = subprocess.run(words, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          capture_output=True, umask=0o022, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout, done.stderr


def in_guest(guest, words, folder, files):
    guest.run("rm", "-rf", folder)
    guest.run("cp", "-rp", "/files" if files else "/nothing", folder)
    return guest.run("env", "-C", folder, *words, env=ENVIRONMENT)


def outcome(result):
    code, out, err = result
    return f"code {code}\n--- out\n{out.decode('latin-1')}--- err\n{err.decode('latin-1')}"


def compare(guest, words, folder, files, name):
    ours = outcome(in_guest(guest, words, folder, files))
    theirs = outcome(on_host(words, folder, files))
    if ours != theirs and name not in ALLOWED:
        pytest.fail(f"{name}\n=== here\n{ours}=== Debian\n{theirs}", pytrace=False)
    assert ours != theirs or name not in ALLOWED, "this difference is gone"


def lines(text):
    return [line for line in text.strip("\n").split("\n") if line]


@pytest.mark.parametrize("script", lines(scripts.SHELL))
def test_shell(guest, folder, script):
    compare(guest, ["sh", "-c", script], folder, False, script)


@pytest.mark.parametrize("script", scripts.LONGER.strip("\n").split("\n----\n"))
def test_longer(guest, folder, script):
    compare(guest, ["sh", "-c", script], folder, False, script)


@pytest.mark.parametrize("script", lines(scripts.PROGRAMS))
def test_programs(guest, folder, script):
    words = [re.sub(r"\\([nt])", r"\\\1", word) for word in script.split()]
    compare(guest, words, folder, True, script)
    tree = ["find", ".", "-type", "f", "-exec", "sha256sum", "{}", "+"]
    theirs = subprocess.run(["sh", "-c", shlex.join(tree) + " | sort"], cwd=folder,
                            capture_output=True, check=True).stdout
    ours = guest.run("sh", "-c", f"cd {folder} && find . -type f | while read -r f; do "
                                 'sha256sum "$f"; done | sort')[1]
    assert ours == theirs, "the files afterwards differ"
