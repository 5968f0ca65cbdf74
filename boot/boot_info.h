/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader told us, in one form whatever the boot protocol was.  The architecture's
 * entry code fills it (x86: PVH start_info or multiboot2 tags) and checks it on the way: regions
 * are sorted, page-aligned inwards, disjoint and below 2^52; pointers are identity-mapped.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include <stddef.h>
#include <stdint.h>

#define BOOT_REGIONS_MAX 32

/* Usable RAM: [base, base + size), both multiples of 4096. */
struct boot_region {
    uint64_t base;
    uint64_t size;
};

struct boot_info {
    /* "PVH", "multiboot2", ...: for the log. */
    const char *protocol;
    struct boot_region ram[BOOT_REGIONS_MAX];
    unsigned int ram_count;
    /* Not NUL-terminated and without a leading file name; NULL and 0 if there is none.  Stays
     * valid until pages_init() is followed by the first allocation: copy what has to last. */
    const char *cmdline;
    size_t cmdline_length;
    /* The initrd (PVH module 0, the first multiboot2 module), NULL and 0 if there is none.  Its
     * pages are not given to the allocator before pages_release(). */
    const uint8_t *initrd;
    size_t initrd_size;
    /* Physical address of the ACPI RSDP, 0 if the loader did not say. */
    uint64_t rsdp;
    /* Physical address of a flattened device tree, 0 if the loader did not say (x86: always 0). */
    uint64_t fdt;
};

#endif
