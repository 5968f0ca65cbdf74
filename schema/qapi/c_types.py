# SPDX-License-Identifier: BSD-2-Clause
"""Which types the C code needs, in which order, and what they are called in C."""

from __future__ import annotations

from typing import TypeVar, Union

from .c_names import type_name
from .model import (
    DOCUMENT,
    Alternate,
    Array,
    Builtin,
    Definition,
    Enum,
    EnumValue,
    Member,
    Object,
    Schema,
    Type,
)
from .source import Position, SchemaError

_SCALARS = {
    "str": "struct args_string",
    "number": "double",
    "bool": "bool",
    "int": "int64_t",
    "size": "uint64_t",
    "any": "uint32_t",
    **{f"int{bits}": f"int{bits}_t" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"uint{bits}_t" for bits in (8, 16, 32, 64)},
}

_Conditional = TypeVar("_Conditional", bound=Union[Definition, Member, EnumValue])


def struct_tag(kind: Object) -> str:
    """`struct x`; the implicit struct of a command's arguments is `struct args_x`."""
    if kind.implicit:
        return f"struct args_{type_name(kind.name.removesuffix('-arg'))}"
    return f"struct {type_name(kind.name)}"


def alternate_struct(kind: Alternate) -> str:
    """The struct of an alternate."""
    return f"struct {type_name(kind.name)}"


def branch_constants(kind: Alternate, branches: list[Member]) -> list[str]:
    """The values of an alternate's `branch`."""
    return [f"{type_name(kind.name)}_{type_name(b.name)}".upper() for b in branches]


def c_type(kind: Type) -> str:
    """The C type of a value."""
    if isinstance(kind, Builtin):
        return _SCALARS[kind.name]
    if isinstance(kind, Enum):
        return f"enum {type_name(kind.name)}"
    if isinstance(kind, Array):
        return "struct args_array"
    return struct_tag(kind) if isinstance(kind, Object) else alternate_struct(kind)


class Selection:
    """The part of a schema that goes into C, under a set of configuration symbols.

    commands and enums are in the order of declaration.  types are those that arguments are made
    of, each after the types of its own parts as far as recursion permits; ahead are those that
    are needed before.  structs are the types that become C structs, each after the structs that
    it contains.  documents are the types of files, which C code parses by their descriptors.
    """

    def __init__(self, schema: Schema, symbols: frozenset[str]) -> None:
        self.symbols = symbols
        self.commands = self._holding(list(schema.commands.values()))
        enums = [kind for kind in schema.types.values() if isinstance(kind, Enum)]
        self.enums = [enum for enum in self._holding(enums) if self.values(enum)]
        self.types: list[Type] = []
        self.ahead: list[Type] = []
        self.structs: list[Object | Alternate] = []
        for command in self.commands:
            if not command.gen:
                raise SchemaError(command.position, "the C code has no way to 'gen': false")
            if command.arguments is not None:
                self._collect_type(command.arguments, command.position, [])
                self._collect_struct(command.arguments, command.position, [])
        documents = [kind for kind in schema.types.values() if kind.has_feature(DOCUMENT)]
        self.documents = self._holding(documents)
        for kind in self.documents:
            self._collect_type(kind, kind.position, [])
            self._collect_struct(kind, kind.position, [])

    def values(self, enum: Enum) -> list[EnumValue]:
        """The values of an enum."""
        return self._holding(list(enum.values))

    def parts(self, kind: Type) -> list[Member]:
        """The members of a struct, inherited ones first, or the branches of an alternate."""
        if isinstance(kind, Object):
            return self._holding(list(kind.all_members()))
        return self._holding(list(kind.branches)) if isinstance(kind, Alternate) else []

    def _holding(self, items: list[_Conditional]) -> list[_Conditional]:
        return [i for i in items if i.condition is None or i.condition.holds(self.symbols)]

    def _collect_type(self, kind: Type, position: Position, path: list[Type]) -> None:
        if kind in path:
            if kind not in self.ahead:
                self.ahead.append(kind)
            return
        if kind in self.types:
            return
        self._check(kind, position)
        for part, where in self._refers_to(kind, position):
            self._collect_type(part, where, [*path, kind])
        self.types.append(kind)

    def _refers_to(self, kind: Type, position: Position) -> list[tuple[Type, Position]]:
        if isinstance(kind, Array):
            return [(kind.element, position)]
        return [(part.type, part.position) for part in self.parts(kind)]

    def _collect_struct(self, kind: Type, position: Position, path: list[Type]) -> None:
        if kind in path:
            raise SchemaError(position, f"a struct in C cannot contain itself: '{kind.name}'")
        if isinstance(kind, Array) and kind.element not in (*path, *self.structs):
            self._collect_struct(kind.element, position, [])
        if not isinstance(kind, (Object, Alternate)) or kind in self.structs:
            return
        for part in self.parts(kind):
            self._collect_struct(part.type, part.position, [*path, kind])
        if kind not in self.structs:
            self.structs.append(kind)

    def _check(self, kind: Type, position: Position) -> None:
        """Refuses what the interpreter of the descriptors has no notion of."""
        refused = ""
        if isinstance(kind, Builtin) and kind.name not in _SCALARS:
            refused = f"the type '{kind.name}'"
        elif isinstance(kind, Object) and kind.branches:
            refused = f"unions, such as '{kind.name}'"
        elif isinstance(kind, Enum) and kind not in self.enums:
            refused = f"enums without values, such as '{kind.name}'"
        if refused:
            raise SchemaError(position, f"arguments in C cannot have {refused}")
