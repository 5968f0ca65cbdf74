# SPDX-License-Identifier: BSD-2-Clause
"""
The agent on TCP by real clients, against the hosted agent: the same code as in the kernel, with
the sanitizers, and without a machine around it.  Times are looked at in tests/unit/test_remote.c;
here only those that a client waits for anyway.
"""
import json
import os
import re
import select
import socket
import subprocess
import time

import pytest
import strangers
from strangers import qga_tcp

HOSTED = os.environ.get("BARE_QGA_HOSTED",
                        os.path.join(strangers.ROOT, "build/hosted-asan/bare-qga"))
SECRET = bytes(range(200, 240))


class Hosted:
    """A hosted agent with its TCP port and its unix socket."""

    def __init__(self, folder, allow):
        self.socket = os.path.join(folder, "qga.sock")
        self.secret_file = os.path.join(folder, "secret")
        with open(self.secret_file, "wb") as file:
            file.write(SECRET)
        self.process = subprocess.Popen(
            [HOSTED, "--listen", self.socket, "--tcp", "0", "--secret-file", self.secret_file,
             "--allow", allow], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.log = b""
        self.port = int(self.wait_log(rb"listening on 127\.0\.0\.1:(\d+)\n")[1])

    def wait_log(self, pattern, timeout=30):
        end = time.monotonic() + timeout
        while not (match := re.search(pattern, self.log)):
            ready, _, _ = select.select([self.process.stderr], [], [], end - time.monotonic())
            data = os.read(self.process.stderr.fileno(), 1 << 16) if ready else b""
            assert data, f"no {pattern} in {self.log!r}"
            self.log += data
        return match

    def session(self, secret=SECRET):
        return qga_tcp.Session("127.0.0.1", self.port, secret)

    def local(self, command):
        """A command on the unix socket, which stands for the virtio channel."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(self.socket)
            sock.sendall(json.dumps({"execute": command}).encode() + b"\n")
            return json.loads(strangers.read_line(sock))

    def stop(self):
        self.process.terminate()
        self.log += self.process.communicate()[1]


@pytest.fixture
def hosted(tmp_path, request):
    agent = Hosted(str(tmp_path), getattr(request, "param", "ro"))
    yield agent
    agent.stop()
    assert agent.process.returncode == 0, agent.log.decode(errors="replace")
    assert SECRET not in agent.log and SECRET.hex().encode() not in agent.log


everything = pytest.mark.parametrize("hosted", ["rw,danger"], indirect=True)
files = pytest.mark.parametrize("hosted", ["rw"], indirect=True)


def test_a_session(hosted):
    session = hosted.session()
    assert session.counters == {"accepted": 1, "refused": 0, "bad-mac": 0, "bad-frame": 0}
    assert session.execute("guest-ping") == {"return": {}}
    assert session.execute("guest-sync-delimited", {"id": 5}) == {"return": 5}
    assert session.execute("guest-shutdown")["error"] == {
        "class": "CommandNotFound",
        "desc": "Command guest-shutdown has been disabled: the command is not allowed"}
    assert session.execute("guest-nonsense")["error"]["class"] == "CommandNotFound"
    # What may run by itself only looks, and nothing that does more has slipped in among it.
    enabled = {item["name"]
               for item in session.execute("guest-info")["return"]["supported_commands"]
               if item["enabled"]}
    assert {"guest-sync", "guest-sync-delimited", "guest-ping", "guest-info",
            "guest-get-time", "guest-get-osinfo", "guest-network-get-interfaces"} <= enabled
    assert all(re.match(r"guest-(sync|ping|info|get-|network-get-)", name) for name in enabled)
    session.close()


@everything
@pytest.mark.parametrize("attack", strangers.ATTACKS)
def test_a_stranger_executes_nothing(hosted, attack):
    strangers.ATTACKS[attack](hosted.port)
    hosted.wait_log(rb"another protocol")
    # A shutdown would have ended the process, and an open file would have taken the number 1000.
    session = hosted.session()
    assert session.counters["bad-frame"] == 1
    opened = session.execute("guest-file-open", {"path": "/etc/hostname"})
    assert opened == {"return": 1000}
    assert "error" in session.execute("guest-file-open", {"path": "/tmp/pwned"})
    session.close()


def test_wrong_secrets(hosted):
    for secret in (SECRET[:-1], SECRET + b"\n", bytes(40)):
        with pytest.raises(qga_tcp.NoSession, match="authentication failed"):
            hosted.session(secret)
    started = time.monotonic()
    session = hosted.session()
    assert session.counters["bad-mac"] == 3
    assert time.monotonic() - started > 3  # the third failure's pause is four seconds
    session.close()


def test_a_replayed_answer(hosted):
    with strangers.connect(hosted.port) as sock:
        nonce = strangers.read_line(sock)
        mac = qga_tcp.hmac.new(SECRET, bytes.fromhex(nonce.decode()) + b"qga1", "sha256")
        answer = json.dumps({"execute": "agent-auth",
                             "arguments": {"mac": mac.hexdigest()}}).encode()
        sock.sendall(answer)
        assert b"return" in strangers.read_line(sock)
    hosted.wait_log(rb"session closed")
    with strangers.connect(hosted.port) as sock:
        assert strangers.read_line(sock) != nonce
        sock.sendall(answer + strangers.SHUTDOWN)
        assert b"authentication failed" in strangers.read_to_end(sock)


def answer_to(nonce, secret=SECRET):
    mac = qga_tcp.hmac.new(secret, bytes.fromhex(nonce.decode()) + b"qga1", "sha256").hexdigest()
    return json.dumps({"execute": "agent-auth", "arguments": {"mac": mac}}).encode()


@everything
def test_what_follows_the_answer_at_once(hosted):
    """Requests in the same segment are the session's, if there is one; else nobody reads them."""
    with strangers.connect(hosted.port) as sock:
        sock.sendall(answer_to(strangers.read_line(sock), bytes(40)) + strangers.OPEN +
                     strangers.SHUTDOWN)
        said = strangers.read_to_end(sock)
        assert b"authentication failed" in said and said.count(b"\n") == 1
    with strangers.connect(hosted.port) as sock:
        sock.sendall(answer_to(strangers.read_line(sock)) + strangers.OPEN +
                     b'{"execute":"guest-ping"}')
        assert b'"accepted": 1' in strangers.read_line(sock)
        assert json.loads(strangers.read_line(sock)) == {"return": 1000}  # the first to be opened
        assert json.loads(strangers.read_line(sock)) == {"return": {}}


def test_an_answer_in_drops(hosted):
    """A byte now and then keeps nothing open: five seconds are for all of it."""
    started = time.monotonic()
    with strangers.connect(hosted.port) as sock:
        answer = b" " * 100 + answer_to(strangers.read_line(sock))
        sock.settimeout(0.3)
        for at in range(len(answer)):
            try:
                sock.sendall(answer[at:at + 1])
                if sock.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert 4 < time.monotonic() - started < 25
    session = hosted.session()
    assert session.counters["refused"] == 1
    session.close()


def test_truncated_answers(hosted):
    frame = b'{"execute": "agent-auth", "arguments": {"mac": "' + b"0" * 64 + b'"}}'
    for length in range(0, len(frame), 7):
        with strangers.connect(hosted.port) as sock:
            strangers.read_line(sock)
            sock.sendall(frame[:length])
            sock.shutdown(socket.SHUT_WR)
            assert strangers.read_to_end(sock) == b""
    session = hosted.session()
    assert session.counters["bad-mac"] == session.counters["bad-frame"] == 0
    assert session.counters["refused"] == len(range(0, len(frame), 7))
    session.close()


def test_silence_ends_after_five_seconds(hosted):
    started = time.monotonic()
    with strangers.connect(hosted.port) as sock:
        strangers.read_line(sock)
        assert sock.recv(1) == b""
    assert 4 < time.monotonic() - started < 25


def test_idle_sockets_do_not_delay_anybody(hosted):
    crowd = [strangers.connect(hosted.port) for _ in range(100)]
    started = time.monotonic()
    session = hosted.session()
    assert session.execute("guest-ping") == {"return": {}}
    assert time.monotonic() - started < 4  # less than those would take to time out
    crowd += [strangers.connect(hosted.port) for _ in range(100)]
    assert session.execute("guest-ping") == {"return": {}}
    assert hosted.local("guest-ping") == {"return": {}}
    session.close()
    for sock in crowd:
        sock.close()


def test_one_session_at_a_time(hosted):
    first = hosted.session()
    with pytest.raises(qga_tcp.NoSession, match="another session is open"):
        hosted.session()
    assert first.execute("guest-ping") == {"return": {}}
    assert hosted.local("guest-ping") == {"return": {}}
    first.close()
    hosted.wait_log(rb"session closed")
    hosted.session().close()


def test_what_is_no_request_ends_the_session(hosted):
    for wrong in (b"\xff", b"GET / HTTP/1.1\r\n", b'{"execute":}', b"[]", b"x",
                  b'{"execute":"guest-ping","id":"' + b"x" * 65536):
        session = hosted.session()
        session.sock.sendall(wrong)
        assert b"error" in session.line()
        assert strangers.rest_of(session) == b""
        session.close()


@files
def test_files(hosted):
    session = hosted.session()
    opened = session.execute("guest-file-open", {"path": "/tmp/a", "mode": "w+"})
    handle = opened["return"]
    written = session.execute("guest-file-write", {"handle": handle, "buf-b64": "aGVsbG8="})
    assert written == {"return": {"count": 5, "eof": False}}
    session.close()
    hosted.wait_log(rb"session closed")
    session = hosted.session()
    assert "error" in session.execute("guest-file-flush", {"handle": handle})
    handle = session.execute("guest-file-open", {"path": "/tmp/a"})["return"]
    read = session.execute("guest-file-read", {"handle": handle})["return"]
    assert read == {"count": 5, "buf-b64": "aGVsbG8=", "eof": True}
    for command in ("guest-fsfreeze-freeze", "guest-exec", "guest-exec-status", "guest-set-time",
                    "guest-set-user-password", "guest-suspend-ram", "guest-set-vcpus",
                    "guest-ssh-get-authorized-keys", "guest-ssh-add-authorized-keys"):
        assert session.execute(command)["error"]["desc"] == \
            f"Command {command} has been disabled: the command is not allowed"
    session.close()


@everything
def test_danger(hosted):
    session = hosted.session()
    assert session.execute("guest-fsfreeze-status") == {"return": "thawed"}
    session.send({"execute": "guest-shutdown"})
    assert strangers.rest_of(session) == b""
    assert hosted.process.wait(30) == 0


@pytest.mark.parametrize("size, word", [(0, "32"), (31, "32"), (1025, "1024")])
def test_no_start_without_a_secret(tmp_path, size, word):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(size))
    done = subprocess.run([HOSTED, "--listen", str(tmp_path / "s"), "--tcp", "0",
                           "--secret-file", str(secret)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert b"NOT STARTED" in done.stderr and word.encode() in done.stderr


def tool(hosted, *arguments, secret_file=None, text=""):
    command = [strangers.TOOL, "--secret-file", secret_file or hosted.secret_file,
               str(hosted.port), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60,
                          check=False)


def test_the_client(hosted, tmp_path):
    done = tool(hosted, "guest-sync", '{"id": 17}')
    assert (done.returncode, done.stdout) == (0, "17\n")
    hosted.wait_log(rb"session closed")
    done = tool(hosted, "guest-shutdown")
    assert done.returncode == 1 and "has been disabled" in done.stderr
    hosted.wait_log(rb"(?s)(session closed.*){2}")
    done = tool(hosted, text='{"execute":"guest-ping"}\n\n{"execute":"guest-ping","id":2}\n')
    assert done.stdout == '{"return": {}}\n{"return": {}, "id": 2}\n'
    other = tmp_path / "other"
    other.write_bytes(bytes(32))
    done = tool(hosted, "guest-ping", secret_file=str(other))
    assert done.returncode == 2 and "authentication failed" in done.stderr


@everything
def test_the_client_shuts_down(hosted):
    assert tool(hosted, "guest-shutdown").returncode == 0
    assert hosted.process.wait(30) == 0
