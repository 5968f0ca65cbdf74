# SPDX-License-Identifier: BSD-2-Clause
"""The shape of definitions: which keywords, which names, which kinds of value.

QEMU docs/devel/qapi-code-gen, "Schema syntax" and "Naming rules and reserved names".
"""

from __future__ import annotations

import re

from .source import Position, Reader, SchemaError
from .syntax import Flag, Mapping, Pragmas, Sequence, Statement, Text, Value

# Keyword -> (required keys, optional keys).
SHAPES: dict[str, tuple[set[str], set[str]]] = {
    "enum": ({"data"}, {"prefix", "if", "features"}),
    "struct": ({"data"}, {"base", "if", "features"}),
    "union": ({"data"}, {"base", "discriminator", "if", "features"}),
    "alternate": ({"data"}, {"if", "features"}),
    "command": (
        set(),
        {"data", "returns", "boxed", "gen", "success-response", "allow-oob", "allow-preconfig"}
        | {"coroutine", "if", "features"},
    ),
    "event": (set(), {"data", "boxed", "if", "features"}),
}
# How schemas before QEMU 2.4 spelt 'struct'.
OLD_SPELLINGS = {"type": "struct"}
FLAGS_TRUE = {"boxed", "allow-oob", "allow-preconfig", "coroutine"}
FLAGS_FALSE = {"gen", "success-response"}

# `__org.example_` marks the names of a downstream, `x-` what is experimental.
_PREFIX = r"(__[A-Za-z0-9.-]+_)?([xX]-)?"
_MEMBER_NAME = re.compile(_PREFIX + r"[a-z][a-z0-9-]*$")
_LENIENT_NAME = re.compile(_PREFIX + r"[A-Za-z][A-Za-z0-9_-]*$")
_ENUM_VALUE = re.compile(_PREFIX + r"[a-z0-9][a-z0-9-]*$")
_LENIENT_VALUE = re.compile(_PREFIX + r"[A-Za-z0-9][A-Za-z0-9_-]*$")
_TYPE_NAME = re.compile(_PREFIX + r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$")
_EVENT_NAME = re.compile(_PREFIX + r"[A-Z][A-Z0-9_]*$")
_CONDITION = re.compile(r"[A-Z][A-Z0-9_]*$")


def keyword_of(statement: Statement, reader: Reader) -> tuple[str, Text]:
    """Which definition a statement is, and its name; refuses unknown and missing keys."""
    value = statement.value
    for spelling in [*SHAPES, *OLD_SPELLINGS]:
        name = value.entries.get(spelling)
        if name is None:
            continue
        keyword = OLD_SPELLINGS.get(spelling, spelling)
        if keyword != spelling:
            reader.tolerate(value.keys[spelling], f"'{spelling}' is called '{keyword}' today")
        if not isinstance(name, Text):
            raise SchemaError(name.position, f"'{spelling}' takes a name")
        _check_keys(value, spelling, keyword, name.value)
        return keyword, name
    raise SchemaError(value.position, "a definition has one of the keys " + ", ".join(SHAPES))


def _check_keys(value: Mapping, spelling: str, keyword: str, name: str) -> None:
    required, optional = SHAPES[keyword]
    for key, position in value.keys.items():
        if key not in required | optional | {spelling}:
            raise SchemaError(position, f"{keyword} '{name}' has no key '{key}'")
    for key in sorted(required - set(value.keys)):
        raise SchemaError(value.position, f"{keyword} '{name}' lacks the key '{key}'")


def flag(value: Mapping, key: str, default: bool) -> bool:
    """The value of a flag, which may only be written to change its default."""
    written = value.entries.get(key)
    if written is None:
        return default
    if not isinstance(written, Flag) or written.value == default:
        wanted = "false" if default else "true"
        raise SchemaError(written.position, f"'{key}' can only be {wanted}")
    return written.value


def text_of(value: Value, what: str) -> str:
    """The string that `value` must be."""
    if not isinstance(value, Text):
        raise SchemaError(value.position, f"{what} is a string")
    return value.value


def mapping_of(value: Value, what: str) -> Mapping:
    """The object that `value` must be."""
    if not isinstance(value, Mapping):
        raise SchemaError(value.position, f"{what} is an object")
    return value


def sequence_of(value: Value, what: str) -> Sequence:
    """The list that `value` must be."""
    if not isinstance(value, Sequence):
        raise SchemaError(value.position, f"{what} is a list")
    return value


def only_keys(value: Mapping, what: str, required: str, *optional: str) -> None:
    """Refuses keys other than the given ones, and a missing `required`."""
    for key, position in value.keys.items():
        if key not in (required, *optional):
            raise SchemaError(position, f"{what} has no key '{key}'")
    if required not in value.entries:
        raise SchemaError(value.position, f"{what} lacks the key '{required}'")


class Names:
    """Checks names as they are defined; the pragmas know the permitted exceptions."""

    def __init__(self, pragmas: Pragmas, reader: Reader) -> None:
        self.pragmas = pragmas
        self.reader = reader

    def definition(self, keyword: str, name: str, position: Position) -> None:
        """The name of a command, event or type."""
        if keyword == "command":
            if self.pragmas.excepts("command-name-exceptions", name):
                self._match(_LENIENT_NAME, name, position, "command")
            else:
                self._match(_MEMBER_NAME, name, position, "command")
        elif keyword == "event":
            self._match(_EVENT_NAME, name, position, "event")
        else:
            self._match(_TYPE_NAME, name, position, "type")
            if name.endswith("List"):
                self.reader.style(position, f"type '{name}' must not end with 'List'")

    def member(self, name: str, owner: str, position: Position) -> None:
        """The name of a member or branch, without its `*`."""
        pattern = _LENIENT_NAME if self._lax(owner) else _MEMBER_NAME
        self._match(pattern, name, position, "member")
        if name == "u" or name.startswith(("has-", "has_")):
            self.reader.style(position, f"member name '{name}' is reserved")

    def enum_value(self, name: str, owner: str, position: Position) -> None:
        """One value of an enum."""
        pattern = _LENIENT_VALUE if self._lax(owner) else _ENUM_VALUE
        self._match(pattern, name, position, "enum value")
        if name == "max":
            self.reader.tolerate(position, "enum value 'max' is reserved")

    def feature(self, name: str, position: Position) -> None:
        """The name of a feature."""
        self._match(_MEMBER_NAME, name, position, "feature")

    def condition(self, symbol: str, position: Position) -> None:
        """A configuration symbol in an `if`."""
        self._match(_CONDITION, symbol, position, "condition")

    def _lax(self, owner: str) -> bool:
        return any(
            self.pragmas.excepts(rule, owner)
            for rule in ("member-name-exceptions", "name-case-whitelist")
        )

    def _match(self, pattern: re.Pattern[str], name: str, position: Position, what: str) -> None:
        # C names that start with q_ are what QEMU's generator makes of reserved words.
        if not pattern.match(name) or name.startswith(("q-", "q_")):
            self.reader.style(position, f"'{name}' is no proper {what} name")
