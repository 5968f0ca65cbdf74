/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * The agent on a network, with streams and a clock that are the test's: who gets a session, what
 * ends a connection, and that nothing runs before or beside a session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hmac.h"
#include "linux_platform.h"
#include "remote.h"
#include "remote_parts.h"

#define CLIENTS 16
#define SECOND  REMOTE_SECOND

static const char secret[] = "a secret that nobody would guess";

struct client {
    struct remote_connection *connection;
    const char *input;
    size_t input_bytes;
    size_t allowance; /* bytes of output that the client still takes */
    size_t output_bytes;
    char output[1 << 17];
    bool is_closed; /* by the agent */
};

struct fixture {
    struct linux_platform linux_platform;
    struct platform platform;
    struct agent *agent;
    struct remote *remote;
    struct client clients[CLIENTS];
};

static uint64_t clock_ns;
static int64_t realtime;
static int powered;
static size_t log_lines;
static char log_text[1 << 16];

/* ---- The platform and the streams ------------------------------------------------------- */

static uint64_t fake_monotonic_ns(void *ctx)
{
    (void)ctx;
    return clock_ns;
}

static int64_t fake_realtime_ns(void *ctx)
{
    (void)ctx;
    return realtime;
}

/* A machine without random numbers. */
static int no_random(void *ctx, void *buffer, size_t bytes)
{
    (void)ctx;
    (void)buffer;
    (void)bytes;
    return -1;
}

static int fake_power(void *ctx, enum platform_power mode)
{
    (void)ctx;
    (void)mode;
    powered++;
    return 0;
}

static void fake_log(void *ctx, const char *line)
{
    (void)ctx;
    log_lines++;
    strcat(log_text, line);
    strcat(log_text, "\n");
}

static size_t peek(void *ctx, const uint8_t **bytes)
{
    struct client *client = ctx;

    assert_false(client->is_closed);
    *bytes = (const uint8_t *)client->input;
    return client->input_bytes;
}

static void consume(void *ctx, size_t count)
{
    struct client *client = ctx;

    assert_true(count <= client->input_bytes);
    client->input += count;
    client->input_bytes -= count;
}

static size_t reserve(void *ctx, uint8_t **room)
{
    struct client *client = ctx;
    size_t left = sizeof(client->output) - 1 - client->output_bytes;

    assert_false(client->is_closed);
    *room = (uint8_t *)client->output + client->output_bytes;
    return left < client->allowance ? left : client->allowance;
}

static void commit(void *ctx, size_t count)
{
    struct client *client = ctx;

    assert_true(count <= client->allowance);
    client->allowance -= count;
    client->output_bytes += count;
    client->output[client->output_bytes] = '\0';
}

static void flush(void *ctx)
{
    (void)ctx;
}

static void close_client(void *ctx)
{
    struct client *client = ctx;

    assert_false(client->is_closed);
    client->is_closed = true;
    client->connection = NULL;
}

static const struct channel_ops ops = {
    .peek = peek, .consume = consume, .reserve = reserve, .commit = commit, .flush = flush};

/* ---- The fixture ------------------------------------------------------------------------ */

static struct fixture *start(unsigned allow)
{
    struct fixture *f = calloc(1, sizeof(*f));

    clock_ns = 1000 * SECOND;
    realtime = 1;
    powered = 0;
    log_lines = 0;
    log_text[0] = '\0';
    linux_platform_init(&f->linux_platform, 64u << 20);
    f->platform = f->linux_platform.platform;
    f->platform.monotonic_ns = fake_monotonic_ns;
    f->platform.realtime_ns = fake_realtime_ns;
    f->platform.random = no_random;
    f->platform.power = fake_power;
    f->platform.log = fake_log;
    f->agent = agent_create(&f->platform);
    f->remote = remote_create(f->agent, secret, strlen(secret), allow);
    assert_non_null(f->remote);
    return f;
}

static void stop(struct fixture *f)
{
    if (f->remote != NULL) {
        remote_destroy(f->remote);
    }
    agent_destroy(f->agent);
    assert_int_equal(f->linux_platform.used, 0);
    assert_null(strstr(log_text, secret));
    free(f);
}

