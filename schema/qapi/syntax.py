# SPDX-License-Identifier: BSD-2-Clause
"""From tokens to values with positions, and from files to a list of statements.

`include` and `pragma` are carried out here; every other top-level object is a Statement for
build.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

from .source import Lexer, Position, Reader, SchemaError, Token


# No definition needs more than half a dozen levels.
_DEPTH = 32


@dataclass(frozen=True)
class Text:
    """A string."""

    position: Position
    value: str


@dataclass(frozen=True)
class Flag:
    """true or false."""

    position: Position
    value: bool


@dataclass(frozen=True)
class Sequence:
    """A list."""

    position: Position
    items: tuple[Value, ...]


@dataclass(frozen=True)
class Mapping:
    """An object, in the order of the source; keys keep their own positions."""

    position: Position
    entries: dict[str, Value]
    keys: dict[str, Position]


Value = Union[Text, Flag, Sequence, Mapping]


@dataclass(frozen=True)
class RawDoc:
    """A doc block before anyone looked into it."""

    position: Position
    text: str


@dataclass(frozen=True)
class Statement:
    """One definition and the doc block right before it."""

    value: Mapping
    doc: RawDoc | None


@dataclass
class Pragmas:
    """What the pragmas of a schema and of everything it includes add up to."""

    doc_required: bool = False
    lists: dict[str, set[str]] = field(default_factory=dict)

    LISTS = (
        "command-name-exceptions",
        "command-returns-exceptions",
        "documentation-exceptions",
        "member-name-exceptions",
        # Names of the same lists before QEMU 6.0.
        "returns-whitelist",
        "name-case-whitelist",
    )

    def excepts(self, rule: str, name: str) -> bool:
        """Whether the list `rule` names `name`."""
        return name in self.lists.get(rule, ())


@dataclass
class Source:
    """A schema as read: its statements and free-form doc blocks in order, and its pragmas."""

    items: list[Statement | RawDoc] = field(default_factory=list)
    pragmas: Pragmas = field(default_factory=Pragmas)


class Parser:
    """Parses one file; include statements start another Parser on the same Source."""

    def __init__(
        self, path: Path, reader: Reader, source: Source, seen: set[Path], outer: frozenset[Path]
    ) -> None:
        self.path = path
        self.reader = reader
        self.source = source
        # Every file read so far, and the ones that are being read: this one and its includers.
        self.seen = seen
        self.seen.add(path.resolve())
        self.outer = outer | {path.resolve()}
        self.depth = 0
        self.tokens = Lexer(str(path), _read(path), reader).tokens()
        self.token = next(self.tokens)

    def parse(self) -> None:
        """Adds everything in the file to the Source."""
        doc: RawDoc | None = None
        while self.token.kind != "end":
            if self.token.kind == "doc":
                self._keep_prose(doc)
                doc = RawDoc(self.token.position, self.token.text)
                self._advance()
                continue
            value = self._value()
            if not isinstance(value, Mapping):
                raise SchemaError(value.position, "a definition is an object")
            if doc is not None and not is_definition_doc(doc.text):
                message = "a doc comment right before a definition starts with '@name:'"
                self.reader.style(doc.position, message)
                self._keep_prose(doc)
                doc = None
            self._statement(value, doc)
            doc = None
        self._keep_prose(doc)

    def _keep_prose(self, doc: RawDoc | None) -> None:
        """A doc block that no definition follows is free-form, or its definition is missing."""
        if doc is None:
            return
        if is_definition_doc(doc.text):
            self.reader.tolerate(doc.position, "doc comment without its definition")
        else:
            self.source.items.append(doc)

    def _statement(self, value: Mapping, doc: RawDoc | None) -> None:
        for keyword in ("include", "pragma"):
            if keyword in value.entries:
                if len(value.entries) != 1:
                    raise SchemaError(value.position, f"'{keyword}' stands alone in its object")
                if doc is not None:
                    self.reader.tolerate(doc.position, f"doc comment before '{keyword}'")
        if "include" in value.entries:
            self._include(value.entries["include"])
        elif "pragma" in value.entries:
            self._pragma(value.entries["pragma"])
        else:
            self.source.items.append(Statement(value, doc))

    def _include(self, name: Value) -> None:
        if not isinstance(name, Text):
            raise SchemaError(name.position, "'include' takes the name of a file")
        path = self.path.parent / name.value
        if path.resolve() in self.outer:
            raise SchemaError(name.position, f"{path} includes itself")
        if not path.is_file():
            raise SchemaError(name.position, f"no file {path} to include")
        if path.resolve() not in self.seen:
            Parser(path, self.reader, self.source, self.seen, self.outer).parse()

    def _pragma(self, pragma: Value) -> None:
        if not isinstance(pragma, Mapping):
            raise SchemaError(pragma.position, "'pragma' takes an object")
        for name, value in pragma.entries.items():
            if name == "doc-required":
                if not isinstance(value, Flag):
                    raise SchemaError(value.position, "'doc-required' is true or false")
                self.source.pragmas.doc_required = value.value
            elif name in Pragmas.LISTS:
                names = self.source.pragmas.lists.setdefault(name, set())
                names.update(_strings(value, name))
            else:
                self.reader.tolerate(pragma.keys[name], f"unknown pragma '{name}'")

    def _advance(self) -> Token:
        token = self.token
        self.token = next(self.tokens) if token.kind != "end" else token
        return token

    def _value(self) -> Value:
        token = self._advance()
        if token.kind in ("{", "["):
            if self.depth == _DEPTH:
                raise SchemaError(token.position, f"more than {_DEPTH} objects and lists deep")
            self.depth += 1
            value: Value
            if token.kind == "{":
                value = self._mapping(token.position)
            else:
                value = self._sequence(token.position)
            self.depth -= 1
            return value
        if token.kind == "string":
            return Text(token.position, token.text)
        if token.kind == "word":
            return Flag(token.position, token.text == "true")
        raise SchemaError(token.position, f"expected '{{', '[', a string or a word, not {token}")

    def _mapping(self, start: Position) -> Mapping:
        entries: dict[str, Value] = {}
        keys: dict[str, Position] = {}
        while not (not entries and self._take("}")):
            key = self._advance()
            if key.kind != "string":
                raise SchemaError(key.position, f"expected a string as key, not {key}")
            if key.text in entries:
                raise SchemaError(key.position, f"duplicate key '{key.text}'")
            if not self._take(":"):
                raise SchemaError(self.token.position, f"expected ':' after '{key.text}'")
            entries[key.text] = self._value()
            keys[key.text] = key.position
            if self._take("}"):
                break
            self._comma("}", "string")
        return Mapping(start, entries, keys)

    def _sequence(self, start: Position) -> Sequence:
        items: list[Value] = []
        while not (not items and self._take("]")):
            items.append(self._value())
            if self._take("]"):
                break
            self._comma("]", "string", "{", "[")
        return Sequence(start, tuple(items))

    def _comma(self, closer: str, *starts: str) -> None:
        """Takes the comma between two items; a lenient reader sees it where it was forgotten."""
        if self._take(","):
            return
        message = f"expected ',' or '{closer}' before {self.token}"
        if self.token.kind not in starts:
            raise SchemaError(self.token.position, message)
        self.reader.tolerate(self.token.position, message)

    def _take(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self._advance()
        return True


def is_definition_doc(text: str) -> bool:
    """A doc block documents a definition if it starts with `@name:`."""
    return text.lstrip().startswith("@")


def parse_file(path: Path, reader: Reader) -> Source:
    """Reads a schema and what it includes."""
    source = Source()
    Parser(path, reader, source, set(), frozenset()).parse()
    return source


def _strings(value: Value, what: str) -> list[str]:
    if isinstance(value, Sequence) and all(isinstance(item, Text) for item in value.items):
        return [item.value for item in value.items if isinstance(item, Text)]
    raise SchemaError(value.position, f"'{what}' takes a list of strings")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(Position(str(path), 1, 1), f"cannot be read: {error}") from error
