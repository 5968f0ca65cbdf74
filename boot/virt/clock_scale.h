/* SPDX-License-Identifier: BSD-2-Clause */
/* From the clock's nanoseconds back to the counter. */
#ifndef BOOT_VIRT_CLOCK_SCALE_H
#define BOOT_VIRT_CLOCK_SCALE_H

#include <stdint.h>

/* The count at which clock_monotonic_ns() will have reached `ns`. */
uint64_t clock_count_at(uint64_t ns);

#endif
