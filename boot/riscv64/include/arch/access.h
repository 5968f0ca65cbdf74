/* SPDX-License-Identifier: BSD-2-Clause */
/* The instructions of which boot/virt/include/arch/ makes <arch/mmio.h> and <arch/barrier.h>. */
#ifndef ARCH_ACCESS_H
#define ARCH_ACCESS_H

#define ARCH_LOAD_8   "lbu %0, 0(%1)"
#define ARCH_LOAD_16  "lhu %0, 0(%1)"
#define ARCH_LOAD_32  "lw %0, 0(%1)"
#define ARCH_LOAD_64  "ld %0, 0(%1)"
#define ARCH_STORE_8  "sb %0, 0(%1)"
#define ARCH_STORE_16 "sh %0, 0(%1)"
#define ARCH_STORE_32 "sw %0, 0(%1)"
#define ARCH_STORE_64 "sd %0, 0(%1)"

/* Each orders memory and device registers alike, because a doorbell is a register and what it tells
 * about is memory (RISC-V unprivileged §2.7, FENCE). */
#define ARCH_DMA_RMB "fence ir, ir"
#define ARCH_DMA_WMB "fence ow, ow"
#define ARCH_DMA_MB  "fence iorw, iorw"

#endif
