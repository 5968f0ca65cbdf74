/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * guest-network-get-interfaces and guest-network-get-route, compared with what qemu-ga printed in a
 * Linux guest that had the same addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "linux_platform.h"
#include "qga_commands.h"
#include "state.h"

#define MEMORY (4u << 20)

static const struct platform_interface *interfaces;
static uint32_t interface_count;
static const struct platform_route *routes;
static uint32_t route_count;

static bool get_interface(void *ctx, uint32_t index, struct platform_interface *interface)
{
    (void)ctx;
    if (index >= interface_count)
        return false;
    *interface = interfaces[index];
    return true;
}

static bool get_route(void *ctx, uint32_t index, struct platform_route *route)
{
    (void)ctx;
    if (index >= route_count)
        return false;
    *route = routes[index];
    return true;
}

static const struct platform_network network = {get_interface, get_route};

/* The text of a command's reply. */
static const char *answer(const struct platform_network *from,
                          int (*command)(struct agent *agent, struct reply *reply))
{
    static char text[4096];
    struct linux_platform platform;
    struct agent *agent;
    struct reply reply;

    linux_platform_init(&platform, MEMORY);
    platform.platform.network = from;
    agent = agent_create(&platform.platform);
    assert_non_null(agent);
    assert_int_equal(reply_init(&reply, &platform.platform), 0);
    assert_int_equal(command(agent, &reply), 0);
    assert_true(reply.text.size < sizeof(text));
    memcpy(text, reply.text.data, reply.text.size);
    text[reply.text.size] = '\0';
    reply_free(&reply);
    agent_destroy(agent);
    return text;
}

#define LO                                                                                         \
    "[{\"name\": \"lo\", \"ip-addresses\": [{\"ip-address-type\": \"ipv4\", \"ip-address\": "      \
    "\"127.0.0.1\", \"prefix\": 8}, {\"ip-address-type\": \"ipv6\", \"ip-address\": \"::1\", "     \
    "\"prefix\": 128}], \"statistics\": {\"tx-packets\": 0, \"tx-errs\": 0, \"rx-bytes\": 0, "     \
    "\"rx-dropped\": 0, \"rx-packets\": 0, \"rx-errs\": 0, \"tx-bytes\": 0, \"tx-dropped\": 0}, "  \
    "\"hardware-address\": \"00:00:00:00:00:00\"}"

static void test_interfaces(void **state)
{
    static const struct platform_interface eth0 = {
        .name = "eth0",
        .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56},
        .address_count = 3,
        .addresses = {{false, 24, {10, 0, 2, 15}},
                      {true, 64, {0xfe, 0xc0, [8] = 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56}},
                      {true, 64, {0xfe, 0x80, [8] = 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56}}},
        .statistics = {.tx_packets = 7, .rx_bytes = 220, .rx_packets = 2, .tx_bytes = 602},
    };

    (void)state;
    interfaces = &eth0;
    interface_count = 1;
    assert_string_equal(
        answer(&network, qmp_guest_network_get_interfaces),
        LO ", {\"name\": \"eth0\", \"ip-addresses\": [{\"ip-address-type\": \"ipv4\", "
           "\"ip-address\": \"10.0.2.15\", \"prefix\": 24}, {\"ip-address-type\": \"ipv6\", "
           "\"ip-address\": \"fec0::5054:ff:fe12:3456\", \"prefix\": 64}, {\"ip-address-type\": "
           "\"ipv6\", \"ip-address\": \"fe80::5054:ff:fe12:3456\", \"prefix\": 64}], "
           "\"statistics\": {\"tx-packets\": 7, \"tx-errs\": 0, \"rx-bytes\": 220, \"rx-dropped\": "
           "0, \"rx-packets\": 2, \"rx-errs\": 0, \"tx-bytes\": 602, \"tx-dropped\": 0}, "
           "\"hardware-address\": \"52:54:00:12:34:56\"}]");
}

static void test_no_address(void **state)
{
    static const struct platform_interface eth0 = {.name = "eth0", .mac = {2, 0xab, 0, 0, 0, 0xff}};

    (void)state;
    interfaces = &eth0;
    interface_count = 1;
    assert_string_equal(answer(&network, qmp_guest_network_get_interfaces),
                        LO ", {\"name\": \"eth0\", \"hardware-address\": \"02:ab:00:00:00:ff\"}]");
    assert_string_equal(answer(NULL, qmp_guest_network_get_interfaces), LO "]");
}

