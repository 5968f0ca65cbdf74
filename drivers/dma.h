/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that a device may read and write.  boot/ implements it; tests bring a fake. */
#ifndef DRIVERS_DMA_H
#define DRIVERS_DMA_H

#include <stddef.h>
#include <stdint.h>

/* `bytes` rounded up to whole 4 KiB pages, page-aligned, physically contiguous, zeroed; NULL if
 * memory does not suffice.  The driver owns it until dma_free() with the same size. */
void *dma_alloc(size_t bytes);
void dma_free(void *memory, size_t bytes);
/* The address by which a device reaches `memory`. */
uint64_t dma_addr(const void *memory);

#endif
