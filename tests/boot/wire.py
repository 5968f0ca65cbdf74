# SPDX-License-Identifier: BSD-2-Clause
"""
The other end of the guest's cable: a peer that speaks Ethernet frame by frame over QEMU's
`-netdev dgram`, one datagram a frame, so that it can also say what no real host would.

Frames are bytes; eth(), ipv4() and so on wrap what they are given, with right lengths and checksums
unless a test wants others.  tshark judges what the guest has sent.
"""
import ipaddress
import os
import select
import socket
import struct
import subprocess
import threading
import time

from qemu import Deadline, PATIENCE

GUEST_MAC = "52:54:00:12:34:56"
PEER_MAC = "02:00:00:00:00:01"
BROADCAST = "ff:ff:ff:ff:ff:ff"
ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86dd
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FIN, SYN, RST, ACK = 1, 2, 4, 16


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def eth(payload, kind, to=GUEST_MAC, source=PEER_MAC):
    return mac(to) + mac(source) + struct.pack("!H", kind) + payload.ljust(46, b"\0")


def arp(operation, source_ip, target_ip, source=PEER_MAC, target="00:00:00:00:00:00", to=BROADCAST):
    return eth(struct.pack("!HHBBH", 1, IPV4, 6, 4, operation) + mac(source) + ip(source_ip) +
               mac(target) + ip(target_ip), ARP, to, source)


def ipv4(payload, protocol, source, to, ident=1, fragment=0, ttl=64, bad=0, length=None):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload) if length is None else length,
                       ident, fragment, ttl, protocol, 0, ip(source), ip(to))
    total = checksum(head) ^ bad
    return eth(head[:10] + struct.pack("!H", total) + head[12:] + payload, IPV4)


def ipv6(payload, protocol, source, to, hops=64, dst_mac=GUEST_MAC):
    head = struct.pack("!IHBB16s16s", 6 << 28, len(payload), protocol, hops, ip(source), ip(to))
    return eth(head + payload, IPV6, dst_mac)


def pseudo(source, to, protocol, length):
    if ":" in source:
        return ip(source) + ip(to) + struct.pack("!IxxxB", length, protocol)
    return ip(source) + ip(to) + struct.pack("!xBH", protocol, length)


def summed(packet, at, source, to, protocol, bad=0):
    """The packet with its checksum at `at`; `bad` flips bits of it."""
    total = checksum(pseudo(source, to, protocol, len(packet)) + packet) ^ bad
    return packet[:at] + struct.pack("!H", total or 0xffff) + packet[at + 2:]


def udp(payload, source, to, sport, dport, bad=0):
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    packet = summed(head + payload, 6, source, to, UDP, bad)
    return ipv6(packet, UDP, source, to) if ":" in source else ipv4(packet, UDP, source, to)


def tcp(payload, source, to, sport, dport, seq=0, ack=0, flags=SYN, window=65535, bad=0):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 << 4,
                       flags, window, 0, 0)
    packet = summed(head + payload, 16, source, to, TCP, bad)
    return ipv6(packet, TCP, source, to) if ":" in source else ipv4(packet, TCP, source, to)


def echo_request(source, to, number, payload=b"throughout", ident=0x7167, **options):
    if ":" in source:
        packet = struct.pack("!BBHHH", 128, 0, 0, ident, number) + payload
        return ipv6(summed(packet, 2, source, to, ICMPV6), ICMPV6, source, to, **options)
    packet = struct.pack("!BBHHH", 8, 0, 0, ident, number) + payload
    packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
    return ipv4(packet, ICMP, source, to, **options)


def router_advertisement(source, prefix, lifetime=1800):
    """RFC 4861 §4.2, with a prefix (§4.6.2) that is on the link and for autoconfiguration."""
    option = struct.pack("!BBBBIIxxxx16s", 3, 4, 64, 0xc0, lifetime, lifetime, ip(prefix))
    option += struct.pack("!BB6s", 1, 1, mac(PEER_MAC))
    packet = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, lifetime, 0, 0) + option
    return ipv6(summed(packet, 2, source, "ff02::1", ICMPV6), ICMPV6, source, "ff02::1", 255,
                "33:33:00:00:00:01")


def neighbor_solicitation(source, target):
    group = ipaddress.ip_address("ff02::1:ff00:0").packed[:13] + ip(target)[13:]
    to = str(ipaddress.ip_address(group))
    packet = struct.pack("!BBHI16sBB6s", 135, 0, 0, 0, ip(target), 1, 1, mac(PEER_MAC))
    group_mac = "33:33:" + ":".join(f"{byte:02x}" for byte in group[12:])
    return ipv6(summed(packet, 2, source, to, ICMPV6), ICMPV6, source, to, 255, group_mac)


