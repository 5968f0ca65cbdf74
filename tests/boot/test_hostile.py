# SPDX-License-Identifier: BSD-2-Clause
"""
A device that lies.  Wrong used indices, descriptor numbers and lengths are put into the rings
(virtio 1.2 §2.7.8), and the device is brought to say DEVICE_NEEDS_RESET (§2.1.2): the agent has to
answer afterwards with its files and handles intact.
"""
import random

import pytest

from agent import CommandError
from qemu import DEFAULTS
from qtest import QTest, Ring
from test_machines import check_session

# The agent's port is number 1 (§5.3.2): control queues 2 and 3, then its own two.
CONTROL_IN, CONTROL_OUT, PORT_IN, PORT_OUT = 2, 3, 4, 5
TRANSPORTS = {
    "pci": {},
    "legacy": {"serial_device": "virtio-serial-pci,disable-modern=on,disable-legacy=off"},
    "mmio": {"serial_device": "virtio-serial-device",
             "args": ["-global", "virtio-mmio.force-legacy=false"]},
    "mmio-legacy": {"serial_device": "virtio-serial-device"},
}


def with_transports(*names):
    """Each transport on a board that has it."""
    return pytest.mark.parametrize("machine,transport", [
        ("microvm,acpi=off" if machine == "pc" and "mmio" in name else machine, name)
        for machine in DEFAULTS for name in names])


class Victim:
    """
    A booted guest with a file and a handle that have to survive, and a hand in its memory.  The
    second port only wakes the guest: a client that comes and goes there is two control messages.
    """

    def __init__(self, boot, **options):
        self.vm = boot.prepare(**options)
        self.vm.argv += QTest.args(self.vm.path("qtest"))
        self.vm.argv += ["-chardev", self.vm.chardev("side"),
                         "-device", "virtserialport,chardev=side,name=side,nr=9"]
        self.vm.start()
        self.agent = check_session(self.vm)
        self.handle = self.agent.open("/tmp/hello")
        self.qtest = QTest(self.vm.path("qtest"))

    def ring(self, number):
        return Ring(self.vm, self.qtest, number)

    def attack(self, attack, number):
        """
        Spoils a ring of the sleeping guest, then wakes it through another one.  It may still be at
        work on the last attack, and give a ring's memory back: it stands still while we look where
        the ring is and write to it, as a device knows when it was reset.
        """
        self.vm.qmp.execute("stop")
        attack(self.ring(number))
        self.vm.qmp.execute("cont")
        if number == CONTROL_IN:
            self.agent.send(b"\n")
        else:
            self.vm.connect("side").close()

    def check(self):
        self.agent.sync()
        self.agent.execute("guest-file-seek", handle=self.handle, offset=0, whence=0)
        assert self.agent.read(self.handle, 100) == b"hello\n"
        self.write_big()
        assert self.agent.read_file("/tmp/big") == bytes(100_000)

    def write_big(self):
        """
        A device that has completed a buffer too early and goes on as if nothing had been holds it
        twice, fills it twice, and so spoils a long request, which no driver can see: only some.
        """
        for _ in range(5):
            try:
                self.agent.write_file("/tmp/big", bytes(100_000))
                return
            except CommandError:
                self.agent.sync()
        pytest.fail("no long request comes through any more")


ATTACKS = {
    "index-far-ahead": lambda ring: ring.set_used_index(ring.used_index() + 1000),
    "index-ahead-by-size": lambda ring: ring.set_used_index(ring.used_index() + ring.size + 1),
    "index-back": lambda ring: ring.set_used_index(ring.used_index() - 2),
    "index-random": lambda ring: ring.set_used_index(0xA5A5),
    "number-too-big": lambda ring: ring.complete(0xFFFFFFFF, 1),
    "number-just-too-big": lambda ring: ring.complete(ring.size, 1),
    "number-16-bit-alias": lambda ring: ring.complete(0x10000 + ring.in_flight(), 1),
    "number-not-in-flight": lambda ring: ring.complete(ring.size - 1, 1),
    "completed-too-early": lambda ring: ring.complete(ring.in_flight(), 1),
    "completed-twice": lambda ring: (ring.complete(ring.in_flight(), 1),
                                     ring.complete(ring.in_flight(), 1)),
    "length-too-big": lambda ring: ring.complete(ring.in_flight(), 0xFFFFFFFF),
    "length-one-page-and-a-byte": lambda ring: ring.complete(ring.in_flight(), 4097),
    "length-zero": lambda ring: ring.complete(ring.in_flight(), 0),
}


@pytest.mark.parametrize("number", [CONTROL_IN, CONTROL_OUT, PORT_IN, PORT_OUT],
                         ids=["control-in", "control-out", "in", "out"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_lie(boot, attack, number):
    victim = Victim(boot)
    victim.attack(ATTACKS[attack], number)
    victim.check()
    assert "trap:" not in victim.vm.serial.text()


@with_transports("legacy", "mmio", "mmio-legacy")
@pytest.mark.parametrize("attack", ["index-far-ahead", "number-too-big", "length-too-big"])
def test_lie_on_other_transports(boot, attack, transport):
    victim = Victim(boot, **TRANSPORTS[transport])
    for number in (PORT_IN, PORT_OUT, CONTROL_IN):
        victim.attack(ATTACKS[attack], number)
        victim.check()


def test_many_lies(boot):
    """One guest, many lies, some of them two at a time."""
    victim = Victim(boot)
    choose = random.Random(20111020)
    names = sorted(ATTACKS)
    for _ in range(40):
        victim.attack(ATTACKS[choose.choice(names)], choose.choice((2, 3, 4, 5)))
        if choose.random() < 0.7:
            victim.agent.sync()
    victim.check()


def test_random_used_ring(boot):
    """The whole used ring of a queue filled with noise."""
    victim = Victim(boot)
    choose = random.Random(1)
    for number in (4, 5, 2, 3) * 3:
        victim.attack(lambda ring: ring.qtest.write(ring.used + 2,
                                                    choose.randbytes(2 + 8 * ring.size)), number)
        victim.agent.sync()
    victim.check()


@with_transports("pci", "mmio")
def test_needs_reset(boot, transport):
    """
    A zero-length buffer makes QEMU give up on the device (hw/virtio/virtio.c: virtqueue_split_pop)
    when it wants to send a control message.  The lengths are overwritten in the guest's memory, so
    the guest is not to blame.
    """
    victim = Victim(boot, **TRANSPORTS[transport])
    for _ in range(3):
        victim.ring(CONTROL_IN).set_descriptor_lengths(0)
        victim.vm.connect("side").close()
        victim.check()
    assert "virtio: " in victim.vm.errors(), "QEMU did not give up on the device"
