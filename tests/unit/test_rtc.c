/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/x86_64/rtc.c
/* The real-time clock against a fake one, checked by the C library's calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <arch/pio.h>

#include "boot/x86_64/rtc.h"

#define CENTURY 0x32

static struct {
    bool present;
    bool binary;
    bool hours_12;
    time_t now;
    unsigned int updating_reads; /* how often register A still says "updating" */
    unsigned int tick_after;     /* reads until the clock moves on by a second, 0: never */
    bool stopped;                /* the divider is held in reset */
    bool set;                    /* the SET bit */
    uint8_t written[0x40];
    uint8_t index;
} rtc;

static uint8_t coded(int value)
{
    return (uint8_t)(rtc.binary ? value : value / 10 * 16 + value % 10);
}

static uint8_t hours(int hour)
{
    if (!rtc.hours_12)
        return coded(hour);
    return (uint8_t)(coded((hour + 11) % 12 + 1) | (hour >= 12 ? 0x80 : 0));
}

uint32_t fake_pio_read(uint16_t port, unsigned int bytes)
{
    struct tm tm;

    assert_int_equal(port, 0x71);
    assert_int_equal(bytes, 1);
    if (!rtc.present)
        return 0xff;
    if (rtc.tick_after > 0 && --rtc.tick_after == 0)
        rtc.now++;
    gmtime_r(&rtc.now, &tm);
    switch (rtc.index) {
    case 0:
        return coded(tm.tm_sec);
    case 2:
        return coded(tm.tm_min);
    case 4:
        return hours(tm.tm_hour);
    case 7:
        return coded(tm.tm_mday);
    case 8:
        return coded(tm.tm_mon + 1);
    case 9:
        return coded(tm.tm_year % 100);
    case 10:
        if (rtc.updating_reads > 0) {
            rtc.updating_reads--;
            return 0xa6;
        }
        return rtc.stopped ? 0x76 : 0x26;
    case 11:
        return (rtc.binary ? 4u : 0u) | (rtc.hours_12 ? 0u : 2u) | (rtc.set ? 0x80u : 0u);
    case CENTURY:
        return coded(tm.tm_year / 100 + 19);
    default:
        fail_msg("register %u", rtc.index);
        return 0;
    }
}

static int decoded(uint8_t value)
{
    return rtc.binary ? value : value / 16 * 10 + value % 16;
}

/* The clock goes on from the date that was written. */
static void start_clock(void)
{
    int hour = decoded(rtc.written[4] & 0x7f);
    struct tm tm = {.tm_sec = decoded(rtc.written[0]),
                    .tm_min = decoded(rtc.written[2]),
                    .tm_hour = hour,
                    .tm_mday = decoded(rtc.written[7]),
                    .tm_mon = decoded(rtc.written[8]) - 1,
                    .tm_year =
                        decoded(rtc.written[9]) + 100 * (decoded(rtc.written[CENTURY]) - 19)};

    if (rtc.hours_12) {
        assert_in_range(hour, 1, 12);
        tm.tm_hour = hour % 12 + ((rtc.written[4] & 0x80) != 0 ? 12 : 0);
    }
    rtc.now = timegm(&tm);
}

static void write_register(uint8_t value)
{
    switch (rtc.index) {
    case 10:
        assert_int_equal(value & 0x8f, 0x06); /* the rate stays */
        assert_false(rtc.set);                /* nothing but a running clock is stopped … */
        if (rtc.stopped && (value & 0x70) == 0x20)
            start_clock();
        rtc.stopped = (value & 0x70) == 0x70;
        assert_true(rtc.stopped || (value & 0x70) == 0x20);
        break;
    case 11:
        assert_true(rtc.stopped); /* … and nothing but a stopped one is set */
        assert_int_equal(value & 0x7f, (rtc.binary ? 4u : 0u) | (rtc.hours_12 ? 0u : 2u));
        rtc.set = (value & 0x80) != 0;
        break;
    default:
        assert_true(rtc.set);
        rtc.written[rtc.index] = value;
        break;
    }
}

