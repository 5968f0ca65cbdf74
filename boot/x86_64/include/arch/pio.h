/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers in I/O space: the in and out instructions. */
#ifndef ARCH_PIO_H
#define ARCH_PIO_H

#include <stdint.h>

#define ARCH_PIO_ACCESS(bits, suffix)                                                              \
    static inline uint##bits##_t pio_read##bits(uint16_t port)                                     \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        __asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "Nd"(port) : "memory");             \
        return value;                                                                              \
    }                                                                                              \
    static inline void pio_write##bits(uint16_t port, uint##bits##_t value)                        \
    {                                                                                              \
        __asm__ volatile("out" suffix " %0, %1" : : "a"(value), "Nd"(port) : "memory");            \
    }

ARCH_PIO_ACCESS(8, "b")
ARCH_PIO_ACCESS(16, "w")
ARCH_PIO_ACCESS(32, "l")

#undef ARCH_PIO_ACCESS

#endif