class Peer:
    """
    A host on the guest's wire, with the address `ip`; it answers ARP for it, and keeps quiet
    otherwise.  Make it before the machine and give the machine netdev() as arguments.
    """

    def __init__(self, directory, address="192.168.9.1", guest="192.168.9.5"):
        os.makedirs(directory, exist_ok=True)
        self.ip, self.guest = address, guest
        self.ours = os.path.join(directory, "peer")
        self.theirs = os.path.join(directory, "wire")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.sock.bind(self.ours)
        self.number = 0

    def netdev(self, name="wire"):
        return ["-netdev", f"dgram,id={name},local.type=unix,local.path={self.theirs},"
                           f"remote.type=unix,remote.path={self.ours}"]

    def send(self, frame):
        self.sock.sendto(frame, self.theirs)

    def close(self):
        self.sock.close()

    def receive(self, deadline):
        """The next frame of the guest's, or None; ARP requests for our address are answered."""
        while True:
            ready, _, _ = select.select([self.sock], [], [], deadline.left())
            if not ready:
                return None
            frame = self.sock.recv(1 << 16)
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and \
                    frame[38:42] == ip(self.ip):
                self.send(arp(2, self.ip, self.guest, target=GUEST_MAC, to=GUEST_MAC))
            return frame

    def expect(self, match, timeout=10, what="frame"):
        """The next frame for which match(frame) holds."""
        deadline = Deadline(timeout)
        while (frame := self.receive(deadline)) is not None:
            if match(frame):
                return frame
        raise AssertionError(f"the guest sent no such {what} in {timeout} s")

    def ask(self, question, match, timeout=20, what="answer"):
        """Asks each second until the answer comes: a frame may be lost, as on any wire."""
        end = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < end:
            self.send(question)
            deadline = Deadline(1)
            while (frame := self.receive(deadline)) is not None:
                if match(frame):
                    return frame
        raise AssertionError(f"the guest gave no {what} in {timeout} s")

    def ping(self, timeout=20, payload=b"throughout"):
        self.number += 1
        number = struct.pack("!H", self.number)

        def is_reply(frame):
            return frame[12:14] == b"\x08\0" and frame[23] == ICMP and frame[34] == 0 and \
                frame[40:42] == number and frame[42:42 + len(payload)] == payload
        return self.ask(echo_request(self.ip, self.guest, self.number, payload), is_reply, timeout,
                        f"echo reply {self.number}")


class Strangers(threading.Thread):
    """Asks for connections to a port, from addresses beyond the gateway, and never goes on."""

    def __init__(self, peer, port, guest=None):
        super().__init__()
        self.peer, self.port, self.count = peer, port, 0
        self.guest = guest or peer.guest
        self.done = threading.Event()

    def run(self):
        form = "2001:db8:99::{}:{}" if ":" in self.guest else "203.0.{}.{}"
        while not self.done.is_set():
            self.count += 1
            source = form.format(self.count >> 8 & 127, self.count & 255)
            self.peer.send(tcp(b"", source, self.guest, 1024 + self.count % 60000, self.port,
                               self.count))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


def dump(netdev, path):
    """Arguments that record everything on a netdev."""
    return ["-object", f"filter-dump,id=dump-{netdev},netdev={netdev},file={path}"]


def tshark(path, display_filter, *fields):
    """The fields of all recorded frames that pass the filter, checksums included."""
    argv = ["tshark", "-n", "-r", path, "-Y", display_filter, "-T", "fields"]
    for field in fields or ("frame.number", "_ws.col.Protocol", "_ws.col.Info"):
        argv += ["-e", field]
    for protocol in ("ip", "tcp", "udp"):
        argv += ["-o", f"{protocol}.check_checksum:TRUE"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False,
                          env={**os.environ, "HOME": os.path.dirname(path)})
    # A machine that was killed leaves half a record at the end: that is no fault.
    assert done.returncode == 0 or "cut short" in done.stderr, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def check_sent(path, guest_mac=GUEST_MAC, quotes=False):
    """
    Nothing that the guest sent is malformed, too short, or has a wrong checksum; `quotes`: except
    in ICMP errors, which quote packets that we have sent.
    """
    wrong = " || ".join(f"{layer}.checksum.status == 0"
                        for layer in ("ip", "tcp", "udp", "icmp", "icmpv6"))
    only = " && !(icmp.type in {3, 11, 12}) && !(icmpv6.type < 128)" if quotes else ""
    faults = tshark(path, f"eth.src == {guest_mac} && (_ws.malformed || frame.len < 60 || {wrong})"
                    + only)
    assert not faults, faults
    return len(tshark(path, f"eth.src == {guest_mac}", "frame.number"))
