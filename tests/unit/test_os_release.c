/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/* os-release files, and the small texts that they are one of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "linux_platform.h"
#include "os_release.h"

static struct linux_platform platform;

/* The value of `key` in `text`, NULL if there is none; good until the next call. */
static const char *find(const char *text, const char *key)
{
    static char found[256];
    size_t length = strlen(text);
    char *exact = malloc(length + 1); /* without a NUL behind it */
    struct buffer value;
    int result;

    assert_non_null(exact);
    memcpy(exact, text, length);
    buffer_init(&value, &platform.platform);
    result = os_release_find((struct text_span){exact, length}, key, &value);
    free(exact);
    assert_true(result >= 0 && value.size < sizeof(found));
    if (value.size > 0) {
        memcpy(found, value.data, value.size);
    }
    found[value.size] = '\0';
    buffer_free(&value);
    return result > 0 ? found : NULL;
}

static void test_values(void **state)
{
    static const struct {
        const char *line;
        const char *value;
    } cases[] = {
        {"ID=debian", "debian"},
        {"ID=\"two words\"", "two words"},
        {"ID=two words", "two"},
        {"ID=a;b", "a"},
        {"ID='two words'", "'two"}, /* as qemu-ga has it: only double quotes are taken off */
        {"  ID = spaced  ", "spaced"},
        {"ID=", ""},
        {"ID=\"\"", ""},
        {"ID=\"a \\\"b\\\" \\$c \\`d \\\\ \\n\" rest", "a \"b\" $c `d \\ \\n"},
        {"ID=\"no end", "no end"},
        {"ID=\"\\", "\\"},
        {"ID=carriage\r", "carriage"},
        {"ID=a=b", "a=b"},
        {"ID=first\nID=second", "second"},
        {"#ID=comment", NULL},
        {"ID", NULL},
        {"VERSION_ID=1", NULL},
        {"IDX=1", NULL},
        {"", NULL},
        {"\n\n=\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *found = find(cases[i].line, "ID");

        if (cases[i].value == NULL) {
            assert_null(found);
        } else {
            assert_non_null(found);
            assert_string_equal(found, cases[i].value);
        }
    }
}

static void test_out_of_memory(void **state)
{
    struct text_span text = {"ID=\"x\"", 6};
    struct buffer value;

    (void)state;
    buffer_init(&value, &platform.platform);
    platform.fail_after = 0;
    assert_true(os_release_find(text, "ID", &value) < 0);
    platform.fail_after = UINT64_MAX;
    assert_int_equal(os_release_find(text, "ID", &value), 1);
    buffer_free(&value);
}

static void test_lines(void **state)
{
    struct text_span rest = {"a\n\nb", 4};
    struct text_span line;

    (void)state;
    assert_true(text_next_line(&rest, &line) && text_is(line, "a"));
    assert_true(text_next_line(&rest, &line) && text_is(line, ""));
    assert_true(text_next_line(&rest, &line) && text_is(line, "b"));
    assert_false(text_next_line(&rest, &line));
    rest = (struct text_span){"a:b", 3};
    assert_true(text_is(text_next_field(&rest, ':'), "a"));
    assert_true(text_is(text_next_field(&rest, ':'), "b"));
    assert_true(text_is(text_next_field(&rest, ':'), ""));
    assert_true(text_is(text_trim((struct text_span){" \t x y\r\n", 8}), "x y"));
    assert_true(text_is(text_trim((struct text_span){" \n ", 3}), ""));
}

static int setup(void **state)
{
    (void)state;
    linux_platform_init(&platform, 1u << 20);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
