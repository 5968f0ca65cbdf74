/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few facts that only definition blocks hold, found by walking their AML (ACPI 6.4 §20.2)
 * without executing it: the sleep type of S5, and how QEMU numbers hotpluggable PCI buses.
 */
#ifndef BOOT_AML_H
#define BOOT_AML_H

#include <stddef.h>
#include <stdint.h>

#include "machine.h"

/*
 * Walks one definition block's AML (the table without its header) and adds what it finds to
 * machine->power (has_s5, s5_type_*) and machine->hotplug.  Damaged AML yields less, never a
 * read outside `bytes`.
 */
void aml_scan(const uint8_t *aml, size_t bytes, struct machine *machine);

#endif
