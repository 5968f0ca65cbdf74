/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * Commands that change users and their keys, lists of disabled commands, processors, clocks:
 * requests to a whole agent, and what they leave in its file tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent_client.h"
#include "state.h"
#include "text_file.h"

#define KEYS      "/root/.ssh/authorized_keys"
#define SSH(verb) "{\"execute\":\"guest-ssh-" verb "-authorized-keys\",\"arguments\":"
#define OK        "{\"return\": {}}\n"

static int setup(void **state)
{
    *state = agent_client_create(16u << 20);
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(agent_client_destroy(*state), 0);
    return 0;
}

/* The content of a file, NULL if there is none; good until the next call. */
static const char *content(struct agent_client *client, const char *path)
{
    static char text[4096];
    struct buffer buffer;
    int result;

    buffer_init(&buffer, &client->platform.platform);
    result = text_file_read(&client->agent->fs, path, sizeof(text) - 1, &buffer);
    if (result == 0) {
        memcpy(text, buffer.data == NULL ? (const void *)"" : buffer.data, buffer.size);
        text[buffer.size] = '\0';
    }
    buffer_free(&buffer);
    return result == 0 ? text : NULL;
}

static void put(struct agent_client *client, const char *path, const char *text)
{
    assert_int_equal(agent_add_file(client->agent, path, text, strlen(text)), 0);
}

static void expect(struct agent_client *client, const char *request, const char *reply)
{
    assert_string_equal(agent_client_ask(client, request), reply);
}

static void expect_error(struct agent_client *client, const char *request, const char *desc)
{
    char reply[1024];

    snprintf(reply, sizeof(reply), "{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}}\n",
             desc);
    expect(client, request, reply);
}

/* ---- SSH keys -------------------------------------------------------------------------- */

static void test_ssh_add(void **state)
{
    struct agent_client *client = *state;

    expect(client, SSH("add") "{\"username\":\"root\",\"keys\":[\"a 1\",\"b 2\",\"a 1\"]}}", OK);
    assert_string_equal(content(client, KEYS), "a 1\nb 2");
    expect(client, SSH("add") "{\"username\":\"root\",\"keys\":[\"b 2\",\"c 3\"]}}", OK);
    assert_string_equal(content(client, KEYS), "a 1\nb 2\nc 3");
    expect(client, SSH("add") "{\"username\":\"root\",\"keys\":[],\"reset\":false}}", OK);
    assert_string_equal(content(client, KEYS), "a 1\nb 2\nc 3");
    expect(client, SSH("add") "{\"username\":\"root\",\"keys\":[\"d 4\"],\"reset\":true}}", OK);
    assert_string_equal(content(client, KEYS), "d 4");
    expect(client, SSH("add") "{\"username\":\"root\",\"keys\":[],\"reset\":true}}", OK);
    assert_string_equal(content(client, KEYS), "");
    expect(client, SSH("add") "{\"username\":\"root\",\"keys\":[\"e 5\"]}}", OK);
    assert_string_equal(content(client, KEYS), "e 5");
}

/* A file that somebody else wrote: its last newline makes an empty line, its doubles stay. */
static void test_ssh_add_to_foreign_file(void **state)
{
    struct agent_client *client = *state;

    put(client, KEYS, "# mine\na 1\na 1\n");
    expect(client, SSH("add") "{\"username\":\"root\",\"keys\":[\"a 1\",\"\",\"b 2\"]}}", OK);
    assert_string_equal(content(client, KEYS), "# mine\na 1\na 1\n\nb 2");
    expect(client, SSH("get") "{\"username\":\"root\"}}",
           "{\"return\": {\"keys\": [\"b 2\", \"a 1\", \"a 1\"]}}\n");
}

