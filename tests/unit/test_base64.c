/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/base64.c tests/hosted/linux_platform.c
/* Base64 against RFC 4648's examples, against itself, and against GLib's leniency. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base64.h"
#include "linux_platform.h"

static struct linux_platform platform;
static struct base64_tables *tables;

static int make_tables(void **state)
{
    (void)state;
    linux_platform_init(&platform, 1u << 20);
    tables = base64_tables_create(&platform.platform);
    return tables == NULL ? -1 : 0;
}

static int free_tables(void **state)
{
    (void)state;
    base64_tables_destroy(tables, &platform.platform);
    return platform.used == 0 ? 0 : -1;
}

static void expect_decoded(const char *text, const char *bytes, size_t count)
{
    struct base64_decoder decoder;
    uint8_t decoded[64];

    assert_int_equal(base64_decoded_length(text, strlen(text)), count);
    /* Pieces of every size give the same bytes. */
    for (size_t step = 1; step < sizeof(decoded); step++) {
        size_t done = 0;
        int64_t got;

        base64_decoder_init(&decoder, step % 2 == 0 ? tables : NULL, text, strlen(text));
        do {
            got = base64_decode(&decoder, decoded + done,
                                step < sizeof(decoded) - done ? step : sizeof(decoded) - done);
            assert_true(got >= 0);
            done += (size_t)got;
        } while (got == (int64_t)step && done < sizeof(decoded));
        assert_int_equal(done, count);
        assert_memory_equal(decoded, bytes, count);
    }
}

static void expect_invalid(const char *text)
{
    struct base64_decoder decoder;
    uint8_t decoded[64];

    base64_decoder_init(&decoder, tables, text, strlen(text));
    assert_int_equal(base64_decode(&decoder, decoded, sizeof(decoded)), -EINVAL);
    assert_int_equal(base64_decoded_length(text, strlen(text)), -EINVAL);
}

static void test_decoding(void **state)
{
    (void)state;
    expect_decoded("", "", 0);
    expect_decoded("Zg==", "f", 1);
    expect_decoded("Zm8=", "fo", 2);
    expect_decoded("Zm9v", "foo", 3);
    expect_decoded("Zm9vYmFy", "foobar", 6);
    expect_decoded("++//", "\xFB\xEF\xFF", 3);
}

static void test_leniency(void **state)
{
    (void)state;
    expect_decoded("YWJj\nZGVm\n", "abcdef", 6);
    expect_decoded("\nY\nW\nJ\nj\n", "abc", 3);
    expect_decoded("YWJjZA", "abc", 3);     /* an incomplete group is dropped */
    expect_decoded("====YWJj", "\0abc", 4); /* '=' counts as zero */
    expect_decoded("Zg==Zg==", "ff", 2);    /* padding in the middle */
    expect_decoded("YW=j", "a\x23", 2);     /* only the third symbol is '=' */
}

static void test_invalid(void **state)
{
    (void)state;
    expect_invalid("YW J");
    expect_invalid("YW\r\n");
    expect_invalid("YWJj-");
    expect_invalid("YWJj_YWJ");
    expect_invalid("YWJ\xC3\xA9");
    expect_invalid("!");
    expect_invalid("Y\x80");
}

/* Piece by piece of one byte, which leaves no room for words of eight characters. */
static int64_t decode_slowly(const char *text, size_t length, uint8_t *bytes)
{
    struct base64_decoder decoder;
    int64_t total = 0;
    int64_t got;

    base64_decoder_init(&decoder, NULL, text, length);
    while ((got = base64_decode(&decoder, bytes + total, 1)) == 1) {
        total++;
    }
    return got < 0 ? got : total;
}

/* Each character at each place among those that are looked at together. */
static void test_every_character(void **state)
{
    (void)state;
    for (unsigned character = 0; character < 256; character++) {
        for (size_t place = 0; place < 16; place++) {
            struct base64_decoder decoder;
            char text[17] = "AZaz09+/+/09azAZ";
            uint8_t slow[16];
            uint8_t fast[16];
            int64_t count;

            text[place] = (char)character;
            count = decode_slowly(text, 16, slow);
            assert_int_equal(base64_decoded_length(text, 16), count);
            for (int with_tables = 0; with_tables < 2; with_tables++) {
                base64_decoder_init(&decoder, with_tables ? tables : NULL, text, 16);
                assert_int_equal(base64_decode(&decoder, fast, sizeof(fast)), count);
                assert_memory_equal(fast, slow, count < 0 ? 0 : (size_t)count);
            }
        }
    }
}

static void test_round_trip(void **state)
{
    uint8_t bytes[301];
    uint8_t slow[BASE64_ENCODED(sizeof(bytes))];
    uint8_t fast[BASE64_ENCODED(sizeof(bytes))];
    uint8_t decoded[sizeof(bytes)];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 167 + i / 7);
    }
    for (size_t count = 0; count <= sizeof(bytes); count++) {
        struct base64_decoder decoder;

        base64_encode(NULL, bytes, count, slow);
        base64_encode(tables, bytes, count, fast);
        assert_memory_equal(slow, fast, BASE64_ENCODED(count));
        base64_decoder_init(&decoder, count % 2 == 0 ? tables : NULL, (const char *)fast,
                            BASE64_ENCODED(count));
        assert_int_equal(base64_decode(&decoder, decoded, sizeof(decoded)), count);
        assert_memory_equal(decoded, bytes, count);
    }
}

static void test_no_memory_for_tables(void **state)
{
    struct linux_platform small;

    (void)state;
    linux_platform_init(&small, 4096);
    assert_null(base64_tables_create(&small.platform));
}

int main(void)
{
    const struct CMUnitTest tests_of_base64[] = {
        cmocka_unit_test(test_decoding),   cmocka_unit_test(test_leniency),
        cmocka_unit_test(test_invalid),    cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_no_memory_for_tables),
    };
    return cmocka_run_group_tests(tests_of_base64, make_tables, free_tables);
}
