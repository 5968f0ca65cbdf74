# SPDX-License-Identifier: BSD-2-Clause
"""Positions, complaints and tokens: the lowest layer of the schema reader.

The lexical rules are those of QEMU's docs/devel/qapi-code-gen, "Schema syntax": JSON with single
quotes, comments from `#` to the end of the line, printable ASCII only, and no numbers or null.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Iterator


@dataclass(frozen=True)
class Position:
    """A place in a schema file; line and column count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class SchemaError(Exception):
    """Something in a schema is wrong; the text starts with the place."""

    def __init__(self, position: Position, message: str) -> None:
        super().__init__(f"{position}: error: {message}")
        self.position = position
        self.message = message


@dataclass
class Reader:
    """How strictly to read, and what was forgiven.

    The lenient reading is for schemas of other projects and other years: what the strict one
    refuses but still has one obvious meaning becomes a warning.
    """

    lenient: bool = False
    warnings: list[str] = field(default_factory=list)

    def tolerate(self, position: Position, message: str) -> None:
        """Raises SchemaError, or when lenient keeps the message as a warning."""
        if not self.lenient:
            raise SchemaError(position, message)
        self.warnings.append(f"{position}: warning: {message}")

    def style(self, position: Position, message: str) -> None:
        """Raises SchemaError unless lenient: other people's names and docs are their concern."""
        if not self.lenient:
            raise SchemaError(position, message)

    def print_warnings(self) -> None:
        """Prints what was forgiven, in the form that compilers use."""
        for warning in self.warnings:
            print(warning, file=sys.stderr)


@dataclass(frozen=True)
class Token:
    """One token: kind is one of `{}[]:,`, or "string", "word", "doc" or "end".

    For a doc block, text holds its lines without the leading `# `, joined by newlines.
    """

    kind: str
    text: str
    position: Position

    def __str__(self) -> str:
        if self.kind == "string":
            return f"'{self.text}'"
        return {"doc": "a doc comment", "end": "the end of the file"}.get(self.kind, self.text)


class Lexer:
    """Cuts the text of one file into tokens."""

    def __init__(self, path: str, text: str, reader: Reader) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.reader = reader
        self.row = 0
        self.column = 0

    def tokens(self) -> Iterator[Token]:
        """All tokens, the last of kind "end"."""
        while self.row < len(self.lines):
            line = self.lines[self.row]
            if self.column >= len(line):
                self.row += 1
                self.column = 0
            elif line[self.column] in " \t\r":
                self.column += 1
            elif line[self.column] == "#":
                if self._starts_doc(line):
                    yield self._doc()
                else:
                    self.column = len(line)
            else:
                yield self._token(line)
        last = len(self.lines) - 1
        yield Token("end", "", Position(self.path, last + 1, len(self.lines[last]) + 1))

    def _here(self) -> Position:
        return Position(self.path, self.row + 1, self.column + 1)

    def _starts_doc(self, line: str) -> bool:
        """`##` alone opens a doc block; more text behind it must not follow."""
        if not line.startswith("##", self.column):
            return False
        if line[self.column + 2 :].strip():
            if line[self.column + 2] != "#":
                self.reader.tolerate(self._here(), "junk after '##' at the start of a doc comment")
            return False
        return True

    def _token(self, line: str) -> Token:
        here = self._here()
        character = line[self.column]
        if character in "{}[]:,":
            self.column += 1
            return Token(character, character, here)
        if character == "'":
            return Token("string", self._string(line), here)
        if character.isalpha():
            start = self.column
            while self.column < len(line) and (line[self.column].isalnum()):
                self.column += 1
            word = line[start : self.column]
            if word not in ("true", "false"):
                raise SchemaError(here, f"unknown word {word}; strings stand in single quotes")
            return Token("word", word, here)
        if character == '"':
            raise SchemaError(here, "strings stand in single quotes")
        raise SchemaError(here, f"stray {character!r}")

    def _string(self, line: str) -> str:
        """Reads a string; the only escape that QAPI knows is a doubled backslash."""
        start = self._here()
        self.column += 1
        text = ""
        while True:
            if self.column >= len(line):
                raise SchemaError(start, "string without an end on this line")
            character = line[self.column]
            if character == "'":
                self.column += 1
                return text
            if not " " <= character <= "~":
                raise SchemaError(self._here(), "strings hold printable ASCII only")
            if character == "\\":
                if line[self.column + 1 : self.column + 2] != "\\":
                    raise SchemaError(self._here(), "unknown escape in a string")
                self.column += 1
            text += character
            self.column += 1

    def _doc(self) -> Token:
        """Reads from the opening `##` to the closing one."""
        start = self._here()
        body: list[str] = []
        while True:
            self.row += 1
            self.column = 0
            line = self.lines[self.row] if self.row < len(self.lines) else ""
            stripped = line.strip()
            if not stripped and self._comment_follows():
                body.append("")
                continue
            if not stripped.startswith("#"):
                # The schemas of 2011 open doc blocks and never close them.
                self.reader.tolerate(self._here(), "doc comment without a closing '##'")
                break
            if stripped == "##":
                self.row += 1
                break
            body.append(self._doc_line(stripped))
        return Token("doc", "\n".join(body), start)

    def _comment_follows(self) -> bool:
        """Whether the next line with something on it is a comment: empty lines do not count."""
        following = (line.strip() for line in self.lines[self.row :])
        return next((line for line in following if line), "").startswith("#")

    def _doc_line(self, line: str) -> str:
        if line != "#" and not line.startswith("# "):
            self.reader.tolerate(self._here(), "a line of a doc comment starts with '# '")
        return line[2:] if line.startswith("# ") else line[1:]
