/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports for tests: every access ends in the two functions that a test provides. */
#ifndef ARCH_PIO_H
#define ARCH_PIO_H

#include <stdint.h>

uint32_t fake_pio_read(uint16_t port, unsigned int bytes);
void fake_pio_write(uint16_t port, unsigned int bytes, uint32_t value);

#define FAKE_PIO_ACCESS(bits)                                                                      \
    static inline uint##bits##_t pio_read##bits(uint16_t port)                                     \
    {                                                                                              \
        return (uint##bits##_t)fake_pio_read(port, (bits) / 8);                                    \
    }                                                                                              \
    static inline void pio_write##bits(uint16_t port, uint##bits##_t value)                        \
    {                                                                                              \
        fake_pio_write(port, (bits) / 8, value);                                                   \
    }

FAKE_PIO_ACCESS(8)
FAKE_PIO_ACCESS(16)
FAKE_PIO_ACCESS(32)

#undef FAKE_PIO_ACCESS

#endif
