/* SPDX-License-Identifier: BSD-2-Clause */
/* A small set of address ranges, kept sorted, disjoint and page-aligned. */
#include "regions.h"

#include <stdbool.h>

#define PAGE_MASK UINT64_C(4095)

/* The end of a range, cut at the end of all addresses: a memory map's size may be nonsense. */
static uint64_t range_end(uint64_t base, uint64_t size)
{
    return size > REGIONS_ADDRESS_END - base ? REGIONS_ADDRESS_END : base + size;
}

static void item_delete(struct regions *regions, unsigned int at)
{
    regions->count--;
    for (unsigned int i = at; i < regions->count; i++)
        regions->items[i] = regions->items[i + 1];
}

static bool item_insert(struct regions *regions, unsigned int at, uint64_t base, uint64_t end)
{
    if (regions->count == REGIONS_MAX)
        return false;
    for (unsigned int i = regions->count; i > at; i--)
        regions->items[i] = regions->items[i - 1];
    regions->items[at] = (struct region){.base = base, .size = end - base};
    regions->count++;
    return true;
}

void regions_add(struct regions *regions, uint64_t base, uint64_t size)
{
    if (base >= REGIONS_ADDRESS_END)
        return;
    uint64_t end = range_end(base, size) & ~PAGE_MASK;
    base = (base + PAGE_MASK) & ~PAGE_MASK;
    if (base >= end)
        return;
    /* Swallow everything that touches the new range, then put the union in its place. */
    unsigned int i = 0;
    while (i < regions->count) {
        struct region item = regions->items[i];
        if (item.base + item.size < base) {
            i++;
            continue;
        }
        if (item.base > end)
            break;
        if (item.base < base)
            base = item.base;
        if (item.base + item.size > end)
            end = item.base + item.size;
        item_delete(regions, i);
    }
    item_insert(regions, i, base, end);
}

void regions_remove(struct regions *regions, uint64_t base, uint64_t size)
{
    if (!size || base >= REGIONS_ADDRESS_END)
        return;
    uint64_t end = (range_end(base, size) + PAGE_MASK) & ~PAGE_MASK;
    base &= ~PAGE_MASK;
    unsigned int i = 0;
    while (i < regions->count) {
        uint64_t item_base = regions->items[i].base;
        uint64_t item_end = item_base + regions->items[i].size;
        if (item_end <= base || item_base >= end) {
            i++;
            continue;
        }
        item_delete(regions, i);
        if (item_base < base && item_insert(regions, i, item_base, base))
            i++;
        if (item_end > end && item_insert(regions, i, end, item_end))
            i++;
    }
}

uint64_t regions_total(const struct regions *regions)
{
    uint64_t total = 0;
    for (unsigned int i = 0; i < regions->count; i++)
        total += regions->items[i].size;
    return total;
}
