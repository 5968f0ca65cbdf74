/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/options.c
/* Kernel options: what each takes, what is refused, and that the refusal names the choices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/klog.h"
#include "options.h"

static char log_text[4096];

void klog(const char *format, ...)
{
    size_t used = strlen(log_text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(log_text + used, sizeof(log_text) - used, format, arguments);
    va_end(arguments);
    strncat(log_text, "\n", sizeof(log_text) - strlen(log_text) - 1);
}

static void parse_more(struct options *options, const char *text)
{
    size_t length = strlen(text);
    char *exact = malloc(length + 1); /* without a NUL behind it */

    assert_non_null(exact);
    memcpy(exact, text, length);
    log_text[0] = '\0';
    options_parse(options, exact, length, "test");
    free(exact);
}

static void parse(struct options *options, const char *text)
{
    options_init(options);
    parse_more(options, text);
}

static void test_defaults(void **state)
{
    struct options options;

    (void)state;
    parse(&options, "");
    assert_string_equal(options.agent_port, "org.qemu.guest_agent.0");
    assert_string_equal(options.hostname, "");
    assert_true(options.log);
    assert_int_equal(options.poweroff, OPTIONS_POWEROFF_AUTO);
    assert_int_equal(options.memory_bytes, 0);
    assert_int_equal(options.refused, 0);
    assert_string_equal(log_text, "");
}

static void test_values(void **state)
{
    struct options options;

    (void)state;
    parse(&options, "  agent.port=a.b\thostname=vm-1.example log=off\npoweroff=debug-exit "
                    "debug-exit=0xf4 memory=64M crash=panic ");
    assert_string_equal(options.agent_port, "a.b");
    assert_string_equal(options.hostname, "vm-1.example");
    assert_false(options.log);
    assert_int_equal(options.poweroff, OPTIONS_POWEROFF_DEBUG_EXIT);
    assert_int_equal(options.debug_exit_port, 0xf4);
    assert_int_equal(options.memory_bytes, 64 << 20);
    assert_string_equal(options.crash, "panic");
    assert_int_equal(options.refused, 0);
    /* Later words win. */
    parse_more(&options, "log=on \"agent.port=with space\" memory=3");
    assert_true(options.log);
    assert_string_equal(options.agent_port, "with space");
    assert_int_equal(options.memory_bytes, 3);
    assert_string_equal(options.hostname, "vm-1.example");
}

static void test_tcp(void **state)
{
    struct options options;

    (void)state;
    parse(&options, "agent.tcp=9000");
    assert_int_equal(options.agent_tcp_port, 9000);
    assert_false(options.agent_tcp_files || options.agent_tcp_danger);
    parse(&options, "agent.tcp.allow=rw");
    assert_true(options.agent_tcp_files && !options.agent_tcp_danger);
    parse(&options, "agent.tcp.allow=rw,danger");
    assert_true(options.agent_tcp_files && options.agent_tcp_danger);
    parse(&options, "agent.tcp.allow=danger");
    assert_true(!options.agent_tcp_files && options.agent_tcp_danger);
    parse(&options, "agent.tcp.allow=rw,danger agent.tcp.allow=ro");
    assert_false(options.agent_tcp_files || options.agent_tcp_danger);
    assert_int_equal(options.refused, 0);
}

/* As qemu-ga's options of that name: given twice, the lists add up. */
static void test_rpcs(void **state)
{
    struct options options;
    char text[2 * OPTIONS_RPCS_BYTES];

    (void)state;
    parse(&options, "block-rpcs=guest-a,guest-b allow-rpcs=guest-c block-rpcs=guest-d");
    assert_string_equal(options.block_rpcs, "guest-a,guest-b,guest-d");
    assert_string_equal(options.allow_rpcs, "guest-c");
    assert_int_equal(options.refused, 0);
    parse_more(&options, "allow-rpcs=,");
    assert_string_equal(options.allow_rpcs, "guest-c,,");
    /* What does not fit is refused as a whole. */
    snprintf(text, sizeof(text), "block-rpcs=%0*d", (int)OPTIONS_RPCS_BYTES - 20, 0);
    parse_more(&options, text);
    assert_string_equal(options.block_rpcs, "guest-a,guest-b,guest-d");
    assert_int_equal(options.refused, 1);
    snprintf(text, sizeof(text), "block-rpcs=%0*d", (int)OPTIONS_RPCS_BYTES - 1, 0);
    parse(&options, text);
    assert_int_equal(strlen(options.block_rpcs), OPTIONS_RPCS_BYTES - 1);
}

static void test_microvm(void **state)
{
    struct options options;

    (void)state;
    parse(&options, "virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=1K@0xfeb00c00:11");
    assert_int_equal(options.virtio_mmio_count, 2);
    assert_int_equal(options.virtio_mmio[0].address, 0xfeb00e00);
    assert_int_equal(options.virtio_mmio[0].bytes, 512);
    assert_int_equal(options.virtio_mmio[0].irq, 12);
    assert_int_equal(options.virtio_mmio[1].bytes, 1024);
    assert_int_equal(options.refused, 0);
}

static void test_many_devices(void **state)
{
    struct options options;

    (void)state;
    options_init(&options);
    for (unsigned int i = 0; i < OPTIONS_VIRTIO_MMIO_MAX; i++)
        parse_more(&options, "virtio_mmio.device=512@0x1000:1");
    assert_int_equal(options.refused, 0);
    parse_more(&options, "virtio_mmio.device=512@0x1000:1");
    assert_int_equal(options.refused, 1);
    assert_int_equal(options.virtio_mmio_count, OPTIONS_VIRTIO_MMIO_MAX);
}

