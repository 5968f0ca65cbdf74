/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent on a TCP port: lwIP's connections as streams for agent/remote.h. */
#ifndef NET_TCP_AGENT_H
#define NET_TCP_AGENT_H

#include <stdint.h>

struct remote;

/*
 * Whom connections to `port` are for; before net_init().  Takes what memory they need; returns 0
 * or -ENOMEM.
 */
int tcp_agent_init(struct remote *remote, uint16_t port);
/* For net.c, once lwIP runs: listens, if anybody wants that. */
void tcp_agent_listen(void);

#endif
