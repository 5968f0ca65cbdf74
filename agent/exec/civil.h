/* SPDX-License-Identifier: BSD-2-Clause */
/* Calendar dates of the Gregorian calendar, in UTC. */
#ifndef AGENT_CIVIL_H
#define AGENT_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct civil {
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second;
    int weekday;  /* 0 is Sunday */
    int year_day; /* 0 to 365 */
};

extern const char *const civil_days[7];
extern const char *const civil_months[12];

/* The date of a number of seconds since 1970-01-01 00:00:00. */
struct civil civil_from_seconds(int64_t seconds);
/* And back; the weekday and the day of the year are not looked at. */
int64_t civil_to_seconds(const struct civil *civil);
/* Nanoseconds to whole seconds, downwards. */
int64_t civil_floor(int64_t ns, int64_t *rest_ns);

#endif
