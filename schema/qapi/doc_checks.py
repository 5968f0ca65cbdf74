# SPDX-License-Identifier: BSD-2-Clause
"""Doc comments against the definitions they describe."""

from __future__ import annotations

from .doc import Doc
from .model import Alternate, Command, Definition, Enum, EnumValue, Event, Member, Object
from .source import Reader
from .syntax import Pragmas


def check_doc(definition: Definition, pragmas: Pragmas, reader: Reader) -> None:
    """Every described name exists, every name is described, sections make sense."""
    doc = definition.doc
    assert doc is not None
    names = documented_names(definition)
    _compare(doc, "member", names, definition, pragmas, reader)
    features = [feature.name for feature in definition.features]
    for part in parts(definition):
        features += [feature.name for feature in part.features]
    _compare(doc, "feature", features, definition, pragmas, reader)
    section = doc.find("tag", "Features")
    if section is not None and not any(s.kind == "feature" for s in doc.sections):
        reader.style(section.position, "'Features:' without a feature")
    for name in ("Returns", "Errors"):
        section = doc.find("tag", name)
        if section is not None and not isinstance(definition, Command):
            reader.style(section.position, f"'{name}:' only makes sense for a command")
    section = doc.find("tag", "Returns")
    if section is not None and isinstance(definition, Command) and definition.returns is None:
        reader.style(section.position, f"'{definition.name}' returns nothing to describe")


def parts(definition: Definition) -> tuple[Member, ...] | tuple[EnumValue, ...]:
    """The members, values or branches that a definition's own doc block describes."""
    if isinstance(definition, Enum):
        return definition.values
    if isinstance(definition, Alternate):
        return definition.branches
    if isinstance(definition, Object):
        implicit = definition.base is not None and definition.base.implicit
        inherited = definition.base.members if implicit and definition.base else ()
        return (*inherited, *definition.members)
    if isinstance(definition, (Command, Event)) and isinstance(definition.arguments, Object):
        return definition.arguments.members if definition.arguments.implicit else ()
    return ()


def documented_names(definition: Definition) -> list[str]:
    """The names that the definition's doc block must describe."""
    return [part.name for part in parts(definition)]


def _compare(
    doc: Doc,
    kind: str,
    names: list[str],
    definition: Definition,
    pragmas: Pragmas,
    reader: Reader,
) -> None:
    for section in doc.sections:
        if section.kind == kind and section.name not in names:
            message = f"'{definition.name}' has no {kind} '{section.name}'"
            reader.style(section.position, message)
    if pragmas.excepts("documentation-exceptions", definition.name):
        return
    for name in names:
        if doc.find(kind, name) is None:
            message = f"{kind} '{name}' of '{definition.name}' is not described"
            reader.style(doc.position, message)
