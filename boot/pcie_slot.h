/* SPDX-License-Identifier: BSD-2-Clause */
/* Native hotplug of PCI Express: ports that look after their own slot (PCIe 4.0 §6.7). */
#ifndef BOOT_PCIE_SLOT_H
#define BOOT_PCIE_SLOT_H

#include <stdbool.h>

#include "hotplug.h"

/* Finds every port with a hotplug-capable slot and takes its interrupt. */
void pcie_slots_init(const struct hotplug_events *events);
/* After a sleep: asks the ports for reports again; what they saw meanwhile is old. */
void pcie_slots_resume(void);
/* Handles what the ports have reported; returns whether there was anything. */
bool pcie_slots_poll(void);

#endif
