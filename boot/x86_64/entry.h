/* SPDX-License-Identifier: BSD-2-Clause */
/* What entry.S, trap_stubs.S and the C files beside them have in common. */
#ifndef BOOT_X86_64_ENTRY_H
#define BOOT_X86_64_ENTRY_H

/* Which way the loader came in: start()'s second argument. */
#define ENTRY_UNKNOWN    0
#define ENTRY_PVH        1
#define ENTRY_MULTIBOOT2 2

/* Selectors in the GDT of entry.S. */
#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

#define STACK_MAIN_SIZE 65536
#define STACK_TRAP_SIZE 8192

/* Intel SDM 3A §2.5: control registers. */
#define CR0_PE         (1 << 0)
#define CR0_MP         (1 << 1)
#define CR0_EM         (1 << 2)
#define CR0_TS         (1 << 3)
#define CR0_NE         (1 << 5)
#define CR0_WP         (1 << 16)
#define CR0_NW         (1 << 29)
#define CR0_CD         (1 << 30)
#define CR0_PG         (1 << 31)
#define CR4_PAE        (1 << 5)
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_SMEP       (1 << 20)
#define CR4_SMAP       (1 << 21)

/* Intel SDM 3A §2.2.1: IA32_EFER. */
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)

/* Intel SDM 3A §4.5: page table entries, the bits that fit into 32. */
#define PTE_PRESENT       (1 << 0)
#define PTE_WRITE         (1 << 1)
#define PTE_WRITE_THROUGH (1 << 3)
#define PTE_CACHE_DISABLE (1 << 4)
#define PTE_ACCESSED      (1 << 5)
#define PTE_DIRTY         (1 << 6)
#define PTE_LARGE         (1 << 7)

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Above the 32-bit ones; ignored as reserved and left out where the processor has no NX. */
#define PTE_NO_EXECUTE (UINT64_C(1) << 63)

extern uint8_t stack_main_guard[], stack_main_end[], stack_trap_guard[], stack_trap_end[];
extern uint8_t stack_fault_guard[], stack_fault_end[], stack_nmi_guard[], stack_nmi_end[];

#endif
#endif
