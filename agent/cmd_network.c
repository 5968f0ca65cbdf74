/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces and routes, as qemu-ga tells them on Linux: there from getifaddrs(3), /proc/net/dev,
 * /proc/net/route and /proc/net/ipv6_route (QEMU qga/commands-linux.c).  Members stand in the order
 * in which it prints them.
 */
#include <stdio.h>
#include <string.h>

#include "qga_commands.h"
#include "state.h"

/* INET6_ADDRSTRLEN */
#define ADDRESS_TEXT_BYTES 46u

/* Flags of a route (Linux include/uapi/linux/route.h, ipv6_route.h). */
#define RTF_UP        0x00000001u
#define RTF_GATEWAY   0x00000002u
#define RTF_REJECT    0x00000200u
#define RTF_DEFAULT   0x00010000u
#define RTF_ADDRCONF  0x00040000u
#define RTF_PREFIX_RT 0x00080000u
#define RTF_NONEXTHOP 0x00200000u
#define RTF_EXPIRES   0x00400000u
#define RTF_LOCAL     0x80000000u

/* Metrics by which Linux prefers one IPv6 route to another (include/net/ip6_route.h). */
#define IP6_RT_PRIO_USER     1024
#define IP6_RT_PRIO_ADDRCONF 256

static const struct platform_interface loopback = {
    .name = "lo",
    .address_count = 2,
    .addresses = {{.prefix_length = 8, .bytes = {127, 0, 0, 1}},
                  {.is_ipv6 = true, .prefix_length = 128, .bytes = {[15] = 1}}},
};

/* --- addresses ----------------------------------------------------------------------------- */

static uint16_t ipv6_group(const uint8_t bytes[16], size_t group)
{
    return (uint16_t)(bytes[2 * group] << 8 | bytes[2 * group + 1]);
}

/* The first of the longest rows of zero groups, which "::" stands for; 8 if there is none. */
static size_t ipv6_longest_zeros(const uint8_t bytes[16], size_t *length)
{
    size_t best = 8;

    *length = 1; /* RFC 5952 §4.2.2: not for a single group */
    for (size_t start = 0, end; start < 8; start = end + 1) {
        for (end = start; end < 8 && ipv6_group(bytes, end) == 0; end++)
            ;
        if (end - start > *length) {
            *length = end - start;
            best = start;
        }
    }
    return best;
}

