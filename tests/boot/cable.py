# SPDX-License-Identifier: BSD-2-Clause
"""
The other end of a network cable: `-netdev dgram` over a UNIX socket, so that a test sends and sees
raw Ethernet frames, and a sender waits while the guest has no room instead of losing frames.
"""
import select
import socket
import struct

BROADCAST = b"\xff" * 6
HOST = bytes.fromhex("020000000001")
# IEEE 802: for experiments on a network of one's own.
EXPERIMENT = 0x88b5


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def frame(size=60, to=BROADCAST, kind=EXPERIMENT, payload=b""):
    """A frame of `size` bytes without its CRC, the rest of it zeros."""
    return (to + HOST + struct.pack(">H", kind) + payload).ljust(size, b"\0")[:size]


class Cable:
    """One cable.  Make it before the machine, and give its arguments to it."""

    def __init__(self, vm, name="n0"):
        self.name = name
        self.peer = vm.path(name + ".guest")
        path = vm.path(name + ".host")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(60)
        self.args = ["-netdev", f"dgram,id={name},local.type=unix,local.path={self.peer},"
                                f"remote.type=unix,remote.path={path}"]

    def send(self, *frames):
        for data in frames:
            self.socket.sendto(data, self.peer)

    def receive(self, timeout=10, wanted=lambda data: True):
        """The next frame of the guest that is wanted, or None if the deadline passes first."""
        while select.select([self.socket], [], [], timeout)[0]:
            data = self.socket.recv(1 << 17)
            if wanted(data):
                return data
        return None

    def close(self):
        self.socket.close()
