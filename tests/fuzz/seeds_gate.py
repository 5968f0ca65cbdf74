#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Inputs of fuzz_gate: frames, other protocols, and sessions of one who knows the secret.

    seeds_gate.py FOLDER
"""
import os
import sys

MAC = b"0123456789abcdef" * 4
FRAMES = (
    b'{"execute": "agent-auth", "arguments": {"mac": "%s"}}\n' % MAC,
    b' {"arguments" :\t{"mac":"%s"\r\n} , "execute":"agent-auth"}' % MAC.upper(),
    b'{"execute":"agent-auth","arguments":{"mac":"%s0"}}' % MAC,
    b'{"execute":"agent-auth","arguments":{"mac":"%s"}' % MAC + b" " * 200 + b"}",
)
STRANGERS = FRAMES + (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b'POST / HTTP/1.1\r\n\r\n{"execute":"guest-shutdown"}',
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b'{"execute":"guest-info"}',
    b'\xff{"execute":"guest-sync-delimited","arguments":{"id":1}}\n',
)
SESSIONS = (
    b'\n{"execute":"guest-ping"}\n{"execute":"guest-info"}\n',
    b'{"execute":"guest-sync-delimited","arguments":{"id":1}}{"execute":"guest-get-time"}',
    b'{"execute":"guest-file-open","arguments":{"path":"/a","mode":"w"}}',
    b'{"execute":"guest-shutdown"}{"execute":"guest-fsfreeze-freeze"}',
    b'{"execute":"guest-ping"}x{"execute":"guest-ping"}',
    b'{"execute":"guest-ping","id":"' + b"x" * 66000 + b'"}',
)
WHOLE = b"\xfe" * 8
CUT = bytes((1, 2, 3, 5, 8, 0, 13, 255))


def main(folder):
    os.makedirs(folder, exist_ok=True)
    inputs = list(FRAMES)
    inputs += [flags + pieces + text for text in STRANGERS + SESSIONS
               for pieces in (WHOLE, CUT) for flags in (b"\0", b"\1", b"\3")]
    for number, data in enumerate(inputs):
        with open(os.path.join(folder, f"{number:03}"), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
