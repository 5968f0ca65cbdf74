/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of strings: escapes, surrogate pairs, UTF-8, with the checks and messages of
 * parse_string() in qobject/json-parser.c.
 */
#include <string.h>

#include "framer_parts.h"

void string_begin(struct framer *framer)
{
    framer->string_is_kept = grammar_allows_value(framer);
    framer->string_start = framer->strings.size;
    framer->escape_length = 0;
    framer->escape_is_bad = false;
    framer->decoder.missing = 0;
}

static void string_store(struct framer *framer, const uint8_t *bytes, size_t count)
{
    if (!framer->failed && buffer_append(&framer->strings, bytes, count) < 0) {
        framer_out_of_memory(framer);
    }
}

static void string_store_codepoint(struct framer *framer, uint32_t codepoint)
{
    uint8_t bytes[UNICODE_SEQUENCE_MAX];

    string_store(framer, bytes, unicode_encode(codepoint, bytes));
}

static void string_bad_utf8(struct framer *framer)
{
    framer_fail(framer, "JSON parse error, invalid UTF-8 sequence in string");
}

/* The \u sequence is no character; the message repeats it, or its first half, as it was written. */
static void string_bad_escape(struct framer *framer)
{
    framer_fail(framer, "JSON parse error, %.*s is not a valid Unicode character",
                (int)framer->escape_length, (const char *)framer->escape);
    framer->escape_length = 0;
}

/* The four hexadecimal digits at `digits`, or -1. */
static int32_t string_hex(const uint8_t *digits)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        uint8_t digit = digits[i];

        if (digit >= '0' && digit <= '9') {
            digit = (uint8_t)(digit - '0');
        } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
            digit = (uint8_t)((digit | 0x20) - 'a' + 10);
        } else {
            return -1;
        }
        value = value << 4 | digit;
    }
    return value;
}

/* `escape` holds a second sequence behind a leading surrogate. */
static void string_surrogate_pair(struct framer *framer, int32_t leading)
{
    int32_t trailing = string_hex(framer->escape + 8);
    uint32_t codepoint;

    if (trailing < 0xDC00 || trailing > 0xDFFF) {
        framer->escape_length = 6;
        string_bad_escape(framer);
        return;
    }
    codepoint = 0x10000 + (((uint32_t)leading & 0x3FF) << 10) + ((uint32_t)trailing & 0x3FF);
    if (!unicode_is_valid(codepoint)) {
        string_bad_escape(framer);
        return;
    }
    string_store_codepoint(framer, codepoint);
    framer->escape_length = 0;
}

/*
 * One more raw byte of a \u sequence.  A leading surrogate wants a second sequence right behind
 * it; anything else there makes the first one invalid.
 */
static void string_escape_byte(struct framer *framer, uint8_t byte)
{
    int32_t value;

    framer->escape[framer->escape_length++] = byte;
    if (framer->escape_length < 6) {
        return;
    }
    value = string_hex(framer->escape + 2);
    if (framer->escape_length == 6) {
        if (value < 0xD800 || value > 0xDBFF) {
            if (value < 0 || !unicode_is_valid((uint32_t)value)) {
                string_bad_escape(framer);
            } else {
                string_store_codepoint(framer, (uint32_t)value);
                framer->escape_length = 0;
            }
        }
    } else if ((framer->escape_length == 7 && byte != '\\') ||
               (framer->escape_length == 8 && byte != 'u')) {
        framer->escape_length = 6;
        string_bad_escape(framer);
    } else if (framer->escape_length == FRAMER_ESCAPE_MAX) {
        string_surrogate_pair(framer, value);
    }
}

/* A byte behind a backslash. */
static void string_simple_escape(struct framer *framer, uint8_t byte)
{
    static const char names[] = "\"'\\/bfnrt";
    static const char values[] = "\"'\\/\b\f\n\r\t";
    const char *name;

    if (byte == 'u') {
        framer->escape[0] = '\\';
        framer->escape[1] = 'u';
        framer->escape_length = 2;
        return;
    }
    name = memchr(names, byte, sizeof(names) - 1);
    if (name == NULL) {
        framer_fail(framer, "JSON parse error, invalid escape sequence in string");
        return;
    }
    string_store(framer, (const uint8_t *)&values[name - names], 1);
}

/* A byte of a string's inside, in the order that the host wrote it. */
void string_byte(struct framer *framer, uint8_t byte, bool after_backslash)
{
    if (!framer->string_is_kept || framer->failed) {
        return;
    }
    if (framer->escape_length != 0) {
        string_escape_byte(framer, byte);
        return;
    }
    if (framer->decoder.missing != 0 && (byte & 0xC0) != 0x80) {
        string_bad_utf8(framer);
        return;
    }
    if (after_backslash) {
        string_simple_escape(framer, byte);
        return;
    }
    if (byte == '\\') {
        return; /* the next byte says what it means */
    }
    switch (unicode_decode(&framer->decoder, byte)) {
    case UNICODE_MORE:
    case UNICODE_DONE:
        string_store(framer, &byte, 1);
        break;
    case UNICODE_INVALID:
    case UNICODE_BROKEN:
        string_bad_utf8(framer);
        break;
    }
}

void string_end(struct framer *framer, uint8_t quote)
{
    if (!framer->string_is_kept) {
        return;
    }
    if (framer->escape_length != 0 && !framer->failed) {
        /* Cut short: the parser reads on into the quote, which is the last byte it has. */
        if (framer->escape_length < 6) {
            framer->escape[framer->escape_length++] = quote;
        } else {
            framer->escape_length = 6;
        }
        string_bad_escape(framer);
    }
    if (framer->decoder.missing != 0) {
        string_bad_utf8(framer);
    }
}

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

static uint64_t load_word(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/*
 * Has some high bit set unless each byte is ASCII from '(' on and no backslash: that is, the
 * letters, digits and most signs, beyond both kinds of quote.
 */
static uint64_t word_attention(uint64_t word)
{
    return word | (word - ONES * '(') | ((word ^ ONES * '\\') - ONES);
}

static bool is_plain(uint8_t byte, uint8_t quote)
{
    return byte >= 0x20 && byte < 0x80 && byte != quote && byte != '\\';
}

/*
 * The length of the longest run of printable ASCII without the quote and without a backslash.
 * In words of eight bytes as far as it goes, since this is the one loop that sees every byte of a
 * large file.
 */
static size_t plain_run(const uint8_t *bytes, size_t count, uint8_t quote)
{
    size_t i = 0;

    do {
        size_t word_end;

        while (count - i >= 32 &&
               ((word_attention(load_word(bytes + i)) | word_attention(load_word(bytes + i + 8)) |
                 word_attention(load_word(bytes + i + 16)) |
                 word_attention(load_word(bytes + i + 24))) &
                HIGHS) == 0) {
            i += 32;
        }
        word_end = count - i < 32 ? count : i + 32;
        while (i < word_end && is_plain(bytes[i], quote)) {
            i++;
        }
        if (i < word_end) {
            break;
        }
    } while (i < count);
    return i;
}

__attribute__((hot)) size_t string_plain_run(struct framer *framer, const uint8_t *bytes,
                                             size_t count, uint8_t quote)
{
    size_t run;

    if (framer->escape_length != 0 || framer->decoder.missing != 0) {
        return 0; /* in the middle of a character: byte by byte */
    }
    run = plain_run(bytes, count, quote);
    if (framer->string_is_kept) {
        string_store(framer, bytes, run);
    }
    return run;
}
