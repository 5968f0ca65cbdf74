# SPDX-License-Identifier: BSD-2-Clause
"""
One run of one guest for the benchmark: QEMU with nothing but an agent port.

The client's socket is bound, connected and filled with the first request before QEMU starts, and
QEMU gets it as a file descriptor; so the time to the first reply holds no polling of ours.  CPU
times are those of all QEMU threads (schedstat): on a busy host they say more than wall time.
"""
import base64
import dataclasses
import fcntl
import hashlib
import json
import os
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../boot"))
from agent import Agent, AgentError, request  # noqa: E402

QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
PING = request("guest-ping")


@dataclasses.dataclass
class Guest:
    """What to boot.  `kind` is "agent", or "echo" for a guest that moves bytes and no documents."""
    name: str
    machine: str
    args: list
    files: list
    kind: str = "agent"
    memory: str = "256M"
    least: tuple = (1024, 65536, 256)  # -m that is searched, in KiB: from, to, step


def machine_args(guest, memory=None):
    return [QEMU, "-M", guest.machine, "-accel", "tcg", "-smp", "1", "-m", memory or guest.memory,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-monitor", "none",
            "-serial", "none", "-parallel", "none"]


def port_args(guest, descriptor):
    bus = "virtio-serial-device" if guest.machine.startswith("microvm") else "virtio-serial-pci"
    return ["-device", bus, "-chardev", f"socket,id=c0,fd={descriptor},server=on,wait=off",
            "-device", "virtserialport,chardev=c0,name=org.qemu.guest_agent.0"]


