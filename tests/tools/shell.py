#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots the kernel in QEMU and leaves you at a prompt (`make shell`).

A line is a command with its arguments, name=value, or a whole JSON request:

    guest-ping
    guest-file-open path=/etc/hostname
    guest-file-read handle=1000 count=64
    {"execute": "guest-sync", "arguments": {"id": 7}}

The Tab key completes, `help` lists the commands, `help NAME` explains one, `decode` shows what the
last reply's buf-b64 holds.  What the kernel writes on its serial line appears as it comes.
Ctrl-D (or `quit`) ends the machine.
"""
import argparse
import base64
import json
import os
import readline
import select
import shlex
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/boot"), str(ROOT / "schema")]
import agent as protocol  # noqa: E402
import qemu  # noqa: E402
from qapi.build import load  # noqa: E402
from qapi.model import json_type  # noqa: E402
from qapi.source import Reader  # noqa: E402

PROMPT = "qga> "
OWN_WORDS = ("help", "decode", "quit")
REPLY_SECONDS = 10


class Commands:
    """What the schema knows: names, arguments, texts."""

    def __init__(self):
        self.known = load(ROOT / "schema/qga.json", Reader()).commands

    def members(self, name):
        """Argument name -> schema member."""
        command = self.known.get(name)
        if command is None or command.arguments is None:
            return {}
        return {member.name: member for member in command.arguments.all_members()}

    def summary(self, name):
        texts = [s.text for s in self.known[name].doc.sections if s.kind == "text" and s.text]
        return " ".join(texts[0].split("\n\n")[0].split()) if texts else ""

    def usage(self, name):
        words = [name]
        for member in self.members(name).values():
            word = f"{member.name}=<{member.type.name}>"
            words.append(f"[{word}]" if member.optional else word)
        return " ".join(words)

    def explain(self, name):
        doc = self.known[name].doc
        lines = [self.usage(name), "", self.summary(name), ""]
        for member in self.members(name):
            lines.append(f"  {member}: " + " ".join(doc.member(member).split()))
        if doc.tag("Returns"):
            lines.append("  returns: " + " ".join(doc.tag("Returns").split()))
        return "\n".join(lines)

    def value(self, name, argument, text):
        """What the user typed after the equals sign, as the schema wants it."""
        member = self.members(name).get(argument)
        if member is not None and json_type(member.type) == "string":
            return text
        try:
            return json.loads(text)
        except ValueError:
            return text

    def request(self, line):
        """The bytes of what the user typed."""
        if line.startswith("{"):
            return line.encode() + b"\n"
        name, *words = shlex.split(line)
        arguments = {}
        for word in words:
            argument, equals, text = word.partition("=")
            if not equals:
                raise ValueError(f"{word}: arguments are name=value; try: help {name}")
            arguments[argument] = self.value(name, argument, text)
        return protocol.request(name, arguments)

    def complete(self, text, state):
        """readline's completer: command names first, then the arguments of the command."""
        words = readline.get_line_buffer()[:readline.get_begidx()].split()
        if not words or words == ["help"]:
            choices = [name + " " for name in (*self.known, *(() if words else OWN_WORDS))]
        else:
            choices = [name + "=" for name in self.members(words[0])]
        found = [choice for choice in choices if choice.startswith(text)]
        return found[state] if state < len(found) else None


class Console:
    """Shows the serial line as it comes, above the prompt."""

    def __init__(self, serial):
        self.serial = serial
        self.shown = 0
        self.at_prompt = False
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        while True:
            with self.serial.changed:
                self.serial.changed.wait_for(
                    lambda: self.serial.ended or b"\n" in self.serial.data[self.shown:])
                end = self.serial.data.rfind(b"\n") + 1
                text = self.serial.data[self.shown:end].decode("utf-8", "replace")
                self.shown = end
                ended = self.serial.ended
            for line in text.splitlines():
                print(f"\r\033[K  serial | {line}" if sys.stdout.isatty() else
                      f"  serial | {line}", flush=True)
            if text and self.at_prompt and sys.stdout.isatty():
                print(PROMPT + readline.get_line_buffer(), end="", flush=True)
            if ended:
                return

    def ask(self):
        self.at_prompt = True
        try:
            return input(PROMPT if sys.stdin.isatty() else "").strip()
        finally:
            self.at_prompt = False


