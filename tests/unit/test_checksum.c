/* SPDX-License-Identifier: BSD-2-Clause */
// sources: net/checksum.c
/* The Internet checksum against its definition, for every length and alignment that matters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lwip/opt.h"

/* RFC 1071 §1, on the words as they lie in memory. */
static uint16_t defined(const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i += 2) {
        uint8_t pair[2] = {bytes[i], i + 1 < length ? bytes[i + 1] : 0};
        uint16_t word;

        memcpy(&word, pair, sizeof(word));
        sum += word;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void check(const uint8_t *bytes, size_t length)
{
    uint8_t *exact = malloc(length + 1); /* its end is guarded by ASan */

    assert_non_null(exact);
    memcpy(exact + 1, bytes, length);
    assert_int_equal(net_checksum(exact + 1, (int)length), defined(bytes, length));
    free(exact);
}

static void test_lengths(void **state)
{
    uint8_t bytes[1520];
    uint32_t number = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        number = number * 1103515245 + 12345;
        bytes[i] = (uint8_t)(number >> 16);
    }
    for (size_t length = 0; length <= 1500; length++)
        check(bytes + length % 17, length);
}

/* Sums that carry in every place, and the two zeros of one's complement. */
static void test_carries(void **state)
{
    static uint8_t bytes[65535];

    (void)state;
    check(bytes, sizeof(bytes));
    memset(bytes, 0xff, sizeof(bytes));
    for (size_t length = 0; length < 100; length++)
        check(bytes, length);
    check(bytes, 65534);
    check(bytes, 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_carries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