#define LO_ROUTE                                                                                   \
    "{\"flags\": 18446744071564165121, \"source\": \"::\", \"metric\": 0, \"refcnt\": 1, "         \
    "\"version\": 6, \"nexthop\": \"::\", \"iface\": \"lo\", \"destination\": \"::1\", "           \
    "\"desprefixlen\": \"128\", \"srcprefixlen\": \"0\", \"use\": 0}]"

static void test_routes(void **state)
{
    static const struct platform_route all[] = {
        {"eth0", PLATFORM_ROUTE_GATEWAY, false, {0}, {10, 0, 2, 2}},
        {"eth0", PLATFORM_ROUTE_ON_LINK, false, {false, 20, {10, 0, 16}}, {0}},
        {"eth0", PLATFORM_ROUTE_ON_LINK, true, {true, 64, {0xfe, 0xc0}}, {0}},
        {"eth0", PLATFORM_ROUTE_GATEWAY, true, {true, 0, {0}}, {0xfe, 0x80, [15] = 2}},
    };

    (void)state;
    routes = all;
    route_count = 4;
    assert_string_equal(
        answer(&network, qmp_guest_network_get_route),
        "[{\"flags\": 3, \"metric\": 0, \"refcnt\": 0, \"window\": 0, \"version\": 4, \"iface\": "
        "\"eth0\", \"destination\": \"0.0.0.0\", \"irtt\": 0, \"gateway\": \"10.0.2.2\", \"use\": "
        "0, \"mtu\": 0, \"mask\": \"0.0.0.0\"}, {\"flags\": 1, \"metric\": 0, \"refcnt\": 0, "
        "\"window\": 0, \"version\": 4, \"iface\": \"eth0\", \"destination\": \"10.0.16.0\", "
        "\"irtt\": 0, \"gateway\": \"0.0.0.0\", \"use\": 0, \"mtu\": 0, \"mask\": "
        "\"255.255.240.0\"}, {\"flags\": 4980737, \"source\": \"::\", \"metric\": 256, \"refcnt\": "
        "1, \"version\": 6, \"nexthop\": \"::\", \"iface\": \"eth0\", \"destination\": \"fec0::\", "
        "\"desprefixlen\": \"64\", \"srcprefixlen\": \"0\", \"use\": 0}, {\"flags\": 4521987, "
        "\"source\": \"::\", \"metric\": 1024, \"refcnt\": 1, \"version\": 6, \"nexthop\": "
        "\"fe80::2\", \"iface\": \"eth0\", \"destination\": \"::\", \"desprefixlen\": \"0\", "
        "\"srcprefixlen\": \"0\", \"use\": 0}, " LO_ROUTE);
    assert_string_equal(answer(NULL, qmp_guest_network_get_route), "[" LO_ROUTE);
}

/* As inet_ntop(3) has it: RFC 5952 §4.2 with the first of the longest rows of zeros. */
static void test_ipv6_text(void **state)
{
    static const struct {
        uint8_t bytes[16];
        const char *text;
    } cases[] = {
        {{0}, "\"::\""},
        {{[15] = 1}, "\"::1\""},
        {{0x20, 1, 0x0d, 0xb8, 0, 7, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56},
         "\"2001:db8:7:0:5054:ff:fe12:3456\""},
        {{0x20, 1, 0x0d, 0xb8, [8] = 0, 1, [15] = 1}, "\"2001:db8::1:0:0:1\""},
        {{0, 1, [14] = 0, 0}, "\"1::\""},
        {{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8}, "\"1:2:3:4:5:6:7:8\""},
        {{0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0}, "\"0:2:3:4:5:6:7:0\""},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff},
         "\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct platform_route route = {.interface = "eth0",
                                       .destination = {.is_ipv6 = true, .prefix_length = 128}};

        memcpy(route.destination.bytes, cases[i].bytes, 16);
        routes = &route;
        route_count = 1;
        assert_non_null(strstr(answer(&network, qmp_guest_network_get_route), cases[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interfaces),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_ipv6_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
