/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three machines, one inside the other: the lexer cuts bytes into tokens, the streamer counts
 * brackets to find the end of a message, the grammar checks that the tokens make sense.  The
 * first two are those of qemu-ga, whose quirks clients can see (which byte resets it, how many
 * replies a broken message gets); the third reports the error its recursive parser would meet
 * first.
 */
#include "framer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum lexer_state {
    LEXER_START,
    LEXER_RECOVERY, /* after a lexical error: bytes are skipped */
    LEXER_DOUBLE_QUOTED,
    LEXER_DOUBLE_QUOTED_ESCAPE,
    LEXER_SINGLE_QUOTED,
    LEXER_SINGLE_QUOTED_ESCAPE,
    LEXER_SIGN,
    LEXER_ZERO,
    LEXER_DIGITS,
    LEXER_MANTISSA,
    LEXER_MANTISSA_DIGITS,
    LEXER_EXPONENT,
    LEXER_EXPONENT_SIGN,
    LEXER_EXPONENT_DIGITS,
    LEXER_KEYWORD,
    /* Not states: what a byte completed or revealed. */
    LEXER_TOKEN_PUNCTUATION,
    LEXER_TOKEN_STRING,
    LEXER_TOKEN_NUMBER,
    LEXER_TOKEN_KEYWORD,
    LEXER_ERROR,
};

enum expectation {
    EXPECT_VALUE,
    EXPECT_FIRST_ITEM, /* a value or ] */
    EXPECT_FIRST_KEY,  /* a key or } */
    EXPECT_KEY,
    EXPECT_COLON,
    EXPECT_SEPARATOR, /* a comma or the container's end */
};

/* ---- Errors ---------------------------------------------------------------------------- */

static void framer_set_error(struct framer *framer, const char *format, va_list arguments)
{
    int length = vsnprintf(framer->error, sizeof(framer->error), format, arguments);

    framer->error_length = length < 0 ? 0 : (size_t)length;
    if (framer->error_length >= sizeof(framer->error)) {
        framer->error_length = sizeof(framer->error) - 1;
    }
    framer->failed = true;
}

/* An error that replaces whatever was found before. */
__attribute__((format(printf, 2, 3))) static void framer_report(struct framer *framer,
                                                                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    framer_set_error(framer, format, arguments);
    va_end(arguments);
}

/* An error of the parser: the first one in a message counts, and it is told at its end. */
__attribute__((format(printf, 2, 3))) static void framer_fail(struct framer *framer,
                                                              const char *format, ...)
{
    va_list arguments;

    if (framer->failed) {
        return;
    }
    va_start(arguments, format);
    framer_set_error(framer, format, arguments);
    va_end(arguments);
}

/*
 * The message is longer than this guest can hold, or than qemu-ga would: it is refused with
 * qemu-ga's text, and what is left of it will be skipped, since it can only be misread.
 */
static void framer_refuse(struct framer *framer, const char *limit)
{
    framer_report(framer, "JSON %s limit exceeded", limit);
    framer->refused = true;
}

static void framer_out_of_memory(struct framer *framer)
{
    if (!framer->failed) {
        framer_refuse(framer, "token size");
    }
}

static void framer_put(struct framer *framer, const void *bytes, size_t count)
{
    if (!framer->failed && buffer_append(&framer->text, bytes, count) < 0) {
        framer_out_of_memory(framer);
    }
}

/* ---- The grammar ----------------------------------------------------------------------- */

static struct framer_level *framer_top(struct framer *framer)
{
    return &framer->levels[framer->depth - 1];
}

/* A token that cannot stand here; the messages are those of json-parser.c. */
static void grammar_reject(struct framer *framer)
{
    switch (framer->expect) {
    case EXPECT_COLON:
        framer_fail(framer, "JSON parse error, missing : in object pair");
        break;
    case EXPECT_SEPARATOR:
        framer_fail(framer, "JSON parse error, expected separator in %s",
                    framer_top(framer)->container == FRAMER_OBJECT ? "dict" : "list");
        break;
    default:
        framer_fail(framer, "JSON parse error, expecting value");
        break;
    }
}

