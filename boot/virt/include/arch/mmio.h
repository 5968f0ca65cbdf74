/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers in memory.  Each call is exactly one access of exactly this size, because
 * devices decode on the size (virtio 1.2 §4.1.3.1); a plain volatile access would leave that to the
 * compiler.
 */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include <arch/access.h>
#include <stdint.h>

#define ARCH_MMIO_ACCESS(bits)                                                                     \
    static inline uint##bits##_t mmio_read##bits(const volatile void *address)                     \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        __asm__ volatile(ARCH_LOAD_##bits : "=r"(value) : "r"(address) : "memory");                \
        return value;                                                                              \
    }                                                                                              \
    static inline void mmio_write##bits(volatile void *address, uint##bits##_t value)              \
    {                                                                                              \
        __asm__ volatile(ARCH_STORE_##bits : : "r"(value), "r"(address) : "memory");               \
    }

ARCH_MMIO_ACCESS(8)
ARCH_MMIO_ACCESS(16)
ARCH_MMIO_ACCESS(32)
ARCH_MMIO_ACCESS(64)

#undef ARCH_MMIO_ACCESS

#endif
