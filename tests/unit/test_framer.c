/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * The framer: what it takes for a document, what it answers otherwise, and that neither depends
 * on how the bytes are cut up.  The expected messages are those of qemu-ga 10.0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framer.h"
#include "json.h"
#include "linux_platform.h"

struct fixture {
    struct linux_platform platform;
    struct framer framer;
    char log[65536]; /* "D" for a document, "E(text)" for an error */
    size_t log_length;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    linux_platform_init(&f->platform, 256u << 20);
    framer_init(&f->framer, &f->platform.platform);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    framer_free(&f->framer);
    assert_int_equal(f->platform.used, 0);
    free(f);
    return 0;
}

static void feed(struct fixture *f, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;

    while (count > 0) {
        enum framer_event event;
        size_t used = framer_feed(&f->framer, at, count, &event);

        at += used;
        count -= used;
        if (event == FRAMER_DOCUMENT) {
            struct json json;

            f->log[f->log_length++] = 'D';
            /* jsmn must agree about every document that comes out. */
            json_init(&json, &f->platform.platform);
            assert_int_equal(json_tokenize(&json, &f->framer), 0);
            json_free(&json);
        } else if (event == FRAMER_ERROR) {
            f->log_length +=
                (size_t)snprintf(f->log + f->log_length, sizeof(f->log) - f->log_length, "E(%.*s)",
                                 (int)f->framer.error_length, f->framer.error);
        }
        if (event != FRAMER_MORE) {
            framer_next(&f->framer, 4096);
        }
    }
    f->log[f->log_length] = '\0';
}

/* The same bytes whole and byte by byte must give the same events. */
static void expect_bytes(struct fixture *f, const void *bytes, size_t count, const char *wanted)
{
    for (size_t step = count; step > 0; step = step > 1 ? (step + 2) / 3 : 0) {
        framer_reset(&f->framer);
        f->log_length = 0;
        for (size_t i = 0; i < count; i += step) {
            feed(f, (const uint8_t *)bytes + i, step < count - i ? step : count - i);
        }
        assert_string_equal(f->log, wanted);
    }
}

static void expect(struct fixture *f, const char *text, const char *wanted)
{
    expect_bytes(f, text, strlen(text), wanted);
}

#define ERROR(text) "E(JSON parse error, " text ")"

static void test_documents(void **state)
{
    struct fixture *f = *state;

    expect(f, "{}", "D");
    expect(f, " {\t}\r\n{ } ", "DD");
    expect(f, "{'a':1,\"b\":[true,false,null,-0,1.5e-3,[],{}]}{}", "DD");
    expect(f, "{\"a\"", "");
    expect(f, "\n\n\r\n", "");
    expect(f, "[1]", "E(QMP input must be a JSON object)");
    expect(f, "1 ", "E(QMP input must be a JSON object)");
    expect(f, "12", "");
    expect(f, "1{}", "E(QMP input must be a JSON object)D");
}

static void test_grammar(void **state)
{
    struct fixture *f = *state;

    expect(f, "}", ERROR("expecting value"));
    expect(f, "{,}", ERROR("expecting value"));
    expect(f, "[1,]", ERROR("expecting value"));
    expect(f, "{\"a\" 1}", ERROR("missing : in object pair"));
    expect(f, "{\"a\":1 \"b\"}", ERROR("expected separator in dict"));
    expect(f, "[1 2]", ERROR("expected separator in list"));
    expect(f, "{1:2}", ERROR("key is not a string in object"));
    expect(f, "{[1]:2}", ERROR("key is not a string in object"));
    expect(f, "{[1 2]:2}", ERROR("expected separator in list"));
    expect(f, "{\"a\":nil}", ERROR("invalid keyword 'nil'"));
    expect(f, "[}", ERROR("expecting value"));
    expect(f, "{\"a\":[1,2}", "");
    expect(f, "{\"a\":[1,2}]", ERROR("expected separator in list"));
}

static void test_duplicate_keys(void **state)
{
    struct fixture *f = *state;
    char text[64000];
    size_t length = 1;

    expect(f, "{\"a\":1,\"a\":2}", ERROR("duplicate key"));
    expect(f, "{\"a\":1,\"\\u0061\":2}", ERROR("duplicate key"));
    expect(f, "{\"x\":{\"a\":1},\"y\":{\"a\":1},\"a\":{\"a\":1}}", "D");
    /* The second value is read before the key is judged, and its own error comes first. */
    expect(f, "{\"a\":1,\"a\":[,]}", ERROR("expecting value"));
    text[0] = '{';
    for (int i = 0; i < 4000; i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length, "\"k%d\":%d,", i, i);
    }
    snprintf(text + length, sizeof(text) - length, "\"last\":0}");
    expect(f, text, "D");
    snprintf(text + length, sizeof(text) - length, "\"k1234\":0}");
    expect(f, text, ERROR("duplicate key"));
}

