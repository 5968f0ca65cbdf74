/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of the host to the whole machine: take out or notice a PCI device, and the power
 * button; implemented per architecture.
 */
#ifndef BOOT_HOTPLUG_H
#define BOOT_HOTPLUG_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"

struct hotplug_events {
    /*
     * The host wants the device in this slot back (all its functions).  When the call returns no
     * driver may touch it any more; it is ejected then.
     */
    void (*pci_removal_requested)(void *ctx, uint8_t bus, uint8_t slot);
    /* A device may have appeared: scan again. */
    void (*pci_added)(void *ctx);
    /* The power button was pressed (system_powerdown). */
    void (*power_button)(void *ctx);
    void *ctx;
};

/* Enables the events and their interrupt.  Call it after interrupts and PCI work.  `machine` and
 * `events` must stay valid. */
void hotplug_init(const struct machine *machine, const struct hotplug_events *events);
/* After a sleep: the same once more, without anything that has happened before. */
void hotplug_resume(void);
/*
 * Handles what is pending; call it in every turn of the event loop: without news it costs one
 * comparison.  Returns whether it did something.
 */
bool hotplug_poll(void);

#endif
