/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "double.h"
#include "ramfs.h"
#include "unicode.h"

/* Bytes of a file that are encoded together: whole groups of three. */
#define ENCODED_AT_ONCE 768u

int reply_init(struct reply *reply, const struct platform *platform)
{
    memset(reply, 0, sizeof(*reply));
    buffer_init(&reply->text, platform);
    buffer_init(&reply->error_desc, platform);
    if (buffer_reserve(&reply->text, REPLY_ROOM_MIN) < 0) {
        return -ENOMEM;
    }
    return buffer_reserve(&reply->error_desc, REPLY_ROOM_MIN);
}

void reply_drop_file(struct reply *reply)
{
    if (reply->file != NULL) {
        ramfs_release(reply->fs, reply->file);
        reply->file = NULL;
    }
}

void reply_free(struct reply *reply)
{
    reply_drop_file(reply);
    buffer_free(&reply->text);
    buffer_free(&reply->error_desc);
}

void reply_reset(struct reply *reply, size_t keep)
{
    if (keep < REPLY_ROOM_MIN) {
        keep = REPLY_ROOM_MIN;
    }
    buffer_reset(&reply->text, keep);
    buffer_reset(&reply->error_desc, keep);
    reply->needs_comma = false;
    reply->out_of_memory = false;
    reply->delimited = false;
    reply->error_class = NULL;
    reply_drop_file(reply);
}

static void reply_put(struct reply *reply, const void *bytes, size_t count)
{
    if (!reply->out_of_memory && buffer_append(&reply->text, bytes, count) < 0) {
        reply->out_of_memory = true;
    }
}

static void reply_separate(struct reply *reply)
{
    if (reply->needs_comma) {
        reply_put(reply, ", ", 2);
    }
    reply->needs_comma = true;
}

static void reply_begin(struct reply *reply, const char *bracket)
{
    reply_separate(reply);
    reply_put(reply, bracket, 1);
    reply->needs_comma = false;
}

static void reply_end(struct reply *reply, const char *bracket)
{
    reply_put(reply, bracket, 1);
    reply->needs_comma = true;
}

void reply_object_begin(struct reply *reply)
{
    reply_begin(reply, "{");
}

void reply_object_end(struct reply *reply)
{
    reply_end(reply, "}");
}

void reply_array_begin(struct reply *reply)
{
    reply_begin(reply, "[");
}

void reply_array_end(struct reply *reply)
{
    reply_end(reply, "]");
}

static void reply_unicode_escape(struct reply *reply, uint32_t unit)
{
    char text[8];

    reply_put(reply, text, (size_t)snprintf(text, sizeof(text), "\\u%04X", (unsigned)unit));
}

/* A code point that is not plain in a JSON string, as qobject/json-writer.c writes it. */
static void reply_escaped(struct reply *reply, uint32_t codepoint)
{
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    const char *found = codepoint == 0 || codepoint > 0x7F
                            ? NULL
                            : memchr(plain, (int)codepoint, sizeof(plain) - 1);

    if (found != NULL) {
        char text[2] = {'\\', names[found - plain]};

        reply_put(reply, text, sizeof(text));
    } else if (codepoint >= 0x10000) {
        reply_unicode_escape(reply, 0xD800 + ((codepoint - 0x10000) >> 10));
        reply_unicode_escape(reply, 0xDC00 + ((codepoint - 0x10000) & 0x3FF));
    } else {
        reply_unicode_escape(reply, codepoint);
    }
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

/* The bytes inside a string's quotes. */
static void reply_characters(struct reply *reply, const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    struct unicode_decoder decoder = {0};
    size_t i = 0;

    while (i < length) {
        size_t run = i;

        while (run < length && decoder.missing == 0 && is_plain(bytes[run])) {
            run++;
        }
        reply_put(reply, bytes + i, run - i);
        i = run;
        if (i == length) {
            break;
        }
        switch (unicode_decode(&decoder, bytes[i])) {
        case UNICODE_DONE:
            reply_escaped(reply, decoder.codepoint);
            i++;
            break;
        case UNICODE_INVALID:
            reply_escaped(reply, 0xFFFD);
            i++;
            break;
        case UNICODE_BROKEN: /* this byte begins the next character */
            reply_escaped(reply, 0xFFFD);
            break;
        case UNICODE_MORE:
            i++;
            break;
        }
    }
    if (decoder.missing != 0) {
        reply_escaped(reply, 0xFFFD);
    }
}

static void reply_quoted(struct reply *reply, const char *text, size_t length)
{
    reply_put(reply, "\"", 1);
    reply_characters(reply, text, length);
    reply_put(reply, "\"", 1);
}

void reply_string(struct reply *reply, const char *text, size_t length)
{
    reply_separate(reply);
    reply_quoted(reply, text, length);
}

void reply_c_string(struct reply *reply, const char *text)
{
    reply_string(reply, text, strlen(text));
}

void reply_key(struct reply *reply, const char *name)
{
    reply_c_string(reply, name);
    reply_put(reply, ": ", 2);
    reply->needs_comma = false;
}

static void reply_integer(struct reply *reply, uint64_t magnitude, bool negative)
{
    char digits[21];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude != 0);
    if (negative) {
        digits[--at] = '-';
    }
    reply_put(reply, digits + at, sizeof(digits) - at);
}

