# SPDX-License-Identifier: BSD-2-Clause
"""Full memory is an error reply that leaves everything as it was; what is freed comes back."""
import hashlib

import pytest

from agent import CommandError, request
from qemu import DEFAULTS
from test_machines import check_session

PIECE = 64 << 10


def piece(name, number):
    """Content that tells its file and place."""
    seed = hashlib.sha256(f"{name} {number}".encode()).digest()
    return seed * (PIECE // len(seed))


def fill(agent, name):
    """Writes until the error reply; returns the number of pieces that went in."""
    handle = agent.open(name, "w")
    count = 0
    try:
        while count < 1 << 16:
            agent.write(handle, piece(name, count))
            count += 1
        pytest.fail("memory without end")
    except CommandError as error:
        assert error.error["class"] == "GenericError"
        # strerror(ENOSPC), as qemu-ga reports a full disk
        assert "No space left on device" in error.error["desc"], error.error
    finally:
        agent.close_file(handle)
    return count


def check_content(agent, name, count):
    data = agent.read_file(name, piece=PIECE)
    assert len(data) >= count * PIECE
    for n in range(count):
        assert data[n * PIECE:(n + 1) * PIECE] == piece(name, n)


def empty(agent, name):
    agent.close_file(agent.open(name, "w"))


# The cost is by the byte, so that much of it is for one architecture.
@pytest.mark.parametrize("machine,memory", [
    ("pc", "64M"), *((machine, memory) for machine in DEFAULTS for memory in ("8M", "16M"))])
def test_fill(boot, memory):
    agent = check_session(boot(memory=memory))
    count = fill(agent, "/tmp/a")
    assert count * PIECE > (int(memory[:-1]) << 20) / 3, "most of the memory should be for files"
    check_content(agent, "/tmp/a", count)
    with pytest.raises(CommandError):
        agent.write(agent.open("/tmp/b", "w"), bytes(PIECE))
    assert agent.execute("guest-ping") == {}
    empty(agent, "/tmp/a")
    assert fill(agent, "/tmp/c") >= count - 1
    assert agent.read_file("/tmp/hello") == b"hello\n"


def test_request_that_does_not_fit(boot):
    """A request larger than the memory that is left is refused, and read to its end."""
    agent = check_session(boot(memory="16M"))
    handle = agent.open("/tmp/a", "w+")
    agent.write(handle, b"kept")
    message = request("guest-file-write", {"handle": handle, "buf-b64": "QUJD" * (8 << 20)})
    agent.send(b"")
    line = agent.exchange(message, 1, 60)[0]
    assert b'"error"' in line
    agent.sync()
    agent.execute("guest-file-seek", handle=handle, offset=0, whence=0)
    assert agent.read(handle, 100)[:4] == b"kept"
    count = fill(agent, "/tmp/b")
    empty(agent, "/tmp/b")
    assert count * PIECE > 16 << 20 >> 2, "the refused request left its memory behind"


def test_read_when_full(boot):
    """A reply needs no memory in proportion to its size."""
    agent = check_session(boot(memory="16M"))
    count = fill(agent, "/tmp/a")
    handle = agent.open("/tmp/a")
    data = agent.read(handle, count * PIECE)
    assert len(data) == count * PIECE
    assert data[-PIECE:] == piece("/tmp/a", count - 1)


def test_nothing_leaks(boot):
    """The same room before and after 2,000 files' lives, handles left open among them."""
    agent = check_session(boot(memory="16M"))
    count = fill(agent, "/tmp/a")
    empty(agent, "/tmp/a")
    for n in range(2000):
        handle = agent.open("/tmp/x", "w+")
        agent.write(handle, bytes(1 + n * 37 % 20000))
        agent.close_file(handle)
    empty(agent, "/tmp/x")
    assert fill(agent, "/tmp/a") >= count - 1


def test_errors_do_not_leak(boot):
    """Neither do requests that fail in any of these ways."""
    agent = check_session(boot(memory="16M"))
    count = fill(agent, "/tmp/a")
    empty(agent, "/tmp/a")
    wrong = [b'{"execute":"guest-file-open","arguments":{"path":"/nowhere/x","mode":"w"}}',
             b'{"execute":"guest-file-open","arguments":{"path":"/tmp/x","mode":"q"}}',
             b'{"execute":"guest-file-write","arguments":{"handle":1,"buf-b64":"' + b"QUJD" * 999
             + b'"}}',
             b'{"execute":"no-such-command","id":"' + b"x" * 5000 + b'"}',
             b'{"execute":"guest-ping","arguments":{"a":[1,2,{"b":"c"}]}}']
    for message in wrong:
        for line in agent.exchange(message * 500, 500):
            assert b'"error"' in line
    assert fill(agent, "/tmp/a") >= count - 1


def test_many_handles(boot):
    """Handles run out with an error at most; closing them gives all back."""
    agent = check_session(boot(memory="8M"))
    handles = []
    try:
        while len(handles) < 20000:
            handles.append(agent.open("/tmp/hello"))
    except CommandError as error:
        assert "Too many open files" in error.error["desc"] or "memory" in error.error["desc"]
    assert len(handles) >= 1000
    for handle in handles:
        agent.close_file(handle)
    again = [agent.open("/tmp/hello") for _ in range(1000)]
    assert agent.read(again[-1], 100) == b"hello\n"
