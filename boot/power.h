/* SPDX-License-Identifier: BSD-2-Clause */
/* The ends of the machine; implemented per architecture. */
#ifndef BOOT_POWER_H
#define BOOT_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "options.h"

/* Remembers the two, which must stay valid; *machine may be filled later (zeroed until then). */
void power_init(const struct machine *machine, const struct options *options);
/* A pvpanic device that PCI enumeration found: its mapped register (1b36:0011, BAR0). */
void power_add_pvpanic(volatile void *events_register);

/* Powers down, resets or stops.  None returns: where nothing helps, the processor stops. */
_Noreturn void power_off(void);
_Noreturn void power_reboot(void);
_Noreturn void power_halt(void);

/* Whether power_sleep() can do what it says. */
bool power_can_sleep(const struct machine *machine);
/*
 * Puts the machine to sleep with its memory alive, and returns once it has been woken.  Devices
 * have lost their state then: whoever drives one starts it anew; clock, interrupts, hotplug and
 * PCI's configuration are as before.  Returns 0; -ENOTSUP; -ENOMEM; or -EIO if it did not fall
 * asleep.
 */
int power_sleep(const struct machine *machine);

/*
 * The end after a trap or a failed assertion, once it has been reported on the serial line: tells
 * isa-debug-exit (QEMU exits with POWER_EXIT_CRASH) and pvpanic, else stops the processor.  Uses no
 * memory but the stack; usable before power_init() and inside a trap.
 */
_Noreturn void machine_crash(void);

/* QEMU's exit codes by isa-debug-exit, (value << 1) | 1 (hw/misc/debugexit.c): away from 0, 1 and
 * a shell's own codes. */
#define POWER_EXIT_POWEROFF 33
#define POWER_EXIT_CRASH    35

#endif
