/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local APIC and I/O APICs.  The discovery code says where they are (ACPI MADT); zeroed fields
 * mean the places that every PC has used since the 82093AA.
 */
#ifndef BOOT_X86_64_INTERRUPTS_H
#define BOOT_X86_64_INTERRUPTS_H

#include <stdint.h>

#define INTERRUPTS_IOAPICS_MAX 4

struct interrupt_controllers {
    /* Physical address of the local APIC, 0 for 0xfee00000. */
    uint64_t local_apic;
    /* ioapic_count 0 means one at 0xfec00000 with GSI base 0. */
    unsigned int ioapic_count;
    struct {
        uint64_t address;
        uint32_t gsi_base;
    } ioapics[INTERRUPTS_IOAPICS_MAX];
};

/* Masks the 8259s, starts the local APIC and masks every pin of the I/O APICs.  Before this,
 * drivers/irq.h returns errors.  0 or -ENODEV when the processor has no APIC. */
int interrupts_init(const struct interrupt_controllers *controllers);

#endif
