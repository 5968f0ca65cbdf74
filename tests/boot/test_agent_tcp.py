# SPDX-License-Identifier: BSD-2-Clause
"""
The agent on TCP (agent.tcp=) in the booted kernel: real clients through QEMU's user network, the
strangers of tests/remote/, and the virtio channel beside it.
"""
import base64
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import pytest
import wire
from qemu import ARCHES, PATIENCE, ROOT, VIRT, arch_of, has_fw_cfg

sys.path.insert(0, os.path.join(ROOT, "tests/remote"))
import strangers  # noqa: E402
from strangers import qga_tcp  # noqa: E402

SECRET = b"<the secret of a booted machine, in 50 bytes, 1234>"
CONNECTIONS = int(os.environ.get("BARE_QGA_TCP_CONNECTIONS", "1000"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def require_fw_cfg(boot):
    """The secret comes no other way; what is without one is test_no_start_without_a_secret's."""
    if not has_fw_cfg(boot.machine):
        pytest.skip("this QEMU takes no -fw_cfg on this board")


def start(boot, tmp_path, append="", secret=SECRET, device="e1000", **options):
    """A machine whose port 9000 is vm.port of the loopback interface."""
    require_fw_cfg(boot)
    path = tmp_path / "secret"
    path.write_bytes(secret)
    port = free_port()
    args = ["-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:9000",
            "-device", f"{device},netdev=net0",
            "-fw_cfg", f"name=opt/bare-qga/secret,file={path}"]
    vm = boot(append=f"agent.tcp=9000 {append}", args=args, **options)
    vm.port = port
    vm.secret_file = str(path)
    return vm


def ready(vm):
    vm.serial.wait("agent.tcp: listening on port 9000", 20)
    vm.serial.wait("eth0: address 10.0.2.15/24", 20)
    return vm


def session(vm, secret=SECRET):
    return qga_tcp.Session("127.0.0.1", vm.port, secret, 30 * PATIENCE)


def wait_log(vm, text, count=1, timeout=20):
    vm.serial.wait(re.compile(f"(?s)({text}.*){{{count}}}"), timeout)


@pytest.mark.parametrize("machine,device", [
    ("pc", "e1000"), ("q35", "e1000e"), *((machine, "e1000e") for machine in VIRT)])
def test_session(boot, tmp_path, device):
    vm = ready(start(boot, tmp_path, device=device))
    client = session(vm)
    assert client.counters == {"accepted": 1, "refused": 0, "bad-mac": 0, "bad-frame": 0}
    assert client.execute("guest-ping") == {"return": {}}
    for command in ("guest-shutdown", "guest-file-open", "guest-fsfreeze-freeze"):
        assert client.execute(command)["error"]["desc"] == \
            f"Command {command} has been disabled: the command is not allowed"
    listed = {item["name"]: item["enabled"]
              for item in client.execute("guest-info")["return"]["supported_commands"]}
    assert listed["guest-get-time"] and not listed["guest-shutdown"]
    # The channel of the host itself is not restricted.
    local = {item["name"]: item["enabled"]
             for item in vm.agent().execute("guest-info")["supported_commands"]}
    assert local.keys() == listed.keys() and local["guest-shutdown"] and local["guest-file-open"]
    client.close()
    wait_log(vm, "session closed")
    done = subprocess.run([strangers.TOOL, "--secret-file", vm.secret_file, str(vm.port),
                           "guest-sync", '{"id": 9}'], capture_output=True, text=True,
                          timeout=60 * PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (0, "9\n"), done.stderr


def test_strangers_execute_nothing(boot, tmp_path):
    """A browser's form, curl, TLS, raw commands: with everything allowed, nothing runs."""
    vm = ready(start(boot, tmp_path, "agent.tcp.allow=rw,danger"))
    agent = vm.agent()
    for number, (name, attack) in enumerate(strangers.ATTACKS.items(), 1):
        attack(vm.port)
        client = session(vm)
        assert client.counters["bad-frame"] == number, name
        assert agent.execute("guest-ping") == {}
        client.close()
        wait_log(vm, "session closed", number)
    assert agent.open("/etc/hostname") == 1000  # no number was given out before
    assert vm.process.poll() is None


def test_wrong_secret(boot, tmp_path):
    vm = ready(start(boot, tmp_path))
    with pytest.raises(qga_tcp.NoSession, match="authentication failed"):
        session(vm, SECRET[:-1])
    client = session(vm)
    assert client.counters["bad-mac"] == 1
    client.close()


def test_files_and_danger(boot, tmp_path):
    vm = ready(start(boot, tmp_path, "agent.tcp.allow=rw,danger"))
    client = session(vm)
    data = os.urandom(1 << 20)
    handle = client.execute("guest-file-open", {"path": "/tmp/a", "mode": "w+"})["return"]
    for at in range(0, len(data), 40000):
        piece = data[at:at + 40000]
        written = client.execute("guest-file-write", {"handle": handle, "buf-b64":
                                                      base64.b64encode(piece).decode()})
        assert written["return"]["count"] == len(piece)
    client.execute("guest-file-seek", {"handle": handle, "offset": 0, "whence": "set"})
    read = client.execute("guest-file-read", {"handle": handle, "count": len(data)})["return"]
    assert base64.b64decode(read["buf-b64"]) == data
    agent = vm.agent()
    assert agent.read_file("/tmp/a") == data
    client.close()
    wait_log(vm, "session closed")
    client = session(vm)
    assert "error" in client.execute("guest-file-flush", {"handle": handle})
    client.send({"execute": "guest-shutdown"})
    vm.qmp.wait_event("SHUTDOWN", 20)


@pytest.mark.parametrize("secret, why", [(None, "no secret"), (bytes(31), "31 bytes"),
                                         (bytes(1025), "1025 bytes")], ids=["none", "31", "1025"])
def test_no_start_without_a_secret(boot, tmp_path, secret, why):
    if secret is None:
        vm = boot(append="agent.tcp=9000",
                  args=["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{free_port()}-:9000",
                        "-device", "e1000,netdev=n"])
    else:
        vm = start(boot, tmp_path, secret=secret)
    vm.serial.wait("eth0: address 10.0.2.15/24", 20)
    log = vm.serial.text()
    assert re.search(rf"agent\.tcp: NOT STARTED: .*{why}", log)
    assert "listening" not in log
    assert vm.agent().execute("guest-ping") == {}


def test_off_by_default(boot, tmp_path):
    require_fw_cfg(boot)
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    port = free_port()
    vm = boot(args=["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:9000",
                    "-device", "e1000,netdev=n",
                    "-fw_cfg", f"name=opt/bare-qga/secret,file={path}"])
    vm.serial.wait("eth0: address 10.0.2.15/24", 20)
    assert "agent.tcp" not in vm.serial.text()
    with strangers.connect(port, 30 * PATIENCE) as sock:
        assert strangers.read_to_end(sock) == b""


class Pinger(threading.Thread):
    """Uses the virtio channel until told to stop, and notes how long each reply took."""

    def __init__(self, agent):
        super().__init__()
        self.agent, self.waits = agent, []
        self.done = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.done.is_set():
                started = time.monotonic()
                assert self.agent.execute("guest-ping") == {}
                self.waits.append(time.monotonic() - started)
                self.done.wait(0.01)
        except Exception as error:  # told by __exit__, in the test's own thread
            self.failure = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()
        assert self.failure is None, self.failure
        self.waits.sort()
        print(f"{len(self.waits)} guest-pings, the slowest {self.waits[-1] * 1000:.1f} ms")
        assert len(self.waits) >= 10
        assert self.waits[len(self.waits) // 2] < 0.1 * PATIENCE
        assert self.waits[-1] < 2 * PATIENCE


def test_flood_of_connections(boot, tmp_path):
    """Connections that are held or speak nonsense, one after another: virtio does not notice."""
    vm = ready(start(boot, tmp_path, memory="16M"))
    held = []
    with Pinger(vm.agent()) as pinger:
        for number in range(CONNECTIONS):
            sock = strangers.connect(vm.port, 30 * PATIENCE)
            # The number shows that QEMU has taken the connection: its backlog holds one.
            assert len(strangers.read_line(sock)) == 65
            if number % 3 == 0:
                sock.sendall(strangers.BODY * 20)
                assert strangers.read_to_end(sock) == b""
            held.append(sock)
            if len(held) > 50:
                held.pop(0).close()
        assert pinger.is_alive()
    started = time.monotonic()
    client = session(vm)
    assert time.monotonic() - started < 4 * PATIENCE
    for sock in held:
        sock.close()
    assert client.counters["bad-frame"] == len(range(0, CONNECTIONS, 3))
    assert client.counters["refused"] >= CONNECTIONS // 2
    assert client.execute("guest-ping") == {"return": {}}
    # Two lines a second at most about strangers.
    assert vm.serial.text().count("agent.tcp") < CONNECTIONS // 2
    client.close()


def test_flood_of_half_open_connections(boot, tmp_path):
    """SYNs of strangers who never go on: virtio does not notice, and clients come in."""
    require_fw_cfg(boot)
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    folder = tempfile.mkdtemp(prefix="bare-qga-net.")
    peer = wire.Peer(folder)
    try:
        vm = boot(append=f"agent.tcp=9000 net={peer.guest}/24,gw={peer.ip}",
                  args=peer.netdev() + ["-device", "e1000,netdev=wire", "-fw_cfg",
                                        f"name=opt/bare-qga/secret,file={path}"])
        vm.serial.wait(f"address {peer.guest}/24", 20)
        peer.ping()

        def get_number(port):
            """The first word of the agent's to whom asks, and goes on."""
            answer = peer.ask(wire.tcp(b"", peer.ip, peer.guest, port, 9000, 1000),
                              lambda f: f[12:14] == b"\x08\0" and f[23] == wire.TCP and
                              f[30:38] == wire.ip(peer.ip) + struct.pack("!HH", 9000, port) and
                              f[47] == wire.SYN | wire.ACK, 60, "SYN ACK")
            theirs = struct.unpack("!I", answer[38:42])[0] + 1
            peer.ask(wire.tcp(b"", peer.ip, peer.guest, port, 9000, 1001, theirs, wire.ACK),
                     lambda f: f[23] == wire.TCP and f[36:38] == struct.pack("!H", port) and
                     re.match(rb"[0-9a-f]{64}\n", f[54:]), 20, "number")
        with Pinger(vm.agent()), wire.Strangers(peer, 9000) as flood:
            for port in range(990, 1000):
                get_number(port)
            while flood.count < 20000:
                time.sleep(0.05)
        get_number(1000)
    finally:
        peer.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_flood_of_a_session(boot, tmp_path):
    """As much as one session can ask for, whose replies nobody fetches: virtio does not notice."""
    vm = ready(start(boot, tmp_path))
    client = session(vm)
    request = b'{"execute":"guest-info"}\n' * 1000
    client.sock.setblocking(False)
    with Pinger(vm.agent()) as pinger:
        sent, end = 0, time.monotonic() + 3 * PATIENCE
        while time.monotonic() < end and len(pinger.waits) < 200:
            try:
                sent += client.sock.send(request) if sent < 4 * len(request) else 0
            except BlockingIOError:
                pass
            pinger.done.wait(0.01)
    assert sent > 0
    # QEMU does not look at a socket for which it holds as much as it may, so it does not see this
    # end go.  It may take all replies and drop them, or none: then it is the agent that loses its
    # patience, after thirty seconds.
    client.close()
    wait_log(vm, "session closed", timeout=120)
    session(vm).close()


def test_the_secret_is_nowhere_to_be_read(boot, tmp_path):
    """Neither on the serial line nor in a file; once in memory, where the key is."""
    vm = ready(start(boot, tmp_path, "agent.tcp.allow=rw"))
    with pytest.raises(qga_tcp.NoSession):
        session(vm, bytes(40))
    client = session(vm)
    assert client.execute("guest-ping") == {"return": {}}
    client.close()
    wait_log(vm, "session closed")
    log = vm.serial.text().encode()
    assert SECRET not in log and SECRET.hex().encode() not in log
    dump = tmp_path / "memory"
    vm.qmp.execute("pmemsave", val=ARCHES[arch_of(vm.machine)[0]]["ram"], size=64 << 20,
                   filename=str(dump))
    assert dump.read_bytes().count(SECRET) == 1


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_tls_without_code_in_the_guest(boot, tmp_path):
    """QEMU's own TLS-PSK before the virtio channel (docs/tcp.md): right key, wrong key, none."""
    key = os.urandom(32).hex()
    (tmp_path / "keys.psk").write_text(f"qga:{key}\n")
    port = free_port()
    vm = boot(port=None, args=[
        "-object", f"tls-creds-psk,id=psk,dir={tmp_path},endpoint=server", "-chardev",
        f"socket,id=agent,host=127.0.0.1,port={port},server=on,wait=off,tls-creds=psk"],
        after=["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"])
    vm.serial.wait("ready", 20)

    def ask(psk, *version):
        """The reply to a ping; nothing if there is no connection."""
        with subprocess.Popen(
                ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}",
                 "-psk", psk, "-psk_identity", "qga", *version],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL) as client:
            try:
                client.stdin.write(b'{"execute":"guest-ping"}\n')
                client.stdin.flush()
            except BrokenPipeError:
                pass
            line = client.stdout.readline()
            client.kill()
        return line
    for version in (("-tls1_2", "-cipher", "PSK"), ("-tls1_3",)):
        assert ask(key, *version) == b'{"return": {}}\n'
        assert ask("00" * 32, *version) == b""
    ping = b'POST / HTTP/1.1\r\n\r\n{"execute":"guest-ping"}\n'
    assert b"return" not in strangers.exchange(port, ping)
    assert ask(key, "-tls1_3") == b'{"return": {}}\n'
