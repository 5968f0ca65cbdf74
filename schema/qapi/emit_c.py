# SPDX-License-Identifier: BSD-2-Clause
"""The C backend: qga_commands.h and qga_commands.c, data for the interpreter in agent/args.c.

The header holds a struct for the arguments of each command and the types they are made of, the
strings of all enums, and the prototypes of the handlers.  The source holds the descriptors after
which args.c fills these structs, the command table, and its index by name.
"""

from __future__ import annotations

from .c_names import constant, identifier, string_literal, type_name
from .c_types import Selection, alternate_struct, branch_constants, c_type, struct_tag
from .model import (
    FILE_ACCESS,
    READ_ONLY,
    VENDOR,
    WHILE_FROZEN,
    Alternate,
    Array,
    Builtin,
    Command,
    Enum,
    Member,
    Object,
    Schema,
    Type,
)
from .source import SchemaError

_NOTICE = """\
/* SPDX-License-Identifier: BSD-2-Clause */
/* Made by schema/generate.py from {source}.  Change the schema, not this file. */
"""

# Built-in types that arguments can have: name -> (kind, bits).
_KINDS: dict[str, tuple[str, int]] = {
    "str": ("ARGS_STR", 0),
    "number": ("ARGS_NUMBER", 0),
    "bool": ("ARGS_BOOL", 0),
    "any": ("ARGS_ANY", 0),
    "int": ("ARGS_INT", 64),
    "size": ("ARGS_UINT", 64),
    **{f"int{bits}": ("ARGS_INT", bits) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": ("ARGS_UINT", bits) for bits in (8, 16, 32, 64)},
}


class CBackend:
    """Writes both files for one schema under one set of configuration symbols."""

    def __init__(self, schema: Schema, source: str, symbols: frozenset[str]) -> None:
        self.selection = Selection(schema, symbols)
        self.notice = _NOTICE.format(source=source)

    # The header

    def header(self) -> str:
        """The text of qga_commands.h."""
        parts = [
            self.notice
            + "#ifndef QGA_COMMANDS_H\n#define QGA_COMMANDS_H\n\n"
            + "#include <stdbool.h>\n#include <stdint.h>\n\n"
            + '#include "args.h"\n\nstruct agent;\nstruct reply;\n'
        ]
        parts += [self._enum(enum) for enum in self.selection.enums]
        parts += [self._definition(kind) for kind in self.selection.structs]
        parts.append(
            "/* The handlers: 0, or a negative errno value once the reply holds the error. */\n"
            + "".join(f"{self._prototype(c)}\n" for c in self.selection.commands)
        )
        if self.selection.documents:
            parts.append(
                "/* What args_parse() checks files against. */\n"
                + "".join(
                    f"extern const struct args_type {_symbol(kind)};\n"
                    for kind in self.selection.documents
                )
            )
        parts.append(
            "/* Indices into qga_commands in the order of strcmp() on the names. */\n"
            "extern const uint16_t qga_commands_by_name[];\n"
        )
        return "\n".join(parts) + "\n#endif\n"

    def _enum(self, enum: Enum) -> str:
        tag = type_name(enum.name)
        lines = [f"enum {tag} {{"]
        lines += [f"    {constant(enum, value)}," for value in self.selection.values(enum)]
        lines += ["};", "/* What the values are called on the wire; ends with NULL. */"]
        lines += [f"extern const char *const {tag}_values[];", ""]
        return "\n".join(lines)

    def _definition(self, kind: Type) -> str:
        if isinstance(kind, Alternate):
            return self._alternate(kind)
        assert isinstance(kind, Object)
        lines = [f"{struct_tag(kind)} {{"]
        for member in self.selection.parts(kind):
            if member.optional:
                lines.append(f"    bool has_{identifier(member.name, False)};")
            lines.append(f"    {c_type(member.type)} {identifier(member.name)};")
        if len(lines) == 1:
            lines.append("    bool empty; /* C has no struct without members */")
        return "\n".join([*lines, "};", ""])

    def _alternate(self, kind: Alternate) -> str:
        branches = self.selection.parts(kind)
        lines = [f"/* The branches of {alternate_struct(kind)}. */"]
        lines.append("enum {")
        lines += [f"    {name}," for name in branch_constants(kind, branches)]
        lines += ["};", "", f"{alternate_struct(kind)} {{", "    int branch;", "    union {"]
        lines += [f"        {c_type(b.type)} {identifier(b.name)};" for b in branches]
        return "\n".join([*lines, "    } u;", "};", ""])

    def _prototype(self, command: Command) -> str:
        parameters = ["struct agent *agent", "struct reply *reply"]
        if command.arguments is not None:
            parameters.insert(1, f"const {c_type(command.arguments)} *arguments")
        return function_head(f"int qmp_{identifier(command.name)}(", parameters, ");")

    # The source

    def source(self) -> str:
        """The text of qga_commands.c."""
        parts = [self.notice + '#include "qga_commands.h"\n\n#include <stddef.h>\n']
        parts += [self._values(enum) for enum in self.selection.enums]
        parts += self._descriptors()
        parts += self._sizes()
        parts += [self._wrapper(command) for command in self.selection.commands]
        parts.append(self._table())
        parts.append(self._index())
        return "\n".join(parts)

    def _values(self, enum: Enum) -> str:
        lines = [f"const char *const {type_name(enum.name)}_values[] = {{"]
        lines += [f"    {string_literal(v.name)}," for v in self.selection.values(enum)]
        return "\n".join([*lines, "    NULL,", "};", ""])

    def _descriptors(self) -> list[str]:
        ahead = [f"static const struct args_type {_symbol(k)};\n" for k in self.selection.ahead]
        descriptors = [self._descriptor(kind) for kind in self.selection.types]
        return ["".join(ahead), *descriptors] if ahead else descriptors

    def _descriptor(self, kind: Type) -> str:
        fields: list[str]
        before = ""
        if isinstance(kind, Builtin):
            name, bits = _KINDS[kind.name]
            fields = [f".kind = {name}"] + ([f".bits = {bits}"] if bits else [])
        elif isinstance(kind, Enum):
            fields = [".kind = ARGS_ENUM", f".values = {type_name(kind.name)}_values"]
        elif isinstance(kind, Array):
            fields = [".kind = ARGS_ARRAY", f".element = &{_symbol(kind.element)}"]
        else:
            before, fields = self._compound(kind)
        fields += [f".name = {string_literal(kind.name)}", f".size = sizeof({c_type(kind)})"]
        body = "".join(f"    {field},\n" for field in fields)
        scope = "" if kind in self.selection.documents else "static "
        return f"{before}{scope}const struct args_type {_symbol(kind)} = {{\n{body}}};\n"

    def _sizes(self) -> list[str]:
        """Asserts that what args.c parses to its own memory has room there."""
        kinds = [c.arguments for c in self.selection.commands if c.arguments is not None]
        kinds += [kind.element for kind in self.selection.types if isinstance(kind, Array)]
        names = dict.fromkeys(c_type(kind) for kind in kinds if isinstance(kind, Object))
        text = "".join(
            f'_Static_assert(sizeof({name}) <= ARGS_SIZE_MAX, "args.h");\n' for name in names
        )
        return [text] if text else []

    def _compound(self, kind: Object | Alternate) -> tuple[str, list[str]]:
        alternate = isinstance(kind, Alternate)
        fields = [".kind = " + ("ARGS_ALTERNATE" if alternate else "ARGS_STRUCT")]
        members = self.selection.parts(kind)
        if not members:
            return "", fields
        array = f"{_symbol(kind)}_members"
        lines = [f"static const struct args_member {array}[] = {{"]
        for member in members:
            lines += self._member(c_type(kind), member, "u." if alternate else "")
        fields += [f".members = {array}", f".member_count = {len(members)}"]
        return "\n".join([*lines, "};", "", ""]), fields

    def _member(self, owner: str, member: Member, inside: str) -> list[str]:
        field = inside + identifier(member.name)
        lines = [
            f"        .name = {string_literal(member.name)},",
            f"        .type = &{_symbol(member.type)},",
            f"        .offset = offsetof({owner}, {field}),",
        ]
        if member.optional:
            has = f"has_{identifier(member.name, False)}"
            lines.append(f"        .has_offset = offsetof({owner}, {has}),")
            lines.append("        .optional = true,")
        return ["    {", *lines, "    },"]

    def _wrapper(self, command: Command) -> str:
        name = identifier(command.name)
        parameters = ["struct agent *agent", "const void *arguments", "struct reply *reply"]
        head = function_head(f"static int run_{name}(", parameters, ")")
        if command.arguments is None:
            body = f"    (void)arguments;\n    return qmp_{name}(agent, reply);\n"
        else:
            body = f"    return qmp_{name}(agent, arguments, reply);\n"
        return f"{head}\n{{\n{body}}}\n"

    def _table(self) -> str:
        lines = ["const struct command qga_commands[] = {"]
        for command in self.selection.commands:
            lines.append("    {")
            lines.append(f"        .name = {string_literal(command.name)},")
            if command.arguments is not None:
                lines.append(f"        .arguments = &{_symbol(command.arguments)},")
            lines.append(f"        .run = run_{identifier(command.name)},")
            if command.success_response:
                lines.append("        .success_response = true,")
            if command.has_feature(WHILE_FROZEN):
                lines.append("        .allowed_while_frozen = true,")
            lines += _access(command)
            if command.has_feature(VENDOR):
                lines.append("        .vendor = true,")
            lines.append("    },")
        count = "const size_t qga_command_count = sizeof(qga_commands) / sizeof(qga_commands[0]);"
        return "\n".join([*lines, "};", count, ""])

    def _index(self) -> str:
        names = [command.name for command in self.selection.commands]
        lines = ["const uint16_t qga_commands_by_name[] = {"]
        width = len(f"{len(names)},")
        for index in sorted(range(len(names)), key=lambda i: names[i].encode()):
            lines.append(f"    {f'{index},':{width}} /* {names[index]} */")
        return "\n".join([*lines, "};", ""])


def _access(command: Command) -> list[str]:
    """What a command can do to the guest; the worst, which is 0 in C, unless the schema says."""
    if command.has_feature(READ_ONLY) and command.has_feature(FILE_ACCESS):
        raise SchemaError(command.position, f"'{READ_ONLY}' and '{FILE_ACCESS}' exclude each other")
    if command.has_feature(READ_ONLY):
        return ["        .access = COMMAND_READS,"]
    if command.has_feature(FILE_ACCESS):
        return ["        .access = COMMAND_FILES,"]
    return []


def function_head(start: str, parameters: list[str], end: str) -> str:
    """Breaks a parameter list at a hundred columns, each further line under the first one."""
    text = ""
    line = start
    for index, parameter in enumerate(parameters):
        piece = parameter + (end if index == len(parameters) - 1 else ",")
        if index and len(f"{line} {piece}") > 100:
            text += line + "\n"
            line = " " * len(start) + piece
        else:
            line += (" " if index else "") + piece
    return text + line


def _symbol(kind: Type) -> str:
    """The C name of a type's descriptor."""
    if isinstance(kind, Array):
        return f"array_of_{_symbol(kind.element)}"
    return f"type_{type_name(kind.name)}"
