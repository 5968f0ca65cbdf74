/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP as a host without sockets, threads and files needs it (lwIP's src/include/lwip/opt.h
 * documents each name).  Everything has a bound that is known here: control blocks lie in pools,
 * what varies in size in one heap, which exists only where there is a network card (net/net.c).
 */
#ifndef NET_LWIPOPTS_H
#define NET_LWIPOPTS_H

#include <stddef.h>
#include <stdint.h>

/* One thread, one loop: nothing locks, nothing waits. */
#define NO_SYS                  1
#define SYS_LIGHTWEIGHT_PROT    0
#define LWIP_NETCONN            0
#define LWIP_SOCKET             0
#define LWIP_NO_UNISTD_H        1
#define LWIP_NO_CTYPE_H         1
#define LWIP_ERRNO_STDINCLUDE   1
#define LWIP_MPU_COMPATIBLE     0
#define LWIP_TCPIP_CORE_LOCKING 0

/* --- memory -------------------------------------------------------------------------------- */

extern uint8_t *net_heap;
#define MEM_SIZE              196544 /* with its end mark, whole pages */
#define LWIP_RAM_HEAP_POINTER net_heap
#define MEM_ALIGNMENT         8
/* Frames are copied once, out of the ring into the heap, so the pool of fixed buffers is idle, and
 * lwIP's comparison of the TCP window with it says nothing. */
#define PBUF_POOL_SIZE                 1
#define PBUF_POOL_BUFSIZE              128
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

/* Eight of the services, eight of the agent, and as many half-open ones as each port may have. */
#define MEMP_NUM_TCP_PCB        40
#define MEMP_NUM_TCP_PCB_LISTEN 6
#define MEMP_NUM_TCP_SEG        160
#define MEMP_NUM_UDP_PCB        8
#define MEMP_NUM_PBUF           128
#define MEMP_NUM_REASSDATA      4
#define MEMP_NUM_FRAG_PBUF      8
#define MEMP_NUM_ARP_QUEUE      16
#define MEMP_NUM_ND6_QUEUE      16
#define MEMP_NUM_MLD6_GROUP     12

/* How much the memory holds is told when a card goes, so that a leak can be seen. */
#define LWIP_STATS         1
#define LWIP_STATS_DISPLAY 0
#define MEM_STATS          1
#define MEMP_STATS         0
#define SYS_STATS          0
#define LINK_STATS         0
#define ETHARP_STATS       0
#define IP_STATS           0
#define IPFRAG_STATS       0
#define ICMP_STATS         0
#define UDP_STATS          0
#define TCP_STATS          0
#define IP6_STATS          0
#define ICMP6_STATS        0
#define IP6_FRAG_STATS     0
#define MLD6_STATS         0
#define ND6_STATS          0

/* --- protocols ----------------------------------------------------------------------------- */

#define LWIP_ARP            1
#define ARP_QUEUEING        1
#define ETHARP_SUPPORT_VLAN 0
#define LWIP_IPV4           1
#define IP_REASSEMBLY       1
#define IP_REASS_MAX_PBUFS  24
#define IP_FRAG             1
#define IP_FORWARD          0
#define LWIP_ICMP           1
#define LWIP_RAW            0
#define LWIP_DNS            0
#define LWIP_IGMP           0
#define LWIP_UDP            1
#define LWIP_DHCP           1
/* Probing the offered address (RFC 2131 §4.4.1, a SHOULD) costs the first second of the guest's
 * life; it announces the address instead, as others that are fast here do. */
#define DHCP_DOES_ARP_CHECK 0

#define LWIP_IPV6               1
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_IPV6_AUTOCONFIG    1
#define LWIP_IPV6_DHCP6         0
/* A pointer of 64 bits does not fit where a fragment's header was. */
#define IPV6_FRAG_COPYHEADER      1
#define LWIP_ND6_NUM_NEIGHBORS    16
#define LWIP_ND6_NUM_DESTINATIONS 16

#define LWIP_TCP 1
#define TCP_MSS  1460
/* The most that there is without scaling: who sends much waits for us the less. */
#define TCP_WND             (44 * TCP_MSS)
#define TCP_SND_BUF         (32 * TCP_MSS)
#define TCP_SND_QUEUELEN    128
#define TCP_LISTEN_BACKLOG  1
#define TCP_OOSEQ_MAX_BYTES (16 * TCP_MSS)
#define TCP_OOSEQ_MAX_PBUFS 24
#define LWIP_TCP_KEEPALIVE  1
#define LWIP_TCP_SACK_OUT   0
#define LWIP_WND_SCALE      0
#define LWIP_TCP_TIMESTAMPS 0

/* Software sums: QEMU's e1000 checks none on arrival, and inserts none by legacy descriptors. */
#define LWIP_CHECKSUM_ON_COPY 1
#define LWIP_CHKSUM           net_checksum

/* --- interfaces ---------------------------------------------------------------------------- */

#define LWIP_SINGLE_NETIF          0
#define LWIP_HAVE_LOOPIF           0
#define LWIP_NETIF_LOOPBACK        0
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK   0
#define LWIP_NETIF_API             0
#define LWIP_NUM_NETIF_CLIENT_DATA 0
#define LWIP_NETIF_TX_SINGLE_PBUF  0

/* --- what is asked of us ------------------------------------------------------------------- */

#define LWIP_RAND() net_random32()
/* What needs lwIP's types. */
#define LWIP_HOOK_FILENAME "lwip_hooks.h"

uint32_t net_random32(void);
/* The sum of 16-bit words, as they lie in memory, folded, not inverted. */
uint16_t net_checksum(const void *data, int length);

#endif
