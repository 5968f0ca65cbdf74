#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The e1000 laboratory (`make lab-e1000`): old ways out of QEMU's e1000, tried on this QEMU.

Boots the kernel with lab=e1000 on an emulated e1000.  The guest hands the device descriptors and
ring indices that no driver would write (boot/lab_e1000.c), takes frames from here that no host
would send (boot/lab_e1000_wire.c), and prints what the chip's own counters say; each is put beside
what a QEMU with the fixes does (shapes.py).

A shape that is sent passes when the device came back at all, passed on no more than its 64 KiB
buffer allows (TOTL grew by at most 65535 + 4), and stopped where it should (TDH == TDT; 0 after
indices outside of the ring).  One that is received passes when the good frame after it has come,
and what had to be refused was.  Exact lengths may differ, and a difference is only shown.

Exit status: 0 when all pass and the guest still answers; 1 when one does not; 2 when the run was
refused because this QEMU is older than the fixes, on which these shapes damage the process.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import textwrap

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../boot"))
import agent as protocol  # noqa: E402
import cable  # noqa: E402
import qemu  # noqa: E402
from shapes import DEFECTS, RECEIVED, SENT, SHAPES, SINCE  # noqa: E402

FRAME_MAX = 0xffff
CRC = 4
# A shape takes a second; a device that never comes back has this long.
WATCHDOG_S = 60
# Other code: it has its own defects, and its own way to send.
E1000E = "e1000e"
MODELS = ("e1000", "e1000-82545em", "e1000-82544gc", E1000E)

ROW = re.compile(r"lab e1000: (\S+) (\S+): frames=(\d+) bytes=(\d+) TDH=(\d+) TDT=(\d+) DD=(\d+)")
RECEIVED_ROW = re.compile(r"lab e1000: (\S+) (\S+): received=(\d+) bytes=(\d+) oversize=(\d+) "
                          r"RDH=(\d+) DD=(\d+)")
BEGUN = re.compile(r"lab e1000: (\S+ \S+): begins")
WANTS = re.compile(r"lab e1000: \S+ \S+: wants (\d+) (\d+)\r?\n")
ENDED = re.compile(r"lab e1000: done|lab e1000: no |lab e1000: this machine|lab: there is only")


class Refused(Exception):
    """This QEMU must not be tried."""


class Hung(Exception):
    """The device did not come back."""


def version_of(text):
    """The version in what QEMU says to -version."""
    found = re.search(r"version (\d+)\.(\d+)", text)
    if not found:
        raise Refused(f"no version in {text!r}")
    return int(found.group(1)), int(found.group(2))


def check_version(cves):
    """Refuses a QEMU on which the shapes do damage; returns its first line about itself."""
    said = subprocess.run([qemu.QEMU, "-version"], capture_output=True, text=True, check=True,
                          timeout=60).stdout
    line = said.strip().split("\n", maxsplit=1)[0]
    youngest = max(cves, key=SINCE.get)
    if version_of(said) < SINCE[youngest]:
        raise Refused(f"{line}: the fix of CVE-{youngest} came with "
                      f"{'.'.join(map(str, SINCE[youngest]))}; before it these shapes damage the "
                      "process or hang it")
    return line


def wanted_shapes(model, cve):
    """Two sets: what is sent and what is received."""
    def chosen(shapes):
        return {key for key in shapes if cve in (None, key[0])}
    return set() if model == E1000E else chosen(SENT), chosen(RECEIVED)


# --- the verdict -------------------------------------------------------------------------------


def sent_rows(log):
    """From the serial log: ((cve, name), frames, bytes without CRCs, TDH, TDT) for each shape."""
    rows = []
    for cve, name, *numbers in ROW.findall(log):
        frames, total, head, tail, _ = map(int, numbers)
        rows.append(((cve, name), frames, total - CRC * frames, head, tail))
    return rows


def received_rows(log):
    """((cve, name), frames, oversize, RDH) for each shape that is received."""
    return [((cve, name), int(frames), int(oversize), int(head))
            for cve, name, frames, _, oversize, head, _ in RECEIVED_ROW.findall(log)]


def fault_of_sent(key, frames, count, head, tail):
    """What is wrong with a row, or None."""
    if key not in SENT:
        return "a shape that nobody expects"
    if count + CRC * frames > FRAME_MAX + CRC:
        return f"more than {FRAME_MAX} bytes"
    if key[0] == "2016-1981":
        return None if head == 0 else "TDH is not 0"
    if head != tail:
        return "TDH did not arrive at TDT"
    if key[0] == "control" and (frames, count, head) != SENT[key]:
        return "the counters do not count"
    return None


def fault_of_received(key, frames, oversize, head):
    if key not in RECEIVED:
        return "a shape that nobody expects"
    if frames == 0:
        return "the good frame did not come"
    if key[0] == "2012-6075" and (frames, head) != (1, 1):
        return "an oversize frame was received"
    if key[0] == "control" and (frames, oversize, head) != RECEIVED[key]:
        return "the counters do not count"
    return None


