# SPDX-License-Identifier: BSD-2-Clause
"""
A client of the guest agent on a unix socket: whole commands, or bytes as a test wants them.

Replies are lines; guest-sync-delimited puts 0xFF before its own so that a client finds the start
of what is meant for it (QAPI, guest-sync-delimited).
"""
import base64
import itertools
import json
import select
import socket
import struct
import time

_sync_ids = itertools.count(int(time.time() * 1000))


class AgentError(AssertionError):
    """The agent kept silent, closed the port or sent something that is not a reply."""


class CommandError(AgentError):
    """An error reply; .error is its object."""

    def __init__(self, request, error):
        super().__init__(f"{request}: {error}")
        self.error = error


def request(command, arguments=None, **more):
    """The bytes of one request; `more` are further members such as id."""
    message = {"execute": command, **more}
    if arguments:
        message["arguments"] = arguments
    return json.dumps(message).encode() + b"\n"


class Agent:
    """One connection to the agent."""

    def __init__(self, path, patience=1.0):
        self.patience = patience
        self.buffer = bytearray()
        self.sock = socket.socket(socket.AF_UNIX)
        # QEMU serves one client at a time and its backlog holds one more: connect() waits for it.
        # A Python timeout would make the socket non-blocking, and connect() fail instead.
        limit = struct.pack("ll", int(30 * patience), 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self.sock.connect(path)
        self.sock.settimeout(30 * patience)

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def receive(self, timeout=10):
        """What has arrived; b"" if the port was closed; None if nothing came in time."""
        ready, _, _ = select.select([self.sock], [], [], timeout * self.patience)
        if not ready:
            return None
        try:
            return self.sock.recv(1 << 20)
        except ConnectionError:
            return b""

    def line(self, timeout=20):
        """The next line, without its newline."""
        end = time.monotonic() + timeout * self.patience
        scanned = 0
        while (at := self.buffer.find(b"\n", scanned)) < 0:
            scanned = len(self.buffer)
            data = self.receive(max(0, end - time.monotonic()) / self.patience)
            if data is None:
                raise AgentError(f"no reply in {timeout} s; so far {bytes(self.buffer[:200])!r}")
            if not data:
                raise AgentError(f"port closed; before that {bytes(self.buffer[:200])!r}")
            self.buffer += data
        line = bytes(self.buffer[:at])
        del self.buffer[:at + 1]
        return line

    def reply(self, timeout=20):
        """The next reply as an object."""
        line = self.line(timeout)
        try:
            return json.loads(line)
        except ValueError as error:
            raise AgentError(f"not a reply: {line[:200]!r}") from error

    def sync(self, timeout=10):
        """
        guest-sync-delimited until its own answer comes.  Asks again after a while, in the end each
        second: a request that meets a reset or a detached port is lost, as on any machine.
        """
        end = time.monotonic() + timeout * self.patience
        wanted = set()
        self.buffer.clear()
        received = bytearray()
        pause = 0.25
        while time.monotonic() < end:
            number = next(_sync_ids)
            wanted.add(number)
            self.send(b"\xff" + request("guest-sync-delimited", {"id": number}))
            again = time.monotonic() + pause * self.patience
            pause = min(1, pause * 2)
            while (left := again - time.monotonic()) > 0:
                data = self.receive(left / self.patience)
                if data is None:
                    break
                if not data:
                    raise AgentError("port closed during sync")
                received += data
                if self._answered(received, wanted, number):
                    return
        raise AgentError(f"no answer to guest-sync-delimited in {timeout} s; "
                         f"received {bytes(received[-200:])!r}")

    @staticmethod
    def _answered(received, wanted, newest):
        """Whether the newest sync was answered; an older one alone has a successor coming."""
        for part in bytes(received).split(b"\xff")[1:]:
            line = part.split(b"\n")[0]
            try:
                answer = json.loads(line).get("return")
            except (ValueError, AttributeError):
                continue
            if answer == newest and answer in wanted:
                return True
        return False

    def execute(self, command, timeout=20, **arguments):
        """Runs a command and returns its value; underscores in argument names become hyphens."""
        arguments = {k.replace("_", "-"): v for k, v in arguments.items()}
        message = request(command, arguments)
        answer = json.loads(self.exchange(message, 1, timeout)[0])
        if "error" in answer:
            raise CommandError(message[:200], answer["error"])
        return answer["return"]

    def exchange(self, data, lines, timeout=60):
        """
        Sends `data`, of any size, and returns the next `lines` lines.  Both directions are
        serviced at once, so that neither side's buffers can stop the other.
        """
        replies, view, sent = [], memoryview(data), 0
        end = time.monotonic() + timeout * self.patience
        scanned = 0
        while True:
            while len(replies) < lines and (at := self.buffer.find(b"\n", scanned)) >= 0:
                replies.append(bytes(self.buffer[:at]))
                del self.buffer[:at + 1]
                scanned = 0
            scanned = len(self.buffer)
            if len(replies) == lines and sent == len(view):
                return replies
            left = end - time.monotonic()
            if left <= 0:
                raise AgentError(f"{len(replies)} of {lines} replies and {sent} of {len(view)} "
                                 f"bytes in {timeout} s")
            readable, writable, _ = select.select(
                [self.sock], [self.sock] if sent < len(view) else [], [], left)
            if writable:
                sent += self.sock.send(view[sent:sent + (1 << 16)], socket.MSG_DONTWAIT)
            if readable:
                got = self.sock.recv(1 << 20)
                if not got:
                    raise AgentError(f"port closed after {len(replies)} of {lines} replies")
                self.buffer += got

    # ---- whole files

    def open(self, path, mode="r"):
        return self.execute("guest-file-open", path=path, mode=mode)

    def close_file(self, handle):
        self.execute("guest-file-close", handle=handle)

    def write(self, handle, data, timeout=60):
        text = base64.b64encode(data).decode()
        result = self.execute("guest-file-write", timeout, handle=handle, buf_b64=text)
        assert result["count"] == len(data), result
        return result

    def read(self, handle, count, timeout=60):
        result = self.execute("guest-file-read", timeout, handle=handle, count=count)
        data = base64.b64decode(result["buf-b64"], validate=True)
        assert len(data) == result["count"]
        return data

    def write_file(self, path, data, piece=1 << 20):
        handle = self.open(path, "w")
        for at in range(0, len(data), piece):
            self.write(handle, data[at:at + piece])
        self.close_file(handle)

    def read_file(self, path, piece=1 << 20):
        handle = self.open(path)
        data = b""
        while got := self.read(handle, piece):
            data += got
        self.close_file(handle)
        return data
