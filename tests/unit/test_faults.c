/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/* When faults fire, by a clock that the test moves; several sessions; and too little memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "linux_platform.h"
#include "state.h"

#define MS UINT64_C(1000000)

/* Both ends of a channel. */
struct wire {
    char in[4096];
    size_t in_size;
    size_t in_used;
    char out[65536];
    size_t out_size;
    bool is_open;
    unsigned openings;
};

static uint64_t now_ns;

static uint64_t fake_monotonic_ns(void *ctx)
{
    (void)ctx;
    return now_ns;
}

static size_t peek(void *ctx, const uint8_t **bytes)
{
    struct wire *wire = ctx;

    *bytes = (const uint8_t *)wire->in + wire->in_used;
    return wire->is_open ? wire->in_size - wire->in_used : 0;
}

static void consume(void *ctx, size_t count)
{
    ((struct wire *)ctx)->in_used += count;
}

static size_t reserve(void *ctx, uint8_t **room)
{
    struct wire *wire = ctx;

    *room = (uint8_t *)wire->out + wire->out_size;
    return wire->is_open ? sizeof(wire->out) - 1 - wire->out_size : 0;
}

static void commit(void *ctx, size_t count)
{
    ((struct wire *)ctx)->out_size += count;
}

static void flush(void *ctx)
{
    (void)ctx;
}

static void set_open(void *ctx, bool open)
{
    struct wire *wire = ctx;

    assert_int_not_equal(wire->is_open, open);
    wire->is_open = open;
    wire->openings += open;
    wire->in_size = wire->in_used = 0;
}

static const struct channel_ops ops = {
    .peek = peek,
    .consume = consume,
    .reserve = reserve,
    .commit = commit,
    .flush = flush,
    .set_open = set_open,
};

struct bench {
    struct linux_platform platform;
    struct agent *agent;
    struct session *sessions[2];
    struct wire wires[2];
};

/* A fresh agent with these faults, at time 0. */
static int make_with(struct bench *bench, const char *faults, uint64_t budget)
{
    char text[2048];
    int result;

    now_ns = 0;
    memset(bench, 0, sizeof(*bench));
    linux_platform_init(&bench->platform, budget);
    bench->platform.is_quiet = true;
    bench->platform.platform.monotonic_ns = fake_monotonic_ns;
    bench->agent = agent_create(&bench->platform.platform);
    assert_non_null(bench->agent);
    snprintf(text, sizeof(text), "{\"faults\": [%s]}", faults);
    result = agent_set_personality(bench->agent, text, strlen(text), "test");
    for (size_t i = 0; i < 2; i++) {
        bench->wires[i].is_open = true;
        bench->sessions[i] = session_create(bench->agent, (struct channel){&ops, &bench->wires[i]});
        assert_non_null(bench->sessions[i]);
    }
    return result;
}

static void make(struct bench *bench, const char *faults)
{
    assert_int_equal(make_with(bench, faults, 64u << 20), 0);
}

static void finish(struct bench *bench)
{
    agent_destroy(bench->agent);
    assert_int_equal(bench->platform.used, 0);
}

static void turn(struct bench *bench)
{
    bool moved = true;

    while (moved) {
        moved = session_poll(bench->sessions[0]);
        moved |= session_poll(bench->sessions[1]);
        moved |= agent_poll(bench->agent);
    }
}

/* Sends a request, and returns what has come back by now. */
static const char *ask(struct bench *bench, int session, const char *request)
{
    struct wire *wire = &bench->wires[session];

    wire->in_size -= wire->in_used;
    memmove(wire->in, wire->in + wire->in_used, wire->in_size);
    wire->in_used = 0;
    memcpy(wire->in + wire->in_size, request, strlen(request));
    wire->in_size += strlen(request);
    wire->out_size = 0;
    turn(bench);
    wire->out[wire->out_size] = '\0';
    return wire->out;
}

/* What has come since, without a request. */
static const char *listen_to(struct bench *bench, int session)
{
    return ask(bench, session, "");
}

#define PING "{\"execute\": \"guest-ping\"}"
#define TIME "{\"execute\": \"guest-get-time\"}"
#define PONG "{\"return\": {}}\n"

/* Pings, and writes an x for each that failed. */
static void expect_pings(struct bench *bench, const char *pattern)
{
    char found[65];
    size_t i;

    for (i = 0; pattern[i] != '\0'; i++) {
        found[i] = strcmp(ask(bench, 0, PING), PONG) == 0 ? '.' : 'x';
    }
    found[i] = '\0';
    assert_string_equal(found, pattern);
}

static void expect_deadline(struct bench *bench, uint64_t deadline_ns)
{
    assert_true(agent_deadline_ns(bench->agent) == deadline_ns);
}

static void count_and_times(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"error\"}");
    expect_pings(&bench, "xxxx");
    finish(&bench);
    make(&bench, "{\"effect\": \"error\", \"nth\": 3}");
    expect_pings(&bench, "..x...");
    finish(&bench);
    make(&bench, "{\"effect\": \"error\", \"nth\": 3, \"times\": 2}");
    expect_pings(&bench, "..xx..");
    finish(&bench);
    make(&bench, "{\"effect\": \"error\", \"times\": 2}");
    expect_pings(&bench, "xx....");
    finish(&bench);
    make(&bench, "{\"effect\": \"error\", \"times\": 0}");
    expect_pings(&bench, "......");
    finish(&bench);
}

