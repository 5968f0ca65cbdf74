/* SPDX-License-Identifier: BSD-2-Clause */
/* memcpy() and memmove() of the kernel against copies byte by byte, for all ways to lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Under other names: the host's own stay what everything else here uses. */
#define memcpy  kernel_memcpy
#define memmove kernel_memmove
void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
#include "boot/libc/newlib_copy.c"
#undef memcpy
#undef memmove

#define AREA      160
#define COUNT_MAX 80

static void fill(uint8_t *area)
{
    for (size_t i = 0; i < AREA; i++) {
        area[i] = (uint8_t)(i + 1);
    }
}

/* What a copy of `count` bytes from `from` to `to` within one area gives. */
static void expect(uint8_t *area, size_t to, size_t from, size_t count)
{
    uint8_t before[AREA];

    fill(area);
    fill(before);
    for (size_t i = 0; i < count; i++) {
        area[to + i] = before[from + i];
    }
}

static void test_memcpy(void **state)
{
    uint8_t area[AREA];
    uint8_t expected[AREA];

    (void)state;
    for (size_t count = 0; count <= COUNT_MAX - 16; count++) {
        for (size_t shift = 0; shift < 64; shift++) {
            size_t to = shift % 8;
            size_t from = COUNT_MAX + shift / 8;

            expect(expected, to, from, count);
            fill(area);
            assert_ptr_equal(kernel_memcpy(area + to, area + from, count), area + to);
            assert_memory_equal(area, expected, AREA);
        }
    }
}

static void test_memmove(void **state)
{
    uint8_t area[AREA];
    uint8_t expected[AREA];

    (void)state;
    for (size_t count = 0; count <= COUNT_MAX; count++) {
        for (size_t to = 0; to <= COUNT_MAX; to++) {
            size_t from = COUNT_MAX / 2;

            expect(expected, to, from, count);
            fill(area);
            assert_ptr_equal(kernel_memmove(area + to, area + from, count), area + to);
            assert_memory_equal(area, expected, AREA);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memcpy),
        cmocka_unit_test(test_memmove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
