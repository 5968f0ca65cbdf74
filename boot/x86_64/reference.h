/* SPDX-License-Identifier: BSD-2-Clause */
/* A counter of known frequency, by which the time stamp counter is measured. */
#ifndef BOOT_X86_64_REFERENCE_H
#define BOOT_X86_64_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/machine.h"

struct reference {
    const char *name;
    uint64_t (*read)(const struct reference *reference); /* counts up */
    uint64_t mask;                                       /* of the bits that count */
    uint64_t femtoseconds;                               /* per tick */
    uint64_t port;
    volatile void *registers;
    bool is_local_timer;
};

/* Picks and starts the best one of the machine: HPET, ACPI PM timer, PIT, local APIC timer.
 * Returns false if there is none. */
bool reference_find(const struct machine *machine, struct reference *reference);

#endif
