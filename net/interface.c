/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interface of lwIP's on an e1000: frames in, frames out, link, groups.  A frame is copied once
 * in each direction, between the ring and lwIP's heap.
 */
#include "interface.h"

#include <string.h>

#include "acks.h"
#include "drivers/clock.h"
#include "drivers/e1000.h"
#include "drivers/klog.h"
#include "half_open.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/mld6.h"
#include "lwip/prot/mld6.h"
#include "net.h"
#include "netif/ethernet.h"

/* Frames per turn of the event loop: some milliseconds of work at most. */
#define RECEIVE_BURST 16u
/*
 * After an interrupt QEMU holds back the next one for 500 units of 256 ns, asked for or not
 * (hw/net/e1000.c:set_interrupt_cause, e1000e_core.h:E1000E_MIN_XITR), which would be most of a
 * round trip.  So long the ring is looked at instead.  When nothing comes in that time, because the
 * other side is slow or the host has no processor to spare, that is left alone for a while.
 */
#define BUSY_NS    UINT64_C(128000)
#define BUSY_PAUSE 64u /* answers */
/* The chip's counters stop at 2^32 - 1 frames; they are read long before. */
#define COUNTS_EVERY (UINT32_C(1) << 24)
#define GROUPS_MAX   16u
#define MTU          1500u

/* --- out ----------------------------------------------------------------------------------- */

/* Writes an acknowledgement over the one that it makes superfluous, if that is still here: each
 * frame costs QEMU and the other side more than us. */
static bool replace_unflushed(struct net_interface *self, const struct pbuf *frame)
{
    uint8_t *waiting;
    size_t bytes = e1000_unflushed(self->nic, &waiting);

    if (!bytes || frame->next || !acks_supersede(frame->payload, frame->len, waiting, bytes))
        return false;
    memcpy(waiting, frame->payload, frame->len);
    return true;
}

static err_t link_output(struct netif *netif, struct pbuf *frame)
{
    struct net_interface *self = netif->state;
    uint8_t *room;

    if (!self->nic)
        return ERR_IF;
    if (self->is_mute || replace_unflushed(self, frame))
        return ERR_OK;
    size_t bytes = e1000_reserve(self->nic, &room);
    if (!bytes) {
        /* A full ring empties while the chip is told of it: QEMU sends within that write. */
        e1000_flush(self->nic);
        bytes = e1000_reserve(self->nic, &room);
    }
    if (bytes < frame->tot_len) {
        self->tx_dropped++;
        return ERR_MEM;
    }
    pbuf_copy_partial(frame, room, frame->tot_len, 0);
    e1000_commit(self->nic, frame->tot_len);
    self->tx_packets++;
    self->tx_bytes += frame->tot_len < E1000_FRAME_MIN ? E1000_FRAME_MIN : frame->tot_len;
    return ERR_OK;
}

/* --- in ------------------------------------------------------------------------------------ */

static void give(struct net_interface *self, const uint8_t *bytes, size_t length)
{
    struct pbuf *frame = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_RAM);

    if (!frame) {
        self->rx_dropped++;
        return;
    }
    memcpy(frame->payload, bytes, length);
    /* ethernet_input() takes the frame, whatever it says. */
    if (self->netif.input(frame, &self->netif) != ERR_OK)
        pbuf_free(frame);
}

static void input(struct net_interface *self, const uint8_t *bytes, size_t length)
{
    uint8_t first[HALF_OPEN_BYTES];

    self->rx_packets++;
    self->rx_bytes += length;
    give(self, bytes, length);
    size_t first_length = half_open_first(bytes, length, first);
    if (!first_length)
        return;
    self->is_mute = true; /* the answer has left before */
    give(self, first, first_length);
    self->is_mute = false;
    give(self, bytes, length);
    half_open_done();
}

static uint64_t busy_until_ns; /* 0: nothing was expected */
static uint32_t busy_pause;

bool net_is_busy(void)
{
    return clock_monotonic_ns() < busy_until_ns;
}

/* Frames have come, and were answered or not: whether it pays to look for the next ones at once. */
static void expect_more(bool were_answered)
{
    uint64_t now_ns = clock_monotonic_ns();

    if (busy_until_ns != 0 && now_ns >= busy_until_ns)
        busy_pause = BUSY_PAUSE;
    busy_until_ns = 0;
    if (were_answered && busy_pause != 0)
        busy_pause--;
    else if (were_answered)
        busy_until_ns = now_ns + BUSY_NS;
}