static bool grammar_in_key_position(const struct framer *framer)
{
    return framer->expect == EXPECT_FIRST_KEY || framer->expect == EXPECT_KEY;
}

/* Whether a value or key may begin here. */
static bool grammar_allows_value(struct framer *framer)
{
    if (framer->failed) {
        return false;
    }
    if (framer->expect == EXPECT_COLON || framer->expect == EXPECT_SEPARATOR) {
        grammar_reject(framer);
        return false;
    }
    return true;
}

/* A whole value has been read in a place where values belong. */
static void grammar_value_done(struct framer *framer)
{
    struct framer_level *level;
    int result;

    if (framer->depth == 0) {
        return;
    }
    framer->expect = EXPECT_SEPARATOR;
    level = framer_top(framer);
    if (level->container != FRAMER_OBJECT) {
        return;
    }
    result = keyset_add(&framer->keys, framer->strings.data, &level->key);
    if (result == -EEXIST) {
        framer_fail(framer, "JSON parse error, duplicate key");
    } else if (result < 0) {
        framer_out_of_memory(framer);
    }
}

static void grammar_not_a_key(struct framer *framer)
{
    framer_fail(framer, "JSON parse error, key is not a string in object");
}

static void grammar_open(struct framer *framer, enum framer_container container)
{
    struct framer_level *level;

    if (!grammar_allows_value(framer)) {
        return;
    }
    if (framer->depth == 0) {
        framer->top_is_object = container == FRAMER_OBJECT;
    }
    /* The nesting limit was checked, and only balanced messages get here: depth < the maximum. */
    level = &framer->levels[framer->depth++];
    level->container = (uint8_t)container;
    level->in_key_position = grammar_in_key_position(framer);
    level->key = (struct keyset_key){.object = framer->object_count++};
    framer->expect = container == FRAMER_OBJECT ? EXPECT_FIRST_KEY : EXPECT_FIRST_ITEM;
    framer->token_count++;
    framer_put(framer, container == FRAMER_OBJECT ? "{" : "[", 1);
}

static void grammar_close(struct framer *framer, enum framer_container container)
{
    uint8_t if_empty = container == FRAMER_OBJECT ? EXPECT_FIRST_KEY : EXPECT_FIRST_ITEM;
    bool in_key_position;

    if (framer->failed) {
        return;
    }
    if (framer->depth == 0 || framer_top(framer)->container != container ||
        (framer->expect != if_empty && framer->expect != EXPECT_SEPARATOR)) {
        grammar_reject(framer);
        return;
    }
    framer_put(framer, container == FRAMER_OBJECT ? "}" : "]", 1);
    in_key_position = framer_top(framer)->in_key_position;
    framer->depth--;
    if (in_key_position) {
        grammar_not_a_key(framer);
    } else {
        grammar_value_done(framer);
    }
}

static void grammar_comma(struct framer *framer)
{
    if (framer->failed) {
        return;
    }
    if (framer->depth == 0 || framer->expect != EXPECT_SEPARATOR) {
        grammar_reject(framer);
        return;
    }
    framer->expect =
        framer_top(framer)->container == FRAMER_OBJECT ? EXPECT_KEY : EXPECT_VALUE;
    framer_put(framer, ",", 1);
}

static void grammar_colon(struct framer *framer)
{
    if (framer->failed) {
        return;
    }
    if (framer->expect != EXPECT_COLON) {
        grammar_reject(framer);
        return;
    }
    framer->expect = EXPECT_VALUE;
    framer_put(framer, ":", 1);
}

/* A number or keyword, whose text is in place. */
static void grammar_scalar(struct framer *framer)
{
    if (framer->failed) {
        return;
    }
    framer->token_count++;
    if (grammar_in_key_position(framer)) {
        grammar_not_a_key(framer);
    } else {
        grammar_value_done(framer);
    }
}

