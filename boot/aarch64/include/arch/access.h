/* SPDX-License-Identifier: BSD-2-Clause */
/* The instructions of which boot/virt/include/arch/ makes <arch/mmio.h> and <arch/barrier.h>. */
#ifndef ARCH_ACCESS_H
#define ARCH_ACCESS_H

/* Without writeback: for others the syndrome of a trapped access does not tell a hypervisor what it
 * was (Arm ARM D17.2.37, ISV). */
#define ARCH_LOAD_8   "ldrb %w0, [%1]"
#define ARCH_LOAD_16  "ldrh %w0, [%1]"
#define ARCH_LOAD_32  "ldr %w0, [%1]"
#define ARCH_LOAD_64  "ldr %x0, [%1]"
#define ARCH_STORE_8  "strb %w0, [%1]"
#define ARCH_STORE_16 "strh %w0, [%1]"
#define ARCH_STORE_32 "str %w0, [%1]"
#define ARCH_STORE_64 "str %x0, [%1]"

/* The outer shareable domain is the one that devices are in (Arm ARM B2.3.7). */
#define ARCH_DMA_RMB "dmb oshld"
#define ARCH_DMA_WMB "dmb oshst"
#define ARCH_DMA_MB  "dmb osh"

#endif
