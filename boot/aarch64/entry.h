/* SPDX-License-Identifier: BSD-2-Clause */
/* What entry.S and the C files beside it have in common. */
#ifndef BOOT_AARCH64_ENTRY_H
#define BOOT_AARCH64_ENTRY_H

/* Kinds of trap_entry()'s second argument: the four vectors of each group (Arm ARM D1.3.1). */
#define VECTOR_SYNCHRONOUS 0
#define VECTOR_IRQ         1
#define VECTOR_FIQ         2
#define VECTOR_SERROR      3

/* Of struct trap_frame: x0 to x30, sp, pc, pstate, syndrome, fault address. */
#define TRAP_FRAME_WORDS 36

#ifndef __ASSEMBLER__
#include <stdint.h>

/* The call to a debugger or emulator; traps where nobody listens, at semihosting_instruction. */
void semihosting_call(uint64_t operation, const void *block);
extern const uint8_t semihosting_instruction[];

#endif
#endif
