/* SPDX-License-Identifier: BSD-2-Clause */
/* The framer's three machines, as they see each other; everybody else uses framer.h. */
#ifndef AGENT_FRAMER_PARTS_H
#define AGENT_FRAMER_PARTS_H

#include "framer.h"

/* An error that replaces whatever was found before; printf-like. */
void framer_report(struct framer *framer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An error of the parser: the first one in a message counts, and it is told at its end. */
void framer_fail(struct framer *framer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * The message does not fit in this guest's memory.  It is refused with the words that qemu-ga has
 * for one that is too long for anybody, and the rest of it is skipped.
 */
void framer_out_of_memory(struct framer *framer);
/* Appends to the document's text, unless the message has failed. */
void framer_put(struct framer *framer, const void *bytes, size_t count);

/* Whether a value or key may begin here; if not, the message has failed. */
bool grammar_allows_value(struct framer *framer);
/* Tokens, in the order of the stream: { [ } ] , : */
void grammar_punctuation(struct framer *framer, uint8_t byte);
/* A number or keyword, whose text is in place. */
void grammar_scalar(struct framer *framer);
/* A string, whose decoded bytes are in place. */
void grammar_string(struct framer *framer);
/* Ready for a new document. */
void grammar_begin(struct framer *framer);

/* A string begins, goes on by a byte as the host wrote it, ends at `quote`. */
void string_begin(struct framer *framer);
void string_byte(struct framer *framer, uint8_t byte, bool after_backslash);
void string_end(struct framer *framer, uint8_t quote);
/*
 * Takes the run of bytes at `bytes` that need no attention inside a string quoted with `quote`;
 * returns its length, maybe 0.
 */
size_t string_plain_run(struct framer *framer, const uint8_t *bytes, size_t count, uint8_t quote);

#endif
