/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's memory: pages under a byte budget that leaves the kernel what it needs itself, and
 * blocks that grow without being copied because pages are mapped behind them.  The functions with
 * a `ctx`, which they ignore, are entries of struct platform (agent/platform.h).
 */
#ifndef BOOT_MEMORY_H
#define BOOT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fixes the budget: `limit_bytes`, or with 0 all RAM; in both cases the last free pages stay for
 * the kernel itself (an eighth of what is free now, 1 MiB at most).
 */
void memory_init(uint64_t limit_bytes);

/* struct platform's memory, under the budget (agent/platform.h). */
void *memory_page_alloc(void *ctx);
void memory_page_free(void *ctx, void *page);
/* A block is a single page or has a window of addresses of its own, 1 GiB long. */
void *memory_resize(void *ctx, void *block, size_t old_size, size_t new_size);
uint64_t memory_free(void *ctx);
uint64_t memory_total(void *ctx);

#endif