static void only_the_command_counts(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"error\", \"command\": \"guest-ping\", \"nth\": 2}");
    assert_non_null(strstr(ask(&bench, 0, TIME TIME TIME), "return"));
    assert_string_equal(ask(&bench, 0, PING), PONG);
    assert_null(strstr(ask(&bench, 0, TIME), "error"));
    expect_pings(&bench, "x.");
    finish(&bench);
}

static void chance(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"error\", \"probability\": 0}");
    expect_pings(&bench, "........");
    finish(&bench);
    make(&bench, "{\"effect\": \"error\", \"probability\": 1}");
    expect_pings(&bench, "xxxxxxxx");
    finish(&bench);
    /* The published first outputs for seed 0 start with E220, 6E78, 06C4, F88B, 1B39. */
    make(&bench, "{\"effect\": \"error\", \"probability\": 0.5, \"seed\": 0}");
    expect_pings(&bench, ".xx.x");
    finish(&bench);
    /* Only what fires counts. */
    make(&bench, "{\"effect\": \"error\", \"probability\": 0.5, \"seed\": 0, \"times\": 2}");
    expect_pings(&bench, ".xx..");
    finish(&bench);
}

static void not_before(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"error\", \"after-ms\": 10, \"nth\": 2}");
    expect_pings(&bench, "...");
    now_ns = 10 * MS - 1;
    expect_pings(&bench, "..");
    now_ns = 10 * MS;
    expect_pings(&bench, ".x.");
    finish(&bench);
}

static void by_the_clock(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"disconnect\", \"after-ms\": 5, \"every-ms\": 20, \"ms\": 3,"
                 " \"times\": 2}");
    expect_pings(&bench, "...");
    expect_deadline(&bench, 5 * MS);
    now_ns = 5 * MS;
    turn(&bench);
    assert_false(bench.wires[0].is_open);
    assert_false(bench.wires[1].is_open);
    expect_deadline(&bench, 8 * MS);
    now_ns = 8 * MS;
    turn(&bench);
    assert_true(bench.wires[0].is_open);
    expect_pings(&bench, "...");
    expect_deadline(&bench, 25 * MS);
    now_ns = 25 * MS;
    turn(&bench);
    now_ns = 28 * MS;
    turn(&bench);
    now_ns = 1000 * MS;
    turn(&bench);
    assert_int_equal(bench.wires[0].openings, 2);
    assert_true(agent_deadline_ns(bench.agent) > 1000000 * MS);
    finish(&bench);
}

static void one_waits_the_other_goes_on(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"delay\", \"command\": \"guest-get-time\", \"ms\": 7}");
    assert_string_equal(ask(&bench, 0, TIME PING), "");
    expect_deadline(&bench, 7 * MS);
    assert_string_equal(ask(&bench, 1, PING), PONG);
    now_ns = 7 * MS - 1;
    assert_string_equal(listen_to(&bench, 0), "");
    now_ns = 7 * MS;
    assert_non_null(strstr(listen_to(&bench, 0), "}\n" PONG));
    assert_true(agent_deadline_ns(bench.agent) == UINT64_MAX);
    finish(&bench);
}

static void clearing_ends_a_wait(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"delay\", \"ms\": 1000000},"
                 "{\"effect\": \"drip\", \"ms\": 1000000}");
    assert_string_equal(ask(&bench, 0, PING), "");
    assert_string_equal(ask(&bench, 1,
                            "{\"execute\": \"__org.bare-qga_set-faults\","
                            " \"arguments\": {\"faults\": []}}"),
                        PONG);
    assert_int_equal(bench.wires[0].out_size, strlen(PONG));
    assert_memory_equal(bench.wires[0].out, PONG, strlen(PONG));
    expect_pings(&bench, "..");
    finish(&bench);
}

static void drops_by_the_clock(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"drip\", \"bytes\": 4, \"ms\": 2}");
    assert_string_equal(ask(&bench, 0, PING), "{\"re");
    expect_deadline(&bench, 2 * MS);
    now_ns = 2 * MS;
    assert_string_equal(listen_to(&bench, 0), "turn");
    now_ns = 100 * MS;
    assert_string_equal(listen_to(&bench, 0), "\": {");
    expect_deadline(&bench, 102 * MS);
    now_ns = 102 * MS;
    assert_string_equal(listen_to(&bench, 0), "}}\n");
    finish(&bench);
}

static void a_refused_list_changes_nothing(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"error\", \"nth\": 2}");
    expect_pings(&bench, ".");
    assert_non_null(
        strstr(ask(&bench, 0,
                   "{\"execute\": \"__org.bare-qga_set-faults\", \"arguments\":"
                   " {\"faults\": [{\"effect\": \"crash\"}, {\"effect\": \"late-start\","
                   " \"ms\": 1}]}}"),
               "Parameter 'faults[1].effect' can be late-start only in the file"));
    expect_pings(&bench, "x.");
    finish(&bench);
}

