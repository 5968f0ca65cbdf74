# SPDX-License-Identifier: BSD-2-Clause
"""The files of docs/misbehaviour.md and docs/personality.md: each is accepted and acts."""
import json
import os
import re

import pytest
from hosted_agent import ROOT, SET_FAULTS, STATUS
from agent import request


def recipes(name):
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
        text = file.read()
    for match in re.finditer(r"### ([^\n]*)\n(?:(?!###).)*?```json\n(.*?)```", text, re.S):
        yield pytest.param(match[2], id=re.sub(r"\W+", "-", match[1]).strip("-"))


def calls(fault):
    """A request that meets the fault."""
    arguments = {"guest-sync": {"id": 1}, "guest-sync-delimited": {"id": 1},
                 "guest-file-open": {"path": "/tmp/x", "mode": "w+"},
                 "guest-file-read": {"handle": 1}}
    command = fault.get("command") or {
        "half-freeze": "guest-fsfreeze-freeze"}.get(fault["effect"], "guest-ping")
    return request(command, arguments.get(command))


@pytest.mark.parametrize("text", recipes("misbehaviour.md"))
def test_recipe(hosted, text):
    """Accepted as a whole; then, one by one, each fault that meets calls has met some."""
    agent = hosted(text).connect()
    faults = json.loads(text)["faults"]
    late = [fault for fault in faults if fault["effect"] == "late-start"]
    if not late:  # whoever waits for that agent waits for a minute and a half
        status = agent.execute(STATUS)
        assert status["accepted"] and len(status["faults"]) == len(faults)
    for fault in faults:
        by_clock = "after-ms" in fault or "every-ms" in fault
        # Everything but what ends the conversation with this process.
        if late or by_clock or fault["effect"] in ("disconnect", "crash", "delay", "huge", "drip"):
            continue
        agent.execute(SET_FAULTS, faults=[fault])
        agent.send(calls(fault) * 3 + request(STATUS, id="end"))
        while b'"end"' not in (line := agent.line()):
            pass
        line = line[line.rindex(b'{"return": {"source'):]
        assert json.loads(line)["return"]["faults"][0]["met"] >= 1
    if not late:
        agent.execute(SET_FAULTS, faults=[])


def test_recipes_for_every_effect():
    used = {fault["effect"] for recipe in recipes("misbehaviour.md")
            for fault in json.loads(recipe.values[0])["faults"]}
    with open(os.path.join(ROOT, "schema/personality.json"), encoding="utf-8") as file:
        known = re.search(r"'FaultEffect',\s*'data': \[(.*?)\]", file.read(), re.S)[1]
    assert used == set(re.findall(r"'([a-z-]+)'", known))


def test_the_example_of_a_personality(hosted):
    with open(os.path.join(ROOT, "docs/personality.md"), encoding="utf-8") as file:
        text = re.search(r"```json\n(.*?)```", file.read(), re.S)[1]
    agent = hosted(text).connect()
    assert agent.execute(STATUS)["accepted"] is True
    assert agent.execute("guest-get-host-name") == {"host-name": "web-1.example.org"}


def test_the_problem_that_is_shown(hosted):
    server = hosted({"disks": [{"name": "sda", "partition": False, "address": {
        "pci-controller": {"domain": 0, "bus": 0, "slot": 0, "function": 0},
        "bus-type": "floppy", "bus": 0, "target": 0, "unit": 0}}]})
    problem = "Parameter 'disks[0].address.bus-type' does not accept value 'floppy'"
    assert server.connect().execute(STATUS)["problem"] == problem
    with open(os.path.join(ROOT, "docs/personality.md"), encoding="utf-8") as file:
        text = " ".join(file.read().split())
    assert f"{problem}; nothing of this file is in effect" in text and problem + '"' in text