static void test_ssh_get(void **state)
{
    struct agent_client *client = *state;

    expect_error(client, SSH("get") "{\"username\":\"root\"}}",
                 "failed to read '" KEYS "': Failed to open file \\u201C" KEYS
                 "\\u201D: No such file or directory");
    put(client, KEYS, "");
    expect(client, SSH("get") "{\"username\":\"root\"}}", "{\"return\": {\"keys\": []}}\n");
    put(client, KEYS, "  a 1 \r\n\n \t\n#b 2\n  #c 3\nd 4");
    expect(client, SSH("get") "{\"username\":\"root\"}}",
           "{\"return\": {\"keys\": [\"d 4\", \"a 1\"]}}\n");
    expect_error(client, SSH("get") "{\"username\":\"ann\"}}",
                 "failed to lookup user 'ann': Success");
}

static void test_ssh_remove(void **state)
{
    struct agent_client *client = *state;

    expect(client, SSH("remove") "{\"username\":\"root\",\"keys\":[\"a 1\"]}}", OK);
    assert_null(content(client, KEYS));
    put(client, KEYS, "a 1\na 1\n# mine\nb 2\n");
    expect(client, SSH("remove") "{\"username\":\"root\",\"keys\":[\"z\",\"a\",\"b 2 \"]}}", OK);
    assert_string_equal(content(client, KEYS), "a 1\na 1\n# mine\nb 2\n");
    expect(client, SSH("remove") "{\"username\":\"root\",\"keys\":[\"b 2\",\"a 1\"]}}", OK);
    assert_string_equal(content(client, KEYS), "# mine\n");
    expect(client, SSH("remove") "{\"username\":\"root\",\"keys\":[\"\"]}}", OK);
    assert_string_equal(content(client, KEYS), "# mine");
}

/* Bad keys are found before the user is looked for, and nothing is written. */
static void test_ssh_bad_requests(void **state)
{
    struct agent_client *client = *state;

    expect_error(client, SSH("add") "{\"username\":\"nobody\",\"keys\":[\"a\",\"#b\"]}}",
                 "invalid OpenSSH public key: '#b'");
    expect_error(client, SSH("remove") "{\"username\":\"root\",\"keys\":[\"a\\nb\"]}}",
                 "invalid OpenSSH public key: 'a\\nb'");
    expect_error(client, SSH("add") "{\"username\":\"nobody\",\"keys\":[]}}",
                 "failed to lookup user 'nobody': Success");
    expect_error(client, SSH("add") "{\"username\":\"\",\"keys\":[]}}",
                 "failed to lookup user '': Success");
    put(client, "/etc/passwd", "#root:x:0:0::/root:\nann:x:1:1::/home/ann/:\nbob:x:2:2::/tmp:\n");
    expect_error(client, SSH("add") "{\"username\":\"ann\",\"keys\":[\"a\"]}}",
                 "failed to create directory '/home/ann/.ssh': No such file or directory");
    expect_error(client, SSH("get") "{\"username\":\"#root\"}}",
                 "failed to lookup user '#root': Success");
    put(client, "/tmp/.ssh", "a file");
    expect_error(client, SSH("add") "{\"username\":\"bob\",\"keys\":[\"a\"]}}",
                 "failed to create directory '/tmp/.ssh': File exists");
}

/* The cost of many keys is their length. */
static void test_ssh_many(void **state)
{
    enum { MANY = 20000 };
    struct agent_client *client = *state;
    char *request = malloc(MANY * 16 + 200);
    size_t length = 0;

    assert_non_null(request);
    for (unsigned round = 0; round < 2; round++) {
        length = (size_t)sprintf(request, SSH("add") "{\"username\":\"root\",\"keys\":[\"k\"");
        for (unsigned i = 0; i < MANY; i++) {
            length += (size_t)sprintf(request + length, ",\"key %u\"", i);
        }
        strcpy(request + length, "]}}");
        expect(client, request, OK);
    }
    free(request);
    expect(client, SSH("remove") "{\"username\":\"root\",\"keys\":[\"key 7\"]}}", OK);
}

