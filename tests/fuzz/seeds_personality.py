#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seeds of fuzz_personality: the ready-made files, each fault alone, and the recipes."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FAULTS = [
    {"effect": "error", "class": "CommandNotFound", "desc": "x", "nth": 2, "times": 3},
    {"effect": "return", "command": "guest-info", "value": [{"a": 1.5}, None]},
    {"effect": "no-reply", "run": False}, {"effect": "delay", "ms": 50},
    {"effect": "cut", "bytes": 3}, {"effect": "garbage", "text": "x\n"},
    {"effect": "garbage", "bytes": 30, "seed": 5, "probability": 0.5},
    {"effect": "stale", "instead": True}, {"effect": "wrong-id", "id": {}},
    {"effect": "duplicate", "copies": 3}, {"effect": "huge", "bytes": 100000},
    {"effect": "drip", "bytes": 2, "ms": 3}, {"effect": "disconnect", "ms": 5, "when": "after"},
    {"effect": "crash", "nth": 9}, {"effect": "restart", "every-ms": 10, "ms": 2, "times": 2},
    {"effect": "late-start", "ms": 5}, {"effect": "half-freeze", "stays-frozen": True},
    {"effect": "clock-jump", "after-ms": 1, "jump-ms": -5}]


def main():
    folder = pathlib.Path(sys.argv[1])
    for path in sorted((ROOT / "personalities").glob("*.json")):
        (folder / path.stem).write_bytes(path.read_bytes())
    for number, fault in enumerate(FAULTS):
        (folder / f"fault-{number}").write_text(json.dumps({"faults": [fault]}))
    (folder / "all-faults").write_text(json.dumps({"faults": FAULTS}))
    text = (ROOT / "docs/misbehaviour.md").read_text(encoding="utf-8")
    for number, recipe in enumerate(re.findall(r"```json\n(.*?)```", text, re.S)):
        (folder / f"recipe-{number}").write_text(recipe)


if __name__ == "__main__":
    main()
