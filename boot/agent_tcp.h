/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent on TCP, if the options ask for it and the host has given a secret, the fw_cfg file
 * opt/bare-qga/secret.  Without one nothing listens, and a line on the log says so.
 */
#ifndef BOOT_AGENT_TCP_H
#define BOOT_AGENT_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct agent;

/* Before the network starts. */
void agent_tcp_init(const struct options *options, struct agent *agent);
/* One turn; returns whether anything moved. */
bool agent_tcp_poll(void);
/* When to call it again at the latest, on the scale of clock_monotonic_ns(); UINT64_MAX: not. */
uint64_t agent_tcp_deadline_ns(void);

#endif
