/* SPDX-License-Identifier: BSD-2-Clause */
/* A call of firmware, or of machine_mode.S (SBI 2.0 §3). */
#ifndef BOOT_RISCV64_SBI_H
#define BOOT_RISCV64_SBI_H

#include <stdint.h>

/* Returns 0 or a negative number of the SBI's own. */
static inline int64_t sbi_call(uint64_t extension, uint64_t function, uint64_t first,
                               uint64_t second)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;

    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return (int64_t)a0;
}

#endif