static void grammar_string(struct framer *framer)
{
    static const char digits[] = "0123456789abcdef";
    struct keyset_key key;
    char reference[2 + 8 + 1 + 8];
    size_t length = 0;
    uint32_t numbers[2];

    if (framer->failed) {
        return;
    }
    key.offset = (uint32_t)framer->string_start;
    key.length = (uint32_t)(framer->strings.size - framer->string_start);
    if (buffer_append(&framer->strings, "", 1) < 0) {
        framer_out_of_memory(framer);
        return;
    }
    numbers[0] = key.offset;
    numbers[1] = key.length;
    reference[length++] = '"';
    for (int i = 0; i < 2; i++) {
        int shift = 28;

        while (shift > 0 && numbers[i] >> shift == 0) {
            shift -= 4;
        }
        for (; shift >= 0; shift -= 4) {
            reference[length++] = digits[numbers[i] >> shift & 15];
        }
        reference[length++] = i == 0 ? ':' : '"';
    }
    framer_put(framer, reference, length);
    framer->token_count++;
    if (grammar_in_key_position(framer)) {
        key.object = framer_top(framer)->key.object;
        framer_top(framer)->key = key;
        framer->expect = EXPECT_COLON;
    } else {
        grammar_value_done(framer);
    }
}

/* ---- Strings --------------------------------------------------------------------------- */

static void string_begin(struct framer *framer)
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
static void string_byte(struct framer *framer, uint8_t byte, bool after_backslash)
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

static void string_end(struct framer *framer, uint8_t quote)
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
    grammar_string(framer);
}

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* Sets the high bit of some byte of the result if any byte of `word` is zero. */
static uint64_t word_has_zero(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

/*
 * The length of the longest run at `bytes` that needs no attention inside a string: printable
 * ASCII without the quote and without a backslash.  Eight bytes at a time, since this is the one
 * loop that sees every byte of a large file.
 */
static size_t string_plain_run(const uint8_t *bytes, size_t count, uint8_t quote)
{
    size_t i = 0;

    for (; count - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, bytes + i, sizeof(word));
        if (((word | (word - ONES * 0x20)) & HIGHS) != 0 ||
            (word_has_zero(word ^ ONES * quote) | word_has_zero(word ^ ONES * '\\')) != 0) {
            break;
        }
    }
    while (i < count && bytes[i] >= 0x20 && bytes[i] < 0x80 && bytes[i] != quote &&
           bytes[i] != '\\') {
        i++;
    }
    return i;
}

/* ---- The streamer ---------------------------------------------------------------------- */

static void message_begin(struct framer *framer)
{
    framer->brace_count = 0;
    framer->bracket_count = 0;
    framer->message_tokens = 0;
    framer->message_bytes = 0;
    framer->expect = EXPECT_VALUE;
    framer->depth = 0;
    framer->object_count = 0;
    framer->top_is_object = false;
    framer->token_count = 0;
    framer->failed = false;
    framer->refused = false;
    framer->discarding = false;
}

/* The message ends here, well or badly. */
static enum framer_event message_end(struct framer *framer)
{
    if (framer->failed) {
        return FRAMER_ERROR;
    }
    if (!framer->top_is_object) {
        framer_report(framer, "QMP input must be a JSON object");
        return FRAMER_ERROR;
    }
    return FRAMER_DOCUMENT;
}

static void message_grammar(struct framer *framer, enum lexer_state token, uint8_t byte)
{
    if (token == LEXER_TOKEN_STRING) {
        string_end(framer, byte);
    } else if (token != LEXER_TOKEN_PUNCTUATION) {
        grammar_scalar(framer);
    } else if (byte == '{' || byte == '[') {
        grammar_open(framer, byte == '{' ? FRAMER_OBJECT : FRAMER_ARRAY);
    } else if (byte == '}' || byte == ']') {
        grammar_close(framer, byte == '}' ? FRAMER_OBJECT : FRAMER_ARRAY);
    } else if (byte == ',') {
        grammar_comma(framer);
    } else {
        grammar_colon(framer);
    }
}