bool net_receive(void *interface)
{
    struct net_interface *self = interface;
    const uint8_t *frame;
    size_t length;
    uint64_t answers = self->tx_packets;
    uint32_t count = 0;

    while (count < RECEIVE_BURST && (length = e1000_receive(self->nic, &frame)) != 0) {
        input(self, frame, length);
        e1000_recycle(self->nic);
        count++;
    }
    if (count != 0)
        expect_more(self->tx_packets != answers);
    self->since_counts += count;
    if (self->since_counts >= COUNTS_EVERY) {
        self->since_counts = 0;
        (void)e1000_statistics(self->nic);
    }
    return count != 0;
}

/* --- groups -------------------------------------------------------------------------------- */

/* RFC 2464 §7: the last four bytes of the group behind 33:33. */
static void group_mac(uint8_t mac[E1000_MAC_BYTES], const ip6_addr_t *group)
{
    mac[0] = mac[1] = 0x33;
    memcpy(mac + 2, &group->addr[3], 4);
}

/* One group more or less: the chip is given the whole list. */
static err_t group_filter(struct netif *netif, const ip6_addr_t *changed,
                          enum netif_mac_filter_action action)
{
    struct net_interface *self = netif->state;
    uint8_t macs[GROUPS_MAX][E1000_MAC_BYTES];
    ip6_addr_t all_nodes;
    size_t count = 1;

    (void)changed;
    (void)action;
    /* Every node listens to this one, and reports it to nobody (RFC 4291 §2.8, RFC 2710 §5). */
    ip6_addr_set_allnodes_linklocal(&all_nodes);
    group_mac(macs[0], &all_nodes);
    for (const struct mld_group *group = netif_mld6_data(netif); group && count < GROUPS_MAX;
         group = group->next)
        group_mac(macs[count++], &group->group_address);
    if (self->nic)
        e1000_multicast(self->nic, (const uint8_t(*)[E1000_MAC_BYTES])macs, count);
    return ERR_OK;
}

/* --- what the log has to say --------------------------------------------------------------- */

static void tell_ipv4(struct net_interface *self)
{
    const ip4_addr_t *address = netif_ip4_addr(&self->netif);
    const uint8_t *a = (const uint8_t *)address;
    const uint8_t *g = (const uint8_t *)netif_ip4_gw(&self->netif);
    uint32_t prefix = (uint32_t)__builtin_popcount(netif_ip4_netmask(&self->netif)->addr);

    if (ip4_addr_cmp(address, &self->told_ipv4))
        return;
    ip4_addr_set(&self->told_ipv4, address);
    if (ip4_addr_isany(address))
        klog("%s: no IPv4 address any more", self->name);
    else
        klog("%s: address %u.%u.%u.%u/%u, gateway %u.%u.%u.%u", self->name, a[0], a[1], a[2], a[3],
             prefix, g[0], g[1], g[2], g[3]);
}

static void tell_ipv6(struct net_interface *self)
{
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        bool is_valid = ip6_addr_isvalid(netif_ip6_addr_state(&self->netif, i));
        uint8_t bit = (uint8_t)(1u << i);
        char text[IP6ADDR_STRLEN_MAX];

        if (is_valid && !(self->told_ipv6 & bit)) {
            ip6addr_ntoa_r(netif_ip6_addr(&self->netif, i), text, sizeof text);
            for (char *c = text; *c; c++)
                *c = (char)(*c | 0x20); /* lower case; digits and colons have that bit */
            klog("%s: address %s/64", self->name, text);
        }
        self->told_ipv6 = (uint8_t)(is_valid ? self->told_ipv6 | bit : self->told_ipv6 & ~bit);
    }
}

static void status_changed(struct netif *netif)
{
    tell_ipv4(netif->state);
    tell_ipv6(netif->state);
}

/* --- the interface ------------------------------------------------------------------------- */

err_t net_interface_init(struct netif *netif)
{
    struct net_interface *self = netif->state;

    netif->name[0] = 'e';
    netif->name[1] = 't';
    netif->hwaddr_len = E1000_MAC_BYTES;
    memcpy(netif->hwaddr, self->nic->mac, E1000_MAC_BYTES);
    netif->mtu = MTU;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = link_output;
    netif_set_mld_mac_filter(netif, group_filter);
    netif_set_status_callback(netif, status_changed);
    return group_filter(netif, NULL, NETIF_ADD_MAC_FILTER);
}
