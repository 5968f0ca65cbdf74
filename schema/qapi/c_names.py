# SPDX-License-Identifier: BSD-2-Clause
"""How QAPI names become C names."""

from __future__ import annotations

import re

from .model import Enum, EnumValue

# C11 §6.4.1, and what C11's headers make of the rest.
_KEYWORDS = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    union unsigned void volatile while asm typeof bool true false errno stdin stdout stderr linux
    unix""".split()
)


def identifier(name: str, guard: bool = True) -> str:
    """A member or command name; C's own words get a trailing underscore."""
    text = re.sub(r"[^A-Za-z0-9]", "_", name)
    if text[0].isdigit():
        text = f"_{text}"
    return f"{text}_" if guard and text in _KEYWORDS else text


def type_name(name: str) -> str:
    """A type name in snake case: GuestFileWhence -> guest_file_whence, QGASeek -> qga_seek."""
    text = re.sub(r"[^A-Za-z0-9]", "_", name)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text).lower()


def constant(enum: Enum, value: EnumValue) -> str:
    """An enum constant: QGASeek, set -> QGA_SEEK_SET."""
    prefix = enum.prefix or type_name(enum.name)
    return re.sub(r"[^A-Za-z0-9]", "_", f"{prefix}_{value.name}").upper()


def string_literal(text: str) -> str:
    """A C string; QAPI strings are printable ASCII already."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
