/* SPDX-License-Identifier: BSD-2-Clause */
/* What the interrupt code must tell the clock. */
#ifndef BOOT_X86_64_CLOCK_X86_H
#define BOOT_X86_64_CLOCK_X86_H

/*
 * Call before the local APIC's timer is first programmed: where it is the only reference that the
 * machine has, the clock lets it run free (masked) until then, and takes its last measurement
 * here.  Costs nothing otherwise.
 */
void clock_local_timer_taken(void);

#endif
