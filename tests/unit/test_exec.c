/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/* Programs: what guest-exec promises, and that nothing breaks or leaks when memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "exec/civil.h"
#include "exec/pattern.h"
#include "exec/regex.h"
#include "linux_platform.h"
#include "state.h"

/* ---- A client in memory ---------------------------------------------------------------- */

struct fixture {
    struct linux_platform platform;
    struct agent *agent;
    struct session *session;
    const char *input;
    size_t input_left;
    char output[1u << 20];
    size_t output_size;
};

static size_t peek(void *ctx, const uint8_t **bytes)
{
    struct fixture *f = ctx;

    *bytes = (const uint8_t *)f->input;
    return f->input_left;
}

static void consume(void *ctx, size_t count)
{
    struct fixture *f = ctx;

    f->input += count;
    f->input_left -= count;
}

static size_t reserve(void *ctx, uint8_t **room)
{
    struct fixture *f = ctx;

    *room = (uint8_t *)f->output + f->output_size;
    return sizeof(f->output) - 1 - f->output_size;
}

static void commit(void *ctx, size_t count)
{
    struct fixture *f = ctx;

    f->output_size += count;
}

static void flush(void *ctx)
{
    (void)ctx;
}

static const struct channel_ops ops = {
    .peek = peek, .consume = consume, .reserve = reserve, .commit = commit, .flush = flush};

/* One request, one reply. */
static const char *ask(struct fixture *f, const char *request)
{
    f->input = request;
    f->input_left = strlen(request);
    f->output_size = 0;
    while (session_poll(f->session)) {
    }
    f->output[f->output_size] = '\0';
    return f->output;
}

/* Runs a script to its end: the reply of the last guest-exec-status, or the error. */
static const char *run(struct fixture *f, const char *script)
{
    char request[4096];
    const char *reply;
    const char *pid;
    int number;

    snprintf(request, sizeof(request),
             "{'execute':'guest-exec','arguments':{'path':'sh','arg':['-c','%s'],"
             "'capture-output':true}}",
             script);
    reply = ask(f, request);
    pid = strstr(reply, "\"pid\": ");
    if (pid == NULL) {
        return reply;
    }
    number = atoi(pid + 7);
    snprintf(request, sizeof(request), "{'execute':'guest-exec-status','arguments':{'pid':%d}}",
             number);
    for (int i = 0; i < 100000; i++) {
        agent_poll(f->agent);
        reply = ask(f, request);
        if (strstr(reply, "\"exited\": false") == NULL) {
            return reply;
        }
    }
    fail_msg("it does not end: %s", script);
    return NULL;
}

static void start(struct fixture *f, uint64_t memory)
{
    linux_platform_init(&f->platform, memory);
    f->platform.is_quiet = true;
    f->agent = agent_create(&f->platform.platform);
    assert_non_null(f->agent);
    f->session = session_create(f->agent, (struct channel){&ops, f});
    assert_non_null(f->session);
}

