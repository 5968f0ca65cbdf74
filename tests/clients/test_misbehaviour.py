# SPDX-License-Identifier: BSD-2-Clause
"""
virsh meets each effect of docs/misbehaviour.md, and the next command works.

What libvirt makes of it (9.0, src/qemu/qemu_agent.c): a reply that does not come in time is a
timeout, after which the next command begins with guest-sync and puts up with anything before its
answer.  A line that is no JSON, or one longer than 10 MiB, makes it give the agent up until the
port was closed and is open again.
"""
import time

import pytest

from libvirtd import VirshError
from qemu import VIRT

MACHINES = ["q35", *VIRT]

SET_FAULTS = "__org.bare-qga_set-faults"
STATUS = "__org.bare-qga_status"
PING = '{"execute":"guest-ping"}'
NOT_RESPONDING = "Guest agent is not responding"
GIVEN_UP = "QEMU guest agent is not available due to an error"


def with_faults(*faults):
    return {"faults": list(faults)}


@pytest.fixture(scope="module")
def shared(start_for_all):
    """One domain for all that it survives."""
    return start_for_all(network=False, personality=with_faults())


@pytest.fixture
def faulty(shared):
    """`faulty(fault, ...)` sets them; what a test has left is forgotten."""
    def set_faults(*faults):
        shared.execute(SET_FAULTS, faults=list(faults))
        return shared
    yield set_faults
    try:
        shared.execute(SET_FAULTS, faults=[])
    except VirshError:  # the test has failed: the next one begins with a new boot
        mark = shared.events.mark()
        shared.virsh("reset")
        shared.wait_connected(mark)


def works(domain):
    """The next command, and some behind it that would show a shift."""
    for number in (4711, 4712, 4713):
        assert domain.execute("guest-sync", id=number) == number
    assert domain.execute("guest-ping") == {}


def fails(domain, text, *arguments):
    with pytest.raises(VirshError) as error:
        domain.virsh(*(arguments or ("qemu-agent-command", "--timeout", "1", PING)))
    assert text in error.value.stderr


def reconnects(domain, mark):
    mark = domain.wait_disconnected(mark)
    domain.wait_connected(mark)


def test_error(faulty):
    domain = faulty({"effect": "error", "command": "guest-ping", "nth": 1, "desc": "no \u00e9"})
    fails(domain, "unable to execute QEMU agent command 'guest-ping': no \u00e9")
    works(domain)


def test_a_command_that_is_not_there(faulty):
    """Class CommandNotFound: virsh guestinfo goes without; another class fails all of it."""
    domain = faulty({"effect": "error", "command": "guest-get-timezone", "times": 1,
                     "class": "CommandNotFound", "desc": "not here"})
    assert "timezone.offset" not in domain.virsh("guestinfo")
    assert "timezone.offset" in domain.virsh("guestinfo")
    faulty({"effect": "error", "command": "guest-get-timezone", "times": 1, "desc": "broken"})
    fails(domain, "broken", "guestinfo")
    works(domain)


def test_return(faulty):
    domain = faulty({"effect": "return", "command": "guest-get-host-name", "nth": 1,
                     "value": {"host-name": "somebody.else"}})
    assert domain.virsh("domhostname", "--source", "agent") == "somebody.else"
    assert domain.virsh("domhostname", "--source", "agent") == "bare-qga"
    works(domain)


def test_return_of_the_wrong_type(faulty):
    domain = faulty({"effect": "return", "command": "guest-get-host-name", "nth": 1, "value": 5})
    assert domain.virsh("domhostname", "--source", "agent", check=False).returncode != 0
    works(domain)


def test_no_reply(faulty):
    domain = faulty({"effect": "no-reply", "command": "guest-ping", "nth": 1})
    fails(domain, NOT_RESPONDING)
    works(domain)


def test_shutdown_that_is_ignored(faulty):
    """
    Silence as after a success, but the machine stays.  `virsh shutdown --mode agent` would hold the
    domain's lock for a minute, and without a mode press the power button next.
    """
    domain = faulty({"effect": "no-reply", "command": "guest-shutdown", "run": False})
    mark = domain.events.mark()
    fails(domain, NOT_RESPONDING, "qemu-agent-command", "--timeout", "2",
          '{"execute":"guest-shutdown"}')
    works(domain)
    assert domain.state() == "running" and domain.events.mark() == mark


