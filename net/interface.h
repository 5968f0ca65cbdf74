/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of net/ know of an interface. */
#ifndef NET_INTERFACE_H
#define NET_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/netif.h"

#define NET_INTERFACES_MAX 8u
#define NET_NAME_BYTES     8u

struct e1000;

struct net_interface {
    struct netif netif;
    struct e1000 *nic; /* NULL: gone */
    char name[NET_NAME_BYTES];
    bool is_mute; /* nothing is sent */
    /* Counted here, because the chips that QEMU emulates disagree on whether the CRC is a part. */
    uint64_t rx_packets;
    uint64_t rx_bytes;
    uint64_t tx_packets;
    uint64_t tx_bytes;     /* with what they are padded by */
    uint64_t rx_dropped;   /* no memory for them */
    uint64_t tx_dropped;   /* the ring was full */
    uint32_t since_counts; /* frames since the chip's counters were read */
    ip4_addr_t told_ipv4;  /* what the log has */
    uint8_t told_ipv6;     /* a bit for each address */
};

/* By number, with gaps where one went away. */
extern struct net_interface *net_interfaces[NET_INTERFACES_MAX];

/* lwIP's init function of a netif whose state is the struct net_interface. */
err_t net_interface_init(struct netif *netif);

#endif
