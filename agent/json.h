/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checked access to one document that the framer has found well-formed, over jsmn's tokens.
 * Tokens are named by their index; JSON_NONE is none.
 */
#ifndef AGENT_JSON_H
#define AGENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "args.h"
#include "buffer.h"

struct framer;

#define JSON_NONE UINT32_MAX

enum json_type { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };

struct json {
    const char *text;       /* the framer's */
    const uint8_t *strings; /* the framer's */
    size_t text_length;
    size_t strings_length;
    struct buffer tokens; /* of jsmntok_t */
    uint32_t count;
};

/* A number as QEMU's QNum holds it: the narrowest of the three that fits. */
struct json_number {
    enum { JSON_I64, JSON_U64, JSON_DOUBLE } kind;
    union {
        int64_t i64;
        uint64_t u64;
        double number;
    } value;
};

/* Without tokens; json_free() is due at the end whatever comes. */
void json_init(struct json *json, const struct platform *platform);
void json_free(struct json *json);
/*
 * Tokenizes the framer's document; the root object is token 0.  The result points into the
 * framer and is good until framer_next().  Returns 0, -ENOMEM, or -EPROTO if jsmn should see
 * another number of tokens than the framer counted.
 */
int json_tokenize(struct json *json, const struct framer *framer);
/* Gives `json` the tokens of `from`, for a copy of the same text and strings.  0 or -ENOMEM. */
int json_copy_tokens(struct json *json, const struct json *from);
/* Forgets the tokens and keeps at most `keep` bytes of room for them. */
void json_reset(struct json *json, size_t keep);

enum json_type json_type(const struct json *json, uint32_t token);
/* Members of an object or elements of an array. */
uint32_t json_children(const struct json *json, uint32_t token);
/* The token behind `token` and everything in it: its next sibling, if it has one. */
uint32_t json_skip(const struct json *json, uint32_t token);
/* A string or a key; empty for any other token. */
struct args_string json_string(const struct json *json, uint32_t token);
/* Whether it is a string or a key that says exactly `text`. */
bool json_string_is(const struct json *json, uint32_t token, const char *text);
/* A JSON_NUMBER's value. */
struct json_number json_number(const struct json *json, uint32_t token);
/* A JSON_BOOL's value. */
bool json_bool(const struct json *json, uint32_t token);
/* The plain JSON text of the value, strings as references (see framer.h); *length gets its size. */
const char *json_text(const struct json *json, uint32_t token, size_t *length);
/* The string that a reference in such a text stands for; *text moves behind it. */
struct args_string json_dereference(const struct json *json, const char **text);
/* The number whose text is `length` bytes at `text`. */
struct json_number json_parse_number(const char *text, size_t length);

#endif