/* What json_message_process_token() does with a token; `byte` is its last. */
static enum framer_event message_token(struct framer *framer, enum lexer_state token, uint8_t byte)
{
    if (token == LEXER_TOKEN_PUNCTUATION) {
        framer->brace_count += (byte == '{') - (byte == '}');
        framer->bracket_count += (byte == '[') - (byte == ']');
    }
    if (!framer->discarding) {
        framer->message_bytes += framer->token_length;
        framer->message_tokens++;
        if (framer->message_bytes + 1 > FRAMER_TOKEN_BYTES_MAX) {
            framer_refuse(framer, "token size");
        } else if (framer->message_tokens > FRAMER_TOKEN_COUNT_MAX) {
            framer_refuse(framer, "token count");
        } else if (framer->brace_count + framer->bracket_count > FRAMER_NESTING_MAX) {
            /* What is left of the message is read as new ones, as qemu-ga does. */
            framer_report(framer, "JSON nesting depth limit exceeded");
            return FRAMER_ERROR;
        }
        message_grammar(framer, token, byte);
    }
    if ((framer->brace_count > 0 || framer->bracket_count > 0) && framer->brace_count >= 0 &&
        framer->bracket_count >= 0) {
        if (framer->refused && !framer->discarding) {
            framer->discarding = true;
            return FRAMER_ERROR;
        }
        return FRAMER_MORE;
    }
    if (framer->discarding) {
        message_begin(framer);
        return FRAMER_MORE;
    }
    return message_end(framer);
}

/* ---- The lexer ------------------------------------------------------------------------- */

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_structural(uint8_t byte)
{
    return byte == '{' || byte == '}' || byte == '[' || byte == ']' || byte == ',' || byte == ':';
}

static enum lexer_state lexer_start(uint8_t byte)
{
    if (byte == '"') {
        return LEXER_DOUBLE_QUOTED;
    }
    if (byte == '\'') {
        return LEXER_SINGLE_QUOTED;
    }
    if (is_structural(byte)) {
        return LEXER_TOKEN_PUNCTUATION;
    }
    if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
        return LEXER_START;
    }
    if (byte == '-') {
        return LEXER_SIGN;
    }
    if (is_digit(byte)) {
        return byte == '0' ? LEXER_ZERO : LEXER_DIGITS;
    }
    return byte >= 'a' && byte <= 'z' ? LEXER_KEYWORD : LEXER_ERROR;
}

/* Numbers; *lookahead is set when `byte` belongs to the next token. */
static enum lexer_state lexer_number(enum lexer_state state, uint8_t byte, bool *lookahead)
{
    bool is_exponent = byte == 'e' || byte == 'E';

    switch (state) {
    case LEXER_SIGN:
        return byte == '0' ? LEXER_ZERO : is_digit(byte) ? LEXER_DIGITS : LEXER_ERROR;
    case LEXER_ZERO:
        if (is_digit(byte)) {
            return LEXER_ERROR;
        }
        if (byte == '.') {
            return LEXER_MANTISSA;
        }
        break; /* no exponent directly behind a lone 0: json-lexer.c has no such transition */
    case LEXER_DIGITS:
        if (is_digit(byte)) {
            return LEXER_DIGITS;
        }
        if (byte == '.' || is_exponent) {
            return byte == '.' ? LEXER_MANTISSA : LEXER_EXPONENT;
        }
        break;
    case LEXER_MANTISSA:
        return is_digit(byte) ? LEXER_MANTISSA_DIGITS : LEXER_ERROR;
    case LEXER_MANTISSA_DIGITS:
        if (is_digit(byte) || is_exponent) {
            return is_exponent ? LEXER_EXPONENT : LEXER_MANTISSA_DIGITS;
        }
        break;
    case LEXER_EXPONENT:
        if (byte == '+' || byte == '-') {
            return LEXER_EXPONENT_SIGN;
        }
        return is_digit(byte) ? LEXER_EXPONENT_DIGITS : LEXER_ERROR;
    case LEXER_EXPONENT_SIGN:
        return is_digit(byte) ? LEXER_EXPONENT_DIGITS : LEXER_ERROR;
    default: /* LEXER_EXPONENT_DIGITS */
        if (is_digit(byte)) {
            return LEXER_EXPONENT_DIGITS;
        }
        break;
    }
    *lookahead = true;
    return LEXER_TOKEN_NUMBER;
}

