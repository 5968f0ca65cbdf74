#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""check_python.py FILE...: each compiles, keeps to 100 columns and has no stray whitespace."""
import sys


def faults(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        compile(text, path, "exec")
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"
    if path.endswith("tests/exec/scripts.py"):
        return  # shell scripts, whose lines are what is tested
    # The runner came with the recorded cases and keeps its own line length.
    limit = 130 if path.endswith("conformance/replay.py") else 100
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > limit:
            yield f"{path}:{number}: {len(line)} columns"
        if line != line.rstrip() or "\t" in line:
            yield f"{path}:{number}: whitespace at the end, or a tab"


def main():
    found = [fault for path in sys.argv[1:] for fault in faults(path)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
