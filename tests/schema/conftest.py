# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the schema's generator share."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "schema" / "qga.json"
GENERATE = ROOT / "schema" / "generate.py"
sys.path.insert(0, str(GENERATE.parent))

from qapi.build import load  # noqa: E402
from qapi.source import Reader, SchemaError  # noqa: E402


class Schemas:
    """Writes schemas into a folder of the test and reads them."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, text, name="test.json"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, text, lenient=False):
        """The schema, with all rules enforced unless lenient."""
        return load(self.write(text), Reader(lenient))

    def warnings(self, text):
        """What a lenient reader forgives, as `line:column: message`."""
        reader = Reader(lenient=True)
        path = self.write(text)
        load(path, reader)
        return [w.removeprefix(f"{path}:").replace("warning: ", "") for w in reader.warnings]

    def error(self, text, lenient=False):
        """The complaint about a wrong schema, as `line:column: message`."""
        with pytest.raises(SchemaError) as caught:
            self.read(text, lenient)
        where = caught.value.position
        assert str(caught.value).startswith(f"{where.path}:{where.line}:{where.column}: error: ")
        return f"{where.line}:{where.column}: {caught.value.message}"


def examples():
    """All examples of our schema: the command that they stand at, what is sent, what comes."""
    for command in load(OURS, Reader()).commands.values():
        for section in command.doc.sections:
            if section.kind == "directive" and section.name == "qmp-example":
                sent, _, received = section.text.removeprefix("->").partition("<-")
                yield command, json.loads(sent), json.loads(received or "null")


@pytest.fixture
def schemas(tmp_path):
    return Schemas(tmp_path)


@pytest.fixture
def generate():
    """Runs the generator as make does; returns the finished process."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, str(GENERATE), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )

    return run
