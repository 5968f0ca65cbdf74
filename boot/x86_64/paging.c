/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables (Intel SDM 3A §4.5): memory one to one in 2 MiB pages, the image in 4 KiB pages
 * with the rights of its segments, windows of memory that grows, and device memory above 4 GiB
 * when a driver asks for it.  Tables are pages like any other, reached through the identity map.
 */
#include "paging.h"

#include <arch/layout.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "boot/pages.h"
#include "boot/platform.h"
#include "cpu.h"
#include "entry.h"

#define ENTRIES      512u
#define LARGE_SIZE   UINT64_C(0x200000)
#define LOW_END      (UINT64_C(1) << 32)
#define ADDRESS_MASK UINT64_C(0x000ffffffffff000)

/* Accessed and dirty are set beforehand: the processor need not write to the table. */
#define RIGHTS_DATA   (no_execute | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)
#define RIGHTS_TABLE  (uint64_t)(PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define RIGHTS_DEVICE (RIGHTS_DATA | PTE_WRITE_THROUGH | PTE_CACHE_DISABLE)
#define RIGHTS_CONST  (no_execute | PTE_PRESENT | PTE_ACCESSED)
#define RIGHTS_TEXT   (uint64_t)(PTE_PRESENT | PTE_ACCESSED)

extern uint8_t text_start[], text_end[], rodata_start[], rodata_end[];
extern uint64_t page_table_top[], page_table_middle[], page_table_image[];

/* PTE_NO_EXECUTE or, on a processor without it, 0. */
static uint64_t no_execute;
/* The first address that the processor cannot put out. */
static uint64_t physical_end;

static unsigned int index_at(uintptr_t address, int level)
{
    return (unsigned int)(address >> (PAGE_SHIFT + 9 * (level - 1))) % ENTRIES;
}

/* The entry of `address` in the table of `level` (1: 4 KiB pages, 2: 2 MiB); with `make`, tables
 * on the way are made.  NULL if there is none, or a large page above. */
static uint64_t *entry_of(uintptr_t address, int level, bool make)
{
    uint64_t *table = page_table_top;
    for (int at = 4; at > level; at--) {
        uint64_t *entry = &table[index_at(address, at)];
        if (!(*entry & PTE_PRESENT)) {
            void *page = make ? page_alloc() : NULL;
            if (!page)
                return NULL;
            memset(page, 0, PAGE_SIZE);
            *entry = (uintptr_t)page | RIGHTS_TABLE;
        } else if (*entry & PTE_LARGE) {
            return NULL;
        }
        table = (uint64_t *)(uintptr_t)(*entry & ADDRESS_MASK);
    }
    return &table[index_at(address, level)];
}

/* Below 4 GiB everything is mapped: RAM as RAM, the rest as device memory. */
static void map_low(const struct regions *ram)
{
    unsigned int next = 0;
    for (uint64_t at = 0; at < LOW_END; at += LARGE_SIZE) {
        while (next < ram->count && ram->items[next].base + ram->items[next].size <= at)
            next++;
        bool is_ram = next < ram->count && ram->items[next].base < at + LARGE_SIZE;
        page_table_middle[at / LARGE_SIZE] =
            at | PTE_LARGE | (is_ram ? RIGHTS_DATA : RIGHTS_DEVICE);
    }
}

static int map_high(const struct regions *ram)
{
    for (unsigned int i = 0; i < ram->count; i++) {
        uint64_t end = ram->items[i].base + ram->items[i].size;
        uint64_t at = ram->items[i].base & ~(LARGE_SIZE - 1);
        if (at < LOW_END)
            at = LOW_END;
        for (; at < end; at += LARGE_SIZE) {
            uint64_t *entry = entry_of(at, 2, true);
            if (!entry)
                return -ENOMEM;
            *entry = at | PTE_LARGE | RIGHTS_DATA;
        }
    }
    return 0;
}

static void set_image_rights(const uint8_t *start, const uint8_t *end, uint64_t rights)
{
    for (uintptr_t at = (uintptr_t)start; at < (uintptr_t)end; at += PAGE_SIZE)
        page_table_image[at / PAGE_SIZE] = at | rights;
}

