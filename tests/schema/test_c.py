# SPDX-License-Identifier: BSD-2-Clause
"""The C code compiles, describes its structs truly, and refuses what it cannot have."""

import re
import subprocess

import pytest
from conftest import ROOT
from everything import EVERYTHING
from qapi.build import load
from qapi.c_names import identifier, type_name
from qapi.emit_c import CBackend
from qapi.source import Reader, SchemaError

WARNINGS = "-std=c11 -ffreestanding -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror".split()

# Prints what the descriptors say, and runs a command.
PROGRAM = r"""
#include <stdio.h>
#include "qga_commands.h"

static void show(const struct args_type *type, int depth)
{
    printf("%*s%d %s %u %u", depth, "", type->kind, type->name, type->bits, type->size);
    for (const char *const *value = type->values; type->kind == ARGS_ENUM && *value; value++)
        printf(" %s", *value);
    printf("\n");
    if (depth > 8)
        return;
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct args_member *member = &type->members[i];
        printf("%*s.%s %u %u %d\n", depth, "", member->name, member->offset, member->has_offset,
               member->optional);
        show(member->type, depth + 2);
    }
    if (type->kind == ARGS_ARRAY)
        show(type->element, depth + 2);
}

int main(void)
{
    for (size_t i = 0; i < qga_command_count; i++) {
        const struct command *command = &qga_commands[i];
        printf("%s %d %d %s\n", command->name, command->success_response,
               command->allowed_while_frozen, qga_commands[qga_commands_by_name[i]].name);
        if (command->arguments)
            show(command->arguments, 1);
    }
    return 0;
}
"""


def emit(schemas, text, folder, symbols=()):
    backend = CBackend(schemas.read(text), "test.json", frozenset(symbols))
    (folder / "qga_commands.h").write_text(backend.header(), encoding="ascii")
    (folder / "qga_commands.c").write_text(backend.source(), encoding="ascii")


