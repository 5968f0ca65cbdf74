/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent tells about the network: interfaces, addresses, counters, routes. */
#include <string.h>

#include "agent/network.h"
#include "drivers/e1000.h"
#include "interface.h"
#include "lwip/priv/nd6_priv.h"
#include "net.h"

/* --- interfaces ---------------------------------------------------------------------------- */

static void ipv4_address(struct platform_address *address, const ip4_addr_t *from,
                         const ip4_addr_t *mask)
{
    *address = (struct platform_address){.prefix_length = (uint8_t)__builtin_popcount(mask->addr)};
    memcpy(address->bytes, from, sizeof *from);
}

static void ipv6_address(struct platform_address *address, const ip6_addr_t *from, uint8_t prefix)
{
    *address = (struct platform_address){.is_ipv6 = true, .prefix_length = prefix};
    memcpy(address->bytes, from->addr, sizeof from->addr);
}

/* What is there to be seen: Linux lists addresses that are still being probed too. */
static bool has_ipv6(const struct netif *netif, int index)
{
    uint8_t state = netif_ip6_addr_state(netif, index);
    return !ip6_addr_isinvalid(state) && !ip6_addr_isduplicated(state);
}

/* IPv4 first, then the newest, so that the link-local address (number 0) comes last. */
static void list_addresses(const struct netif *netif, struct platform_interface *interface)
{
    struct platform_address *next = interface->addresses;

    if (!ip4_addr_isany(netif_ip4_addr(netif)))
        ipv4_address(next++, netif_ip4_addr(netif), netif_ip4_netmask(netif));
    for (int i = LWIP_IPV6_NUM_ADDRESSES - 1; i >= 0; i--)
        if (has_ipv6(netif, i))
            ipv6_address(next++, netif_ip6_addr(netif, i), 64);
    interface->address_count = (uint32_t)(next - interface->addresses);
}

static void count(struct net_interface *self, struct platform_interface_statistics *statistics)
{
    const struct e1000_statistics *chip = e1000_statistics(self->nic);

    *statistics = (struct platform_interface_statistics){
        .rx_packets = self->rx_packets,
        .rx_bytes = self->rx_bytes,
        .rx_errors = chip->rx_crc + chip->rx_undersize + chip->rx_oversize + chip->rx_errors +
                     chip->rx_pieces + chip->rx_short + chip->rx_long,
        .rx_dropped = chip->rx_missed + self->rx_dropped,
        .tx_packets = self->tx_packets,
        .tx_bytes = self->tx_bytes,
        .tx_errors = chip->tx_refused,
        .tx_dropped = chip->tx_lost + self->tx_dropped,
    };
}

static bool get_interface(void *ctx, uint32_t index, struct platform_interface *interface)
{
    (void)ctx;
    for (size_t i = 0; i < NET_INTERFACES_MAX; i++) {
        struct net_interface *self = net_interfaces[i];
        if (!self || index-- != 0)
            continue;
        memset(interface, 0, sizeof *interface);
        memcpy(interface->name, self->name, sizeof self->name);
        memcpy(interface->mac, self->nic->mac, sizeof interface->mac);
        list_addresses(&self->netif, interface);
        count(self, &interface->statistics);
        return true;
    }
    return false;
}

/* --- routes -------------------------------------------------------------------------------- */

/* A walk over all routes, which stops at the one with number `wanted`. */
struct walk {
    uint32_t wanted;
    struct platform_route *route;
};

/* Whether this is the one; then it is filled in but for addresses. */
static bool visit(struct walk *walk, const struct netif *netif, enum platform_route_kind kind)
{
    const struct net_interface *self = netif->state;

    if (walk->wanted-- != 0)
        return false;
    memset(walk->route, 0, sizeof *walk->route);
    memcpy(walk->route->interface, self->name, sizeof self->name);
    walk->route->kind = kind;
    return true;
}

static bool walk_ipv4(struct walk *walk, const struct netif *netif, enum platform_route_kind kind)
{
    const ip4_addr_t *gateway = netif_ip4_gw(netif);
    const ip4_addr_t *mask = netif_ip4_netmask(netif);
    ip4_addr_t network;

    if (ip4_addr_isany(netif_ip4_addr(netif)) ||
        (kind == PLATFORM_ROUTE_GATEWAY && ip4_addr_isany(gateway)) || !visit(walk, netif, kind))
        return false;
    walk->route->destination = (struct platform_address){0};
    if (kind == PLATFORM_ROUTE_GATEWAY) {
        memcpy(walk->route->next_hop, gateway, sizeof *gateway);
    } else {
        ip4_addr_get_network(&network, netif_ip4_addr(netif), mask);
        ipv4_address(&walk->route->destination, &network, mask);
    }
    return true;
}

