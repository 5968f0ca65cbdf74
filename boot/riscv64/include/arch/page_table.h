/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of page tables of Sv39 (RISC-V privileged 1.12 §4.3, §4.4), which every processor with
 * page tables of 64 bits has, as boot/virt/paging.c wants them. */
#ifndef ARCH_PAGE_TABLE_H
#define ARCH_PAGE_TABLE_H

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
#define PTE_DEVICE (UINT64_C(1) << 8)

#define PTE_KIND          (PTE_READ | PTE_WRITE | PTE_EXECUTE)
#define PTE_SMALL         0u
#define PTE_POINTER       PTE_VALID
#define PTE_ADDRESS       UINT64_C(0x003ffffffffffc00)
#define PTE_ADDRESS_SHIFT 2 /* from an address to its place in an entry */

#define PTE_CONST     (PTE_VALID | PTE_READ | PTE_ACCESSED)
#define PTE_TEXT      (PTE_CONST | PTE_EXECUTE)
#define PTE_DATA      (PTE_CONST | PTE_WRITE | PTE_DIRTY)
#define PTE_REGISTERS (PTE_DATA | PTE_DEVICE)

#define SATP_SV39          (UINT64_C(8) << 60)
#define SATP_ADDRESS_SHIFT 12

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
