/* SPDX-License-Identifier: BSD-2-Clause */
/* Time for bounded waits; boot/ implements it, tests bring a fake. */
#ifndef DRIVERS_CLOCK_H
#define DRIVERS_CLOCK_H

#include <stdint.h>

/* Nanoseconds since the kernel started, never backwards; usable from the first line of main(). */
uint64_t clock_monotonic_ns(void);

#endif