static bool walk_link_local(struct walk *walk, const struct netif *netif)
{
    if (!has_ipv6(netif, 0) || !visit(walk, netif, PLATFORM_ROUTE_ON_LINK))
        return false;
    walk->route->destination =
        (struct platform_address){.is_ipv6 = true, .prefix_length = 64, .bytes = {0xfe, 0x80}};
    return true;
}

/* Linux tells IPv6 routes by their addresses, ascending. */
static bool is_below_link_local(const ip6_addr_t *address)
{
    return lwip_ntohl(address->addr[0]) < 0xfe800000;
}

/* Prefixes that routers have said to be on the link (RFC 4861 §5.1), below or above fe80::/64. */
static bool walk_prefixes(struct walk *walk, bool below)
{
    for (size_t i = 0; i < LWIP_ND6_NUM_PREFIXES; i++) {
        const struct nd6_prefix_list_entry *entry = &prefix_list[i];
        if (!entry->netif || !entry->invalidation_timer ||
            is_below_link_local(&entry->prefix) != below ||
            !visit(walk, entry->netif, PLATFORM_ROUTE_ON_LINK))
            continue;
        ipv6_address(&walk->route->destination, &entry->prefix, 64);
        walk->route->is_advertised = true;
        return true;
    }
    return false;
}

static bool walk_routers(struct walk *walk)
{
    for (size_t i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
        const struct nd6_router_list_entry *entry = &default_router_list[i];
        if (!entry->neighbor_entry || !entry->neighbor_entry->netif || !entry->invalidation_timer ||
            !visit(walk, entry->neighbor_entry->netif, PLATFORM_ROUTE_GATEWAY))
            continue;
        walk->route->destination = (struct platform_address){.is_ipv6 = true};
        memcpy(walk->route->next_hop, entry->neighbor_entry->next_hop_address.addr,
               sizeof walk->route->next_hop);
        walk->route->is_advertised = true;
        return true;
    }
    return false;
}

/* The addresses with these numbers, below or not below fe80::. */
static bool walk_local(struct walk *walk, const struct netif *netif, int from, int to, bool below)
{
    for (int i = from; i < to; i++) {
        if (!has_ipv6(netif, i) || is_below_link_local(netif_ip6_addr(netif, i)) != below ||
            !visit(walk, netif, PLATFORM_ROUTE_LOCAL))
            continue;
        ipv6_address(&walk->route->destination, netif_ip6_addr(netif, i), 128);
        return true;
    }
    return false;
}

static bool walk_multicast(struct walk *walk, const struct netif *netif)
{
    if (!visit(walk, netif, PLATFORM_ROUTE_MULTICAST))
        return false;
    walk->route->destination =
        (struct platform_address){.is_ipv6 = true, .prefix_length = 8, .bytes = {0xff}};
    return true;
}

static bool walk_ipv6(struct walk *walk)
{
    struct netif *netif;

    if (walk_prefixes(walk, true))
        return true;
    NETIF_FOREACH(netif)
    if (walk_link_local(walk, netif))
        return true;
    if (walk_prefixes(walk, false) || walk_routers(walk))
        return true;
    NETIF_FOREACH(netif)
    if (walk_local(walk, netif, 1, LWIP_IPV6_NUM_ADDRESSES, true))
        return true;
    NETIF_FOREACH(netif)
    if (walk_local(walk, netif, 0, 1, false)) /* the link-local one */
        return true;
    NETIF_FOREACH(netif)
    if (walk_local(walk, netif, 1, LWIP_IPV6_NUM_ADDRESSES, false))
        return true;
    NETIF_FOREACH(netif)
    if (walk_multicast(walk, netif))
        return true;
    return false;
}

static bool get_route(void *ctx, uint32_t index, struct platform_route *route)
{
    struct walk walk = {index, route};
    struct netif *netif;

    (void)ctx;
    NETIF_FOREACH(netif)
    if (walk_ipv4(&walk, netif, PLATFORM_ROUTE_GATEWAY))
        return true;
    NETIF_FOREACH(netif)
    if (walk_ipv4(&walk, netif, PLATFORM_ROUTE_ON_LINK))
        return true;
    return netif_list && walk_ipv6(&walk);
}

const struct platform_network net_facts = {get_interface, get_route};