/* However little there is, an error says so, and what was in force stays. */
static void too_little_memory(void **state)
{
    struct bench bench;
    unsigned refused = 0;

    (void)state;
    for (uint64_t fail_after = 0; fail_after < 24; fail_after++) {
        const char *reply;

        make(&bench, "{\"effect\": \"error\", \"nth\": 2},"
                     "{\"effect\": \"stale\", \"nth\": 5},"
                     "{\"effect\": \"garbage\", \"nth\": 6}");
        expect_pings(&bench, ".x");
        bench.platform.fail_after = fail_after;
        reply = ask(&bench, 0,
                    "{\"execute\": \"__org.bare-qga_set-faults\", \"arguments\":"
                    " {\"faults\": [{\"effect\": \"error\"}, {\"effect\": \"stale\"}]}}");
        refused += strstr(reply, "error") != NULL;
        bench.platform.fail_after = UINT64_MAX;
        expect_pings(&bench, strstr(reply, "error") != NULL ? ".." : "xx");
        finish(&bench);
    }
    assert_in_range(refused, 2, 23);
}

/* A fault that there is no memory for leaves the reply as it would be. */
static void no_memory_for_a_fault(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"garbage\", \"bytes\": 4000000000, \"nth\": 1},"
                 "{\"effect\": \"duplicate\", \"copies\": 4000000000, \"nth\": 2}");
    expect_pings(&bench, "...");
    finish(&bench);
}

/* A personality that meets the end of memory at any point leaves an agent that works. */
static void too_little_memory_for_the_file(void **state)
{
    static const char text[] = "{\"host-name\": \"x\", \"vcpus\": [{\"logical-id\": 0, \"online\":"
                               " true}], \"os\": {\"id\": \"x\"}, \"faults\": [{\"effect\":"
                               " \"stale\"}], \"agent\": {\"missing-commands\": [\"guest-sync\"]}}";
    struct bench bench;
    int failed = 0;

    (void)state;
    for (uint64_t fail_after = 0; fail_after < 40; fail_after++) {
        make(&bench, "");
        bench.platform.fail_after = fail_after;
        failed += agent_set_personality(bench.agent, text, sizeof(text) - 1, "test") < 0;
        bench.platform.fail_after = UINT64_MAX;
        assert_string_equal(ask(&bench, 0, PING), PONG);
        assert_non_null(
            strstr(ask(&bench, 1, "{\"execute\": \"__org.bare-qga_status\"}"), "\"accepted\""));
        finish(&bench);
    }
    assert_in_range(failed, 5, 39);
}

static void late(void **state)
{
    struct bench bench;
    struct session *session;
    struct wire *wire = calloc(1, sizeof(*wire));

    (void)state;
    make(&bench, "{\"effect\": \"late-start\", \"ms\": 9}");
    assert_false(bench.wires[0].is_open);
    now_ns = 8 * MS;
    turn(&bench);
    wire->is_open = true; /* a device that is plugged in meanwhile */
    session = session_create(bench.agent, (struct channel){&ops, wire});
    assert_false(wire->is_open);
    now_ns = 9 * MS;
    turn(&bench);
    assert_true(bench.wires[0].is_open);
    assert_true(wire->is_open);
    expect_pings(&bench, "..");
    session_destroy(session);
    free(wire);
    finish(&bench);
}

static void crash_by_the_clock(void **state)
{
    struct bench bench;

    (void)state;
    make(&bench, "{\"effect\": \"crash\", \"after-ms\": 1}");
    expect_pings(&bench, "..");
    assert_false(bench.platform.has_crashed);
    now_ns = MS;
    turn(&bench);
    assert_true(bench.platform.has_crashed);
    finish(&bench);
}

/* Without a personality there is no struct faults, and nothing to wait for. */
static void nothing_without_a_personality(void **state)
{
    struct linux_platform platform;
    struct agent *agent;

    (void)state;
    linux_platform_init(&platform, 64u << 20);
    agent = agent_create(&platform.platform);
    assert_null(agent->faults);
    assert_false(agent_poll(agent));
    assert_true(agent_deadline_ns(agent) == UINT64_MAX);
    agent_destroy(agent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(count_and_times),
        cmocka_unit_test(only_the_command_counts),
        cmocka_unit_test(chance),
        cmocka_unit_test(not_before),
        cmocka_unit_test(by_the_clock),
        cmocka_unit_test(one_waits_the_other_goes_on),
        cmocka_unit_test(clearing_ends_a_wait),
        cmocka_unit_test(drops_by_the_clock),
        cmocka_unit_test(a_refused_list_changes_nothing),
        cmocka_unit_test(too_little_memory),
        cmocka_unit_test(no_memory_for_a_fault),
        cmocka_unit_test(too_little_memory_for_the_file),
        cmocka_unit_test(late),
        cmocka_unit_test(crash_by_the_clock),
        cmocka_unit_test(nothing_without_a_personality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
