/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of page tables of Sv39 (RISC-V privileged 1.12 §4.3, §4.4), which every processor with
 * page tables of 64 bits has. */
#ifndef ARCH_PAGE_TABLE_H
#define ARCH_PAGE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <arch/layout.h>

#define PAGE_TABLE_LEVELS      3u
#define PAGE_TABLE_LEAF_LEVELS 3u

#define PTE_VALID    (UINT64_C(1) << 0)
#define PTE_READ     (UINT64_C(1) << 1)
#define PTE_WRITE    (UINT64_C(1) << 2)
#define PTE_EXECUTE  (UINT64_C(1) << 3)
#define PTE_ACCESSED (UINT64_C(1) << 6)
#define PTE_DIRTY    (UINT64_C(1) << 7)
/* One of those that are software's: which memory is a device the platform says, not the entry. */
#define PTE_DEVICE         (UINT64_C(1) << 8)
#define PTE_ADDRESS_SHIFT  2 /* from an address to its place in an entry */
#define PTE_ADDRESS        UINT64_C(0x003ffffffffffc00)
#define SATP_SV39          (UINT64_C(8) << 60)
#define SATP_ADDRESS_SHIFT 12

enum page_rights { PAGE_TEXT, PAGE_CONST, PAGE_DATA, PAGE_DEVICE };

static inline uint64_t page_table_leaf(uint64_t physical, unsigned int level,
                                       enum page_rights rights)
{
    uint64_t entry = physical >> PTE_ADDRESS_SHIFT | PTE_VALID | PTE_READ | PTE_ACCESSED;

    (void)level;
    switch (rights) {
    case PAGE_TEXT:
        return entry | PTE_EXECUTE;
    case PAGE_CONST:
        return entry;
    case PAGE_DATA:
        return entry | PTE_WRITE | PTE_DIRTY;
    default:
        return entry | PTE_WRITE | PTE_DIRTY | PTE_DEVICE;
    }
}

static inline uint64_t page_table_pointer(uint64_t table)
{
    return table >> PTE_ADDRESS_SHIFT | PTE_VALID;
}

static inline bool page_table_is_present(uint64_t entry)
{
    return (entry & PTE_VALID) != 0;
}

static inline bool page_table_is_leaf(uint64_t entry, unsigned int level)
{
    (void)level;
    return (entry & (PTE_READ | PTE_WRITE | PTE_EXECUTE)) != 0;
}

static inline bool page_table_is_device(uint64_t entry)
{
    return (entry & PTE_DEVICE) != 0;
}

static inline uint64_t page_table_address(uint64_t entry)
{
    return (entry & PTE_ADDRESS) << PTE_ADDRESS_SHIFT;
}

/* A leaf of level `from` as one of level `to`, `offset` bytes further. */
static inline uint64_t page_table_shift(uint64_t entry, unsigned int from, unsigned int to,
                                        uint64_t offset)
{
    (void)from;
    (void)to;
    return entry + (offset >> PTE_ADDRESS_SHIFT);
}

/* The first address that is not mapped one to one. */
static inline uint64_t page_table_physical_end(void)
{
    return LAYOUT_WINDOW_BASE;
}

/* New entries are seen by what follows. */
static inline void page_table_sync(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

/* A removed entry is seen by nobody any more. */
static inline void page_table_forget(uintptr_t address)
{
    __asm__ volatile("sfence.vma %0" : : "r"(address) : "memory");
}

/* From now on these tables hold, and no others. */
static inline void page_table_use(uintptr_t root)
{
    __asm__ volatile("sfence.vma\n\tcsrw satp, %0\n\tsfence.vma"
                     :
                     : "r"(SATP_SV39 | root >> SATP_ADDRESS_SHIFT)
                     : "memory");
}

#endif
