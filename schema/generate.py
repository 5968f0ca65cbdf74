#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes C code, documentation and a fuzz dictionary from the protocol's schema."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from qapi.build import load
from qapi.coverage import report
from qapi.emit_c import CBackend
from qapi.emit_dictionary import dictionary
from qapi.emit_docs import DocsBackend
from qapi.source import Reader, SchemaError

SCHEMA = Path(__file__).resolve().parent / "qga.json"
DOCS = SCHEMA.parent.parent / "docs" / "commands.md"


def build(options: argparse.Namespace) -> int:
    """Writes the C files and the dictionary; always, so that make sees fresh files."""
    schema = load(options.schema, Reader())
    source = options.schema.name
    backend = CBackend(schema, source, frozenset(options.define))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "qga_commands.h").write_text(backend.header(), encoding="ascii")
    (options.out / "qga_commands.c").write_text(backend.source(), encoding="ascii")
    (options.out / "qga.dict").write_text(dictionary(schema, source), encoding="ascii")
    return 0


def docs(options: argparse.Namespace) -> int:
    """Writes the command reference, or with --check only compares it."""
    text = DocsBackend(load(options.schema, Reader()), options.schema.name).text()
    if not options.check:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
        return 0
    if options.out.is_file() and options.out.read_text(encoding="utf-8") == text:
        return 0
    print(f"{options.out} is stale: run schema/generate.py docs", file=sys.stderr)
    return 1


def coverage(options: argparse.Namespace) -> int:
    """Prints how another schema compares with ours."""
    reader = Reader(lenient=True)
    other = load(options.other, reader)
    reader.print_warnings()
    print(report(other, load(options.schema, Reader())), end="")
    return 0


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schema", type=Path, default=SCHEMA, help="default: qga.json beside me")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("build", help="write qga_commands.[ch] and qga.dict")
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    command.add_argument(
        "-D",
        dest="define",
        action="append",
        default=[],
        metavar="SYMBOL",
        help="a configuration symbol that the schema's 'if' conditions find defined",
    )
    command.set_defaults(run=build)
    command = commands.add_parser("docs", help="write the command reference")
    command.add_argument("--out", type=Path, default=DOCS, metavar="FILE")
    command.add_argument("--check", action="store_true", help="fail if the file is stale")
    command.set_defaults(run=docs)
    command = commands.add_parser("coverage", help="compare another schema with this one")
    command.add_argument("other", type=Path, metavar="SCHEMA")
    command.set_defaults(run=coverage)
    return parser


def main() -> int:
    """Exit status 0, or 1 with a message that starts with the place in the schema."""
    options = arguments().parse_args()
    try:
        return int(options.run(options))
    except SchemaError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
