# SPDX-License-Identifier: BSD-2-Clause
"""The command reference in Markdown.

Commands stand in the order of the schema under the headings of its prose, types behind them.  Doc
comments are reStructuredText with QAPI's marks: `name` refers to a definition, @name to a member,
`.. qmp-example::` shows what the client (`->`) and the agent (`<-`) send.
"""

from __future__ import annotations

import re
import textwrap

from .doc import Doc, Section
from .doc_checks import parts
from .model import (
    WHILE_FROZEN,
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

_HEADING = re.compile(r"(=+) (.*)$")
_LISTS = {Enum: "Value", Alternate: "Branch"}


class DocsBackend:
    """Writes the reference of one schema."""

    def __init__(self, schema: Schema, source: str) -> None:
        self.schema = schema
        self.source = source
        self.known = {*schema.commands, *schema.types, *schema.events}

    def text(self) -> str:
        """The whole document."""
        blocks = [
            f"<!-- Made by schema/generate.py from {self.source}.  Change the schema, not this "
            "file. -->",
            "# Commands",
        ]
        contents = False
        for item in self.schema.items:
            if isinstance(item, Doc):
                prose = self._prose(item)
                if not contents and any(block.startswith("## ") for block in prose):
                    blocks.append(self._contents())
                    contents = True
                blocks += prose
            elif isinstance(item, Command):
                blocks += self._command(item)
        blocks += [] if contents else [self._contents()]
        types = list(self.schema.types.values())
        blocks += ["## Types"] if types else []
        for kind in types:
            blocks += self._type_entry(kind)
        return "\n\n".join(blocks) + "\n"

    def _contents(self) -> str:
        lines = ["| Command | What it does | While frozen |", "|---|---|---|"]
        for command in self.schema.commands.values():
            runs = "runs" if command.has_feature(WHILE_FROZEN) else ""
            lines.append(f"| {self._link(command.name)} | {self._summary(command)} | {runs} |")
        return "\n".join(lines)

    def _summary(self, command: Command) -> str:
        """The first sentence of the description."""
        texts = [s.text for s in command.doc.sections if s.kind == "text"] if command.doc else []
        sentence = re.split(r"(?<=\.)\s", _joined(texts[0]))[0] if texts else ""
        return self._inline(sentence).replace("|", "\\|")

    def _prose(self, doc: Doc) -> list[str]:
        blocks = []
        for section in doc.sections:
            for paragraph in re.split(r"\n{2,}", section.text):
                heading = _HEADING.match(paragraph)
                if heading:
                    blocks.append(f"#{heading.group(1).replace('=', '#')} {heading.group(2)}")
                elif section.kind == "directive":
                    blocks.append(self._directive(section))
                    break
                else:
                    blocks.append(self._inline(paragraph))
        return blocks

    # One definition

    def _command(self, command: Command) -> list[str]:
        blocks = [f"### {command.name}", *self._body(command)]
        arguments = command.arguments
        if arguments is None:
            blocks.append("Takes no arguments.")
        elif arguments.implicit:
            blocks.append(self._table("Argument", command))
        else:
            blocks.append(f"Arguments: the members of {self._type(arguments)}.")
        blocks.append(self._result(command))
        blocks += self._tail(command)
        return blocks

    def _result(self, command: Command) -> str:
        if not command.success_response:
            return "**Returns** nothing, not even an empty reply, when it succeeds."
        if command.returns is None:
            return "**Returns** an empty object."
        text = command.doc.tag("Returns") if command.doc else ""
        meaning = f": {self._inline(_joined(text).rstrip('.'))}" if text else ""
        return f"**Returns** {self._type(command.returns)}{meaning}."

    def _type_entry(self, kind: Type) -> list[str]:
        blocks = [f"### {kind.name}", *self._body(kind)]
        blocks.append(self._table(_LISTS.get(type(kind), "Member"), kind))
        if isinstance(kind, Object) and kind.base is not None and not kind.base.implicit:
            blocks.append(f"And the members of {self._type(kind.base)}.")
        if isinstance(kind, Object) and kind.tag is not None:
            blocks += [
                f"If `{kind.tag.name}` is `{branch.name}`, also the members of "
                f"{self._type(branch.type)}."
                for branch in kind.branches
            ]
        return blocks + self._tail(kind)

    def _body(self, definition: Definition) -> list[str]:
        sections = definition.doc.sections if definition.doc else []
        return [self._inline(section.text) for section in sections if section.kind == "text"]

    def _tail(self, definition: Definition) -> list[str]:
        """What follows the tables: errors, notes, examples, and the small print."""
        blocks = []
        doc = definition.doc
        if doc is not None and doc.tag("Errors"):
            blocks.append("**Fails** if")
            blocks.append(self._inline(doc.tag("Errors")))
        for section in doc.sections if doc else []:
            if section.kind == "directive":
                blocks.append(self._directive(section))
            elif section.kind == "tag" and section.name.startswith(("Note", "Example")):
                blocks.append(self._old_section(section))
        blocks += self._small_print(definition)
        return blocks

    def _small_print(self, definition: Definition) -> list[str]:
        doc = definition.doc
        notes = []
        if doc is not None and doc.tag("Since"):
            notes.append(f"Since QEMU {_joined(doc.tag('Since'))}.")
        if definition.condition is not None:
            notes.append(f"Only if {definition.condition}.")
        for feature in definition.features:
            section = doc.find("feature", feature.name) if doc else None
            meaning = f": {self._inline(_joined(section.text).rstrip('.'))}" if section else ""
            notes.append(f"`{feature.name}`{meaning}.")
        return [f"*{' '.join(notes)}*"] if notes else []

    def _table(self, title: str, definition: Definition) -> str:
        items: tuple[Member | EnumValue, ...] = parts(definition)
        if not items:
            return "No members."
        typed = isinstance(items[0], Member)
        lines = [f"| {title} | Type | Meaning |" if typed else f"| {title} | Meaning |"]
        lines.append("|---|---|---|" if typed else "|---|---|")
        for item in items:
            meaning = self._meaning(definition, item)
            if isinstance(item, Member):
                optional = ", optional" if item.optional else ""
                lines.append(f"| `{item.name}` | {self._type(item.type)}{optional} | {meaning} |")
            else:
                lines.append(f"| `{item.name}` | {meaning} |")
        return "\n".join(lines)

    def _meaning(self, definition: Definition, item: Member | EnumValue) -> str:
        text = definition.doc.member(item.name) if definition.doc else ""
        if item.condition is not None:
            text += f" (only if {item.condition})"
        return self._inline(_joined(text)).replace("|", "\\|")

    # Pieces of text

    def _directive(self, section: Section) -> str:
        if section.name == "qmp-example":
            return f"```\n{section.text}\n```"
        return f"> **{section.name.capitalize()}:** {self._inline(_joined(section.text))}"

    def _old_section(self, section: Section) -> str:
        if section.name.startswith("Example"):
            return f"```\n{section.text}\n```"
        return f"> **Note:** {self._inline(_joined(section.text))}"

    def _type(self, kind: Type) -> str:
        if isinstance(kind, Array):
            return f"array of {self._type(kind.element)}"
        if isinstance(kind, Builtin):
            exact = kind.name not in ("int", "str", "bool", "number", "any", "null")
            return f"{json_type(kind)} ({kind.name})" if exact else json_type(kind)
        return self._link(kind.name)

    def _link(self, name: str) -> str:
        return f"[`{name}`](#{name.lower()})"

    def _inline(self, text: str) -> str:
        text = re.sub(r"``([^`]+)``", r"<code>\1</code>", text)
        text = re.sub(r"(?<![`\w])@([A-Za-z][\w-]*)", r"<code>\1</code>", text)
        text = re.sub(r"(?<!`)`([^`]+)`(?!`)", self._reference, text)
        return re.sub(r"</?code>", "`", text)

    def _reference(self, match: re.Match[str]) -> str:
        name = match.group(1)
        return self._link(name) if name in self.known else match.group(0)


def _joined(text: str) -> str:
    """One line, as a table cell must be."""
    return " ".join(textwrap.dedent(text).split())
