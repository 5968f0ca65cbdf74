# SPDX-License-Identifier: BSD-2-Clause
"""Each effect as a client sees it, and that the next command works."""
import base64
import json
import time

import pytest
from hosted_agent import SET_FAULTS, STATUS
from agent import CommandError, request

PONG = b'{"return": {}}'
PING = request("guest-ping")


def fired(agent):
    """How often each fault has fired."""
    return [fault["fired"] for fault in agent.execute(STATUS)["faults"]]


def works(agent):
    """The next command, and the one behind it."""
    assert agent.execute("guest-ping") == {}
    assert agent.execute("guest-sync", id=77) == 77


def test_error(faulty):
    agent = faulty({"effect": "error", "command": "guest-get-time", "nth": 1,
                    "class": "CommandNotFound", "desc": "no clock \u00e9"})
    agent.send(request("guest-get-time", id=[5]))
    assert json.loads(agent.line()) == {
        "error": {"class": "CommandNotFound", "desc": "no clock \u00e9"}, "id": [5]}
    assert agent.execute("guest-get-time") > 0
    works(agent)


def test_error_by_default(faulty):
    agent = faulty({"effect": "error", "command": "guest-ping", "nth": 1})
    with pytest.raises(CommandError) as error:
        agent.execute("guest-ping")
    assert error.value.error["class"] == "GenericError"
    works(agent)


def test_return(faulty):
    value = {"a": [1, "\u20ac", None, 0.5], "b": {}}
    agent = faulty({"effect": "return", "command": "guest-nonsense", "value": value})
    assert agent.execute("guest-nonsense") == value
    works(agent)


def test_no_reply(faulty):
    """The command is carried out; only its reply is lost."""
    agent = faulty({"effect": "no-reply", "command": "guest-fsfreeze-freeze"})
    agent.send(request("guest-fsfreeze-freeze") + request("guest-fsfreeze-status"))
    assert agent.reply() == {"return": "frozen"}
    assert agent.execute("guest-fsfreeze-thaw") == 1
    works(agent)


def test_no_reply_and_not_run(faulty):
    agent = faulty({"effect": "no-reply", "command": "guest-shutdown", "run": False})
    agent.send(request("guest-shutdown"))
    works(agent)


def test_delay(faulty):
    agent = faulty({"effect": "delay", "command": "guest-ping", "nth": 1, "ms": 400})
    start = time.monotonic()
    agent.send(PING + request("guest-sync", {"id": 1}))
    assert agent.line() == PONG
    assert time.monotonic() - start >= 0.4
    assert agent.reply() == {"return": 1}
    works(agent)


def test_delay_outlives_its_client(hosted):
    """As with qemu-ga, a command that was taken is carried out, whoever has left meanwhile."""
    server = hosted({"faults": [
        {"effect": "delay", "command": "guest-fsfreeze-freeze", "ms": 300}]})
    agent = server.connect()
    agent.execute("guest-ping")
    agent.send(request("guest-fsfreeze-freeze"))
    agent.close()
    agent = server.connect()
    agent.sync()
    assert agent.execute("guest-fsfreeze-status") == "frozen"
    assert agent.execute("guest-fsfreeze-thaw") == 1
    works(agent)


def test_delay_is_without_a_client_too(hosted):
    server = hosted({"faults": [{"effect": "delay", "command": "guest-shutdown", "ms": 300}]})
    agent = server.connect()
    agent.send(request("guest-shutdown"))
    agent.close()
    assert server.wait_exit() == 0


@pytest.mark.parametrize("size", [None, 0, 1, 14, 99])
def test_cut(faulty, size):
    fault = {"effect": "cut", "command": "guest-ping", "nth": 1}
    agent = faulty(fault if size is None else {**fault, "bytes": size})
    whole = PONG + b"\n"
    agent.send(PING + request("guest-sync", {"id": 5}))
    expected = whole[:7 if size is None else size] + b'{"return": 5}'
    assert b"\n".join(agent.line() for _ in expected.split(b"\n")) == expected
    works(agent)


def test_garbage_text(faulty):
    agent = faulty({"effect": "garbage", "command": "guest-ping", "nth": 1,
                    "text": "syslog: \u00e9\n"})
    agent.send(PING)
    assert agent.line().decode() == "syslog: \u00e9"
    assert agent.line() == PONG
    works(agent)


def test_garbage_bytes(faulty):
    agent = faulty({"effect": "garbage", "command": "guest-ping", "nth": 1, "bytes": 1000})
    agent.send(PING)
    data = b""
    while not data.endswith(PONG + b"\n"):
        data += agent.receive()
    assert len(data) == 1000 + len(PONG) + 1
    works(agent)


