/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that whoever started the agent has disabled; agent_set_rpcs() (agent.h) says which. */
#ifndef AGENT_RPCS_H
#define AGENT_RPCS_H

#include <stdbool.h>

struct agent;
struct command;

/* Whether `command` is disabled for as long as the agent runs. */
bool rpcs_is_disabled(const struct agent *agent, const struct command *command);

#endif
