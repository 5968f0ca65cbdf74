/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for devices: pages in a row, at the same address for the device as for us. */
#include "drivers/dma.h"

#include <string.h>

#include "pages.h"

static size_t pages_of(size_t bytes)
{
    return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

void *dma_alloc(size_t bytes)
{
    void *memory = pages_alloc(pages_of(bytes));
    return memory ? memset(memory, 0, bytes) : NULL;
}

void dma_free(void *memory, size_t bytes)
{
    pages_free(memory, pages_of(bytes));
}

uint64_t dma_addr(const void *memory)
{
    return (uintptr_t)memory;
}
