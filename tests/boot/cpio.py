# SPDX-License-Identifier: BSD-2-Clause
"""
Writes cpio archives of the "newc" kind (Linux Documentation/driver-api/early-userspace/
buffer-format), so that the tests need no cpio tool and can write wrong ones too.
"""
FILE, DIRECTORY, LINK, DEVICE = 0o100644, 0o040755, 0o120777, 0o020600


def entry(name, data=b"", mode=FILE, number=1):
    path = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    record = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    record += bytes(-len(record) % 4) + data
    return record + bytes(-len(record) % 4)


TRAILER = entry("TRAILER!!!", mode=0)


def archive(*entries):
    data = b"".join(entries) + TRAILER
    return data + bytes(-len(data) % 512)
