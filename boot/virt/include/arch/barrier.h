/* SPDX-License-Identifier: BSD-2-Clause */
/* Ordering of this processor's accesses as a device on another host thread sees them. */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

#include <arch/access.h>

/* Earlier loads complete before later loads. */
static inline void dma_rmb(void)
{
    __asm__ volatile(ARCH_DMA_RMB ::: "memory");
}

/* Earlier stores are visible before later stores. */
static inline void dma_wmb(void)
{
    __asm__ volatile(ARCH_DMA_WMB ::: "memory");
}

/* Earlier accesses of either kind before later ones of either kind. */
static inline void dma_mb(void)
{
    __asm__ volatile(ARCH_DMA_MB ::: "memory");
}

#endif
