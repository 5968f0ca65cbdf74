/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MC146818A: registers through an index port; binary or BCD, 12 or 24 hours (register B).  While
 * register A says that an update is in progress the date must not be read ("Update Cycle"), and
 * one may start between two registers: the date counts when two readings agree.  To write, updates
 * are stopped ("SET Bit") and the divider is held in reset, whose end begins a second that is half
 * over ("Divider Control"; QEMU hw/rtc/mc146818rtc.c:cmos_ioport_write() has it in this order).
 */
#include "rtc.h"

#include <arch/pio.h>
#include <string.h>

enum rtc_port { RTC_INDEX = 0x70, RTC_DATA = 0x71 };
enum rtc_register {
    RTC_SECONDS = 0,
    RTC_MINUTES = 2,
    RTC_HOURS = 4,
    RTC_DAY = 7,
    RTC_MONTH = 8,
    RTC_YEAR = 9,
    RTC_A = 10,
    RTC_B = 11
};
#define RTC_A_UPDATING 0x80u
#define RTC_A_DIVIDER  0x70u
#define RTC_A_RESET    0x70u /* the divider stands */
#define RTC_A_RUNNING  0x20u /* and the one setting for the crystal that every PC has */
#define RTC_B_SET      0x80u
#define RTC_B_BINARY   0x04u
#define RTC_B_24_HOURS 0x02u
#define RTC_HOUR_PM    0x80u

/* An update takes 1984 µs and is announced 244 µs before; a port access takes 1 µs on real
 * hardware and less in an emulator, so this only bounds the wait. */
#define RTC_UPDATE_POLLS 20000u
#define RTC_ATTEMPTS     8u

#define SECONDS_PER_DAY 86400

struct rtc_date {
    uint8_t second, minute, hour, day, month, year, century, format;
};

static uint8_t rtc_register(uint8_t index)
{
    pio_write8(RTC_INDEX, index);
    return pio_read8(RTC_DATA);
}

static void read_raw(uint8_t century, struct rtc_date *date)
{
    date->second = rtc_register(RTC_SECONDS);
    date->minute = rtc_register(RTC_MINUTES);
    date->hour = rtc_register(RTC_HOURS);
    date->day = rtc_register(RTC_DAY);
    date->month = rtc_register(RTC_MONTH);
    date->year = rtc_register(RTC_YEAR);
    date->century = century != 0 ? rtc_register(century) : 0;
    date->format = rtc_register(RTC_B);
}

static bool read_stable(uint8_t century, struct rtc_date *date)
{
    struct rtc_date again;

    for (uint32_t attempt = 0; attempt < RTC_ATTEMPTS; attempt++) {
        uint32_t polls = RTC_UPDATE_POLLS;

        while ((rtc_register(RTC_A) & RTC_A_UPDATING) != 0) {
            if (--polls == 0)
                return false; /* all ones where there is no clock */
        }
        read_raw(century, date);
        read_raw(century, &again);
        if (memcmp(date, &again, sizeof(again)) == 0)
            return true;
    }
    return false;
}

static int number(uint8_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10 + (value & 0xf);
}

/* Days from 1970-01-01 in the Gregorian calendar.  A year counts from March here, so that the leap
 * day is its last and the days before a month are (153 * month + 2) / 5. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int march_year = month > 2 ? year : year - 1;
    int march_month = (month + 9) % 12;
    int64_t days = (int64_t)march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400;

    return days + (153 * march_month + 2) / 5 + day - 1 - 719468;
}

bool rtc_read(uint8_t century, int64_t *seconds)
{
    struct rtc_date raw;
    int second, minute, hour, day, month, year;
    bool binary;

    if (!read_stable(century, &raw))
        return false;
    binary = (raw.format & RTC_B_BINARY) != 0;
    second = number(raw.second, binary);
    minute = number(raw.minute, binary);
    hour = number(raw.hour & (uint8_t)~RTC_HOUR_PM, binary);
    day = number(raw.day, binary);
    month = number(raw.month, binary);
    year = number(raw.year, binary) + 100 * number(raw.century, binary);
    if ((raw.format & RTC_B_24_HOURS) == 0)
        hour = hour % 12 + ((raw.hour & RTC_HOUR_PM) != 0 ? 12 : 0);
    if (year < 100)
        year += year < 70 ? 2000 : 1900;
    if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31 || month < 1 || month > 12 ||
        year < 1970)
        return false;
    *seconds =
        days_since_epoch(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    return true;
}

static uint8_t coded(int value, bool binary)
{
    return (uint8_t)(binary ? value : value / 10 * 16 + value % 10);
}

/* The inverse of days_since_epoch(). */
static void date_of_days(int64_t days, int *year, int *month, int *day)
{
    int64_t since = days + 719468; /* from March 1 of year 0 */
    int era = (int)(since / 146097);
    int in_era = (int)(since % 146097);
    int year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * in_year + 2) / 153;

    *day = in_year - (153 * march_month + 2) / 5 + 1;
    *month = march_month < 10 ? march_month + 3 : march_month - 9;
    *year = year_of_era + 400 * era + (*month <= 2 ? 1 : 0);
}

static void rtc_set(uint8_t index, uint8_t value)
{
    pio_write8(RTC_INDEX, index);
    pio_write8(RTC_DATA, value);
}

static uint8_t coded_hour(int hour, uint8_t format)
{
    bool binary = (format & RTC_B_BINARY) != 0;

    if ((format & RTC_B_24_HOURS) != 0)
        return coded(hour, binary);
    return (uint8_t)(coded((hour + 11) % 12 + 1, binary) | (hour >= 12 ? RTC_HOUR_PM : 0));
}

bool rtc_write(uint8_t century, int64_t seconds)
{
    uint8_t rate = rtc_register(RTC_A) & (uint8_t) ~(RTC_A_UPDATING | RTC_A_DIVIDER);
    uint8_t format = rtc_register(RTC_B) & (uint8_t)~RTC_B_SET;
    int in_day = (int)(seconds % SECONDS_PER_DAY);
    bool binary = (format & RTC_B_BINARY) != 0;
    int year, month, day;
    int64_t written;

    date_of_days(seconds / SECONDS_PER_DAY, &year, &month, &day);
    rtc_set(RTC_A, rate | RTC_A_RESET);
    rtc_set(RTC_B, format | RTC_B_SET);
    rtc_set(RTC_SECONDS, coded(in_day % 60, binary));
    rtc_set(RTC_MINUTES, coded(in_day / 60 % 60, binary));
    rtc_set(RTC_HOURS, coded_hour(in_day / 3600, format));
    rtc_set(RTC_DAY, coded(day, binary));
    rtc_set(RTC_MONTH, coded(month, binary));
    rtc_set(RTC_YEAR, coded(year % 100, binary));
    if (century != 0)
        rtc_set(century, coded(year / 100, binary));
    rtc_set(RTC_B, format);
    rtc_set(RTC_A, rate | RTC_A_RUNNING);
    return rtc_read(century, &written) && written - seconds >= 0 && written - seconds <= 1;
}
