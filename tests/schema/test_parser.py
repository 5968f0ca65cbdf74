# SPDX-License-Identifier: BSD-2-Clause
"""Every construct of the schema language is understood, and every mistake is located."""

import pytest
from qapi.model import Alternate, Array, Enum, Object, json_type

ENUM = "{ 'enum': 'Color', 'data': [ 'red', 'green' ] }\n"
STRUCT = "{ 'struct': 'Point', 'data': { 'x': 'int', '*y': 'number' } }\n"


def names(items):
    return [item.name for item in items]


# What is right


def test_comments_and_layout_do_not_matter(schemas):
    schema = schemas.read(
        "# a comment: { 'not': 'read' }\n\n{'command':'ping'}#{\r\n\t{ 'command'\n:\n'pong' }"
    )
    assert list(schema.commands) == ["ping", "pong"]


def test_an_empty_schema_is_a_schema(schemas):
    schema = schemas.read("")
    assert not schema.commands and not schema.types


def test_a_backslash_is_doubled(schemas):
    message = schemas.error(r"{ 'command': 'a\\b' }")
    assert message == r"1:14: 'a\b' is no proper command name"


def test_struct(schemas):
    point = schemas.read(STRUCT).types["Point"]
    assert isinstance(point, Object)
    assert [(m.name, m.type.name, m.optional) for m in point.members] == [
        ("x", "int", False),
        ("y", "number", True),
    ]


def test_struct_with_base_and_later_definition(schemas):
    schema = schemas.read(
        "{ 'struct': 'Solid', 'base': 'Point', 'data': { 'z': 'int' } }\n" + STRUCT
    )
    assert names(schema.types["Solid"].all_members()) == ["x", "y", "z"]


def test_arrays(schemas):
    schema = schemas.read(
        STRUCT + "{ 'struct': 'Line', 'data': { 'points': [ 'Point' ], 'tags': ['str'] } }"
    )
    points, tags = schema.types["Line"].members
    assert isinstance(points.type, Array) and points.type.element is schema.types["Point"]
    assert tags.type.element.name == "str"


def test_enum_with_conditions_features_and_prefix(schemas):
    schema = schemas.read(
        "{ 'enum': 'Color', 'prefix': 'COL', 'data': [ 'red', '3d', 'x-new',\n"
        "  { 'name': 'green', 'if': 'CONFIG_GREEN', 'features': [ 'unstable' ] } ] }"
    )
    color = schema.types["Color"]
    assert isinstance(color, Enum) and color.prefix == "COL"
    assert names(color.values) == ["red", "3d", "x-new", "green"]
    assert str(color.values[3].condition) == "CONFIG_GREEN"
    assert names(color.values[3].features) == ["unstable"]


def test_union_with_inline_base(schemas):
    schema = schemas.read(
        ENUM + STRUCT + "{ 'union': 'Thing', 'base': { 'color': 'Color', '*id': 'str' },\n"
        "  'discriminator': 'color',\n"
        "  'data': { 'red': { 'type': 'Point', 'if': 'CONFIG_RED' } } }"
    )
    thing = schema.types["Thing"]
    assert names(thing.all_members()) == ["color", "id"]
    assert thing.tag.name == "color" and thing.tag.type is schema.types["Color"]
    assert thing.branches[0].type is schema.types["Point"]
    assert str(thing.branches[0].condition) == "CONFIG_RED"


def test_union_with_named_base(schemas):
    schema = schemas.read(
        ENUM
        + "{ 'struct': 'Base', 'data': { 'color': 'Color' } }\n"
        + STRUCT
        + "{ 'union': 'Thing', 'base': 'Base', 'discriminator': 'color',"
        "  'data': { 'green': 'Point' } }"
    )
    assert schema.types["Thing"].tag is schema.types["Base"].members[0]


