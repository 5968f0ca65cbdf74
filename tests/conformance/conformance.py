#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plays the recorded cases against the hosted agent or the booted kernel.

    conformance.py hosted|kernel [options of replay.py, e.g. --case framing/; then only these]

One guest takes every case that leaves it alive; each case that ends the machine (tag "terminal")
gets a guest of its own.  A case of level must or should has to pass.  A quirk may fail if
known-quirks.txt names it with a reason; a named quirk that passes is out of date and fails.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests/boot"), os.path.join(ROOT, "tests/tools")]
import qemu  # noqa: E402
import replay  # noqa: E402
import results  # noqa: E402

# Room for the largest recorded documents (64 MiB) beside their answers.
MEMORY_MIB = 768
# What the kernel is played on; "aarch64:virt" (tests/boot/qemu.py, ARCHES) for another machine.
MACHINE = os.environ.get("BARE_QGA_MACHINE", "q35")
HOSTED = os.environ.get("BARE_QGA_HOSTED", os.path.join(ROOT, "build/hosted-asan/bare-qga"))


class Hosted:
    """The agent as a Linux process."""

    def __init__(self, logs):
        self.directory = tempfile.mkdtemp(prefix="bare-qga.")
        self.socket = os.path.join(self.directory, "qga.sock")
        self.command = [HOSTED, "--listen", self.socket, "--memory", str(MEMORY_MIB)]
        self.log = os.path.join(logs, "hosted.log")

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def broken(self):
        """A sanitizer's report, which no reply shows."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            text = file.read()
        return text if "Sanitizer" in text or "runtime error:" in text else None

    def describe(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return " ".join(self.command) + "\n" + file.read()[-8000:]


class Kernel:
    """The booted image."""

    def __init__(self, logs):
        self.vm = qemu.Vm(os.path.join(logs, "kernel"), machine=MACHINE, memory=f"{MEMORY_MIB}M",
                          no_reboot=True)
        self.socket = self.vm.path("agent")

    def __enter__(self):
        self.vm.start()
        return self

    def __exit__(self, *_):
        self.vm.stop()

    @staticmethod
    def broken():
        return None

    def describe(self):
        return (f"{self.vm.command()}\n{self.vm.describe()}\n--- serial log\n"
                f"{self.vm.serial.text()[-8000:]}")


def play(guest, options, report):
    """Runs replay.py on a started guest; returns its cases' results."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(report)
    command = [sys.executable, os.path.join(HERE, "replay.py"), guest.socket, "--dir", "/tmp",
               "--set", "open", "--unsafe", "--heavy", "--quiet", "--json", report, *options]
    subprocess.run(command, check=False, stdin=subprocess.DEVNULL)
    try:
        with open(report, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return [{"name": "first contact", "level": "must", "result": "fail",
                 "reason": "the agent did not answer"}]


def known_quirks():
    """Case name -> reason why it may fail."""
    quirks = {}
    with open(os.path.join(HERE, "known-quirks.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, reason = line.split(None, 1)
                quirks[name] = reason.strip()
    return quirks


def judge(played, quirks):
    """Splits the results into passed, failed (with the reason) and skipped."""
    passed, failed, skipped = [], [], []
    for case in played:
        name, allowed = case["name"], case["level"] == "quirk" and case["name"] in quirks
        if case["result"] == "skip":
            skipped.append(name)
        elif case["result"] == "pass" and name in quirks:
            failed.append(f"{name}: passes, so known-quirks.txt is out of date")
        elif case["result"] == "pass":
            passed.append(name)
        elif allowed:
            print(f"known quirk {name}: {quirks[name]}")
            skipped.append(name)
        else:
            failed.append(f"{name} ({case['level']}): {case['reason']}")
    return passed, failed, skipped


def main():
    kind, options = sys.argv[1], sys.argv[2:]
    make = {"hosted": Hosted, "kernel": Kernel}[kind]
    arch = qemu.arch_of(MACHINE)[0]
    if kind == "kernel" and arch != "x86_64":
        kind = "kernel-" + arch
    logs = os.path.join(ROOT, "build/conformance", kind)
    os.makedirs(logs, exist_ok=True)
    report = os.path.join(logs, "report.json")
    played, faults = [], []

    def round_on_fresh_guest(chosen):
        with make(logs) as guest:
            found = play(guest, chosen, report)
            played.extend(found)
            if any(case["result"] == "fail" and case["level"] != "quirk" for case in found):
                print(guest.describe(), file=sys.stderr)
        if text := guest.broken():
            print(text, file=sys.stderr)
            faults.append(f"{kind}: sanitizer report")

    round_on_fresh_guest(["--tag", "reconnect", *options])
    for case in replay.load(["open"]):
        if "terminal" in case.get("tags", []) and not options:
            round_on_fresh_guest(["--tag", "terminal", "--case", f"^{case['name']}$"])
    passed, failed, skipped = judge(played, known_quirks())
    failed += faults
    for line in failed:
        print("FAILED " + line)
    if not options:
        results.record("conformance-" + kind, len(passed), len(failed), len(skipped), failed)
    print(f"conformance-{kind}: {len(passed)} passed, {len(failed)} failed, "
          f"{len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