void reply_int(struct reply *reply, int64_t value)
{
    reply_separate(reply);
    reply_integer(reply, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

void reply_uint(struct reply *reply, uint64_t value)
{
    reply_separate(reply);
    reply_integer(reply, value, false);
}

/* As qobject/qnum.c prints it. */
static void reply_put_double(struct reply *reply, double value)
{
    char text[DOUBLE_TEXT_BYTES];

    reply_put(reply, text, double_format(text, value));
}

void reply_double(struct reply *reply, double value)
{
    reply_separate(reply);
    reply_put_double(reply, value);
}

void reply_bool(struct reply *reply, bool value)
{
    reply_separate(reply);
    reply_put(reply, value ? "true" : "false", value ? 4 : 5);
}

/* A number of the request, as qobject/qnum.c prints it; infinity is "inf" there too. */
static void reply_number(struct reply *reply, const char *text, size_t length)
{
    struct json_number number = json_parse_number(text, length);

    switch (number.kind) {
    case JSON_I64:
        reply_integer(reply,
                      number.value.i64 < 0 ? 0 - (uint64_t)number.value.i64
                                           : (uint64_t)number.value.i64,
                      number.value.i64 < 0);
        break;
    case JSON_U64:
        reply_integer(reply, number.value.u64, false);
        break;
    case JSON_DOUBLE:
        reply_put_double(reply, number.value.number);
        break;
    }
}

void reply_json(struct reply *reply, const struct json *json, uint32_t token)
{
    size_t length;
    const char *text = json_text(json, token, &length);
    const char *end = text + length;

    reply_separate(reply);
    while (text < end && !reply->out_of_memory) {
        const char *start = text++;

        if (*start == '"') {
            struct args_string string = json_dereference(json, &text);

            text++; /* the closing quote */
            reply_quoted(reply, string.bytes, string.length);
        } else if (*start == '-' || (*start >= '0' && *start <= '9')) {
            while (text < end && *text != ',' && *text != ']' && *text != '}') {
                text++;
            }
            reply_number(reply, start, (size_t)(text - start));
        } else {
            reply_put(reply, start, 1);
            if (*start == ',' || *start == ':') {
                reply_put(reply, " ", 1);
            }
        }
    }
}

void reply_file(struct reply *reply, struct ramfs *fs, struct ramfs_node *file, uint64_t offset,
                size_t count)
{
    reply_separate(reply);
    reply_put(reply, "\"", 1);
    ramfs_hold(file);
    reply->fs = fs;
    reply->file = file;
    reply->file_offset = offset;
    reply->file_bytes = count;
    reply->file_at = reply->text.size;
    reply_put(reply, "\"", 1);
}

void reply_base64(struct reply *reply, const struct ramfs_node *file)
{
    uint8_t bytes[ENCODED_AT_ONCE];
    size_t piece;

    reply_separate(reply);
    reply_put(reply, "\"", 1);
    for (uint64_t offset = 0; offset < file->size && !reply->out_of_memory; offset += piece) {
        piece = file->size - offset < sizeof(bytes) ? (size_t)(file->size - offset) : sizeof(bytes);
        ramfs_read(file, offset, bytes, piece);
        if (buffer_reserve(&reply->text, BASE64_ENCODED(piece)) < 0) {
            reply->out_of_memory = true;
            return;
        }
        base64_encode(NULL, bytes, piece, reply->text.data + reply->text.size);
        reply->text.size += BASE64_ENCODED(piece);
    }
    reply_put(reply, "\"", 1);
}

__attribute__((format(printf, 3, 0))) static void
reply_set_error(struct reply *reply, const char *error_class, const char *format, va_list arguments)
{
    struct buffer *desc = &reply->error_desc;
    va_list again;
    int length;

    reply->error_class = error_class;
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    desc->size = 0;
    if (length < 0) {
        return;
    }
    /* A text that repeats megabytes of the request may not fit: then its start has to do. */
    (void)buffer_reserve(desc, (size_t)length + 1);
    vsnprintf((char *)desc->data, desc->capacity, format, arguments);
    desc->size = (size_t)length < desc->capacity ? (size_t)length : desc->capacity - 1;
}

int reply_error(struct reply *reply, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    reply_set_error(reply, "GenericError", format, arguments);
    va_end(arguments);
    return -EINVAL;
}

int reply_error_class(struct reply *reply, const char *error_class, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    reply_set_error(reply, error_class, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

void reply_forget_error(struct reply *reply)
{
    reply->error_class = NULL;
    reply->error_desc.size = 0;
}

int reply_error_not_found(struct reply *reply, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    reply_set_error(reply, "CommandNotFound", format, arguments);
    va_end(arguments);
    return -EINVAL;
}
