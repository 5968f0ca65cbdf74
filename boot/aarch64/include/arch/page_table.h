/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of page tables (Arm ARM D8.3), 4 KiB granule, four levels, 48 bits of address.  Levels
 * are counted as boot/virt/paging.c does it: 1 has the 4 KiB pages, which Arm calls 3.
 */
#ifndef ARCH_PAGE_TABLE_H
#define ARCH_PAGE_TABLE_H

/* Of all descriptors. */
#define PTE_VALID (1 << 0)
/* In a level above the pages: a pointer to a table; a page must have it too. */
#define PTE_TABLE (1 << 1)
/* Index into MAIR_EL1, whose value is PAGE_MAIR. */
#define PTE_NORMAL      (0 << 2)
#define PTE_DEVICE      (1 << 2)
#define PTE_READ_ONLY   (1 << 7)
#define PTE_INNER_SHARE (3 << 8)
#define PTE_ACCESSED    (1 << 10)

/* Write-back, allocating; and device memory, nGnRE (Arm ARM D17.2.97). */
#define PAGE_MAIR 0x04ff

/* The rest as boot/virt/paging.c wants it. */
#ifndef __ASSEMBLER__
#include <stdint.h>

#define PAGE_TABLE_LEVELS      4u
#define PAGE_TABLE_LEAF_LEVELS 3u

#define PTE_KIND          PTE_TABLE
#define PTE_SMALL         PTE_TABLE
#define PTE_POINTER       (PTE_VALID | PTE_TABLE)
#define PTE_ADDRESS       UINT64_C(0x0000fffffffff000)
#define PTE_ADDRESS_SHIFT 0

#define PTE_PRIVILEGED_NO_EXECUTE (UINT64_C(1) << 53)
#define PTE_NO_EXECUTE            (UINT64_C(1) << 54)
#define PTE_MEMORY                (PTE_VALID | PTE_ACCESSED | PTE_NORMAL | PTE_INNER_SHARE | PTE_NO_EXECUTE)
#define PTE_TEXT                  (PTE_MEMORY | PTE_READ_ONLY)
#define PTE_CONST                 (PTE_MEMORY | PTE_READ_ONLY | PTE_PRIVILEGED_NO_EXECUTE)
#define PTE_DATA                  (PTE_MEMORY | PTE_PRIVILEGED_NO_EXECUTE)
#define PTE_REGISTERS                                                                              \
    (PTE_VALID | PTE_ACCESSED | PTE_DEVICE | PTE_NO_EXECUTE | PTE_PRIVILEGED_NO_EXECUTE)

/* The first address that the processor cannot put out (Arm ARM D17.2.64, PARange). */
static inline uint64_t page_table_physical_end(void)
{
    static const uint8_t bits[] = {32, 36, 40, 42, 44, 46};
    uint64_t features;

    __asm__("mrs %0, id_aa64mmfr0_el1" : "=r"(features));
    features &= 0xf;
    return UINT64_C(1) << (features < sizeof(bits) ? bits[features] : 46);
}

/* New entries are seen by what follows. */
static inline void page_table_sync(void)
{
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

/* A removed entry is seen by nobody any more. */
static inline void page_table_forget(uintptr_t address)
{
    __asm__ volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb"
                     :
                     : "r"(address >> 12)
                     : "memory");
}

/* From now on these tables hold, and no others. */
static inline void page_table_use(uintptr_t root)
{
    __asm__ volatile("dsb ishst\n\tmsr ttbr0_el1, %0\n\tisb\n\ttlbi vmalle1\n\tdsb ish\n\tisb"
                     :
                     : "r"(root)
                     : "memory");
}

#endif
#endif
