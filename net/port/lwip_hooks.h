/* SPDX-License-Identifier: BSD-2-Clause */
/* Where lwIP asks us about TCP (its src/include/lwip/opt.h). */
#ifndef NET_LWIP_HOOKS_H
#define NET_LWIP_HOOKS_H

#include "lwip/arch.h"
#include "lwip/ip_addr.h"

struct tcp_pcb;
struct tcp_hdr;

/* net/half_open.h */
u32_t half_open_number(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                       u16_t remote_port);
err_t half_open_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header);
/* net/acks.h */
void acks_soon(struct tcp_pcb *pcb, const struct tcp_hdr *header, u16_t bytes);

#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port)                                  \
    half_open_number(local, local_port, remote, remote_port)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, first, second, packet)                    \
    (acks_soon(pcb, header, (packet)->tot_len), half_open_segment(pcb, header))

#endif
