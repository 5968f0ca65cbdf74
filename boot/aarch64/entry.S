/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions: from EL2 or EL1 without paging, as the arm64 boot protocol (Linux
 * Documentation/arm64/booting.rst) hands over, or from EL3 after reset, to EL1 with a stack, caches
 * and a first page table.  The kernel runs on SP_EL0, so that every trap finds another stack by itself.
 *
 * Until the MMU is on all memory is device memory: no unaligned and no exclusive access.
 */
#include <arch/layout.h>
#include <arch/page_table.h>

#include "entry.h"

/* Arm ARM D17.2.120, SCTLR_EL1: what must be 1, MMU, caches, alignment of the stack. */
#define SCTLR_OFF 0x30d00800
#define SCTLR_ON  (SCTLR_OFF | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 12)
/* Arm ARM D17.2.139, TCR_EL1: 48 bits below, nothing above, walks cached and shared. */
#define TCR (16 << 0 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23)
#define SCTLR_EL2_OFF 0x30c50830
/* With its own stack pointer, everything masked (Arm ARM C5.2.19). */
#define SPSR_EL1H 0x3c5
#define SPSR_EL2H 0x3c9
/* Arm ARM D17.2.117, SCR_EL3: not secure, no secure calls, hypervisor calls, 64 bits. */
#define SCR (1 << 0 | 3 << 4 | 1 << 7 | 1 << 8 | 1 << 10)

    .section .entry, "ax"
    .globl entry_elf
entry_elf:
    /* The header of an Image. */
    b entry
    .long 0
    .quad LAYOUT_IMAGE_BASE - LAYOUT_RAM_BASE
    .quad image_size
    .quad 1 << 1 /* little-endian, 4 KiB pages, near the start of RAM */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

entry:
    msr daifset, #0xf
    mov x19, x0
at_any_level:
    mrs x1, CurrentEL
    cmp x1, #2 << 2
    b.eq at_el2
    b.lo at_el1

    /* From the level of secure firmware, where an ELF starts on secure=on: everything belongs to
     * the other world, the GIC included. */
    mov x1, #SCR
    msr scr_el3, x1
    msr cptr_el3, xzr
    bl find_gic
    b.ne 1f
    mov x3, #0xf
    msr S3_6_C12_C12_5, x3 /* ICC_SRE_EL3: SRE, and lower levels may enable their own */
    mov w3, #1 << 6 /* GICD_CTLR.DS: one world only */
    str w3, [x2]
    b 3f
1:  mov w3, #~0
    mov x4, #0x80 /* GICD_IGROUPR: every line */
