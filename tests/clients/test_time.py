# SPDX-License-Identifier: BSD-2-Clause
"""virsh domtime: the guest's clock, which is also the machine's real-time clock."""
import datetime
import time

import pytest

from domain import VirshError
from qemu import VIRT

MACHINES = ["pc", "q35", *VIRT]

# What an answer may be late on a slow host.
SLACK = 30


def guest_time(domain):
    return int(domain.virsh("domtime").removeprefix("Time: "))


def check_near(domain, seconds):
    """The clock says `seconds`, or what has passed since."""
    assert seconds - 1 <= guest_time(domain) <= seconds + SLACK


@pytest.fixture(autouse=True)
def repaired(domain):
    yield
    domain.virsh("domtime", "--now")


def test_time(domain):
    check_near(domain, int(time.time()) - 1)


def test_pretty(domain):
    text = domain.virsh("domtime", "--pretty").removeprefix("Time: ")
    then = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    assert abs(then.timestamp() - time.time()) < SLACK


@pytest.mark.parametrize("seconds", [86400, 951782400, 1700000000, 2147483648, 3155759999])
def test_set(domain, seconds):
    assert domain.virsh("domtime", "--time", str(seconds)) == ""
    check_near(domain, seconds)


def test_now(domain):
    domain.virsh("domtime", "--time", "1700000000")
    assert domain.virsh("domtime", "--now") == ""
    check_near(domain, int(time.time()) - 1)


def test_sync(domain):
    """--sync reads the real-time clock, which --time has set along."""
    domain.virsh("domtime", "--time", "1700000000")
    assert domain.virsh("domtime", "--sync") == ""
    check_near(domain, 1700000000)


def test_refused(domain):
    """After 2069 the two digits of a real-time clock's year say nothing (qga/commands.c)."""
    with pytest.raises(VirshError, match="guest-set-time"):
        domain.virsh("domtime", "--time", "4102444800")
    check_near(domain, int(time.time()) - 1)


def test_survives_reset(domain):
    domain.virsh("domtime", "--time", "1700000000")
    mark = domain.events.mark()
    domain.virsh("reset")
    domain.wait_connected(mark)
    check_near(domain, 1700000000)


def test_pause_and_repair(domain):
    """What Nova and virt-manager do after a resume."""
    domain.virsh("suspend")
    domain.virsh("resume")
    domain.virsh("domtime", "--now")
    check_near(domain, int(time.time()) - 1)
