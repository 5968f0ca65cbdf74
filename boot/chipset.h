/* SPDX-License-Identifier: BSD-2-Clause */
/* What only the chipset knows; implemented per architecture. */
#ifndef BOOT_CHIPSET_H
#define BOOT_CHIPSET_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pci.h"
#include "machine.h"

/*
 * The line of interrupt `pin` (1 to 4) of `slot` on the root bus, read from the chipset's router,
 * for a function that firmware has never seen (hot-plugged).  False if the chipset is unknown.
 */
bool chipset_route(const struct pci_host *host, uint8_t slot, uint8_t pin,
                   const struct machine *machine, struct machine_irq_line *line);

#endif
