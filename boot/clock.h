/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot/main.c needs of the clock besides drivers/clock.h; implemented per architecture. */
#ifndef BOOT_CLOCK_H
#define BOOT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"

/*
 * Picks the reference by which the cycle counter is measured and reads the real-time clock.  Takes
 * microseconds: the measurement itself goes on inside later calls of clock_monotonic_ns(), which
 * compare the counters again after 1 ms, 2 ms, 4 ms … until the error is below 10 ppm.
 * The local APIC and the reference's registers must be mapped and, for the local APIC, enabled.
 */
void clock_init(const struct machine *machine);
/* After a sleep in which counters and references stood or started over: time goes on, and that of
 * the day follows the real-time clock again. */
void clock_resume(const struct machine *machine);
/*
 * Until when the clock wants to be read once more, on the scale of clock_monotonic_ns(), so that
 * an idle machine also gets a good frequency; UINT64_MAX when it is good enough.  A loop that
 * never wakes by itself may ignore it.
 */
uint64_t clock_refine_at_ns(void);
/* Nanoseconds since 1970-01-01 UTC; counted from 1970 if the machine has no real-time clock. */
int64_t clock_realtime_ns(void);
/* Sets it, and the real-time clock too: 0, or -ENODEV when that is missing. */
int clock_set_realtime(int64_t realtime_ns);
/* Sets it by the real-time clock: 0, or -ENODEV when that is missing or holds no date. */
int clock_load_realtime(void);
/* Whether clock_realtime_ns() is more than a guess. */
bool clock_has_realtime(void);

#endif
