# SPDX-License-Identifier: BSD-2-Clause
"""
The e1000 driver on a running machine whose controller misbehaves: another hand writes the receive
ring and the registers behind the device's back (qtest.py).
"""
import struct

import pytest

from cable import mac
from qemu import ARCHES, arch_of
from qtest import QTest
from test_e1000 import MAC, OPTIONS, check_receives, prepare, wait_counted, wait_started
from test_machines import check_session

RDBAL, RDBAH, RDLEN, RDH = 0x2800, 0x2804, 0x2808, 0x2810
DD, EOP = 1, 2
BUS_MASTER = 4


class Controller:
    """A machine with one controller and a hand in it."""

    def __init__(self, boot, model, options):
        self.vm, self.cable = prepare(boot, model, append=options)
        self.vm.argv += QTest.args(self.vm.path("qtest"))
        self.vm.start()
        wait_started(self.vm)
        self.qtest = QTest(self.vm.path("qtest"))
        self.device = next(device for bus in self.vm.qmp.execute("query-pci")
                           for device in bus["devices"] if device["class_info"]["class"] == 0x200)
        self.registers = self.device["regions"][0]["address"]

    def read(self, offset):
        return int(self.qtest.command(f"readl {self.registers + offset:#x}")[0], 16)

    def write(self, offset, value):
        self.qtest.command(f"writel {self.registers + offset:#x} {value:#x}")

    def lie(self, status, length, errors=0):
        """Claims that the next receive descriptor was used like this."""
        head = self.read(RDH)
        at = (self.read(RDBAH) << 32 | self.read(RDBAL)) + 16 * head
        self.qtest.write(at + 8, struct.pack("<HHBB", length, 0, status, errors))
        self.write(RDH, (head + 1) % (self.read(RDLEN) // 16))

    def clear_command(self, bits):
        """Takes bits of the PCI command register away."""
        place = self.device["slot"] << 3
        if ecam := ARCHES[arch_of(self.vm.machine)[0]]["ecam"]:
            access, address = ("readw", "writew"), ecam + (place << 12) + 4
        else:
            access, address = ("inw", "outw"), 0xcfc
            self.qtest.command(f"outl 0xcf8 {0x80000000 | place << 8 | 4:#x}")
        command = int(self.qtest.command(f"{access[0]} {address:#x}")[0], 16)
        self.qtest.command(f"{access[1]} {address:#x} {command & ~bits:#x}")


@pytest.mark.parametrize("model", ["e1000", "e1000e"])
def test_lies_about_frames(boot, model):
    """Each is dropped and counted, over more than a whole ring, and good frames come after it."""
    controller = Controller(boot, model, OPTIONS)
    vm = controller.vm
    check_receives(vm, controller.cable)
    for count in (12, 24):
        for _ in range(12):
            controller.lie(DD | EOP, 0xffff)
            controller.lie(DD | EOP, 2049)
            controller.lie(DD | EOP, 13)
            controller.lie(DD | EOP, 60, errors=0x80)
        # The guest sleeps until it logs: less than a ring at a time.
        wait_counted(vm, "rx_errors", count)
    for _ in range(3):
        controller.lie(DD, 2048)
        controller.lie(DD, 2048)
        controller.lie(DD | EOP, 60)
    seen = wait_counted(vm, "rx_pieces", 3)
    assert (seen["rx_long"], seen["rx_short"], seen["rx_errors"]) == (48, 24, 24)
    assert seen["rx_delivered"] == 2
    check_receives(vm, controller.cable)
    check_session(vm)


@pytest.mark.parametrize("model", ["e1000", "e1000e"])
def test_bus_mastering_taken_away(boot, model):
    """QEMU then takes frames and sends none: the chip is set up again, and sends."""
    def is_ours(data):
        return data[6:12] == mac(MAC)
    controller = Controller(boot, model, "net=dhcp")
    assert controller.cable.receive(20, is_ours)
    controller.clear_command(BUS_MASTER)
    controller.vm.serial.wait("sends nothing, set up again", 60)
    while controller.cable.receive(0.1):
        pass
    assert controller.cable.receive(60, is_ours)
    check_session(controller.vm)
