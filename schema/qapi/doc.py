# SPDX-License-Identifier: BSD-2-Clause
"""Doc comments: the block between two `##`, cut into the sections that QAPI gives a meaning.

QEMU docs/devel/qapi-code-gen, "Documentation comments".  A definition's block starts with
`@name:`, then prose, `@member:` descriptions and tagged sections (`Returns:`, `Errors:`,
`Since:`, `Features:`, `TODO:`, and the `Note:`, `Notes:`, `Example:` and `Examples:` of older
schemas) follow.  `.. name::` starts a reStructuredText directive that reaches as far as the lines
are indented.  A block without `@name:` is prose; `=` and `==` start its headings.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

from .source import Position, Reader
from .syntax import RawDoc, is_definition_doc

TAGS = ("Returns", "Errors", "Since", "Features", "TODO", "Note", "Notes", "Example", "Examples")
SINGLE_TAGS = ("Returns", "Errors", "Since", "Features")

_MEMBER = re.compile(r"@([A-Za-z0-9_.-]+):(?:\s+(.*))?$")
_TAG = re.compile(r"(" + "|".join(TAGS) + r"):(?:\s+(.*))?$")
_DIRECTIVE = re.compile(r"\.\. ([a-z-]+)::(?:\s+(.*))?$")


@dataclass
class Section:
    """A piece of a doc block.

    kind is "text", "member", "feature", "tag" or "directive"; name says which one.
    """

    kind: str
    name: str
    position: Position
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The section's text: the first line as it is, the indentation of the others removed."""
        first, rest = self.lines[:1], self.lines[1:]
        body = textwrap.dedent("\n".join(rest))
        return "\n".join([*first, body]).strip("\n").strip()


@dataclass
class Doc:
    """A doc block; symbol is empty for a block of prose."""

    symbol: str
    position: Position
    sections: list[Section] = field(default_factory=list)

    def find(self, kind: str, name: str) -> Section | None:
        """The first section of that kind and name."""
        matches = (s for s in self.sections if s.kind == kind and s.name == name)
        return next(matches, None)

    def tag(self, name: str) -> str:
        """The text of a tagged section, or an empty string."""
        section = self.find("tag", name)
        return section.text if section else ""

    def member(self, name: str) -> str:
        """The description of a member, or an empty string."""
        section = self.find("member", name)
        return section.text if section else ""


class _Builder:
    """Walks over the lines of one block."""

    def __init__(self, raw: RawDoc, reader: Reader) -> None:
        self.raw = raw
        self.reader = reader
        self.doc = Doc("", raw.position)
        self.section = self._start("text", "", raw.position)
        self.in_features = False

    def build(self) -> Doc:
        """The finished Doc, without empty sections of prose."""
        lines = self.raw.text.split("\n")
        first = next((row for row, line in enumerate(lines) if line), 0)
        if is_definition_doc(self.raw.text):
            match = _MEMBER.match(lines[first])
            if match is None or match.group(2):
                self.reader.tolerate(self._at(first), "a definition's doc starts with '@name:'")
            self.doc.symbol = match.group(1) if match else lines[first][1:].split(":")[0]
            first += 1
        for row in range(first, len(lines)):
            self._line(lines[row], self._at(row))
        self.doc.sections = [
            section for section in self.doc.sections if section.kind != "text" or section.text
        ]
        return self.doc

    def _at(self, row: int) -> Position:
        start = self.raw.position
        return Position(start.path, start.line + 1 + row, start.column)

    def _line(self, line: str, position: Position) -> None:
        directive = _DIRECTIVE.match(line)
        if directive:
            self._start("directive", directive.group(1), position, directive.group(2))
        elif self.doc.symbol and (member := _MEMBER.match(line)):
            kind = "feature" if self.in_features else "member"
            if kind == "member" and any(s.kind == "tag" for s in self.doc.sections):
                message = f"the description of '{member.group(1)}' follows a tagged section"
                self.reader.style(position, message)
            self._unique(kind, member.group(1), position)
            self._start(kind, member.group(1), position, member.group(2))
        elif self.doc.symbol and (tag := _TAG.match(line)):
            if tag.group(1) in SINGLE_TAGS:
                self._unique("tag", tag.group(1), position)
            self.in_features = tag.group(1) == "Features"
            self._start("tag", tag.group(1), position, tag.group(2))
        else:
            if self._ends_section(line):
                self._start("text", "", position)
            self._check_line(line, position)
            self.section.lines.append(line)

    def _check_line(self, line: str, position: Position) -> None:
        if not self.doc.symbol and _MEMBER.match(line):
            self.reader.style(position, "only a definition's doc describes members")
        described = self.section.kind in ("member", "feature") and self.section.lines[0]
        if described and line and not line.startswith("  "):
            self.reader.style(position, "a description's further lines are indented")

    def _ends_section(self, line: str) -> bool:
        """A line at the margin after a blank one ends everything but prose and old sections."""
        if self.section.kind == "text" or not line or line.startswith(" "):
            return False
        if self.section.kind == "tag" and self.section.name not in SINGLE_TAGS:
            return False
        return len(self.section.lines) > 1 and not self.section.lines[-1]

    def _unique(self, kind: str, name: str, position: Position) -> None:
        if self.doc.find(kind, name):
            self.reader.tolerate(position, f"'{name}' is described twice")

    def _start(self, kind: str, name: str, position: Position, text: str | None = None) -> Section:
        self.section = Section(kind, name, position, [text or ""])
        self.doc.sections.append(self.section)
        return self.section


def parse_doc(raw: RawDoc, reader: Reader) -> Doc:
    """Cuts a doc block into sections."""
    return _Builder(raw, reader).build()
