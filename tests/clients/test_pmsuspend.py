# SPDX-License-Identifier: BSD-2-Clause
"""virsh dompmsuspend and dompmwakeup."""
import pytest

from domain import VirshError


@pytest.mark.parametrize("target", ["disk", "hybrid"])
def test_impossible(domain, target):
    """There is no disk to suspend to; the agent answers, and goes on."""
    with pytest.raises(VirshError, match="suspend mode is not supported by the guest"):
        domain.virsh("dompmsuspend", target)
    assert domain.execute("guest-ping") == {}


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_memory(start, machine):
    """ACPI's S3: libvirt sees the machine sleep and wakes it; then everything is as it was."""
    domain = start(machine=machine)
    handle = domain.execute("guest-file-open", path="/tmp/asleep", mode="w")
    for _ in range(2):
        mark = domain.events.mark()
        domain.virsh("dompmsuspend", "mem")
        domain.events.wait("pmsuspend", since=mark)
        assert domain.state() == "pmsuspended"
        with pytest.raises(VirshError):
            domain.execute("guest-ping")
        mark = domain.events.mark()
        domain.virsh("dompmwakeup")
        domain.events.wait("pmwakeup", since=mark)
        # The device lost its state, and the guest opens its port again, as Linux does.
        domain.wait_connected(mark)
        assert domain.state() == "running"
    domain.execute("guest-file-close", handle=handle)


def test_forbidden_by_the_machine(start):
    """<suspend-to-mem enabled='no'/>: the machine's ACPI tables do not offer S3."""
    domain = start(machine="pc", sleep="no")
    with pytest.raises(VirshError, match="not supported|disabled"):
        domain.virsh("dompmsuspend", "mem")
    assert domain.execute("guest-ping") == {}