def test_alternate(schemas):
    schema = schemas.read(
        ENUM + STRUCT + "{ 'alternate': 'Some', 'data': { 'number': 'int', 'name': 'Color',"
        " 'flag': 'bool', 'nothing': 'null', 'list': [ 'int' ],"
        " 'point': { 'type': 'Point', 'if': 'CONFIG_POINT' } } }"
    )
    some = schema.types["Some"]
    assert isinstance(some, Alternate)
    assert names(some.branches) == ["number", "name", "flag", "nothing", "list", "point"]
    assert isinstance(some.branches[4].type, Array)
    assert [json_type(branch.type) for branch in some.branches] == [
        "integer",
        "string",
        "boolean",
        "null",
        "array",
        "object",
    ]
    assert json_type(some) == "any"


def test_command_with_everything(schemas):
    schema = schemas.read(
        STRUCT + "{ 'command': 'draw', 'data': 'Point', 'boxed': true, 'returns': [ 'Point' ],\n"
        "  'gen': false, 'success-response': false, 'allow-oob': true,\n"
        "  'allow-preconfig': true, 'if': 'CONFIG_DRAW',\n"
        "  'features': [ 'unstable', { 'name': 'fast', 'if': 'CONFIG_FAST' } ] }\n"
        "{ 'command': 'wait', 'coroutine': true, 'data': {} }"
    )
    draw = schema.commands["draw"]
    assert draw.arguments is schema.types["Point"]
    assert draw.returns.element is schema.types["Point"]
    assert draw.boxed and draw.allow_oob and draw.allow_preconfig
    assert not draw.gen and not draw.success_response and not draw.coroutine
    assert draw.has_feature("fast") and str(draw.features[1].condition) == "CONFIG_FAST"
    wait = schema.commands["wait"]
    assert wait.coroutine and wait.gen and wait.success_response and wait.arguments is None


def test_member_in_long_form(schemas):
    schema = schemas.read(
        "{ 'command': 'go', 'data': { '*fast':"
        " { 'type': 'bool', 'if': 'CONFIG_FAST', 'features': [ 'deprecated' ] } } }"
    )
    fast = schema.commands["go"].arguments.members[0]
    assert fast.optional and fast.name == "fast" and fast.type.name == "bool"
    assert names(fast.features) == ["deprecated"]


def test_events(schemas):
    schema = schemas.read(
        STRUCT + "{ 'event': 'MOVED', 'data': { 'by': 'int' } }\n"
        "{ 'event': 'JUMPED', 'data': 'Point', 'boxed': true }\n{ 'event': 'GONE' }"
    )
    assert list(schema.events) == ["MOVED", "JUMPED", "GONE"]
    assert schema.events["JUMPED"].arguments is schema.types["Point"]


@pytest.mark.parametrize(
    "condition, text, holds",
    [
        ("'B'", "B", True),
        ("{ 'all': [ 'A', 'B' ] }", "A and B", True),
        ("{ 'any': [ 'C', 'D' ] }", "C or D", False),
        ("{ 'not': 'C' }", "not C", True),
        ("{ 'not': { 'any': [ 'A', 'C' ] } }", "not (A or C)", False),
        (
            "{ 'all': [ 'A', { 'any': [ 'B', 'C' ] }, { 'not': 'D' } ] }",
            "A and (B or C) and not D",
            True,
        ),
    ],
)
def test_conditions(schemas, condition, text, holds):
    command = schemas.read(f"{{ 'command': 'go', 'if': {condition} }}").commands["go"]
    assert str(command.condition) == text
    assert command.condition.holds(frozenset("AB")) is holds


def test_recursive_types(schemas):
    schema = schemas.read("{ 'struct': 'Tree', 'data': { 'leaves': [ 'Tree' ], '*up': 'Tree' } }")
    tree = schema.types["Tree"]
    assert tree.members[0].type.element is tree and tree.members[1].type is tree


