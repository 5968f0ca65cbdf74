/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI's configuration over a sleep, in which it is lost (ACPI 6.4 §16.3.1). */
#ifndef BOOT_PCI_STATE_H
#define BOOT_PCI_STATE_H

/* Notes where every function is to be found and whether it answers; 0 or -ENOMEM. */
int pci_state_save(void);
/* Writes it back, bridges before what is behind them, and forgets it. */
void pci_state_restore(void);

#endif