/* The first 2 MiB in 4 KiB pages. */
static void map_image(void)
{
    for (uint64_t at = 0; at < LAYOUT_IMAGE_LIMIT; at += PAGE_SIZE)
        page_table_image[at / PAGE_SIZE] = at | RIGHTS_DATA;
    set_image_rights(text_start, text_end, RIGHTS_TEXT);
    set_image_rights(rodata_start, rodata_end, RIGHTS_CONST);
    page_table_image[0] = 0;
    page_table_image[(uintptr_t)stack_main_guard / PAGE_SIZE] = 0;
    page_table_image[(uintptr_t)stack_trap_guard / PAGE_SIZE] = 0;
    page_table_image[(uintptr_t)stack_fault_guard / PAGE_SIZE] = 0;
    page_table_image[(uintptr_t)stack_nmi_guard / PAGE_SIZE] = 0;
    page_table_middle[0] = (uintptr_t)page_table_image | RIGHTS_TABLE;
}
_Static_assert(LAYOUT_IMAGE_LIMIT == ENTRIES * PAGE_SIZE, "one table covers the image");

static void find_limits(void)
{
    no_execute = msr_read(MSR_EFER) & EFER_NXE ? PTE_NO_EXECUTE : 0;
    /* Intel SDM 2A, CPUID: leaf 0x80000008 EAX[7:0], 36 bits where the leaf is missing. */
    unsigned int bits = 36;
    if (cpuid(0x80000000, 0).eax >= 0x80000008)
        bits = cpuid(0x80000008, 0).eax & 0xff;
    physical_end = UINT64_C(1) << bits;
    if (bits > 46 || physical_end > LAYOUT_WINDOW_BASE)
        physical_end = LAYOUT_WINDOW_BASE;
}

/* Intel SDM 3A §4.6: no execution and no access of pages that were ever made user pages. */
static void enable_protections(void)
{
    uint64_t cr4 = cr4_read();
    if (cpuid(0, 0).eax >= 7) {
        uint32_t features = cpuid(7, 0).ebx;
        if (features & 1u << 7)
            cr4 |= CR4_SMEP;
        if (features & 1u << 20)
            cr4 |= CR4_SMAP;
    }
    cr4_write(cr4);
}

int paging_init(const struct regions *ram)
{
    find_limits();
    map_low(ram);
    map_image();
    tlb_flush();
    enable_protections();
    return map_high(ram);
}

volatile void *mmio_map(uint64_t physical, size_t size)
{
    if (!physical || !size || physical >= physical_end || size > physical_end - physical)
        return NULL;
    uint64_t at = physical < LOW_END ? LOW_END : physical & ~(LARGE_SIZE - 1);
    for (; at < physical + size; at += LARGE_SIZE) {
        uint64_t *entry = entry_of(at, 2, true);
        if (!entry)
            return NULL;
        if (!(*entry & PTE_PRESENT))
            *entry = at | PTE_LARGE | RIGHTS_DEVICE;
    }
    return (volatile void *)(uintptr_t)physical;
}

int paging_map_window(uintptr_t virtual_page, void *page)
{
    uint64_t *entry = entry_of(virtual_page, 1, true);
    if (!entry)
        return -ENOMEM;
    *entry = (uintptr_t)page | RIGHTS_DATA;
    return 0;
}

void *paging_unmap_window(uintptr_t virtual_page)
{
    uint64_t *entry = entry_of(virtual_page, 1, false);
    if (!entry || !(*entry & PTE_PRESENT))
        return NULL;
    void *page = (void *)(uintptr_t)(*entry & ADDRESS_MASK);
    *entry = 0;
    tlb_flush_page(virtual_page);
    /* Windows shrink from their end: with the first page of a table the table is empty. */
    for (int level = 2; level <= 3 && !index_at(virtual_page, level - 1); level++) {
        uint64_t *table = entry_of(virtual_page, level, false);
        void *empty = (void *)(uintptr_t)(*table & ADDRESS_MASK);
        *table = 0;
        page_free(empty);
    }
    return page;
}
