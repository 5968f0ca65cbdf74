/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ways in which a loader describes the machine to us. */
#ifndef BOOT_X86_64_BOOT_PROTOCOLS_H
#define BOOT_X86_64_BOOT_PROTOCOLS_H

#include <stdint.h>

#include "boot/boot_info.h"

/* Both read the loader's structure at `physical` (below 4 GiB, identity-mapped) into *info, which
 * is zeroed.  0, or -EINVAL with a line on the serial port that says what is wrong. */
int pvh_parse(uint32_t physical, struct boot_info *info);
int multiboot2_parse(uint32_t physical, struct boot_info *info);

/* For both: one entry of the memory map; `usable` means type 1, RAM, in both. */
struct memory_map_entry {
    uint64_t base;
    uint64_t size;
    uint32_t type;
};
#define MEMORY_MAP_RAM 1
/* Adds the RAM entries, then takes out what any other entry claims: firmware's maps overlap. */
void memory_map_apply(struct regions *ram,
                      struct memory_map_entry (*entry)(const void *ctx, uint32_t i),
                      const void *ctx, uint32_t count);

#endif