2:  str w3, [x2, x4]
    add x4, x4, #4
    cmp x4, #0x100
    b.lo 2b
    ldr x2, =LAYOUT_GIC_CPU_BASE
    str w3, [x2, #4] /* GICC_PMR: the lower half of the priorities is the other world's to mask */
3:  mov x2, #SPSR_EL1H
    mrs x1, id_aa64pfr0_el1
    tst x1, #0xf00 /* is there an EL2? */
    b.eq 4f
    ldr x2, =SCTLR_EL2_OFF
    msr sctlr_el2, x2
    mov x2, #SPSR_EL2H
4:  msr spsr_el3, x2
    adr x1, at_any_level
    msr elr_el3, x1
    eret

at_el2:
    /* From the hypervisor's level down: 64 bits, counters and floating point not trapped, the
     * processor's own identity, system registers of a GICv3. */
    mov x1, #1 << 31
    msr hcr_el2, x1
    isb
    mov x1, #3
    msr cnthctl_el2, x1
    msr cntvoff_el2, xzr
    mov x1, #0x33ff
    msr cptr_el2, x1
    msr hstr_el2, xzr
    mrs x1, midr_el1
    msr vpidr_el2, x1
    mrs x1, mpidr_el1
    msr vmpidr_el2, x1
    bl find_gic
    b.ne 1f
    mov x1, #0xf
    msr S3_4_C12_C9_5, x1 /* ICC_SRE_EL2: SRE, and EL1 may enable its own */
    isb
    msr S3_4_C12_C11_0, xzr /* ICH_HCR_EL2 */
1:  ldr x1, =SCTLR_OFF
    msr sctlr_el1, x1
    mov x1, #SPSR_EL1H
    msr spsr_el2, x1
    adr x1, at_el1
    msr elr_el2, x1
    eret

at_el1:
    ldr x1, =SCTLR_OFF
    msr sctlr_el1, x1
    isb
    /* The first page tables: devices below RAM, then a gigabyte of RAM one to one.  They are
     * written around the caches, which must neither write something older over them later nor
     * have it when the tables are walked. */
    ldr x1, =page_tables_boot
    bl forget_tables
    mov x2, x1
1:  stp xzr, xzr, [x2], #16
    cmp x2, x3
    b.lo 1b
    add x2, x1, #4096
    orr x3, x2, #(PTE_VALID | PTE_TABLE)
    str x3, [x1]
    ldr x3, =(PTE_VALID | PTE_DEVICE | PTE_ACCESSED)
    movk x3, #0x60, lsl #48 /* never executable */
    str x3, [x2]
    ldr x3, =(LAYOUT_RAM_BASE | PTE_VALID | PTE_NORMAL | PTE_INNER_SHARE | PTE_ACCESSED)
    str x3, [x2, #8 * (LAYOUT_RAM_BASE >> 30)]
    bl forget_tables

    ldr x2, =PAGE_MAIR
    msr mair_el1, x2
    ldr x2, =TCR
    mrs x3, id_aa64mmfr0_el1
    and x3, x3, #7
    cmp x3, #5 /* 48 bits; more would need another granule */
    mov x4, #5
    csel x3, x3, x4, ls
    orr x2, x2, x3, lsl #32
    msr tcr_el1, x2
    msr ttbr0_el1, x1
    tlbi vmalle1
    ic iallu
    dsb sy
    isb
    ldr x1, =SCTLR_ON
    msr sctlr_el1, x1
    isb

    ldr x1, =trap_vectors
    msr vbar_el1, x1
    mov x1, #3 << 20 /* CPACR_EL1: floating point is not trapped */
    msr cpacr_el1, x1
    msr spsel, #1
    ldr x1, =stack_trap_end
    mov sp, x1
    msr spsel, #0
    ldr x1, =stack_main_end
    mov sp, x1
    isb

    /* libc's variables of a thread lie 16 bytes behind its pointer (AAELF64 TLS, variant 1). */
    ldr x1, =tls_start - 16
    msr tpidr_el0, x1

    /* Only of an Image does QEMU say where the tree is; before an ELF it lies where RAM starts. */
    mov x0, x19
    adr x2, protocol_image
    cbnz x0, 4f
    mov x0, #LAYOUT_RAM_BASE
    adr x2, protocol_elf
4:  mrs x1, mpidr_el1
    and x1, x1, #0xffffff
    mov x29, #0
    mov x30, #0
    bl virt_start

/* The distributor in x2; equal if it is a GICv3's, which has nothing where older ones say their
 * version.  The processor may have the registers of one (ID_AA64PFR0_EL1) beside a GICv2. */
find_gic:
    ldr x2, =LAYOUT_GIC_BASE
    ldr w3, [x2, #0xfe8] /* ICPIDR2 */
    tst w3, #0xf0
    ret

/* What caches may hold of the tables at x1, 16 bytes being the shortest line; their end in x3. */
forget_tables:
    dsb sy
    mov x2, x1
    add x3, x1, #8192
1:  dc ivac, x2
    add x2, x2, #16
    cmp x2, x3
    b.lo 1b
    dsb sy
    ret

protocol_image:
    .asciz "arm64 Image"
protocol_elf:
    .asciz "ELF"
    .balign 4
    .ltorg

/* --- traps ----------------------------------------------------------------------------------- */

    /* One vector: registers to the stack, then trap_entry(frame, kind). */
    .macro vector kind, nested
    .balign 0x80
    .if \nested
    /* A trap inside the report of one: its stack may be what is broken. */
    msr tpidr_el1, x0
    ldr x0, =stack_fault_end
    mov sp, x0
    mrs x0, tpidr_el1
    .endif
    sub sp, sp, #8 * TRAP_FRAME_WORDS
    stp x0, x1, [sp]
    mov x1, #\kind
    b trap_common
    .endm

    .macro vectors nested
    vector VECTOR_SYNCHRONOUS, \nested
    vector VECTOR_IRQ, \nested
    vector VECTOR_FIQ, \nested
    vector VECTOR_SERROR, \nested
    .endm

    .text
    .balign 0x800
    .globl trap_vectors
trap_vectors:
    vectors 0
    vectors 1
    /* From lower levels, which do not exist. */
    vectors 1
    vectors 1

trap_common:
    stp x2, x3, [sp, #16 * 1]
    stp x4, x5, [sp, #16 * 2]
    stp x6, x7, [sp, #16 * 3]
    stp x8, x9, [sp, #16 * 4]
    stp x10, x11, [sp, #16 * 5]
    stp x12, x13, [sp, #16 * 6]
    stp x14, x15, [sp, #16 * 7]
    stp x16, x17, [sp, #16 * 8]
    stp x18, x19, [sp, #16 * 9]
    stp x20, x21, [sp, #16 * 10]
    stp x22, x23, [sp, #16 * 11]
    stp x24, x25, [sp, #16 * 12]
    stp x26, x27, [sp, #16 * 13]
    stp x28, x29, [sp, #16 * 14]
    mrs x2, sp_el0
    stp x30, x2, [sp, #16 * 15]
    mrs x2, elr_el1
    mrs x3, spsr_el1
    stp x2, x3, [sp, #16 * 16]
    mrs x2, esr_el1
    mrs x3, far_el1
    stp x2, x3, [sp, #16 * 17]
    mov x0, sp
    bl trap_entry
    .ltorg

    .globl semihosting_call, semihosting_instruction
semihosting_call:
semihosting_instruction:
    hlt #0xf000
    ret

    .section .pages, "aw", @nobits
    .balign 4096
page_tables_boot:
    .skip 2 * 4096

    .section .note.GNU-stack, "", @progbits
