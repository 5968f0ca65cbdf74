/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt descriptor table and what the stubs of trap_stubs.S lead to. */
#ifndef BOOT_X86_64_TRAPS_H
#define BOOT_X86_64_TRAPS_H

/* 32 exceptions (Intel SDM 3A §6.3.1), then ours. */
#define VECTOR_EXCEPTIONS 32
#define VECTOR_IRQ_FIRST  32
#define VECTOR_COUNT      96
/* The last two are fixed; the low four bits of the spurious vector must be ones on old APICs
 * (Intel SDM 3A §10.9). */
#define VECTOR_TIMER    94
#define VECTOR_SPURIOUS 95
#define VECTOR_IRQ_END  94

#define STUB_SIZE 16

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What the stubs leave on the stack, from the lowest address up. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* GDT's task segment with the stacks for traps, and the IDT. */
void traps_init(void);
/* From trap_stubs.S.  An exception does not return. */
_Noreturn void trap_report(const struct trap_frame *frame);
/* interrupts.c: one interrupt, of this vector. */
void interrupt_dispatch(const struct trap_frame *frame);

#endif
#endif
