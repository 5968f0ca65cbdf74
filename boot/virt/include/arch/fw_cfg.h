/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of QEMU's fw_cfg device in memory (QEMU docs/specs/fw_cfg, "Arm Register
 * Locations"), all big-endian: data, selector, and the address of a DMA request, whose low half
 * starts it.  With `base` 0 there is no device, and what is read is 0.
 */
#ifndef ARCH_FW_CFG_H
#define ARCH_FW_CFG_H

#include <stdint.h>

#include <arch/mmio.h>

enum arch_fw_cfg_register {
    ARCH_FW_CFG_DATA = 0x00,
    ARCH_FW_CFG_SELECTOR = 0x08,
    ARCH_FW_CFG_DMA_HIGH = 0x10,
    ARCH_FW_CFG_DMA_LOW = 0x14
};

static inline volatile uint8_t *arch_fw_cfg_register(uint64_t base, uint32_t offset)
{
    return (volatile uint8_t *)(uintptr_t)base + offset;
}

static inline void arch_fw_cfg_select(uint64_t base, uint16_t key)
{
    if (base)
        mmio_write16(arch_fw_cfg_register(base, ARCH_FW_CFG_SELECTOR), __builtin_bswap16(key));
}

static inline uint8_t arch_fw_cfg_read8(uint64_t base)
{
    return base ? mmio_read8(arch_fw_cfg_register(base, ARCH_FW_CFG_DATA)) : 0;
}

static inline void arch_fw_cfg_start_dma(uint64_t base, uint64_t request_address)
{
    mmio_write32(arch_fw_cfg_register(base, ARCH_FW_CFG_DMA_HIGH),
                 __builtin_bswap32((uint32_t)(request_address >> 32)));
    mmio_write32(arch_fw_cfg_register(base, ARCH_FW_CFG_DMA_LOW),
                 __builtin_bswap32((uint32_t)request_address));
}

#endif
