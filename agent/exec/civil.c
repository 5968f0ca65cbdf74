/* SPDX-License-Identifier: BSD-2-Clause */
#include "civil.h"

#define DAY_SECONDS 86400
/* Days of 400 years, and from 0000-03-01 to 1970-01-01. */
#define ERA_DAYS   146097
#define EPOCH_DAYS 719468

const char *const civil_days[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
const char *const civil_months[12] = {"January",   "February", "March",    "April",
                                      "May",       "June",     "July",     "August",
                                      "September", "October",  "November", "December"};

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

int64_t civil_floor(int64_t ns, int64_t *rest_ns)
{
    int64_t seconds = floor_divide(ns, 1000000000);

    *rest_ns = ns - seconds * 1000000000;
    return seconds;
}

/* Days since 1970-01-01; years begin in March, so that the leap day comes last. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = floor_divide(shifted, 400);
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           EPOCH_DAYS;
}

struct civil civil_from_seconds(int64_t seconds)
{
    int64_t days = floor_divide(seconds, DAY_SECONDS);
    int rest = (int)(seconds - days * DAY_SECONDS);
    int64_t shifted = days + EPOCH_DAYS;
    int64_t era = floor_divide(shifted, ERA_DAYS);
    int64_t day_of_era = shifted - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month = (int)((5 * day_of_year + 2) / 153);
    struct civil civil = {
        .year = year_of_era + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = (int)(day_of_year - (153 * month + 2) / 5) + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
        .weekday = (int)(((days + 4) % 7 + 7) % 7),
    };

    civil.year_day = (int)(days - days_of(civil.year, 1, 1));
    return civil;
}

int64_t civil_to_seconds(const struct civil *civil)
{
    return days_of(civil->year, civil->month, civil->day) * DAY_SECONDS + civil->hour * 3600 +
           civil->minute * 60 + civil->second;
}
