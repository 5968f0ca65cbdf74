/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One stub per vector, all of the same size, that make every frame look alike: an error code (0
 * where the processor pushes none, Intel SDM 3A §6.13), the vector, the general registers.
 * SSE registers are left alone: an exception does not return, and interrupts are on only inside
 * cpu_idle_until(), where a call has made all of them the callee's.
 */
#include "traps.h"

    .text
    .globl trap_stubs
    .balign STUB_SIZE
trap_stubs:
    .set vector, 0
    .rept VECTOR_COUNT
    .balign STUB_SIZE
    /* Vectors 8, 10 to 14, 17, 21, 29 and 30 come with an error code. */
    .set has_error, 0
    .if vector < VECTOR_EXCEPTIONS
    .set has_error, (0x60227d00 >> vector) & 1
    .endif
    .if !has_error
    pushq $0
    .endif
    pushq $vector
    .if vector < VECTOR_EXCEPTIONS
    jmp trap_exception
    .else
    jmp trap_interrupt
    .endif
    .set vector, vector + 1
    .endr

    .macro push_registers
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    cld
    .endm

trap_exception:
    push_registers
    call trap_report
    ud2

trap_interrupt:
    push_registers
    call interrupt_dispatch
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
