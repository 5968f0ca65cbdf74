/* SPDX-License-Identifier: BSD-2-Clause */
/* The page tables of the kernel: see paging.c; the rest of its functions are in platform.h. */
#ifndef BOOT_X86_64_PAGING_H
#define BOOT_X86_64_PAGING_H

#include "boot/regions.h"

/*
 * Gives every page its rights: text R-X, constants R--, everything else RW- and never executable,
 * nothing at address 0 and below each stack, device memory uncached; turns SMEP and SMAP on where
 * the processor has them.  `ram` is all RAM.  0 or -ENOMEM.
 */
int paging_init(const struct regions *ram);

#endif
