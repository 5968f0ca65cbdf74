/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * The input is a personality file.  An agent is given it, once with plenty of memory and once with
 * little and an allocation that fails, and a client asks a few things while the clock runs from
 * deadline to deadline.
 *
 * Checked besides what the sanitizers see: a file is in effect or named as wrong, never both; and
 * when everything is destroyed no byte of memory is missing.
 */
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "linux_platform.h"
#include "state.h"

#define ROOM_BYTES   256u
#define OUTPUT_BYTES 65536u /* of a reply without end this much is enough */
#define TURNS_MAX    400u

static const char requests[] =
    "{\"execute\": \"guest-info\"}{\"execute\": \"guest-sync\", \"arguments\": {\"id\": 1}}"
    "{\"execute\": \"guest-ping\", \"id\": 5}{\"execute\": \"guest-get-osinfo\"}"
    "{\"execute\": \"guest-get-vcpus\"}{\"execute\": \"guest-get-fsinfo\"}"
    "{\"execute\": \"guest-network-get-interfaces\"}{\"execute\": \"guest-get-users\"}"
    "{\"execute\": \"guest-get-host-name\"}{\"execute\": \"guest-get-timezone\"}"
    "{\"execute\": \"guest-fsfreeze-freeze\"}{\"execute\": \"guest-fsfreeze-thaw\"}"
    "{\"execute\": \"guest-set-vcpus\", \"arguments\": {\"vcpus\":"
    " [{\"logical-id\": 1, \"online\": false}]}}{\"execute\": \"guest-get-time\"}"
    "{\"execute\": \"__org.bare-qga_status\"}";

static uint64_t now_ns;

struct wire {
    size_t used;
    size_t output;
    bool is_shut;
    uint8_t room[ROOM_BYTES];
};

static uint64_t fake_monotonic_ns(void *ctx)
{
    (void)ctx;
    return now_ns;
}

static size_t peek(void *ctx, const uint8_t **bytes)
{
    const struct wire *wire = ctx;

    *bytes = (const uint8_t *)requests + wire->used;
    return wire->is_shut ? 0 : sizeof(requests) - 1 - wire->used;
}

static void consume(void *ctx, size_t count)
{
    struct wire *wire = ctx;

    if (wire->is_shut || count > sizeof(requests) - 1 - wire->used) {
        abort();
    }
    wire->used += count;
}

static size_t reserve(void *ctx, uint8_t **room)
{
    struct wire *wire = ctx;

    *room = wire->room;
    return wire->is_shut || wire->output >= OUTPUT_BYTES ? 0 : ROOM_BYTES;
}

static void commit(void *ctx, size_t count)
{
    struct wire *wire = ctx;

    if (wire->is_shut || count > ROOM_BYTES) {
        abort();
    }
    wire->output += count;
}

static void flush(void *ctx)
{
    (void)ctx;
}

static void set_open(void *ctx, bool open)
{
    ((struct wire *)ctx)->is_shut = !open;
}

static const struct channel_ops ops = {
    .peek = peek,
    .consume = consume,
    .reserve = reserve,
    .commit = commit,
    .flush = flush,
    .set_open = set_open,
};

static void talk(struct agent *agent)
{
    struct wire wire = {0};
    struct session *session = session_create(agent, (struct channel){&ops, &wire});

    if (session == NULL) {
        return;
    }
    for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
        bool moved = session_poll(session);
        uint64_t deadline_ns;

        moved |= agent_poll(agent);
        if (moved) {
            continue;
        }
        if (wire.output >= OUTPUT_BYTES) { /* the host had enough, and comes again */
            session_closed(session);
            wire.output = 0;
            continue;
        }
        deadline_ns = agent_deadline_ns(agent);
        if (deadline_ns >= UINT64_MAX - 1) {
            break;
        }
        now_ns = deadline_ns > now_ns ? deadline_ns : now_ns;
    }
    session_destroy(session);
}

static void run(const uint8_t *data, size_t size, uint64_t budget, uint64_t fail_after)
{
    struct linux_platform platform;
    struct agent *agent;

    now_ns = 0;
    linux_platform_init(&platform, budget);
    platform.is_quiet = true;
    platform.platform.monotonic_ns = fake_monotonic_ns;
    agent = agent_create(&platform.platform);
    if (agent != NULL) {
        platform.fail_after = fail_after;
        agent_set_personality(agent, data, size, "fuzz");
        talk(agent);
        agent_destroy(agent);
    }
    if (platform.used != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size, 64u << 20, UINT64_MAX);
    run(data, size, 512u << 10, size % 61);
    return 0;
}
