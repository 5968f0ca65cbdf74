/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables that a kernel without an AML interpreter can use (ACPI 6.4 §5.2): where the
 * interrupt controllers, power registers, timers and PCI configuration space are.  Everything in
 * them is foreign: a table counts only if its checksum is right, and no read leaves its length.
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include <stddef.h>
#include <stdint.h>

#include "machine.h"

/*
 * How the reader reaches physical memory.  map() returns a pointer to `bytes` readable bytes at
 * physical `address`, or NULL where there is no such memory.
 */
struct acpi_memory {
    const void *(*map)(void *ctx, uint64_t address, size_t bytes);
    void *ctx;
};

/*
 * Looks for the tables at `rsdp_address` (0: unknown; then the extended BIOS data area and the
 * BIOS area from 0xe0000 are searched, §5.2.5.1) and adds what they say to *machine, which the
 * caller has filled with its defaults.  Returns 0, -ENOENT when there are no tables, or -EINVAL
 * when the root table is damaged (a damaged table below it is skipped with a log line).
 */
int acpi_discover(const struct acpi_memory *memory, uint64_t rsdp_address, struct machine *machine);

#endif
