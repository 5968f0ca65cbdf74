/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What firmware would do, for -bios none: opens memory and counters to supervisor mode, hands it
 * its traps, and serves one call of the SBI, the timer, for harts without Sstc (RISC-V privileged
 * 1.12 §3).
 */
#include <arch/layout.h>

#include "entry.h"

/* The timer of hart 0 in QEMU's CLINT and ACLINT (hw/intc/riscv_aclint.c). */
#define MTIMECMP 0x02004000

/* Supervisor mode next; everything but calls from it is its own to handle. */
#define MSTATUS_MPP_SUPERVISOR (1 << 11)
#define MSTATUS_MPP            (3 << 11)
#define DELEGATED_EXCEPTIONS   0xb1ff
#define DELEGATED_INTERRUPTS   0x222
#define MENVCFG                0x30a
#define MSTATEEN0              0x30c
#define CAUSE_SUPERVISOR_CALL  9

    .section .entry, "ax"
    .globl entry_machine
entry_machine:
    csrw mie, zero
    /* To where we are linked, unless we are there. */
    lla t0, image_start
    li t1, LAYOUT_IMAGE_BASE
    beq t0, t1, 2f
    lla t2, bss_start
1:  ld t3, (t0)
    sd t3, (t1)
    addi t0, t0, 8
    addi t1, t1, 8
    bltu t0, t2, 1b
    fence.i
    lla t0, 2f
    lla t1, image_start
    sub t0, t0, t1
    li t1, LAYOUT_IMAGE_BASE
    add t0, t0, t1
    jr t0

2:  /* All memory for everybody (§3.7.1); a hart without protection traps, and has it so. */
    lla t0, 3f
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    .balign 4
3:  li t0, DELEGATED_EXCEPTIONS
    csrw medeleg, t0
    li t0, DELEGATED_INTERRUPTS
    csrw mideleg, t0
    li t0, 7
    csrw mcounteren, t0
    /* Sstc (§3.1.18, STCE): before version 1.12 the register traps. */
    lla t0, 4f
    csrw mtvec, t0
    li t0, 1
    slli t0, t0, 63
    csrs MENVCFG, t0
    /* What extensions have added, the AIA among them (Smstateen). */
    li t0, -1
    csrw MSTATEEN0, t0
    .balign 4
4:  lla t0, trap_machine
    csrw mtvec, t0
    lla t0, stack_machine_end
    csrw mscratch, t0
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    li t0, MSTATUS_MPP_SUPERVISOR
    csrs mstatus, t0
    lla t0, entry_supervisor
    csrw mepc, t0
    lla a2, protocol_reset
    csrr a0, mhartid
    mret

protocol_reset:
    .asciz "reset"

    .text
    .balign 4
trap_machine:
    csrrw sp, mscratch, sp
    addi sp, sp, -16
    sd t0, 0(sp)
    sd t1, 8(sp)
    csrr t0, mcause
    bltz t0, timer_expired
    li t1, CAUSE_SUPERVISOR_CALL
    bne t0, t1, stop /* nothing else is left with us */
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    li t0, SBI_TIME
    bne a7, t0, not_supported
    li t0, MTIMECMP
    sd a0, (t0)
    li t0, INTERRUPT_SUPERVISOR_TIMER
    csrc mip, t0
    li t0, INTERRUPT_MACHINE_TIMER
    csrs mie, t0
    li a0, 0
    li a1, 0
    j leave
not_supported:
    li a0, SBI_NOT_SUPPORTED
    j leave
timer_expired:
    li t0, INTERRUPT_MACHINE_TIMER
    csrc mie, t0
    li t0, INTERRUPT_SUPERVISOR_TIMER
    csrs mip, t0
leave:
    ld t0, 0(sp)
    ld t1, 8(sp)
    addi sp, sp, 16
    csrrw sp, mscratch, sp
    mret
stop:
    wfi
    j stop

    .section .bss
    .balign 16
    .skip 64
stack_machine_end:

    .section .note.GNU-stack, "", @progbits
