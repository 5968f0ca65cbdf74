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
/*
 * The first interrupt of a node; `inherited` is the phandle of the controller that its parents
 * name.  False if there is none, or its controller is not among *machine's.
 */
bool machine_fdt_interrupt(const struct fdt *fdt, const struct fdt_node *node, uint32_t inherited,
                           const struct machine *machine, struct machine_irq_line *line);

#endif
