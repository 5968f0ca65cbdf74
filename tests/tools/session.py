#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots the kernel in QEMU and shows one whole session with its agent (`make run`).

Prints what the host sends and what the guest answers.  Exit status 0 only if every answer was
right and QEMU ended by itself at guest-shutdown; otherwise the serial log and QEMU's command line
are printed.
"""
import argparse
import base64
import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../boot"))
import agent as protocol  # noqa: E402
import qemu  # noqa: E402

TEXT = b"kept by a kernel that is nothing but an agent\n"
PATH = "/tmp/hello"
SHOWN = 106


class WrongAnswer(AssertionError):
    """The guest answered something else than the session asks for."""


class Session:
    """Sends requests, shows both directions, and insists on the right answer."""

    def __init__(self, agent):
        self.agent = agent

    def step(self, title, name, right, summary=None, **arguments):
        """One request; `right` is the return value, or a function that judges the reply."""
        request = protocol.request(name, {k.replace("_", "-"): v for k, v in arguments.items()})
        started = time.monotonic()
        reply = json.loads(self.agent.exchange(request, 1)[0])
        spent = (time.monotonic() - started) * 1000
        show(title, request.decode().rstrip(), json.dumps(reply), spent)
        if not (right(reply) if callable(right) else reply == {"return": right}):
            raise WrongAnswer(f"{name}: that is not the right answer")
        if summary:
            print("       " + summary(reply))
        return reply.get("return")


def show(title, request, reply, spent):
    print(f"\n# {title}")
    print("host   " + clip(request))
    print(f"guest  {clip(reply):<{SHOWN}} {spent:8.2f} ms", flush=True)


def clip(text):
    return text if len(text) <= SHOWN else text[:SHOWN - 4] + " ..."


def info_summary(reply):
    commands = [c for c in reply["return"]["supported_commands"] if c["enabled"]]
    return f'  that is version {reply["return"]["version"]}, {len(commands)} commands enabled'


def converse(session):
    """The session itself, in the order in which a host tool would work."""
    def is_int(reply):
        return isinstance(reply.get("return"), int)

    def is_info(reply):
        names = [c["name"] for c in reply["return"]["supported_commands"]]
        return "guest-ping" in names and "guest-file-open" in names

    def is_now(reply):
        return abs(reply["return"] / 1e9 - time.time()) < 60

    session.step("is somebody there", "guest-ping", {})
    session.step("what can it do", "guest-info", is_info, info_summary)
    handle = session.step("a new file", "guest-file-open", is_int, path=PATH, mode="w+")
    session.step("write", "guest-file-write", {"count": len(TEXT), "eof": False}, handle=handle,
                 buf_b64=base64.b64encode(TEXT).decode())
    session.step("flush", "guest-file-flush", {}, handle=handle)
    session.step("back to the start", "guest-file-seek", {"position": 0, "eof": False},
                 handle=handle, offset=0, whence="set")
    session.step("read it back", "guest-file-read",
                 {"count": len(TEXT), "buf-b64": base64.b64encode(TEXT).decode(), "eof": True},
                 handle=handle, count=4096)
    session.step("close", "guest-file-close", {}, handle=handle)
    session.step("what is not there", "guest-file-open",
                 lambda reply: reply.get("error", {}).get("class") == "GenericError",
                 path="/tmp/nothing-here")
    session.step("freeze for a snapshot", "guest-fsfreeze-freeze",
                 lambda reply: reply.get("return", 0) >= 1)
    session.step("frozen means frozen", "guest-file-open",
                 lambda reply: reply.get("error", {}).get("class") == "CommandNotFound",
                 path=PATH, mode="w")
    session.step("state", "guest-fsfreeze-status", "frozen")
    session.step("thaw", "guest-fsfreeze-thaw", lambda reply: reply.get("return", 0) >= 1)
    session.step("the guest's clock", "guest-get-time", is_now)


def shut_down(vm, agent):
    """guest-shutdown answers nothing: that the machine ends is the answer."""
    request = protocol.request("guest-shutdown")
    started = time.monotonic()
    agent.send(request)
    status = vm.wait_exit(30)
    spent = (time.monotonic() - started) * 1000
    rest = agent.receive(5)
    show("power off", request.decode().rstrip(), f"(silence; QEMU ended, status {status})", spent)
    if rest or status != 0:
        raise WrongAnswer(f"guest-shutdown: no reply and status 0 expected, got {rest!r}")


def run(vm):
    """The whole session on a started machine."""
    agent = vm.connect()
    first_contact(vm, agent)
    converse(Session(agent))
    shut_down(vm, agent)


def first_contact(vm, agent):
    """
    guest-sync-delimited: its answer begins with 0xFF, and what came before it was not for us.
    Like qemu-ga, the agent calls the 0xFF of the request itself an error first.
    """
    number = int(vm.started)
    request = b"\xff" + protocol.request("guest-sync-delimited", {"id": number})
    agent.send(request)
    reply = agent.line(60)
    spent = (time.monotonic() - vm.started) * 1000
    show("first contact (\\xff is one byte, 0xFF); the time counts from starting QEMU",
         text(request), text(reply), spent)
    if not reply.startswith(b"\xff"):
        reply = agent.line()
        print("guest  " + text(reply))
    if not reply.startswith(b"\xff") or json.loads(reply[1:]) != {"return": number}:
        raise WrongAnswer("guest-sync-delimited: its id was expected after 0xFF")


def text(data):
    return data.decode("ascii", "backslashreplace").rstrip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", default=qemu.IMAGE)
    parser.add_argument("--machine", default="q35")
    parser.add_argument("--memory", default="64M")
    parser.add_argument("--logs", default=os.path.join(qemu.ROOT, "build/run"))
    options = parser.parse_args()
    size = os.path.getsize(options.kernel)
    print(f"Booting {os.path.relpath(options.kernel)} ({size / 1024:.0f} KiB) in QEMU: "
          f"machine {options.machine}, memory {options.memory}")
    shutil.rmtree(options.logs, ignore_errors=True)
    vm = qemu.Vm(options.logs, machine=options.machine, memory=options.memory,
                 kernel=options.kernel, no_reboot=True)
    try:
        with vm:
            run(vm)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        log = vm.serial.text() if vm.serial else ""
        print(f"\n# serial log\n{log}\n# QEMU's own messages\n{vm.errors()}\n"
              f"# QEMU's command line\n{vm.command()}\n\nFAILED: {error}", file=sys.stderr)
        return 1
    print("\n# what the kernel wrote on its serial line\n" + vm.serial.text().rstrip())
    print("\nEvery answer was right, and the machine switched itself off.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
