/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_ring.h"

#define RING_BYTES 8192u /* a power of two */

static char ring[RING_BYTES];
static uint64_t added;

void log_ring_add(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ring[added++ % RING_BYTES] = bytes[i];
}

size_t log_ring_read(uint64_t *position, char *bytes, size_t size)
{
    uint64_t oldest = added > RING_BYTES ? added - RING_BYTES : 0;
    size_t count = 0;
    if (*position < oldest) {
        *position = oldest;
        /* What is left of a line that was overwritten. */
        while (*position < added && ring[(*position)++ % RING_BYTES] != '\n') {
        }
    }
    while (count < size && *position < added)
        bytes[count++] = ring[(*position)++ % RING_BYTES];
    return count;
}
