# SPDX-License-Identifier: BSD-2-Clause
"""
What clients put on the wire that are no Debian packages, byte for byte, and how they judge what
comes back.  Each is as strict as its model: what that would stumble over is an error here.
"""
import base64
import json
import os
import re
import select
import socket
import struct
import time

from qemu import PATIENCE


class ClientError(AssertionError):
    """What the model would have raised."""


class Port:
    """A connection as clients have it; each read has a deadline."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        limit = struct.pack("ll", int(30 * PATIENCE), 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self.sock.connect(path)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def read(self, timeout):
        """Some bytes, b"" at the end of the connection, None at the deadline."""
        ready, _, _ = select.select([self.sock], [], [], timeout * PATIENCE)
        if not ready:
            return None
        try:
            return self.sock.recv(1 << 16)
        except ConnectionError:
            return b""

    def line(self, timeout=20):
        """The next line; b"" at the end of the connection."""
        while b"\n" not in self.buffer:
            data = self.read(timeout)
            if data is None:
                raise ClientError(f"timeout after {self.buffer[-200:]!r}")
            if not data:
                return b""
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line


class Proxmox:
    """
    qemu-server, PVE/QMPClient.pm: a connection for each command, guest-sync-delimited and the
    command in one write without a 0xFF, and after the last 0xFF exactly two lines.
    """

    TWO_LINES = re.compile(rb".*\xff([^\n]+\}\r?\n[^\n]+\}\r?\n?)$", re.DOTALL)

    def __init__(self, path):
        self.path = path
        self.count = 0

    def execute(self, command, timeout=20, **arguments):
        self.count += 1
        # The process number, a zero, a counter: larger than 32 bits soon.
        number = f"{os.getpid()}0{self.count}"
        sync = '{"arguments":{"id":%s},"execute":"guest-sync-delimited"}\n' % number
        text = {"execute": command, "arguments": {k.replace("_", "-"): v
                                                  for k, v in arguments.items()}}
        with Port(self.path) as port:
            port.send((sync + json.dumps(text, separators=(",", ":")) + "\n").encode())
            data = b""
            while True:
                more = port.read(timeout)
                if more is None:
                    raise ClientError(f"VM qga command '{command}' failed - got timeout {data!r}")
                if more == b"":
                    if command.startswith(("guest-shutdown", "guest-suspend")):
                        return None
                    raise ClientError("connection closed")
                data += more
                found = self.TWO_LINES.match(data)
                if not found:
                    continue
                first, second = found[1].rstrip(b"\r\n").split(b"\n")
                if json.loads(first)["return"] != int(number):
                    raise ClientError(f"unexpected result for id {number}: {first!r}")
                answer = json.loads(second)
                if "error" in answer:
                    raise ClientError(answer["error"]["desc"])
                return answer["return"]

    def file_read(self, path):
        """GET agent/file-read: pieces of 1 MiB until eof."""
        handle = self.execute("guest-file-open", path=path)
        content = b""
        while True:
            got = self.execute("guest-file-read", handle=handle, count=1 << 20)
            content += base64.b64decode(got["buf-b64"])
            if got["eof"]:
                break
        self.execute("guest-file-close", handle=handle)
        return content

    def file_write(self, path, content):
        """POST agent/file-write."""
        handle = self.execute("guest-file-open", path=path, mode="wb")
        got = self.execute("guest-file-write", handle=handle,
                           buf_b64=base64.b64encode(content).decode())
        self.execute("guest-file-close", handle=handle)
        return got

    def fs_freeze(self):
        """Around backups: not if frozen already; the status must be frozen afterwards."""
        if self.execute("guest-fsfreeze-status") == "frozen":
            return False
        self.execute("guest-fsfreeze-freeze")
        if self.execute("guest-fsfreeze-status") != "frozen":
            raise ClientError("unable to freeze guest fs - unexpected status")
        return True


class QemuGaClient:
    """
    QEMU's python/qemu/utils/qemu_ga_client.py: one connection, a ping, guest-sync with 32 bits;
    requests end with their brace, without a newline.
    """

    def __init__(self, path, number=0xfedcba98):
        self.port = Port(path)
        self.execute("guest-ping", timeout=3 * 10)
        while self.execute("guest-sync", id=number) != number:
            pass

    def execute(self, command, timeout=20, **arguments):
        request = {"execute": command}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self.port.send(json.dumps(request).encode())
        line = self.port.line(timeout)
        if not line:
            raise ClientError("closed")
        answer = json.loads(line)
        if "error" in answer:
            raise ClientError(answer["error"]["desc"])
        return answer["return"]

    def cat(self, path):
        handle = self.execute("guest-file-open", path=path)
        content, eof = b"", False
        while not eof:
            got = self.execute("guest-file-read", handle=handle, count=1024)
            content += base64.b64decode(got["buf-b64"])
            eof = got["eof"]
        self.execute("guest-file-close", handle=handle)
        return content

    def info(self):
        """As `qemu-ga-client info` prints it."""
        info = self.execute("guest-info")
        names = [entry["name"] for entry in info["supported_commands"] if entry["enabled"]]
        return f"version: {info['version']}\nsupported_commands:\n\tenabled: {' '.join(names)}"

    def ifconfig(self):
        """Each interface must have a hardware-address; ip-addresses may be missing."""
        lines = []
        for nic in self.execute("guest-network-get-interfaces"):
            lines.append(f"{nic['name']}: {nic['hardware-address']}")
            for address in nic.get("ip-addresses", []):
                family = {"ipv4": "inet", "ipv6": "inet6"}[address["ip-address-type"]]
                lines.append(f"\t{family} {address['ip-address']}/{address['prefix']}")
        return lines

    def shutdown(self, mode="powerdown"):
        """No answer is the success."""
        self.port.send(json.dumps(
            {"execute": "guest-shutdown", "arguments": {"mode": mode}}).encode())
        data = self.port.read(3)
        if data:
            raise ClientError(f"answer to guest-shutdown: {data!r}")


class Avocado:
    """avocado-vt, virttest/guest_agent.py: lines; an error reply to guest-sync is fatal."""

    def __init__(self, path, number=4821):
        self.port = Port(path)
        self.port.send(b'{"execute": "guest-sync", "arguments": {"id": %d}}\n' % number)
        answer = json.loads(self.port.line().lstrip(b"\xff"))
        if answer != {"return": number}:
            raise ClientError(f"sync: {answer}")

    def sync_delimited(self, number):
        self.port.send(b'{"execute": "guest-sync-delimited", "arguments": {"id": %d}}\n' % number)
        line = self.port.line()
        if not line.startswith(b"\xff"):
            raise ClientError(f"no 0xFF before {line!r}")
        return json.loads(line[1:])["return"]

    def command(self, name, **arguments):
        request = {"execute": name}
        if arguments:
            request["arguments"] = arguments
        self.port.send(json.dumps(request).encode() + b"\n")
        return json.loads(self.port.line())


class VmTest:
    """danobi/vmtest, src/qga.rs: connects until somebody answers; the version is three bytes."""

    def __init__(self, path, patience=60):
        end = time.monotonic() + patience * PATIENCE
        for number in range(1, 10000):
            if time.monotonic() > end:
                raise ClientError("timeout while waiting for the agent")
            try:
                self.port = Port(path)
            except OSError:
                select.select([], [], [], 0.1)
                continue
            self.port.send(b'{"execute":"guest-sync","arguments":{"id":%d}}\n' % number)
            try:
                if json.loads(self.port.line(5)) == {"return": number}:
                    break
            except ValueError:
                pass
            except ClientError:
                pass
            self.port.sock.close()
        self.port.send(b'{"execute":"guest-info"}\n')
        version = json.loads(self.port.line())["return"]["version"].split(".")
        if len(version) != 3 or not all(0 <= int(part) <= 255 for part in version):
            raise ClientError(f"version {version}")
