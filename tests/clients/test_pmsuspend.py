# SPDX-License-Identifier: BSD-2-Clause
"""virsh dompmsuspend and dompmwakeup."""
import pytest

from domain import VirshError
from qemu import VIRT

MACHINES = ["pc", "q35", *VIRT]


@pytest.mark.only("x86_64", why="libvirt knows that the others' boards never sleep")
@pytest.mark.parametrize("target", ["disk", "hybrid"])
def test_impossible(domain, target):
    """There is no disk to suspend to; the agent answers, and goes on."""
    with pytest.raises(VirshError, match="suspend mode is not supported by the guest"):
        domain.virsh("dompmsuspend", target)
    assert domain.execute("guest-ping") == {}


@pytest.mark.only("x86_64", why="the others' boards cannot sleep")
def test_memory(start):
    """ACPI's S3: libvirt sees the machine sleep and wakes it; then everything is as it was."""
    domain = start()
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


@pytest.mark.only("aarch64", "riscv64", why="x86's boards can sleep")
@pytest.mark.parametrize("target,command", [("mem", "ram"), ("disk", "disk"), ("hybrid", "hybrid")])
def test_board_that_cannot(domain, target, command):
    """libvirt asks QEMU and refuses by itself; asked all the same, the agent says no, goes on."""
    with pytest.raises(VirshError, match="Domain does not have suspend support"):
        domain.virsh("dompmsuspend", target)
    with pytest.raises(VirshError, match="suspend mode is not supported by the guest"):
        domain.execute("guest-suspend-" + command)
    assert domain.execute("guest-ping") == {}


@pytest.mark.only("x86_64", why="the others' boards have nothing to forbid")
def test_forbidden_by_the_machine(start):
    """<suspend-to-mem enabled='no'/>: the machine's ACPI tables do not offer S3."""
    domain = start(sleep="no")
    with pytest.raises(VirshError, match="not supported|disabled"):
        domain.virsh("dompmsuspend", "mem")
    assert domain.execute("guest-ping") == {}
