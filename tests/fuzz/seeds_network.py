#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""seeds_network.py FOLDER: conversations of the boot tests' peer, as inputs of fuzz_network."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../boot"))
import wire  # noqa: E402

US, GUEST = "192.168.9.1", "192.168.9.5"
US6, GUEST6 = "fe80::1", "fe80::5054:ff:fe12:3456"
WAIT = b""
ARP = wire.arp(2, US, GUEST, target=wire.GUEST_MAC, to=wire.GUEST_MAC)


def segment(payload, port, flags, seq=1, ack=1):
    return wire.tcp(payload, US, GUEST, 5000, port, seq, ack, flags)


SEEDS = {
    "arp": [wire.arp(1, US, GUEST), ARP],
    "ping": [ARP, wire.echo_request(US, GUEST, 1), wire.echo_request(US, GUEST, 2, bytes(1400))],
    "ping6": [WAIT] * 8 + [wire.neighbor_solicitation(US6, GUEST6),
                           wire.echo_request(US6, GUEST6, 1)],
    "router": [wire.router_advertisement(US6, "2001:db8::")] + [WAIT] * 8 +
              [wire.router_advertisement(US6, "2001:db8:1::", 0), WAIT],
    "udp": [ARP] + [wire.udp(b"datagram", US, GUEST, 5000, port) for port in (7, 9, 19, 53)],
    "udp6": [wire.udp(b"datagram", US6, GUEST6, 5000, port) for port in (7, 9, 19, 53)],
    "fragments": [wire.ipv4(bytes(64), wire.UDP, US, GUEST, 9, 0x2000),
                  wire.ipv4(bytes(64), wire.UDP, US, GUEST, 9, 8),
                  wire.ipv4(bytes(64), wire.UDP, US, GUEST, 10, 0x2001), WAIT],
    "options": [ARP, wire.eth(b"\x46" + wire.udp(b"x", US, GUEST, 1, 7)[15:], wire.IPV4)],
    **{f"tcp-{port}": [ARP, segment(b"", port, wire.SYN, 0, 0), segment(b"data", port, wire.ACK),
                       WAIT, segment(b"", port, wire.FIN | wire.ACK, 5), WAIT,
                       segment(b"", port, wire.RST)] for port in (7, 9, 19)},
}


def main():
    for name, frames in SEEDS.items():
        with open(os.path.join(sys.argv[1], name), "wb") as file:
            for frame in frames:
                file.write(struct.pack("<H", len(frame)) + frame)


if __name__ == "__main__":
    main()
