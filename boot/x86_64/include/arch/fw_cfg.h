/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of QEMU's fw_cfg device (QEMU docs/specs/fw_cfg, "x86, x86_64 Register
 * Locations"): a selector and a data port, and the address of a DMA request, big-endian, whose
 * low half starts it.  `base` is for machines that have the registers in memory.
 */
#ifndef ARCH_FW_CFG_H
#define ARCH_FW_CFG_H

#include <stdint.h>

#include <arch/pio.h>

enum arch_fw_cfg_port {
    ARCH_FW_CFG_SELECTOR = 0x510,
    ARCH_FW_CFG_DATA = 0x511,
    ARCH_FW_CFG_DMA_HIGH = 0x514,
    ARCH_FW_CFG_DMA_LOW = 0x518
};

static inline void arch_fw_cfg_select(uint64_t base, uint16_t key)
{
    (void)base;
    pio_write16(ARCH_FW_CFG_SELECTOR, key);
}

static inline uint8_t arch_fw_cfg_read8(uint64_t base)
{
    (void)base;
    return pio_read8(ARCH_FW_CFG_DATA);
}

static inline void arch_fw_cfg_start_dma(uint64_t base, uint64_t request_address)
{
    (void)base;
    pio_write32(ARCH_FW_CFG_DMA_HIGH, __builtin_bswap32((uint32_t)(request_address >> 32)));
    pio_write32(ARCH_FW_CFG_DMA_LOW, __builtin_bswap32((uint32_t)request_address));
}

#endif
