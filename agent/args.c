/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "reply.h"

/* Long enough for the deepest name of the schema; a longer one is cut in the message. */
#define ARGS_PATH_MAX 128

/* A value being checked, and what the message calls it: "vcpus[0].online". */
struct args_place {
    const struct json *json;
    struct reply *reply;
    char path[ARGS_PATH_MAX];
    size_t path_length;
};

static int args_value(struct args_place *place, uint32_t token, const struct args_type *type,
                      void *value);

static size_t path_append(struct args_place *place, const char *format, const char *name,
                          uint32_t index)
{
    size_t before = place->path_length;
    size_t room = sizeof(place->path) - before;
    int length = name != NULL ? snprintf(place->path + before, room, format, name)
                              : snprintf(place->path + before, room, "[%u]", (unsigned)index);

    if (length > 0) {
        place->path_length += (size_t)length < room ? (size_t)length : room - 1;
    }
    return before;
}

static size_t path_enter_member(struct args_place *place, const char *name)
{
    return path_append(place, place->path_length == 0 ? "%s" : ".%s", name, 0);
}

static void path_leave(struct args_place *place, size_t before)
{
    place->path_length = before;
    place->path[before] = '\0';
}

static int args_wrong_type(struct args_place *place, const char *expected)
{
    return reply_error(place->reply, "Invalid parameter type for '%s', expected: %s", place->path,
                       expected);
}

static int args_wrong_value(struct args_place *place, const char *expected)
{
    return reply_error(place->reply, "Parameter '%s' expects %s", place->path, expected);
}

static void store_integer(void *value, uint8_t bits, uint64_t number)
{
    switch (bits) {
    case 8:
        *(uint8_t *)value = (uint8_t)number;
        break;
    case 16:
        *(uint16_t *)value = (uint16_t)number;
        break;
    case 32:
        *(uint32_t *)value = (uint32_t)number;
        break;
    default:
        *(uint64_t *)value = number;
        break;
    }
}

static int args_int(struct args_place *place, uint32_t token, const struct args_type *type,
                    void *value)
{
    struct json_number number;
    int64_t limit = type->bits < 64 ? (INT64_C(1) << (type->bits - 1)) - 1 : INT64_MAX;

    if (json_type(place->json, token) != JSON_NUMBER) {
        return args_wrong_type(place, "integer");
    }
    number = json_number(place->json, token);
    if (number.kind != JSON_I64) {
        return args_wrong_type(place, "integer");
    }
    if (number.value.i64 > limit || number.value.i64 < -limit - 1) {
        return args_wrong_value(place, type->name);
    }
    store_integer(value, type->bits, (uint64_t)number.value.i64);
    return 0;
}

static int args_uint(struct args_place *place, uint32_t token, const struct args_type *type,
                     void *value)
{
    struct json_number number = {.kind = JSON_DOUBLE};
    uint64_t limit = type->bits < 64 ? (UINT64_C(1) << type->bits) - 1 : UINT64_MAX;
    uint64_t magnitude;

    if (json_type(place->json, token) == JSON_NUMBER) {
        number = json_number(place->json, token);
    }
    if (number.kind == JSON_DOUBLE) {
        return args_wrong_value(place, "uint64"); /* also for what is no number at all */
    }
    /* A negative number is taken as its two's complement: qobject-input-visitor.c allows it. */
    magnitude = number.kind == JSON_U64 ? number.value.u64 : (uint64_t)number.value.i64;
    if (magnitude > limit) {
        return args_wrong_value(place, type->name);
    }
    store_integer(value, type->bits, magnitude);
    return 0;
}

static int args_number(struct args_place *place, uint32_t token, double *value)
{
    struct json_number number;

    if (json_type(place->json, token) != JSON_NUMBER) {
        return args_wrong_type(place, "number");
    }
    number = json_number(place->json, token);
    *value = number.kind == JSON_I64   ? (double)number.value.i64
             : number.kind == JSON_U64 ? (double)number.value.u64
                                       : number.value.number;
    return 0;
}

static int args_enum(struct args_place *place, uint32_t token, const struct args_type *type,
                     int *value)
{
    if (json_type(place->json, token) != JSON_STRING) {
        return args_wrong_type(place, "string");
    }
    for (int i = 0; type->values[i] != NULL; i++) {
        if (json_string_is(place->json, token, type->values[i])) {
            *value = i;
            return 0;
        }
    }
    return reply_error(place->reply, "Parameter '%s' does not accept value '%s'", place->path,
                       json_string(place->json, token).bytes);
}

static int args_array(struct args_place *place, uint32_t token, const struct args_type *type,
                      struct args_array *value)
{
    /* Elements are only checked here; this is where each is parsed to, one after the other. */
    _Alignas(max_align_t) unsigned char scratch[ARGS_SIZE_MAX];
    uint32_t element = token + 1;

    if (json_type(place->json, token) != JSON_ARRAY) {
        return args_wrong_type(place, "array");
    }
    value->json = place->json;
    value->element = type->element;
    value->token = token;
    value->count = json_children(place->json, token);
    for (uint32_t i = 0; i < value->count; i++) {
        size_t before = path_append(place, NULL, NULL, i);
        int result;

        memset(scratch, 0, sizeof(scratch));
        result = args_value(place, element, type->element, scratch);
        if (result < 0) {
            return result;
        }
        path_leave(place, before);
        element = json_skip(place->json, element);
    }
    return 0;
}

