# SPDX-License-Identifier: BSD-2-Clause
"""Doc comments are cut into sections, agree with what they describe, and become Markdown."""

import pytest
from qapi.emit_docs import DocsBackend

COMMAND = """\
##
# @paint:
#
# Paints a thing.  Twice.
#
# More about `paint` and @color.
#
# @color: which one,
#     of all
#
# @coats: how many (default: 1)
#
# Text behind the members.
#
# Returns: the area
#     in all
#
# Errors:
#     - no paint
#     - no brush
#
# Features:
#
# @slow: takes a while
#
# Since: 1.0
#
# .. note:: Paint is wet
#    for a while.
#
# .. qmp-example::
#
#   -> { "execute": "paint" }
#   <- { "return": 3 }
##
{ 'command': 'paint', 'data': { 'color': 'str', '*coats': 'uint8' },
  'returns': 'Area', 'features': [ 'slow' ] }

##
# @Area:
#
# @size: in square metres
##
{ 'struct': 'Area', 'data': { 'size': 'number' } }
"""


def block(text):
    return "##\n" + "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n")) + "##\n"


def test_sections(schemas):
    doc = schemas.read(COMMAND).commands["paint"].doc
    assert doc.symbol == "paint"
    assert doc.member("color") == "which one,\nof all"
    assert doc.member("coats") == "how many (default: 1)"
    assert doc.tag("Returns") == "the area\nin all"
    assert doc.tag("Errors") == "- no paint\n- no brush"
    assert doc.tag("Since") == "1.0"
    assert doc.find("feature", "slow").text == "takes a while"
    assert doc.find("directive", "note").text == "Paint is wet\nfor a while."
    texts = [section.text for section in doc.sections if section.kind == "text"]
    assert texts == [
        "Paints a thing.  Twice.\n\nMore about `paint` and @color.",
        "Text behind the members.",
    ]


def test_a_description_may_start_on_its_own_line(schemas):
    text = block("@go:\n\n@to:\nat the margin\n\n@by:\n    indented")
    command = schemas.read(text + "{ 'command': 'go', 'data': { 'to': 'int', 'by': 'int' } }")
    assert command.commands["go"].doc.member("to") == "at the margin"
    assert command.commands["go"].doc.member("by") == "indented"


def test_a_member_and_a_feature_may_share_a_name(schemas):
    text = block("@go:\n\n@far: how far\n\nFeatures:\n\n@far: went far")
    definition = "{ 'command': 'go', 'data': { 'far': 'int' }, 'features': [ 'far' ] }"
    doc = schemas.read(text + definition).commands["go"].doc
    assert doc.member("far") == "how far"
    assert doc.find("feature", "far").text == "went far"


def test_an_empty_doc_has_no_sections(schemas):
    assert schemas.read(block("@go:") + "{ 'command': 'go' }").commands["go"].doc.sections == []


def test_prose_has_no_tags(schemas):
    (doc,) = schemas.read(block("Returns: the king\nSince: the first age")).items
    assert [section.text for section in doc.sections] == ["Returns: the king\nSince: the first age"]


def test_a_careless_first_line(schemas):
    for text in ("@go", "@go: far"):
        schema = schemas.read(block(text) + "{ 'command': 'go' }", lenient=True)
        assert schema.commands["go"].doc.symbol == "go"
        assert schemas.error(block(text) + "{ 'command': 'go' }") == (
            "2:1: a definition's doc starts with '@name:'"
        )


def test_sections_of_older_schemas(schemas):
    text = block(
        "@go:\n\nGoes.\n\nNotes: one\n\nat the margin\n\n"
        "Example:\n\n-> { 'execute': 'go' }\n\nSince: 1"
    )
    doc = schemas.read(text + "{ 'command': 'go' }").commands["go"].doc
    assert doc.tag("Notes") == "one\n\nat the margin"
    assert doc.tag("Example") == "-> { 'execute': 'go' }"
    assert doc.tag("Since") == "1"


def test_prose_stands_between_the_definitions(schemas):
    schema = schemas.read(
        "{ 'command': 'a' }\n" + block("= Title\n\nText.") + block("@b:") + "{ 'command': 'b' }"
    )
    assert [getattr(item, "name", "prose") for item in schema.items] == ["a", "prose", "b"]


@pytest.mark.parametrize(
    "text, definition, message",
    [
        (
            "Goes.",
            "{ 'command': 'go' }",
            "1:1: a doc comment right before a definition starts with '@name:'",
        ),
        ("Text.\n\n@note: x", "", "4:1: only a definition's doc describes members"),
        (
            "@go:\n\n@to: x\nmore",
            "{ 'command': 'go', 'data': { 'to': 'int' } }",
            "5:1: a description's further lines are indented",
        ),
        (
            "@go:\n\nSince: 1\n\n@to: x",
            "{ 'command': 'go', 'data': { 'to': 'int' } }",
            "6:1: the description of 'to' follows a tagged section",
        ),
        ("@go: far", "{ 'command': 'go' }", "2:1: a definition's doc starts with '@name:'"),
        ("@went:", "{ 'command': 'go' }", "1:1: this doc comment is about 'went', not 'go'"),
        ("@go:", "", "1:1: doc comment without its definition"),
        ("@go:", "{ 'include': 'x' }", "1:1: doc comment before 'include'"),
        ("@go:\n\n@to: x", "{ 'command': 'go' }", "4:1: 'go' has no member 'to'"),
        (
            "@go:\n\n@to: x\n@to: y",
            "{ 'command': 'go', 'data': { 'to': 'int' } }",
            "5:1: 'to' is described twice",
        ),
        ("@go:\n\nSince: 1\nSince: 2", "{ 'command': 'go' }", "5:1: 'Since' is described twice"),
        (
            "@go:",
            "{ 'command': 'go', 'data': { 'to': 'int' } }",
            "1:1: member 'to' of 'go' is not described",
        ),
        (
            "@go:",
            "{ 'command': 'go', 'features': [ 'new' ] }",
            "1:1: feature 'new' of 'go' is not described",
        ),
        (
            "@go:\n\nFeatures:\n\n@new: x",
            "{ 'command': 'go' }",
            "6:1: 'go' has no feature 'new'",
        ),
        ("@go:\n\nReturns: x", "{ 'command': 'go' }", "4:1: 'go' returns nothing to describe"),
        (
            "@Ab:\n\nReturns: x",
            "{ 'struct': 'Ab', 'data': {} }",
            "4:1: 'Returns:' only makes sense for a command",
        ),
        ("@Ab:", "{ 'enum': 'Ab', 'data': [ 'a' ] }", "1:1: member 'a' of 'Ab' is not described"),
        (
            "@Ab:",
            "{ 'alternate': 'Ab', 'data': { 'a': 'int' } }",
            "1:1: member 'a' of 'Ab' is not described",
        ),
    ],
)
def test_mistakes_are_located(schemas, text, definition, message):
    assert schemas.error(block(text) + definition) == message


