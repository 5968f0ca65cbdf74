#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The e1000 laboratory (`make lab-e1000`): old ways out of QEMU's e1000, tried on this QEMU.

Boots the kernel with lab=e1000 on an emulated e1000.  The guest hands the device descriptors and
ring indices that no driver would write (boot/lab_e1000.c) and prints what the chip's own counters
say; here each is put beside what a QEMU with the fixes does, measured on 7.2.22.

A shape passes when the device came back at all, passed on no more than its 64 KiB buffer allows
(TOTL grew by at most 65535 + 4), and stopped where it should (TDH == TDT; 0 after indices outside
of the ring).  Exact lengths may differ, and a difference is only shown.

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

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../boot"))
import agent as protocol  # noqa: E402
import qemu  # noqa: E402

# CVE-2021-20257, the youngest of the four, was fixed for 6.0.
OLDEST = (6, 0)
FRAME_MAX = 0xffff
CRC = 4
# The whole run takes a second; a device that never comes back has this long.
WATCHDOG_S = 60

# What QEMU 7.2.22 does: frames, their bytes without CRCs, TDH at the end.
EXPECTED = {
    ("control", "frame"): (1, 60, 1),
    ("control", "segments"): (3, 154 + 154 + 104, 2),
    ("2012-0029", "0xffff"): (1, 65535, 1),
    ("2012-0029", "0x8000+0x7fff"): (1, 65535, 2),
    ("2012-0029", "0x8000+0x8000"): (1, 0, 2),
    ("2012-0029", "0xffff+0x100"): (1, 0, 2),
    ("2012-0029", "3x0xffff"): (1, 65535, 3),
    ("2012-0029", "3x0x8000"): (1, 32768, 3),
    ("2012-0029", "7x0xffff"): (1, 65535, 7),
    ("2012-0029", "segment-0x100fe"): (1, 65535, 2),
    ("2015-6815", "segment-0"): (1, 0, 2),
    ("2015-6815", "segment-0-twice"): (1, 0, 3),
    ("2016-1981", "TDH=9"): (0, 0, 0),
    ("2016-1981", "TDT=0x100"): (0, 0, 0),
    ("2016-1981", "TDH=9,TDT=0x100"): (0, 0, 0),
    ("2021-20257", "segment-after-frame"): (1, 2000, 3),
    ("2021-20257", "segment-0-after-frame"): (1, 1, 3),
}

# Why a row looks as it does, where that is a surprise.
BECAUSE = {
    "0x8000+0x8000": "the 16-bit size wraps to 0 at exactly 64 KiB",
    "0xffff+0x100": "one byte fits, and the size wraps to 0",
    "3x0xffff": "cut, wrapped, filled again",
    "3x0x8000": "wraps at 64 KiB, then 32 KiB more",
    "7x0xffff": "cut, wrapped, filled again, three times",
    "segment-0x100fe": "the segment would be 65790 bytes",
    "TDH=9": "of 8 descriptors",
    "TDT=0x100": "of 8 descriptors",
    "TDH=9,TDT=0x100": "neither is ever met",
}

ABOUT = {
    "control": "A frame and a frame in three segments, as any driver sends them. They show that "
               "the counters count, so that the rows below mean something.",
    "2012-0029": "Descriptors without EOP make one frame out of many pieces, and before the fix "
                 "each was appended to a buffer of 64 KiB wherever the last had ended, over "
                 "whatever came behind it in the process. Since \"e1000: bounds packet size "
                 "against buffer size\" a piece is cut to what is left, so no frame is longer than "
                 "65535 bytes, although a size of exactly 64 KiB still wraps to 0.",
    "2015-6815": "A header and segments of no bytes leave nothing to copy, and before the fix the "
                 "loop that cuts a frame into segments took 0 bytes at a time for ever. Now it "
                 "ends when it makes no progress, so TDH arrives at TDT.",
    "2016-1981": "The device walked from TDH until it met TDT or the place where it began, and "
                 "with both outside of the ring it met neither and went round for ever. Now the "
                 "walk also ends when it begins outside, sends nothing, and TDH is 0.",
    "2021-20257": "Pieces sent before a segmented one can already be longer than its header and "
                  "segment, and what was left to fill became a number below 0, so that the loop "
                  "never ended. Now the device gives up at once and passes on what it had.",
}

ROW = re.compile(r"lab e1000: (\S+) (\S+): frames=(\d+) bytes=(\d+) TDH=(\d+) TDT=(\d+) DD=(\d+)")
BEGUN = re.compile(r"lab e1000: (\S+ \S+): begins")
DONE = re.compile(r"lab e1000: done, (\d+) shapes")
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


