/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regular expressions, basic and extended (POSIX.1-2017 XBD §9), without back-references.  All
 * ways through the expression are followed at once, so a byte costs no more than its length.
 */
#ifndef AGENT_REGEX_H
#define AGENT_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define REGEX_EXTENDED 1u /* "+", "?", "|", "(" and "{" without backslashes */
#define REGEX_FIXED    2u /* no byte is special */
#define REGEX_NO_CASE  4u
#define REGEX_LINE     8u  /* it has to match all of the text */
#define REGEX_WORD     16u /* it has to match whole words */

struct regex {
    struct buffer program; /* of struct regex_op */
    struct buffer sets;    /* 32 bytes each: a bit for each byte */
    struct buffer states;  /* two lists of places in the program, and marks */
    unsigned flags;
    uint32_t count; /* places in the list in use */
    int before;     /* the byte before, -1 at the start */
    bool matched;
};

/* To be compiled before anything else; regex_free() is due at the end whatever comes. */
void regex_init(struct regex *regex, const struct platform *platform);
void regex_free(struct regex *regex);
/*
 * Adds an alternative; NULL, or what is wrong with it ("" stands for want of memory).
 */
const char *regex_add(struct regex *regex, const char *pattern, unsigned flags);
/* Ready for matching; 0 or -ENOMEM. */
int regex_compile(struct regex *regex);
/* Starts with a new text, takes bytes of it, ends it: whether anything in it matches. */
void regex_begin(struct regex *regex);
void regex_feed(struct regex *regex, const uint8_t *bytes, size_t count);
bool regex_end(struct regex *regex);

#endif
