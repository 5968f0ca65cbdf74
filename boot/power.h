/* SPDX-License-Identifier: BSD-2-Clause */
/* The ends of the machine; implemented per architecture. */
#ifndef BOOT_POWER_H
#define BOOT_POWER_H

#include <stdint.h>

#include "machine.h"
#include "options.h"

/* Remembers the registers and looks for isa-debug-exit and pvpanic.  Both must stay valid. */
void power_init(const struct machine *machine, const struct options *options);
/* A pvpanic device that PCI enumeration found: its mapped register (1b36:0011, BAR0). */
void power_add_pvpanic(volatile void *events_register);

/* Powers down, resets or stops.  None returns: where nothing helps, the processor stops. */
void power_off(void) __attribute__((noreturn));
void power_reboot(void) __attribute__((noreturn));
void power_halt(void) __attribute__((noreturn));

/*
 * The end after a trap or a failed assertion, once it has been reported on the serial line: tells
 * pvpanic, then isa-debug-exit (QEMU exits with 35: never 0, 1 or 33), else stops the processor.
 * Usable before power_init().
 */
void machine_crash(void) __attribute__((noreturn));

#endif
