# SPDX-License-Identifier: BSD-2-Clause
"""Our own schema, the fuzz dictionary, and the generator as make runs it."""

import re

from conftest import OURS, examples
from everything import EVERYTHING
from qapi.build import load
from qapi.emit_dictionary import dictionary
from qapi.source import Reader


# Our own schema


def test_commands_keep_the_order_of_upstream():
    schema = load(OURS, Reader())
    assert list(schema.commands)[:6] == [
        "guest-sync-delimited",
        "guest-sync",
        "guest-ping",
        "guest-get-time",
        "guest-info",
        "guest-shutdown",
    ]
    silent = [c.name for c in schema.commands.values() if not c.success_response]
    assert silent == ["guest-shutdown"]


def test_what_runs_while_frozen():
    schema = load(OURS, Reader())
    frozen = {c.name for c in schema.commands.values() if c.has_feature("allowed-while-frozen")}
    assert frozen == {
        "__org.bare-qga_set-faults",
        "__org.bare-qga_status",
        "guest-ping",
        "guest-info",
        "guest-sync",
        "guest-sync-delimited",
        "guest-fsfreeze-status",
        "guest-fsfreeze-thaw",
    }


def test_every_command_has_an_example_that_fits_it():
    seen = set()
    for command, sent, received in examples():
        seen.add(command.name)
        assert sent["execute"] == command.name
        members = list(command.arguments.all_members()) if command.arguments else []
        given = sent.get("arguments", {})
        assert set(given) <= {member.name for member in members}
        assert {m.name for m in members if not m.optional} <= set(given)
        assert (received is not None) == command.success_response
    assert seen == set(load(OURS, Reader()).commands)


def test_the_reference_is_fresh(generate):
    finished = generate("docs", "--check")
    assert finished.returncode == 0, finished.stderr


# The command line


def test_the_output_is_deterministic(generate, tmp_path):
    for folder in ("one", "two"):
        assert generate("build", "--out", tmp_path / folder).returncode == 0
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["qga.dict", "qga_commands.c", "qga_commands.h"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_stale_reference_is_noticed(generate, tmp_path):
    out = tmp_path / "docs" / "commands.md"
    finished = generate("docs", "--out", out, "--check")
    assert finished.returncode == 1 and finished.stderr.startswith(f"{out} is stale: ")
    assert generate("docs", "--out", out).returncode == 0
    assert generate("docs", "--out", out, "--check").returncode == 0
    out.write_text(out.read_text(encoding="utf-8") + "x", encoding="utf-8")
    finished = generate("docs", "--out", out, "--check")
    assert finished.returncode == 1 and "is stale" in finished.stderr


def test_a_wrong_schema_ends_with_its_place(generate, schemas, tmp_path):
    path = schemas.write("\n{ 'command': 'Go' }")
    finished = generate("--schema", path, "build", "--out", tmp_path / "out")
    assert finished.returncode == 1
    assert finished.stderr == f"{path}:2:14: error: 'Go' is no proper command name\n"
    assert not (tmp_path / "out").exists()
    finished = generate("coverage", tmp_path / "nothing.json")
    assert finished.returncode == 1 and "cannot be read" in finished.stderr


# The dictionary


def test_the_dictionary_has_the_words_of_the_protocol(schemas):
    text = dictionary(schemas.read(EVERYTHING), "test.json")
    words = {line for line in text.splitlines() if not line.startswith("#")}
    for word in ("execute", "z-last", "i8", "while", "dark-red", "warm", "inner", "more", "x", "y"):
        assert f'"\\"{word}\\""' in words
    assert {'"{"', '"\\xff"', '"\\x0a"', '"\\\\"'} <= words
    assert all(re.fullmatch(r'"([ -!#-\[\]-~]|\\["\\]|\\x[0-9a-f]{2})+"', word) for word in words)
    assert len(words) == text.count("\n") - 1
