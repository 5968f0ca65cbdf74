/* SPDX-License-Identifier: BSD-2-Clause */
/* The latest lines of the log, for whoever asks later (dmesg in the guest). */
#ifndef BOOT_LOG_RING_H
#define BOOT_LOG_RING_H

#include <stddef.h>
#include <stdint.h>

/* Takes `count` bytes of the log; the oldest go for them. */
void log_ring_add(const char *bytes, size_t count);
/*
 * Copies up to `size` bytes from byte *position of all that was added, or from the start of the
 * oldest line that is kept, and moves *position behind them; 0 at the end.
 */
size_t log_ring_read(uint64_t *position, char *bytes, size_t size);

#endif
