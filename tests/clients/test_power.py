# SPDX-License-Identifier: BSD-2-Clause
"""virsh shutdown, reboot, reset, and a guest that crashes."""
import pytest

from domain import CRASHES, VirshError
from qemu import VIRT, arch_of, has_button

MACHINES = ["pc", "q35", *VIRT]


@pytest.mark.parametrize("mode", [("--mode", "agent"), (), ("--mode", "acpi")])
def test_shutdown(start, machine, mode):
    """Without a mode libvirt asks the agent first; the power button, "acpi", is the third way."""
    if "acpi" in mode and not has_button(machine):
        pytest.skip("this board has no power button")
    domain = start()
    mark = domain.events.mark()
    domain.shut_down(*mode)
    if arch_of(machine)[0] != "riscv64":  # whose QEMU 7.2 ends without a word about it
        domain.wait_lifecycle("shutdown", mark)
    domain.wait_lifecycle("stopped", mark)
    assert domain.state() == "shut off"


def test_shutdown_and_start_again(start):
    domain = start()
    for _ in range(3):
        mark = domain.events.mark()
        domain.shut_down("--mode", "agent")
        domain.wait_lifecycle("stopped", mark)
        domain.start().wait_connected()
        assert domain.execute("guest-ping") == {}


def test_shutdown_while_frozen(start):
    """The agent refuses, as it does for everything that writes."""
    domain = start()
    domain.virsh("domfsfreeze")
    with pytest.raises(VirshError, match="guest-shutdown has been disabled"):
        domain.virsh("shutdown", "--mode", "agent")
    domain.virsh("domfsthaw")
    mark = domain.events.mark()
    domain.shut_down("--mode", "agent")
    domain.wait_lifecycle("stopped", mark)


@pytest.mark.parametrize("mode", [("--mode", "agent"), ()])
def test_reboot(start, mode):
    domain = start()
    for _ in range(2):
        handle = domain.execute("guest-file-open", path="/tmp/forgotten", mode="w")
        mark = domain.events.mark()
        domain.virsh("reboot", *mode)
        domain.wait_connected(domain.events.wait("reboot", since=mark))
        # Nothing stays of the life before.
        with pytest.raises(VirshError, match="has not been found"):
            domain.execute("guest-file-close", handle=handle + 1000)
        with pytest.raises(VirshError, match="No such file or directory"):
            domain.execute("guest-file-open", path="/tmp/forgotten")
    assert domain.state() == "running"


def test_reboot_that_destroys(start):
    """<on_reboot>destroy</on_reboot> turns the guest's reset into its end."""
    domain = start(on_reboot="destroy")
    mark = domain.events.mark()
    domain.end_by("reboot", "--mode", "agent")
    domain.wait_lifecycle("stopped", mark)


def test_reset(start):
    """The host's reset, in mid-freeze: the guest starts from nothing."""
    domain = start()
    domain.virsh("domfsfreeze")
    mark = domain.events.mark()
    domain.virsh("reset")
    domain.wait_connected(mark)
    assert domain.execute("guest-fsfreeze-status") == "thawed"


def test_crash(start):
    """A dead kernel tells pvpanic; libvirt calls the domain crashed and asks it nothing more."""
    domain = start(personality=CRASHES)
    mark = domain.events.mark()
    domain.crash()
    domain.wait_lifecycle("crashed", mark)
    assert domain.virsh("domstate", "--reason") == "crashed (panicked)"
    with pytest.raises(VirshError, match="domain is not running"):
        domain.execute("guest-ping")
    domain.virsh("reset")
    domain.virsh("resume")
    domain.wait_connected(mark)
    assert domain.execute("guest-ping") == {}


def test_crash_that_restarts(start):
    """<on_crash>restart</on_crash>, as a watchful host has it."""
    domain = start(on_crash="restart", personality=CRASHES)
    mark = domain.events.mark()
    domain.crash()
    mark = domain.wait_lifecycle("crashed", mark)
    domain.wait_connected(mark)
    assert domain.execute("guest-ping") == {}


@pytest.mark.only("aarch64", "riscv64", why="x86's guests die of it, see test_crash")
def test_no_interrupt_to_die_of(start):
    """QEMU gives these boards none, and the guest does not notice."""
    domain = start()
    with pytest.raises(VirshError, match="not currently supported"):
        domain.virsh("inject-nmi")
    assert domain.execute("guest-ping") == {}