static void poll(struct fixture *f)
{
    for (int turns = 0; remote_poll(f->remote); turns++) {
        assert_true(turns < 100000);
    }
    /* Whatever waits, waits for a point in time that is still to come. */
    assert_true(remote_deadline_ns(f->remote) > clock_ns);
}

static void wait_ns(struct fixture *f, uint64_t ns)
{
    clock_ns += ns;
    poll(f);
}

static struct client *connect_client(struct fixture *f, int i)
{
    struct client *client = &f->clients[i];
    struct remote_stream stream = {{&ops, client}, close_client};

    memset(client, 0, sizeof(*client));
    client->allowance = SIZE_MAX;
    client->connection = remote_accept(f->remote, &stream, "peer");
    poll(f);
    return client;
}

static void put_bytes(struct fixture *f, struct client *client, const char *bytes, size_t count)
{
    client->input = bytes;
    client->input_bytes = count;
    poll(f);
    if (!client->is_closed) {
        assert_int_equal(client->input_bytes, 0);
    }
}

static void put(struct fixture *f, struct client *client, const char *text)
{
    put_bytes(f, client, text, strlen(text));
}

/* The frame that answers the number at the start of `greeting`. */
static char *answer(const char *greeting, const char *key)
{
    static char text[200];
    uint8_t nonce[32];
    uint8_t code[HMAC_BYTES];
    struct hmac hmac;
    int used;

    for (size_t i = 0; i < sizeof(nonce); i++) {
        unsigned value;

        assert_int_equal(sscanf(greeting + 2 * i, "%2x", &value), 1);
        nonce[i] = (uint8_t)value;
    }
    hmac_begin(&hmac, key, strlen(key));
    hmac_add(&hmac, nonce, sizeof(nonce));
    hmac_add(&hmac, "qga1", 4);
    hmac_end(&hmac, code);
    used = sprintf(text, "{\"execute\": \"agent-auth\", \"arguments\": {\"mac\": \"");
    for (size_t i = 0; i < sizeof(code); i++) {
        used += sprintf(text + used, "%02x", code[i]);
    }
    strcpy(text + used, "\"}}\n");
    return text;
}

static void expect_number(const struct client *client)
{
    assert_int_equal(client->output_bytes, 65);
    assert_int_equal(strspn(client->output, "0123456789abcdef"), 64);
    assert_int_equal(client->output[64], '\n');
}

/* A client with a session; its output so far is forgotten. */
static struct client *open_client(struct fixture *f, int i)
{
    struct client *client = connect_client(f, i);

    expect_number(client);
    put(f, client, answer(client->output, secret));
    assert_non_null(strstr(client->output, "\n{\"return\": {\"accepted\": "));
    client->output_bytes = 0;
    return client;
}

static void fail_client(struct fixture *f, int i)
{
    struct client *client = connect_client(f, i);

    expect_number(client);
    put(f, client, answer(client->output, "another secret, of which the agent knows nothing"));
    assert_string_equal(client->output + 65, "{\"error\": {\"class\": \"GenericError\", "
                                             "\"desc\": \"authentication failed\"}}\n");
    assert_true(client->is_closed);
}

static void expect(struct fixture *f, struct client *client, const char *request, const char *reply)
{
    client->output_bytes = 0;
    client->output[0] = '\0';
    put(f, client, request);
    assert_string_equal(client->output, reply);
}

#define PING "{\"execute\": \"guest-ping\"}\n"
#define PONG "{\"return\": {}}\n"
#define DISABLED(x)                                                                                \
    "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Command " x                          \
    " has been disabled: the command is not allowed\"}}\n"

/* ---- Sessions --------------------------------------------------------------------------- */

