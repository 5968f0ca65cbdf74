# SPDX-License-Identifier: BSD-2-Clause
"""From statements to a Schema: every name resolved, every rule checked.

Types may be used before they are defined, so definitions are registered first and filled after.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import checks
from .checks import mapping_of, only_keys, sequence_of, text_of
from .doc import Doc, parse_doc
from .model import (
    BUILTINS,
    Alternate,
    Array,
    Command,
    Condition,
    Definition,
    Enum,
    EnumValue,
    Event,
    Feature,
    Member,
    Object,
    Schema,
    Type,
)
from .rules import check_definition, check_unique
from .source import Position, Reader, SchemaError
from .syntax import Mapping, Sequence, Source, Statement, Text, Value, parse_file

_KINDS: dict[str, type[Definition]] = {
    "enum": Enum,
    "struct": Object,
    "union": Object,
    "alternate": Alternate,
    "command": Command,
    "event": Event,
}


class Builder:
    """Builds one Schema."""

    def __init__(self, source: Source, reader: Reader) -> None:
        self.source = source
        self.reader = reader
        self.schema = Schema()
        self.names = checks.Names(source.pragmas, reader)
        self.arrays: dict[int, Array] = {}

    def build(self) -> Schema:
        """The finished Schema."""
        pending = []
        for item in self.source.items:
            if isinstance(item, Statement):
                pending.append(self._register(item))
            else:
                self.schema.items.append(parse_doc(item, self.reader))
        for keyword, definition, value in pending:
            self._fill(keyword, definition, value)
        for _, definition, _ in pending:
            check_definition(definition, self.source.pragmas, self.reader)
        return self.schema

    # Registering

    def _register(self, statement: Statement) -> tuple[str, Definition, Mapping]:
        keyword, name = checks.keyword_of(statement, self.reader)
        self.names.definition(keyword, name.value, name.position)
        definition = _KINDS[keyword](name.value, name.position)
        value = statement.value
        definition.condition = self._condition(value)
        definition.features = self._features(value)
        definition.doc = self._doc(statement, name)
        tables: dict[str, dict[str, Any]] = {
            "command": self.schema.commands,
            "event": self.schema.events,
        }
        table = tables.get(keyword, self.schema.types)
        if name.value in BUILTINS:
            raise SchemaError(name.position, f"'{name.value}' is a built-in type")
        if name.value in table:
            first = table[name.value].position
            raise SchemaError(name.position, f"'{name.value}' is already defined at {first}")
        table[name.value] = definition
        self.schema.items.append(definition)
        return keyword, definition, value

    def _doc(self, statement: Statement, name: Text) -> Doc | None:
        if statement.doc is None:
            if self.source.pragmas.doc_required:
                self.reader.style(name.position, f"'{name.value}' has no doc comment")
            return None
        doc = parse_doc(statement.doc, self.reader)
        if doc.symbol != name.value:
            message = f"this doc comment is about '{doc.symbol}', not '{name.value}'"
            self.reader.style(doc.position, message)
            return None
        return doc

    # Filling

    def _fill(self, keyword: str, definition: Definition, value: Mapping) -> None:
        if isinstance(definition, Enum):
            self._fill_enum(definition, value)
        elif isinstance(definition, Object):
            fill = self._fill_union if keyword == "union" else self._fill_struct
            fill(definition, value)
        elif isinstance(definition, Alternate):
            self._fill_alternate(definition, value)
        elif isinstance(definition, Command):
            self._fill_command(definition, value)
        elif isinstance(definition, Event):
            self._fill_event(definition, value)

    def _fill_enum(self, enum: Enum, value: Mapping) -> None:
        items = sequence_of(value.entries["data"], f"the data of enum '{enum.name}'").items
        if "prefix" in value.entries:
            enum.prefix = text_of(value.entries["prefix"], "'prefix'")
        enum.values = tuple(self._enum_value(enum, item) for item in items)
        check_unique(enum.values, f"enum '{enum.name}'")

    def _enum_value(self, enum: Enum, item: Value) -> EnumValue:
        if isinstance(item, Text):
            self.names.enum_value(item.value, enum.name, item.position)
            return EnumValue(item.value, item.position)
        mapping = mapping_of(item, "an enum value that is no string")
        only_keys(mapping, "an enum value", "name", "if", "features")
        name = text_of(mapping.entries["name"], "the name of an enum value")
        self.names.enum_value(name, enum.name, mapping.position)
        return EnumValue(name, mapping.position, self._condition(mapping), self._features(mapping))

    def _fill_struct(self, struct: Object, value: Mapping) -> None:
        data = mapping_of(value.entries["data"], f"the data of struct '{struct.name}'")
        struct.members = self._members(data, struct.name)
        if "base" in value.entries:
            struct.base = self._object(value.entries["base"], "a struct's base")

    def _fill_union(self, union: Object, value: Mapping) -> None:
        data = mapping_of(value.entries["data"], f"the data of union '{union.name}'")
        if "base" in value.entries and "discriminator" in value.entries:
            union.base = self._base(union, value.entries["base"])
            union.branches = self._branches(data)
            # check_definition() finds the member itself, when every base has its members.
            union.tag = Member(
                text_of(value.entries["discriminator"], "'discriminator'"),
                BUILTINS["str"],
                False,
                value.entries["discriminator"].position,
            )
            return
        message = f"union '{union.name}' needs both 'base' and 'discriminator'"
        if "base" in value.entries or "discriminator" in value.entries:
            raise SchemaError(value.position, message)
        self.reader.tolerate(value.position, message)
        self._fill_simple_union(union, data)

    def _fill_simple_union(self, union: Object, data: Mapping) -> None:
        """QEMU before 6.1: an implicit tag `type`, and each branch wrapped in a member `data`."""
        values = tuple(EnumValue(name, data.keys[name]) for name in data.entries)
        kind = Enum(f"{union.name}Kind", union.position, values=values, implicit=True)
        union.tag = Member("type", kind, False, union.position)
        union.members = (union.tag,)
        branches = []
        for branch in self._branches(data):
            wrapped = Member("data", branch.type, False, branch.position)
            wrapper = Object(
                f"{union.name}-{branch.name}", branch.position, implicit=True, members=(wrapped,)
            )
            branches.append(Member(branch.name, wrapper, False, branch.position))
        union.branches = tuple(branches)

    def _base(self, union: Object, value: Value) -> Object:
        if not isinstance(value, Mapping):
            return self._object(value, "a union's base")
        members = self._members(value, union.name)
        return Object(f"{union.name}-base", value.position, implicit=True, members=members)

    def _fill_alternate(self, alternate: Alternate, value: Mapping) -> None:
        data = mapping_of(value.entries["data"], f"the data of alternate '{alternate.name}'")
        if not data.entries:
            raise SchemaError(data.position, f"alternate '{alternate.name}' has no branches")
        for name, position in data.keys.items():
            self.names.member(name, alternate.name, position)
        alternate.branches = self._branches(data)
        check_unique(alternate.branches, f"alternate '{alternate.name}'")

    def _fill_command(self, command: Command, value: Mapping) -> None:
        command.boxed = checks.flag(value, "boxed", False)
        command.gen = checks.flag(value, "gen", True)
        command.success_response = checks.flag(value, "success-response", True)
        command.allow_oob = checks.flag(value, "allow-oob", False)
        command.allow_preconfig = checks.flag(value, "allow-preconfig", False)
        command.coroutine = checks.flag(value, "coroutine", False)
        if command.allow_oob and command.coroutine:
            raise SchemaError(value.keys["coroutine"], "'allow-oob' excludes 'coroutine'")
        command.arguments = self._arguments(command, value)
        if "returns" in value.entries:
            command.returns = self._type(value.entries["returns"])

    def _fill_event(self, event: Event, value: Mapping) -> None:
        event.boxed = checks.flag(value, "boxed", False)
        event.arguments = self._arguments(event, value)

    def _arguments(self, owner: Command | Event, value: Mapping) -> Type | None:
        data = value.entries.get("data")
        if data is None:
            if owner.boxed:
                raise SchemaError(value.keys["boxed"], "'boxed' needs 'data'")
            return None
        if isinstance(data, Mapping):
            if owner.boxed:
                raise SchemaError(data.position, "'boxed' needs the name of a type as 'data'")
            members = self._members(data, owner.name)
            if not members:
                return None
            name = f"{owner.name}-arg"
            return Object(name, data.position, implicit=True, members=members)
        kind = self._named(data)
        if not isinstance(kind, (Object, Alternate)):
            raise SchemaError(data.position, f"arguments cannot be '{kind.name}'")
        return kind

    # Pieces

    def _members(self, data: Mapping, owner: str) -> tuple[Member, ...]:
        members = tuple(self._member(owner, *entry) for entry in _entries(data))
        check_unique(members, f"'{owner}'")
        return members

    def _member(self, owner: str, key: str, position: Position, value: Value) -> Member:
        name = key.removeprefix("*")
        self.names.member(name, owner, position)
        return self._typed(name, name != key, position, value)

    def _branches(self, data: Mapping) -> tuple[Member, ...]:
        """The branches of a union or alternate; a `*` would be part of the name."""
        return tuple(self._typed(name, False, at, value) for name, at, value in _entries(data))

    def _typed(self, name: str, optional: bool, position: Position, value: Value) -> Member:
        if not isinstance(value, Mapping):
            return Member(name, self._type(value), optional, position)
        only_keys(value, f"'{name}'", "type", "if", "features")
        return Member(
            name,
            self._type(value.entries["type"]),
            optional,
            position,
            self._condition(value),
            self._features(value),
        )

    def _type(self, value: Value) -> Type:
        if not isinstance(value, Sequence):
            return self._named(value)
        if len(value.items) != 1:
            raise SchemaError(value.position, "an array type is a list of one type name")
        element = self._named(value.items[0])
        if id(element) not in self.arrays:
            array = Array(f"{element.name}List", value.position, implicit=True, element=element)
            self.arrays[id(element)] = array
        return self.arrays[id(element)]

    def _named(self, value: Value) -> Type:
        name = text_of(value, "a type's name")
        kind = BUILTINS.get(name) or self.schema.types.get(name)
        if kind is None:
            raise SchemaError(value.position, f"unknown type '{name}'")
        return kind

    def _object(self, value: Value, what: str) -> Object:
        kind = self._named(value)
        if not isinstance(kind, Object):
            raise SchemaError(value.position, f"{what} must be a struct, '{kind.name}' is none")
        return kind

    def _condition(self, owner: Mapping) -> Condition | None:
        value = owner.entries.get("if")
        return None if value is None else self._condition_of(value)

    def _condition_of(self, value: Value) -> Condition:
        if isinstance(value, Text):
            self.names.condition(value.value, value.position)
            return Condition("is", value.value)
        if isinstance(value, Sequence):
            self.reader.tolerate(value.position, "a list as condition is written 'all' today")
            return Condition("all", "", tuple(self._condition_of(item) for item in value.items))
        mapping = mapping_of(value, "a condition that is no string")
        if len(mapping.entries) != 1 or set(mapping.entries) - {"all", "any", "not"}:
            raise SchemaError(mapping.position, "a condition is one of 'all', 'any', 'not'")
        ((operator, operand),) = mapping.entries.items()
        if operator == "not":
            return Condition("not", "", (self._condition_of(operand),))
        items = sequence_of(operand, f"the operand of '{operator}'").items
        if not items:
            raise SchemaError(operand.position, f"'{operator}' has no operands")
        return Condition(operator, "", tuple(self._condition_of(item) for item in items))

    def _features(self, owner: Mapping) -> tuple[Feature, ...]:
        value = owner.entries.get("features")
        if value is None:
            return ()
        features: list[Feature] = []
        for item in sequence_of(value, "'features'").items:
            if isinstance(item, Text):
                feature = Feature(item.value)
            else:
                mapping = mapping_of(item, "a feature that is no string")
                only_keys(mapping, "a feature", "name", "if")
                name = text_of(mapping.entries["name"], "a feature's name")
                feature = Feature(name, self._condition(mapping))
            self.names.feature(feature.name, item.position)
            if any(feature.name == other.name for other in features):
                raise SchemaError(item.position, f"duplicate feature '{feature.name}'")
            features.append(feature)
        return tuple(features)


def _entries(data: Mapping) -> list[tuple[str, Position, Value]]:
    return [(key, data.keys[key], value) for key, value in data.entries.items()]


def load(path: Path, reader: Reader) -> Schema:
    """Reads, resolves and checks a schema."""
    return Builder(parse_file(path, reader), reader).build()
