# SPDX-License-Identifier: BSD-2-Clause
"""What a schema says, independent of how it was written down: types, commands and events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Union

from .doc import Doc
from .source import Position

# Our own feature: the command runs between guest-fsfreeze-freeze and guest-fsfreeze-thaw.
WHILE_FROZEN = "allowed-while-frozen"
# Two more of ours, for channels that not everybody may use to the full.  A command has one of them
# or none, and none is the strictest.
READ_ONLY = "read-only"
FILE_ACCESS = "file-access"
# The command exists only where a personality was given, and guest-info never lists it.
VENDOR = "vendor"
# The struct describes a file: C code gets the descriptor by the struct's name.
DOCUMENT = "document"


@dataclass(frozen=True)
class Condition:
    """The value of an `if`: operator "is" with one symbol, or "all", "any" or "not" of others."""

    operator: str
    symbol: str = ""
    operands: tuple[Condition, ...] = ()

    def holds(self, symbols: frozenset[str]) -> bool:
        """Whether the condition is true when exactly `symbols` are defined."""
        if self.operator == "is":
            return self.symbol in symbols
        results = [operand.holds(symbols) for operand in self.operands]
        if self.operator == "not":
            return not results[0]
        return all(results) if self.operator == "all" else any(results)

    def __str__(self) -> str:
        if self.operator == "is":
            return self.symbol
        if self.operator == "not":
            return f"not {self._grouped(self.operands[0])}"
        word = " and " if self.operator == "all" else " or "
        return word.join(self._grouped(operand) for operand in self.operands)

    def _grouped(self, operand: Condition) -> str:
        return f"({operand})" if operand.operator in ("all", "any") else str(operand)


@dataclass(frozen=True)
class Feature:
    """A feature of a definition, member or enum value."""

    name: str
    condition: Condition | None = None


@dataclass(frozen=True)
class Member:
    """A member of an object, or a branch of an alternate or union (never optional then)."""

    name: str
    type: Type
    optional: bool
    position: Position
    condition: Condition | None = None
    features: tuple[Feature, ...] = ()


@dataclass(frozen=True)
class EnumValue:
    """One value of an enum."""

    name: str
    position: Position
    condition: Condition | None = None
    features: tuple[Feature, ...] = ()


@dataclass(eq=False)
class Definition:
    """What every named thing has.  An implicit one was written inside another definition."""

    name: str
    position: Position
    condition: Condition | None = None
    features: tuple[Feature, ...] = ()
    doc: Doc | None = None
    implicit: bool = False

    def has_feature(self, name: str) -> bool:
        """Whether the definition carries the feature."""
        return any(feature.name == name for feature in self.features)


@dataclass(eq=False)
class Builtin(Definition):
    """A built-in type; `json` is the JSON type that it accepts, or "any"."""

    json: str = ""


@dataclass(eq=False)
class Enum(Definition):
    """An enumeration."""

    values: tuple[EnumValue, ...] = ()
    prefix: str | None = None


@dataclass(eq=False)
class Object(Definition):
    """A struct or a union; a union has a tag member and branches."""

    base: Object | None = None
    members: tuple[Member, ...] = ()
    tag: Member | None = None
    branches: tuple[Member, ...] = ()

    def all_members(self) -> Iterator[Member]:
        """The members of the base, recursively, then the own ones; no branches."""
        if self.base is not None:
            yield from self.base.all_members()
        yield from self.members


@dataclass(eq=False)
class Alternate(Definition):
    """A choice by JSON type."""

    branches: tuple[Member, ...] = ()


@dataclass(eq=False, kw_only=True)
class Array(Definition):
    """A list of elements of one type."""

    element: Type


Type = Union[Builtin, Enum, Object, Alternate, Array]


@dataclass(eq=False)
class Command(Definition):
    """A command; the flags are those of its definition, with QAPI's defaults."""

    arguments: Type | None = None
    returns: Type | None = None
    boxed: bool = False
    gen: bool = True
    success_response: bool = True
    allow_oob: bool = False
    allow_preconfig: bool = False
    coroutine: bool = False


@dataclass(eq=False)
class Event(Definition):
    """An event."""

    arguments: Type | None = None
    boxed: bool = False


@dataclass
class Schema:
    """A whole schema, everything in the order of declaration.

    items holds all definitions, and between them the doc blocks that are prose.
    """

    types: dict[str, Type] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    items: list[Definition | Doc] = field(default_factory=list)


def json_type(kind: Type) -> str:
    """The JSON type that a value of the type has on the wire; "any" if that is open."""
    if isinstance(kind, Builtin):
        return kind.json
    if isinstance(kind, Enum):
        return "string"
    if isinstance(kind, Array):
        return "array"
    return "any" if isinstance(kind, Alternate) else "object"


def _builtin(name: str, json: str) -> Builtin:
    return Builtin(name, Position("<built-in>", 1, 1), json=json)


# QEMU docs/devel/qapi-code-gen, "Built-in Types".
BUILTINS: dict[str, Builtin] = {
    name: _builtin(name, json)
    for names, json in (
        (("str",), "string"),
        (("number",), "number"),
        (("int", "int8", "int16", "int32", "int64"), "integer"),
        (("uint8", "uint16", "uint32", "uint64", "size"), "integer"),
        (("bool",), "boolean"),
        (("null",), "null"),
        (("any",), "any"),
        (("QType",), "string"),
    )
    for name in names
}