def print_table(title, expected, rows, wanted):
    """One line a shape; rows are (key, fault, seen).  Whether all that is wanted is good."""
    print(f"{'CVE':<12}{'shape':<24}{'expected':>18}{'seen':>18}  verdict")
    print(f"{'':<12}{'':<24}{title:>18}{title:>18}")
    for key, fault, seen in rows:
        verdict = fault or ("ok" if seen == expected[key] else "ok, though not as on 7.2")
        print(f"{key[0]:<12}{key[1]:<24}{numbers(expected.get(key)):>18}{numbers(seen):>18}  "
              f"{verdict}")
    missing = wanted - {key for key, _, _ in rows}
    for key in sorted(missing):
        print(f"{key[0]:<12}{key[1]:<24}{numbers(expected[key]):>18}{'-':>18}  not run")
    print()
    return not missing and all(fault is None for _, fault, _ in rows)


def numbers(values):
    return "{:>6} {:>6} {:>4}".format(*values) if values else "-"


def judge(log, sent, received):
    """Prints both tables; returns whether every wanted shape was there and passed."""
    rows = [(row[0], fault_of_sent(*row), row[1:4]) for row in sent_rows(log)]
    good = not (sent or rows) or print_table("frames bytes TDH", SENT, rows, sent)
    rows = [(row[0], fault_of_received(*row), row[1:]) for row in received_rows(log)]
    return (not (received or rows) or
            print_table("good refused RDH", RECEIVED, rows, received)) and good


def explain(keys):
    """Two sentences for each defect, and for each of its shapes."""
    def say(text, indent):
        print(textwrap.fill(text, 96, initial_indent=" " * indent,
                            subsequent_indent=" " * (indent + 4)))
    for cve in sorted({key[0] for key in keys}, key=lambda cve: (cve != "control", cve)):
        say(f"{cve if cve == 'control' else 'CVE-' + cve}: {DEFECTS[cve]}", 0)
        for name in [key[1] for key in (*SENT, *RECEIVED) if key in keys and key[0] == cve]:
            say(f"{name}: {SHAPES[name]}", 4)
        print()


# --- the run -----------------------------------------------------------------------------------


def play(vm, wire):
    """Sends what the guest wants until it is done; the serial log."""
    answered = 0
    while True:
        more = re.compile(rf"(?s)(?:{WANTS.pattern}.*?){{{answered + 1}}}|{ENDED.pattern}")
        vm.serial.wait(more, WATCHDOG_S)
        log = vm.serial.text()
        wanted = WANTS.findall(log)[answered:]
        if not wanted:
            return log
        for sizes in wanted:
            wire.send(*[cable.frame(int(size)) for size in sizes if int(size)])
        answered += len(wanted)


def run(arguments, directory):
    """Boots, plays the other end of the wire, asks the agent; returns the serial log."""
    lab = "e1000" + (f":{arguments.cve}" if arguments.cve else "")
    vm = qemu.Vm(directory, machine=arguments.machine, append=f"lab={lab}")
    wire = cable.Cable(vm)
    vm.argv += wire.args + ["-device", f"{arguments.model},netdev={wire.name}"]
    with vm:
        try:
            log = play(vm, wire)
            vm.agent(timeout=WATCHDOG_S)
        except (qemu.QemuError, protocol.AgentError, OSError) as error:
            begun = BEGUN.findall(vm.serial.text())
            raise Hung(f"{error}\nthe last shape was {begun[-1] if begun else 'none'}; "
                       f"{vm.describe()}") from error
        finally:
            wire.close()
        if vm.process.poll() is not None:
            raise Hung(vm.describe())
        return log


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cve", choices=sorted(DEFECTS), help="only the shapes of this one")
    parser.add_argument("--model", choices=MODELS,
                        help="only on this one; by default e1000, and e1000e for what it receives")
    parser.add_argument("--machine", default="pc")
    return parser.parse_args()


def try_model(arguments):
    """Whether all is as it must be on one model."""
    sent, received = wanted_shapes(arguments.model, arguments.cve)
    print(f"{arguments.model}:\n", flush=True)
    try:
        with tempfile.TemporaryDirectory() as directory:
            log = run(arguments, directory)
    except Hung as error:
        print(f"QEMU did not survive, or hangs: {error}")
        return False
    good = judge(log, sent, received)
    print(f"{len(sent | received)} shapes, QEMU alive, agent answers: "
          f"{'all bounded' if good else 'NOT all as they must be'}\n", flush=True)
    return good


def main():
    arguments = parse()
    models = {model: set.union(*wanted_shapes(model, arguments.cve))
              for model in ([arguments.model] if arguments.model else ["e1000", E1000E])}
    keys = set.union(*models.values())
    if not keys:
        print(f"there is nothing of {arguments.cve} on {arguments.model}")
        return 0
    try:
        print(check_version({key[0] for key in keys}) + "\n")
    except Refused as refusal:
        print(f"refused: {refusal}")
        return 2
    good = True
    for arguments.model in [model for model in models if models[model]]:
        good = try_model(arguments) and good
    explain(keys)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
