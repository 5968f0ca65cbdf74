# SPDX-License-Identifier: BSD-2-Clause
"""virsh qemu-agent-command, and what libvirt itself makes of replies, errors and large requests."""
import base64
import json

import pytest

from domain import LibvirtError, VirshError
from qemu import VIRT

MACHINES = ["pc", "q35", *VIRT]

NOT_FOUND = "The command guest-nope has not been found"


def said(error):
    return error.value.stderr


def test_ping(domain):
    assert domain.virsh("qemu-agent-command", '{"execute":"guest-ping"}') == '{"return":{}}'


@pytest.mark.parametrize("option", [
    ("--timeout", "20"), ("--block",), ("--pretty",)])
def test_options(domain, option):
    assert domain.command('{"execute":"guest-ping"}', *option) == {"return": {}}


def test_async(domain):
    """libvirt does not wait: mostly it says so before the answer comes, and skips that later."""
    for _ in range(3):
        done = domain.virsh("qemu-agent-command", "--async", '{"execute":"guest-info"}',
                            check=False)
        assert done.returncode == 0 or "Guest agent not available for now" in done.stderr
        assert domain.command('{"execute":"guest-ping"}') == {"return": {}}


def test_what_libvirt_rewrites(domain):
    """libvirt parses what virsh is given and sends its own spelling of it."""
    request = ' { "execute" : "guest-sync", "arguments": { "id": 7 } } '
    assert domain.command(request) == {"return": 7}
    assert domain.command({"execute": "guest-sync", "arguments": {"id": -2**63}}) == {
        "return": -2**63}


def test_reply_with_an_id(domain):
    """libvirt never sends an id of its own and hands on what comes back."""
    assert domain.command('{"execute":"guest-ping","id":{"a":[1,null]}}') == {
        "return": {}, "id": {"a": [1, None]}}


def test_unknown_command(domain):
    with pytest.raises(VirshError) as error:
        domain.execute("guest-nope")
    assert f"unable to execute QEMU agent command 'guest-nope': {NOT_FOUND}" in said(error)
    assert domain.execute("guest-ping") == {}


@pytest.mark.parametrize("arguments,text", [
    ({"path": "/nope"}, "failed to open file '/nope' (mode: 'r'): No such file or directory"),
    ({}, "Parameter 'path' is missing"),
    ({"path": 1}, "Invalid parameter type for 'path', expected: string"),
    ({"path": "/x", "filepath": "/x"}, "Parameter 'filepath' is unexpected"),
    ({"path": "/x", "mode": "q"}, "invalid file open mode 'q'")])
def test_error_texts(domain, arguments, text):
    """The agent's own words are what a user of virsh reads."""
    with pytest.raises(VirshError) as error:
        domain.command({"execute": "guest-file-open", "arguments": arguments})
    assert f"unable to execute QEMU agent command 'guest-file-open': {text}" in said(error)


def test_garbage_stays_with_libvirt(domain):
    with pytest.raises(VirshError) as error:
        domain.virsh("qemu-agent-command", "not json")
    assert "cannot parse json" in said(error)
    assert domain.execute("guest-ping") == {}


def test_info(domain):
    info = domain.execute("guest-info")
    assert len(info["version"].split(".")) == 3
    members = {"enabled", "name", "success-response"}
    assert all(set(entry) == members for entry in info["supported_commands"])
    silent = {entry["name"] for entry in info["supported_commands"]
              if not entry["success-response"]}
    assert silent <= {"guest-shutdown", "guest-suspend-ram", "guest-suspend-disk",
                      "guest-suspend-hybrid"}


def test_file_through_libvirt(domain):
    """As large as libvirt carries safely in a request, and in a reply (2 MiB)."""
    content = bytes(range(256)) * 8192
    handle = domain.execute("guest-file-open", path="/tmp/via-libvirt", mode="w+")
    for at in range(0, len(content), 65536):
        text = base64.b64encode(content[at:at + 65536]).decode()
        assert domain.call("guest-file-write", handle=handle, buf_b64=text) == {
            "count": 65536, "eof": False}
    domain.execute("guest-file-seek", handle=handle, offset=0, whence="set")
    got = domain.execute("guest-file-read", handle=handle, count=2 << 20)
    assert base64.b64decode(got["buf-b64"]) == content and not got["eof"]
    domain.execute("guest-file-close", handle=handle)


def test_request_larger_than_the_socket_buffer(start):
    """
    libvirt begins anew when the socket takes only part of a request (util/virfile.c:safewrite on
    a non-blocking socket), so that the agent sees beginnings of it for as long as libvirt waits
    for the answer.  The agent answers each with what is wrong, which libvirt takes for the answer
    if it has come to its own end by then; else it gives up, its first guest-sync ends in the
    rubble, and the next one has to be answered.
    """
    domain = start()
    handle = domain.execute("guest-file-open", path="/tmp/large", mode="w")
    text = base64.b64encode(bytes(1 << 20)).decode()
    request = {"execute": "guest-file-write", "arguments": {"handle": handle, "buf-b64": text}}
    with pytest.raises(LibvirtError, match="not responding|JSON parse error"):
        domain.call_raw(json.dumps(request), timeout=1)
    domain.virsh("qemu-agent-command", '{"execute":"guest-ping"}', check=False)
    assert domain.execute("guest-ping") == {}
    domain.execute("guest-file-close", handle=handle)
