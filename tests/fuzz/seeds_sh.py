#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns the scripts that are compared with Debian's shell into inputs of fuzz_sh.

    seeds_sh.py FOLDER
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../exec"))
import scripts  # noqa: E402


def main(folder):
    os.makedirs(folder, exist_ok=True)
    texts = scripts.SHELL.strip("\n").split("\n") + scripts.PROGRAMS.strip("\n").split("\n")
    texts += scripts.LONGER.strip("\n").split("\n----\n")
    for number, text in enumerate(text for text in texts if text):
        with open(os.path.join(folder, f"{number:04}"), "wb") as seed:
            seed.write(b"\0" + text.encode())


if __name__ == "__main__":
    main(sys.argv[1])
