/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a stream of bytes to whole JSON documents.  Every byte is looked at once, whatever the
 * boundaries of the pieces it came in, and only well-formed documents come out: the framer finds
 * the end of each, enforces the grammar, UTF-8, duplicate keys and the limits, and answers the
 * rest with the error that qemu-ga 10.0 gives (qobject/json-lexer.c, json-streamer.c,
 * json-parser.c: the dialect has 'single quotes', and the limits are theirs).
 *
 * A finished document is handed on in a form that a tokenizer can trust: `text` is plain JSON
 * without white space in which every string is replaced by "OFFSET:LENGTH", two hexadecimal
 * numbers that point at its decoded bytes in `strings`.  So nothing after the framer has to
 * know about quotes, escapes, encodings or NUL bytes, and a file's worth of base64 is copied
 * once and never scanned again.
 */
#ifndef AGENT_FRAMER_H
#define AGENT_FRAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "keyset.h"
#include "unicode.h"

/* qobject/json-streamer.c: MAX_NESTING, MAX_TOKEN_COUNT, MAX_TOKEN_SIZE. */
#define FRAMER_NESTING_MAX     1024
#define FRAMER_TOKEN_COUNT_MAX (2u << 20)
#define FRAMER_TOKEN_BYTES_MAX ((uint64_t)64 << 20)

/* How much of an offending token an error message repeats. */
#define FRAMER_ECHO_MAX  1024
#define FRAMER_ERROR_MAX (FRAMER_ECHO_MAX + 80)
/* "\uXXXX\uXXXX" */
#define FRAMER_ESCAPE_MAX 12

enum framer_event {
    FRAMER_MORE,     /* all bytes were taken and no document is complete */
    FRAMER_DOCUMENT, /* text and strings hold one JSON object */
    FRAMER_ERROR,    /* error holds a message for the host */
};

enum framer_container { FRAMER_OBJECT, FRAMER_ARRAY };

/* An open object or array. */
struct framer_level {
    struct keyset_key key; /* of the member whose value comes next; key.object is this object */
    uint8_t container;     /* enum framer_container */
    bool in_key_position;  /* it stands where a key should */
};

struct framer {
    struct buffer text;
    struct buffer strings;
    uint32_t token_count; /* tokens as jsmn will count them: containers, keys and values */

    /* The lexer: its state and the token being read. */
    uint8_t state;
    uint64_t token_length;
    char echo[FRAMER_ECHO_MAX]; /* the token's first bytes */

    /* The string being read. */
    bool string_is_kept;
    size_t string_start;
    uint8_t escape_length; /* raw bytes in `escape`, 0 outside a \u sequence */
    bool escape_is_bad;
    uint8_t escape[FRAMER_ESCAPE_MAX];
    struct unicode_decoder decoder;

    /* The message so far, as json-streamer.c counts it. */
    int brace_count;
    int bracket_count;
    uint32_t message_tokens;
    uint64_t message_bytes;
    bool refused;    /* it is too long; told when its current token ends */
    bool discarding; /* that was told; the rest up to balance is skipped */

    /* The grammar. */
    uint8_t expect;
    int depth;
    uint32_t object_count;
    bool top_is_object;
    struct keyset keys;
    struct framer_level levels[FRAMER_NESTING_MAX];

    bool failed; /* `error` is set: the first error of this message */
    size_t error_length;
    char error[FRAMER_ERROR_MAX];
};

/* Between two documents, without memory until one begins. */
void framer_init(struct framer *framer, const struct platform *platform);
void framer_free(struct framer *framer);
/*
 * Takes bytes up to the first event and returns how many, at most `count`.  After
 * FRAMER_DOCUMENT or FRAMER_ERROR the result stays until framer_next().
 */
size_t framer_feed(struct framer *framer, const uint8_t *bytes, size_t count,
                   enum framer_event *event);
/* Makes ready for the next document.  `keep` is how many bytes of each store to hold on to. */
void framer_next(struct framer *framer, size_t keep);
/* Whether nothing of a document has been read yet; white space is nothing. */
bool framer_is_idle(const struct framer *framer);
/* Forgets everything that was read, as when the host end of the channel closes. */
void framer_reset(struct framer *framer);

#endif
