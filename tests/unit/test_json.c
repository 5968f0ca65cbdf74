/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/* Numbers, walking a document, and how values are printed back. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framer.h"
#include "json.h"
#include "linux_platform.h"
#include "reply.h"

static void expect_double(const char *text, double wanted)
{
    struct json_number number = json_parse_number(text, strlen(text));

    assert_int_equal(number.kind, JSON_DOUBLE);
    assert_memory_equal(&number.value.number, &wanted, sizeof(wanted));
}

static void test_integers(void **state)
{
    struct json_number number;

    (void)state;
    number = json_parse_number("-9223372036854775808", 20);
    assert_int_equal(number.kind, JSON_I64);
    assert_true(number.value.i64 == INT64_MIN);
    number = json_parse_number("9223372036854775807", 19);
    assert_int_equal(number.kind, JSON_I64);
    number = json_parse_number("9223372036854775808", 19);
    assert_int_equal(number.kind, JSON_U64);
    number = json_parse_number("18446744073709551615", 20);
    assert_int_equal(number.kind, JSON_U64);
    assert_true(number.value.u64 == UINT64_MAX);
    expect_double("18446744073709551616", 18446744073709551616.0);
    expect_double("-9223372036854775809", -9223372036854775809.0);
}

static void test_doubles(void **state)
{
    (void)state;
    expect_double("0.1", 0.1);
    expect_double("-0.0", -0.0);
    expect_double("1e2", 100);
    expect_double("1E+2", 100);
    expect_double("12.5e-1", 1.25);
    expect_double("0.000012", 0.000012);
    expect_double("123456789.123456789e-300", 123456789.123456789e-300);
    expect_double("1.7976931348623157e308", DBL_MAX);
    expect_double("4.9406564584124654e-324", 4.9406564584124654e-324);
    expect_double("1e400", (double)INFINITY);
    expect_double("1e-400", 0);
    expect_double("1e99999999999999999999", (double)INFINITY);
    expect_double("-1e-99999999999999999999", -0.0);
}

/* Millions of digits: the same value as strtod() finds for a form it can cope with. */
static void test_long_numbers(void **state)
{
    const size_t size = 1000000;
    char *text = malloc(size + 16);

    (void)state;
    memset(text, '3', size);
    text[1] = '.';
    text[0] = '0';
    text[size] = '\0';
    expect_double(text, 1.0 / 3);
    memset(text, '9', size);
    expect_double(text, (double)INFINITY);
    /* Half a unit above 1: rounds to even without the last digit, up with it. */
    memset(text, '0', size);
    memcpy(text, "1.00000000000000011102230246251565404236316680908203125", 55);
    expect_double(text, 1.0);
    text[size - 1] = '1';
    expect_double(text, 1.0 + DBL_EPSILON);
    memcpy(text + size, "e3", 3);
    expect_double(text, 1000.0000000000001);
    free(text);
}

struct fixture {
    struct linux_platform platform;
    struct framer framer;
    struct json json;
    struct reply reply;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    linux_platform_init(&f->platform, 64u << 20);
    framer_init(&f->framer, &f->platform.platform);
    json_init(&f->json, &f->platform.platform);
    *state = f;
    return reply_init(&f->reply, &f->platform.platform);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    framer_free(&f->framer);
    json_free(&f->json);
    reply_free(&f->reply);
    assert_int_equal(f->platform.used, 0);
    free(f);
    return 0;
}

static void parse(struct fixture *f, const char *text)
{
    enum framer_event event;

    framer_reset(&f->framer);
    framer_feed(&f->framer, (const uint8_t *)text, strlen(text), &event);
    assert_int_equal(event, FRAMER_DOCUMENT);
    assert_int_equal(json_tokenize(&f->json, &f->framer), 0);
}

static void expect_printed(struct fixture *f, const char *text, const char *wanted)
{
    parse(f, text);
    reply_reset(&f->reply, 4096);
    reply_json(&f->reply, &f->json, 0);
    assert_int_equal(buffer_append(&f->reply.text, "", 1), 0);
    assert_string_equal((const char *)f->reply.text.data, wanted);
}

static void test_walking(void **state)
{
    struct fixture *f = *state;

    parse(f, "{\"a\":[1,[2,3],{\"x\":4}],\"b\":true,\"c\":null}");
    assert_int_equal(json_children(&f->json, 0), 3);
    assert_true(json_string_is(&f->json, 1, "a"));
    assert_int_equal(json_type(&f->json, 2), JSON_ARRAY);
    assert_int_equal(json_children(&f->json, 2), 3);
    assert_int_equal(json_skip(&f->json, 2), 10);
    assert_true(json_string_is(&f->json, 10, "b"));
    assert_int_equal(json_type(&f->json, 11), JSON_BOOL);
    assert_true(json_bool(&f->json, 11));
    assert_int_equal(json_type(&f->json, 13), JSON_NULL);
    assert_int_equal(json_skip(&f->json, 0), 14);
    assert_int_equal(json_number(&f->json, 3).value.i64, 1);
    assert_int_equal(json_string(&f->json, 3).length, 0);
}

static void test_printing(void **state)
{
    struct fixture *f = *state;

    expect_printed(f, "{}", "{}");
    expect_printed(f, "{'a':[1,2,{}],\"b\" : \"\"}", "{\"a\": [1, 2, {}], \"b\": \"\"}");
    expect_printed(f, "{\"a\":[0.1,1e2,-0,-0.0,18446744073709551615,1e400]}",
                   "{\"a\": [0.10000000000000001, 100, 0, -0, 18446744073709551615, inf]}");
    expect_printed(f, "{\"a\":\"\\u0000\\u0001\\u007f/\\u00e9\\uD83D\\uDE00\\\"\\\\\\n\"}",
                   "{\"a\": \"\\u0000\\u0001\\u007F/\\u00E9\\uD83D\\uDE00\\\"\\\\\\n\"}");
    expect_printed(f, "{\"a\":[true,false,null,[[[]]]]}", "{\"a\": [true, false, null, [[[]]]]}");
}

static void test_bytes_that_are_no_utf8(void **state)
{
    struct fixture *f = *state;

    reply_string(&f->reply, "a\xFF\x80z\xC3\xE4\xB8z\xE4\xB8", 10);
    assert_int_equal(buffer_append(&f->reply.text, "", 1), 0);
    assert_string_equal((const char *)f->reply.text.data,
                        "\"a\\uFFFD\\uFFFDz\\uFFFD\\uFFFDz\\uFFFD\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test_setup_teardown(test_walking, setup, teardown),
        cmocka_unit_test_setup_teardown(test_printing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_that_are_no_utf8, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
