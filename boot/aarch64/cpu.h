/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that C has no words for. */
#ifndef BOOT_AARCH64_CPU_H
#define BOOT_AARCH64_CPU_H

#include <stdint.h>

/* A system register by its name, or by S<op0>_<op1>_C<n>_C<m>_<op2> where the assembler has none.
 */
#define system_read(name)                                                                          \
    __extension__({                                                                                \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_) : : "memory");                             \
        value_;                                                                                    \
    })
#define system_write(name, value)                                                                  \
    __asm__ volatile("msr " name ", %0\n\tisb" : : "r"((uint64_t)(value)) : "memory")

#endif
