/* SPDX-License-Identifier: BSD-2-Clause */
/* What may be left unsaid: see acks.h. */
#include "acks.h"

#include <string.h>

#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"
#include "port/lwip_hooks.h"

#define IPV4_BYTES (SIZEOF_ETH_HDR + IP_HLEN + TCP_HLEN)
#define IPV6_BYTES (SIZEOF_ETH_HDR + IP6_HLEN + TCP_HLEN)
/* No options, and no flag but ACK. */
#define BARE_ACK PP_HTONS((TCP_HLEN / 4) << 12 | TCP_ACK)

/* The TCP header of a frame that has no options and no data, else NULL. */
static const struct tcp_hdr *bare_segment(const uint8_t *frame, size_t bytes)
{
    const struct eth_hdr *link = (const struct eth_hdr *)frame;

    if (bytes == IPV4_BYTES && link->type == PP_HTONS(ETHTYPE_IP)) {
        const struct ip_hdr *ip = (const struct ip_hdr *)(frame + SIZEOF_ETH_HDR);
        bool is_bare = IPH_HL_BYTES(ip) == IP_HLEN && IPH_PROTO(ip) == IP_PROTO_TCP &&
                       IPH_LEN(ip) == PP_HTONS(IP_HLEN + TCP_HLEN);
        return is_bare ? (const struct tcp_hdr *)(frame + SIZEOF_ETH_HDR + IP_HLEN) : NULL;
    }
    if (bytes == IPV6_BYTES && link->type == PP_HTONS(ETHTYPE_IPV6)) {
        const struct ip6_hdr *ip = (const struct ip6_hdr *)(frame + SIZEOF_ETH_HDR);
        bool is_bare = IP6H_NEXTH(ip) == IP6_NEXTH_TCP && IP6H_PLEN(ip) == TCP_HLEN;
        return is_bare ? (const struct tcp_hdr *)(frame + SIZEOF_ETH_HDR + IP6_HLEN) : NULL;
    }
    return NULL;
}

/* Both addresses of IP; they lie together. */
static bool same_hosts(const uint8_t *frame, const uint8_t *waiting, size_t bytes)
{
    size_t length = bytes == IPV4_BYTES ? 2 * sizeof(ip4_addr_p_t) : 2 * sizeof(ip6_addr_p_t);
    size_t at = bytes - TCP_HLEN - length;

    return memcmp(frame, waiting, SIZEOF_ETH_HDR) == 0 &&
           memcmp(frame + at, waiting + at, length) == 0;
}

bool acks_supersede(const uint8_t *frame, size_t bytes, const uint8_t *waiting,
                    size_t waiting_bytes)
{
    const struct tcp_hdr *now = bare_segment(frame, bytes);
    const struct tcp_hdr *before =
        now && waiting_bytes >= bytes ? bare_segment(waiting, bytes) : NULL;

    if (!before || !same_hosts(frame, waiting, bytes))
        return false;
    /* The same number twice is news: a segment is missing (RFC 5681 §3.2). */
    return now->src == before->src && now->dest == before->dest && now->seqno == before->seqno &&
           now->_hdrlen_rsvd_flags == BARE_ACK && before->_hdrlen_rsvd_flags == BARE_ACK &&
           (int32_t)(lwip_ntohl(now->ackno) - lwip_ntohl(before->ackno)) > 0;
}

/* To lwIP the segment is the second one then (its src/include/lwip/priv/tcp_priv.h:tcp_ack). */
void acks_soon(struct tcp_pcb *pcb, const struct tcp_hdr *header, u16_t bytes)
{
    if (bytes > 0 && pcb->state == ESTABLISHED && (TCPH_FLAGS(header) & TCP_PSH) == 0)
        tcp_set_flags(pcb, TF_ACK_DELAY);
}
