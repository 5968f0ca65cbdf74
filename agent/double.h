/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers with a fraction as text. */
#ifndef AGENT_DOUBLE_H
#define AGENT_DOUBLE_H

#include <stddef.h>

#define DOUBLE_TEXT_BYTES 32u

/*
 * As printf's %.17g (C11 §7.21.6.1), which is what qobject/qnum.c prints: the exact value rounded
 * to 17 digits, half to even.  Not every C library does that: picolibc prints the shortest digits
 * that read back as the same number, 0.1 for 0.1.  Returns the length; a NUL follows.
 */
size_t double_format(char text[DOUBLE_TEXT_BYTES], double value);

#endif