def test_delay(faulty):
    """The answer comes when nobody waits for it, and is not taken for that to a later command."""
    domain = faulty({"effect": "delay", "command": "guest-ping", "nth": 1, "ms": 2500})
    fails(domain, NOT_RESPONDING)
    works(domain)


def test_freeze_that_comes_too_late(faulty):
    """The client has given up when the guest freezes: it must know how to thaw it."""
    domain = faulty({"effect": "delay", "command": "guest-fsfreeze-freeze", "nth": 1, "ms": 2500})
    fails(domain, NOT_RESPONDING, "qemu-agent-command", "--timeout", "1",
          '{"execute":"guest-fsfreeze-freeze"}')
    assert domain.execute("guest-fsfreeze-status") == "frozen"
    assert domain.virsh("domfsthaw") == "Thawed 1 filesystem(s)"
    works(domain)


def test_cut(faulty):
    domain = faulty({"effect": "cut", "command": "guest-ping", "nth": 1})
    fails(domain, NOT_RESPONDING)
    works(domain)


def test_garbage(faulty):
    """Bytes that are no JSON end the connection; once the port was closed there is a new one."""
    domain = faulty({"effect": "garbage", "command": "guest-ping", "nth": 1, "text": "oops\n"},
                    {"effect": "disconnect", "after-ms": 6000})
    mark = domain.events.mark()
    fails(domain, "")
    fails(domain, GIVEN_UP)
    reconnects(domain, mark)
    works(domain)


def test_stale(faulty):
    domain = faulty({"effect": "stale", "command": "guest-ping", "nth": 1, "instead": True})
    assert domain.execute("guest-sync", id=99) == 99
    assert domain.execute("guest-ping") == 99
    works(domain)


def test_stale_before(faulty):
    """Two lines for one command: whichever libvirt takes, the commands after it are in step."""
    domain = faulty({"effect": "stale", "command": "guest-ping", "nth": 1})
    assert domain.execute("guest-sync", id=98) == 98
    assert domain.execute("guest-ping") in (98, {})
    works(domain)


def test_duplicate(faulty):
    domain = faulty({"effect": "duplicate", "command": "guest-get-host-name", "nth": 1})
    assert domain.virsh("domhostname", "--source", "agent") == "bare-qga"
    works(domain)


def test_wrong_id(faulty):
    """The guest-sync behind a timeout is answered with another number, once."""
    domain = faulty({"effect": "no-reply", "command": "guest-ping", "nth": 1},
                    {"effect": "wrong-id", "command": "guest-sync", "nth": 1})
    fails(domain, NOT_RESPONDING)
    assert domain.virsh("qemu-agent-command", "--block", PING, check=False).returncode in (0, 1)
    works(domain)


def test_huge(faulty):
    """More than the ten megabytes that libvirt puts up with."""
    domain = faulty({"effect": "huge", "command": "guest-ping", "nth": 1, "bytes": 11 << 20},
                    {"effect": "disconnect", "after-ms": 8000})
    mark = domain.events.mark()
    with pytest.raises(VirshError):
        domain.virsh("qemu-agent-command", "--block", PING)
    reconnects(domain, mark)
    works(domain)


def test_large_but_not_too_large(faulty):
    domain = faulty({"effect": "huge", "command": "guest-ping", "nth": 1, "bytes": 4 << 20})
    assert domain.command(PING, "--block") == {"return": {}}
    works(domain)


def test_drip(faulty):
    domain = faulty({"effect": "drip", "command": "guest-ping", "nth": 1, "ms": 150})
    fails(domain, NOT_RESPONDING)
    works(domain)
    faulty({"effect": "drip", "ms": 5})
    works(domain)


def test_disconnect(faulty):
    domain = faulty({"effect": "disconnect", "command": "guest-ping", "nth": 1})
    mark = domain.events.mark()
    fails(domain, "")
    mark = domain.wait_disconnected(mark)
    domain.wait_connected(mark)
    assert domain.agent_state() == "connected"
    works(domain)


def test_restart(faulty):
    domain = faulty({"effect": "restart", "command": "guest-ping", "nth": 1})
    handle = domain.execute("guest-file-open", path="/tmp/r", mode="w")
    mark = domain.events.mark()
    fails(domain, "")
    reconnects(domain, mark)
    with pytest.raises(VirshError, match=f"handle '{handle}' has not been found"):
        domain.execute("guest-file-close", handle=handle)
    works(domain)


