# SPDX-License-Identifier: BSD-2-Clause
"""
Agents as processes of the host, compared by instructions (valgrind's callgrind): unlike time, they
do not depend on what else the machine is doing.

An operation's count is the difference of two runs with different numbers of it, so start and end
cancel out.  File names are below a directory of the host's memory; an agent whose files live in
its own memory gets them through the protocol, like the other.
"""
import base64
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../boot"))
from agent import Agent, AgentError, request  # noqa: E402

PING = request("guest-ping")
# What a benchmark has no business to touch on the host.
BLOCKED = ("guest-shutdown,guest-suspend-ram,guest-suspend-disk,guest-suspend-hybrid,"
           "guest-set-time,guest-set-vcpus,guest-set-user-password,guest-fsfreeze-freeze,"
           "guest-fsfreeze-freeze-list,guest-fstrim")
# Files of our agent are in its own memory, so any path will do for it.
OURS = "{binary} --listen {dir}/socket"
QEMU_GA = "{binary} -m unix-listen -p {dir}/socket -t {dir} -f {dir}/pid -b " + BLOCKED
CHUNKS = (4096, 65536, 1 << 20)


class Hosted:
    """One run of a hosted agent below callgrind."""

    def __init__(self, command, binary, own_files):
        self.dir = tempfile.mkdtemp(prefix="bare-qga.", dir="/dev/shm")
        self.file = "/tmp/f.bin" if own_files else self.dir + "/f.bin"
        self.counts = self.dir + "/callgrind"
        argv = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + self.counts]
        argv += shlex.split(command.format(binary=binary, dir=self.dir))
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while True:
            try:
                self.agent = Agent(self.dir + "/socket", 10)
                break
            except OSError as error:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise AgentError(f"{argv} does not listen") from error
                time.sleep(0.01)
        self.agent.sync()

    def _wait_idle(self):
        """
        Until the agent sleeps.  qemu-ga's handler of SIGTERM takes a lock of its main loop
        (qga/main.c:quit_handler), and waits for itself for ever if it comes in the middle of it.
        """
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with open(f"/proc/{self.process.pid}/wchan", encoding="ascii") as file:
                if "poll" in file.read():
                    return
            time.sleep(0.01)
        raise AgentError("the agent does not come to rest")

    def end(self):
        """Ends the agent and returns the instructions that it executed."""
        self.agent.close()
        self._wait_idle()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            raise AgentError("the agent does not end") from error
        with open(self.counts, encoding="ascii") as file:
            found = re.search(r"^(?:totals|summary): (\d+)", file.read(), re.MULTILINE)
        shutil.rmtree(self.dir, ignore_errors=True)
        return int(found.group(1))


def operate(hosted, kind, count, chunk):
    agent = hosted.agent
    if kind == "ping":
        for _ in range(count):
            assert agent.exchange(PING, 1)[0] == b'{"return": {}}'
        return
    text = base64.b64encode((hashlib.sha256(b"x").digest() * (chunk // 32 + 1))[:chunk]).decode()
    handle = agent.open(hosted.file, "w+")
    for _ in range(count if kind == "write" else 1):
        agent.exchange(request("guest-file-write", {"handle": handle, "buf-b64": text}), 1)
    if kind == "read":
        # The same bytes again and again; the seek is a few hundred instructions.
        for _ in range(count):
            agent.execute("guest-file-seek", handle=handle, offset=0, whence=0)
            line = agent.exchange(request("guest-file-read", {"handle": handle, "count": chunk}),
                                  1)[0]
            assert text.encode() in line
    agent.close_file(handle)


def instructions(command, binary, own_files):
    """Instructions per ping, and per byte by direction and chunk."""
    def difference(kind, few, many, chunk=0):
        counts = []
        for number in (few, many):
            hosted = Hosted(command, binary, own_files)
            operate(hosted, kind, number, chunk)
            counts.append(hosted.end())
        return (counts[1] - counts[0]) / (many - few)

    result = {"instructions_per_ping": difference("ping", 200, 1200)}
    for chunk in CHUNKS:
        few, many = {4096: (8, 40), 65536: (4, 20)}.get(chunk, (1, 3))
        for kind in ("write", "read"):
            name = f"{kind}_{chunk >> 10}K_instructions_per_byte"
            result[name] = difference(kind, few, many, chunk) / chunk
    return result


def compare(ours, theirs):
    """{name: {metric: value}} of both agents."""
    return {"bare-qga": instructions(OURS, ours, True),
            "qemu-ga": instructions(QEMU_GA, theirs, False)}
