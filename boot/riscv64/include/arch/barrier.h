/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ordering of this processor's accesses as a device on another host thread sees them (RISC-V
 * unprivileged §2.7, FENCE).  Each orders memory and device registers alike, because a doorbell is
 * a register and what it tells about is memory.
 */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

/* Earlier loads complete before later loads. */
static inline void dma_rmb(void)
{
    __asm__ volatile("fence ir, ir" ::: "memory");
}

/* Earlier stores are visible before later stores. */
static inline void dma_wmb(void)
{
    __asm__ volatile("fence ow, ow" ::: "memory");
}

/* Earlier accesses of either kind before later ones of either kind. */
static inline void dma_mb(void)
{
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}

#endif
