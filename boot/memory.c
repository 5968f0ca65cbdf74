/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's memory.  A window is a gigabyte of addresses outside the identity map; pages are
 * mapped at its end as the block grows and taken out as it shrinks.  A few stay mapped behind the
 * end for the next time, so that a buffer that grows and shrinks with each request costs nothing.
 */
#include "memory.h"

#include <arch/layout.h>

#include <stdbool.h>
#include <string.h>

#include "pages.h"
#include "platform.h"

/* Pages that stay mapped behind a window's end, and in a window that is free: each that is taken
 * out costs the look-ups of others too, and what somebody needs is taken back anyway. */
#define SPARE_PAGES 1024u
#define RESERVE_MAX 256u
/* Page tables for a range: one per 2 MiB that it touches, and one per level above. */
#define TABLE_PAGES(pages) ((pages) / 512 + 4)

struct window {
    bool taken;
    uint32_t used;   /* pages that the block has */
    uint32_t mapped; /* pages that are there, at least `used` */
};

static struct window windows[LAYOUT_WINDOW_COUNT];
static uint64_t limit;   /* pages that the agent may have */
static uint64_t charged; /* pages that it has */
static uint64_t reserve; /* free pages that it leaves alone */

void memory_init(uint64_t limit_bytes)
{
    uint64_t now = pages_free_count();
    reserve = now / 8 < RESERVE_MAX ? now / 8 : RESERVE_MAX;
    limit = limit_bytes ? limit_bytes / PAGE_SIZE : UINT64_MAX;
}

static uintptr_t window_address(const struct window *window)
{
    return LAYOUT_WINDOW_BASE + (uintptr_t)(window - windows) * LAYOUT_WINDOW_SIZE;
}

static struct window *window_of(const void *block)
{
    return (uintptr_t)block < LAYOUT_WINDOW_BASE
               ? NULL
               : &windows[((uintptr_t)block - LAYOUT_WINDOW_BASE) / LAYOUT_WINDOW_SIZE];
}

/* Takes out pages from the end until `pages` are left. */
static void window_unmap(struct window *window, uint32_t pages)
{
    while (window->mapped > pages) {
        window->mapped--;
        page_free(
            paging_unmap_window(window_address(window) + (uintptr_t)window->mapped * PAGE_SIZE));
    }
}

/* Gives back every page that no block has. */
static void windows_trim(void)
{
    for (struct window *w = windows; w < windows + LAYOUT_WINDOW_COUNT; w++)
        window_unmap(w, w->taken ? w->used : 0);
}

/* Whether the agent may have `pages` more, which take `tables` pages of tables. */
static bool affordable(uint64_t pages, uint64_t tables)
{
    if (pages > limit - charged)
        return false;
    if (pages_free_count() >= reserve + pages + tables)
        return true;
    windows_trim();
    return pages_free_count() >= reserve + pages + tables;
}

static bool window_map(struct window *window, uint32_t pages)
{
    while (window->mapped < pages) {
        uintptr_t at = window_address(window) + (uintptr_t)window->mapped * PAGE_SIZE;
        void *page = page_alloc();
        if (!page || paging_map_window(at, page)) {
            page_free(page);
            return false;
        }
        window->mapped++;
    }
    return true;
}

static bool window_resize(struct window *window, uint32_t pages)
{
    uint32_t before = window->used;
    if (pages > before) {
        uint32_t missing = pages > window->mapped ? pages - window->mapped : 0;
        if (!affordable(pages - before, missing ? TABLE_PAGES(missing) : 0) ||
            !window_map(window, pages)) {
            window_unmap(window, before);
            return false;
        }
    }
    charged = charged - before + pages;
    window->used = pages;
    if (window->mapped > pages + SPARE_PAGES)
        window_unmap(window, pages + SPARE_PAGES);
    return true;
}

/* A free window, one with spare pages if there is any. */
static struct window *window_find(void)
{
    struct window *found = NULL;
    for (struct window *w = windows; w < windows + LAYOUT_WINDOW_COUNT; w++)
        if (!w->taken && (!found || w->mapped > found->mapped))
            found = w;
    return found;
}

static void *window_take(uint32_t pages)
{
    struct window *window = window_find();
    if (!window || !window_resize(window, pages))
        return NULL;
    window->taken = true;
    return (void *)window_address(window);
}

static void window_release(struct window *window)
{
    window_resize(window, 0);
    window->taken = false;
}

void *memory_page_alloc(void *ctx)
{
    (void)ctx;
    if (!affordable(1, 0))
        return NULL;
    void *page = page_alloc();
    if (page)
        charged++;
    return page;
}

void memory_page_free(void *ctx, void *page)
{
    (void)ctx;
    if (!page)
        return;
    charged--;
    page_free(page);
}

static void block_free(void *block)
{
    struct window *window = window_of(block);
    if (window)
        window_release(window);
    else
        memory_page_free(NULL, block);
}

void *memory_resize(void *ctx, void *block, size_t old_size, size_t new_size)
{
    struct window *window = window_of(block);
    if (!new_size) {
        block_free(block);
        return NULL;
    }
    if (new_size > LAYOUT_WINDOW_SIZE)
        return NULL;
    uint32_t pages = (uint32_t)((new_size + PAGE_SIZE - 1) / PAGE_SIZE);
    if (window)
        return window_resize(window, pages) ? block : NULL;
    if (pages == 1)
        return block ? block : memory_page_alloc(ctx);
    void *larger = window_take(pages);
    if (larger && block) {
        /* The one copy in a block's life: out of its single page into a window. */
        memcpy(larger, block, old_size);
        memory_page_free(ctx, block);
    }
    return larger;
}

uint64_t memory_free(void *ctx)
{
    (void)ctx;
    uint64_t left = limit - charged;
    uint64_t spare = 0;
    for (const struct window *w = windows; w < windows + LAYOUT_WINDOW_COUNT; w++)
        spare += w->mapped - w->used;
    uint64_t available = pages_free_count() + spare;
    available = available > reserve ? available - reserve : 0;
    return (left < available ? left : available) * PAGE_SIZE;
}

uint64_t memory_total(void *ctx)
{
    (void)ctx;
    uint64_t most = pages_total_count() - reserve;
    return (limit < most ? limit : most) * PAGE_SIZE;
}