static void test_refused(void **state)
{
    static const char *const words[] = {
        "agent.prot=x",
        "agent.portx=x",
        "agent=x",
        "=x",
        "quiet",
        "log",
        "log=",
        "log=maybe",
        "poweroff=now",
        "debug-exit=0",
        "debug-exit=65536",
        "debug-exit=0x",
        "debug-exit=12z",
        "agent.tcp=0",
        "agent.tcp=65536",
        "agent.tcp=99x",
        "agent.tcp.allow=",
        "agent.tcp.allow=all",
        "agent.tcp.allow=rwx",
        "agent.tcp.allow=rw,",
        "agent.tcp.allow=,danger",
        "memory=0",
        "memory=M",
        "memory=12Q",
        "memory=64MB",
        "memory=99999999999999999999",
        "memory=17179869184G",
        "agent.port=",
        "block-rpcs=",
        "allow-rpcs",
        "hostname=a/b",
        "hostname=0123456789012345678901234567890123456789012345678901234567890123456789",
        "virtio_mmio.device=512",
        "virtio_mmio.device=512@0xfeb00e00",
        "virtio_mmio.device=512@0xfeb00e00:",
        "virtio_mmio.device=512@0xfeb00e00:5:1",
        "virtio_mmio.device=0@0xfeb00e00:5",
        "virtio_mmio.device=512@0xffffffffffffff00:5",
        "virtio_mmio.device=512@1:99999",
    };
    struct options expected, options;

    (void)state;
    options_init(&expected);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text), "%s hostname=h", words[i]);
        parse(&options, text);
        assert_int_equal(options.refused, 1);
        assert_non_null(strstr(log_text, words[i]));
        assert_non_null(strstr(log_text, "options are: agent.port=NAME "));
        /* It changes nothing, and what follows still counts. */
        assert_string_equal(options.hostname, "h");
        options.refused = 0;
        options.hostname[0] = '\0';
        /* A device that was refused is not counted, whatever its slot holds. */
        options.virtio_mmio[0] = expected.virtio_mmio[0];
        assert_memory_equal(&options, &expected, sizeof(options));
    }
}

static void test_net(void **state)
{
    static const char *const bad[] = {"net=",
                                      "net=maybe",
                                      "net=dhcp6",
                                      "net=10.0.2.15",
                                      "net=10.0.2/24",
                                      "net=10.0.2.256/24",
                                      "net=10.0.2.15/0",
                                      "net=10.0.2.15/33",
                                      "net=10.0.2.15/24x",
                                      "net=10.0.2.15/24,gw=",
                                      "net=10.0.2.15/24,gw=10.0.2.2.1",
                                      "net=10.0.2.15/24,gw=0.0.0.0",
                                      "net=127.0.0.1/8",
                                      "net=224.0.0.1/4",
                                      "net=0.1.2.3/8",
                                      "net=1000.0.2.15/24",
                                      "net=10..2.15/24",
                                      "net.services=",
                                      "net.services=echo,",
                                      "net.services=,echo",
                                      "net.services=daytime",
                                      "net.services=ech",
                                      "net.services=echoes"};
    struct options options;

    (void)state;
    parse(&options, "");
    assert_int_equal(options.net.mode, OPTIONS_NET_DHCP);
    assert_int_equal(options.net.services, 0);
    parse(&options, "net=off");
    assert_int_equal(options.net.mode, OPTIONS_NET_OFF);
    parse(&options, "net=192.168.7.254/20,gw=192.168.0.1 net.services=chargen,echo");
    assert_int_equal(options.refused, 0);
    assert_int_equal(options.net.mode, OPTIONS_NET_STATIC);
    assert_memory_equal(options.net.address, ((uint8_t[]){192, 168, 7, 254}), 4);
    assert_memory_equal(options.net.gateway, ((uint8_t[]){192, 168, 0, 1}), 4);
    assert_int_equal(options.net.prefix_length, 20);
    assert_int_equal(options.net.services, 5);
    /* What comes later wins, without a rest of what was before. */
    parse_more(&options, "net=10.1.2.3/8 net.services=discard");
    assert_memory_equal(options.net.gateway, ((uint8_t[4]){0}), 4);
    assert_int_equal(options.net.services, 2);
    parse_more(&options, "net=dhcp");
    assert_int_equal(options.net.mode, OPTIONS_NET_DHCP);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct options expected;

        parse(&options, bad[i]);
        options_init(&expected);
        expected.refused = 1;
        assert_memory_equal(&options, &expected, sizeof(options));
    }
}

static void test_list_once(void **state)
{
    struct options options;
    const char *list;

    (void)state;
    parse(&options, "one two=2 three");
    assert_int_equal(options.refused, 3);
    list = strstr(log_text, "options are:");
    assert_non_null(list);
    assert_null(strstr(list + 1, "options are:"));
    /* The kernel's log cuts lines at 255 bytes, time stamp included. */
    for (const char *line = list; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true(strchr(line, '\n') - line < 230);
    assert_non_null(strstr(list, "virtio_mmio.device=SIZE@ADDRESS:IRQ\n"));
}

static void test_end_of_options(void **state)
{
    struct options options;
    char text[1200];

    (void)state;
    parse(&options, "hostname=a -- hostname=b nonsense");
    assert_string_equal(options.hostname, "a");
    assert_int_equal(options.refused, 0);
    /* A word longer than any option is one word, and refused. */
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    parse(&options, text);
    assert_int_equal(options.refused, 1);
    /* An open quote ends with the text. */
    parse(&options, "\"agent.port=a b");
    assert_string_equal(options.agent_port, "a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),  cmocka_unit_test(test_values),
        cmocka_unit_test(test_rpcs),      cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_microvm),   cmocka_unit_test(test_many_devices),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_net),
        cmocka_unit_test(test_list_once), cmocka_unit_test(test_end_of_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
