/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "framer.h"

/*
 * Strict, so that jsmn agrees with the framer about what a primitive is; with links to parents,
 * without which closing a wide container is quadratic.
 */
#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

/*
 * Significant digits that can matter to a double: the longest exact decimal expansion of a
 * midpoint between two has 768; one more digit stands for everything behind.
 */
#define JSON_DIGITS_MAX 780

void json_init(struct json *json, const struct platform *platform)
{
    memset(json, 0, sizeof(*json));
    buffer_init(&json->tokens, platform);
}

void json_free(struct json *json)
{
    buffer_free(&json->tokens);
}

void json_reset(struct json *json, size_t keep)
{
    json->count = 0;
    buffer_reset(&json->tokens, keep);
}

static const jsmntok_t *json_token(const struct json *json, uint32_t token)
{
    return (const jsmntok_t *)(const void *)json->tokens.data + token;
}

int json_tokenize(struct json *json, const struct framer *framer)
{
    jsmn_parser parser;
    int count;

    if (buffer_reserve(&json->tokens, framer->token_count * sizeof(jsmntok_t)) < 0) {
        return -ENOMEM;
    }
    json->text = (const char *)framer->text.data;
    json->text_length = framer->text.size;
    json->strings = framer->strings.data;
    json->strings_length = framer->strings.size;
    jsmn_init(&parser);
    count = jsmn_parse(&parser, json->text, json->text_length,
                       (jsmntok_t *)(void *)json->tokens.data, framer->token_count);
    if (count < 1 || (uint32_t)count != framer->token_count) {
        return -EPROTO;
    }
    json->count = (uint32_t)count;
    return 0;
}

int json_copy_tokens(struct json *json, const struct json *from)
{
    size_t bytes = from->count * sizeof(jsmntok_t);

    if (buffer_reserve(&json->tokens, bytes) < 0) {
        return -ENOMEM;
    }
    memcpy(json->tokens.data, from->tokens.data, bytes);
    json->count = from->count;
    return 0;
}

enum json_type json_type(const struct json *json, uint32_t token)
{
    const jsmntok_t *t = json_token(json, token);