class Shell:
    """The loop of prompt, request and reply."""

    def __init__(self, vm):
        self.vm = vm
        self.commands = Commands()
        self.agent = vm.agent(timeout=60)
        self.last = {}

    def show_reply(self, line, spent):
        text = line.decode("utf-8", "backslashreplace").lstrip("\\xff")
        try:
            self.last = json.loads(text)
        except ValueError:
            print(text)
            return
        print(f"{pretty(self.last)}    ({spent * 1000:.2f} ms)")

    def exchange(self, request):
        """Sends, then shows replies until the first has come; False if the machine ended."""
        started = time.monotonic()
        self.agent.send(request)
        end = started + REPLY_SECONDS
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.agent.sock, self.vm.pidfd], [], [], left)
            if self.agent.sock in ready and (data := self.agent.receive(0)):
                self.agent.buffer += data
                while b"\n" in self.agent.buffer:
                    self.show_reply(self.agent.line(), time.monotonic() - started)
                    end = 0
            elif ready:
                print(f"(the machine ended, QEMU's exit status is {self.vm.wait_exit()})")
                return False
        if end:
            print(f"(no reply within {REPLY_SECONDS} s)")
        return True

    def help(self, words):
        for name in words:
            print(self.commands.explain(name) if name in self.commands.known else
                  f"{name}: no such command")
        if not words:
            print(__doc__.split("\n\n", 1)[1].rstrip() + "\n")
            for name in sorted(self.commands.known):
                print("  " + self.commands.usage(name))

    def decode(self):
        value = self.last.get("return")
        text = value.get("buf-b64") if isinstance(value, dict) else None
        if text is None:
            print("the last reply has no buf-b64")
        else:
            print(base64.b64decode(text).decode("utf-8", "backslashreplace"))

    def handle(self, line):
        """One line of the user's; False to end."""
        word, *rest = line.split()
        if word in ("quit", "exit"):
            return False
        if word == "help":
            self.help(rest)
        elif word == "decode":
            self.decode()
        else:
            try:
                return self.exchange(self.commands.request(line))
            except ValueError as error:
                print(error)
        return True


def talk(vm):
    """The prompt, until the user or the machine ends it."""
    console = Console(vm.serial)
    shell = Shell(vm)
    readline.set_completer(shell.commands.complete)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")
    print("The agent answers. Tab completes, help explains, Ctrl-D ends the machine.")
    try:
        while True:
            line = console.ask()
            if line and not shell.handle(line):
                return
    except (EOFError, KeyboardInterrupt):
        print()


def pretty(value, indent=""):
    """JSON in one line where it fits into the terminal, else one element a line."""
    text = json.dumps(value)
    if len(indent) + len(text) <= 100 or not isinstance(value, (dict, list)):
        return text
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {pretty(v, deeper)}" for k, v in value.items()]
        return "{\n" + ",\n".join(deeper + part for part in parts) + "\n" + indent + "}"
    parts = [pretty(element, deeper) for element in value]
    return "[\n" + ",\n".join(deeper + part for part in parts) + "\n" + indent + "]"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", default=qemu.IMAGE)
    parser.add_argument("--machine", default="q35")
    parser.add_argument("--memory", default="64M")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bare-qga-shell.") as logs:
        vm = qemu.Vm(os.path.join(logs, "vm"), machine=options.machine, memory=options.memory,
                     kernel=options.kernel, no_reboot=True)
        try:
            with vm:
                talk(vm)
        except AssertionError as error:
            log = vm.serial.text() if vm.serial else ""
            print(f"{log}\n{vm.errors()}\n{vm.command()}\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