def test_stale(faulty):
    agent = faulty({"effect": "stale", "command": "guest-ping", "nth": 1})
    agent.send(request("guest-sync", {"id": 11}) + PING)
    assert [agent.line() for _ in range(3)] == [b'{"return": 11}', b'{"return": 11}', PONG]
    works(agent)


def test_stale_instead(faulty):
    agent = faulty({"effect": "stale", "command": "guest-ping", "nth": 1, "instead": True})
    agent.send(request("guest-sync", {"id": 12}) + PING)
    assert [agent.line() for _ in range(2)] == [b'{"return": 12}', b'{"return": 12}']
    works(agent)


def test_wrong_id(faulty):
    agent = faulty({"effect": "wrong-id", "times": 5})
    for sent, got in ((7, 8), ("x", "wrong"), (-1, 0)):
        agent.send(request("guest-ping", id=sent))
        assert agent.reply() == {"return": {}, "id": got}
    assert agent.execute("guest-sync", id=100) == 101
    agent.send(request("guest-sync-delimited", {"id": 9}))
    assert agent.line() == b'\xff{"return": 10, "id": "wrong"}'
    works(agent)


def test_wrong_id_of_choice(faulty):
    agent = faulty({"effect": "wrong-id", "nth": 1, "id": {"not": "yours"}})
    agent.send(request("guest-nonsense", id=3))
    answer = agent.reply()
    assert answer["id"] == {"not": "yours"} and answer["error"]["class"] == "CommandNotFound"
    works(agent)


def test_duplicate(faulty):
    agent = faulty({"effect": "duplicate", "command": "guest-ping", "nth": 1},
                   {"effect": "duplicate", "command": "guest-sync", "nth": 1, "copies": 5})
    agent.send(PING + request("guest-sync", {"id": 4}))
    assert [agent.line() for _ in range(7)] == 2 * [PONG] + 5 * [b'{"return": 4}']
    works(agent)


def test_huge(faulty):
    """Twenty megabytes that the agent has not got."""
    size = 20 << 20
    agent = faulty({"effect": "huge", "command": "guest-ping", "nth": 1, "bytes": size})
    agent.send(PING)
    line = agent.line(60)
    assert len(line) == len(PONG) + size
    assert json.loads(line) == {"return": {}}
    works(agent)


def test_drip(faulty):
    agent = faulty({"effect": "drip", "command": "guest-ping", "nth": 1, "bytes": 2, "ms": 20})
    agent.send(PING)
    start = time.monotonic()
    assert agent.line() == PONG
    assert time.monotonic() - start >= 0.12
    works(agent)


def test_disconnect(hosted):
    server = hosted({"faults": [
        {"effect": "disconnect", "command": "guest-ping", "nth": 1, "ms": 100}]})
    agent = server.connect()
    agent.send(PING)
    assert agent.receive() == b""
    agent = server.connect()
    works(agent)


def test_disconnect_in_mid_reply(hosted):
    server = hosted({"faults": [
        {"effect": "disconnect", "command": "guest-ping", "nth": 1, "ms": 100, "when": "after"},
        {"effect": "cut", "command": "guest-ping", "nth": 1}]})
    agent = server.connect()
    agent.send(PING)
    assert agent.receive() == PONG[:7]
    assert agent.receive() == b""
    works(server.connect())


def test_crash(hosted):
    server = hosted({"faults": [{"effect": "crash", "command": "guest-fsfreeze-freeze"}]})
    agent = server.connect()
    agent.send(request("guest-fsfreeze-freeze"))
    assert agent.receive() == b""
    assert server.wait_exit() == 134
    server.start()
    works(server.connect())


def test_crash_after_the_reply(hosted):
    server = hosted({"faults": [{"effect": "crash", "command": "guest-ping", "when": "after"}]})
    agent = server.connect()
    agent.send(PING)
    assert agent.line() == PONG
    assert server.wait_exit() == 134


def test_restart(hosted):
    """Handles and programs die with the agent; files and the frozen state do not."""
    server = hosted({"faults": [
        {"effect": "restart", "command": "guest-get-time", "nth": 1, "ms": 100}]})
    agent = server.connect()
    agent.write_file("/tmp/f", b"stays")
    handle = agent.open("/tmp/f")
    pid = agent.execute("guest-exec", path="sleep", arg=["1000"])["pid"]
    agent.send(request("guest-get-time"))
    assert agent.receive() == b""
    agent = server.connect()
    with pytest.raises(CommandError) as error:
        agent.read(handle, 10)
    assert error.value.error["desc"] == f"handle '{handle}' has not been found"
    assert agent.open("/tmp/f") == handle + 1
    with pytest.raises(CommandError):
        agent.execute("guest-exec-status", pid=pid)
    assert agent.read_file("/tmp/f") == b"stays"
    works(agent)


