/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables of 512 entries a page, as <arch/page_table.h> spells their entries: RAM one to one
 * in pages as large as fit, the image in 4 KiB pages with the rights of its segments, windows of
 * memory that grows, and device memory when a driver asks for it.  Tables are pages like any
 * other, reached through the identity map.
 */
#include <arch/layout.h>
#include <arch/page_table.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "boot/pages.h"
#include "boot/platform.h"
#include "boot/regions.h"
#include "virt.h"

#define ENTRIES 512u

extern uint8_t image_start[], image_end[], text_start[], text_end[], rodata_start[], rodata_end[];
extern uint8_t stack_main_guard[], stack_trap_guard[], stack_fault_guard[];

static uint64_t *root;
static bool in_use;

/* --- entries, whose bits are the architecture's ----------------------------------------------- */

static uint64_t leaf_entry(uint64_t physical, unsigned int level, uint64_t rights)
{
    return physical >> PTE_ADDRESS_SHIFT | rights | (level == 1 ? PTE_SMALL : 0);
}

static uint64_t pointer_entry(const uint64_t *table)
{
    return (uintptr_t)table >> PTE_ADDRESS_SHIFT | PTE_POINTER;
}

static uint64_t entry_address(uint64_t entry)
{
    return (entry & PTE_ADDRESS) << PTE_ADDRESS_SHIFT;
}

static bool is_present(uint64_t entry)
{
    return (entry & PTE_VALID) != 0;
}

static bool is_leaf(uint64_t entry, unsigned int level)
{
    return level == 1 || (entry & PTE_KIND) != (PTE_POINTER & PTE_KIND);
}

static bool is_device(uint64_t entry)
{
    return (entry & PTE_DEVICE) != 0;
}

/* --- tables ---------------------------------------------------------------------------------- */

/* How many bytes an entry of a table of `level` covers; 1 has the 4 KiB pages. */
static uint64_t entry_bytes(unsigned int level)
{
    return UINT64_C(1) << (PAGE_SHIFT + 9 * (level - 1));
}

static uint64_t *entry_in(uint64_t *table, uintptr_t address, unsigned int level)
{
    return &table[address / entry_bytes(level) % ENTRIES];
}

static uint64_t *table_of(uint64_t entry)
{
    return (uint64_t *)(uintptr_t)entry_address(entry);
}

static uint64_t *table_create(void)
{
    void *page = page_alloc();
    return page ? memset(page, 0, PAGE_SIZE) : NULL;
}

/* Cuts a large page into a table of smaller ones with the same rights.  Only of tables that are
 * not in use yet: a processor may see neither the one nor the other (Arm ARM D8.14.1). */
static bool entry_split(uint64_t *entry, unsigned int level)
{
    uint64_t *table = table_create();
    if (!table)
        return false;
    for (unsigned int i = 0; i < ENTRIES; i++)
        table[i] = (*entry + (i * entry_bytes(level - 1) >> PTE_ADDRESS_SHIFT)) |
                   (level == 2 ? PTE_SMALL : 0);
    *entry = pointer_entry(table);
    return true;
}

/* The entry of `address` in the table of `level`; with `make`, tables on the way are made.  NULL
 * if there is none, or a large page above that must stay. */
static uint64_t *entry_of(uintptr_t address, unsigned int level, bool make)
{
    uint64_t *table = root;
    for (unsigned int at = PAGE_TABLE_LEVELS; at > level; at--) {
        uint64_t *entry = entry_in(table, address, at);
        if (!is_present(*entry)) {
            uint64_t *page = make ? table_create() : NULL;
            if (!page)
                return NULL;
            *entry = pointer_entry(page);
        } else if (is_leaf(*entry, at)) {
            if (in_use || !make || !entry_split(entry, at))
                return NULL;
        }
        table = table_of(*entry);
    }
    return entry_in(table, address, level);
}

/* The largest page that starts here and ends before `end`. */
static unsigned int level_for(uint64_t at, uint64_t end)
{
    unsigned int level = PAGE_TABLE_LEAF_LEVELS;
    while (level > 1 && (at % entry_bytes(level) || end - at < entry_bytes(level)))
        level--;
    return level;
}

static int map(uint64_t start, uint64_t end, uint64_t rights)
{
    while (start < end) {
        unsigned int level = level_for(start, end);
        uint64_t *entry = entry_of(start, level, true);
        if (!entry)
            return -ENOMEM;
        *entry = leaf_entry(start, level, rights);
        start += entry_bytes(level);
    }
    return 0;
}

