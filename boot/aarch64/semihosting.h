/* SPDX-License-Identifier: BSD-2-Clause */
/* The call to a debugger or emulator, in entry.S. */
#ifndef BOOT_AARCH64_SEMIHOSTING_H
#define BOOT_AARCH64_SEMIHOSTING_H

#include <stdint.h>

/* Traps where nobody listens, at semihosting_instruction. */
void semihosting_call(uint64_t operation, const void *block);
extern const uint8_t semihosting_instruction[];

#endif
