/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers in memory.  Each call is exactly one access of exactly this size, because
 * devices decode on the size (virtio 1.2 §4.1.3.1); a plain volatile access would leave that to the
 * compiler.
 */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include <stdint.h>

#define ARCH_MMIO_ACCESS(bits, load, store)                                                        \
    static inline uint##bits##_t mmio_read##bits(const volatile void *address)                     \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        __asm__ volatile(load " %0, 0(%1)" : "=r"(value) : "r"(address) : "memory");               \
        return value;                                                                              \
    }                                                                                              \
    static inline void mmio_write##bits(volatile void *address, uint##bits##_t value)              \
    {                                                                                              \
        __asm__ volatile(store " %0, 0(%1)" : : "r"(value), "r"(address) : "memory");              \
    }

ARCH_MMIO_ACCESS(8, "lbu", "sb")
ARCH_MMIO_ACCESS(16, "lhu", "sh")
ARCH_MMIO_ACCESS(32, "lw", "sw")
ARCH_MMIO_ACCESS(64, "ld", "sd")

#undef ARCH_MMIO_ACCESS

#endif
