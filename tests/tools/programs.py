#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the test programs that are written in C, and records what they found.

    programs.py unit PROGRAM...                     cmocka programs; counts their single tests
    programs.py replay PROGRAM...                   each fuzz target once over its stored inputs
    programs.py fuzz SECONDS FOLDER PROGRAM...      each fuzz target for that long; new inputs and
                                                    whatever failed go to FOLDER

The stored inputs of build/fuzz/fuzz_x are tests/fuzz/corpus/x/, its dictionaries tests/fuzz/x.dict
and build/gen/x.dict, and build/fuzz/seeds/x/ holds inputs that are made from other files.
"""
import glob
import os
import re
import subprocess
import sys

import results

TAP_LINE = re.compile(r"^(not ok|ok) (?:\d+ )?-? ?(.*)$")
# One test program may take this long; a fuzz target's single input far less (-timeout).
LIMIT_SECONDS = 600
INPUT_SECONDS = 20
BUILD = os.environ.get("BUILD", "build")
ENVIRONMENT = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP",
                   ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:allocator_may_return_null=1",
                   UBSAN_OPTIONS="print_stacktrace=1")


def run(command, limit):
    """A program's exit status and output; a program that takes too long is ended."""
    try:
        done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b"").decode(errors="replace")
        return -1, text + f"\nended after {limit} s"


def unit(programs):
    """Every cmocka program; a crash counts as one failure more."""
    bad = False
    for program in programs:
        name = os.path.basename(program)
        status, output = run([program], LIMIT_SECONDS)
        passed, failed, skipped = 0, [], 0
        for line in output.splitlines():
            if match := TAP_LINE.match(line):
                if match[1] == "not ok":
                    failed.append(f"{name}: {match[2]}")
                elif re.search(r"# *skip", match[2], re.I):
                    skipped += 1
                else:
                    passed += 1
        if (status != 0 and not failed) or passed + len(failed) == 0:
            failed.append(f"{name}: ended with status {status}")
        if failed:
            print(output)
            bad = True
        print(f"  {'TEST':<8} {name}: {passed} passed, {len(failed)} failed, {skipped} skipped",
              flush=True)
        results.record("unit-" + name, passed, len(failed), skipped, failed)
    return int(bad)


def inputs_of(name):
    """The folders with stored inputs of fuzz_<name>."""
    return [folder for folder in (f"tests/fuzz/corpus/{name}", f"{BUILD}/fuzz/seeds/{name}")
            if os.path.isdir(folder)]


def target_name(program):
    return os.path.basename(program).removeprefix("fuzz_")


def replay(programs):
    """Every fuzz target over its stored inputs: what was once found stays found."""
    bad = False
    for program in programs:
        name = target_name(program)
        files = sorted(path for folder in inputs_of(name)
                       for path in glob.glob(folder + "/**", recursive=True)
                       if os.path.isfile(path))
        # Named files instead of folders: libFuzzer then runs exactly these, in this order.
        status, output = run([program, f"-timeout={INPUT_SECONDS}", *files], LIMIT_SECONDS) \
            if files else (-1, f"no stored inputs for {name}")
        ran = output.count("Executed ")
        if status != 0:
            print(output[-6000:])
            bad = True
        print(f"  {'REPLAY':<8} fuzz_{name}: {ran} inputs, status {status}", flush=True)
        results.record("fuzz-" + name, ran, int(status != 0), 0,
                       [f"fuzz_{name}: status {status}"] if status != 0 else [])
    return int(bad)


def fuzz(seconds, folder, programs):
    """Every fuzz target for some time, one after the other."""
    bad = []
    for program in programs:
        name = target_name(program)
        new, finds = os.path.join(folder, name, "new"), os.path.join(folder, name, "finds")
        for path in (new, finds):
            os.makedirs(path, exist_ok=True)
        command = [program, f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS}",
                   "-print_final_stats=1", f"-artifact_prefix={finds}/", new, *inputs_of(name)]
        for path in (f"tests/fuzz/{name}.dict", f"{BUILD}/gen/{name}.dict"):
            if os.path.exists(path):
                command.insert(1, "-dict=" + path)
        print(f"  {'FUZZ':<8} fuzz_{name} for {seconds} s: {' '.join(command)}", flush=True)
        status, output = run(command, seconds + LIMIT_SECONDS)
        tail = output.splitlines()[-14:] if status == 0 else output.splitlines()[-80:]
        print("\n".join(tail), flush=True)
        if status != 0:
            bad.append(name)
    print("findings in: " + ", ".join(bad) if bad else "no findings")
    return int(bool(bad))


def main(arguments):
    verb, rest = arguments[0], arguments[1:]
    if verb == "unit":
        return unit(rest)
    if verb == "replay":
        return replay(rest)
    return fuzz(int(rest[0]), rest[1], rest[2:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