static void stop(struct fixture *f)
{
    agent_destroy(f->agent);
    assert_int_equal(f->platform.used, 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    start(f, 32u << 20);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    stop(*state);
    free(*state);
    return 0;
}

/* ---- guest-exec ------------------------------------------------------------------------ */

static void test_status_is_told_once(void **state)
{
    struct fixture *f = *state;
    const char *reply = run(f, "echo hello");

    assert_non_null(strstr(reply, "\"out-data\": \"aGVsbG8K\""));
    assert_non_null(strstr(reply, "\"exitcode\": 0"));
    assert_null(strstr(reply, "truncated"));
    assert_null(strstr(reply, "err-data"));
    reply = ask(f, "{'execute':'guest-exec-status','arguments':{'pid':2}}");
    assert_non_null(strstr(reply, "PID ld does not exist"));
}

static void test_runs_between_requests(void **state)
{
    struct fixture *f = *state;
    const char *reply;

    ask(f, "{'execute':'guest-exec','arguments':{'path':'sleep','arg':['1000']}}");
    while (agent_poll(f->agent)) {
    }
    assert_true(agent_deadline_ns(f->agent) != UINT64_MAX);
    reply = ask(f, "{'execute':'guest-exec-status','arguments':{'pid':2}}");
    assert_string_equal(reply, "{\"return\": {\"exited\": false}}\n");
    /* A program that never rests keeps nobody from answering. */
    ask(f, "{'execute':'guest-exec','arguments':{'path':'yes'}}");
    for (int i = 0; i < 1000; i++) {
        assert_true(agent_poll(f->agent));
    }
    assert_string_equal(ask(f, "{'execute':'guest-ping'}"), "{\"return\": {}}\n");
}

static void test_children_keep_output_open(void **state)
{
    struct fixture *f = *state;
    const char *reply;

    ask(f, "{'execute':'guest-exec','arguments':{'path':'sh','capture-output':true,"
           "'arg':['-c','sleep 1000 & echo done']}}");
    while (agent_poll(f->agent)) {
    }
    /* The shell is gone, but its child can still write. */
    reply = ask(f, "{'execute':'guest-exec-status','arguments':{'pid':2}}");
    assert_string_equal(reply, "{\"return\": {\"exited\": false}}\n");
}

static void test_truncation(void **state)
{
    struct fixture *f = *state;
    const char *reply;

    stop(f);
    start(f, 96u << 20);
    reply = run(f, "head -c 16777217 /dev/zero; exit 5"); /* 16 MiB and one byte */
    assert_non_null(strstr(reply, "\"exitcode\": 5"));
    stop(f);
    start(f, 96u << 20);
    ask(f, "{'execute':'guest-exec','arguments':{'path':'head','capture-output':'stdout',"
           "'arg':['-c','16777217','/dev/zero']}}");
    while (agent_poll(f->agent)) {
    }
    assert_true(f->agent->tasks.processes->out->truncated);
    assert_true(f->agent->tasks.processes->out->file->size == STREAM_CAPTURE_MAX);
    ask(f, "{'execute':'guest-exec','arguments':{'path':'head','capture-output':'stdout',"
           "'arg':['-c','16777216','/dev/zero']}}");
    while (agent_poll(f->agent)) {
    }
    assert_false(f->agent->tasks.processes->out->truncated);
}

static void test_too_many(void **state)
{
    struct fixture *f = *state;
    const char *reply = run(f, "f() { f | f; }; f"); /* a fork bomb */

    assert_non_null(strstr(reply, "exited"));
    /* Some of it may run on; what comes afterwards works as soon as that has ended. */
    for (int i = 0; i < 100000 && f->agent->tasks.count > 0; i++) {
        agent_poll(f->agent);
    }
    assert_non_null(strstr(run(f, "echo ok"), "b2sK"));
}

/* Every allocation of a script fails once: it ends somehow, and nothing is left behind. */
static void test_no_memory(void **state)
{
    static const char *const scripts[] = {
        "echo a | cat; x=$(ls /etc); for i in 1 2; do echo $i; done > /tmp/f; wc /tmp/f",
        "f() { echo $1; }; f b; case x in x) echo y;; esac; cat <<E\\nhere $PATH\\nE\\n",
        "cp -r /etc /tmp/e; ls -lR /tmp; find /tmp | sort | grep e; rm -r /tmp/e; eval f",
        "read x < /etc/passwd; set -- a b; trap true EXIT; timeout 1 true; env A=b tr a b",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        bool was_complete = false;

        for (uint64_t nth = 0; !was_complete; nth++) {
            const char *reply;

            stop(f);
            start(f, 4u << 20);
            f->platform.fail_after = nth;
            reply = run(f, scripts[i]);
            was_complete = f->platform.fail_after > 0;
            assert_true(strstr(reply, "error") != NULL || strstr(reply, "exited") != NULL);
            f->platform.fail_after = UINT64_MAX;
            assert_non_null(strstr(run(f, "echo ok"), "b2sK"));
            assert_true(nth < 5000);
        }
    }
}

/* ---- Parts ----------------------------------------------------------------------------- */

static void test_patterns(void **state)
{
    (void)state;
    assert_true(pattern_match("*", "", 0));
    assert_true(pattern_match("a*c", "abbbc", 5));
    assert_false(pattern_match("a*c", "abbbd", 5));
    assert_true(pattern_match("[a-c]?", "bx", 2));
    assert_false(pattern_match("[!a-c]?", "bx", 2));
    assert_true(pattern_match("[]]", "]", 1));
    assert_true(pattern_match("[[:digit:]x]*", "7", 1));
    assert_true(pattern_match("\\*", "*", 1));
    assert_false(pattern_match("\\*", "a", 1));
    assert_true(pattern_match("[a", "[a", 2));
    /* The worst that there is takes no more than its square. */
    assert_false(pattern_match("*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 38));
}

static bool matches(struct fixture *f, const char *pattern, unsigned flags, const char *text)
{
    struct regex regex;
    bool result;

    regex_init(&regex, &f->platform.platform);
    assert_null(regex_add(&regex, pattern, flags));
    assert_int_equal(regex_compile(&regex), 0);
    regex_begin(&regex);
    for (; *text != '\0'; text++) {
        regex_feed(&regex, (const uint8_t *)text, 1);
    }
    result = regex_end(&regex);
    regex_free(&regex);
    return result;
}

static void test_regular_expressions(void **state)
{
    struct fixture *f = *state;
    struct regex regex;

    assert_true(matches(f, "a*b", 0, "xxaab"));
    assert_true(matches(f, "", 0, ""));
    assert_false(matches(f, "^b", 0, "ab"));
    assert_true(matches(f, "b$", 0, "ab"));
    assert_true(matches(f, "a\\{2,3\\}c", 0, "baac"));
    assert_false(matches(f, "xa\\{2,3\\}c", 0, "xaaaac"));
    assert_true(matches(f, "(ab|cd)+e", REGEX_EXTENDED, "abcdabe"));
    assert_false(matches(f, "^(ab|cd)+e", REGEX_EXTENDED, "abcdae"));
    assert_true(matches(f, "^(a|b|c)?d{0,2}$", REGEX_EXTENDED, "cdd"));
    assert_false(matches(f, "^(a|b|c)?d{0,2}$", REGEX_EXTENDED, "cddd"));
    assert_true(matches(f, "^x{0}y{2,}$", REGEX_EXTENDED, "yyy"));
    assert_true(matches(f, "a|b", 0, "a|b"));
    assert_true(matches(f, "HeLLo", REGEX_NO_CASE, "say hello"));
    assert_true(matches(f, "[^[:space:]]\\.[0-9]", 0, "x.5"));
    assert_true(matches(f, "cat", REGEX_WORD, "a cat sat"));
    assert_false(matches(f, "cat", REGEX_WORD, "concatenate"));
    assert_true(matches(f, "a.c", REGEX_FIXED, "a.c"));
    assert_false(matches(f, "a.c", REGEX_FIXED, "abc"));
    assert_false(matches(f, "ab", REGEX_LINE, "abc"));
    assert_true(matches(f, "(a*)*b", REGEX_EXTENDED, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
    assert_false(matches(f, "(a*)*b", REGEX_EXTENDED, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    regex_init(&regex, &f->platform.platform);
    assert_non_null(regex_add(&regex, "(a", REGEX_EXTENDED));
    regex_free(&regex);
    regex_init(&regex, &f->platform.platform);
    assert_non_null(regex_add(&regex, "((a{255}){255}){255}", REGEX_EXTENDED));
    regex_free(&regex);
}

static void test_calendar(void **state)
{
    static const int64_t moments[] = {0,          -1,          951782400, 951868800,
                                      4102444800, -2208988800, 68169600};
    struct civil civil = civil_from_seconds(951782400);

    (void)state;
    assert_int_equal(civil.year, 2000);
    assert_int_equal(civil.month, 2);
    assert_int_equal(civil.day, 29);
    assert_int_equal(civil.weekday, 2);
    assert_int_equal(civil.year_day, 59);
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        civil = civil_from_seconds(moments[i]);
        assert_true(civil_to_seconds(&civil) == moments[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_status_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_runs_between_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_children_keep_output_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patterns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_regular_expressions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calendar, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
