/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent needs from the machine or the process that it runs in.  The table is passed to
 * agent_init(); the agent reaches for nothing else but libc's string functions and snprintf.
 * Every function takes the table's own `ctx`.
 */
#ifndef AGENT_PLATFORM_H
#define AGENT_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network.h"

/* The unit of file storage, and what page_alloc() gives. */
#define PLATFORM_PAGE_SIZE 4096u

/* The three modes of guest-shutdown (QAPI, guest-shutdown @mode). */
enum platform_power { PLATFORM_POWERDOWN, PLATFORM_HALT, PLATFORM_REBOOT };

struct platform {
    void *ctx;
    /* One page of PLATFORM_PAGE_SIZE bytes, aligned to its size, content undefined; NULL when
     * the byte budget is used up. */
    void *(*page_alloc)(void *ctx);
    void (*page_free)(void *ctx, void *page);
    /*
     * Grows, shrinks or frees a block that is contiguous in the agent's addresses.  `block` is
     * NULL and `old_size` 0 for a new block; `new_size` 0 frees and returns NULL.  The content up
     * to the smaller size stays; the block may move.  Returns NULL when it does not fit, and then
     * the old block is untouched.  Costs time linear in the bytes that are added at most, so that
     * growing step by step stays linear (the kernel maps pages, it never copies).
     */
    void *(*resize)(void *ctx, void *block, size_t old_size, size_t new_size);
    /* Bytes that page_alloc() could still give, and the whole budget. */
    uint64_t (*memory_free)(void *ctx);
    uint64_t (*memory_total)(void *ctx);
    /* Nanoseconds since 1970-01-01 UTC (guest-get-time). */
    int64_t (*realtime_ns)(void *ctx);
    /* Nanoseconds since start, never backwards. */
    uint64_t (*monotonic_ns)(void *ctx);
    /*
     * Fills `bytes` bytes that nobody can foretell.  Returns 0, or -ENODEV on a machine without a
     * source of them; what the buffer holds then means nothing.
     */
    int (*random)(void *ctx, void *buffer, size_t bytes);
    /*
     * Starts a shutdown; may return before it takes effect, 0, or a negative value if the machine
     * has no way to do it.
     */
    int (*power)(void *ctx, enum platform_power mode);
    const struct platform_network *network; /* NULL: the machine has none */
    /* One line of the log, without a newline. */
    void (*log)(void *ctx, const char *line);
};

#endif
