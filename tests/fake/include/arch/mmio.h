/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers for tests: every access ends in the two functions that a test provides. */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include <stdint.h>

uint64_t fake_mmio_read(const volatile void *address, unsigned int bytes);
void fake_mmio_write(volatile void *address, unsigned int bytes, uint64_t value);

#define FAKE_MMIO_ACCESS(bits)                                                                     \
    static inline uint##bits##_t mmio_read##bits(const volatile void *address)                     \
    {                                                                                              \
        return (uint##bits##_t)fake_mmio_read(address, (bits) / 8);                                \
    }                                                                                              \
    static inline void mmio_write##bits(volatile void *address, uint##bits##_t value)              \
    {                                                                                              \
        fake_mmio_write(address, (bits) / 8, value);                                               \
    }

FAKE_MMIO_ACCESS(8)
FAKE_MMIO_ACCESS(16)
FAKE_MMIO_ACCESS(32)
FAKE_MMIO_ACCESS(64)

#undef FAKE_MMIO_ACCESS

#endif
