# SPDX-License-Identifier: BSD-2-Clause
"""The libFuzzer dictionary: the words of the protocol, quoted as JSON has them, and JSON's own.

Format: https://llvm.org/docs/LibFuzzer.html#dictionaries, one `"text"` a line with `\\`, `"` and
bytes that are not printable escaped.
"""

from __future__ import annotations

from .model import Alternate, Array, Enum, Object, Schema, Type

# QEMU docs/interop/qmp-spec: the members of a request.
_ENVELOPE = ("execute", "arguments", "id")
_JSON = (
    *"{}[]:,\"'",
    *("true", "false", "null", "\\", "\\u", "\\ud83d\\ude00", "\\u0000", "-", "0", "1e2", "1.0"),
    *("9223372036854775807", "-9223372036854775808", "18446744073709551616"),
    *("\xff", "\n", "{}", "[]", '""', '{"execute":"', '","arguments":{'),
)


def words(schema: Schema) -> list[str]:
    """Command names, the names of arguments' members, and enum values, each once."""
    found = dict.fromkeys(_ENVELOPE)
    for command in schema.commands.values():
        found[command.name] = None
        if command.arguments is not None:
            _collect(command.arguments, found, set())
    return list(found)


def _collect(kind: Type, found: dict[str, None], seen: set[int]) -> None:
    if id(kind) in seen:
        return
    seen.add(id(kind))
    if isinstance(kind, Enum):
        found.update(dict.fromkeys(value.name for value in kind.values))
    elif isinstance(kind, Array):
        _collect(kind.element, found, seen)
    elif isinstance(kind, Object):
        for member in kind.all_members():
            found[member.name] = None
            _collect(member.type, found, seen)
    if isinstance(kind, (Object, Alternate)):
        for branch in kind.branches:
            _collect(branch.type, found, seen)


def _entry(text: str) -> str:
    escaped = ""
    for character in text:
        if character in '"\\':
            escaped += f"\\{character}"
        elif " " <= character <= "~":
            escaped += character
        else:
            escaped += f"\\x{ord(character):02x}"
    return f'"{escaped}"\n'


def dictionary(schema: Schema, source: str) -> str:
    """The text of the dictionary."""
    lines = [f"# Made by schema/generate.py from {source}.  Change the schema, not this file.\n"]
    lines += [_entry(f'"{word}"') for word in words(schema)]
    lines += [_entry(word) for word in _JSON]
    return "".join(lines)
