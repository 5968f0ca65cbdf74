/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers in memory.  Each call is exactly one access of exactly this size, because
 * devices decode on the size (virtio 1.2 §4.1.3.1), by an instruction without writeback: for
 * others the syndrome of a trapped access does not tell a hypervisor what it was (Arm ARM
 * D17.2.37, ISV).
 */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include <stdint.h>

#define ARCH_MMIO_ACCESS(bits, suffix, width)                                                      \
    static inline uint##bits##_t mmio_read##bits(const volatile void *address)                     \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        __asm__ volatile("ldr" suffix " %" width "0, [%1]"                                         \
                         : "=r"(value)                                                             \
                         : "r"(address)                                                            \
                         : "memory");                                                              \
        return value;                                                                              \
    }                                                                                              \
    static inline void mmio_write##bits(volatile void *address, uint##bits##_t value)              \
    {                                                                                              \
        __asm__ volatile("str" suffix " %" width "0, [%1]"                                         \
                         :                                                                         \
                         : "r"(value), "r"(address)                                                \
                         : "memory");                                                              \
    }

ARCH_MMIO_ACCESS(8, "b", "w")
ARCH_MMIO_ACCESS(16, "h", "w")
ARCH_MMIO_ACCESS(32, "", "w")
ARCH_MMIO_ACCESS(64, "", "x")

#undef ARCH_MMIO_ACCESS

#endif
