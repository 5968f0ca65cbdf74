/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers of a machine whose processor need not have any: those that the loader left in the
 * device tree (/chosen's rng-seed, Devicetree Specification v0.4 §3.6), while they last.
 */
#ifndef ARCH_RANDOM_H
#define ARCH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* Whether there is no end to them. */
static inline bool arch_random_is_there(void)
{
    return false;
}

/* One number, which nobody gets again; false if there is none left (boot/virt/seed.c). */
bool arch_random(uint64_t *value);

#endif
