/* SPDX-License-Identifier: BSD-2-Clause */
/* The PC's real-time clock (MC146818A data sheet). */
#ifndef BOOT_X86_64_RTC_H
#define BOOT_X86_64_RTC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads it, taken as UTC: seconds since 1970 into *seconds.  `century` is the index of the century
 * byte (0: none; years below 70 are then taken as 20xx).  Waits 2 ms at most for an update that is
 * going on; returns false if there is no clock or what it holds is no date.
 */
bool rtc_read(uint8_t century, int64_t *seconds);
/*
 * Sets it to `seconds` since 1970 (UTC), in the format that it is in; its next second begins half
 * a second later.  Returns whether it holds that date then.  Waits no longer than rtc_read().
 */
bool rtc_write(uint8_t century, int64_t seconds);

#endif