static void test_session(void **state)
{
    struct fixture *f = start(0);
    struct client *client = open_client(f, 0);

    (void)state;
    expect(f, client, PING, PONG);
    expect(f, client, PING PING, PONG PONG);
    expect(f, client, "{\"execute\": \"guest-sync\", \"arguments\": {\"id\": 7}, \"id\": 1}",
           "{\"return\": 7, \"id\": 1}\n");
    /* What is wrong with a request that is JSON does not end the session. */
    expect(f, client, "{}",
           "{\"error\": {\"class\": \"GenericError\", \"desc\": \"QMP input lacks member "
           "'execute'\"}}\n");
    expect(f, client, PING, PONG);
    remote_finished(client->connection);
    poll(f);
    assert_true(client->is_closed);
    assert_int_equal(remote_counters(f->remote)->accepted, 1);
    /* The next one starts anew. */
    client = open_client(f, 0);
    expect(f, client, PING, PONG);
    remote_closed(client->connection);
    assert_int_equal(remote_deadline_ns(f->remote), UINT64_MAX);
    stop(f);
}

/* The answer and the first request may come in one piece; so may a finish. */
static void test_in_one_piece(void **state)
{
    struct fixture *f = start(0);
    struct client *client = connect_client(f, 0);
    char text[400];

    (void)state;
    snprintf(text, sizeof(text), "%s%s", answer(client->output, secret), PING);
    client->input = text;
    client->input_bytes = strlen(text);
    remote_finished(client->connection);
    poll(f);
    assert_non_null(strstr(client->output, "}}\n" PONG));
    assert_true(client->is_closed);
    stop(f);
}

static void test_allowed(void **state)
{
    static const char open_file[] = "{\"execute\": \"guest-file-open\", \"arguments\": "
                                    "{\"path\": \"/tmp/a\", \"mode\": \"w\"}}";
    static const char shutdown[] = "{\"execute\": \"guest-shutdown\"}";

    (void)state;
    for (unsigned allow = 0; allow < 4; allow++) {
        struct fixture *f = start(allow);
        struct client *client = open_client(f, 0);
        bool files = (allow & REMOTE_ALLOW_FILES) != 0;
        bool danger = (allow & REMOTE_ALLOW_DANGER) != 0;

        expect(f, client, PING, PONG);
        expect(f, client, open_file, files ? "{\"return\": 1000}\n" : DISABLED("guest-file-open"));
        expect(f, client, "{\"execute\": \"guest-fsfreeze-status\"}",
               danger ? "{\"return\": \"thawed\"}\n" : DISABLED("guest-fsfreeze-status"));
        expect(f, client, "{\"execute\": \"guest-info\"}", client->output);
        assert_int_equal(
            strstr(client->output, "{\"enabled\": true, \"name\": \"guest-file-open\"") != NULL,
            files);
        assert_int_equal(
            strstr(client->output, "{\"enabled\": true, \"name\": \"guest-shutdown\"") != NULL,
            danger);
        expect(f, client, shutdown, danger ? "" : DISABLED("guest-shutdown"));
        assert_int_equal(powered, danger);
        stop(f);
    }
}

/* A command that the schema says nothing about is nothing for everybody. */
static void test_classes(void **state)
{
    static const char *const reading[] = {
        "guest-sync", "guest-ping", "guest-info", "guest-get-", "guest-network-get-",
    };
    static const char *const never[] = {
        "guest-shutdown", "guest-exec",      "guest-set-time", "guest-set-user-password",
        "guest-suspend-", "guest-fsfreeze-", "guest-ssh-",     "guest-set-",
        "guest-fstrim"};

    (void)state;
    for (size_t i = 0; i < qga_command_count; i++) {
        const struct command *command = &qga_commands[i];

        for (size_t k = 0; k < sizeof(reading) / sizeof(reading[0]); k++) {
            if (strncmp(command->name, reading[k], strlen(reading[k])) == 0) {
                assert_int_equal(command->access, COMMAND_READS);
            }
        }
        for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++) {
            if (strncmp(command->name, never[k], strlen(never[k])) == 0) {
                assert_int_equal(command->access, COMMAND_DANGEROUS);
            }
        }
        assert_int_equal(strncmp(command->name, "guest-file-", 11) == 0,
                         command->access == COMMAND_FILES);
    }
}

static void test_one_session(void **state)
{
    struct fixture *f = start(0);
    struct client *first = open_client(f, 0);
    struct client *second = connect_client(f, 1);

    (void)state;
    put(f, second, answer(second->output, secret));
    assert_string_equal(second->output + 65, "{\"error\": {\"class\": \"GenericError\", "
                                             "\"desc\": \"another session is open\"}}\n");
    assert_true(second->is_closed);
    expect(f, first, PING, PONG);
    assert_int_equal(remote_counters(f->remote)->refused, 1);
    remote_closed(first->connection);
    open_client(f, 1);
    stop(f);
}

