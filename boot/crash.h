/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words for the report of a crash.  They use the serial line and the stack and nothing else: no
 * libc, no memory, no log, because any of these may be what is broken.
 */
#ifndef BOOT_CRASH_H
#define BOOT_CRASH_H

#include <stddef.h>
#include <stdint.h>

/* A stack: from the page that nobody may touch to its end. */
struct crash_stack {
    const uint8_t *guard;
    const uint8_t *end;
};

/* Where the one of `count` stacks ends that `address` is in, above its guard; 0: it is in none. */
uintptr_t crash_stack_end(const struct crash_stack *stacks, size_t count, uintptr_t address);
/* The text as it is. */
void crash_text(const char *text);
/* "0x" and exactly `digits` hexadecimal digits. */
void crash_hex(uint64_t value, int digits);
/* As many digits as it has. */
void crash_decimal(uint64_t value);
/* "name+0x1c" of the function that `address` is in, or "?". */
void crash_symbol(uintptr_t address);
/* One line of a backtrace: where it is and in which function. */
void crash_line(uintptr_t address);
/* The lines of the call chain whose innermost frame pointer is `frame`; `address` is what the last
 * line was about. */
void crash_callers(uintptr_t address, uintptr_t frame);
/* The line of `address`, then those of the call chain whose innermost frame pointer is `frame`. */
void crash_backtrace(uintptr_t address, uintptr_t frame);

#endif