def test_include_and_its_order(schemas):
    schemas.write("{ 'command': 'second' }", "inner.json")
    schema = schemas.read(
        "{ 'command': 'first' }\n{ 'include': 'inner.json' }\n{ 'include': 'inner.json' }\n"
        "{ 'command': 'third' }"
    )
    assert list(schema.commands) == ["first", "second", "third"]


def test_pragmas_permit_exceptions(schemas):
    schemas.read(
        "{ 'pragma': { 'command-name-exceptions': [ 'old_name' ],\n"
        "  'command-returns-exceptions': [ 'old_name' ],\n"
        "  'member-name-exceptions': [ 'Old', 'Colors' ] } }\n"
        "{ 'command': 'old_name', 'returns': 'int' }\n"
        "{ 'struct': 'Old', 'data': { 'Some_member': 'int' } }\n"
        "{ 'enum': 'Colors', 'data': [ 'Light_red' ] }"
    )


# What is wrong


@pytest.mark.parametrize(
    "text, message",
    [
        # Lexical
        ("{ \"command\": 'a' }", "1:3: strings stand in single quotes"),
        ("{ 'command': 'a }\n", "1:14: string without an end on this line"),
        ("{ 'command': 'a\\n' }", "1:16: unknown escape in a string"),
        ("{ 'command': 'é' }", "1:15: strings hold printable ASCII only"),
        ("{ 'command': null }", "1:14: unknown word null; strings stand in single quotes"),
        ("{ 'command': 12 }", "1:14: stray '1'"),
        ("## junk\n", "1:1: junk after '##' at the start of a doc comment"),
        ("\n  ;", "2:3: stray ';'"),
        # Syntax
        ("[ 'a' ]", "1:1: a definition is an object"),
        ("'a'", "1:1: a definition is an object"),
        ("}", "1:1: expected '{', '[', a string or a word, not }"),
        ("{ 'command': 'a'", "1:17: expected ',' or '}' before the end of the file"),
        ("{ 'command': 'a', }", "1:19: expected a string as key, not }"),
        ("{ 'command' 'a' }", "1:13: expected ':' after 'command'"),
        ("{ 'command':\n }", "2:2: expected '{', '[', a string or a word, not }"),
        ("{ 'command': 'a'\n  'data': {} }", "2:3: expected ',' or '}' before 'data'"),
        ("{ 'command': 'a', 'command': 'b' }", "1:19: duplicate key 'command'"),
        ("{ true: 'a' }", "1:3: expected a string as key, not true"),
        ("{ 'enum': 'Ab', 'data': [ 'a' 'b' ] }", "1:31: expected ',' or ']' before 'b'"),
        (
            "{ 'enum': 'Ab', 'data': [ 'a', ] }",
            "1:32: expected '{', '[', a string or a word, not ]",
        ),
        ("[" * 33, "1:33: more than 32 objects and lists deep"),
        # Shapes
        (
            "{}",
            "1:1: a definition has one of the keys enum, struct, union, alternate, command, event",
        ),
        ("{ 'command': [] }", "1:14: 'command' takes a name"),
        ("{ 'command': 'a', 'colour': 'b' }", "1:19: command 'a' has no key 'colour'"),
        ("{ 'struct': 'Ab', 'enum': 'Cd', 'data': {} }", "1:3: enum 'Cd' has no key 'struct'"),
        ("{ 'struct': 'Ab' }", "1:1: struct 'Ab' lacks the key 'data'"),
        ("{ 'struct': 'Ab', 'data': [] }", "1:27: the data of struct 'Ab' is an object"),
        ("{ 'enum': 'Ab', 'data': {} }", "1:25: the data of enum 'Ab' is a list"),
        (
            "{ 'enum': 'Ab', 'data': [ true ] }",
            "1:27: an enum value that is no string is an object",
        ),
        ("{ 'enum': 'Ab', 'data': [ {} ] }", "1:27: an enum value lacks the key 'name'"),
        (
            "{ 'enum': 'Ab', 'data': [ { 'name': 'a', 'i': 'B' } ] }",
            "1:42: an enum value has no key 'i'",
        ),
        ("{ 'enum': 'Ab', 'prefix': true, 'data': [] }", "1:27: 'prefix' is a string"),
        ("{ 'command': 'a', 'gen': true }", "1:26: 'gen' can only be false"),
        ("{ 'command': 'a', 'allow-oob': false }", "1:32: 'allow-oob' can only be true"),
        (
            "{ 'command': 'a', 'success-response': 'no' }",
            "1:39: 'success-response' can only be false",
        ),
        (
            "{ 'command': 'a', 'allow-oob': true, 'coroutine': true }",
            "1:38: 'allow-oob' excludes 'coroutine'",
        ),
        ("{ 'command': 'a', 'boxed': true }", "1:19: 'boxed' needs 'data'"),
        (
            "{ 'command': 'a', 'boxed': true, 'data': {} }",
            "1:42: 'boxed' needs the name of a type as 'data'",
        ),
        ("{ 'command': 'a', 'data': true }", "1:27: a type's name is a string"),
        ("{ 'command': 'a', 'data': 'int' }", "1:27: arguments cannot be 'int'"),
        (
            "{ 'struct': 'Ab', 'data': { 'a': [] } }",
            "1:34: an array type is a list of one type name",
        ),
        (
            "{ 'struct': 'Ab', 'data': { 'a': [ 'int', 'int' ] } }",
            "1:34: an array type is a list of one type name",
        ),
        ("{ 'struct': 'Ab', 'data': { 'a': {} } }", "1:34: 'a' lacks the key 'type'"),
        (
            "{ 'struct': 'Ab', 'data': { 'a': { 'type': 'int', 'of': 'b' } } }",
            "1:51: 'a' has no key 'of'",
        ),
        ("{ 'command': 'a', 'if': true }", "1:25: a condition that is no string is an object"),
        ("{ 'command': 'a', 'if': {} }", "1:25: a condition is one of 'all', 'any', 'not'"),
        ("{ 'command': 'a', 'if': { 'all': 'B' } }", "1:34: the operand of 'all' is a list"),
        ("{ 'command': 'a', 'if': { 'any': [] } }", "1:34: 'any' has no operands"),
        (
            "{ 'command': 'a', 'if': { 'all': [ 'B' ], 'not': 'C' } }",
            "1:25: a condition is one of 'all', 'any', 'not'",
        ),
        ("{ 'command': 'a', 'if': [ 'B' ] }", "1:25: a list as condition is written 'all' today"),
        (
            "{ 'command': 'a', 'if': 'defined(B)' }",
            "1:25: 'defined(B)' is no proper condition name",
        ),
        ("{ 'command': 'a', 'features': 'b' }", "1:31: 'features' is a list"),
        (
            "{ 'command': 'a', 'features': [ true ] }",
            "1:33: a feature that is no string is an object",
        ),
        ("{ 'command': 'a', 'features': [ 'b', 'b' ] }", "1:38: duplicate feature 'b'"),
        ("{ 'command': 'a', 'features': [ 'B' ] }", "1:33: 'B' is no proper feature name"),
        ("{ 'include': [] }", "1:14: 'include' takes the name of a file"),
        ("{ 'include': 'a', 'pragma': {} }", "1:1: 'include' stands alone in its object"),
        ("{ 'pragma': [] }", "1:13: 'pragma' takes an object"),
        ("{ 'pragma': { 'doc-required': 'yes' } }", "1:31: 'doc-required' is true or false"),
        (
            "{ 'pragma': { 'member-name-exceptions': [ true ] } }",
            "1:41: 'member-name-exceptions' takes a list of strings",
        ),
        ("{ 'pragma': { 'fast': true } }", "1:15: unknown pragma 'fast'"),
        # Names
        ("{ 'command': 'a_b' }", "1:14: 'a_b' is no proper command name"),
        ("{ 'event': 'moved' }", "1:12: 'moved' is no proper event name"),
        ("{ 'struct': 'point', 'data': {} }", "1:13: 'point' is no proper type name"),
        (
            "{ 'struct': 'PointList', 'data': {} }",
            "1:13: type 'PointList' must not end with 'List'",
        ),
        ("{ 'struct': 'Ab', 'data': { 'C': 'int' } }", "1:29: 'C' is no proper member name"),
        ("{ 'struct': 'Ab', 'data': { 'a_b': 'int' } }", "1:29: 'a_b' is no proper member name"),
        ("{ 'struct': 'Ab', 'data': { 'u': 'int' } }", "1:29: member name 'u' is reserved"),
        ("{ 'struct': 'Ab', 'data': { 'has-a': 'int' } }", "1:29: member name 'has-a' is reserved"),
        ("{ 'enum': 'Ab', 'data': [ 'max' ] }", "1:27: enum value 'max' is reserved"),
        (
            "{ 'enum': 'Ab', 'data': [ { 'name': 'a b' } ] }",
            "1:27: 'a b' is no proper enum value name",
        ),
        (
            "{ 'command': 'a', 'features': [ { 'name': 'b', 'of': 'c' } ] }",
            "1:48: a feature has no key 'of'",
        ),
        ("{ 'command': 'a', 'features': [ {} ] }", "1:33: a feature lacks the key 'name'"),
        ("{ 'enum': 'Ab', 'data': [ 'a b' ] }", "1:27: 'a b' is no proper enum value name"),
        ("{ 'enum': 'Ab', 'data': [ 'a', 'a' ] }", "1:32: 'a' of enum 'Ab' collides with 'a'"),
        (
            "{ 'struct': 'Ab', 'data': { 'a': 'int', '*a': 'int' } }",
            "1:41: 'a' of 'Ab' collides with 'a'",
        ),
        ("{ 'alternate': 'Ab', 'data': { '*a': 'int' } }", "1:32: '*a' is no proper member name"),
        # Meaning
        ("{ 'command': 'a' }\n{ 'command': 'a' }", "2:14: 'a' is already defined at "),
        ("{ 'struct': 'QType', 'data': {} }", "1:13: 'QType' is a built-in type"),
        ("{ 'command': 'a', 'returns': 'Ab' }", "1:30: unknown type 'Ab'"),
        ("{ 'command': 'a', 'returns': 'int' }", "1:14: 'a' returns 'int', which is no object"),
        ("{ 'command': 'a', 'returns': [ 'str' ] }", "1:14: 'a' returns 'str', which is no object"),
        (
            ENUM + "{ 'struct': 'Ab', 'base': 'Color', 'data': {} }",
            "2:27: a struct's base must be a struct, 'Color' is none",
        ),
        ("{ 'struct': 'Ab', 'base': 'Ab', 'data': {} }", "1:13: 'Ab' is its own base"),
        (
            STRUCT + "{ 'struct': 'Ab', 'base': 'Point', 'data': { 'x': 'int' } }",
            "2:46: 'x' of 'Ab' and its bases collides with 'x'",
        ),
        ("{ 'alternate': 'Ab', 'data': {} }", "1:30: alternate 'Ab' has no branches"),
        (
            "{ 'alternate': 'Ab', 'data': { 'a': 'int', 'b': 'number' } }",
            "1:44: branch 'b' cannot be told from 'a'",
        ),
        (
            "{ 'alternate': 'Ab', 'data': { 'a': 'str', 'b': 'bool' } }",
            "1:44: branch 'b' cannot be told from 'a'",
        ),
        ("{ 'alternate': 'Ab', 'data': { 'a': 'any' } }", "1:32: branch 'a' cannot be 'any'"),
        (
            "{ 'enum': 'On', 'data': [ 'on' ] }\n"
            "{ 'alternate': 'Ab', 'data': { 'a': 'bool', 'b': 'On' } }",
            "2:45: branch 'b' cannot be told from 'a'",
        ),
        ("{ 'union': 'Ab', 'data': {} }", "1:1: union 'Ab' needs both 'base' and 'discriminator'"),
        (
            STRUCT + "{ 'union': 'Ab', 'base': 'Point', 'discriminator': 'x', 'data': {} }",
            "2:52: 'x' is no mandatory enum member of the base",
        ),
        (
            ENUM + "{ 'union': 'Ab', 'base': { 'c': 'Color' }, 'discriminator': 'd', 'data': {} }",
            "2:61: 'd' is no mandatory enum member of the base",
        ),
        (
            ENUM + "{ 'union': 'Ab', 'base': { '*c': 'Color' }, 'discriminator': 'c', 'data': {} }",
            "2:62: 'c' is no mandatory enum member of the base",
        ),
        (
            ENUM + STRUCT + "{ 'union': 'Ab', 'base': { 'c': 'Color' }, 'discriminator': 'c',"
            " 'data': { 'blue': 'Point' } }",
            "3:76: branch 'blue' is no value of 'Color'",
        ),
        (
            ENUM + "{ 'union': 'Ab', 'base': { 'c': 'Color' }, 'discriminator': 'c',"
            " 'data': { 'red': 'int' } }",
            "2:76: branch 'red' must be a struct",
        ),
        (
            "{ 'alternate': 'Ab', 'data': { 'a': 'int' } }\n{ 'command': 'c', 'data': 'Ab' }",
            "2:14: an alternate as arguments needs 'boxed': true",
        ),
    ],
)
def test_mistakes_are_located(schemas, text, message):
    complaint = schemas.error(text)
    assert complaint.startswith(message) if message.endswith("at ") else complaint == message


