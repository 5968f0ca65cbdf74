/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is taken in small pieces and given back all at once. */
#ifndef AGENT_ARENA_H
#define AGENT_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "platform.h"

struct arena_block;

struct arena {
    const struct platform *platform;
    struct arena_block *blocks; /* the latest first */
    uint8_t *at;                /* what is free in the block in use */
    size_t left;
};

/* Without memory until the first piece is asked for. */
void arena_init(struct arena *arena, const struct platform *platform);
/* Gives everything back. */
void arena_free(struct arena *arena);
/* The same, but keeps a page for what comes next. */
void arena_reset(struct arena *arena);
/* `size` bytes of zeros, aligned for anything; NULL if memory does not suffice. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy of `length` bytes with a NUL behind them; NULL if memory does not suffice. */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

#endif