void fake_pio_write(uint16_t port, unsigned int bytes, uint32_t value)
{
    assert_int_equal(bytes, 1);
    if (port == 0x71 && rtc.present) {
        write_register((uint8_t)value);
    } else if (port != 0x71) {
        assert_int_equal(port, 0x70);
        rtc.index = value & 0x7f;
    }
}

static const time_t times[] = {
    0,          /* 1970-01-01 */
    951782400,  /* 2000-02-29 */
    951868799,  /* a second before March */
    1078012799, /* 2004-02-28 23:59:59 */
    1709164800, /* 2024-02-29 */
    1735689599, /* 2024-12-31 23:59:59 */
    1800000000, /* 2027-01-15 08:00 */
    1800014400, /* at noon */
    1799971200, /* at midnight */
    4102444800, /* 2100-01-01 */
    4107542400, /* 2100-03-01: no leap year */
};

static void test_formats(void **state)
{
    int64_t seconds;

    (void)state;
    for (unsigned int format = 0; format < 4; format++) {
        memset(&rtc, 0, sizeof(rtc));
        rtc.present = true;
        rtc.binary = (format & 1) != 0;
        rtc.hours_12 = (format & 2) != 0;
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
            rtc.now = times[i];
            assert_true(rtc_read(CENTURY, &seconds));
            assert_int_equal(seconds, times[i]);
        }
        for (rtc.now = 1800000000; rtc.now < 1800000000 + 800 * 86400; rtc.now += 7201) {
            assert_true(rtc_read(CENTURY, &seconds));
            assert_int_equal(seconds, rtc.now);
        }
    }
}

static void test_without_century(void **state)
{
    int64_t seconds;

    (void)state;
    memset(&rtc, 0, sizeof(rtc));
    rtc.present = true;
    rtc.now = 1800000000;
    assert_true(rtc_read(0, &seconds));
    assert_int_equal(seconds, 1800000000);
    rtc.now = 86400 * 365;
    assert_true(rtc_read(0, &seconds));
    assert_int_equal(seconds, 86400 * 365);
}

/* The date moves while it is read: at any register. */
static void test_update(void **state)
{
    int64_t seconds;

    (void)state;
    for (unsigned int after = 1; after < 24; after++) {
        memset(&rtc, 0, sizeof(rtc));
        rtc.present = true;
        rtc.now = 1735689599; /* the last second of a year */
        rtc.tick_after = after;
        rtc.updating_reads = 5;
        assert_true(rtc_read(CENTURY, &seconds));
        assert_in_range(seconds, 1735689599, 1735689600);
    }
}

static void test_absent(void **state)
{
    int64_t seconds;

    (void)state;
    memset(&rtc, 0, sizeof(rtc));
    assert_false(rtc_read(CENTURY, &seconds));
    rtc.present = true;
    rtc.updating_reads = UINT32_MAX;
    assert_false(rtc_read(CENTURY, &seconds));
}

/* What is written is what the clock goes on from, in each of its formats. */
static void test_write(void **state)
{
    int64_t seconds;

    (void)state;
    for (unsigned int format = 0; format < 4; format++) {
        memset(&rtc, 0, sizeof(rtc));
        rtc.present = true;
        rtc.binary = (format & 1) != 0;
        rtc.hours_12 = (format & 2) != 0;
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
            assert_true(rtc_write(CENTURY, times[i]));
            assert_int_equal(rtc.now, times[i]);
            assert_false(rtc.stopped || rtc.set);
        }
        for (seconds = 0; seconds < INT64_C(3155760000); seconds += 86400 * 13 + 7201) {
            assert_true(rtc_write(CENTURY, seconds));
            assert_int_equal(rtc.now, seconds);
        }
    }
    memset(&rtc, 0, sizeof(rtc));
    assert_false(rtc_write(CENTURY, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats), cmocka_unit_test(test_without_century),
        cmocka_unit_test(test_update),  cmocka_unit_test(test_write),
        cmocka_unit_test(test_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