static void test_handles(void **state)
{
    struct fixture *f = start(REMOTE_ALLOW_FILES);
    struct client *client = open_client(f, 0);
    struct client local = {.allowance = SIZE_MAX};
    struct session *other = session_create(f->agent, (struct channel){&ops, &local});
    static const char use[] =
        "{\"execute\": \"guest-file-flush\", \"arguments\": {\"handle\": %d}}";
    static const char open_file[] = "{\"execute\": \"guest-file-open\", \"arguments\": "
                                    "{\"path\": \"/etc/hostname\"}}";
    char text[100];

    (void)state;
    expect(f, client, open_file, "{\"return\": 1000}\n");
    /* Nobody uses another's. */
    local.input = open_file;
    local.input_bytes = strlen(open_file);
    session_poll(other);
    assert_string_equal(local.output, "{\"return\": 1001}\n");
    snprintf(text, sizeof(text), use, 1001);
    expect(f, client, text,
           "{\"error\": {\"class\": \"GenericError\", \"desc\": \"handle '1001' has not been "
           "found\"}}\n");
    snprintf(text, sizeof(text), use, 1000);
    expect(f, client, text, PONG);
    local.output_bytes = 0;
    local.input = text;
    local.input_bytes = strlen(text);
    session_poll(other);
    assert_non_null(strstr(local.output, "handle '1000' has not been found"));
    /* Sixteen at a time. */
    for (int i = 1; i < (int)REMOTE_HANDLES_MAX; i++) {
        client->output_bytes = 0;
        put(f, client, open_file);
        assert_non_null(strstr(client->output, "return"));
    }
    expect(f, client, open_file,
           "{\"error\": {\"class\": \"GenericError\", \"desc\": \"failed to open file "
           "'/etc/hostname' (mode: 'r'): Too many open files\"}}\n");
    expect(f, client, "{\"execute\": \"guest-file-close\", \"arguments\": {\"handle\": 1000}}",
           PONG);
    client->output_bytes = 0;
    put(f, client, open_file);
    assert_non_null(strstr(client->output, "return"));
    /* They go with the session; those of others stay. */
    assert_int_equal(f->agent->open_handles, 17);
    remote_closed(client->connection);
    assert_int_equal(f->agent->open_handles, 1);
    client = open_client(f, 0);
    snprintf(text, sizeof(text), use, 1002);
    client->output_bytes = 0;
    put(f, client, text);
    assert_non_null(strstr(client->output, "handle '1002' has not been found"));
    stop(f);
}

/* A fault that answers instead of a command asks for no leave, so it has no place here. */
static void test_faults(void **state)
{
    static const char personality[] =
        "{\"faults\": [{\"effect\": \"return\", \"command\": \"guest-shutdown\", \"value\": 7},"
        " {\"effect\": \"restart\", \"command\": \"guest-ping\"}]}";
    struct fixture *f = start(REMOTE_ALLOW_FILES);
    struct client *client;
    struct client local = {.allowance = SIZE_MAX};
    struct session *other;

    (void)state;
    assert_int_equal(agent_set_personality(f->agent, personality, sizeof(personality) - 1, "test"),
                     0);
    other = session_create(f->agent, (struct channel){&ops, &local});
    client = open_client(f, 0);
    expect(f, client, "{\"execute\": \"guest-shutdown\"}", DISABLED("guest-shutdown"));
    expect(f, client, PING, PONG);
    expect(f, client,
           "{\"execute\": \"guest-file-open\", \"arguments\": {\"path\": \"/etc/hostname\"}}",
           "{\"return\": 1000}\n");
    /* One that strikes the agent as a whole leaves no handle counted that is gone. */
    local.input = PING;
    local.input_bytes = strlen(PING);
    session_poll(other);
    while (agent_poll(f->agent)) {
    }
    assert_int_equal(f->agent->open_handles, 0);
    assert_int_equal(f->remote->session->handles, 0);
    expect(f, client, PING, PONG);
    stop(f);
}

