# SPDX-License-Identifier: BSD-2-Clause
"""
Clients of the agent's TCP port, good and bad: tools/qga-tcp as a module, and what a browser, a
scanner or an attacker would send.  Each attack carries commands that leave a trace if they run.
"""
import http.client
import importlib.machinery
import importlib.util
import os
import shutil
import socket
import ssl
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, "tools/qga-tcp")
SHUTDOWN = b'{"execute":"guest-shutdown"}'
OPEN = b'{"execute":"guest-file-open","arguments":{"path":"/tmp/pwned","mode":"w"}}'
BODY = b"x=" + OPEN + b"\r\n" + OPEN + b"\n" + SHUTDOWN + b"\n"


def _load_tool():
    loader = importlib.machinery.SourceFileLoader("qga_tcp", TOOL)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("qga_tcp", loader))
    loader.exec_module(module)
    return module


qga_tcp = _load_tool()


def connect(port, timeout=30):
    return socket.create_connection(("127.0.0.1", port), timeout)


def read_line(sock):
    """One line, byte by byte, so that nothing behind it is taken."""
    line = b""
    while not line.endswith(b"\n"):
        data = sock.recv(1)
        if not data:
            raise ConnectionError(f"closed after {line!r}")
        line += data
    return line


def read_to_end(sock):
    """Everything until the agent closes; a reset is an end too."""
    data = b""
    try:
        while piece := sock.recv(1 << 16):
            data += piece
    except ConnectionError:
        pass
    return data


def rest_of(session):
    """The same of a session."""
    try:
        return session.input.read()
    except ConnectionError:
        return b""


def exchange(port, payload):
    """Sends bytes and returns all that comes back until the agent closes."""
    with connect(port) as sock:
        try:
            sock.sendall(payload)
        except ConnectionError:
            pass
        return read_to_end(sock)


def http_request(port, method, body):
    """A request of Python's HTTP client; what it makes of the answer does not matter."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request(method, "/", body, {"Content-Type": "text/plain"})
        # To the end: who closes with bytes unread takes back what is on its way.
        with client.sock.makefile("rb") as answer:
            answer.read()
    except (http.client.HTTPException, OSError):
        pass
    finally:
        client.close()


def curl(port, *arguments, scheme="http"):
    subprocess.run(["curl", "--silent", "--max-time", "30", "--http0.9", *arguments,
                    f"{scheme}://127.0.0.1:{port}/"],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=False)


def tls_hello(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    answer, hello = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(answer, hello)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        answer.write(exchange(port, hello.read()))
    try:
        client.do_handshake()
    except ssl.SSLError:
        return
    raise AssertionError("the agent speaks TLS")


ATTACKS = {
    "http-get": lambda port: http_request(port, "GET", None),
    "http-post": lambda port: http_request(port, "POST", BODY),
    "http-put": lambda port: http_request(port, "PUT", BODY),
    "http-json": lambda port: http_request(port, "POST", OPEN + SHUTDOWN),
    "tls": tls_hello,
    "raw-get": lambda port: exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + BODY),
    "raw-post": lambda port: exchange(port, b"POST / HTTP/1.1\r\n\r\n" + BODY),
    "bare-command": lambda port: exchange(port, OPEN + SHUTDOWN),
    "after-newline": lambda port: exchange(port, b"\r\n\r\n" + OPEN + SHUTDOWN),
    "resynchronised": lambda port: exchange(port, b"\xff" + OPEN + SHUTDOWN),
    "no-mac": lambda port: exchange(port, b'{"execute":"agent-auth"}' + OPEN + SHUTDOWN),
    "empty-mac": lambda port: exchange(
        port, b'{"execute":"agent-auth","arguments":{"mac":""}}' + OPEN + SHUTDOWN),
    "long": lambda port: exchange(port, b" " * (1 << 20) + OPEN + SHUTDOWN),
    "zeros": lambda port: exchange(port, bytes(1 << 20)),
}
if shutil.which("curl"):
    ATTACKS["curl-form"] = lambda port: curl(port, "--data-binary", BODY.decode())
    ATTACKS["curl-multipart"] = lambda port: curl(port, "--form", "a=" + OPEN.decode())
    ATTACKS["curl-https"] = lambda port: curl(port, "--insecure", "--data-binary", BODY.decode(),
                                              scheme="https")
    ATTACKS["curl-put"] = lambda port: curl(port, "--upload-file", "/etc/hostname")
