/* SPDX-License-Identifier: BSD-2-Clause */
/* The random numbers of the device tree: see <arch/random.h>. */
#ifndef BOOT_VIRT_SEED_H
#define BOOT_VIRT_SEED_H

#include <stddef.h>

/* Keeps them; what does not fit is left. */
void seed_keep(const void *numbers, size_t bytes);

#endif