@pytest.mark.parametrize(
    "definition, message",
    [
        (
            "{ 'struct': 'Ab', 'base': 'Thing', 'data': {} }",
            "4:13: a base must be a struct, 'Thing' is a union",
        ),
        (
            "{ 'union': 'Ab', 'base': { 'd': 'None' }, 'discriminator': 'd', 'data': {} }",
            "4:12: union 'Ab' has nothing to choose from",
        ),
        (
            "{ 'union': 'Ab', 'base': { 'd': { 'type': 'Color', 'if': 'C' } },"
            " 'discriminator': 'd', 'data': {} }",
            "4:84: 'd' is no mandatory enum member of the base",
        ),
        (
            "{ 'union': 'Ab', 'base': { 'x': 'Color' }, 'discriminator': 'x',"
            " 'data': { 'red': 'Point' } }",
            "4:76: 'x' of branch 'red' collides with the base's",
        ),
        (
            "{ 'struct': 'Ab', 'data': {}, 'features': [ 'unstable' ] }",
            "4:13: type 'Ab' cannot have the feature 'unstable'",
        ),
        ("{ 'command': 'q-x' }", "4:14: 'q-x' is no proper command name"),
    ],
)
def test_rules_between_definitions(schemas, definition, message):
    thing = (
        "{ 'enum': 'None', 'data': [] } { 'union': 'Thing', 'base': { 'c': 'Color' },"
        " 'discriminator': 'c', 'data': {} }\n"
    )
    assert schemas.error(ENUM + STRUCT + thing + definition) == message


