# SPDX-License-Identifier: BSD-2-Clause
"""Long sessions in short: many requests, and ring indices that wrap (16 bits, virtio 1.2 §2.7)."""
import json

import pytest

from agent import request
from qemu import VIRT
from test_machines import check_session

PING = request("guest-ping")


def test_20000_pings(boot):
    agent = check_session(boot())
    for line in agent.exchange(b"".join(request("guest-ping", id=n) for n in range(20000)), 20000):
        assert b"error" not in line
    assert agent.read_file("/tmp/hello") == b"hello\n"


def used_indices(vm):
    """How far QEMU has come in the port's two rings, modulo 65536."""
    path = vm.qmp.execute("x-query-virtio")[0]["path"]
    return [vm.qmp.execute("x-query-virtio-queue-status", path=path, queue=n)["used-idx"]
            for n in (4, 5)]


@pytest.mark.parametrize("machine,device", [
    *(("pc", "virtio-serial-pci" + options) for options in (
        "", ",event_idx=off", ",disable-modern=on,disable-legacy=off")),
    ("microvm,acpi=off", "virtio-serial-device"),
    *((machine, device) for machine in VIRT
      for device in ("virtio-serial-pci", "virtio-serial-device"))])
def test_ring_indices_wrap(boot, device):
    """Requests one after the other until both rings have gone round 65536."""
    vm = boot(serial_device=device)
    agent = vm.agent()
    gone = [0, 0]
    last = used_indices(vm)
    while min(gone) < 65536 + 1000:
        # Few in flight, so that each makes its own way through the rings.
        for _ in range(500):
            agent.send(PING)
            agent.send(PING)
            while agent.buffer.count(b"\n") < 2:
                data = agent.receive()
                assert data, "the agent fell silent"
                agent.buffer += data
            assert all(json.loads(x) == {"return": {}} for x in agent.buffer.splitlines())
            agent.buffer.clear()
        now = used_indices(vm)
        gone = [g + (n - l) % 65536 for g, n, l in zip(gone, now, last)]
        last = now
    assert agent.execute("guest-ping") == {}
