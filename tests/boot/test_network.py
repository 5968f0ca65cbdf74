# SPDX-License-Identifier: BSD-2-Clause
"""
The guest as a host on the network: addresses, ARP, ping, TCP and UDP against QEMU's user network
and against a peer that injects frames, floods included; what it sent is judged by tshark.
"""
import os
import random
import re
import shutil
import socket
import struct
import tempfile
import threading
import time

import pytest

import wire
from qemu import PATIENCE, VIRT, arch_of, has_fw_cfg, hotplug_bus, least_memory
from test_e1000 import ROOT_PORT
from test_idle import check_idle

if not shutil.which("tshark"):
    pytest.skip("tshark is not there and could not be installed", allow_module_level=True)

CARDS = [("pc", "e1000"), ("pc", "e1000-82544gc"), ("q35", "e1000-82545em"), ("q35", "e1000e"),
         ("microvm,acpi=on,pcie=on", "e1000e"), ("microvm,acpi=on,pcie=on", "e1000"),
         *((machine, device) for machine in VIRT for device in ("e1000", "e1000e"))]
SERVICES = "net.services=echo,discard,chargen"
LOOPBACK = {"name": "lo", "hardware-address": "00:00:00:00:00:00",
            "ip-addresses": [{"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8},
                             {"ip-address": "::1", "ip-address-type": "ipv6", "prefix": 128}],
            "statistics": {direction + "-" + what: 0 for direction in ("rx", "tx")
                           for what in ("bytes", "packets", "errs", "dropped")}}
# Minimum-size frames of the flood.
FLOOD = int(os.environ.get("BARE_QGA_FLOOD", "1000000"))
CONNECTIONS = int(os.environ.get("BARE_QGA_CONNECTIONS", "10000"))


@pytest.fixture
def folder():
    """For sockets and records; short, because paths of sockets are."""
    path = tempfile.mkdtemp(prefix="bare-qga-net.")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def peer(folder):
    peer = wire.Peer(folder)
    yield peer
    peer.close()


def user_net(folder, *forwards, device="e1000e", name="net0", more=""):
    """A card on QEMU's user network, recorded in net0.pcap; forwards are "tcp:7"."""
    ports = {}
    for forward in forwards:
        kind, port = forward.split(":")
        with socket.socket(socket.AF_INET, {"tcp": socket.SOCK_STREAM,
                                            "udp": socket.SOCK_DGRAM}[kind]) as probe:
            probe.bind(("127.0.0.1", 0))
            ports[forward] = probe.getsockname()[1]
    rules = "".join(f",hostfwd={forward.split(':')[0]}:127.0.0.1:{port}-:{forward.split(':')[1]}"
                    for forward, port in ports.items())
    args = ["-netdev", f"user,id={name}{rules}{more}", "-device", f"{device},netdev={name},id=nic"]
    return args + wire.dump(name, f"{folder}/{name}.pcap"), ports


def with_peer(boot, peer, append="", device="e1000e", record=True, **options):
    """A machine on the peer's wire, recorded in wire.pcap, with the address that the peer knows."""
    args = peer.netdev() + ["-device", f"{device},netdev=wire,id=nic"]
    if record:
        args += wire.dump("wire", os.path.dirname(peer.ours) + "/wire.pcap")
    vm = boot(append=f"net={peer.guest}/24,gw={peer.ip} {append}", args=args, **options)
    vm.serial.wait(f"address {peer.guest}/24", 20)
    return vm


def interface(agent, name="eth0"):
    return {item["name"]: item for item in agent.execute("guest-network-get-interfaces")}.get(name)


def addresses(agent, name="eth0"):
    return [(item["ip-address"], item["prefix"])
            for item in (interface(agent, name) or {}).get("ip-addresses", [])]


def wait_for(condition, timeout=20, what=""):
    """Asks until something is so."""
    end = time.monotonic() + timeout * PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"{what or condition} did not come true in {timeout} s"
        time.sleep(0.05)
    return value


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("machine,device", CARDS)
def test_dhcp(boot, folder, device):
    """A lease from QEMU's user network, told as qemu-ga tells it, and every frame well-formed."""
    args, ports = user_net(folder, "tcp:7", device=device)
    vm = boot(args=args, append=SERVICES)
    agent = vm.agent()
    vm.serial.wait("eth0: address 10.0.2.15/24, gateway 10.0.2.2", 20)
    wait_for(lambda: ("fec0::5054:ff:fe12:3456", 64) in addresses(agent), what="autoconfiguration")
    with socket.create_connection(("127.0.0.1", ports["tcp:7"]), 20 * PATIENCE) as client:
        client.sendall(b"over the wire")
        assert client.recv(100) == b"over the wire"
    lo, eth0 = agent.execute("guest-network-get-interfaces")
    assert lo == LOOPBACK
    assert list(eth0) == ["name", "ip-addresses", "statistics", "hardware-address"]
    assert eth0["name"] == "eth0" and eth0["hardware-address"] == wire.GUEST_MAC
    assert eth0["ip-addresses"] == [
        {"ip-address-type": "ipv4", "ip-address": "10.0.2.15", "prefix": 24},
        {"ip-address-type": "ipv6", "ip-address": "fec0::5054:ff:fe12:3456", "prefix": 64},
        {"ip-address-type": "ipv6", "ip-address": "fe80::5054:ff:fe12:3456", "prefix": 64}]
    routes = agent.execute("guest-network-get-route")
    assert routes[0] == {
        "flags": 3, "metric": 0, "refcnt": 0, "window": 0, "version": 4, "iface": "eth0",
        "destination": "0.0.0.0", "irtt": 0, "gateway": "10.0.2.2", "use": 0, "mtu": 0,
        "mask": "0.0.0.0"}
    # All of them in the order and with the numbers of qemu-ga 11.1 on the same network.
    assert [(r["iface"], r["version"], r["destination"], r.get("desprefixlen", r.get("mask")),
             r.get("nexthop", r.get("gateway")), r["flags"], r["metric"]) for r in routes] == [
        ("eth0", 4, "0.0.0.0", "0.0.0.0", "10.0.2.2", 3, 0),
        ("eth0", 4, "10.0.2.0", "255.255.255.0", "0.0.0.0", 1, 0),
        ("eth0", 6, "fe80::", "64", "::", 1, 256),
        ("eth0", 6, "fec0::", "64", "::", 4980737, 256),
        ("eth0", 6, "::", "0", "fe80::2", 4521987, 1024),
        ("lo", 6, "::1", "128", "::", 18446744071564165121, 0),
        ("eth0", 6, "fe80::5054:ff:fe12:3456", "128", "::", 18446744071564165121, 0),
        ("eth0", 6, "fec0::5054:ff:fe12:3456", "128", "::", 18446744071564165121, 0),
        ("eth0", 6, "ff00::", "8", "::", 1, 256),
        ("lo", 6, "::", "0", "::", 2097664, -1)]
    vm.stop()
    record = folder + "/net0.pcap"
    kinds = wire.tshark(record, "dhcp", "dhcp.option.dhcp")
    assert [kind for kind, in kinds] == ["1", "2", "3", "5"]  # discover, offer, request, ack
    assert wire.tshark(record, "dhcp.option.hostname == \"bare-qga\"")
    wire.check_sent(record)


@pytest.mark.parametrize("machine,bridges,device", [
    ("pc", ["-device", "pci-bridge,id=b1,chassis_nr=1,shpc=off",
            "-device", "pci-bridge,id=b2,chassis_nr=2,shpc=off,bus=b1,addr=3"],
     "e1000,bus=b2,addr=7"),
    ("q35", ROOT_PORT, "e1000e,bus=rp1"),
    ("q35", ROOT_PORT + ["-device", "pcie-pci-bridge,id=b1,bus=rp1"],
     "e1000-82545em,bus=b1,addr=2"),
    ("microvm,acpi=on,pcie=on", ROOT_PORT, "e1000e,bus=rp1")])
def test_behind_bridges(boot, folder, machine, bridges, device):
    """A lease and a conversation there too: both directions, and interrupts."""
    args, ports = user_net(folder, "tcp:7", device=device)
    vm = boot(machine=machine, args=bridges + args, append=SERVICES)
    vm.serial.wait("eth0: address 10.0.2.15/24", 20)
    assert "polling" not in vm.serial.text()
    with connect(ports["tcp:7"]) as client:
        client.sendall(bytes(100000))
        assert read_all(client, 100000) == bytes(100000)
    check_idle(vm)


def test_statistics_are_the_wires(boot, folder):
    """The counters of the interface are what the record of the wire says."""
    args, ports = user_net(folder, "tcp:9", more=",ipv6=off")
    vm = boot(args=args, append=SERVICES)
    agent = vm.agent()
    vm.serial.wait("eth0: address 10.0.2.15", 20)
    with socket.create_connection(("127.0.0.1", ports["tcp:9"]), 20 * PATIENCE) as client:
        client.sendall(bytes(1 << 20))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    # Autoconfiguration asks for a while; afterwards nothing moves.
    wait_for(lambda: "address fe80" in vm.serial.text(), what="the link-local address")
    last = None
    while (now := interface(agent)["statistics"]) != last:
        last = now
        time.sleep(1)
    vm.stop()
    for way, test in (("tx", "=="), ("rx", "!=")):
        sizes = [int(size) for size, in wire.tshark(
            folder + "/net0.pcap", f"eth.src {test} {wire.GUEST_MAC}", "frame.len")]
        assert now[way + "-packets"] == len(sizes)
        assert now[way + "-bytes"] == sum(sizes)
    assert {now[f"{way}-{what}"] for way in ("rx", "tx") for what in ("errs", "dropped")} == {0}


def test_statistics_do_not_grow_by_being_read(boot, folder):
    """Some counters of QEMU's chips are not cleared by reading, others are: each frame once."""
    args, ports = user_net(folder, "udp:9", device="e1000", more=",ipv6=off")
    vm = boot(args=args, append=SERVICES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        # More than the ring holds, while the chip does not receive yet: QEMU loses some of them.
        while "address 10.0.2.15" not in vm.serial.text():
            client.sendto(b"early", ("127.0.0.1", ports["udp:9"]))
            time.sleep(0.001)
    agent = vm.agent()
    wait_for(lambda: interface(agent)["statistics"] == interface(agent)["statistics"])
    seen = [interface(agent)["statistics"] for _ in range(5)]
    assert seen == seen[:1] * 5


def test_without_a_card(boot):
    """No card, or net=off: the loopback interface alone, and none of the network's memory."""
    agent = boot(args=["-nic", "none"]).agent()
    assert agent.execute("guest-network-get-interfaces") == [LOOPBACK]
    routes = agent.execute("guest-network-get-route")
    assert [route["destination"] for route in routes] == ["::1", "::"]
    vm = boot(args=["-nic", "user,model=e1000e"], append="net=off")
    assert vm.agent().execute("guest-network-get-interfaces") == [LOOPBACK]
    assert "eth0" not in vm.serial.text()


def test_smallest_machine(boot, folder, machine):
    """It holds the network and the agent, with a file besides."""
    args, ports = user_net(folder, "tcp:7")
    vm = boot(memory=least_memory(machine), args=args, append=SERVICES)
    agent = vm.agent()
    vm.serial.wait("eth0: address 10.0.2.15", 20)
    data = random.Random(4).randbytes(256 << 10)
    agent.write_file("/tmp/file", data)
    with connect(ports["tcp:7"]) as client:
        client.sendall(data[:30000])
        assert read_all(client, 30000) == data[:30000]
    assert interface(agent)["statistics"]["rx-dropped"] == 0


def test_agent_does_not_wait(boot, peer):
    """Nobody answers DHCP: the agent does, and the interface has no IPv4 address."""
    args = peer.netdev() + ["-device", "e1000,netdev=wire"]
    vm = boot(args=args)
    agent = vm.agent()
    assert "address" not in vm.serial.text()
    discover = peer.expect(lambda f: f[12:14] == b"\x08\0" and f[23] == wire.UDP and
                           f[36:38] == b"\0\x43", 20, "DHCP message")
    # Again and again, in growing distances (RFC 2131 §4.1).
    peer.expect(lambda f: f[12:14] == b"\x08\0" and f[36:38] == b"\0\x43" and
                f[46:50] == discover[46:50], 20, "second DHCP message")
    eth0 = interface(agent)
    assert eth0["hardware-address"] == wire.GUEST_MAC
    assert [a for a in eth0.get("ip-addresses", []) if a["ip-address-type"] == "ipv4"] == []
    assert all(route["version"] == 6 for route in agent.execute("guest-network-get-route"))


@pytest.mark.parametrize("device", ["e1000", "e1000e"])
def test_static_address(boot, peer, device):
    """net=ADDRESS/PREFIX,gw=ADDRESS: ARP, ping, and the gateway for what is elsewhere."""
    vm = with_peer(boot, peer, device=device)
    peer.ask(wire.arp(1, peer.ip, peer.guest),
             lambda f: f[12:14] == b"\x08\6" and f[20:22] == b"\0\2" and
             f[22:28] == wire.mac(wire.GUEST_MAC) and f[28:32] == wire.ip(peer.guest),
             what="ARP reply")
    for size in (0, 1, 18, 56, 1472):
        peer.ping(payload=bytes(i & 0xff for i in range(size)))
    # A stranger's ping comes back through us.
    peer.ask(wire.echo_request("203.0.113.9", peer.guest, 7),
             lambda f: f[:6] == wire.mac(wire.PEER_MAC) and f[30:34] == wire.ip("203.0.113.9") and
             f[34] == 0, what="reply through the gateway")
    agent = vm.agent()
    assert addresses(agent)[0] == (peer.guest, 24)
    assert agent.execute("guest-network-get-route")[0]["gateway"] == peer.ip
    vm.stop()
    assert not wire.tshark(os.path.dirname(peer.ours) + "/wire.pcap", "dhcp")
    wire.check_sent(os.path.dirname(peer.ours) + "/wire.pcap")


def test_ipv6_autoconfiguration(boot, peer):
    """A router advertises a prefix: an address of it, a default route, ping and UDP over it."""
    vm = with_peer(boot, peer, SERVICES)
    agent = vm.agent()
    router, address = "fe80::1", "2001:db8:7:0:5054:ff:fe12:3456"

    def is_configured():
        peer.send(wire.router_advertisement(router, "2001:db8:7::"))
        return (address, 64) in addresses(agent)
    peer.ping()
    wait_for(is_configured, what=address)
    wait_for(lambda: f"address {address}/64" in vm.serial.text())

    def is_advertisement(frame):
        return frame[12:14] == b"\x86\xdd" and frame[54] == 136 and frame[62:78] == wire.ip(address)
    peer.ask(wire.neighbor_solicitation("2001:db8:7::1", address), is_advertisement, 20,
             "neighbor advertisement")
    peer.ask(wire.echo_request("2001:db8:7::1", address, 9),
             lambda f: f[12:14] == b"\x86\xdd" and f[54] == 129 and f[60:62] == b"\0\x09" and
             f[62:72] == b"throughout", what="IPv6 echo reply")
    peer.ask(wire.udp(b"six", "2001:db8:7::1", address, 5000, 7),
             lambda f: f[12:14] == b"\x86\xdd" and f[20] == wire.UDP and f[62:65] == b"six",
             what="UDP echo over IPv6")
    assert [(r["destination"], r["desprefixlen"], r["nexthop"], r["iface"])
            for r in agent.execute("guest-network-get-route") if r["version"] == 6] == [
        ("2001:db8:7::", "64", "::", "eth0"), ("fe80::", "64", "::", "eth0"),
        ("::", "0", router, "eth0"), ("::1", "128", "::", "lo"), (address, "128", "::", "eth0"),
        ("fe80::5054:ff:fe12:3456", "128", "::", "eth0"), ("ff00::", "8", "::", "eth0"),
        ("::", "0", "::", "lo")]
    vm.stop()
    wire.check_sent(os.path.dirname(peer.ours) + "/wire.pcap")


@pytest.mark.parametrize("device", ["e1000", "e1000-82544gc", "e1000e"])
def test_multicast_filter(boot, peer, device):
    """The chip passes on the groups that the stack has joined, and no others."""
    vm = with_peer(boot, peer, device=device)
    agent = vm.agent()
    ours = "fe80::5054:ff:fe12:3456"
    wait_for(lambda: f"address {ours}" in vm.serial.text(), what="the link-local address")

    def packets():
        return interface(agent)["statistics"]["rx-packets"]

    def is_advertisement(frame):
        return frame[12:14] == b"\x86\xdd" and frame[54] == 136 and frame[62:78] == wire.ip(ours)
    # To the group of the address, 33:33:ff:12:34:56 (RFC 4291 §2.7.1).
    peer.ask(wire.neighbor_solicitation("fe80::1", ours), is_advertisement, 20, "advertisement")
    peer.ping()
    before = packets()
    for group in ("33:33:00:00:00:fb", "33:33:ff:12:34:57", "01:00:5e:00:00:fb",
                  "01:80:c2:00:00:00"):
        for _ in range(20):
            peer.send(wire.eth(bytes(50), wire.IPV6, group))
    peer.ping()
    assert packets() - before < 20
    for _ in range(20):
        peer.send(wire.eth(bytes(50), wire.IPV6, "33:33:00:00:00:01"))  # all nodes
    peer.ping()
    assert packets() - before >= 21


# --- coming and going --------------------------------------------------------------------------


def test_two_cards(boot, machine, folder):
    """Both have their addresses and routes, and are used at the same time."""
    port, bus = hotplug_bus(machine)
    one, first = user_net(folder, "tcp:7", device=f"e1000e,bus={bus}")
    two, second = user_net(folder, "tcp:7", device="e1000,mac=52:54:00:AB:CD:EF", name="net1",
                           more=",net=10.7.0.0/16,host=10.7.0.1,dhcpstart=10.7.0.99")
    two[3] = two[3].replace("id=nic", "id=nic1")
    vm = boot(args=port + one + two, append=SERVICES)
    vm.serial.wait("eth0: address 10.0.2.15/24", 20)
    vm.serial.wait("eth1: address 10.7.0.99/16, gateway 10.7.0.1", 20)
    agent = vm.agent()
    assert interface(agent, "eth1")["hardware-address"] == "52:54:00:ab:cd:ef"
    assert ("10.7.0.99", 16) in addresses(agent, "eth1")
    assert [(r["iface"], r["destination"], r["mask"]) for r in
            agent.execute("guest-network-get-route") if r["version"] == 4 and r["flags"] == 1] in (
                [("eth0", "10.0.2.0", "255.255.255.0"), ("eth1", "10.7.0.0", "255.255.0.0")],
                [("eth1", "10.7.0.0", "255.255.0.0"), ("eth0", "10.0.2.0", "255.255.255.0")])
    with connect(first["tcp:7"]) as left, connect(second["tcp:7"]) as right:
        for number in range(100):
            for client in (left, right):
                client.sendall(b"%3d" % number)
            for client in (left, right):
                assert read_all(client, 3) == b"%3d" % number
    for name in ("eth0", "eth1"):
        assert interface(agent, name)["statistics"]["rx-packets"] > 100
    # The other one goes on when one goes.
    vm.qmp.execute("device_del", id="nic")
    vm.serial.wait("eth0: removed", 20)
    with connect(second["tcp:7"]) as client:
        client.sendall(b"still here")
        assert read_all(client, 10) == b"still here"
    assert interface(agent) is None
    assert {r["iface"] for r in agent.execute("guest-network-get-route")} == {"lo", "eth1"}


def test_link_down_and_up(boot, folder):
    args, ports = user_net(folder, "tcp:7")
    vm = boot(args=args, append=SERVICES)
    agent = vm.agent()
    vm.serial.wait("eth0: address 10.0.2.15", 20)
    for _ in range(3):
        vm.qmp.execute("set_link", name="nic", up=False)
        vm.serial.wait(re.compile(r"link down(?!.*link up)", re.S), 10)
        assert agent.execute("guest-ping") == {}
        vm.qmp.execute("set_link", name="nic", up=True)
        vm.serial.wait(re.compile(r"link up(?!.*link down)", re.S), 10)
    with socket.create_connection(("127.0.0.1", ports["tcp:7"]), 20 * PATIENCE) as client:
        client.settimeout(20 * PATIENCE)
        client.sendall(b"again")
        assert client.recv(100) == b"again"
    vm.stop()
    wire.check_sent(folder + "/net0.pcap")


@pytest.mark.parametrize("machine", ["pc", "q35", *VIRT])
def test_hotplug(boot, machine):
    """A card comes while the machine runs, and goes: addresses, routes and memory go with it."""
    args, bus = hotplug_bus(machine)
    vm = boot(args=args + ["-netdev", "user,id=net0"])
    agent = vm.agent()
    assert agent.execute("guest-network-get-interfaces") == [LOOPBACK]
    held = []
    for _ in range(3):
        vm.qmp.execute("device_add", driver="e1000e", netdev="net0", id="nic", bus=bus)
        wait_for(lambda: ("10.0.2.15", 24) in addresses(agent), what="an address")
        vm.qmp.execute("device_del", id="nic")
        vm.qmp.wait_event("DEVICE_DELETED", 20, lambda data: data.get("device") == "nic")
        assert agent.execute("guest-network-get-interfaces") == [LOOPBACK]
        assert len(agent.execute("guest-network-get-route")) == 2
        held = re.findall(r"eth0: removed, the network holds (\d+) bytes", vm.serial.text())
    assert len(held) == 3 and set(held) == {"0"}


@pytest.mark.parametrize("device", ["e1000", "e1000e"])
def test_idle_network(boot, folder, device):
    """A guest with an address costs no more than one without a card."""
    vm = boot(args=user_net(folder, device=device)[0])
    vm.agent()
    vm.serial.wait("eth0: address fec0", 20)
    check_idle(vm)


# With which processors random numbers come from the clock only, and from the processor; a device
# tree brings some to any.
SEEDS = {"x86_64": [({}, "the clock only"), ({"cpu": "max"}, "the processor")]}


def test_seed(boot, folder, machine):
    """Where random numbers come from, and that they are not always the same."""
    seen = set()
    sources = SEEDS.get(arch_of(machine)[0], [({}, "the processor")] * 2)
    if has_fw_cfg(machine):
        file = {"after": ["-fw_cfg", "name=opt/bare-qga/seed,string=hail"]}
        sources = sources + [(file, "(the processor and )?opt/bare-qga/seed")]
    for options, source in sources:
        vm = boot(args=user_net(folder)[0], **options)
        vm.serial.wait(re.compile("network: random numbers from " + source), 20)
        vm.serial.wait("eth0: address 10.0.2.15", 20)
        vm.stop()
        seen |= {number for number, in wire.tshark(folder + "/net0.pcap", "dhcp", "dhcp.id")}
    assert len(seen) == len(sources)


# --- TCP and UDP -------------------------------------------------------------------------------


def connect(port):
    client = socket.create_connection(("127.0.0.1", port), 30 * PATIENCE)
    client.settimeout(30 * PATIENCE)
    return client


def read_all(client, count):
    data = bytearray()
    while len(data) < count:
        part = client.recv(1 << 16)
        assert part, f"closed after {len(data)} of {count} bytes"
        data += part
    return bytes(data)


@pytest.mark.parametrize("device", ["e1000", "e1000e"])
def test_tcp_transfer(boot, folder, device):
    """Megabytes into discard, out of chargen, through echo; byte by byte right."""
    args, ports = user_net(folder, "tcp:7", "tcp:9", "tcp:19", device=device)
    vm = boot(args=args, append=SERVICES)
    vm.serial.wait("eth0: address 10.0.2.15", 20)
    with connect(ports["tcp:9"]) as client:
        client.sendall(bytes(8 << 20))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""  # only after it has taken everything
    with connect(ports["tcp:19"]) as client:
        text = read_all(client, 4 << 20)
    line = bytes(range(32, 127)) * 2
    period = b"".join(line[i:i + 72] + b"\r\n" for i in range(95))
    assert text[:len(period)] == period
    assert text == (period * (len(text) // len(period) + 1))[:len(text)]
    data = random.Random(7).randbytes(4 << 20)
    with connect(ports["tcp:7"]) as client:
        sender = threading.Thread(target=lambda: (client.sendall(data),
                                                  client.shutdown(socket.SHUT_WR)))
        sender.start()
        assert read_all(client, len(data)) == data
        assert client.recv(1) == b""
        sender.join()
    assert vm.agent().execute("guest-ping") == {}
    vm.stop()
    # The record of the other card's models is as long: one is enough for tshark.
    if device == "e1000e":
        wire.check_sent(folder + "/net0.pcap")


def test_no_waiting_for_an_acknowledgement(boot, peer):
    """Who begins with one segment, and has more, hears of it long before lwIP's timer."""
    with_peer(boot, peer, SERVICES)
    peer.ping()
    us, guest = (peer.ip, 999), (peer.guest, 9)
    theirs, at, waits = ask_for_connection(peer, us, guest), 1001, []
    for number in range(10):
        start = time.monotonic()
        peer.send(wire.tcp(bytes(1460), us[0], guest[0], us[1], guest[1], at, theirs, wire.ACK))
        at += 1460
        peer.expect(lambda f: segment(guest, us, wire.ACK)(f) and
                    f[42:46] == struct.pack("!I", at), 10, f"acknowledgement {number}")
        waits.append(time.monotonic() - start)
    # That would make it an eighth of a second on average.
    assert sorted(waits)[5] < 0.05 * PATIENCE, waits


def test_echo_behind_a_stalled_reader(boot, folder):
    """Who does not read its echo is stopped, loses nothing, and does not stop others."""
    args, ports = user_net(folder, "tcp:7", "tcp:19")
    vm = boot(args=args, append=SERVICES)
    vm.serial.wait("eth0: address 10.0.2.15", 20)
    data = random.Random(8).randbytes(8 << 20)
    with connect(ports["tcp:7"]) as stalled, connect(ports["tcp:19"]) as other:
        stalled.settimeout(2)
        sent = 0
        try:
            while sent < len(data):
                sent += stalled.send(data[sent:sent + 65536])
        except TimeoutError:
            pass
        assert 0 < sent < len(data)
        # The other one neither reads nor sends.
        assert other.recv(1)
        with connect(ports["tcp:7"]) as third:
            third.sendall(b"still here")
            assert third.recv(100) == b"still here"
        stalled.settimeout(30 * PATIENCE)
        assert read_all(stalled, sent) == data[:sent]


def test_many_clients(boot, folder):
    """Eight connections at a time; the ninth is refused, and a place that is left is taken."""
    args, ports = user_net(folder, "tcp:7")
    vm = boot(args=args, append=SERVICES)
    vm.serial.wait("eth0: address 10.0.2.15", 20)
    clients = [connect(ports["tcp:7"]) for _ in range(8)]
    for number, client in enumerate(clients):
        client.sendall(b"%d" % number)
        assert client.recv(10) == b"%d" % number
    with connect(ports["tcp:7"]) as ninth:
        try:
            assert ninth.recv(1) == b""
        except ConnectionError:
            pass
    clients.pop().close()

    def is_served():
        with connect(ports["tcp:7"]) as client:
            try:
                client.sendall(b"place")
                return client.recv(10) == b"place"
            except ConnectionError:
                return False
    wait_for(is_served, what="a place")
    for client in clients:
        client.close()


def test_udp_services(boot, peer):
    """Echo of every size, chargen, silence of discard; no answer that could go in circles."""
    with_peer(boot, peer, SERVICES)
    peer.ping()

    def datagram(source_port):
        return lambda f: f[12:14] == b"\x08\0" and f[23] == wire.UDP and \
            f[34:36] == struct.pack("!H", source_port)
    for size in (0, 1, 17, 18, 19, 512, 1472):
        data = bytes(i * 7 & 0xff for i in range(size))
        frame = peer.ask(wire.udp(data, peer.ip, peer.guest, 5000, 7), datagram(7))
        assert frame[42:42 + size] == data
    text = peer.ask(wire.udp(b"", peer.ip, peer.guest, 5000, 19), datagram(19))[42:]
    assert len(text) == 512 and text.isascii()
    peer.send(wire.udp(b"x", peer.ip, peer.guest, 5000, 9))
    # From another service that answers, which may be another such guest: it would never end.
    for source in (7, 13, 17, 19, 37):
        for service in (7, 19):
            peer.send(wire.udp(b"x", peer.ip, peer.guest, source, service))
    for everybody in ("192.168.9.255", "255.255.255.255", "224.0.0.1"):
        peer.send(wire.udp(b"x", peer.ip, everybody, 5000, 7))
    group = wire.udp(b"x", "fe80::1", "ff02::1", 5000, 7)
    peer.send(wire.mac("33:33:00:00:00:01") + group[6:])
    # What came before the answer to a ping would have come before it too.
    frames = []
    peer.number += 1
    peer.send(wire.echo_request(peer.ip, peer.guest, peer.number))
    peer.expect(lambda f: frames.append(f) or (f[23] == wire.ICMP and f[34] == 0))
    assert not [f for f in frames if (f[12:14] == b"\x08\0" and f[23] == wire.UDP) or
                (f[12:14] == b"\x86\xdd" and f[20] == wire.UDP)]


def test_services_are_off(boot, peer):
    """Unasked, no port is open: TCP is reset, UDP is answered "port unreachable"."""
    with_peer(boot, peer)
    peer.ping()
    for port in (7, 9, 19, 22, 80):
        answer = peer.ask(wire.tcp(b"", peer.ip, peer.guest, 4000, port, 77),
                          lambda f: f[12:14] == b"\x08\0" and f[23] == wire.TCP)
        assert answer[47] & wire.RST and answer[42:46] == struct.pack("!I", 78)
        answer = peer.ask(wire.udp(b"x", peer.ip, peer.guest, 4000, port),
                          lambda f: f[12:14] == b"\x08\0" and f[23] == wire.ICMP)
        assert answer[34:36] == b"\3\3"


def test_connections_one_after_another(boot, folder, machine):
    """Ten thousand, and then the network holds as much memory as before: none."""
    port, bus = hotplug_bus(machine)
    # Without the record: it would grow to hundreds of megabytes.
    args, ports = user_net(folder, "tcp:7", device="e1000e,bus=" + bus)
    vm = boot(args=port + args[:4], append=SERVICES)
    agent = vm.agent()
    vm.serial.wait("eth0: address 10.0.2.15", 20)
    for number in range(CONNECTIONS):
        with connect(ports["tcp:7"]) as client:
            text = b"connection %d" % number
            client.sendall(text)
            assert read_all(client, len(text)) == text
    assert interface(agent)["statistics"]["rx-dropped"] == 0
    vm.qmp.execute("device_del", id="nic")
    log = vm.serial.wait(re.compile(r"eth0: removed, the network holds \d+ bytes"), 20)
    assert "the network holds 0 bytes" in log


# --- what no real host would send --------------------------------------------------------------


def hostile_frames(peer):
    """Each wrong in one way; none of them may be answered as if it were right, none may hurt."""
    us, guest = peer.ip, peer.guest
    good = wire.udp(b"payload of it", us, guest, 5000, 7)
    for size in range(0, 60, 3):
        yield good[:size]
    for size in (1515, 1519, 1523, 2048, 4000, 9000, 16000, 20000):
        yield wire.ipv4(bytes(size - 34), wire.UDP, us, guest)
    yield wire.ipv4(bytes(8), wire.UDP, us, guest, bad=1)
    yield wire.udp(b"bad sum", us, guest, 5000, 7, bad=0x100)
    yield wire.tcp(b"", us, guest, 5000, 7, bad=0x100)
    for length in (0, 19, 20, 27, 41, 600, 65535):
        yield wire.ipv4(b"\x13\x88\0\7\0\x0d\0\0hallo", wire.UDP, us, guest, length=length)
    for length in (0, 7, 8, 1000, 65535):
        yield wire.ipv4(struct.pack("!HHHH", 5000, 7, length, 0) + b"lies", wire.UDP, us, guest)
    for first in (0x00, 0x40, 0x44, 0x4f, 0x55, 0x65, 0xff):
        frame = bytearray(good)
        frame[14] = first
        yield bytes(frame)
    for offset in (0x00, 0x40, 0xf0):
        frame = bytearray(wire.tcp(b"", us, guest, 5000, 7))
        frame[46] = offset
        yield bytes(frame)
    # From itself, from nobody, from everybody, from a group.
    for source in (guest, "0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1"):
        yield wire.tcp(b"", source, guest, 7, 7)
        yield wire.echo_request(source, guest, 1)
    yield from fragments(us, guest)
    for group in ("01:00:5e:00:00:fb", "33:33:00:00:00:fb", "01:80:c2:00:00:00"):
        yield wire.eth(bytes(50), 0x88cc, group)
        yield wire.eth(good[14:], wire.IPV4, group)
    for kind in (0, 45, 0x8100, 0x88a8, 0x8863, 0x9000, 0xffff):
        yield wire.eth(good[14:], kind)
    for operation in (0, 2, 3, 0xffff):
        yield wire.arp(operation, us, guest)
    yield wire.arp(2, guest, guest)[:30]
    yield from broken_ipv6()


def fragments(us, guest):
    """That never end, that overlap, that reach beyond 64 KiB; more than are kept."""
    for ident in range(100, 140):
        yield wire.ipv4(bytes(64), wire.UDP, us, guest, ident, 0x2000)
    for fragment in (0x2000, 0x2001, 0x2000, 0x3fff, 0x1fff, 0x0002):
        yield wire.ipv4(bytes(64), wire.UDP, us, guest, 99, fragment)


def broken_ipv6():
    us, guest = "fe80::1", "fe80::5054:ff:fe12:3456"
    yield wire.ipv6(b"", 0, us, guest)
    for kind in range(128, 144):
        yield wire.ipv6(wire.summed(struct.pack("!BBHI", kind, 0, 0, 0), 2, us, guest, 58), 58, us,
                        guest, 255)
    advertisement = wire.router_advertisement(us, "2001:db8::")
    for size in range(54, len(advertisement), 5):
        yield advertisement[:size]
    # An option of length 0, which a careless loop never leaves (RFC 4861 §4.6).
    packet = struct.pack("!BBHBBHIIBB6s", 134, 0, 0, 64, 0, 0, 0, 0, 3, 0, bytes(6))
    yield wire.ipv6(wire.summed(packet, 2, us, "ff02::1", 58), 58, us, "ff02::1", 255,
                    "33:33:00:00:00:01")
    for header in (0, 43, 44, 50, 51, 60, 135):
        yield wire.ipv6(bytes([header, 0] + [0] * 6) * 40, header, us, guest)
        yield wire.ipv6(bytes([59, 255] + [0] * 6), header, us, guest)


@pytest.mark.parametrize("device", ["e1000", "e1000e"])
def test_hostile_frames(boot, peer, device):
    """After each of them a ping is answered; the agent never notices."""
    vm = with_peer(boot, peer, SERVICES, device=device)
    agent = vm.agent()
    peer.ping()
    for frame in hostile_frames(peer):
        # QEMU reads an empty datagram as the end of the peer.
        if frame:
            peer.send(frame)
        peer.ping()
    assert agent.execute("guest-ping") == {}
    vm.stop()
    wire.check_sent(os.path.dirname(peer.ours) + "/wire.pcap", quotes=True)


def test_random_frames(boot, peer):
    """Twenty thousand good frames with bits changed, cut, or made longer."""
    vm = with_peer(boot, peer, SERVICES, record=False)
    agent = vm.agent()
    peer.ping()
    dice = random.Random(20111)
    us, guest = peer.ip, peer.guest
    good = [wire.udp(b"x" * 40, us, guest, 5000, 7), wire.tcp(b"", us, guest, 5000, 7),
            wire.tcp(b"data", us, guest, 5000, 7, 1, 1, wire.ACK), wire.arp(1, us, guest),
            wire.echo_request(us, guest, 1), wire.router_advertisement("fe80::1", "2001:db8::"),
            wire.neighbor_solicitation("fe80::1", "fe80::5054:ff:fe12:3456"),
            wire.ipv4(bytes(80), wire.UDP, us, guest, 5, 0x2003)]
    for number in range(20000):
        frame = bytearray(dice.choice(good))
        for _ in range(dice.choice((1, 1, 2, 8))):
            # Mostly in the headers, rarely the destination.
            at = dice.randrange(12 if dice.random() < 0.95 else 0, len(frame))
            flipped = frame[at] ^ 1 << dice.randrange(8)
            frame[at] = dice.choice((0, 255, dice.randrange(256), flipped))
        if dice.random() < 0.2:
            del frame[dice.randrange(14, len(frame)):]
        elif dice.random() < 0.1:
            frame += dice.randbytes(dice.randrange(1400))
        peer.send(bytes(frame))
        if number % 1000 == 0:
            peer.ping()
            assert agent.execute("guest-ping") == {}
    # Some of the frames were about the peer itself, for example in ARP: say how it is.
    peer.send(wire.arp(2, peer.ip, peer.guest, target=wire.GUEST_MAC, to=wire.GUEST_MAC))
    peer.ping()


@pytest.mark.parametrize("device,part", [("e1000", 1), ("e1000e", 1), ("e1000-82545em", 10),
                                         ("e1000-82544gc", 10)])
def test_flood(boot, peer, device, part):
    """A million minimum-size frames, while the agent answers and pings come back."""
    count = FLOOD // part
    vm = with_peer(boot, peer, SERVICES, device, record=False)
    agent = vm.agent()
    peer.ping()
    before = interface(agent)["statistics"]
    frame = wire.udp(b"", peer.ip, peer.guest, 5000, 9)  # to discard
    assert len(frame) == 60
    done = threading.Event()
    waits = []

    def use_agent():
        while not done.is_set():
            start = time.monotonic()
            assert agent.execute("guest-ping") == {}
            waits.append(time.monotonic() - start)
            done.wait(0.02)
    user = threading.Thread(target=use_agent)
    user.start()
    try:
        for _ in range(20):
            for _ in range(count // 20):
                peer.sock.sendto(frame, peer.theirs)
            peer.ping(60)
    finally:
        done.set()
        user.join()
    after = interface(agent)["statistics"]
    assert after["rx-packets"] - before["rx-packets"] >= count
    assert after["rx-errs"] == 0
    waits.sort()
    print(f"{len(waits)} guest-pings during the flood, the slowest {waits[-1] * 1000:.1f} ms")
    assert len(waits) >= 10 and waits[len(waits) // 2] < 0.1 * PATIENCE and waits[-1] < 2 * PATIENCE


def segment(source, to, flags, data=b""):
    """What says whether a frame is a segment from one (address, port) to another with these flags
    of SYN, RST and ACK, which begins with the data."""
    def matches(frame):
        ip, at = (22, 54) if ":" in source[0] else (26, 34)
        addresses = wire.ip(source[0]) + wire.ip(to[0])
        return frame[ip:ip + len(addresses)] == addresses and \
            frame[at:at + 4] == struct.pack("!HH", source[1], to[1]) and \
            frame[at + 13] & (wire.SYN | wire.RST | wire.ACK) == flags and \
            frame[at + 20:at + 20 + len(data)] == data
    return matches


def ask_for_connection(peer, us, guest):
    """SYN and SYN ACK; the number that the guest expects to be acknowledged."""
    answer = peer.ask(wire.tcp(b"", us[0], guest[0], us[1], guest[1], 1000),
                      segment(guest, us, wire.SYN | wire.ACK), 60, "SYN ACK")
    return struct.unpack_from("!I", answer, (54 if ":" in us[0] else 34) + 4)[0] + 1


def use_echo(peer, us, guest):
    """One connection to the echo service, in two words."""
    theirs = ask_for_connection(peer, us, guest)
    for at, word in ((1001, b"let me in"), (1010, b"and again")):
        peer.ask(wire.tcp(word, us[0], guest[0], us[1], guest[1], at, theirs + at - 1001, wire.ACK),
                 segment(guest, us, wire.ACK, word), 20, "echo")
    peer.send(wire.tcp(b"", us[0], guest[0], us[1], guest[1], 1019, theirs + 18, wire.RST))


@pytest.mark.parametrize("ours,guest", [(None, None), ("fe80::1", "fe80::5054:ff:fe12:3456")],
                         ids=["IPv4", "IPv6"])
def test_half_open_connections(boot, peer, ours, guest):
    """While strangers ask and never go on, who does go on is served, and the agent answers."""
    vm = with_peer(boot, peer, SERVICES, record=False)
    agent = vm.agent()
    peer.ping()
    if ours:
        wait_for(lambda: "address fe80" in vm.serial.text())
        peer.send(wire.router_advertisement(ours, "2001:db8:7::"))  # that is where strangers are
    ours, guest = ours or peer.ip, guest or peer.guest
    with wire.Strangers(peer, 7, guest) as strangers:
        for number in range(999, 1009):
            use_echo(peer, (ours, number), (guest, 7))
            assert agent.execute("guest-ping") == {}
        wait_for(lambda: strangers.count > 30000, 60)
    use_echo(peer, (ours, 2000), (guest, 7))


def test_who_was_never_asked_is_not_let_in(boot, peer):
    """A confirmation with a number that the guest has not given is reset, flood or not."""
    with_peer(boot, peer, SERVICES, record=False)
    peer.ping()
    us, guest = (peer.ip, 997), (peer.guest, 7)
    for flood in (False, True):
        if flood:
            for number in range(100):
                peer.send(wire.tcp(b"", f"203.0.113.{number}", peer.guest, 5000, 7, number))
            peer.ping()
        theirs = ask_for_connection(peer, us, guest)
        for number in (theirs - 1, theirs, theirs + 1, 0, theirs ^ 0x80000000):
            # Another port of ours: no connection is there, and the right number is another.
            peer.ask(wire.tcp(b"in", peer.ip, peer.guest, 996, 7, 1001, number, wire.ACK),
                     segment(guest, (peer.ip, 996), wire.RST | wire.ACK), what="reset")
        peer.send(wire.tcp(b"", peer.ip, peer.guest, 997, 7, 1001, theirs, wire.RST | wire.ACK))
