/* SPDX-License-Identifier: BSD-2-Clause */
/* The PCI hosts of the machine as the drivers want them. */
#ifndef BOOT_PCI_HOSTS_H
#define BOOT_PCI_HOSTS_H

#include "drivers/pci.h"
#include "machine.h"

/*
 * Makes the hosts from the machine's description: maps their configuration space and, where no
 * firmware has done it, numbers their buses.  Does its work once; later calls return at once.
 * `machine` must stay valid.
 */
void pci_hosts_init(const struct machine *machine);
/* The hosts, *count of them. */
const struct pci_host *pci_hosts_get(uint32_t *count);

#endif