static int map_small(const uint8_t *start, const uint8_t *end, uint64_t rights)
{
    for (uintptr_t at = (uintptr_t)start; at < (uintptr_t)end; at += PAGE_SIZE) {
        uint64_t *entry = entry_of(at, 1, true);
        if (!entry)
            return -ENOMEM;
        *entry = leaf_entry(at, 1, rights);
    }
    return 0;
}

static int map_image(void)
{
    const uint8_t *const guards[] = {stack_main_guard, stack_trap_guard, stack_fault_guard};
    int error = map_small(image_start, image_end, PTE_DATA);
    if (!error)
        error = map_small(text_start, text_end, PTE_TEXT);
    if (!error)
        error = map_small(rodata_start, rodata_end, PTE_CONST);
    for (size_t i = 0; !error && i < sizeof guards / sizeof guards[0]; i++)
        *entry_of((uintptr_t)guards[i], 1, true) = 0;
    return error;
}

int paging_init(const struct regions *ram)
{
    int error = 0;
    root = table_create();
    if (!root)
        return -ENOMEM;
    for (unsigned int i = 0; !error && i < ram->count; i++) {
        uint64_t end = ram->items[i].base + ram->items[i].size;
        if (end > page_table_physical_end())
            end = page_table_physical_end();
        error = map(ram->items[i].base, end, PTE_DATA);
    }
    if (!error)
        error = map_image();
    if (!error && serial_address() && !mmio_map(serial_address(), PAGE_SIZE))
        error = -ENOMEM;
    if (error)
        return error;
    in_use = true;
    page_table_use((uintptr_t)root);
    return 0;
}

/* What is there already stays, if it is a device. */
static bool map_device(uint64_t at, unsigned int level)
{
    uint64_t *entry = entry_of(at, level, true);
    if (!entry)
        return false;
    if (is_present(*entry))
        return is_device(*entry) && is_leaf(*entry, level);
    *entry = leaf_entry(at, level, PTE_REGISTERS);
    return true;
}

/* The leaf that `address` is in, at any level; 0 if there is none. */
static uint64_t leaf_of(uintptr_t address, unsigned int *level)
{
    uint64_t *table = root;
    for (*level = PAGE_TABLE_LEVELS; *level; --*level) {
        uint64_t entry = *entry_in(table, address, *level);
        if (!is_present(entry))
            return 0;
        if (is_leaf(entry, *level))
            return entry;
        table = table_of(entry);
    }
    return 0;
}

bool paging_is_mapped(uintptr_t address)
{
    unsigned int level;
    return root && leaf_of(address, &level) != 0;
}

volatile void *mmio_map(uint64_t physical, size_t size)
{
    uint64_t limit = page_table_physical_end();
    if (!physical || !size || physical >= limit || size > limit - physical)
        return NULL;
    uint64_t at = physical & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t end = (physical + size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    while (at < end) {
        unsigned int level;
        uint64_t leaf = leaf_of(at, &level);
        if (leaf && !is_device(leaf))
            return NULL;
        if (!leaf) {
            for (level = level_for(at, end); !map_device(at, level); level--)
                if (level == 1)
                    return NULL;
        }
        at = (at & ~(entry_bytes(level) - 1)) + entry_bytes(level);
    }
    page_table_sync();
    return (volatile void *)(uintptr_t)physical;
}

int paging_map_window(uintptr_t virtual_page, void *page)
{
    uint64_t *entry = entry_of(virtual_page, 1, true);
    if (!entry)
        return -ENOMEM;
    *entry = leaf_entry((uintptr_t)page, 1, PTE_DATA);
    page_table_sync();
    return 0;
}

void *paging_unmap_window(uintptr_t virtual_page)
{
    uint64_t *entry = entry_of(virtual_page, 1, false);
    if (!entry || !is_present(*entry))
        return NULL;
    void *page = (void *)(uintptr_t)entry_address(*entry);
    *entry = 0;
    page_table_forget(virtual_page);
    /* Windows shrink from their end: with the first page of a table the table is empty. */
    for (unsigned int level = 2; level <= 3; level++) {
        if (virtual_page % entry_bytes(level))
            break;
        uint64_t *pointer = entry_of(virtual_page, level, false);
        void *empty = table_of(*pointer);
        *pointer = 0;
        page_table_forget(virtual_page);
        page_free(empty);
    }
    return page;
}
