/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers in memory.  Each call is exactly one access of exactly this size, because
 * devices decode on the size (virtio 1.2 §4.1.3.1); a plain volatile access would leave that to the
 * compiler.
 */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include <stdint.h>

#define ARCH_MMIO_ACCESS(bits, suffix, constraint)                                                 \
    static inline uint##bits##_t mmio_read##bits(const volatile void *address)                     \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        __asm__ volatile("mov" suffix " %1, %0"                                                    \
                         : "=" constraint(value)                                                   \
                         : "m"(*(const volatile uint##bits##_t *)address)                          \
                         : "memory");                                                              \
        return value;                                                                              \
    }                                                                                              \
    static inline void mmio_write##bits(volatile void *address, uint##bits##_t value)              \
    {                                                                                              \
        __asm__ volatile("mov" suffix " %0, %1"                                                    \
                         :                                                                         \
                         : constraint(value), "m"(*(volatile uint##bits##_t *)address)             \
                         : "memory");                                                              \
    }

ARCH_MMIO_ACCESS(8, "b", "q")
ARCH_MMIO_ACCESS(16, "w", "r")
ARCH_MMIO_ACCESS(32, "l", "r")
ARCH_MMIO_ACCESS(64, "q", "r")

#undef ARCH_MMIO_ACCESS

#endif
