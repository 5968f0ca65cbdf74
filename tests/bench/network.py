# SPDX-License-Identifier: BSD-2-Clause
"""
The network suite: a guest with an e1000 on QEMU's user network, and its echo, discard and chargen.

Both sides of a comparison get their address by DHCP; `net_up_ms` is the time from the start of
QEMU to the first datagram that the guest sends back.  Figures per megabyte are CPU time of all QEMU
threads, of which QEMU's own network and the emulated card are a good part, the same for all.
"""
import dataclasses
import socket
import statistics
import struct
import time

from guest import AgentError

TRANSFER = 24 << 20
TRANSFERS = 3
ROUND_TRIPS = 1000
CONNECTIONS = 100
SERVICES = {"tcp echo": ("tcp", 7), "discard": ("tcp", 9), "chargen": ("tcp", 19),
            "udp echo": ("udp", 7)}


def free_port(kind):
    family = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, family) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def with_card(guest, device):
    """The guest with a card, and the host's ports of its services."""
    ports = {name: free_port(kind) for name, (kind, _) in SERVICES.items()}
    forwards = "".join(f",hostfwd={kind}:127.0.0.1:{ports[name]}-:{port}"
                       for name, (kind, port) in SERVICES.items())
    card = ["-netdev", "user,id=n0,ipv6=off" + forwards, "-device", device + ",netdev=n0,romfile="]
    return dataclasses.replace(guest, args=guest.args + card), ports


def connect(port):
    client = socket.create_connection(("127.0.0.1", port), 30)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.settimeout(30)
    return client


def wait_up(vm, client):
    """Milliseconds from the start of QEMU until the guest has answered a datagram."""
    client.settimeout(0.005)
    while time.perf_counter() < vm.started + vm.timeout:
        try:
            client.send(b"up")
            client.recv(100)
            return {"net_up_ms": (time.perf_counter() - vm.started) * 1e3}
        except OSError:
            pass
    raise AgentError(f"no network in {vm.timeout} s")


def exchange(client, message, tries):
    """Seconds until the message has come back; a lost one (UDP) is sent again, and timed anew."""
    for _ in range(tries):
        start, answer = time.perf_counter(), b""
        client.sendall(message)
        try:
            while answer != message:
                # Anything else is a late answer to another one, or the first part of this one.
                answer = answer * message.startswith(answer) + client.recv(2000)
            return time.perf_counter() - start
        except TimeoutError:
            pass
    raise AgentError(f"no answer to one of {tries} messages")


def round_trips(vm, name, client, tries):
    """One after the other; 100 first, for TCG to translate."""
    times = []
    cpu = 0
    for number in range(-100, ROUND_TRIPS):
        if number == 0:
            cpu = vm.cpu()
        elapsed = exchange(client, struct.pack("<i60x", number), tries)
        if number >= 0:
            times.append(elapsed)
    return {f"{name}_rtt_p50_us": statistics.median(times) * 1e6,
            f"{name}_rtt_cpu_us": (vm.cpu() - cpu) / ROUND_TRIPS * 1e6}


def transfer(vm, name, work):
    """Some after one another, each on a new connection, half a second apart; the median."""
    rates, costs = [], []
    for _ in range(TRANSFERS):
        time.sleep(0.5)
        cpu, start = vm.cpu(), time.perf_counter()
        count = work()
        rates.append(count / (time.perf_counter() - start) / 1e6)
        costs.append((vm.cpu() - cpu) * 1e9 / count)
    return {f"tcp_{name}_MB_per_s": statistics.median(rates),
            f"tcp_{name}_cpu_ms_per_MB": statistics.median(costs)}


def send_all(port):
    with connect(port) as client:
        client.sendall(bytes(TRANSFER))
        client.shutdown(socket.SHUT_WR)
        # The end comes when the guest has taken everything; some peers say how much it was.
        while client.recv(100):
            pass
    return TRANSFER


def receive_all(port):
    count = 0
    with connect(port) as client:
        while count < TRANSFER:
            part = client.recv(1 << 18)
            if not part:
                raise AgentError("chargen ended")
            count += len(part)
    return count


def connections(port):
    start = time.perf_counter()
    for _ in range(CONNECTIONS):
        with connect(port) as client:
            client.sendall(b"x")
            client.recv(1)
    return {"tcp_connections_per_s": CONNECTIONS / (time.perf_counter() - start)}


def measure(vm, ports):
    """All figures of a guest that has just been started."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", ports["udp echo"]))
        result = wait_up(vm, client)
        client.settimeout(1)
        result |= round_trips(vm, "udp", client, 10)
    with connect(ports["tcp echo"]) as client:
        result |= round_trips(vm, "tcp", client, 1)
    result |= connections(ports["tcp echo"])
    result |= transfer(vm, "in", lambda: send_all(ports["discard"]))
    result |= transfer(vm, "out", lambda: receive_all(ports["chargen"]))
    return result
