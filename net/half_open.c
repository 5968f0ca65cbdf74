/* SPDX-License-Identifier: BSD-2-Clause */
/* Half-open connections: see half_open.h. */
#include "half_open.h"

#include <string.h>

#include "drivers/clock.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"
#include "port/lwip_hooks.h"
#include "random.h"

/* A number is known again in the slot that it was given in and in the next one. */
#define SLOT_NS UINT64_C(16000000000)
#define SLOTS   2u

/* Who asks for a connection, and when; without holes, because it is hashed. */
struct asked {
    uint8_t local[16];
    uint8_t remote[16];
    uint64_t slot;
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t family;
};
_Static_assert(sizeof(struct asked) == 48, "no holes");

static uint64_t put_out_at_ns; /* the last one; 0: never */
static bool is_known;          /* the segment that lwIP has just been given repeats our number */
static bool is_repeated;       /* the next connection has the number that it had before: */
static uint32_t repeated;

static uint64_t slot_now(void)
{
    return clock_monotonic_ns() / SLOT_NS;
}

static uint32_t number_of(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
                          uint16_t remote_port, uint64_t slot)
{
    struct asked asked = {.slot = slot,
                          .local_port = local_port,
                          .remote_port = remote_port,
                          .family = IP_IS_V6(remote) ? 6 : 4};

    if (IP_IS_V6(remote)) {
        memcpy(asked.local, ip_2_ip6(local)->addr, 16);
        memcpy(asked.remote, ip_2_ip6(remote)->addr, 16);
    } else {
        memcpy(asked.local, ip_2_ip4(local), 4);
        memcpy(asked.remote, ip_2_ip4(remote), 4);
    }
    return net_random_hash(&asked, sizeof asked);
}

/* --- what lwIP asks ------------------------------------------------------------------------ */

u32_t half_open_number(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                       u16_t remote_port)
{
    if (is_repeated) {
        is_repeated = false;
        return repeated;
    }
    return number_of(local, local_port, remote, remote_port, slot_now());
}

/* lwIP adds new ones at the front, so the last is the oldest but for those that it was asked about
 * again. */
static void put_out_oldest(const struct tcp_pcb_listen *listener)
{
    struct tcp_pcb *oldest = NULL;

    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (pcb->state == SYN_RCVD && pcb->listener == listener)
            oldest = pcb;
    if (!oldest)
        return;
    tcp_abandon(oldest, 0);
    put_out_at_ns = clock_monotonic_ns();
}

/* Whether the acknowledged number is one that we gave for this connection not long ago. */
static bool is_ours(uint32_t acknowledged, uint16_t local_port, uint16_t remote_port)
{
    uint64_t slot = slot_now();

    for (uint64_t back = 0; back < SLOTS && back <= slot; back++) {
        uint32_t number = number_of(ip_current_dest_addr(), local_port, ip_current_src_addr(),
                                    remote_port, slot - back);
        if (acknowledged == number + 1) {
            repeated = number;
            return true;
        }
    }
    return false;
}

/*
 * A segment for a port that listens; its header is in the host's order, but for the flags.  Only
 * here may a connection be ended from within lwIP's input: what it does with a listening port looks
 * at no other (lwIP src/core/tcp_in.c:tcp_input).
 */
static err_t to_listener(const struct tcp_pcb_listen *listener, const struct tcp_hdr *header)
{
    uint8_t flags = TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN);

    if (flags == TCP_SYN && listener->accepts_pending >= listener->backlog)
        put_out_oldest(listener);
    is_known = flags == TCP_ACK && put_out_at_ns != 0 &&
               clock_monotonic_ns() - put_out_at_ns < SLOTS * SLOT_NS &&
               is_ours(header->ackno, header->dest, header->src);
    if (is_known)
        return ERR_ABRT;
    return ERR_OK;
}

err_t half_open_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
    if (pcb->state != LISTEN)
        return ERR_OK;
    return to_listener((const struct tcp_pcb_listen *)pcb, header);
}

/* --- the first segment, once more ---------------------------------------------------------- */

/* The length of both headers before TCP's, 0 if TCP does not come right behind them. */
static size_t headers_bytes(const uint8_t *frame, size_t bytes)
{
    const struct eth_hdr *link = (const struct eth_hdr *)frame;
    size_t length = 0;

    if (link->type == PP_HTONS(ETHTYPE_IP)) {
        const struct ip_hdr *ip = (const struct ip_hdr *)(frame + SIZEOF_ETH_HDR);
        if ((IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)) == 0)
            length = SIZEOF_ETH_HDR + IPH_HL_BYTES(ip);
    } else if (link->type == PP_HTONS(ETHTYPE_IPV6)) {
        const struct ip6_hdr *ip = (const struct ip6_hdr *)(frame + SIZEOF_ETH_HDR);
        if (IP6H_NEXTH(ip) == IP6_NEXTH_TCP)
            length = SIZEOF_ETH_HDR + IP6_HLEN;
    }
    return length + TCP_HLEN <= bytes && length + TCP_HLEN <= HALF_OPEN_BYTES ? length : 0;
}

static uint16_t inverted_sum(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static void set_lengths_and_sums(uint8_t *first, size_t at)
{
    struct tcp_hdr *tcp = (struct tcp_hdr *)(first + at);
    uint8_t *header = first + SIZEOF_ETH_HDR;
    bool is_ipv6 = header[0] >> 4 == 6;
    const uint8_t *addresses;

    if (is_ipv6) {
        addresses = header + offsetof(struct ip6_hdr, src);
        IP6H_PLEN_SET((struct ip6_hdr *)header, TCP_HLEN);
    } else {
        struct ip_hdr *ip = (struct ip_hdr *)header;
        size_t length = at - SIZEOF_ETH_HDR;
        addresses = header + offsetof(struct ip_hdr, src);
        IPH_LEN_SET(ip, lwip_htons((uint16_t)(length + TCP_HLEN)));
        IPH_CHKSUM_SET(ip, 0);
        IPH_CHKSUM_SET(ip, inverted_sum(net_checksum(ip, (int)length)));
    }
    tcp->chksum = 0;
    tcp->chksum =
        inverted_sum((uint32_t)net_checksum(addresses, is_ipv6 ? 32 : 8) + PP_HTONS(IP_PROTO_TCP) +
                     PP_HTONS(TCP_HLEN) + net_checksum(tcp, TCP_HLEN));
}

size_t half_open_first(const uint8_t *frame, size_t bytes, uint8_t first[HALF_OPEN_BYTES])
{
    size_t at = is_known ? headers_bytes(frame, bytes) : 0;
    struct tcp_hdr *tcp = (struct tcp_hdr *)(first + at);

    is_known = false;
    if (!at)
        return 0;
    memcpy(first, frame, at + TCP_HLEN);
    tcp->seqno = lwip_htonl(lwip_ntohl(tcp->seqno) - 1);
    tcp->ackno = 0;
    TCPH_HDRLEN_FLAGS_SET(tcp, TCP_HLEN / 4, TCP_SYN);
    tcp->urgp = 0;
    set_lengths_and_sums(first, at);
    is_repeated = true;
    return at + TCP_HLEN;
}

/* Whatever lwIP made of it: without memory it made nothing. */
void half_open_done(void)
{
    is_repeated = is_known = false;
}
