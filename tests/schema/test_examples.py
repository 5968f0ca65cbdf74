# SPDX-License-Identifier: BSD-2-Clause
"""The examples of the command reference, held against the agent as a Linux process."""

import json
import os
import socket
import subprocess
import time

import pytest
from conftest import ROOT, examples

HOSTED = [os.environ.get("BARE_QGA_HOSTED", ""), ROOT / "build" / "hosted" / "bare-qga"]
PATIENCE_S = 20
PERSONALITY = '{"faults": [{"effect": "cut", "tims": 1}]}'

# What makes an example possible: the file that it reads, the state that it ends.
OPEN = ("guest-file-open", {"path": "/tmp/greeting", "mode": "w+"})
WRITE = ("guest-file-write", {"handle": 1000, "buf-b64": "aGVsbG8K"})
REWIND = ("guest-file-seek", {"handle": 1000, "offset": 0, "whence": 0})
BEFORE = {
    "guest-file-close": [OPEN],
    "guest-file-read": [OPEN, WRITE, REWIND],
    "guest-file-write": [OPEN],
    "guest-file-seek": [OPEN, WRITE],
    "guest-file-flush": [OPEN],
    "guest-fsfreeze-thaw": [("guest-fsfreeze-freeze", {})],
    "guest-exec-status": [
        ("guest-exec", {"path": "echo", "arg": ["hello"], "capture-output": True}),
    ],
    "guest-ssh-get-authorized-keys": [
        (
            "guest-ssh-add-authorized-keys",
            {"username": "root", "keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN4 me@here"]},
        )
    ],
}
# Facts of the machine, of which the process has others than the guest in the examples.
FACTS = (
    "guest-info",
    "guest-get-time",
    "guest-get-fsinfo",
    "guest-get-osinfo",
    "guest-get-cpustats",
    "guest-get-load",
)
# The same, and whether an optional member is there depends on the interface.
NETWORK = ("guest-network-get-interfaces", "guest-network-get-route")


class Agent:
    """A process of its own, and the connection to it."""

    def __init__(self, folder):
        program = next((path for path in HOSTED if path and os.path.exists(path)), None)
        assert program, "make hosted builds the agent that this test talks to"
        path = str(folder / "agent.sock")
        # The vendor's commands are there where a personality is, be it a bad one.
        personality = folder / "opt" / "bare-qga" / "personality"
        personality.parent.mkdir(parents=True)
        personality.write_text(PERSONALITY)
        self.process = subprocess.Popen(
            [os.path.abspath(program), "--listen", path]
            + ["--personality", "opt/bare-qga/personality"],
            cwd=folder,
        )
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self._connect(path)
        self.replies = self.socket.makefile("rb")

    def _connect(self, path):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.socket.connect(path)
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end
                time.sleep(0.01)

    def send(self, request):
        self.socket.sendall(json.dumps(request).encode())

    def ask(self, request):
        self.send(request)
        return json.loads(self.replies.readline().lstrip(b"\xff"))

    def close(self):
        self.replies.close()
        self.socket.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def agent(tmp_path):
    agent = Agent(tmp_path)
    yield agent
    agent.close()


def shape(value):
    """A value with its variable parts left out: what stands for time, version and list length."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return shape(value[0]) if value else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


@pytest.mark.parametrize("example", examples(), ids=lambda example: example[0].name)
def test_the_agent_answers_as_the_reference_says(agent, example):
    command, request, reply = example
    for name, arguments in BEFORE.get(command.name, []):
        assert "return" in agent.ask({"execute": name, "arguments": arguments})
    if command.name == "guest-suspend-ram":
        # A process cannot sleep as a machine does.
        assert "not supported" in agent.ask(request)["error"]["desc"]
    elif reply is None:
        agent.send(request)
        assert agent.replies.read() == b""
    elif command.name in FACTS:
        assert shape(agent.ask(request)) == shape(reply)
    elif command.name == "guest-get-devices":
        assert agent.ask(request) == {"return": []}  # a process has none
    elif command.name in NETWORK:
        (lo, *_) = agent.ask(request)["return"]
        assert lo.get("name", lo.get("iface")) == "lo"
    else:
        assert agent.ask(request) == reply


def test_the_agent_knows_exactly_the_commands_of_the_schema(agent):
    information = agent.ask({"execute": "guest-info"})["return"]
    names = [entry["name"] for entry in information["supported_commands"]]
    commands = [command for command, _, _ in examples()]
    assert names == [c.name for c in commands if not c.has_feature("vendor")][::-1]
