# SPDX-License-Identifier: BSD-2-Clause
"""virsh guestvcpus, vcpucount --guest and setvcpus --guest."""
import pytest

from domain import VirshError
from qemu import VIRT

MACHINES = ["q35", *VIRT]


@pytest.fixture
def two(start):
    return start(vcpus=2)


def guestvcpus(domain):
    return dict(map(str.strip, line.split(":")) for line in domain.virsh("guestvcpus").splitlines())


def test_shown(domain):
    assert guestvcpus(domain) == {"vcpus": "0-1", "online": "0-1", "offlinable": "1"}
    assert domain.virsh("vcpucount", "--guest") == "2"


def test_number_is_the_machines(start):
    domain = start(vcpus=5)
    assert domain.virsh("vcpucount", "--guest") == "5"
    assert guestvcpus(domain)["vcpus"] == "0-4"


def test_one(start):
    domain = start(vcpus=1)
    assert guestvcpus(domain)["vcpus"] == "0"
    assert domain.virsh("vcpucount", "--guest") == "1"


def test_disable_and_enable(two):
    assert two.virsh("guestvcpus", "1", "--disable") == ""
    assert guestvcpus(two)["online"] == "0"
    # What the guest has, not what is online: libvirt counts the entries.
    assert two.virsh("guestvcpus", "1", "--enable") == ""
    assert guestvcpus(two)["online"] == "0-1"


def test_setvcpus(two):
    assert two.virsh("setvcpus", "1", "--guest") == ""
    assert guestvcpus(two)["online"] == "0"
    assert two.virsh("setvcpus", "2", "--guest") == ""
    assert guestvcpus(two)["online"] == "0-1"


def test_boot_processor_stays(two):
    with pytest.raises(VirshError, match="vCPU '0' is not offlinable"):
        two.virsh("guestvcpus", "0", "--disable")
    assert guestvcpus(two)["online"] == "0-1"


def test_unknown(two):
    with pytest.raises(VirshError, match="guest is missing vCPUs '5'"):
        two.virsh("guestvcpus", "5", "--disable")
    with pytest.raises(VirshError, match="greater than"):
        two.virsh("setvcpus", "3", "--guest")