/* Whichever allocation fails: an error, and the file as it was. */
static void test_ssh_out_of_memory(void **state)
{
    static const char request[] = SSH("add") "{\"username\":\"root\",\"keys\":[\"b 2\",\"c 3\"]}}";
    struct agent_client *client = *state;
    uint64_t allocations = 0;

    put(client, KEYS, "a 1");
    for (;; allocations++) {
        const char *reply;

        client->platform.fail_after = allocations;
        reply = agent_client_ask(client, request);
        client->platform.fail_after = UINT64_MAX;
        if (strcmp(reply, OK) == 0) {
            break;
        }
        assert_non_null(strstr(reply, "\"error\""));
        assert_string_equal(content(client, KEYS), "a 1");
    }
    assert_true(allocations > 2);
    assert_string_equal(content(client, KEYS), "a 1\nb 2\nc 3");
}

/* ---- Passwords ------------------------------------------------------------------------- */

#define PASSWORD(user, base64, crypted)                                                            \
    "{\"execute\":\"guest-set-user-password\",\"arguments\":{\"username\":\"" user                 \
    "\",\"password\":\"" base64 "\",\"crypted\":" crypted "}}"
#define FAILED "child process has failed to set user password: chpasswd: "

static void test_password_crypted(void **state)
{
    struct agent_client *client = *state;
    char *shadow;

    put(client, "/etc/passwd", "root:x:0:0::/root:\nann:x:1:1::/:\nbob:old:2:2::/:\n");
    put(client, "/etc/shadow", "root:*:1:2:3:4:5:6:7\nroot:double:1:\n");
    expect(client, PASSWORD("root", "JDEkYSRi", "true"), OK); /* $1$a$b */
    shadow = strdup(content(client, "/etc/shadow"));
    assert_int_equal(strncmp(shadow, "root:$1$a$b:", 12), 0);
    assert_non_null(strstr(shadow, ":2:3:4:5:6:7\nroot:double:1:\n"));
    assert_true(strtol(shadow + 12, NULL, 10) > 19000); /* days since 1970 */
    free(shadow);
    expect(client, PASSWORD("ann", "eA==", "true"), OK);
    assert_non_null(strstr(content(client, "/etc/shadow"), "\nann:x:"));
    expect(client, PASSWORD("bob", "eQ==", "true"), OK);
    assert_null(strstr(content(client, "/etc/shadow"), "bob"));
    assert_string_equal(content(client, "/etc/passwd"),
                        "root:x:0:0::/root:\nann:x:1:1::/:\nbob:y:2:2::/:\n");
}

static void test_password_raw(void **state)
{
    struct agent_client *client = *state;

    expect(client, PASSWORD("root", "c2VjcmV0", "false"), OK);
    assert_int_equal(strncmp(content(client, "/etc/shadow"), "root:$5$rounds=1000$", 20), 0);
    assert_null(strstr(content(client, "/etc/shadow"), "secret"));
}

static void test_password_errors(void **state)
{
    struct agent_client *client = *state;
    char *before = strdup(content(client, "/etc/shadow"));

    expect_error(client, PASSWORD("root", "*", "false"), "Base64 data contains invalid characters");
    expect_error(client, PASSWORD("ro:ot", "YQpi", "false"),
                 "forbidden characters in raw password");
    expect_error(client, PASSWORD("ro:ot", "YQ==", "false"), "forbidden characters in username");
    expect_error(client, PASSWORD("ro\\not", "YQ==", "true"), "forbidden characters in username");
    expect_error(client, PASSWORD("ann", "YQ==", "true"),
                 FAILED "line 1: user 'ann' does not exist\\n"
                        "chpasswd: error detected, changes ignored\\n");
    expect_error(client, PASSWORD("root", "YTpi", "true"),
                 FAILED "failed to prepare the new /etc/shadow entry 'root'\\n");
    assert_string_equal(content(client, "/etc/shadow"), before);
    free(before);
}

static void test_password_out_of_memory(void **state)
{
    struct agent_client *client = *state;
    char *before = strdup(content(client, "/etc/shadow"));
    uint64_t allocations = 0;

    for (;; allocations++) {
        const char *reply;

        client->platform.fail_after = allocations;
        reply = agent_client_ask(client, PASSWORD("root", "YQ==", "false"));
        client->platform.fail_after = UINT64_MAX;
        if (strcmp(reply, OK) == 0) {
            break;
        }
        assert_non_null(strstr(reply, "\"error\""));
        assert_string_equal(content(client, "/etc/shadow"), before);
    }
    assert_true(allocations > 2);
    free(before);
}