/* ---- What ends a session ---------------------------------------------------------------- */

static void test_first_wrong_byte(void **state)
{
    static const char *const wrong[] = {
        "POST / HTTP/1.1\r\n\r\n" PING,
        "\xff" PING,
        "{\"execute\": guest-ping}" PING,
        "[]" PING,
        "x" PING,
        "{\"execute\": \"guest-ping\"]" PING,
        "}" PING,
        "1 " PING,
        " x",
        "\"",
        "{\"execute\": x}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct fixture *f = start(0);
        struct client *client = open_client(f, 0);

        expect(f, client, PING, PONG);
        client->output_bytes = 0;
        put(f, client, wrong[i]);
        /* One error, and nothing of what follows. */
        assert_memory_equal(client->output, "{\"error\": ", 10);
        assert_ptr_equal(strchr(client->output, '\n') + 1, client->output + client->output_bytes);
        assert_true(client->is_closed);
        assert_int_equal(remote_counters(f->remote)->bad_frame, 1);
        /* It is nothing that the next session would hear of. */
        client = open_client(f, 1);
        expect(f, client, PING, PONG);
        stop(f);
    }
}

static void test_frame_bytes(void **state)
{
    size_t size = REMOTE_FRAME_BYTES_MAX;
    char *text = malloc(size + 100);
    struct fixture *f = start(0);
    struct client *client = open_client(f, 0);
    static const char head[] = "{\"execute\": \"guest-ping\", \"id\": \"";

    (void)state;
    memset(text, 'x', size);
    memcpy(text, head, sizeof(head) - 1);
    memcpy(text + size - 2, "\"}", 3);
    client->output_bytes = 0;
    put(f, client, text);
    assert_memory_equal(client->output, "{\"return\": {}, \"id\": \"xxx", 24);
    /* White space between requests is none of them. */
    memset(text, ' ', size + 50);
    strcpy(text + size + 50, PING);
    expect(f, client, text, PONG);
    /* One byte more. */
    memset(text, 'x', size);
    memcpy(text, head, sizeof(head) - 1);
    memcpy(text + size - 1, "\"}", 3);
    expect(f, client, text,
           "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON token size limit "
           "exceeded\"}}\n");
    assert_true(client->is_closed);
    free(text);
    stop(f);
}

static void test_idle(void **state)
{
    struct fixture *f = start(0);
    struct client *client = open_client(f, 0);

    (void)state;
    wait_ns(f, REMOTE_IDLE_NS - 1);
    expect(f, client, PING, PONG);
    wait_ns(f, REMOTE_IDLE_NS - 1);
    assert_false(client->is_closed);
    wait_ns(f, 1);
    assert_true(client->is_closed);
    stop(f);
}

static void test_slow_frame(void **state)
{
    struct fixture *f = start(0);
    struct client *client = open_client(f, 0);

    (void)state;
    /* A byte now and then does not help. */
    for (size_t i = 0; i < 15; i++) {
        put_bytes(f, client, &PING[i], 1);
        assert_false(client->is_closed);
        wait_ns(f, REMOTE_FRAME_NS / 16);
    }
    wait_ns(f, REMOTE_FRAME_NS / 16 + 16);
    assert_true(client->is_closed);
    /* The time counts from the request's own first byte. */
    client = open_client(f, 0);
    put(f, client, PING "{");
    wait_ns(f, REMOTE_FRAME_NS - 1);
    put(f, client, "\"execute\": \"guest-ping\"} {");
    wait_ns(f, REMOTE_FRAME_NS - 1);
    assert_false(client->is_closed);
    wait_ns(f, 1);
    assert_true(client->is_closed);
    stop(f);
}

static void test_reply_not_fetched(void **state)
{
    struct fixture *f = start(0);
    struct client *client = open_client(f, 0);

    (void)state;
    client->allowance = 20;
    put(f, client, PING);
    put(f, client, "{\"execute\": \"guest-ping\"}"); /* its reply does not fit */
    wait_ns(f, REMOTE_FRAME_NS - 1);
    client->allowance = 1; /* whoever takes something has time again */
    wait_ns(f, 0);
    wait_ns(f, REMOTE_FRAME_NS - 1);
    assert_false(client->is_closed);
    wait_ns(f, 1);
    assert_true(client->is_closed);
    stop(f);
}