static void test_recovery(void **state)
{
    struct fixture *f = *state;

    expect_bytes(f, "\xFF{}", 3, ERROR("stray '\xFF'") "D");
    expect_bytes(f, "\xFF\xFF{}", 4, ERROR("stray '\xFF'") ERROR("stray '\xFF'") "D");
    expect_bytes(f, "{\"a\":\xFF{}", 8, ERROR("stray '\xFF'") "D");
    expect(f, "{\"gue\n{}", ERROR("stray '\"gue\n'") "D");
    /* The newline was part of the error, so the line behind it is skipped to the next brace. */
    expect(f, "\"abc\nfoo bar\n{}", ERROR("stray '\"abc\n'") "D");
    expect(f, "@ zzz\t'\"{}", ERROR("stray '@'") "D");
    expect(f, "01{}", ERROR("stray '01'") "D");
    expect(f, "[1.]", ERROR("stray '1.]'"));
    expect(f, "0e1 ",
           "E(QMP input must be a JSON object)" ERROR(
               "invalid keyword 'e'") "E(QMP input must be a JSON object)");
}

static void test_strings(void **state)
{
    struct fixture *f = *state;

    expect(f, "{\"a\":\"\\\"\\'\\\\\\/\\b\\f\\n\\r\\t\"}", "D");
    expect(f, "{\"a\":\"\\x\"}", ERROR("invalid escape sequence in string"));
    expect(f, "{\"a\":\"\\u12\"}", ERROR("\\u12\" is not a valid Unicode character"));
    expect(f, "{\"a\":\"\\ud800\"}", ERROR("\\ud800 is not a valid Unicode character"));
    expect(f, "{\"a\":\"\\ud800x\"}", ERROR("\\ud800 is not a valid Unicode character"));
    expect(f, "{\"a\":\"\\ud800\\n\"}", ERROR("\\ud800 is not a valid Unicode character"));
    expect(f, "{\"a\":\"\\ud800\\ud800\"}", ERROR("\\ud800 is not a valid Unicode character"));
    expect(f, "{\"a\":\"\\uD83F\\uDFFF\"}",
           ERROR("\\uD83F\\uDFFF is not a valid Unicode character"));
    expect(f, "{\"a\":\"\\uFDD0\"}", ERROR("\\uFDD0 is not a valid Unicode character"));
    expect(f, "{\"a\":\"\xC3\"}", ERROR("invalid UTF-8 sequence in string"));
    expect(f, "{\"a\":\"\xC0\xAF\"}", ERROR("invalid UTF-8 sequence in string"));
    expect(f, "{\"a\":\"\xED\xA0\x80\"}", ERROR("invalid UTF-8 sequence in string"));
    expect(f, "{\"a\":\"\xF4\x90\x80\x80\"}", ERROR("invalid UTF-8 sequence in string"));
    expect(f, "{\"a\":\"\xC0\x80\"}", "D");
    expect(f, "{\"a\":\"\xF0\x9F\x98\x80\"}", "D");
}

/* What a string decodes to, through the tokenizer, as a command would see it. */
static void check_string(struct fixture *f, const char *text, const char *wanted)
{
    enum framer_event event;
    struct json json;
    struct args_string string;

    framer_reset(&f->framer);
    assert_int_equal(framer_feed(&f->framer, (const uint8_t *)text, strlen(text), &event),
                     strlen(text));
    assert_int_equal(event, FRAMER_DOCUMENT);
    json_init(&json, &f->platform.platform);
    assert_int_equal(json_tokenize(&json, &f->framer), 0);
    string = json_string(&json, 2);
    assert_int_equal(string.length, strlen(wanted));
    assert_string_equal(string.bytes, wanted);
    json_free(&json);
}

static void test_decoding(void **state)
{
    struct fixture *f = *state;

    check_string(f, "{\"a\":\"\"}", "");
    check_string(f, "{\"a\":\"plain text, longer than a word\"}", "plain text, longer than a word");
    check_string(f, "{'a':'say \"hi\"'}", "say \"hi\"");
    check_string(f, "{\"a\":\"\\\"\\'\\\\\\/\\b\\f\\n\\r\\t\"}", "\"'\\/\b\f\n\r\t");
    check_string(f, "{\"a\":\"\\u00e9\\u4e2d\\uD83D\\uDE00\"}",
                 "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80");
    check_string(f, "{\"a\":\"x\\u0000y\"}", "x\xC0\x80y");
}

static void test_nesting_limit(void **state)
{
    struct fixture *f = *state;
    char text[4096];

    memset(text, '[', 1024);
    memset(text + 1024, ']', 1024);
    expect_bytes(f, text, 2048, "E(QMP input must be a JSON object)");
    memset(text, '[', 1025);
    expect_bytes(f, text, 1025, "E(JSON nesting depth limit exceeded)");
}

/* A document that does not fit is refused as soon as that is clear, and skipped to its end. */
static void test_out_of_memory(void **state)
{
    struct fixture *f = *state;
    char piece[1000];

    f->platform.budget = f->platform.used + 100000;
    memset(piece, 'x', sizeof(piece));
    feed(f, "{\"a\":{\"b\":\"", 11);
    for (int i = 0; i < 1000; i++) {
        feed(f, piece, sizeof(piece));
    }
    assert_string_equal(f->log, "E(JSON token size limit exceeded)");
    feed(f, "\",\"c\":[{}]}}{}", 14);
    assert_string_equal(f->log, "E(JSON token size limit exceeded)D");
}

static void test_reset(void **state)
{
    struct fixture *f = *state;

    feed(f, "{\"a\":\"half a docu", 17);
    framer_reset(&f->framer);
    feed(f, "{}", 2);
    assert_string_equal(f->log, "D");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_documents, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grammar, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicate_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recovery, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decoding, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nesting_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
