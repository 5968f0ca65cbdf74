/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arguments of a command as data: the generator turns schema/ into these descriptions, and
 * args_parse() walks them, so that a command only ever sees members that are present, of the
 * right type and in range.  The messages are those of QEMU's qobject-input-visitor, in schema
 * order: the first missing or ill-typed member is named, unknown members come last.
 */
#ifndef AGENT_ARGS_H
#define AGENT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent;
struct json;
struct reply;

enum args_kind {
    ARGS_INT,
    ARGS_UINT,
    ARGS_NUMBER,
    ARGS_BOOL,
    ARGS_STR,
    ARGS_ENUM,
    ARGS_STRUCT,
    ARGS_ARRAY,
    ARGS_ALTERNATE,
    ARGS_ANY,
};

/* A string argument: decoded UTF-8 (U+0000 as C0 80), NUL-terminated; valid during the command. */
struct args_string {
    const char *bytes;
    size_t length;
};

/* An array argument whose elements args_parse() has checked; read them with args_array_item(). */
struct args_array {
    const struct json *json;
    const struct args_type *element;
    uint32_t token;
    uint32_t count;
};

struct args_member;

/* A QAPI type and the C value that stands for it. */
struct args_type {
    enum args_kind kind : 8;
    uint8_t bits;          /* ARGS_INT, ARGS_UINT: 8, 16, 32 or 64 */
    uint16_t member_count; /* ARGS_STRUCT, ARGS_ALTERNATE */
    uint32_t size;         /* bytes of the C value */
    const char *name;      /* the QAPI name, as messages give it */
    union {
        const char *const *values;         /* ARGS_ENUM: ends with NULL; the C value is an index */
        const struct args_member *members; /* ARGS_STRUCT: members; ARGS_ALTERNATE: branches */
        const struct args_type *element;   /* ARGS_ARRAY */
    };
};

/* A member of a structure; of an alternate's branch, `offset` is the branch's place. */
struct args_member {
    const char *name;
    const struct args_type *type;
    uint16_t offset;
    uint16_t has_offset; /* of the bool that says whether an optional member is there */
    bool optional;
};

/* The largest structure that arguments, or elements of their arrays, may have; the generated code
 * asserts it. */
#define ARGS_SIZE_MAX 704u

/*
 * What a command can do to the guest (the features read-only and file-access of the schema), for
 * channels that not everybody may use to the full.  A command of which the schema says neither is
 * dangerous, so that a new one is nothing for strangers until somebody has thought about it.
 */
enum command_access { COMMAND_DANGEROUS, COMMAND_FILES, COMMAND_READS };

/* One command of the schema. */
struct command {
    const char *name;
    const struct args_type *arguments; /* NULL: it takes none */
    int (*run)(struct agent *agent, const void *arguments, struct reply *reply);
    bool success_response; /* false: nothing is sent when it succeeds */
    bool allowed_while_frozen;
    enum command_access access : 8;
    bool vendor; /* exists only with a personality, and is not listed */
};

extern const struct command qga_commands[];
extern const size_t qga_command_count;

/*
 * Checks the object at `token` (or no object at all, if `token` is JSON_NONE) against `type` and
 * fills `value`, type->size bytes that the caller has zeroed.  Returns 0, or -EINVAL with the
 * error set in `reply`.
 */
int args_parse(const struct json *json, uint32_t token, const struct args_type *type, void *value,
               struct reply *reply);

/*
 * Element `index` of a checked array into `value`, element->size zeroed bytes.  Elements are
 * found by walking, so take them in order with *cursor, which starts at 0.
 */
void args_array_item(const struct args_array *array, const struct args_type *element,
                     uint32_t *cursor, void *value);
/* The same of the element type that the schema says, which `value` must fit. */
void args_array_next(const struct args_array *array, uint32_t *cursor, void *value);

#endif
