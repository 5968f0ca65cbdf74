# SPDX-License-Identifier: BSD-2-Clause
"""Several callers at once, callers that give up or die, and an agent that does not answer."""
import json
import os
import signal
import subprocess

import pytest

from domain import VirshError
from qemu import VIRT

MACHINES = ["pc", "q35", *VIRT]


@pytest.fixture
def stopped(start):
    """A domain whose QEMU stands still: to libvirt, an agent that does not answer."""
    domain = start()
    # Behind the guest-sync with which libvirt begins, and to which it gives five seconds.
    domain.execute("guest-ping")
    pid = domain.qemu_pid()
    os.kill(pid, signal.SIGSTOP)
    domain.go_on = lambda: os.kill(pid, signal.SIGCONT)
    yield domain
    domain.go_on()


def not_responding(domain, *arguments):
    with pytest.raises(VirshError) as error:
        domain.virsh(*arguments)
    assert "Guest agent is not responding" in error.value.stderr


def test_timeout(stopped):
    """The late answer to a command that timed out is not taken for that to a later one."""
    not_responding(stopped, "qemu-agent-command", "--timeout", "1",
                   '{"execute":"guest-sync","arguments":{"id":1}}')
    stopped.go_on()
    for number in range(2, 6):
        assert stopped.execute("guest-sync", id=number) == number


def test_guest_agent_timeout(stopped):
    """virsh guest-agent-timeout is for the verbs that have no timeout of their own."""
    stopped.virsh("guest-agent-timeout", "--timeout", "1")
    not_responding(stopped, "domfsfreeze")
    stopped.go_on()
    stopped.virsh("guest-agent-timeout", "--timeout", "-2")
    # Whether the freeze was carried out, nobody can know; thawing is always allowed.
    stopped.virsh("domfsthaw")
    assert stopped.virsh("domfsfreeze") == "Froze 1 filesystem(s)"
    assert stopped.virsh("domfsthaw") == "Thawed 1 filesystem(s)"


def test_client_killed_in_mid_command(stopped):
    mark = stopped.daemon.log_size()
    with stopped.popen("qemu-agent-command", "--block", '{"execute":"guest-info"}') as client:
        stopped.daemon.wait_log("Send command", since=mark)
        client.kill()
        assert client.wait() == -signal.SIGKILL
    stopped.go_on()
    for number in range(4):
        assert stopped.execute("guest-sync", id=number) == number


def test_clients_that_wait_for_their_turn(stopped):
    """libvirt lets one caller at a time have the agent; the others get their answers after it."""
    requests = [json.dumps({"execute": "guest-sync", "arguments": {"id": n}}) for n in range(4)]
    mark = stopped.daemon.log_size()
    clients = [stopped.popen("qemu-agent-command", "--block", text) for text in requests]
    stopped.daemon.wait_log("Send command", since=mark)
    stopped.go_on()
    for number, client in enumerate(clients):
        out, err = client.communicate(timeout=60)
        assert json.loads(out) == {"return": number}, err


def test_concurrent_callers(domain):
    """Each of eight callers gets the answers to its own requests, errors among them."""
    def script(caller):
        for number in range(20):
            yield f'qemu-agent-command {domain.name} {{"execute":"guest-sync",' \
                  f'"arguments":{{"id":{caller * 1000 + number}}}}}'
    clients = []
    for caller in range(8):
        lines = "; ".join(line.replace('"', '\\"') for line in script(caller))
        clients.append(domain.daemon.popen(lines))
    for caller, client in enumerate(clients):
        try:
            out, err = client.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            client.kill()
            raise
        assert [json.loads(line)["return"] for line in out.split()] == [
            caller * 1000 + number for number in range(20)], err


def test_same_domain_through_two_connections(domain):
    """What one caller opens another one closes: there is one agent, and it keeps no callers."""
    handle = domain.execute("guest-file-open", path="/tmp/two", mode="w")
    assert domain.call("guest-file-close", handle=handle) == {}
    with pytest.raises(VirshError, match=f"handle '{handle}' has not been found"):
        domain.execute("guest-file-close", handle=handle)