/* Whether a value of JSON type `json` selects a branch of kind `kind` (QAPI, "alternates"). */
static bool branch_takes(enum args_kind kind, enum json_type json)
{
    switch (json) {
    case JSON_OBJECT:
        return kind == ARGS_STRUCT;
    case JSON_ARRAY:
        return kind == ARGS_ARRAY;
    case JSON_STRING:
        return kind == ARGS_STR || kind == ARGS_ENUM;
    case JSON_NUMBER:
        return kind == ARGS_INT || kind == ARGS_UINT || kind == ARGS_NUMBER;
    case JSON_BOOL:
        return kind == ARGS_BOOL;
    default:
        return false;
    }
}

/* The C value starts with an int, the index of the branch. */
static int args_alternate(struct args_place *place, uint32_t token, const struct args_type *type,
                          void *value)
{
    enum json_type json = json_type(place->json, token);

    for (uint32_t i = 0; i < type->member_count; i++) {
        if (branch_takes(type->members[i].type->kind, json)) {
            *(int *)value = (int)i;
            return args_value(place, token, type->members[i].type,
                              (unsigned char *)value + type->members[i].offset);
        }
    }
    return args_wrong_type(place, type->name);
}

/* The value of the member `name` of the object at `token`, JSON_NONE if it has none. */
static uint32_t find_member(const struct json *json, uint32_t token, const char *name)
{
    uint32_t key = token + 1;

    if (token == JSON_NONE) {
        return JSON_NONE;
    }
    for (uint32_t i = 0; i < json_children(json, token); i++) {
        if (json_string_is(json, key, name)) {
            return key + 1;
        }
        key = json_skip(json, key + 1);
    }
    return JSON_NONE;
}

/* Members that the schema does not know; reported only when all that it knows are fine. */
static int args_unexpected(struct args_place *place, uint32_t token, const struct args_type *type)
{
    uint32_t key = token + 1;

    if (token == JSON_NONE) {
        return 0;
    }
    for (uint32_t i = 0; i < json_children(place->json, token); i++) {
        uint32_t known = 0;

        while (known < type->member_count &&
               !json_string_is(place->json, key, type->members[known].name)) {
            known++;
        }
        if (known == type->member_count) {
            return reply_error(place->reply, "Parameter '%s%s%s' is unexpected", place->path,
                               place->path_length == 0 ? "" : ".",
                               json_string(place->json, key).bytes);
        }
        key = json_skip(place->json, key + 1);
    }
    return 0;
}

static int args_struct(struct args_place *place, uint32_t token, const struct args_type *type,
                       void *value)
{
    if (token != JSON_NONE && json_type(place->json, token) != JSON_OBJECT) {
        return args_wrong_type(place, "object");
    }
    for (uint32_t i = 0; i < type->member_count; i++) {
        const struct args_member *member = &type->members[i];
        uint32_t found = find_member(place->json, token, member->name);
        size_t before = path_enter_member(place, member->name);
        int result;

        if (found == JSON_NONE) {
            if (!member->optional) {
                return reply_error(place->reply, "Parameter '%s' is missing", place->path);
            }
        } else {
            if (member->optional) {
                *((bool *)value + member->has_offset) = true;
            }
            result =
                args_value(place, found, member->type, (unsigned char *)value + member->offset);
            if (result < 0) {
                return result;
            }
        }
        path_leave(place, before);
    }
    return args_unexpected(place, token, type);
}

static int args_value(struct args_place *place, uint32_t token, const struct args_type *type,
                      void *value)
{
    switch (type->kind) {
    case ARGS_INT:
        return args_int(place, token, type, value);
    case ARGS_UINT:
        return args_uint(place, token, type, value);
    case ARGS_NUMBER:
        return args_number(place, token, value);
    case ARGS_BOOL:
        if (json_type(place->json, token) != JSON_BOOL) {
            return args_wrong_type(place, "boolean");
        }
        *(bool *)value = json_bool(place->json, token);
        return 0;
    case ARGS_STR:
        if (json_type(place->json, token) != JSON_STRING) {
            return args_wrong_type(place, "string");
        }
        *(struct args_string *)value = json_string(place->json, token);
        return 0;
    case ARGS_ENUM:
        return args_enum(place, token, type, value);
    case ARGS_STRUCT:
        return args_struct(place, token, type, value);
    case ARGS_ARRAY:
        return args_array(place, token, type, value);
    case ARGS_ALTERNATE:
        return args_alternate(place, token, type, value);
    default: /* ARGS_ANY */
        *(uint32_t *)value = token;
        return 0;
    }
}

int args_parse(const struct json *json, uint32_t token, const struct args_type *type, void *value,
               struct reply *reply)
{
    struct args_place place = {.json = json, .reply = reply};

    return args_struct(&place, token, type, value);
}

void args_array_item(const struct args_array *array, const struct args_type *element,
                     uint32_t *cursor, void *value)
{
    struct args_place place = {.json = array->json};
    uint32_t token = *cursor == 0 ? array->token + 1 : *cursor;

    /* It was checked before, so nothing can be wrong and no reply is needed for an error. */
    (void)args_value(&place, token, element, value);
    *cursor = json_skip(array->json, token);
}

void args_array_next(const struct args_array *array, uint32_t *cursor, void *value)
{
    args_array_item(array, array->element, cursor, value);
}