def compiles(compiler, folder):
    """Compiles the generated source against the agent's own args.h."""
    finished = subprocess.run(
        [compiler, *WARNINGS, "-fsyntax-only", f"-I{ROOT}/agent", folder / "qga_commands.c"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def run_program(folder):
    """Links the table with handlers that do nothing, and returns what PROGRAM prints."""
    header = (folder / "qga_commands.h").read_text(encoding="ascii")
    prototypes = re.findall(r"^int qmp_\w+\([^;]*\)(?=;)", header, re.M)
    bodies = [f"{prototype}\n{{\n    (void)agent;\n    return 0;\n}}\n" for prototype in prototypes]
    (folder / "main.c").write_text(PROGRAM + "".join(bodies), encoding="ascii")
    sources = [folder / "main.c", folder / "qga_commands.c"]
    subprocess.run(
        ["gcc", "-std=c11", f"-I{ROOT}/agent", f"-I{folder}", *sources, "-o", folder / "main"],
        check=True,
    )
    return subprocess.run([folder / "main"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_our_schema_compiles(generate, tmp_path, compiler):
    assert generate("build", "--out", tmp_path).returncode == 0
    compiles(compiler, tmp_path)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_every_kind_of_argument_compiles(schemas, tmp_path, compiler):
    emit(schemas, EVERYTHING, tmp_path)
    compiles(compiler, tmp_path)


def test_the_generated_code_keeps_the_house_style(schemas, tmp_path):
    emit(schemas, EVERYTHING, tmp_path)
    finished = subprocess.run(
        ["clang-format", f"--style=file:{ROOT}/.clang-format", "-n", "--Werror"]
        + [tmp_path / "qga_commands.h", tmp_path / "qga_commands.c"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def test_the_descriptors_describe_the_structs(schemas, tmp_path):
    emit(schemas, EVERYTHING, tmp_path)
    lines = run_program(tmp_path).splitlines()
    top = [line.split() for line in lines if not line.startswith(" ")]
    assert top == [
        ["z-last", "1", "0", "a-first"],
        ["a-first", "0", "1", "half"],
        ["middle", "1", "0", "middle"],
        ["half", "1", "0", "z-last"],
    ]
    # struct base { int64_t id; }; inner { int8_t x; empty; bool has_more; array more; };
    start = lines.index("middle 1 0 middle")
    assert lines[start + 1 : start + 6] == [
        " 6 Outer 0 48",
        " .id 0 0 0",
        "   0 int 64 8",
        " .inner 8 0 0",
        "   6 Inner 0 32",
    ]
    assert " .default 41 40 1" in lines
    assert "   5 Color 0 4 red 3d dark-red" in lines
    # The array in Inner leads back to Outer.
    assert lines[start + 1 :].count("       6 Outer 0 48") == 1


def test_the_names_in_the_header(schemas, tmp_path):
    emit(schemas, EVERYTHING, tmp_path)
    header = (tmp_path / "qga_commands.h").read_text(encoding="ascii")
    for text in (
        "struct args_z_last {",
        "struct outer {\n    int64_t id;\n    struct inner inner;\n    bool has_default;\n",
        "    bool default_;\n",
        "enum nv_me_kind {\n    NK_PLAIN,\n};",
        "    EITHER_INT,\n",
        "        uint16_t int_;\n",
        "int qmp_a_first(struct agent *agent, struct reply *reply);",
        "int qmp_middle(struct agent *agent, const struct outer *arguments, struct reply *reply);",
    ):
        assert text in header, text


def test_conditions_choose_what_is_compiled(schemas, tmp_path):
    text = EVERYTHING.replace("'n': 'null'", "'n': 'int'")
    emit(schemas, text, tmp_path, ["HIDDEN", "NO"])
    compiles("gcc", tmp_path)
    header = (tmp_path / "qga_commands.h").read_text(encoding="ascii")
    assert "qmp_hidden" in header and "bool has_b;" in header and "COLOR_NO," in header
    emit(schemas, text, tmp_path)
    header = (tmp_path / "qga_commands.h").read_text(encoding="ascii")
    assert "qmp_hidden" not in header and "has_b" not in header and "COLOR_NO," not in header


@pytest.mark.parametrize(
    "data, message",
    [
        ("{ 'a': 'null' }", "arguments in C cannot have the type 'null'"),
        ("{ 'a': [ 'QType' ] }", "arguments in C cannot have the type 'QType'"),
        ("{ 'a': 'None' }", "arguments in C cannot have enums without values, such as 'None'"),
        ("{ 'a': 'Shape' }", "arguments in C cannot have unions, such as 'Shape'"),
        ("{ 'a': 'Self' }", "a struct in C cannot contain itself: 'Self'"),
    ],
)
def test_what_c_cannot_have(schemas, tmp_path, data, message):
    path = schemas.write(
        "{ 'enum': 'None', 'data': [] }\n{ 'enum': 'Kind', 'data': [ 'a' ] }\n"
        "{ 'struct': 'Self', 'data': { '*self': 'Self' } }\n"
        "{ 'union': 'Shape', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind',"
        " 'data': { 'a': 'Self' } }\n"
        f"{{ 'command': 'go', 'data': {data} }}"
    )
    with pytest.raises(SchemaError, match=re.escape(message)) as caught:
        CBackend(load(path, Reader()), "test.json", frozenset())
    assert caught.value.position.line == (3 if "Self" in message else 5)


def test_a_command_is_dangerous_unless_it_says_what_it_does(schemas, tmp_path):
    emit(
        schemas,
        "{ 'command': 'new', 'features': [ 'allowed-while-frozen' ] }\n"
        "{ 'command': 'look', 'features': [ 'read-only' ] }\n"
        "{ 'command': 'put', 'features': [ 'file-access' ] }",
        tmp_path,
    )
    source = (tmp_path / "qga_commands.c").read_text(encoding="ascii")
    entries = re.findall(r'\.name = "(\w+)",(.*?)\n    \}', source, re.S)
    access = {name: re.findall(r"\.access = (\w+)", rest) for name, rest in entries}
    assert access == {"new": [], "look": ["COMMAND_READS"], "put": ["COMMAND_FILES"]}
    args = (ROOT / "agent" / "args.h").read_text(encoding="utf-8")
    assert "enum command_access { COMMAND_DANGEROUS," in args  # what is not there is 0
    with pytest.raises(SchemaError, match="exclude each other"):
        emit(
            schemas,
            "{ 'command': 'both', 'features': [ 'read-only', 'file-access' ] }",
            tmp_path,
        )


def test_gen_false_is_refused(schemas, tmp_path):
    with pytest.raises(SchemaError, match="no way to 'gen': false"):
        emit(schemas, "{ 'command': 'go', 'gen': false }", tmp_path)


def test_names_in_c():
    assert type_name("GuestFileWhence") == "guest_file_whence"
    assert type_name("QGASeek") == "qga_seek"
    assert type_name("GuestDeviceIdPCI") == "guest_device_id_pci"
    assert identifier("buf-b64") == "buf_b64"
    assert identifier("register") == "register_"