def test_restart_every_so_often(faulty):
    domain = faulty({"effect": "restart", "every-ms": 4000, "times": 2})
    mark = domain.events.mark()
    for _ in range(2):
        mark = domain.wait_disconnected(mark)
        mark = domain.wait_connected(mark)
    works(domain)


def test_half_freeze(faulty):
    domain = faulty({"effect": "half-freeze", "nth": 1, "desc": "failed to freeze /srv: busy"})
    fails(domain, "failed to freeze /srv: busy", "domfsfreeze")
    assert domain.execute("guest-fsfreeze-status") == "frozen"
    assert domain.virsh("domfsthaw") == "Thawed 1 filesystem(s)"
    assert domain.virsh("domfsfreeze") == "Froze 1 filesystem(s)"
    assert domain.virsh("domfsthaw") == "Thawed 1 filesystem(s)"
    works(domain)


def test_clock_jump(faulty):
    """Wrong by an hour, until virsh sets it."""
    domain = faulty({"effect": "clock-jump", "command": "guest-get-time", "nth": 1,
                     "jump-ms": 3600 * 1000})
    assert 3500 < int(domain.virsh("domtime").split()[1]) - time.time() < 3700
    domain.virsh("domtime", "--now")
    assert abs(int(domain.virsh("domtime").split()[1]) - time.time()) < 100
    works(domain)


def test_crash(start):
    domain = start(network=False,
                   personality=with_faults({"effect": "crash", "command": "guest-ping"}))
    mark = domain.events.mark()
    domain.virsh("qemu-agent-command", "--timeout", "5", PING, check=False)
    domain.wait_lifecycle("crashed", mark)
    domain.virsh("reset")
    mark = domain.wait_disconnected(mark)
    domain.virsh("resume")
    domain.wait_connected(mark)
    for number in (1, 2):
        assert domain.execute("guest-sync", id=number) == number


def test_late_start(start):
    domain = start.prepare(network=False,
                           personality=with_faults({"effect": "late-start", "ms": 4000}))
    domain.start()
    assert domain.agent_state() == "disconnected"
    fails(domain, "QEMU guest agent is not connected")
    domain.wait_connected()
    works(domain)


def test_a_personality(start):
    """What virsh shows of a guest that claims to be somebody."""
    claimed = {
        "os": {"id": "debian", "name": "Debian GNU/Linux", "version-id": "12"},
        "host-name": "claimed", "timezone": {"zone": "CET", "offset": 3600},
        "users": [{"user": "root", "login-time": 1.5}],
        "vcpus": [{"logical-id": i, "online": i < 3, "can-offline": i > 0} for i in range(4)],
        "interfaces": [{"name": "ens3", "hardware-address": "52:54:00:00:00:01", "ip-addresses": [
            {"ip-address": "192.0.2.9", "ip-address-type": "ipv4", "prefix": 24}]}],
        "file-systems": [{"name": "vda1", "mountpoint": point, "type": "ext4", "disk": [
            {"pci-controller": {"domain": 0, "bus": 0, "slot": 5, "function": 0},
             "bus-type": "virtio", "bus": 0, "target": 0, "unit": 0, "dev": "/dev/vda1"}]}
            for point in ("/", "/srv")]}
    domain = start(vcpus=4, personality=claimed)
    assert domain.execute(STATUS)["accepted"] is True
    info = {key.strip(): value.strip() for key, value in
            (line.split(":", 1) for line in domain.virsh("guestinfo").splitlines() if ":" in line)}
    assert (info["os.id"], info["hostname"], info["timezone.offset"], info["user.0.name"],
            info["fs.count"], info["if.0.addr.0.addr"]) == \
        ("debian", "claimed", "3600", "root", "2", "192.0.2.9")
    assert "192.0.2.9/24" in domain.virsh("domifaddr", "--source", "agent")
    assert domain.virsh("domfsfreeze") == "Froze 2 filesystem(s)"
    assert domain.virsh("domfsthaw") == "Thawed 2 filesystem(s)"
    assert domain.virsh("vcpucount", "--guest") == "3"
    domain.virsh("setvcpus", "2", "--guest")
    assert domain.virsh("vcpucount", "--guest") == "2"
    domain.virsh("domfstrim")
