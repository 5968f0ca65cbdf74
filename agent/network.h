/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent asks about the machine's network: a part of struct platform.  The loopback
 * interface is not among it, the agent knows that one by itself.
 */
#ifndef AGENT_NETWORK_H
#define AGENT_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#define PLATFORM_INTERFACE_NAME_BYTES 16u /* IFNAMSIZ of Linux */
#define PLATFORM_ADDRESSES_MAX        8u

struct platform_address {
    bool is_ipv6;
    uint8_t prefix_length;
    uint8_t bytes[16]; /* in the order of the wire; IPv4 has 4 of them */
};

/* Since the interface came up. */
struct platform_interface_statistics {
    uint64_t rx_bytes;
    uint64_t rx_packets;
    uint64_t rx_errors;  /* damaged */
    uint64_t rx_dropped; /* good, but there was no room */
    uint64_t tx_bytes;
    uint64_t tx_packets;
    uint64_t tx_errors;
    uint64_t tx_dropped;
};

struct platform_interface {
    char name[PLATFORM_INTERFACE_NAME_BYTES];
    uint8_t mac[6];
    uint32_t address_count;
    struct platform_address addresses[PLATFORM_ADDRESSES_MAX];
    struct platform_interface_statistics statistics;
};

enum platform_route_kind {
    PLATFORM_ROUTE_GATEWAY,   /* through next_hop */
    PLATFORM_ROUTE_ON_LINK,   /* the destination is on this wire */
    PLATFORM_ROUTE_LOCAL,     /* an address of the machine itself */
    PLATFORM_ROUTE_MULTICAST, /* IPv6 groups */
    PLATFORM_ROUTE_NONE       /* leads nowhere; the agent's own */
};

struct platform_route {
    char interface[PLATFORM_INTERFACE_NAME_BYTES];
    enum platform_route_kind kind;
    bool is_advertised;                  /* a router said so, for a time (RFC 4861 §4.2) */
    struct platform_address destination; /* all zeros: everything else */
    uint8_t next_hop[16];                /* of the destination's family; zeros: none */
};

/* Each fills in the item with this number and returns true, or false beyond the last one. */
struct platform_network {
    bool (*interface)(void *ctx, uint32_t index, struct platform_interface *interface);
    /* IPv4 before IPv6, and in both what is local last, then groups. */
    bool (*route)(void *ctx, uint32_t index, struct platform_route *route);
};

#endif
