/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page allocator.  A frontier moves through the regions once; pages that come back are chained
 * through themselves in both directions, so that a search for several pages in a row can take
 * single ones out of the middle.  One bit per page says whether it is on that chain; words of the
 * bitmap are cleared when the frontier reaches them, so start-up touches none of them.
 */
#include "pages.h"

#include <errno.h>
#include <stdbool.h>

#include "regions.h"

#define WORD_BITS 64u

struct free_page {
    struct free_page *next;
    struct free_page *previous;
};

static struct regions regions;
/* The frontier: pages from here to the end of this region, and all later regions, are untouched. */
static unsigned int frontier_region;
static uint64_t frontier;
static uint64_t *bitmap;
/* Words from here on hold garbage. */
static uint64_t bitmap_words_clear;
static struct free_page *free_list;
static uint64_t free_count;
static uint64_t total_count;

static uint64_t frame_of(const void *page)
{
    return (uintptr_t)page >> PAGE_SHIFT;
}

static bool bit_test(uint64_t frame)
{
    return bitmap[frame / WORD_BITS] >> frame % WORD_BITS & 1;
}

static void bit_flip(uint64_t frame)
{
    bitmap[frame / WORD_BITS] ^= UINT64_C(1) << frame % WORD_BITS;
}

static uint64_t region_end(unsigned int i)
{
    return regions.items[i].base + regions.items[i].size;
}

/* Makes the bitmap valid for all frames below `end`. */
static void bitmap_cover(uint64_t end)
{
    uint64_t words = ((end >> PAGE_SHIFT) + WORD_BITS - 1) / WORD_BITS;
    while (bitmap_words_clear < words)
        bitmap[bitmap_words_clear++] = 0;
}

/* Puts the bitmap at the start of the first region that has room for it. */
static int bitmap_place(uint64_t address_end)
{
    uint64_t frames = address_end >> PAGE_SHIFT;
    uint64_t bytes = (frames + WORD_BITS - 1) / WORD_BITS * sizeof *bitmap;
    bytes = (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    for (unsigned int i = 0; i < regions.count; i++) {
        struct region *region = &regions.items[i];
        if (region->size <= bytes)
            continue;
        bitmap = (uint64_t *)(uintptr_t)region->base;
        region->base += bytes;
        region->size -= bytes;
        return 0;
    }
    return -ENOMEM;
}

int pages_init(const struct regions *ram, uint64_t address_end)
{
    regions = *ram;
    free_list = NULL;
    free_count = 0;
    bitmap_words_clear = 0;
    if (!regions.count || bitmap_place(address_end))
        return -ENOMEM;
    frontier_region = 0;
    frontier = regions.items[0].base;
    free_count = regions_total(&regions) >> PAGE_SHIFT;
    total_count = free_count;
    return 0;
}

/* The first region from the frontier on that has so many untouched bytes; regions.count if none. */
static unsigned int frontier_find(uint64_t bytes)
{
    unsigned int i = frontier_region;
    if (region_end(i) - frontier >= bytes)
        return i;
    while (++i < regions.count && regions.items[i].size < bytes)
        ;
    return i;
}

/* Moves the frontier over `count` pages of one region, NULL if none has them.  The rest of a
 * region that is left goes to the free list: fewer than `count` pages each. */
static void *frontier_take(size_t count)
{
    uint64_t bytes = (uint64_t)count << PAGE_SHIFT;
    unsigned int target = frontier_find(bytes);
    if (target == regions.count)
        return NULL;
    while (frontier_region < target) {
        uint64_t end = region_end(frontier_region);
        bitmap_cover(end);
        free_count -= (end - frontier) >> PAGE_SHIFT;
        for (; frontier < end; frontier += PAGE_SIZE)
            page_free((void *)(uintptr_t)frontier);
        frontier_region++;
        frontier = regions.items[frontier_region].base;
    }
    void *first = (void *)(uintptr_t)frontier;
    frontier += bytes;
    bitmap_cover(frontier);
    return first;
}

static void list_remove(struct free_page *page)
{
    if (page->previous)
        page->previous->next = page->next;
    else
        free_list = page->next;
    if (page->next)
        page->next->previous = page->previous;
    bit_flip(frame_of(page));
}

void *page_alloc(void)
{
    void *page = free_list;
    if (page)
        list_remove(page);
    else
        page = frontier_take(1);
    if (page)
        free_count--;
    return page;
}

void page_free(void *memory)
{
    struct free_page *page = memory;
    if (!page)
        return;
    page->previous = NULL;
    page->next = free_list;
    if (free_list)
        free_list->previous = page;
    free_list = page;
    bit_flip(frame_of(page));
    free_count++;
}

/* Looks for `count` pages in a row on the free list; only frames behind the frontier are there. */
static void *find_run(size_t count)
{
    size_t run = 0;
    uint64_t frames = frontier >> PAGE_SHIFT;
    for (uint64_t frame = 0; frame < frames; frame++) {
        if (frame % WORD_BITS == 0 && !bitmap[frame / WORD_BITS]) {
            frame += WORD_BITS - 1;
            run = 0;
            continue;
        }
        run = bit_test(frame) ? run + 1 : 0;
        if (run == count)
            return (void *)(uintptr_t)((frame + 1 - count) << PAGE_SHIFT);
    }
    return NULL;
}

void *pages_alloc(size_t count)
{
    if (count == 0 || count > free_count)
        return NULL;
    uint8_t *first = frontier_take(count);
    if (!first) {
        first = find_run(count);
        for (size_t i = 0; first && i < count; i++)
            list_remove((struct free_page *)(void *)(first + i * PAGE_SIZE));
    }
    if (first)
        free_count -= count;
    return first;
}

void pages_free(void *first, size_t count)
{
    for (size_t i = count; first && i > 0; i--)
        page_free((uint8_t *)first + (i - 1) * PAGE_SIZE);
}

void pages_release(uint64_t base, uint64_t size)
{
    total_count += size >> PAGE_SHIFT;
    if (base >= frontier) {
        /* Ahead of the frontier: it will come by. */
        uint64_t before = regions_total(&regions);
        regions_add(&regions, base, size);
        free_count += (regions_total(&regions) - before) >> PAGE_SHIFT;
        return;
    }
    pages_free((void *)(uintptr_t)base, size >> PAGE_SHIFT);
}

uint64_t pages_free_count(void)
{
    return free_count;
}

uint64_t pages_total_count(void)
{
    return total_count;
}
