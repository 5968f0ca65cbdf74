/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as a host on the network: lwIP over the network controllers.  Nothing here blocks;
 * without a controller there is no memory in use and nothing to wait for.
 *
 * One turn of the event loop is net_receive() for each controller, then net_poll(); before it
 * sleeps it asks net_deadline_ns().
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct e1000;
struct platform_network;

/* What net_config.services is made of. */
enum net_service { NET_SERVICE_ECHO = 1, NET_SERVICE_DISCARD = 2, NET_SERVICE_CHARGEN = 4 };

struct net_config {
    /* All zeros: ask by DHCP.  Else the first controller has this address; further ones have an
     * IPv6 address only. */
    uint8_t address[4];
    uint8_t prefix_length;
    uint8_t gateway[4]; /* zeros: none */
    const char *hostname;
    uint32_t services;
};

/* `config` must stay valid. */
void net_init(const struct net_config *config);

/* A controller to run on: the interface "ethN", N being the lowest free number.  NULL if memory
 * does not suffice or all places are taken. */
void *net_attach(struct e1000 *nic);
/* Its link came or went. */
void net_link_changed(void *interface);
/* It goes away, and nothing can be sent on it any more. */
void net_detach(void *interface);
/* Handles received frames, a bounded number of them.  Returns whether there were any. */
bool net_receive(void *interface);

/* What is due by now; then everything that waits to be sent leaves.  Call it after anything that
 * may have sent. */
void net_poll(void);
/*
 * Whether to look for frames again instead of sleeping: an answer has just left, so the next
 * request may be near, and QEMU holds back the interrupt that would tell of it.
 */
bool net_is_busy(void);
/* When to call net_poll() again, on the scale of clock_monotonic_ns(); UINT64_MAX: not. */
uint64_t net_deadline_ns(void);

/* Interfaces and routes for the agent. */
extern const struct platform_network net_facts;

/* Given by boot/: a contradiction inside lwIP, whose caller's line this is, ends the kernel. */
_Noreturn void net_broken(int line);

#endif
