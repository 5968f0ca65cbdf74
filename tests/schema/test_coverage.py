# SPDX-License-Identifier: BSD-2-Clause
"""Coverage compares two schemas by what is seen on the wire."""

from conftest import OURS
from qapi.build import load
from qapi.coverage import report
from qapi.source import Reader

HERE = """\
{ 'enum': 'Color', 'data': [ 'red', 'green' ] }
{ 'struct': 'Tree', 'data': { 'leaves': [ 'Tree' ], 'color': 'Color' } }
{ 'alternate': 'Either', 'data': { 'a': 'int', 'b': 'Color' } }
{ 'command': 'same', 'data': { 'tree': 'Tree', '*size': 'int' }, 'returns': 'Tree' }
{ 'command': 'args', 'data': { 'a': 'int', '*b': 'str', 'c': 'Either', 'd': 'int8' } }
{ 'command': 'deep', 'data': { 'trees': [ 'Tree' ] }, 'success-response': false }
{ 'command': 'ours' }
{ 'command': 'void', 'data': {} }
"""
THERE = """\
{ 'enum': 'Paint', 'data': [ 'red', 'green' ] }
{ 'enum': 'More', 'data': [ 'red', { 'name': 'blue', 'if': 'CONFIG_WIN32' } ] }
{ 'struct': 'Plant', 'data': { 'leaves': [ 'Plant' ], 'color': 'Paint' } }
{ 'struct': 'Bush', 'data': { 'leaves': [ 'Bush' ], 'color': 'More' } }
{ 'alternate': 'Any', 'data': { 'a': 'int', 'c': 'bool' } }
{ 'struct': 'None', 'data': {} }
{ 'command': 'same', 'data': { 'tree': 'Plant', '*size': 'int64' }, 'returns': 'Plant' }
{ 'command': 'args', 'data': { '*a': 'int', 'c': 'Any', 'd': [ 'int8' ],
                               '*e': { 'type': 'str', 'if': { 'not': 'CONFIG_WIN32' } } } }
{ 'command': 'deep', 'data': { 'trees': [ 'Bush' ] }, 'returns': 'None' }
{ 'command': 'gone', 'if': 'CONFIG_WIN32' }
{ 'command': 'void', 'returns': 'None' }
"""


def test_coverage_compares_structure(schemas):
    text = report(schemas.read(THERE), schemas.read(HERE))
    assert text.splitlines() == [
        "same  same",
        "args  differs",
        "        arguments.a: optional there, required here",
        "        arguments.c: bool only there",
        "        arguments.c: enum red|green only here",
        "        arguments.d: array of int8 there, int8 here",
        "        arguments.e: only there, optional str (if not CONFIG_WIN32)",
        "        arguments.b: only here, optional str",
        "deep  differs",
        "        arguments.trees[].color: blue (if CONFIG_WIN32) only there",
        "        arguments.trees[].color: green only here",
        "        success: replies there, is silent here",
        "gone  missing  (if CONFIG_WIN32)",
        "void  same",
        "ours  only here",
        "5 commands there: 2 the same here, 2 different, 1 missing; 1 only here",
    ]


def test_coverage_of_a_simple_and_a_compound_type(schemas):
    types = (
        "{ 'enum': 'Color', 'data': [ 'red' ] } { 'struct': 'Point', 'data': { 'x': 'int' } }\n"
        "{ 'alternate': 'Either', 'data': { 'a': 'int', 'b': 'Point' } }\n"
    )
    simple = "{ 'command': 'go', 'data': { 'a': 'int', 'b': 'str', 'c': 'any', 'd': 'bool' } }"
    compound = (
        "{ 'command': 'go', 'data': {"
        " 'a': [ 'int' ], 'b': 'Color', 'c': 'Point', 'd': 'Either' } }"
    )
    words = [
        ("a", "int", "array of int"),
        ("b", "str", "enum red"),
        ("c", "any", "object"),
        ("d", "bool", "either int or object"),
    ]
    one, two = schemas.read(simple), schemas.read(types + compound)
    assert [line.strip() for line in report(one, two).splitlines()[1:-1]] == [
        f"arguments.{name}: {first} there, {second} here" for name, first, second in words
    ]
    assert [line.strip() for line in report(two, one).splitlines()[1:-1]] == [
        f"arguments.{name}: {second} there, {first} here" for name, first, second in words
    ]