    switch (t->type) {
    case JSMN_OBJECT:
        return JSON_OBJECT;
    case JSMN_ARRAY:
        return JSON_ARRAY;
    case JSMN_STRING:
        return JSON_STRING;
    default:
        break;
    }
    switch (json->text[t->start]) {
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

uint32_t json_children(const struct json *json, uint32_t token)
{
    return (uint32_t)json_token(json, token)->size;
}

uint32_t json_skip(const struct json *json, uint32_t token)
{
    int end = json_token(json, token)->end;
    uint32_t next = token + 1;

    while (next < json->count && json_token(json, next)->start < end) {
        next++;
    }
    return next;
}

/* The hexadecimal number at *text, as the framer writes it; *text moves behind it. */
static uint64_t read_reference(const char **text)
{
    uint64_t value = 0;

    for (;; (*text)++) {
        char digit = **text;

        if (digit >= '0' && digit <= '9') {
            value = value << 4 | (uint64_t)(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            value = value << 4 | (uint64_t)(digit - 'a' + 10);
        } else {
            return value;
        }
    }
}

struct args_string json_dereference(const struct json *json, const char **text)
{
    uint64_t offset = read_reference(text);
    uint64_t length = 0;

    if (**text == ':') {
        (*text)++;
        length = read_reference(text);
    }
    if (offset > json->strings_length || length >= json->strings_length - offset) {
        return (struct args_string){.bytes = "", .length = 0};
    }
    return (struct args_string){.bytes = (const char *)json->strings + offset,
                                .length = (size_t)length};
}

struct args_string json_string(const struct json *json, uint32_t token)
{
    const char *text = json->text + json_token(json, token)->start;

    if (json_token(json, token)->type != JSMN_STRING) {
        return (struct args_string){.bytes = "", .length = 0};
    }
    return json_dereference(json, &text);
}

bool json_string_is(const struct json *json, uint32_t token, const char *text)
{
    struct args_string string = json_string(json, token);

    return string.length == strlen(text) && memcmp(string.bytes, text, string.length) == 0;
}

bool json_bool(const struct json *json, uint32_t token)
{
    return json->text[json_token(json, token)->start] == 't';
}

const char *json_text(const struct json *json, uint32_t token, size_t *length)
{
    const jsmntok_t *t = json_token(json, token);
    int quote = t->type == JSMN_STRING;

    *length = (size_t)(t->end - t->start + 2 * quote);
    return json->text + t->start - quote;
}

/* Adds `digit` to *value; false if it does not fit. */
static bool append_digit(uint64_t *value, char digit)
{
    uint64_t units = (uint64_t)(digit - '0');

    if (*value > (UINT64_MAX - units) / 10) {
        return false;
    }
    *value = *value * 10 + units;
    return true;
}

static bool parse_integer(const char *text, size_t length, struct json_number *result)
{
    bool negative = text[0] == '-';
    uint64_t magnitude = 0;

    for (size_t i = negative; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || !append_digit(&magnitude, text[i])) {
            return false;
        }
    }
    if (magnitude <= (uint64_t)INT64_MAX + negative) {
        result->kind = JSON_I64;
        result->value.i64 = (int64_t)(negative ? 0 - magnitude : magnitude);
        return true;
    }
    if (negative) {
        return false;
    }
    result->kind = JSON_U64;
    result->value.u64 = magnitude;
    return true;
}

/* The exponent's digits at `text`, clamped far outside a double's range. */
static long parse_exponent(const char *text, const char *end)
{
    bool negative = text < end && *text == '-';
    long value = 0;

    for (text += text < end && (*text == '-' || *text == '+'); text < end; text++) {
        if (value < 100000000) {
            value = value * 10 + (*text - '0');
        }
    }
    return negative ? -value : value;
}

/*
 * strtod() works in time quadratic in the digits, and a document may bring millions.  So it gets
 * an integer of at most JSON_DIGITS_MAX digits and a decimal exponent instead, which has the same
 * value after rounding.
 */
static double parse_double(const char *text, size_t length)
{
    char short_form[JSON_DIGITS_MAX + 32];
    const char *end = text + length;
    size_t used = 0;
    size_t digits = 0;
    long scale = 0;
    bool in_fraction = false;
    bool lost = false;

    if (*text == '-') {
        short_form[used++] = *text++;
    }
    for (; text < end && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            in_fraction = true;
            continue;
        }
        if (digits == 0 && *text == '0') {
            scale -= in_fraction; /* a leading zero only moves the point */
        } else if (digits < JSON_DIGITS_MAX) {
            short_form[used++] = *text;
            digits++;
            scale -= in_fraction;
        } else {
            lost |= *text != '0';
            scale += !in_fraction;
        }
    }
    if (digits == 0) {
        short_form[used++] = '0';
    }
    if (lost) {
        short_form[used++] = '1';
        scale--;
    }
    if (text < end) {
        scale += parse_exponent(text + 1, end);
    }
    short_form[used++] = 'e';
    if (scale < 0) {
        short_form[used++] = '-';
        scale = -scale;
    }
    /* Beyond this the value is 0 or infinite, whatever the digits. */
    if (scale > 99999) {
        scale = 99999;
    }
    for (long unit = 10000; unit > 0; unit /= 10) {
        short_form[used++] = (char)('0' + scale / unit % 10);
    }
    short_form[used] = '\0';
    return strtod(short_form, NULL);
}

struct json_number json_parse_number(const char *text, size_t length)
{
    struct json_number result;

    if (!parse_integer(text, length, &result)) {
        result.kind = JSON_DOUBLE;
        result.value.number = parse_double(text, length);
    }
    return result;
}

struct json_number json_number(const struct json *json, uint32_t token)
{
    const jsmntok_t *t = json_token(json, token);

    return json_parse_number(json->text + t->start, (size_t)(t->end - t->start));
}