def test_lines_of_a_block(schemas):
    assert schemas.error("##\n#x\n##\n") == "2:1: a line of a doc comment starts with '# '"
    schemas.read("##\n# @go:\n\n# Empty lines do not count.\n##\n{ 'command': 'go' }")
    assert schemas.error("##\n# x\n") == "3:1: doc comment without a closing '##'"


def test_doc_required_and_its_exceptions(schemas):
    required = "{ 'pragma': { 'doc-required': true } }\n"
    assert schemas.error(required + "{ 'command': 'go' }") == "2:14: 'go' has no doc comment"
    schemas.read(
        "{ 'pragma': { 'documentation-exceptions': [ 'Ab' ] } }\n"
        + block("@Ab:")
        + "{ 'enum': 'Ab', 'data': [ 'a' ] }"
    )


def test_a_lenient_reader_leaves_docs_alone(schemas):
    assert not schemas.warnings(block("@go:\n\n@to: x") + "{ 'command': 'go' }")


# Markdown


def markdown(schemas, text):
    return DocsBackend(schemas.read(text), "test.json").text()


def test_a_command_in_markdown(schemas):
    text = markdown(schemas, COMMAND.replace("'returns': 'Area'", "'returns': 'Area', 'if': 'WET'"))
    assert "| [`paint`](#paint) | Paints a thing. |" in text
    assert "More about [`paint`](#paint) and `color`." in text
    assert "| `color` | string | which one, of all |" in text
    assert "| `coats` | integer (uint8), optional | how many (default: 1) |" in text
    assert "**Returns** [`Area`](#area): the area in all." in text
    assert "**Fails** if\n\n- no paint\n- no brush\n" in text
    assert "> **Note:** Paint is wet for a while." in text
    assert '```\n-> { "execute": "paint" }\n<- { "return": 3 }\n```' in text
    assert "*Since QEMU 1.0. Only if WET. `slow`: takes a while.*" in text
    assert "### Area\n\n| Member | Type | Meaning |\n" in text


def test_old_sections_and_named_arguments_in_markdown(schemas):
    text = markdown(
        schemas,
        block("@go:\n\nNote: one\n  two\n\nExample:\n\n-> 1\n<- 2\n\nTODO: later")
        + "{ 'command': 'go', 'data': 'Point', 'boxed': true }\n"
        "{ 'struct': 'Point', 'data': { 'x': 'int' } }",
    )
    assert "Arguments: the members of [`Point`](#point).\n\n**Returns** an empty object.\n" in text
    assert "> **Note:** one two\n\n```\n-> 1\n<- 2\n```\n" in text
    assert "later" not in text


def test_headings_and_the_place_of_the_contents(schemas):
    text = markdown(
        schemas,
        block("Before.")
        + block("= First")
        + block("@a:")
        + "{ 'command': 'a' }\n"
        + block("== Second"),
    )
    order = [text.index(s) for s in ("Before.", "| Command |", "## First", "### a", "### Second")]
    assert order == sorted(order)


def test_silent_success_and_no_arguments(schemas):
    text = markdown(schemas, "{ 'command': 'a', 'success-response': false }\n{ 'command': 'b' }")
    assert "Takes no arguments.\n\n**Returns** nothing, not even an empty reply" in text
    assert "Takes no arguments.\n\n**Returns** an empty object." in text


def test_types_in_markdown(schemas):
    text = markdown(
        schemas,
        "{ 'enum': 'Color', 'data': [ 'red', { 'name': 'green', 'if': 'GREEN' } ] }\n"
        "{ 'struct': 'Base', 'data': { 'list': [ 'Color' ] } }\n"
        "{ 'struct': 'More', 'base': 'Base', 'data': {} }\n"
        "{ 'union': 'Thing', 'base': { 'c': 'Color' }, 'discriminator': 'c',"
        "  'data': { 'red': 'Base' } }\n"
        "{ 'alternate': 'Either', 'data': { 'a': 'int', 'b': 'Base' } }\n",
    )
    assert "| Value | Meaning |\n|---|---|\n| `red` |  |\n| `green` | (only if GREEN) |" in text
    assert "| `list` | array of [`Color`](#color) |" in text
    assert "No members.\n\nAnd the members of [`Base`](#base)." in text
    assert "If `c` is `red`, also the members of [`Base`](#base)." in text
    assert "| Branch | Type | Meaning |\n|---|---|---|\n| `a` | integer |  |" in text
