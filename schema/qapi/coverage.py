# SPDX-License-Identifier: BSD-2-Clause
"""Which commands of another schema exist in ours, and where they differ on the wire.

Types are compared by structure: what they are called is nobody's business on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import (
    Alternate,
    Array,
    Builtin,
    Command,
    Definition,
    Enum,
    EnumValue,
    Member,
    Object,
    Schema,
    Type,
    json_type,
)
from .source import Position

# Integers that hold the same range; json cannot tell them apart.
_SAME_RANGE = {"int": "int64", "size": "uint64"}
_EMPTY = Object("", Position("<empty>", 1, 1), implicit=True)


def describe(kind: Type) -> str:
    """A type in words, without the names of types that the schema defines."""
    if isinstance(kind, Builtin):
        return kind.name
    if isinstance(kind, Enum):
        return "enum " + "|".join(value.name for value in kind.values)
    if isinstance(kind, Array):
        return f"array of {describe(kind.element)}"
    if isinstance(kind, Alternate):
        return "either " + " or ".join(describe(branch.type) for branch in kind.branches)
    return "object"


@dataclass
class Comparison:
    """Collects the differences between a command there and the one here.

    What is there and not here, or is something else here, differs.  Where all that is valid there
    is valid here too, and a client of theirs finds all that it knows, ours is only wider.
    """

    differences: list[str]
    compared: set[tuple[int, int]]
    is_argument: bool = True
    is_wider: bool = True

    def types(self, there: Type, here: Type, place: str) -> None:
        """Compares two types that stand at the same place."""
        if (id(there), id(here)) in self.compared:
            return
        self.compared.add((id(there), id(here)))
        if isinstance(there, Object) and isinstance(here, Object):
            self._objects(there, here, place)
        elif isinstance(there, Array) and isinstance(here, Array):
            self.types(there.element, here.element, f"{place}[]")
        elif isinstance(there, Enum) and isinstance(here, Enum):
            self._enums(there, here, place)
        elif isinstance(there, Alternate) and isinstance(here, Alternate):
            self._alternates(there, here, place)
        elif isinstance(here, Alternate) and self._is_branch(there, here):
            self._note(place, f"{describe(there)} there, {describe(here)} here", wider=True)
        elif _plain(there) != _plain(here):
            self._note(place, f"{describe(there)} there, {describe(here)} here")

    def presence(self, there: Type | None, here: Type | None, place: str) -> None:
        """Compares arguments or results that may be missing; missing is an empty object."""
        self.types(there or _EMPTY, here or _EMPTY, place)

    def _is_branch(self, there: Type, here: Alternate) -> bool:
        return self.is_argument and any(_plain(there) == _plain(branch.type)
                                        for branch in here.branches)

    def _note(self, place: str, text: str, wider: bool = False) -> None:
        self.differences.append(f"{place}: {text}")
        self.is_wider = self.is_wider and wider

    def _objects(self, there: Object, here: Object, place: str) -> None:
        ours = {member.name: member for member in here.all_members()}
        for member in there.all_members():
            where = f"{place}.{member.name}"
            if member.name not in ours:
                self._note(where, f"only there, {_in_full(member)}")
                continue
            self._members(member, ours.pop(member.name), where)
        for member in ours.values():
            wider = member.optional or not self.is_argument
            self._note(f"{place}.{member.name}", f"only here, {_in_full(member)}", wider)
        self._branches(there, here, place)

    def _members(self, there: Member, here: Member, place: str) -> None:
        if there.optional != here.optional:
            words = {True: "optional", False: "required"}
            self._note(place, f"{words[there.optional]} there, {words[here.optional]} here",
                       wider=here.optional == self.is_argument)
        self.types(there.type, here.type, place)

    def _branches(self, there: Object, here: Object, place: str) -> None:
        ours = {branch.name: branch for branch in here.branches}
        for branch in there.branches:
            where = f"{place}<{branch.name}>"
            if branch.name in ours:
                self.types(branch.type, ours.pop(branch.name).type, where)
            else:
                self._note(where, "branch only there")
        for name in ours:
            self._note(f"{place}<{name}>", "branch only here")

    def _enums(self, there: Enum, here: Enum, place: str) -> None:
        for word, one, other in (("there", there, here), ("here", here, there)):
            known = {value.name for value in other.values}
            alone = [value.name + _if(value) for value in one.values if value.name not in known]
            if alone:
                self._note(place, f"{', '.join(alone)} only {word}",
                           wider=self.is_argument and one is here)

    def _alternates(self, there: Alternate, here: Alternate, place: str) -> None:
        """A branch is chosen by JSON type, so that branches with the same one correspond."""
        ours = {json_type(branch.type): branch for branch in here.branches}
        for branch in there.branches:
            kind = json_type(branch.type)
            if kind in ours:
                self.types(branch.type, ours.pop(kind).type, place)
            else:
                self._note(place, f"{describe(branch.type)} only there")
        for branch in ours.values():
            self._note(place, f"{describe(branch.type)} only here", wider=self.is_argument)


def compare(there: Command, here: Command) -> tuple[str, list[str]]:
    """How two commands compare, and the differences, one line each."""
    comparison = Comparison([], set())
    comparison.presence(there.arguments, here.arguments, "arguments")
    comparison.is_argument = False
    comparison.compared.clear()
    comparison.presence(there.returns, here.returns, "returns")
    if there.success_response != here.success_response:
        words = {True: "replies", False: "is silent"}
        comparison.is_wider = False
        comparison.differences.append(
            f"success: {words[there.success_response]} there, {words[here.success_response]} here"
        )
    if not comparison.differences:
        return "same", []
    return "wider" if comparison.is_wider else "differs", comparison.differences


def report(there: Schema, here: Schema) -> str:
    """The whole report; the last line sums up."""
    width = max((len(name) for name in {**there.commands, **here.commands}), default=0)
    lines = []
    counts = {"same": 0, "wider": 0, "differs": 0, "missing": 0}
    for name, command in there.commands.items():
        ours = here.commands.get(name)
        verdict, differences = compare(command, ours) if ours else ("missing", [])
        counts[verdict] += 1
        lines.append(f"{name:{width}}  {verdict:7} {_if(command)}".rstrip())
        lines += [f"{'':{width}}    {difference}" for difference in differences]
    extra = [name for name in here.commands if name not in there.commands]
    lines += [f"{name:{width}}  only here" for name in extra]
    wider = f" ({counts['wider']} of them wider)" if counts["wider"] else ""
    lines.append(
        f"{len(there.commands)} commands there: {counts['same'] + counts['wider']} "
        f"the same here{wider}, {counts['differs']} different, "
        f"{counts['missing']} missing; {len(extra)} only here"
    )
    return "\n".join(lines) + "\n"


def _plain(kind: Type) -> object:
    """What must be equal for two types of which at least one is no compound to be the same."""
    if isinstance(kind, Builtin):
        return _SAME_RANGE.get(kind.name, kind.name)
    return type(kind)


def _if(item: Definition | Member | EnumValue) -> str:
    return f" (if {item.condition})" if item.condition else ""


def _in_full(member: Member) -> str:
    optional = "optional " if member.optional else ""
    return optional + describe(member.type) + _if(member)
