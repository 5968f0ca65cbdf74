/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three machines, one inside the other: the lexer cuts bytes into tokens, the streamer counts
 * brackets to find the end of a message, the grammar (framer_grammar.c, framer_string.c) checks
 * that the tokens make sense.  The first two are those of qemu-ga, whose quirks clients can see:
 * which byte resets it, how many replies a broken message gets.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framer_parts.h"

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

static void framer_set_error(struct framer *framer, const char *format, va_list arguments)
{
    int length = vsnprintf(framer->error, sizeof(framer->error), format, arguments);

    framer->error_length = length < 0 ? 0 : (size_t)length;
    if (framer->error_length >= sizeof(framer->error)) {
        framer->error_length = sizeof(framer->error) - 1;
    }
    framer->failed = true;
}

void framer_report(struct framer *framer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    framer_set_error(framer, format, arguments);
    va_end(arguments);
}

void framer_fail(struct framer *framer, const char *format, ...)
{
    va_list arguments;

    if (framer->failed) {
        return;
    }
    va_start(arguments, format);
    framer_set_error(framer, format, arguments);
    va_end(arguments);
}

void framer_out_of_memory(struct framer *framer)
{
    if (!framer->failed) {
        framer_report(framer, "JSON token size limit exceeded");
        framer->refused = true;
    }
}

void framer_put(struct framer *framer, const void *bytes, size_t count)
{
    if (!framer->failed && buffer_append(&framer->text, bytes, count) < 0) {
        framer_out_of_memory(framer);
    }
}

/* ---- The streamer ---------------------------------------------------------------------- */

static void message_begin(struct framer *framer)
{
    framer->brace_count = 0;
    framer->bracket_count = 0;
    framer->message_tokens = 0;
    framer->message_bytes = 0;
    grammar_begin(framer);
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
        grammar_string(framer);
    } else if (token == LEXER_TOKEN_PUNCTUATION) {
        grammar_punctuation(framer, byte);
    } else {
        grammar_scalar(framer);
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
        /* What is left of a message that is too large is read as new ones, as qemu-ga does. */
        if (framer->message_bytes + 1 > FRAMER_TOKEN_BYTES_MAX) {
            framer_report(framer, "JSON token size limit exceeded");
            return FRAMER_ERROR;
        }
        if (framer->message_tokens > FRAMER_TOKEN_COUNT_MAX) {
            framer_report(framer, "JSON token count limit exceeded");
            return FRAMER_ERROR;
        }
        if (framer->brace_count + framer->bracket_count > FRAMER_NESTING_MAX) {
            framer_report(framer, "JSON nesting depth limit exceeded");
            return FRAMER_ERROR;
        }
        message_grammar(framer, token, byte);
    }
    if ((framer->brace_count > 0 || framer->bracket_count > 0) && framer->brace_count >= 0 &&
        framer->bracket_count >= 0) {
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
}

/* The token as a C string would show it: what qemu-ga prints ends at a NUL byte. */
static int token_echo_length(const struct framer *framer)
{
    size_t length =
        framer->token_length < FRAMER_ECHO_MAX ? (size_t)framer->token_length : FRAMER_ECHO_MAX;
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
        } else if (next != LEXER_START && next != LEXER_ERROR && next != LEXER_TOKEN_PUNCTUATION &&
                   grammar_allows_value(framer)) {
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
    size_t run;

    if (framer->state != LEXER_DOUBLE_QUOTED && framer->state != LEXER_SINGLE_QUOTED) {
        return 0;
    }
    /* Not past the byte that makes the token too large. */
    if (count > FRAMER_TOKEN_BYTES_MAX + 1 - framer->token_length) {
        count = (size_t)(FRAMER_TOKEN_BYTES_MAX + 1 - framer->token_length);
    }
    run = string_plain_run(framer, bytes, count, framer->state == LEXER_DOUBLE_QUOTED ? '"' : '\'');
    token_append(framer, bytes, run);
    return run;
}

/* What goes beyond a limit in the middle of a token is told at once. */
static enum framer_event lexer_check_limits(struct framer *framer)
{
    if (framer->token_length > FRAMER_TOKEN_BYTES_MAX) {
        framer_report(framer, "JSON token size limit exceeded");
        framer->discarding = false;
        framer->state = LEXER_START;
        framer->token_length = 0;
        return FRAMER_ERROR;
    }
    if (framer->refused && !framer->discarding) {
        framer->discarding = true;
        return FRAMER_ERROR;
    }
    return FRAMER_MORE;
}

/* One byte; returns whether it was taken, for it may only end the token before it. */
static bool lexer_byte(struct framer *framer, uint8_t byte, enum framer_event *event)
{
    enum lexer_state state = framer->state;
    bool lookahead = false;
    enum lexer_state next = lexer_next(state, byte, &lookahead);

    if (!lookahead) {
        token_append(framer, &byte, 1);
        token_content(framer, state, next, byte);
    }
    if (next > LEXER_KEYWORD) {
        *event = lexer_emit(framer, next, byte);
    } else {
        framer->state = (uint8_t)next;
        if (next == LEXER_START || next == LEXER_RECOVERY) {
            framer->token_length = 0;
        }
    }
    return !lookahead;
}

size_t framer_feed(struct framer *framer, const uint8_t *bytes, size_t count,
                   enum framer_event *event)
{
    size_t i = 0;

    *event = FRAMER_MORE;
    while (i < count && *event == FRAMER_MORE) {
        size_t run = lexer_plain_run(framer, bytes + i, count - i);

        i += run;
        if (run == 0) {
            i += lexer_byte(framer, bytes[i], event);
        }
        if (*event == FRAMER_MORE) {
            *event = lexer_check_limits(framer);
        }
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

bool framer_is_idle(const struct framer *framer)
{
    return framer->state == LEXER_START && framer->message_tokens == 0;
}

void framer_reset(struct framer *framer)
{
    framer->discarding = false;
    framer_next(framer, 0);
    framer->state = LEXER_START;
    framer->token_length = 0;
}