static enum lexer_state lexer_next(enum lexer_state state, uint8_t byte, bool *lookahead)
{
    switch (state) {
    case LEXER_START:
        return lexer_start(byte);
    case LEXER_RECOVERY:
        if (is_structural(byte) || byte >= 0xFE || (byte < 0x20 && byte != '\t')) {
            *lookahead = true;
            return LEXER_START;
        }
        return LEXER_RECOVERY;
    case LEXER_DOUBLE_QUOTED:
    case LEXER_SINGLE_QUOTED:
        if (byte == (state == LEXER_DOUBLE_QUOTED ? '"' : '\'')) {
            return LEXER_TOKEN_STRING;
        }
        if (byte == '\\') {
            return state + 1; /* the escape state of the same kind of quote */
        }
        return byte >= 0x20 && byte < 0xFE ? state : LEXER_ERROR;
    case LEXER_DOUBLE_QUOTED_ESCAPE:
    case LEXER_SINGLE_QUOTED_ESCAPE:
        return byte >= 0x20 && byte < 0xFE ? state - 1 : LEXER_ERROR;
    case LEXER_KEYWORD:
        if (byte >= 'a' && byte <= 'z') {
            return LEXER_KEYWORD;
        }
        *lookahead = true;
        return LEXER_TOKEN_KEYWORD;
    default:
        return lexer_number(state, byte, lookahead);
    }
}

static bool is_quoted(enum lexer_state state)
{
    return state >= LEXER_DOUBLE_QUOTED && state <= LEXER_SINGLE_QUOTED_ESCAPE;
}

static void token_append(struct framer *framer, const uint8_t *bytes, size_t count)
{
    if (framer->token_length < sizeof(framer->echo)) {
        size_t room = sizeof(framer->echo) - (size_t)framer->token_length;

        memcpy(framer->echo + framer->token_length, bytes, count < room ? count : room);
    }
    framer->token_length += count;
    if (framer->token_length > FRAMER_TOKEN_BYTES_MAX && !framer->refused) {
        framer_refuse(framer, "token size");
    }
}

/* The token as a C string would show it: what qemu-ga prints ends at a NUL byte. */
static int token_echo_length(const struct framer *framer)
{
    size_t length = framer->token_length < FRAMER_ECHO_MAX ? (size_t)framer->token_length
                                                           : FRAMER_ECHO_MAX;
    const char *nul = memchr(framer->echo, '\0', length);

    return (int)(nul == NULL ? length : (size_t)(nul - framer->echo));
}

/* The byte that was taken in `state` has led to `next`: what it means for the token's content. */
static void token_content(struct framer *framer, enum lexer_state state, enum lexer_state next,
                          uint8_t byte)
{
    if (state == LEXER_START) {
        if (is_quoted(next)) {
            string_begin(framer);
        } else if (next != LEXER_START && next != LEXER_ERROR &&
                   next != LEXER_TOKEN_PUNCTUATION && grammar_allows_value(framer)) {
            framer_put(framer, &byte, 1);
        }
    } else if (is_quoted(state)) {
        if (is_quoted(next)) {
            string_byte(framer, byte,
                        state == LEXER_DOUBLE_QUOTED_ESCAPE || state == LEXER_SINGLE_QUOTED_ESCAPE);
        }
    } else if (state != LEXER_RECOVERY && next != LEXER_ERROR) {
        framer_put(framer, &byte, 1);
    }
}

