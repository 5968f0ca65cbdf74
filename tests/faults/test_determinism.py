# SPDX-License-Identifier: BSD-2-Clause
"""The same file and seeds give the same bytes, hosted and booted."""
import json

from hosted_agent import STATUS, qemu
from test_booted import brings
from agent import request

FAULTS = [
    {"effect": "garbage", "probability": 0.3, "bytes": 40},
    {"effect": "error", "probability": 0.2, "seed": 4711, "desc": "now and then"},
    {"effect": "duplicate", "command": "guest-sync", "probability": 0.4},
    {"effect": "stale", "probability": 0.25, "seed": 18446744073709551615},
    {"effect": "cut", "command": "guest-ping", "nth": 5, "times": 20, "probability": 0.5},
    {"effect": "wrong-id", "nth": 50, "times": 10},
    {"effect": "huge", "command": "guest-ping", "probability": 0.1, "bytes": 3000},
    {"effect": "no-reply", "probability": 0.05},
    {"effect": "delay", "probability": 0.02, "ms": 20},
]
END = b"the end of it"
REQUESTS = b"".join(
    request("guest-ping", id=i) + request("guest-sync", {"id": i}) + b'{"execute": 5}\n'
    for i in range(150))


def conversation(agent):
    """All that the agent says to the same requests, but for the place of the file, and a status."""
    agent.send(REQUESTS + request(STATUS, id=END.decode()))
    data = b""
    while END not in data or not data.endswith(b"\n"):
        piece = agent.receive(30)
        assert piece, data[-200:]
        data += piece
    said, status = data[:-1].rsplit(b"\n", 1) if b"\n" in data[:-1] else (b"", data)
    faults = json.loads(status)["return"]["faults"]
    return said, faults


def with_seed(seed):
    return {"faults": [{**fault, "seed": seed + i} if "seed" not in fault else fault
                       for i, fault in enumerate(FAULTS)]}


def test_the_same_bytes(hosted):
    first = conversation(hosted(with_seed(1)).connect())
    assert conversation(hosted(with_seed(1)).connect()) == first
    assert conversation(hosted(with_seed(2)).connect()) != first
    assert all(fault["fired"] for fault in first[1]), first[1]


def test_the_same_bytes_from_the_kernel(hosted, machine, tmp_path):
    options = brings(with_seed(3), machine, tmp_path)
    with qemu.Vm(str(tmp_path / "vm"), machine=machine, **options) as vm:
        booted = conversation(vm.connect())
    assert booted == conversation(hosted(with_seed(3)).connect())


def test_the_generator_is_splitmix64(hosted):
    """The first outputs of the published generator for the seed 0, their highest bytes."""
    agent = hosted({"faults": [
        {"effect": "garbage", "command": "guest-ping", "bytes": 4, "seed": 0}]}).connect()
    agent.send(request("guest-ping"))
    assert agent.line() == b"\xe2\x6e\x06\xf8" + b'{"return": {}}'


def test_a_fault_draws_for_itself(hosted):
    """Another fault in the list changes nothing for this one."""
    fault = {"effect": "error", "command": "guest-ping", "probability": 0.5, "seed": 9}
    other = {"effect": "garbage", "command": "guest-get-time", "probability": 0.5, "seed": 1}

    def pattern(faults):
        agent = hosted({"faults": faults}).connect()
        pings = []
        for _ in range(64):
            agent.send(request("guest-ping"))
            pings.append(b"error" in agent.line())
        return pings
    assert pattern([fault]) == pattern([other, fault])
    assert 10 < sum(pattern([fault])) < 54