/* ---- Strangers -------------------------------------------------------------------------- */

/* What a browser, a scanner, or a client of another protocol may send. */
static void test_nothing_executes(void **state)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n\r\n{\"execute\": \"guest-shutdown\"}",
        "POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\r\n"
        "{\"execute\": \"guest-shutdown\"}\r\n",
        "\x16\x03\x01\x02\x00\x01{\"execute\": \"guest-shutdown\"}",
        "{\"execute\": \"guest-shutdown\"}",
        "\r\n{\"execute\": \"guest-shutdown\"}",
        "\xff{\"execute\": \"guest-shutdown\"}",
        "{\"execute\": \"agent-auth\", \"arguments\": {\"mac\": \"\"}}{\"execute\": "
        "\"guest-shutdown\"}",
        "{\"execute\": \"agent-auth\"}{\"execute\": \"guest-shutdown\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct fixture *f = start(REMOTE_ALLOW_FILES | REMOTE_ALLOW_DANGER);
        struct client *client = connect_client(f, 0);

        put(f, client, texts[i]);
        assert_true(client->is_closed);
        assert_int_equal(client->output_bytes, 65);
        assert_int_equal(powered, 0);
        assert_int_equal(remote_counters(f->remote)->bad_frame, 1);
        /* It costs the next client nothing. */
        open_client(f, 1);
        stop(f);
    }
}

static void test_wrong_then_request(void **state)
{
    struct fixture *f = start(REMOTE_ALLOW_DANGER);
    struct client *client = connect_client(f, 0);
    char text[400];

    (void)state;
    snprintf(text, sizeof(text), "%s{\"execute\": \"guest-shutdown\"}",
             answer(client->output, "no"));
    put(f, client, text);
    assert_true(client->is_closed);
    assert_int_equal(powered, 0);
    stop(f);
}

static void test_replay(void **state)
{
    struct fixture *f = start(0);
    struct client *client = connect_client(f, 0);
    char recorded[200];

    (void)state;
    strcpy(recorded, answer(client->output, secret));
    put(f, client, recorded);
    expect(f, client, PING, PONG);
    remote_closed(client->connection);
    client = connect_client(f, 1);
    put(f, client, recorded);
    assert_true(client->is_closed);
    assert_int_equal(remote_counters(f->remote)->bad_mac, 1);
    stop(f);
}

/* Numbers differ on one machine, and on two that have nothing but the time to tell them apart. */
static void test_numbers(void **state)
{
    char seen[64][65];
    size_t count = 0;

    (void)state;
    for (int boots = 0; boots < 4; boots++) {
        struct fixture *f = start(0);

        realtime = 1 + boots;
        for (int i = 0; i < 16; i++) {
            struct client *client = connect_client(f, i);

            memcpy(seen[count], client->output, 64);
            seen[count++][64] = '\0';
            remote_closed(client->connection);
        }
        stop(f);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(seen[i], seen[k]);
        }
    }
}

static void test_pause(void **state)
{
    static const uint64_t pauses[] = {1, 2, 4, 8, 8};
    struct fixture *f = start(0);
    struct client *client = connect_client(f, 9);
    struct client *early = client;

    (void)state;
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        fail_client(f, 0);
        client = connect_client(f, 1);
        wait_ns(f, pauses[i] * SECOND - 1);
        assert_int_equal(client->output_bytes, 0);
        wait_ns(f, 1);
        expect_number(client);
        remote_closed(client->connection);
        if (i == 1) { /* a number that was given before stays good, and lifts the pause */
            assert_false(early->is_closed);
        }
    }
    assert_int_equal(remote_counters(f->remote)->bad_mac, 5);
    assert_true(early->is_closed);
    open_client(f, 2);
    remote_closed(f->clients[2].connection);
    fail_client(f, 0);
    client = connect_client(f, 1);
    wait_ns(f, SECOND);
    expect_number(client);
    stop(f);
}