def test_exceptions_have_limits(schemas):
    exception = "{ 'pragma': { 'command-name-exceptions': [ 'a b' ] } }\n"
    assert (
        schemas.error(exception + "{ 'command': 'a b' }") == "2:14: 'a b' is no proper command name"
    )


def test_names_that_collide_in_c(schemas):
    exception = "{ 'pragma': { 'member-name-exceptions': [ 'Ab' ] } }\n"
    message = schemas.error(
        exception + "{ 'alternate': 'Ab', 'data': { 'a-b': 'int', 'a_b': 'str' } }"
    )
    assert message == "2:46: 'a_b' of alternate 'Ab' collides with 'a-b'"
    message = schemas.error(exception + "{ 'enum': 'Ab', 'data': [ 'a-b', 'a_b' ] }")
    assert message == "2:34: 'a_b' of enum 'Ab' collides with 'a-b'"


def test_names_of_a_downstream(schemas):
    schemas.read(
        "{ 'struct': '__org.example_x-Thing', 'data': { '__org.example_x-member': 'int' } }\n"
        "{ 'event': '__ORG.EXAMPLE_X-EVENT' }\n{ 'command': '__org.example_x-command' }"
    )


def test_a_union_as_arguments_is_boxed(schemas):
    text = ENUM + (
        "{ 'union': 'Ab', 'base': { 'c': 'Color' }, 'discriminator': 'c', 'data': {} }\n"
        "{ 'command': 'go', 'data': 'Ab' }"
    )
    assert schemas.error(text) == "3:14: a union as arguments needs 'boxed': true"


