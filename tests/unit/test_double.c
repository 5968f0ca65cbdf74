/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/double.c
/* Numbers as text, against the host's %.17g, which is exact. */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "double.h"

static void check(double value)
{
    char text[DOUBLE_TEXT_BYTES], wanted[64];
    size_t length = double_format(text, value);

    snprintf(wanted, sizeof(wanted), "%.17g", value);
    assert_string_equal(text, wanted);
    assert_int_equal(length, strlen(wanted));
}

static void test_named(void **state)
{
    static const double values[] = {
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        0.3,
        100.0,
        1e16,
        1e17,
        1e22,
        1e23,
        1e-4,
        1e-5,
        1e-7,
        123456789012345678.0,
        99999999999999999.0,
        DBL_MIN,
        DBL_MAX,
        5e-324,
        -2.5e-310,
        0.5,
        9007199254740993.0,
        1.0 / 3.0,
        0.00012345678901234567,
        4503599627370497.5,
        2251799813685248.25,
        1125899906842624.125,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        check(values[i]);
    check(1e308 * 10);
    check(-1e308 * 10);
}

/* Ties at the eighteenth digit: odd and even before them. */
static void test_ties(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < 2000; i++) {
        check(1e17 + 16.0 * i);
        check((double)(UINT64_C(1) << 53) + i / 4.0);
        check((double)(UINT64_C(1) << 50) + i / 8.0);
        check((double)(UINT64_C(1) << 47) + i / 64.0);
    }
}

static void test_any_bits(void **state)
{
    uint64_t bits = UINT64_C(0x9e3779b97f4a7c15);

    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        double value;

        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&value, &bits, sizeof(value));
        if (value == value)
            check(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_any_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
