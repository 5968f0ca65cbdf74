#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns the recorded conformance cases into inputs of fuzz_qga.

    seeds_qga.py FOLDER

One file per case: the header that fuzz_qga reads (all memory, whole pieces), then the bytes of
the case's steps.  Cases of more than 16 KiB are left out: they would only slow the fuzzer down.
"""
import base64
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = b"\0" + b"\xff" * 8
BYTES_MAX = 16384


def step_bytes(step):
    if "parts" in step:
        return b"".join(base64.b64decode(part["b64"]) * part.get("times", 1)
                        for part in step["parts"])
    return base64.b64decode(step.get("b64", ""))


def case_bytes(case):
    data = b"".join(step_bytes(step) for step in case["steps"])
    for name, value in ((b"{DIR}", b"/tmp"), (b"{U}", b"u")):
        data = data.replace(name, value)
    for step in case["steps"]:
        for capture in step.get("capture", []):
            number = b"2" if capture["path"][-1] == "pid" else b"1000"
            data = data.replace(b"{H:%s}" % capture["as"].encode(), number)
    return data


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for path in sorted(glob.glob(os.path.join(HERE, "../conformance/open/*.jsonl"))):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                case = json.loads(line)
                size = sum(len(base64.b64decode(part["b64"])) * part.get("times", 1)
                           for step in case["steps"] for part in step.get("parts", [step])
                           if "b64" in part)
                if size <= BYTES_MAX:
                    name = case["name"].replace("/", "-")
                    with open(os.path.join(folder, name), "wb") as seed:
                        seed.write(HEADER + case_bytes(case))


if __name__ == "__main__":
    main(sys.argv[1])
