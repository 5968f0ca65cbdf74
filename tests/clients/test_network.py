# SPDX-License-Identifier: BSD-2-Clause
"""
virsh domifaddr --source agent and guestinfo --interface, with an address from QEMU's user network.
Tools wait for the address by asking again and again (Terraform, Packer, virt-manager); so do we.
"""
import pytest

from domain import MAC, Deadline
from qemu import VIRT

MACHINES = ["pc", "q35", *VIRT]


def addresses(domain, *options):
    """Rows of domifaddr's table: (name, MAC, protocol, address)."""
    lines = domain.virsh("domifaddr", "--source", "agent", *options).splitlines()
    return [tuple(line.split()) for line in lines[2:]]


def wait_ipv4(domain, timeout=60):
    deadline = Deadline(timeout)
    while True:
        rows = addresses(domain, "--full")
        found = [row for row in rows if row[0] == "eth0" and row[2] == "ipv4"]
        if found:
            return found[0]
        assert not deadline.over(), rows


@pytest.fixture(scope="module")
def networked(start_for_all):
    domain = start_for_all(append="net=dhcp")
    wait_ipv4(domain)
    return domain


def test_address(networked):
    """The address with the MAC of the domain's own XML: virt-manager and Vagrant match by it."""
    assert wait_ipv4(networked) == ("eth0", MAC, "ipv4", "10.0.2.15/24")


def test_loopback(networked):
    """Named lo, which is how providers leave it out."""
    rows = addresses(networked, "--full")
    assert ("lo", "00:00:00:00:00:00", "ipv4", "127.0.0.1/8") in rows
    assert rows[0][0] == "lo"


def test_table(networked):
    """Without --full, further addresses of one interface are under a dash."""
    rows = addresses(networked)
    assert [row[0] for row in rows if row[0] != "-"] == ["lo", "eth0"]


def test_one_interface(networked):
    assert {row[0] for row in addresses(networked, "--interface", "eth0", "--full")} == {"eth0"}


def test_guestinfo(networked):
    text = networked.virsh("guestinfo", "--interface")
    shown = dict(map(str.strip, line.split(":", 1)) for line in text.splitlines())
    assert shown["if.count"] == "2" and shown["if.1.name"] == "eth0"
    assert shown["if.1.hwaddr"] == MAC
    found = {shown[f"if.1.addr.{n}.addr"] + "/" + shown[f"if.1.addr.{n}.prefix"]
             for n in range(int(shown["if.1.addr.count"]))}
    assert "10.0.2.15/24" in found


def test_without_network(start):
    domain = start(network=False)
    assert {row[0] for row in addresses(domain)} <= {"lo", "-"}


def test_address_after_reboot(networked):
    mark = networked.events.mark()
    networked.virsh("reboot", "--mode", "agent")
    networked.wait_connected(networked.events.wait("reboot", since=mark))
    assert wait_ipv4(networked)[3] == "10.0.2.15/24"