class Run(Agent):
    """A guest that is starting or running, and its only client."""

    def __init__(self, guest, memory=None, timeout=60):
        self.guest, self.timeout = guest, timeout
        with tempfile.TemporaryDirectory(prefix="bare-qga.") as folder:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(folder + "/agent")
            listener.listen(1)
            super().__init__(folder + "/agent")
            argv = machine_args(guest, memory) + port_args(guest, listener.fileno()) + guest.args
            self.started = time.perf_counter()
            self.process = subprocess.Popen(
                argv, pass_fds=(listener.fileno(),), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def cpu(self):
        """CPU seconds of QEMU so far."""
        total = 0
        try:
            for thread in os.listdir(f"/proc/{self.process.pid}/task"):
                with open(f"/proc/{self.process.pid}/task/{thread}/schedstat",
                          encoding="ascii") as file:
                    total += int(file.read().split()[0])
        except OSError:
            pass
        return total / 1e9

    def _taken(self):
        """Whether QEMU has read all that was sent: the guest has opened its port."""
        return fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4)) == bytes(4)

    def boot(self):
        """
        Time and CPU time from the start of QEMU to the answer to guest-sync-delimited.  A guest
        that drops what came early is asked again 10 ms after it took the last request.
        """
        end, asked, number, received = self.started + self.timeout, 0.0, 1000, b""
        while True:
            now = time.perf_counter()
            if now > end:
                raise AgentError(f"no answer in {self.timeout} s")
            if not asked or (now - asked > 0.010 and self._taken()):
                number += 1
                self.send(b"\xff" + request("guest-sync-delimited", {"id": number}))
                asked = time.perf_counter()
            if select.select([self.sock], [], [], 0.005)[0]:
                data = self.sock.recv(1 << 16)
                if not data:
                    raise AgentError("QEMU closed the port")
                received += data
                if self._answered(received, {number}, number):
                    break
            elif self.process.poll() is not None:
                raise AgentError(f"QEMU ended with {self.process.returncode}")
        result = {"boot_ms": (time.perf_counter() - self.started) * 1e3,
                  "boot_cpu_ms": self.cpu() * 1e3}
        self.sync()
        return result

    # ---- measurements

    def measure_idle(self, seconds):
        time.sleep(1)
        cpu, start = self.cpu(), time.perf_counter()
        time.sleep(seconds)
        return {"idle_percent": (self.cpu() - cpu) / (time.perf_counter() - start) * 100}

    def measure_ping(self, count):
        """One after the other, and then without waiting; 100 first, for TCG to translate."""
        for _ in range(100):
            self._ping()
        times, cpu = [], self.cpu()
        for _ in range(count):
            start = time.perf_counter()
            self._ping()
            times.append(time.perf_counter() - start)
        cpu = self.cpu() - cpu
        many, piped_cpu, start = 2 * count, self.cpu(), time.perf_counter()
        for line in self.exchange(PING * many, many):
            assert line == b'{"return": {}}', line
        piped = time.perf_counter() - start
        cuts = statistics.quantiles(times, n=100)
        return {"ping_p50_us": cuts[49] * 1e6, "ping_p99_us": cuts[98] * 1e6,
                "ping_cpu_us": cpu / count * 1e6, "piped_per_s": many / piped,
                "piped_cpu_us": (self.cpu() - piped_cpu) / many * 1e6}

    def _ping(self):
        self.sock.sendall(PING)
        data = self.sock.recv(4096)
        while not data.endswith(b"\n"):
            data += self.sock.recv(4096)
        assert data == b'{"return": {}}\n', data

    def measure_files(self, chunk, budget):
        """guest-file-write and guest-file-read of `chunk` bytes a time, every byte compared."""
        data = hashlib.sha256(b"%d" % chunk).digest() * (chunk // 32)
        text = base64.b64encode(data)
        count = max(1, budget // chunk)
        write, read = self._echo_files if self.guest.kind == "echo" else self._agent_files
        name = f"{chunk >> 20}M" if chunk >> 20 else f"{chunk >> 10}K"
        result = {}
        for key, work in (("write", write), ("read", read)):
            elapsed, cpu = work(chunk, text, count)
            megabytes = count * chunk / 1e6
            result[f"{key}_{name}_MB_per_s"] = megabytes / elapsed
            result[f"{key}_{name}_cpu_ms_per_MB"] = cpu * 1e3 / megabytes
        return result

    def _timed(self, message, count, check):
        cpu, start = self.cpu(), time.perf_counter()
        for _ in range(count):
            check(self.exchange(message, 1, 120)[0])
        return time.perf_counter() - start, self.cpu() - cpu

    def _on_file(self, mode, work):
        handle = self.execute("guest-file-open", path="/tmp/bench", mode=mode)
        result = work(handle)
        self.execute("guest-file-close", handle=handle)
        return result

    @property
    def _agent_files(self):
        def write(chunk, text, count):
            def check(line):
                assert json.loads(line) == {"return": {"count": chunk, "eof": False}}, line[:200]

            return self._on_file("w", lambda handle: self._timed(request(
                "guest-file-write", {"handle": handle, "buf-b64": text.decode()}), count, check))

        def read(chunk, text, count):
            def check(line):
                value = json.loads(line)["return"]
                assert value["count"] == chunk and value["buf-b64"].encode() == text

            return self._on_file("r", lambda handle: self._timed(request(
                "guest-file-read", {"handle": handle, "count": chunk}), count, check))

        return write, read

    @property
    def _echo_files(self):
        """The same number of bytes on the wire."""
        def write(_, text, count):
            def check(line):
                assert line == b"ok", line[:200]

            return self._timed(b"W" + struct.pack("<I", len(text)) + text, count, check)

        def read(_, text, count):
            cpu, start, room = self.cpu(), time.perf_counter(), bytearray(1 << 20)
            for _ in range(count):
                self.send(b"R" + struct.pack("<I", len(text)))
                left = len(text)
                while left:
                    left -= self.sock.recv_into(room, min(left, len(room)))
            return time.perf_counter() - start, self.cpu() - cpu

        return write, read


def least_memory(guest, timeout=10):
    """The smallest -m in KiB from which on the guest boots and answers 20 pings; None: none."""
    def works(kib):
        try:
            with Run(guest, f"{kib}K", timeout) as run:
                run.boot()
                for _ in range(20):
                    run._ping()
                return True
        except (AgentError, AssertionError, OSError):
            return False

    low, high, step = guest.least
    if not works(high):
        return None
    low, high = low // step, high // step
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle * step):
            high = middle
        else:
            low = middle
    # Near the limit booting may be a matter of luck.
    while not all(works(high * step) for _ in range(2)):
        high += 1
    return high * step
