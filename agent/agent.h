/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent as its caller sees it: one struct agent per guest (files, handles, frozen state), one
 * struct session per channel (framing and reply state).
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"
#include "platform.h"

struct agent;
struct session;

/*
 * Makes an agent with the initial file tree (/tmp, /root, /var/log, /etc).  `platform` must stay
 * valid as long as the agent.  Returns NULL if the platform's memory does not suffice.
 */
struct agent *agent_create(const struct platform *platform);
/* Frees everything the agent holds, its sessions included. */
void agent_destroy(struct agent *agent);

/*
 * Adds a file (with its missing parent directories) or a directory to the tree, as from an
 * initrd.  Paths without a leading slash count from the root.  Returns 0 or a negative errno value
 * (agent/errors.h); nothing is left half-made.
 */
int agent_add_file(struct agent *agent, const char *path, const void *data, size_t size);
/* Adds bytes at the end of a file that is there. */
int agent_extend_file(struct agent *agent, const char *path, const void *data, size_t size);
int agent_add_directory(struct agent *agent, const char *path);

/* A byte that means nothing between replies. */
#define SESSION_FILLER ' '

/* A session over `channel`, which must outlive it; NULL if memory does not suffice. */
struct session *session_create(struct agent *agent, struct channel channel);
void session_destroy(struct session *session);
/*
 * Moves what can be moved without waiting: writes the pending reply, then reads and executes
 * requests until input runs out or the host stops taking output, or, so that the caller may look
 * after its devices, one piece of peek()ed input has been handled.  Returns whether anything
 * moved: call again before sleeping if so.
 */
bool session_poll(struct session *session);
/*
 * The host end went away: a half-read document and every unsent byte of a reply are dropped.
 * Handles and the frozen state belong to the agent and stay, as in qemu-ga.
 */
void session_closed(struct session *session);
/* Whether a client would begin with these bytes, of which there is at least one: with a document,
 * white space, or the 0xFF that resets the parser. */
bool session_may_begin(const uint8_t *bytes, size_t count);

#endif
