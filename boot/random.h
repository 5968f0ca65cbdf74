/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that nobody can foretell, from the processor.  Implemented per architecture. */
#ifndef BOOT_RANDOM_H
#define BOOT_RANDOM_H

#include <stddef.h>

/* Fills the buffer.  Returns 0, or -ENODEV if the processor has no such source or it fails. */
int random_bytes(void *buffer, size_t bytes);

#endif
