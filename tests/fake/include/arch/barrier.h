/* SPDX-License-Identifier: BSD-2-Clause */
/* Barriers for tests: driver and fake device are one thread, so only the compiler is held. */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

#include <stdatomic.h>

static inline void dma_rmb(void)
{
    atomic_signal_fence(memory_order_acquire);
}

static inline void dma_wmb(void)
{
    atomic_signal_fence(memory_order_release);
}

static inline void dma_mb(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

#endif