/* ---- Disabled commands ----------------------------------------------------------------- */

static bool is_enabled(struct agent_client *client, const char *name)
{
    char entry[128];

    snprintf(entry, sizeof(entry), "{\"enabled\": true, \"name\": \"%s\",", name);
    return strstr(agent_client_ask(client, "{\"execute\":\"guest-info\"}"), entry) != NULL;
}

static void test_rpcs(void **state)
{
    struct agent_client *client = *state;

    assert_int_equal(agent_set_rpcs(client->agent, "guest-ping,,no-such,guest-file-open", ""), 0);
    assert_false(is_enabled(client, "guest-ping"));
    assert_false(is_enabled(client, "guest-file-open"));
    assert_true(is_enabled(client, "guest-file-close"));
    expect(client, "{\"execute\":\"guest-ping\"}",
           "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Command guest-ping has been "
           "disabled: the command is not allowed\"}}\n");
    /* Frozen, what must run runs, whatever the list says; thawed, the list counts again. */
    expect(client, "{\"execute\":\"guest-fsfreeze-freeze\"}", "{\"return\": 1}\n");
    assert_true(is_enabled(client, "guest-ping"));
    expect(client, "{\"execute\":\"guest-fsfreeze-thaw\"}", "{\"return\": 1}\n");
    assert_false(is_enabled(client, "guest-ping"));
    /* An allow list disables the rest, and the block list wins. */
    assert_int_equal(
        agent_set_rpcs(client->agent, "guest-ping", "guest-info,guest-ping,guest-sync"), 0);
    assert_true(is_enabled(client, "guest-info"));
    assert_true(is_enabled(client, "guest-sync"));
    assert_false(is_enabled(client, "guest-ping"));
    assert_false(is_enabled(client, "guest-file-open"));
    /* A list of nothing allows nothing; no list, everything. */
    assert_int_equal(agent_set_rpcs(client->agent, "", ","), 0);
    assert_null(strstr(agent_client_ask(client, "{\"execute\":\"guest-info\"}"), "return"));
    assert_int_equal(agent_set_rpcs(client->agent, "", ""), 0);
    assert_null(
        strstr(agent_client_ask(client, "{\"execute\":\"guest-info\"}"), "false, \"name\""));
    client->platform.fail_after = 0;
    assert_true(agent_set_rpcs(client->agent, "guest-ping", "") < 0);
    client->platform.fail_after = UINT64_MAX;
    assert_true(is_enabled(client, "guest-ping"));
}

/* ---- Facts ----------------------------------------------------------------------------- */

static void test_vcpus(void **state)
{
    struct agent_client *client = *state;
    char reply[64];

    client->platform.machine.cpu_count = 20;
    expect(client,
           "{\"execute\":\"guest-set-vcpus\",\"arguments\":{\"vcpus\":["
           "{\"logical-id\":19,\"online\":false},{\"logical-id\":8,\"online\":false},"
           "{\"logical-id\":8,\"online\":true},{\"logical-id\":20,\"online\":true}]}}",
           "{\"return\": 3}\n");
    for (uint32_t i = 0; i < 20; i++) {
        struct facts_vcpu vcpu;

        assert_true(facts_vcpu(client->agent, i, &vcpu));
        assert_int_equal(vcpu.online, i != 19);
        assert_int_equal(vcpu.can_offline, i != 0);
    }
    snprintf(reply, sizeof(reply), "open(\\\"/sys/devices/system/cpu/cpu%lld/\\\"): ", -1ll);
    assert_non_null(strstr(
        agent_client_ask(client, "{\"execute\":\"guest-set-vcpus\",\"arguments\":{\"vcpus\":["
                                 "{\"logical-id\":-1,\"online\":true}]}}"),
        reply));
}

