/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The "modified UTF-8" of QEMU's util/unicode.c: U+0000 is C0 80, so that every string can end
 * with a NUL; surrogates, noncharacters and overlong forms are invalid.
 */
#ifndef AGENT_UNICODE_H
#define AGENT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest valid sequence. */
#define UNICODE_SEQUENCE_MAX 4u

/* Whether `codepoint` is a scalar value that is a character. */
bool unicode_is_valid(uint32_t codepoint);
/* Writes `codepoint`, which must be valid, to `bytes`; returns 1 to 4. */
size_t unicode_encode(uint32_t codepoint, uint8_t bytes[UNICODE_SEQUENCE_MAX]);

/* A sequence that is being decoded byte by byte. */
struct unicode_decoder {
    uint32_t codepoint;
    uint32_t minimum; /* smallest code point that may use this many bytes */
    uint8_t missing;  /* continuation bytes still to come; 0 between sequences */
};

enum unicode_result {
    UNICODE_MORE,    /* the byte was taken, the sequence goes on */
    UNICODE_DONE,    /* the byte completed a valid code point, now in decoder->codepoint */
    UNICODE_INVALID, /* the byte was taken and the sequence is invalid */
    UNICODE_BROKEN,  /* the sequence ended too early; the byte was not taken */
};

/* Takes one byte.  After anything but UNICODE_MORE the decoder is ready for a new sequence. */
enum unicode_result unicode_decode(struct unicode_decoder *decoder, uint8_t byte);

#endif
