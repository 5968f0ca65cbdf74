# SPDX-License-Identifier: BSD-2-Clause
"""
The port is a stream: pieces of any size, clients that stall, vanish and come back.

What a client leaves behind must not reach the next one: QEMU reports a disconnect by PORT_OPEN
with value 0 (virtio 1.2 §5.3.6.2), and the half-read document and the unsent replies go with it.
"""
import base64
import json
import select

import pytest

from agent import request
from test_machines import check_session

PING = request("guest-ping")
PONG = {"return": {}}


def wait_detached(vm):
    """Until QEMU itself has seen the client go; from then on the guest is being told."""
    while True:
        state = {c["label"]: c for c in vm.qmp.execute("query-chardev")}["agent"]
        if state["filename"].startswith("disconnected"):
            return


def pings(count):
    return b"".join(request("guest-ping", id=n) for n in range(count))


def check_pongs(lines):
    assert [json.loads(line) for line in lines] == \
        [{"return": {}, "id": n} for n in range(len(lines))]


def test_pipelined(boot):
    agent = boot().agent()
    check_pongs(agent.exchange(pings(4000), 4000))


def test_one_byte_at_a_time(boot):
    agent = boot().agent()
    for _ in range(20):
        for byte in PING:
            agent.send(bytes([byte]))
        assert agent.reply() == PONG


def test_without_newlines(boot):
    """A document ends at its brace; nothing waits for a newline."""
    agent = boot().agent()
    agent.send(PING.strip())
    assert agent.reply() == PONG
    agent.send(b'{"execute":"guest-ping"}' * 3)
    assert [agent.reply() for _ in range(3)] == [PONG] * 3


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 65536, 1 << 20, 4 << 20])
def test_big_files(boot, size):
    agent = boot(memory="256M").agent()
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    handle = agent.open("/tmp/big", "w+")
    agent.write(handle, data)
    agent.execute("guest-file-seek", handle=handle, offset=0, whence=0)
    assert agent.read(handle, size) == data
    assert agent.read(handle, 10) == b""


def test_host_does_not_read(boot):
    """Requests pile up unread until nothing moves any more; then every reply arrives, in order."""
    count = 30000
    agent = boot().agent()
    data, sent = memoryview(pings(count)), 0
    agent.sock.setblocking(False)
    while sent < len(data) and select.select([], [agent.sock], [], 0.5)[1]:
        sent += agent.sock.send(data[sent:sent + 4096])
    assert sent > 100_000
    agent.sock.setblocking(True)
    check_pongs(agent.exchange(data[sent:], count))


@pytest.mark.only("x86_64", "aarch64", why="riscv64's board has no power button")
def test_unread_reply_does_not_stop_the_machine(boot):
    """While a reply waits for its reader, the power button still works."""
    vm = boot()
    agent = vm.agent()
    agent.write_file("/tmp/big", bytes(4 << 20))
    handle = agent.open("/tmp/big")
    agent.send(request("guest-file-read", {"handle": handle, "count": 4 << 20}))
    assert select.select([agent.sock], [], [], 10)[0]
    vm.qmp.execute("system_powerdown")
    vm.qmp.wait_event("SHUTDOWN")


def test_disconnect_in_mid_document(boot):
    vm = boot()
    agent = vm.agent()
    for cut in (1, 5, 12, len(PING) - 3):
        # The reply to the first request tells that the piece behind it was delivered too.
        agent.send(PING + PING[:cut])
        assert agent.reply() == PONG
        agent.close()
        wait_detached(vm)
        agent = vm.connect()
        agent.send(PING)
        assert agent.reply() == PONG


def test_disconnect_in_mid_string(boot):
    """Half a big write, its string open, is dropped; nothing of it is written."""
    vm = boot()
    agent = vm.agent()
    handle = agent.open("/tmp/f", "w+")
    text = base64.b64encode(bytes(300_000))
    agent.send(b'{"execute":"guest-file-write","arguments":{"handle":%d,"buf-b64":"%s'
               % (handle, text[:200_000]))
    agent.close()
    wait_detached(vm)
    agent = vm.connect()
    agent.send(PING)
    assert agent.reply() == PONG
    assert agent.read(handle, 10) == b""


def test_disconnect_in_mid_reply(boot):
    """The next client sees its own replies and no tail of the last one's."""
    vm = boot()
    agent = vm.agent()
    agent.write_file("/tmp/big", bytes(4 << 20))
    for received in (1, 4096, 500_000):
        handle = agent.open("/tmp/big")
        agent.send(request("guest-file-read", {"handle": handle, "count": 4 << 20}))
        got = 0
        while got < received:
            got += len(agent.sock.recv(min(4096, received - got)))
        agent.close()
        wait_detached(vm)
        agent = vm.connect()
        agent.send(PING)
        assert agent.reply() == PONG
    check_pongs(agent.exchange(pings(100), 100))


def test_state_survives_reconnect(boot):
    vm = boot()
    agent = check_session(vm)
    handle = agent.open("/tmp/hello")
    assert agent.read(handle, 2) == b"he"
    agent.close()
    agent = vm.agent()
    assert agent.read(handle, 100) == b"llo\n"
    assert agent.execute("guest-fsfreeze-freeze") >= 1
    agent.close()
    agent = vm.agent()
    assert agent.execute("guest-fsfreeze-status") == "frozen"
    agent.send(request("guest-file-close", {"handle": handle}))
    assert agent.reply()["error"]["class"] == "CommandNotFound"
    assert agent.execute("guest-fsfreeze-thaw") >= 1
    agent.close_file(handle)


def test_reconnects(boot):
    """Events of fast reconnects come together on the control queue; each client is served."""
    vm = boot()
    check_session(vm).close()
    for n in range(200):
        agent = vm.connect()
        if n % 3 == 0:
            agent.send(PING[:n % len(PING)])
        elif n % 3 == 1:
            agent.sync()
        agent.close()
    assert vm.agent().read_file("/tmp/hello") == b"hello\n"


def test_silent_client_first(boot):
    """A client that was there from the start and says nothing for a while."""
    vm = boot()
    agent = vm.connect()
    assert agent.receive(0.5) is None
    agent.sync()


def test_request_before_the_guest_is_up(boot):
    """What a client writes before the port is open waits in QEMU and is answered once."""
    vm = boot.prepare()
    vm.argv += ["-S"]
    vm.start()
    agent = vm.connect()
    agent.send(request("guest-sync", {"id": 123456789}))
    vm.qmp.execute("cont")
    assert agent.reply() == {"return": 123456789}
    assert agent.receive(0.2) is None