def test_restart_by_the_clock(hosted):
    server = hosted({"faults": [{"effect": "restart", "every-ms": 300, "ms": 50, "times": 3}]})
    for _ in range(3):
        agent = server.connect()
        agent.execute("guest-ping")
        assert agent.receive() == b""
    agent = server.connect()
    assert fired(agent) == [3]
    works(agent)


def test_late_start(hosted):
    start = time.monotonic()
    server = hosted({"faults": [{"effect": "late-start", "ms": 700}]})
    agent = server.connect()
    agent.send(PING)
    assert agent.line() == PONG
    assert time.monotonic() - start >= 0.7
    works(agent)


def test_half_freeze(faulty):
    agent = faulty({"effect": "half-freeze", "nth": 1, "desc": "failed to freeze /srv: EIO"})
    with pytest.raises(CommandError) as error:
        agent.execute("guest-fsfreeze-freeze")
    assert error.value.error == {"class": "GenericError", "desc": "failed to freeze /srv: EIO"}
    assert agent.execute("guest-fsfreeze-status") == "frozen"
    assert agent.execute("guest-fsfreeze-thaw") == 1
    assert agent.execute("guest-fsfreeze-freeze") == 1
    agent.execute("guest-fsfreeze-thaw")
    works(agent)


def test_half_freeze_that_thaws(faulty):
    agent = faulty({"effect": "half-freeze", "stays-frozen": False, "times": 1})
    with pytest.raises(CommandError):
        agent.execute("guest-fsfreeze-freeze-list")
    assert agent.execute("guest-fsfreeze-status") == "thawed"
    works(agent)


def test_clock_jump(faulty):
    hour = 3600 * 10**9
    agent = faulty({"effect": "clock-jump", "command": "guest-get-time", "nth": 2,
                    "jump-ms": -3600 * 1000})
    before = agent.execute("guest-get-time")
    assert agent.execute("guest-get-time") < before - hour + 60 * 10**9
    assert agent.execute("guest-get-time") < before
    works(agent)


def test_clock_jump_by_the_clock(faulty):
    agent = faulty({"effect": "clock-jump", "after-ms": 200, "jump-ms": 10**7})
    start = agent.execute("guest-get-time")
    deadline = time.monotonic() + 20
    while agent.execute("guest-get-time") < start + 10**13:
        assert time.monotonic() < deadline
    works(agent)


def test_effects_add_up(faulty):
    agent = faulty({"effect": "delay", "command": "guest-ping", "nth": 1, "ms": 50},
                   {"effect": "error", "command": "guest-ping", "nth": 1, "desc": "slow no"},
                   {"effect": "garbage", "command": "guest-ping", "nth": 1, "text": "<"},
                   {"effect": "duplicate", "command": "guest-ping", "nth": 1},
                   {"effect": "wrong-id", "command": "guest-ping", "nth": 1})
    agent.send(request("guest-ping", id=1))
    error = b'{"id": 2, "error": {"class": "GenericError", "desc": "slow no"}}'
    assert [agent.line(), agent.line()] == [b"<" + error, error]
    works(agent)


def test_faults_at_run_time(hosted):
    agent = hosted({}).connect()
    works(agent)
    agent.execute(SET_FAULTS, faults=[{"effect": "error", "command": "guest-ping"}])
    with pytest.raises(CommandError):
        agent.execute("guest-ping")
    agent.execute(SET_FAULTS, faults=[])
    works(agent)
    assert agent.execute(STATUS)["faults"] == []


def test_clock_jump_is_seen_by_programs(faulty):
    """What the guest's programs take for the time, and that guest-set-time ends it."""
    agent = faulty({"effect": "clock-jump", "command": "guest-ping", "nth": 1,
                    "jump-ms": 400 * 86400 * 1000})

    def date():
        pid = agent.execute("guest-exec", path="date", arg=["+%s"], capture_output=True)["pid"]
        while not (status := agent.execute("guest-exec-status", pid=pid))["exited"]:
            pass
        return int(base64.b64decode(status["out-data"]))
    assert abs(date() - time.time()) < 60
    agent.execute("guest-ping")
    assert date() - time.time() > 399 * 86400
    agent.execute("guest-set-time", time=int(time.time()) * 10**9)
    assert abs(date() - time.time()) < 60
