/* SPDX-License-Identifier: BSD-2-Clause */
/* A run of bytes that grows at its end, in memory from the platform. */
#ifndef AGENT_BUFFER_H
#define AGENT_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "platform.h"

struct buffer {
    const struct platform *platform;
    uint8_t *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes there are */
};

/* Empty, without memory of its own until something is put in. */
void buffer_init(struct buffer *buffer, const struct platform *platform);
/* Gives its memory back; it is empty then and can be used again. */
void buffer_free(struct buffer *buffer);
/*
 * Makes room for `extra` more bytes behind the used ones; data may move.  Returns 0 or -ENOMEM,
 * and then nothing has changed.
 */
int buffer_reserve(struct buffer *buffer, size_t extra);
/* Appends `count` bytes; 0 or -ENOMEM. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t count);
/* Empties the buffer and gives back what it has beyond `keep` bytes of capacity. */
void buffer_reset(struct buffer *buffer, size_t keep);

#endif