def check_version():
    """Refuses a QEMU on which the shapes do damage; returns its first line about itself."""
    said = subprocess.run([qemu.QEMU, "-version"], capture_output=True, text=True, check=True,
                          timeout=60).stdout
    line = said.strip().split("\n", maxsplit=1)[0]
    if version_of(said) < OLDEST:
        raise Refused(f"{line}: older than {OLDEST[0]}.{OLDEST[1]}, which has all four fixes; "
                      "these shapes would damage the process or hang it")
    return line


def rows_of(log):
    """From the serial log: ((cve, name), frames, bytes without CRCs, TDH, TDT) for each shape."""
    rows = []
    for cve, name, *numbers in ROW.findall(log):
        frames, total, head, tail, _ = map(int, numbers)
        rows.append(((cve, name), frames, total - CRC * frames, head, tail))
    return rows


def fault_of(key, frames, count, head, tail):
    """What is wrong with a row, or None."""
    if key not in EXPECTED:
        return "a shape that nobody expects"
    if count + CRC * frames > FRAME_MAX + CRC:
        return f"more than {FRAME_MAX} bytes"
    if key[0] == "2016-1981":
        return None if head == 0 else "TDH is not 0"
    if head != tail:
        return "TDH did not arrive at TDT"
    if key[0] == "control" and (frames, count, head) != EXPECTED[key]:
        return "the counters do not count"
    return None


def judge(log, wanted):
    """Prints the table; returns whether every wanted shape was there and passed."""
    rows = rows_of(log)
    print(f"{'CVE':<12}{'shape':<24}{'expected':>18}{'seen':>18}  verdict")
    print(f"{'':<12}{'':<24}{'frames bytes TDH':>18}{'frames bytes TDH':>18}")
    good = True
    for key, frames, count, head, tail in rows:
        fault = fault_of(key, frames, count, head, tail)
        good = good and fault is None
        seen = (frames, count, head)
        verdict = fault or ("ok" if seen == EXPECTED[key] else "ok, though not as on 7.2")
        because = BECAUSE.get(key[1])
        print(f"{key[0]:<12}{key[1]:<24}{numbers(EXPECTED.get(key)):>18}{numbers(seen):>18}  "
              f"{verdict}{f' ({because})' if because else ''}")
    missing = wanted - {row[0] for row in rows}
    for key in sorted(missing):
        print(f"{key[0]:<12}{key[1]:<24}{numbers(EXPECTED[key]):>18}{'-':>18}  not run")
    return good and not missing


def numbers(values):
    return "{:>6} {:>6} {:>4}".format(*values) if values else "-"


def explain(cves):
    for cve in cves:
        title = cve if cve == "control" else "CVE-" + cve
        print("\n" + textwrap.fill(f"{title}: {ABOUT[cve]}", 96, subsequent_indent="    "))


def run(arguments, directory):
    """Boots, waits for the end of the experiment, asks the agent; returns the serial log."""
    lab = "e1000" + (f":{arguments.cve}" if arguments.cve else "")
    args = ["-netdev", "hubport,id=n0,hubid=0", "-device", f"{arguments.model},netdev=n0"]
    with qemu.Vm(directory, machine=arguments.machine, append=f"lab={lab}", args=args) as vm:
        try:
            vm.serial.wait(ENDED, WATCHDOG_S)
            log = vm.serial.text()
            vm.agent(timeout=WATCHDOG_S)
        except (qemu.QemuError, protocol.AgentError) as error:
            begun = BEGUN.findall(vm.serial.text())
            raise Hung(f"{error}\nthe last shape was {begun[-1] if begun else 'none'}; "
                       f"{vm.describe()}") from error
        if vm.process.poll() is not None:
            raise Hung(vm.describe())
        return log


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cve", choices=sorted(ABOUT), help="only the shapes of this one")
    parser.add_argument("--model", default="e1000",
                        choices=("e1000", "e1000-82545em", "e1000-82544gc"))
    parser.add_argument("--machine", default="pc")
    return parser.parse_args()


def main():
    arguments = parse()
    wanted = {key for key in EXPECTED if arguments.cve in (None, key[0])}
    try:
        print(check_version() + ", " + arguments.model + "\n", flush=True)
        with tempfile.TemporaryDirectory() as directory:
            log = run(arguments, directory)
    except Refused as refusal:
        print(f"refused: {refusal}")
        return 2
    except Hung as error:
        print(f"QEMU did not survive, or hangs: {error}")
        return 1
    good = judge(log, wanted)
    explain(sorted({key[0] for key in wanted}, key=lambda cve: (cve != "control", cve)))
    print(f"\n{len(wanted)} shapes, QEMU alive, agent answers: "
          f"{'all bounded' if good else 'NOT all as they must be'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
