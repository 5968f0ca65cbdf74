/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions, without paging: from firmware in supervisor mode (SBI 2.0; a0 is the
 * hart, a1 the device tree), or from reset in machine mode, which is left at once.
 *
 * QEMU jumps to the lowest address of the image, not to its ELF entry (hw/riscv/boot.c), and with
 * -bios none puts a raw image at the start of RAM, from where it moves itself.
 */
#include <arch/layout.h>

#include "entry.h"

    .section .entry, "ax"
    .globl entry_elf
entry_elf:
    /* Machine mode?  Reading its registers traps in any other, to here or through firmware. */
    lla t0, 1f
    csrw stvec, t0
    csrr t1, mhartid
    bnez t1, park /* they all start at once */
    j entry_machine

    .balign 4
1:  csrw sie, zero
    csrw satp, zero
    /* Firmware starts one hart; should it be an old one that starts all, the first one counts. */
    lla t0, lottery
    li t1, 1
    amoswap.w t1, t1, (t0)
    bnez t1, park
    lla a2, protocol_firmware

    .globl entry_supervisor
entry_supervisor:
    lla sp, stack_main_end
    lla t0, stack_trap_end
    csrw sscratch, t0
    /* A timer of our own?  Its register traps where there is none. */
    lla t0, 1f
    csrw stvec, t0
    li s2, 0
    csrr t0, 0x14d /* stimecmp */
    li s2, 1
    .balign 4
1:  lla t0, trap_vector
    csrw stvec, t0
    lla t0, has_timer
    sd s2, (t0)
    lla tp, tls_start
    mv t0, a0
    mv a0, a1
    mv a1, t0
    li s0, 0
    li ra, 0
    call virt_start

park:
    wfi
    j park

protocol_firmware:
    .asciz "SBI"

/* --- traps ----------------------------------------------------------------------------------- */

    .text
    .balign 4
trap_vector:
    csrrw sp, sscratch, sp
    addi sp, sp, -8 * TRAP_FRAME_WORDS
    sd ra, 0(sp)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, \
        27, 28, 29, 30, 31
    sd x\n, 8 * (\n - 1)(sp)
    .endr
    /* Another trap finds yet another stack: this one may be what is broken. */
    lla t0, stack_fault_end
    csrrw t0, sscratch, t0
    sd t0, 8(sp)
    csrr t0, sepc
    sd t0, 8 * 31(sp)
    csrr t0, sstatus
    sd t0, 8 * 32(sp)
    csrr t0, scause
    sd t0, 8 * 33(sp)
    csrr t0, stval
    sd t0, 8 * 34(sp)
    mv a0, sp
    call trap_entry

    .section .data
    .balign 8
    .globl has_timer
has_timer:
    .quad 0
lottery:
    .long 0

    .section .note.GNU-stack, "", @progbits
