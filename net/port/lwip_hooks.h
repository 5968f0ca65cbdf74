/* SPDX-License-Identifier: BSD-2-Clause */
/* Where lwIP asks us about TCP (its src/include/lwip/opt.h); net/half_open.h says what for. */
#ifndef NET_LWIP_HOOKS_H
#define NET_LWIP_HOOKS_H

#include "lwip/arch.h"
#include "lwip/ip_addr.h"

struct tcp_pcb;
struct tcp_hdr;

u32_t half_open_number(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                       u16_t remote_port);
err_t half_open_segment(struct tcp_pcb *pcb, const struct tcp_hdr *header);

#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port)                                  \
    half_open_number(local, local_port, remote, remote_port)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, first, second, packet)                    \
    half_open_segment(pcb, header)

#endif