/* As inet_ntop(3) writes it. */
static void format_address(char text[ADDRESS_TEXT_BYTES], const uint8_t bytes[16], bool is_ipv6)
{
    size_t zeros_length;
    size_t zeros = ipv6_longest_zeros(bytes, &zeros_length);
    size_t used = 0;

    if (!is_ipv6) {
        snprintf(text, ADDRESS_TEXT_BYTES, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
        return;
    }
    for (size_t group = 0; group < 8; group++) {
        if (group == zeros) {
            group += zeros_length - 1;
            text[used++] = ':';
            if (group == 7)
                text[used++] = ':';
            continue;
        }
        used += (size_t)snprintf(text + used, ADDRESS_TEXT_BYTES - used, group != 0 ? ":%x" : "%x",
                                 ipv6_group(bytes, group));
    }
    text[used] = '\0';
}

static void reply_address(struct reply *reply, const char *key, const uint8_t bytes[16],
                          bool is_ipv6)
{
    char text[ADDRESS_TEXT_BYTES];

    format_address(text, bytes, is_ipv6);
    reply_key(reply, key);
    reply_c_string(reply, text);
}

static void reply_named_uint(struct reply *reply, const char *key, uint64_t value)
{
    reply_key(reply, key);
    reply_uint(reply, value);
}

/* --- interfaces ---------------------------------------------------------------------------- */

static void reply_addresses(struct reply *reply, const struct platform_interface *interface)
{
    reply_key(reply, "ip-addresses");
    reply_array_begin(reply);
    for (uint32_t i = 0; i < interface->address_count; i++) {
        const struct platform_address *address = &interface->addresses[i];

        reply_object_begin(reply);
        reply_key(reply, "ip-address-type");
        reply_c_string(reply, address->is_ipv6 ? "ipv6" : "ipv4");
        reply_address(reply, "ip-address", address->bytes, address->is_ipv6);
        reply_named_uint(reply, "prefix", address->prefix_length);
        reply_object_end(reply);
    }
    reply_array_end(reply);
}

static void reply_statistics(struct reply *reply,
                             const struct platform_interface_statistics *statistics)
{
    reply_key(reply, "statistics");
    reply_object_begin(reply);
    reply_named_uint(reply, "tx-packets", statistics->tx_packets);
    reply_named_uint(reply, "tx-errs", statistics->tx_errors);
    reply_named_uint(reply, "rx-bytes", statistics->rx_bytes);
    reply_named_uint(reply, "rx-dropped", statistics->rx_dropped);
    reply_named_uint(reply, "rx-packets", statistics->rx_packets);
    reply_named_uint(reply, "rx-errs", statistics->rx_errors);
    reply_named_uint(reply, "tx-bytes", statistics->tx_bytes);
    reply_named_uint(reply, "tx-dropped", statistics->tx_dropped);
    reply_object_end(reply);
}

static void reply_interface(struct reply *reply, const struct platform_interface *interface)
{
    const uint8_t *mac = interface->mac;
    char text[18];

    reply_object_begin(reply);
    reply_key(reply, "name");
    reply_c_string(reply, interface->name);
    /* qemu-ga has neither for an interface without an address. */
    if (interface->address_count != 0) {
        reply_addresses(reply, interface);
        reply_statistics(reply, &interface->statistics);
    }
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    reply_key(reply, "hardware-address");
    reply_c_string(reply, text);
    reply_object_end(reply);
}

int qmp_guest_network_get_interfaces(struct agent *agent, struct reply *reply)
{
    const struct platform *platform = agent->platform;
    struct platform_interface interface;

    reply_array_begin(reply);
    reply_interface(reply, &loopback);
    for (uint32_t i = 0;
         platform->network != NULL && platform->network->interface(platform->ctx, i, &interface);
         i++)
        reply_interface(reply, &interface);
    reply_array_end(reply);
    return 0;
}

/* --- routes -------------------------------------------------------------------------------- */

static uint64_t route_flags(const struct platform_route *route)
{
    uint32_t flags = RTF_UP;

    if (route->kind == PLATFORM_ROUTE_NONE)
        return RTF_REJECT | RTF_NONEXTHOP;
    if (route->kind == PLATFORM_ROUTE_GATEWAY)
        flags |= RTF_GATEWAY;
    if (route->is_advertised)
        flags |= RTF_ADDRCONF | RTF_EXPIRES |
                 (route->kind == PLATFORM_ROUTE_GATEWAY ? RTF_DEFAULT : RTF_PREFIX_RT);
    if (route->kind == PLATFORM_ROUTE_LOCAL)
        flags |= RTF_LOCAL | RTF_NONEXTHOP;
    /* Read with %x into an int, so the highest bit goes on upwards (QEMU, as above). */
    return route->destination.is_ipv6 ? (uint64_t)(int64_t)(int32_t)flags : flags;
}

static int64_t route_metric(const struct platform_route *route)
{
    if (route->kind == PLATFORM_ROUTE_NONE)
        return -1;
    if (!route->destination.is_ipv6 || route->kind == PLATFORM_ROUTE_LOCAL)
        return 0;
    return route->kind == PLATFORM_ROUTE_GATEWAY ? IP6_RT_PRIO_USER : IP6_RT_PRIO_ADDRCONF;
}

static void reply_route_ipv4(struct reply *reply, const struct platform_route *route)
{
    uint32_t length = route->destination.prefix_length;
    uint8_t mask[16] = {0};

    for (uint32_t i = 0; i < 4 && length > 8 * i; i++)
        mask[i] = (uint8_t)(0xff00u >> (length - 8 * i < 8 ? length - 8 * i : 8));
    reply_named_uint(reply, "flags", route_flags(route));
    reply_named_uint(reply, "metric", 0);
    reply_named_uint(reply, "refcnt", 0);
    reply_named_uint(reply, "window", 0);
    reply_named_uint(reply, "version", 4);
    reply_key(reply, "iface");
    reply_c_string(reply, route->interface);
    reply_address(reply, "destination", route->destination.bytes, false);
    reply_named_uint(reply, "irtt", 0);
    reply_address(reply, "gateway", route->next_hop, false);
    reply_named_uint(reply, "use", 0);
    reply_named_uint(reply, "mtu", 0);
    reply_address(reply, "mask", mask, false);
}

static void reply_route_ipv6(struct reply *reply, const struct platform_route *route)
{
    static const uint8_t any[16] = {0};
    char length[4];

    reply_named_uint(reply, "flags", route_flags(route));
    reply_address(reply, "source", any, true);
    reply_key(reply, "metric");
    reply_int(reply, route_metric(route));
    reply_named_uint(reply, "refcnt", 1);
    reply_named_uint(reply, "version", 6);
    reply_address(reply, "nexthop", route->next_hop, true);
    reply_key(reply, "iface");
    reply_c_string(reply, route->interface);
    reply_address(reply, "destination", route->destination.bytes, true);
    snprintf(length, sizeof(length), "%u", route->destination.prefix_length);
    reply_key(reply, "desprefixlen");
    reply_c_string(reply, length);
    reply_key(reply, "srcprefixlen");
    reply_c_string(reply, "0");
    reply_named_uint(reply, "use", 0);
}

static void reply_route(struct reply *reply, const struct platform_route *route)
{
    reply_object_begin(reply);
    if (route->destination.is_ipv6)
        reply_route_ipv6(reply, route);
    else
        reply_route_ipv4(reply, route);
    reply_object_end(reply);
}

/* Linux has two of its own: its loopback address, before the other local ones, and for IPv6 one
 * that nothing matches, at the very end (net/ipv6/route.c:ip6_null_entry). */
int qmp_guest_network_get_route(struct agent *agent, struct reply *reply)
{
    static const struct platform_route loopback_route = {
        .interface = "lo",
        .kind = PLATFORM_ROUTE_LOCAL,
        .destination = {.is_ipv6 = true, .prefix_length = 128, .bytes = {[15] = 1}},
    };
    static const struct platform_route no_route = {
        .interface = "lo", .kind = PLATFORM_ROUTE_NONE, .destination = {.is_ipv6 = true}};
    const struct platform *platform = agent->platform;
    struct platform_route route;
    bool has_loopback = false;

    reply_array_begin(reply);
    for (uint32_t i = 0;
         platform->network != NULL && platform->network->route(platform->ctx, i, &route); i++) {
        if (!has_loopback && route.kind >= PLATFORM_ROUTE_LOCAL) {
            reply_route(reply, &loopback_route);
            has_loopback = true;
        }
        reply_route(reply, &route);
    }
    if (!has_loopback)
        reply_route(reply, &loopback_route);
    reply_route(reply, &no_route);
    reply_array_end(reply);
    return 0;
}
