/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ordering of this processor's accesses as a device on another host thread sees them (Arm ARM
 * B2.3.7): the outer shareable domain is the one that devices are in.
 */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

/* Earlier loads complete before later loads. */
static inline void dma_rmb(void)
{
    __asm__ volatile("dmb oshld" ::: "memory");
}

/* Earlier stores are visible before later stores. */
static inline void dma_wmb(void)
{
    __asm__ volatile("dmb oshst" ::: "memory");
}

/* Earlier accesses of either kind before later ones of either kind. */
static inline void dma_mb(void)
{
    __asm__ volatile("dmb osh" ::: "memory");
}

#endif
