/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Base64 (RFC 4648 §4) as qemu-ga takes and gives it.  Output is padded and has no newlines.
 * Input is judged as util/base64.c and GLib's g_base64_decode_step() do together: the alphabet,
 * '=' and newline are allowed anywhere, anything else makes the whole input invalid; symbols
 * count four at a time, '=' as zero, and an incomplete last group is dropped.
 */
#ifndef AGENT_BASE64_H
#define AGENT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform.h"

/* Most bytes that `length` characters can decode to. */
#define BASE64_DECODED_MAX(length) ((length) / 4 * 3)
/* Characters that `count` bytes encode to. */
#define BASE64_ENCODED(count) (((count) + 2) / 3 * 4)

/*
 * Tables that make bulk work take one look-up for two bytes or characters; without them it works
 * too, more slowly.
 */
struct base64_tables;

/* Makes the tables, or returns NULL if memory is short. */
struct base64_tables *base64_tables_create(const struct platform *platform);
/* Gives the tables back.  NULL is nothing. */
void base64_tables_destroy(struct base64_tables *tables, const struct platform *platform);

/* Encodes `count` bytes to BASE64_ENCODED(count) characters; `tables` may be NULL. */
void base64_encode(const struct base64_tables *tables, const uint8_t *bytes, size_t count,
                   uint8_t *characters);

/* Decoding in pieces: where in a group of four it stands, and what did not fit yet. */
struct base64_decoder {
    const struct base64_tables *tables;
    const char *input;
    size_t length;
    uint32_t group;
    uint8_t symbols;    /* of the current group */
    uint8_t last[2];    /* whether the last symbols were '=' */
    uint8_t pending[3]; /* decoded bytes that did not fit in the room */
    uint8_t pending_count;
};

/* Ready to decode `length` characters at `input`; `tables` may be NULL. */
void base64_decoder_init(struct base64_decoder *decoder, const struct base64_tables *tables,
                         const char *input, size_t length);
/*
 * Decodes up to `room` bytes.  Returns their number, less than `room` only at the end of the
 * input, or -EINVAL at a character outside the alphabet.
 */
int64_t base64_decode(struct base64_decoder *decoder, uint8_t *bytes, size_t room);
/* Bytes that the whole input decodes to, or -EINVAL. */
int64_t base64_decoded_length(const char *input, size_t length);

#endif
