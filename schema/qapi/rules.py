# SPDX-License-Identifier: BSD-2-Clause
"""The rules that only make sense once every name is resolved."""

from __future__ import annotations

from typing import Iterator, Sequence

from .doc_checks import check_doc
from .model import (
    Alternate,
    Array,
    Command,
    Definition,
    Enum,
    EnumValue,
    Event,
    Member,
    Object,
    json_type,
)
from .source import Reader, SchemaError
from .syntax import Pragmas


def check_definition(definition: Definition, pragmas: Pragmas, reader: Reader) -> None:
    """Checks a definition against the others and against its doc comment."""
    if isinstance(definition, Object):
        _check_bases(definition)
        check_unique(tuple(definition.all_members()), f"'{definition.name}' and its bases")
        if definition.tag is not None:
            _check_union(definition)
    elif isinstance(definition, Alternate):
        _check_alternate(definition)
    elif isinstance(definition, (Command, Event)):
        _check_arguments(definition)
    if isinstance(definition, Command):
        _check_returns(definition, pragmas, reader)
    if not isinstance(definition, (Command, Event)):
        _check_type_features(definition, reader)
    if definition.doc is not None:
        check_doc(definition, pragmas, reader)


def check_unique(named: Sequence[Member] | Sequence[EnumValue], where: str) -> None:
    """Names must differ even after `-` and `.` have become `_` in C."""
    seen: dict[str, str] = {}
    for item in named:
        folded = item.name.replace("-", "_").replace(".", "_")
        if folded in seen:
            message = f"'{item.name}' of {where} collides with '{seen[folded]}'"
            raise SchemaError(item.position, message)
        seen[folded] = item.name


def _check_bases(definition: Object) -> None:
    seen = [definition]
    while seen[-1].base is not None:
        if seen[-1].base in seen:
            raise SchemaError(definition.position, f"'{definition.name}' is its own base")
        if seen[-1].base.tag is not None:
            message = f"a base must be a struct, '{seen[-1].base.name}' is a union"
            raise SchemaError(definition.position, message)
        seen.append(seen[-1].base)


def _check_union(union: Object) -> None:
    """Replaces the tag's name by the member that it names."""
    assert union.tag is not None
    members = {member.name: member for member in union.all_members()}
    tag = members.get(union.tag.name)
    if tag is None or not isinstance(tag.type, Enum) or tag.optional or tag.condition:
        message = f"'{union.tag.name}' is no mandatory enum member of the base"
        raise SchemaError(union.tag.position, message)
    union.tag = tag
    values = {value.name for value in tag.type.values}
    if not values:
        raise SchemaError(union.position, f"union '{union.name}' has nothing to choose from")
    for branch in union.branches:
        if branch.name not in values:
            message = f"branch '{branch.name}' is no value of '{tag.type.name}'"
            raise SchemaError(branch.position, message)
        if not isinstance(branch.type, Object):
            raise SchemaError(branch.position, f"branch '{branch.name}' must be a struct")
        for name in _names_within(branch.type):
            if name in members:
                message = f"'{name}' of branch '{branch.name}' collides with the base's"
                raise SchemaError(branch.position, message)


def _names_within(kind: Object) -> Iterator[str]:
    """The members that an object of this type can have, whatever its branch."""
    found = [kind]
    for one in found:
        yield from (member.name for member in one.all_members())
        for branch in one.branches:
            if isinstance(branch.type, Object) and branch.type not in found:
                found.append(branch.type)


def _check_alternate(alternate: Alternate) -> None:
    taken: dict[str, str] = {}
    for branch in alternate.branches:
        claims = _claims(branch)
        if "any" in claims or branch.type.name == "QType":
            message = f"branch '{branch.name}' cannot be '{branch.type.name}'"
            raise SchemaError(branch.position, message)
        for kind in claims & set(taken):
            message = f"branch '{branch.name}' cannot be told from '{taken[kind]}'"
            raise SchemaError(branch.position, message)
        taken.update(dict.fromkeys(claims, branch.name))


def _claims(branch: Member) -> set[str]:
    """The JSON types that only one branch can have if `branch` is there.

    Where QEMU reads an option from its command line all values are strings, so that a string
    must not look like the number or boolean of another branch.
    """
    kind = json_type(branch.type)
    if kind in ("integer", "number"):
        return {"number"}
    if kind != "string":
        return {kind}
    if not isinstance(branch.type, Enum):
        return {"string", "number", "boolean"}
    names = [value.name for value in branch.type.values]
    claims = {"string"}
    if any(name in ("on", "off") for name in names):
        claims.add("boolean")
    if any(name[0] in "+-.0123456789" for name in names):
        claims.add("number")
    return claims


def _check_arguments(owner: Command | Event) -> None:
    if owner.arguments is None or owner.boxed:
        return
    if isinstance(owner.arguments, Alternate):
        raise SchemaError(owner.position, "an alternate as arguments needs 'boxed': true")
    if isinstance(owner.arguments, Object) and owner.arguments.tag is not None:
        raise SchemaError(owner.position, "a union as arguments needs 'boxed': true")


def _check_type_features(definition: Definition, reader: Reader) -> None:
    """These two are about what a client uses, and a client never uses a type by its name."""
    for feature in definition.features:
        if feature.name in ("deprecated", "unstable"):
            message = f"type '{definition.name}' cannot have the feature '{feature.name}'"
            reader.style(definition.position, message)


def _check_returns(command: Command, pragmas: Pragmas, reader: Reader) -> None:
    returned = command.returns
    if isinstance(returned, Array):
        returned = returned.element
    exempt = any(
        pragmas.excepts(rule, command.name)
        for rule in ("command-returns-exceptions", "returns-whitelist")
    )
    if returned is not None and not isinstance(returned, Object) and not exempt:
        message = f"'{command.name}' returns '{returned.name}', which is no object"
        reader.style(command.position, message)