static void token_check_keyword(struct framer *framer)
{
    size_t length = (size_t)token_echo_length(framer);

    if ((length == 4 && memcmp(framer->echo, "true", 4) == 0) ||
        (length == 4 && memcmp(framer->echo, "null", 4) == 0) ||
        (length == 5 && memcmp(framer->echo, "false", 5) == 0)) {
        return;
    }
    framer_fail(framer, "JSON parse error, invalid keyword '%.*s'", (int)length, framer->echo);
}

/* A token is complete, or the lexer is stuck. */
static enum framer_event lexer_emit(struct framer *framer, enum lexer_state token, uint8_t byte)
{
    enum framer_event event;

    if (token == LEXER_ERROR) {
        framer_report(framer, "JSON parse error, stray '%.*s'", token_echo_length(framer),
                      framer->echo);
        framer->discarding = false;
        framer->state = LEXER_RECOVERY;
        event = FRAMER_ERROR;
    } else {
        if (token == LEXER_TOKEN_KEYWORD) {
            token_check_keyword(framer);
        }
        framer->state = LEXER_START;
        event = message_token(framer, token, byte);
    }
    framer->token_length = 0;
    return event;
}

/* The run of plain bytes inside a string, all at once. */
static size_t lexer_plain_run(struct framer *framer, const uint8_t *bytes, size_t count)
{
    uint8_t quote = framer->state == LEXER_DOUBLE_QUOTED ? '"' : '\'';
    size_t run;

    if ((framer->state != LEXER_DOUBLE_QUOTED && framer->state != LEXER_SINGLE_QUOTED) ||
        framer->escape_length != 0 || framer->decoder.missing != 0) {
        return 0;
    }
    run = string_plain_run(bytes, count, quote);
    token_append(framer, bytes, run);
    if (framer->string_is_kept) {
        string_store(framer, bytes, run);
    }
    return run;
}

size_t framer_feed(struct framer *framer, const uint8_t *bytes, size_t count,
                   enum framer_event *event)
{
    size_t i = 0;

    *event = FRAMER_MORE;
    while (i < count && *event == FRAMER_MORE) {
        enum lexer_state state = framer->state;
        enum lexer_state next;
        bool lookahead = false;

        i += lexer_plain_run(framer, bytes + i, count - i);
        if (i == count) {
            break;
        }
        next = lexer_next(state, bytes[i], &lookahead);
        if (!lookahead) {
            token_append(framer, &bytes[i], 1);
            token_content(framer, state, next, bytes[i]);
        }
        if (next > LEXER_KEYWORD) {
            *event = lexer_emit(framer, next, bytes[i]);
        } else {
            framer->state = (uint8_t)next;
            if (next == LEXER_START || next == LEXER_RECOVERY) {
                framer->token_length = 0;
            }
        }
        i += !lookahead;
    }
    return i;
}

/* ---- Life ------------------------------------------------------------------------------ */

void framer_init(struct framer *framer, const struct platform *platform)
{
    memset(framer, 0, sizeof(*framer));
    buffer_init(&framer->text, platform);
    buffer_init(&framer->strings, platform);
    keyset_init(&framer->keys, platform);
    message_begin(framer);
}

void framer_free(struct framer *framer)
{
    buffer_free(&framer->text);
    buffer_free(&framer->strings);
    keyset_free(&framer->keys);
}

void framer_next(struct framer *framer, size_t keep)
{
    buffer_reset(&framer->text, keep);
    buffer_reset(&framer->strings, keep);
    keyset_clear(&framer->keys);
    if (framer->discarding) {
        /* Told; the stores are empty now, and `failed` keeps anything from being stored. */
        return;
    }
    message_begin(framer);
}

void framer_reset(struct framer *framer)
{
    framer->discarding = false;
    framer_next(framer, 0);
    framer->state = LEXER_START;
    framer->token_length = 0;
}