static void test_memory_blocks(void **state)
{
    static const struct platform_range ranges[] = {
        {0, 0x9fc00}, {0x100000, (UINT64_C(300) << 20) - 0x100000}, {UINT64_C(4) << 30, 4096}};
    static const struct platform_range large = {0, UINT64_C(100) << 30};
    static const uint64_t wanted[] = {0, 1, 2, 32};
    struct agent_client *client = *state;
    uint64_t block = 0;

    client->platform.machine.memory = ranges;
    client->platform.machine.memory_count = 3;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++, block++) {
        assert_true(facts_memory_block(client->agent, &block));
        assert_int_equal(block, wanted[i]);
    }
    assert_false(facts_memory_block(client->agent, &block));
    client->platform.machine.memory = &large;
    client->platform.machine.memory_count = 1;
    assert_int_equal(facts_memory_block_bytes(client->agent), UINT64_C(2) << 30);
}

static uint64_t now_ns, slept_ns;

static uint64_t fake_monotonic_ns(void *ctx)
{
    (void)ctx;
    return now_ns;
}

static uint64_t fake_idle_ns(void *ctx)
{
    (void)ctx;
    return slept_ns;
}

/* As Linux's: after a minute of work 1 - 1/e, then less and less. */
static void test_load(void **state)
{
    struct agent_client *client = *state;
    double load[3];

    client->platform.platform.monotonic_ns = fake_monotonic_ns;
    client->platform.platform.idle_ns = fake_idle_ns;
    now_ns = UINT64_C(60000000000);
    slept_ns = 0;
    facts_load(client->agent, load);
    assert_true(load[0] > 0.60 && load[0] < 0.65);
    assert_true(load[1] > 0.16 && load[1] < 0.20);
    assert_true(load[2] > 0.05 && load[2] < 0.08);
    now_ns += UINT64_C(60000000000);
    slept_ns += UINT64_C(60000000000);
    facts_load(client->agent, load);
    assert_true(load[0] > 0.20 && load[0] < 0.25);
    now_ns += UINT64_C(3600000000000);
    slept_ns += UINT64_C(1800000000000); /* half of an hour: the last minutes look so too */
    facts_load(client->agent, load);
    assert_true(load[0] > 0.48 && load[0] < 0.52);
    assert_true(load[2] > 0.46 && load[2] < 0.52);
}

static void test_set_time(void **state)
{
    static const struct {
        const char *time;
        const char *error;
    } cases[] = {
        {"-1", "Failed to set time to guest: Invalid argument"},
        {"-999999999", "Failed to set time to guest: Invalid argument"},
        {"1", "Failed to set time to guest: Invalid argument"}, /* the guest is older than that */
        {"-1000000000", "Invalid time"},
        {"3155760000000000000", "Invalid time"},
        {"9223372036854775807", "Invalid time"},
        {"-9223372036854775808", "Invalid time"},
    };
    struct agent_client *client = *state;
    char request[128];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(request, sizeof(request),
                 "{\"execute\":\"guest-set-time\",\"arguments\":{\"time\":%s}}", cases[i].time);
        expect_error(client, request, cases[i].error);
        assert_int_equal(client->platform.realtime_offset_ns, 0);
    }
    expect(client, "{\"execute\":\"guest-set-time\",\"arguments\":{\"time\":3155759999999999999}}",
           OK);
    assert_true(client->platform.realtime_offset_ns != 0);
    expect(client, "{\"execute\":\"guest-set-time\"}", OK);
    assert_int_equal(client->platform.realtime_offset_ns, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_ssh_add),
        TEST(test_ssh_add_to_foreign_file),
        TEST(test_ssh_get),
        TEST(test_ssh_remove),
        TEST(test_ssh_bad_requests),
        TEST(test_ssh_many),
        TEST(test_ssh_out_of_memory),
        TEST(test_password_crypted),
        TEST(test_password_raw),
        TEST(test_password_errors),
        TEST(test_password_out_of_memory),
        TEST(test_rpcs),
        TEST(test_vcpus),
        TEST(test_memory_blocks),
        TEST(test_load),
        TEST(test_set_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