/* One who knows the secret is not kept out by one who does not. */
static void test_pause_is_lifted(void **state)
{
    struct fixture *f = start(0);
    struct client *good = connect_client(f, 0);
    struct client *held;

    (void)state;
    fail_client(f, 1);
    held = connect_client(f, 2);
    assert_int_equal(held->output_bytes, 0);
    put(f, good, answer(good->output, secret));
    expect(f, good, PING, PONG);
    expect_number(held);
    stop(f);
}

static void test_speaks_during_pause(void **state)
{
    struct fixture *f = start(0);
    struct client *client;

    (void)state;
    fail_client(f, 0);
    client = connect_client(f, 1);
    put(f, client, "{");
    assert_true(client->is_closed);
    client = connect_client(f, 1);
    remote_finished(client->connection);
    poll(f);
    assert_true(client->is_closed);
    stop(f);
}

static void test_no_answer(void **state)
{
    struct fixture *f = start(0);
    struct client *client = connect_client(f, 0);

    (void)state;
    put(f, client, "{\"execute\": \"agent-auth\"");
    wait_ns(f, REMOTE_AUTH_NS - 1);
    assert_false(client->is_closed);
    wait_ns(f, 1);
    assert_true(client->is_closed);
    client = connect_client(f, 0);
    remote_finished(client->connection);
    poll(f);
    assert_true(client->is_closed);
    assert_int_equal(remote_counters(f->remote)->refused, 2);
    /* Nor does one who takes nothing last longer. */
    client = &f->clients[1];
    memset(client, 0, sizeof(*client));
    client->connection =
        remote_accept(f->remote, &(struct remote_stream){{&ops, client}, close_client}, "deaf");
    poll(f);
    wait_ns(f, REMOTE_AUTH_NS);
    assert_true(client->is_closed);
    stop(f);
}

/* Connections that are only held keep nobody out, and do not disturb the session. */
static void test_crowd(void **state)
{
    struct fixture *f = start(0);
    struct client *client;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        connect_client(f, i % 12);
    }
    client = open_client(f, 15);
    for (int i = 1000; i < 2000; i++) {
        connect_client(f, i % 12);
    }
    expect(f, client, PING, PONG);
    assert_int_equal(remote_counters(f->remote)->connections, 2001);
    assert_int_equal(remote_counters(f->remote)->refused, 2001 - REMOTE_CONNECTIONS);
    /* The log is told of it once a second, not a thousand times. */
    assert_true(log_lines < 10);
    stop(f);
}

/* ---- Start ------------------------------------------------------------------------------ */

static void test_secrets(void **state)
{
    struct fixture *f = start(0);
    char text[REMOTE_SECRET_MAX + 1] = {0};

    (void)state;
    remote_destroy(f->remote);
    f->remote = NULL;
    log_text[0] = '\0';
    assert_null(remote_create(f->agent, text, 0, 0));
    assert_null(remote_create(f->agent, text, REMOTE_SECRET_MIN - 1, 0));
    assert_null(remote_create(f->agent, text, REMOTE_SECRET_MAX + 1, 0));
    assert_non_null(strstr(log_text, "NOT STARTED"));
    f->remote = remote_create(f->agent, text, REMOTE_SECRET_MAX, 0);
    assert_non_null(f->remote);
    stop(f);
}

static void test_out_of_memory(void **state)
{
    struct fixture *f = start(0);
    uint64_t used;

    (void)state;
    remote_destroy(f->remote);
    f->remote = NULL;
    used = f->linux_platform.used;
    for (uint64_t i = 0; f->remote == NULL; i++) {
        f->linux_platform.fail_after = i;
        f->remote = remote_create(f->agent, secret, strlen(secret), 0);
        if (f->remote == NULL) {
            assert_int_equal(f->linux_platform.used, used);
        }
        assert_true(i < 10);
    }
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_in_one_piece),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_one_session),
        cmocka_unit_test(test_handles),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_first_wrong_byte),
        cmocka_unit_test(test_frame_bytes),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_slow_frame),
        cmocka_unit_test(test_reply_not_fetched),
        cmocka_unit_test(test_nothing_executes),
        cmocka_unit_test(test_wrong_then_request),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_pause_is_lifted),
        cmocka_unit_test(test_speaks_during_pause),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
