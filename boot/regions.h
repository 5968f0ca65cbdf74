/* SPDX-License-Identifier: BSD-2-Clause */
/* A small set of address ranges, kept sorted, disjoint and page-aligned. */
#ifndef BOOT_REGIONS_H
#define BOOT_REGIONS_H

#include <stdint.h>

#define REGIONS_MAX 32
/* x86-64 and arm64 reach 52 physical address bits at most; what a map says beyond is not ours. */
#define REGIONS_ADDRESS_END (UINT64_C(1) << 52)

struct region {
    uint64_t base;
    uint64_t size;
};

struct regions {
    struct region items[REGIONS_MAX];
    unsigned int count;
};

/* Adds the whole pages inside [base, base + size).  Overlaps and neighbours become one.  A range
 * that does not fit into a full set is left out: less RAM, nothing worse. */
void regions_add(struct regions *regions, uint64_t base, uint64_t size);
/* Takes out every page that [base, base + size) touches.  When a full set would need one more
 * item, the upper rest is given up. */
void regions_remove(struct regions *regions, uint64_t base, uint64_t size);
/* Bytes in the set. */
uint64_t regions_total(const struct regions *regions);

#endif
