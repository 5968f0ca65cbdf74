#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the test suites found, added up.

Every suite leaves one file build/results/<suite> with "passed failed skipped" and, on further
lines, the names of what failed.  As a program:

    results.py record SUITE PASSED FAILED SKIPPED [NAME...]
    results.py check SUITE COMMAND...    runs one check: it passes or fails as a whole
    results.py junit SUITE FILE [AGAIN]  takes the numbers from pytest's --junit-xml report; AGAIN
                                         is that of a second run of what failed in the first
    results.py tally                     prints all; exit status 1 if anything failed
"""
import os
import subprocess
import sys
import xml.etree.ElementTree

DIRECTORY = os.path.join(os.environ.get("BUILD", "build"), "results")


def record(suite, passed, failed, skipped, names=()):
    """Leaves a suite's numbers, in place of an earlier run's."""
    os.makedirs(DIRECTORY, exist_ok=True)
    with open(os.path.join(DIRECTORY, suite), "w", encoding="utf-8") as file:
        print(passed, failed, skipped, file=file)
        file.writelines(name + "\n" for name in names)


def check(suite, command):
    """Runs a command; its output is shown only if it fails.  Returns its exit status."""
    print(f"  {'CHECK':<8} {suite}", flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    good = done.returncode == 0
    if not good:
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
    record(suite, int(good), int(not good), 0, [] if good else [suite])
    return done.returncode


# Marks a name in a suite's file: the test failed and passed when it was run again.
UNSTABLE = "? "


def name_of(case):
    return f"{case.get('classname')}::{case.get('name')}"


def names_of_failed(cases):
    return [name_of(case) for case in cases
            if case.find("failure") is not None or case.find("error") is not None]


def junit(suite, path, again=None):
    """
    A pytest run, from its JUnit report; no report means that the run itself broke.  A test that
    passed in a second run is counted as passed, and named all the same.
    """
    try:
        cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
        second = list(xml.etree.ElementTree.parse(again).iter("testcase")) if again else []
    except (OSError, xml.etree.ElementTree.ParseError):
        record(suite, 0, 1, 0, [f"{suite}: no report at {path}"])
        return 1
    mended = {name_of(case) for case in second} - set(names_of_failed(second))
    failed = [name for name in names_of_failed(cases) if name not in mended]
    unstable = [UNSTABLE + name for name in names_of_failed(cases) if name in mended]
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    record(suite, len(cases) - len(failed) - skipped, len(failed), skipped, failed + unstable)
    return 1 if failed or not cases else 0


def tally():
    """One line a suite and the sum; the last line is the sum alone."""
    total = [0, 0, 0]
    suites = sorted(os.listdir(DIRECTORY)) if os.path.isdir(DIRECTORY) else []
    for suite in suites:
        with open(os.path.join(DIRECTORY, suite), encoding="utf-8") as file:
            numbers = [int(word) for word in file.readline().split()]
            names = file.read().splitlines()
        print(f"{suite:<28} {numbers[0]:>5} passed {numbers[1]:>5} failed {numbers[2]:>5} skipped")
        for name in names:
            if name.startswith(UNSTABLE):
                print("    UNSTABLE, passed when run again: " + name[len(UNSTABLE):])
            else:
                print("    FAILED " + name)
        total = [a + b for a, b in zip(total, numbers)]
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return 1 if total[1] or not total[0] else 0


def main(arguments):
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("tally", [])
    if verb == "record":
        record(rest[0], *map(int, rest[1:4]), rest[4:])
        return 0
    if verb == "check":
        return check(rest[0], rest[1:])
    if verb == "junit":
        return junit(*rest)
    return tally()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
