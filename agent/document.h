/* SPDX-License-Identifier: BSD-2-Clause */
/* A JSON object that outlives the request or the file it came from. */
#ifndef AGENT_DOCUMENT_H
#define AGENT_DOCUMENT_H

#include <stddef.h>

#include "buffer.h"
#include "json.h"

struct reply;

struct document {
    struct buffer text;
    struct buffer strings;
    struct json json; /* points into the two */
};

/* Without a document; document_free() is due at the end whatever comes. */
void document_init(struct document *document, const struct platform *platform);
void document_free(struct document *document);
/*
 * Reads the one JSON object that `size` bytes at `bytes` hold, in the dialect of requests.
 * Returns 0, or a negative errno value with the error set in `reply` and the document empty.
 */
int document_read(struct document *document, const void *bytes, size_t size, struct reply *reply);
/* A copy of all of `json`, with the same tokens.  0, or -ENOMEM and the document is empty. */
int document_copy(struct document *document, const struct json *json);

#endif
