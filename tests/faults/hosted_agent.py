# SPDX-License-Identifier: BSD-2-Clause
"""The agent as a Linux process (the sanitized one) with a personality."""
import json
import os
import select
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/boot"))
import qemu  # noqa: E402
from agent import Agent  # noqa: E402

HOSTED = os.environ.get("BARE_QGA_HOSTED", os.path.join(ROOT, "build/hosted-asan/bare-qga"))
SET_FAULTS = "__org.bare-qga_set-faults"
STATUS = "__org.bare-qga_status"


class Hosted:
    """One hosted agent.  `personality` is an object, the text of a file, or None for no file."""

    def __init__(self, personality=None, args=()):
        self.folder = tempfile.TemporaryDirectory(prefix="bare-qga.")
        self.path = os.path.join(self.folder.name, "agent")
        self.argv = [HOSTED, "--listen", self.path, *args]
        if personality is not None:
            file = os.path.join(self.folder.name, "personality.json")
            with open(file, "w", encoding="utf-8") as out:
                out.write(personality if isinstance(personality, str) else json.dumps(personality))
            self.argv += ["--personality", file]
        self.errors = open(os.path.join(self.folder.name, "stderr"), "w+b")
        self.process = None
        self.agents = []
        self.start()

    def start(self):
        """Starts the process, and waits until it listens; again after it has crashed."""
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stderr=self.errors)
        deadline = qemu.Deadline(20)
        while not os.path.exists(self.path):
            assert self.process.poll() is None and not deadline.over(), self.log()
            select.select([], [], [], 0.01)

    def log(self):
        with open(self.errors.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def connect(self):
        """A new client.  bind() comes before listen(), so the first attempts may be refused."""
        deadline = qemu.Deadline(20)
        while True:
            try:
                agent = Agent(self.path, qemu.PATIENCE)
                break
            except ConnectionRefusedError:
                assert not deadline.over()
        self.agents.append(agent)
        return agent

    def wait_exit(self, timeout=20):
        return self.process.wait(timeout * qemu.PATIENCE)

    def stop(self):
        for agent in self.agents:
            agent.close()
        if self.process.poll() is None:
            self.process.terminate()
            code = self.process.wait(30)
            assert code == 0, self.log()
        log = self.log()
        self.errors.close()
        self.folder.cleanup()
        assert "Sanitizer" not in log and "runtime error" not in log, log
