# SPDX-License-Identifier: BSD-2-Clause
"""
The agent's life as libvirt's event loop tells it to Python programs, and as the domain's XML
shows it (KubeVirt's condition AgentConnected is that).
"""
import threading

import pytest

from domain import CRASHES
from qemu import VIRT, has_button

MACHINES = ["pc", "q35", *VIRT]


def agent_events(domain, since=0):
    return [event[1] for event in domain.events.since(since) if event[0] == "agent"]


def test_start_and_end(start):
    domain = start.prepare()
    domain.start()
    at = domain.wait_connected()
    assert domain.agent_state() == "connected"
    assert agent_events(domain) == ["disconnected", "connected"]
    # Connecting is the guest's doing (VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL).
    assert domain.events.since(at - 1)[0] == ("agent", "connected", 2)
    domain.shut_down("--mode", "agent")
    domain.wait_lifecycle("stopped", at)


@pytest.mark.parametrize("mode", ["agent", "acpi"])
def test_shutdown(start, machine, mode):
    """The agent leaves before its machine does, as one of an operating system would."""
    if mode == "acpi" and not has_button(machine):
        pytest.skip("this board has no power button")
    domain = start()
    threading.Event().wait(1.5)
    mark = domain.events.mark()
    domain.shut_down("--mode", mode)
    domain.wait_lifecycle("stopped", mark)
    domain.wait_disconnected(mark)


def test_reset(start):
    """
    Disconnected and connected again.  QEMU tells at most one change of a port a second, the latest
    (qapi/char.json, VSERPORT_CHANGE): what follows the first connection sooner would not be seen.
    """
    domain = start()
    threading.Event().wait(1.5)
    mark = domain.events.mark()
    domain.virsh("reset")
    mark = domain.wait_disconnected(mark)
    domain.wait_connected(mark)
    assert domain.agent_state() == "connected"
    assert domain.execute("guest-ping") == {}


def test_reboot_by_the_agent(start):
    domain = start()
    threading.Event().wait(1.5)
    mark = domain.events.mark()
    domain.virsh("reboot", "--mode", "agent")
    mark = domain.wait_disconnected(mark)
    domain.wait_connected(mark)


def test_crash(start):
    """After a crash the port is still open to QEMU; the reset is what closes it."""
    domain = start(personality=CRASHES)
    threading.Event().wait(1.5)
    mark = domain.events.mark()
    domain.crash()
    domain.wait_lifecycle("crashed", mark)
    domain.virsh("reset")
    mark = domain.wait_disconnected(mark)
    domain.virsh("resume")
    domain.wait_connected(mark)
    assert agent_events(domain) == ["disconnected", "connected", "disconnected", "connected"]


def test_restore(start):
    domain = start()
    domain.virsh("managedsave")
    domain.start()
    domain.wait_connected()
    assert domain.agent_state() == "connected"


def test_virsh_event(start):
    """The same for scripts: virsh event waits for it."""
    domain = start.prepare()
    with domain.daemon.popen("event", domain.name, "--event", "agent-lifecycle", "--loop",
                             "--timeout", "60", stdbuf=True) as watcher:
        domain.start().wait_connected()
        lines = [watcher.stdout.readline().strip() for _ in range(2)]
        watcher.terminate()
    assert lines[0].endswith(f"event 'agent-lifecycle' for domain '{domain.name}': "
                             "state: 'disconnected' reason: 'domain started'")
    assert lines[1].endswith("state: 'connected' reason: 'channel event'")