def test_missing_and_circular_includes(schemas):
    assert schemas.error("{ 'include': 'no.json' }").startswith("1:14: no file ")
    message = schemas.error("\n{ 'include': 'test.json' }")
    assert message.startswith("2:14: ") and message.endswith("test.json includes itself")


def test_a_mistake_in_an_included_file_is_located_there(schemas, tmp_path):
    schemas.write("\n\n{ 'command': 'A' }", "inner.json")
    path = schemas.write("{ 'include': 'inner.json' }")
    from qapi.build import load
    from qapi.source import Reader, SchemaError

    with pytest.raises(SchemaError) as caught:
        load(path, Reader())
    assert str(caught.value) == f"{tmp_path}/inner.json:3:14: error: 'A' is no proper command name"


# What a lenient reader forgives: schemas of other years

SCHEMA_OF_2011 = """\
# *-*- Mode: Python -*-*
#
##
# @guest-sync:
#
# Since: 0.15.0

{ 'command': 'guest-sync'
  'data':    { 'id': 'int' },
  'returns': 'int' }

{ 'type': 'GuestInfo', 'data': {'version': 'str'} }
{ 'command': 'guest-info',
  'returns': 'GuestInfo' }
"""


def test_the_schema_language_of_2011(schemas):
    schema = schemas.read(SCHEMA_OF_2011, lenient=True)
    assert list(schema.commands) == ["guest-sync", "guest-info"]
    assert names(schema.commands["guest-sync"].arguments.members) == ["id"]
    assert names(schema.commands["guest-info"].returns.members) == ["version"]
    assert schemas.warnings(SCHEMA_OF_2011) == [
        "7:1: doc comment without a closing '##'",
        "9:3: expected ',' or '}' before 'data'",
        "12:3: 'type' is called 'struct' today",
    ]
    assert schemas.error(SCHEMA_OF_2011) == "7:1: doc comment without a closing '##'"


def test_a_simple_union(schemas):
    text = STRUCT + "{ 'union': 'Ab', 'data': { 'point': 'Point', 'name': 'str' } }"
    union = schemas.read(text, lenient=True).types["Ab"]
    assert names(union.tag.type.values) == ["point", "name"]
    assert names(union.all_members()) == ["type"]
    assert union.branches[1].type.members[0].type.name == "str"
    message = "union 'Ab' needs both 'base' and 'discriminator'"
    assert schemas.warnings(text) == [f"2:1: {message}"]
    for half in ("'base': 'Point'", "'discriminator': 'type'"):
        text = STRUCT + f"{{ 'union': 'Ab', {half}, 'data': {{ 'point': 'Point' }} }}"
        assert schemas.error(text, lenient=True) == f"2:1: {message}"


def test_leniency_has_limits(schemas):
    assert schemas.error("{ 'command': 'a' true }", lenient=True).startswith("1:18: expected ','")
    assert (
        schemas.error("{ 'command': 'a', 'data': 'B' }", lenient=True) == "1:27: unknown type 'B'"
    )
