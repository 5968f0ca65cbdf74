/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers in memory that a device reads or writes: little-endian, whatever the processor is (virtio
 * 1.2 §1.4, SDM §3.2).  Each function gives the stored form of a number, and the number of a stored
 * form.  Registers do not need it: <arch/mmio.h> has their order.
 */
#ifndef DRIVERS_LE_H
#define DRIVERS_LE_H

#include <stdbool.h>
#include <stdint.h>

static inline bool le_is_native(void)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

static inline uint16_t le16(uint16_t value)
{
    return le_is_native() ? value : __builtin_bswap16(value);
}

static inline uint32_t le32(uint32_t value)
{
    return le_is_native() ? value : __builtin_bswap32(value);
}

static inline uint64_t le64(uint64_t value)
{
    return le_is_native() ? value : __builtin_bswap64(value);
}

#endif