def test_coverage_knows_what_is_wider(schemas):
    """What was valid there is valid here, and what they know of a result is in it."""
    there = schemas.read(
        "{ 'command': 'go', 'data': { 'a': 'bool', 'b': 'int' }, 'returns': 'Result' }\n"
        "{ 'struct': 'Result', 'data': { '*x': 'int' } }"
    )
    here = schemas.read(
        "{ 'enum': 'Mode', 'data': [ 'none' ] }\n"
        "{ 'alternate': 'Capture', 'data': { 'flag': 'bool', 'mode': 'Mode' } }\n"
        "{ 'struct': 'Result', 'data': { 'x': 'int', 'y': 'int' } }\n"
        "{ 'command': 'go', 'returns': 'Result',\n"
        "  'data': { 'a': 'Capture', '*b': 'int', '*c': 'str' } }"
    )
    assert report(there, here).splitlines() == [
        "go  wider",
        "      arguments.a: bool there, either bool or enum none here",
        "      arguments.b: required there, optional here",
        "      arguments.c: only here, optional str",
        "      returns.x: optional there, required here",
        "      returns.y: only here, int",
        "1 commands there: 1 the same here (1 of them wider), 0 different, 0 missing; 0 only here",
    ]
    assert report(here, there).splitlines()[0] == "go  differs"


def test_coverage_of_unions(schemas):
    def with_branches(branches):
        return schemas.read(
            "{ 'enum': 'Kind', 'data': [ 'a', 'b', 'c' ] }\n"
            "{ 'struct': 'One', 'data': { 'x': 'int' } }\n"
            "{ 'struct': 'Two', 'data': { 'x': 'str' } }\n"
            "{ 'union': 'Shape', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind',"
            f" 'data': {branches} }}\n"
            "{ 'command': 'go', 'returns': 'Shape' }"
        )

    there = with_branches("{ 'a': 'One', 'b': 'One' }")
    here = with_branches("{ 'a': 'Two', 'c': 'One' }")
    assert report(there, here).splitlines()[1:-1] == [
        "      returns<a>.x: int there, str here",
        "      returns<b>: branch only there",
        "      returns<c>: branch only here",
    ]


def test_coverage_of_ourselves_is_complete(generate):
    finished = generate("coverage", OURS)
    count = len(load(OURS, Reader()).commands)
    assert finished.returncode == 0 and not finished.stderr
    assert finished.stdout.splitlines()[-1] == (
        f"{count} commands there: {count} the same here, 0 different, 0 missing; 0 only here"
    )


def test_coverage_of_an_old_schema_warns_and_counts(generate, schemas):
    path = schemas.write(
        "{ 'command': 'guest-sync'\n  'data': { 'id': 'int' },\n  'returns': 'int' }\n"
        "{ 'command': 'guest-file-seek', 'returns': 'GuestFileSeek',\n"
        "  'data': { 'handle': 'int', 'offset': 'int', 'whence': 'int' } }\n"
        "{ 'type': 'GuestFileSeek', 'data': { 'position': 'int', 'eof': 'bool' } }\n"
    )
    finished = generate("coverage", path)
    assert finished.returncode == 0
    assert finished.stderr.startswith(f"{path}:2:3: warning: expected ','")
    lines = finished.stdout.splitlines()
    assert lines[0].split() == ["guest-sync", "same"]
    assert lines[1].split() == ["guest-file-seek", "wider"]
    assert lines[2].strip() == ("arguments.whence: int there, either int or enum set|cur|end here")
    assert lines[-1].startswith("2 commands there: 2 the same here (1 of them wider), 0 diff")
