/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device tree says about the machine, in the terms of machine.h. */
#ifndef BOOT_MACHINE_FDT_H
#define BOOT_MACHINE_FDT_H

#include "fdt.h"
#include "machine.h"

/*
 * Adds interrupt controllers (only if *machine has none yet), virtio-mmio transports, PCI hosts
 * and the real-time clock of a device tree to *machine.
 */
void machine_read_fdt(const struct fdt *fdt, struct machine *machine);

#endif
