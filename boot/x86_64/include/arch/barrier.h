/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ordering of this processor's accesses as a device on another host thread sees them.  x86 keeps
 * loads in order with loads and stores with stores (Intel SDM 3A §9.2.2), so only the compiler
 * has to be held there; a store followed by a load needs the real fence.
 */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

/* Earlier loads complete before later loads. */
static inline void dma_rmb(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Earlier stores are visible before later stores. */
static inline void dma_wmb(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Earlier accesses of either kind before later ones of either kind. */
static inline void dma_mb(void)
{
    __asm__ volatile("mfence" ::: "memory");
}

#endif
