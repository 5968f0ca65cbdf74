# SPDX-License-Identifier: BSD-2-Clause
"""
A hand in the guest's memory: QEMU's qtest protocol on a running TCG guest (docs/devel/qtest.rst),
and the addresses of the guest's rings as QEMU's device model knows them (x-query-virtio-*).

An idle guest sleeps, so what a test writes here waits until something wakes it.
"""
import socket
import struct


class QTest:
    """Reads and writes guest memory."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(path)
        self.stream = self.sock.makefile("rwb")

    @staticmethod
    def args(path):
        """Arguments that give a machine its qtest socket."""
        return ["-qtest", f"unix:{path},server=on,wait=off", "-qtest-log", "/dev/null"]

    def command(self, text):
        self.stream.write(text.encode() + b"\n")
        self.stream.flush()
        while True:
            words = self.stream.readline().decode().split()
            if not words or words[0] != "IRQ":
                assert words and words[0] == "OK", (text, words)
                return words[1:]

    def write(self, address, data):
        self.command(f"write {address:#x} {len(data):#x} 0x{data.hex()}")

    def read(self, address, size):
        return bytes.fromhex(self.command(f"read {address:#x} {size:#x}")[0][2:])

    def close(self):
        self.stream.close()
        self.sock.close()


class Ring:
    """One split virtqueue of the guest (virtio 1.2 §2.7), seen from the device's side."""

    def __init__(self, vm, qtest, number):
        device = vm.qmp.execute("x-query-virtio")[0]["path"]
        status = vm.qmp.execute("x-query-virtio-queue-status", path=device, queue=number)
        self.qtest = qtest
        self.size = status["vring-num"]
        self.descriptors = status["vring-desc"]
        self.available = status["vring-avail"]
        self.used = status["vring-used"]

    def _index(self, ring):
        return struct.unpack("<H", self.qtest.read(ring + 2, 2))[0]

    def used_index(self):
        return self._index(self.used)

    def set_used_index(self, value):
        self.qtest.write(self.used + 2, struct.pack("<H", value & 0xFFFF))

    def set_used(self, position, number, length):
        at = self.used + 4 + position % self.size * 8
        self.qtest.write(at, struct.pack("<II", number & 0xFFFFFFFF, length & 0xFFFFFFFF))

    def in_flight(self):
        """The head that the driver made available last, so one that the device still has."""
        at = self.available + 4 + (self._index(self.available) - 1) % self.size * 2
        return struct.unpack("<H", self.qtest.read(at, 2))[0]

    def complete(self, number, length, ahead=1):
        """Claims a completion that did not happen."""
        index = self.used_index()
        self.set_used(index, number, length)
        self.set_used_index(index + ahead)

    def set_descriptor_lengths(self, length):
        for n in range(self.size):
            self.qtest.write(self.descriptors + 16 * n + 8, struct.pack("<I", length))
