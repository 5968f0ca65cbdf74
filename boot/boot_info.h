/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader told us, in one form whatever the boot protocol was.  The architecture's
 * entry code fills it (x86: PVH start_info or multiboot2 tags) and checks it on the way; nothing
 * in here points into the loader's own memory but the initrd.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regions.h"

#define BOOT_CMDLINE_MAX 4096

struct boot_info {
    /* "PVH", "multiboot2", ...: for the log. */
    const char *protocol;
    /* All usable RAM, the image and the first megabyte included. */
    struct regions ram;
    /* Without the kernel's file name, which multiboot2's GRUB leaves out and multiboot1 put
     * first; NUL-terminated, empty if there is none. */
    char cmdline[BOOT_CMDLINE_MAX];
    size_t cmdline_length;
    /* Set if the loader's command line was longer than cmdline[] and lost its end. */
    bool cmdline_truncated;
    /* The initrd (PVH module 0, the first multiboot2 module), NULL and 0 if there is none.  Its
     * pages are not given to the allocator before pages_release(). */
    const uint8_t *initrd;
    size_t initrd_size;
    /* Memory of the loader's that stays in use (multiboot2 keeps a copy of the RSDP in it, others
     * bring a device tree). */
    uint64_t loader_data;
    uint64_t loader_data_size;
    /* Physical address of the ACPI RSDP, 0 if the loader did not say. */
    uint64_t rsdp;
    /* A flattened device tree, NULL if the loader did not bring one (x86: always).  Its pages are
     * loader_data. */
    const void *fdt;
    size_t fdt_size;
    /* QEMU's fw_cfg where the architecture does not fix its place: its registers, mapped. */
    uint64_t fw_cfg;
    /* The processor that runs us, as the device tree numbers them. */
    uint64_t boot_cpu;
};

#endif
