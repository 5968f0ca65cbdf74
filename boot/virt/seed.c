/* SPDX-License-Identifier: BSD-2-Clause */
/* The random numbers of the device tree, each given away once. */
#include "seed.h"

#include <arch/random.h>

#include <string.h>

#define SEED_NUMBERS 8u /* QEMU leaves four (include/sysemu/device_tree.h) */

static struct {
    uint64_t numbers[SEED_NUMBERS];
    size_t count;
} seed;

void seed_keep(const void *numbers, size_t bytes)
{
    seed.count = bytes / sizeof(seed.numbers[0]);
    if (seed.count > SEED_NUMBERS)
        seed.count = SEED_NUMBERS;
    memcpy(seed.numbers, numbers, seed.count * sizeof(seed.numbers[0]));
}

bool arch_random(uint64_t *value)
{
    if (seed.count == 0)
        return false;
    seed.count--;
    *value = seed.numbers[seed.count];
    seed.numbers[seed.count] = 0;
    return true;
}
