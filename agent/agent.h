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
 * (errno.h); nothing is left half-made.
 */
int agent_add_file(struct agent *agent, const char *path, const void *data, size_t size);
/* Adds bytes at the end of a file that is there. */
int agent_extend_file(struct agent *agent, const char *path, const void *data, size_t size);
/* Makes a directory, and what is missing above it.  Returns as agent_add_file(). */
int agent_add_directory(struct agent *agent, const char *path);
/* Gives what is at `path` permission bits and a time of change, in seconds since 1970 (UTC). */
int agent_set_attributes(struct agent *agent, const char *path, uint32_t mode, uint32_t mtime);

/* A byte that means nothing between replies. */
#define SESSION_FILLER ' '

/*
 * Disables commands, as qemu-ga's options --block-rpcs and --allow-rpcs do: with a list `allow`
 * every command that it does not name, and then every command that `block` names.  The lists are
 * separated by commas, empty ones do nothing, and names that no command has are only logged.
 * Replaces what an earlier call has set.  Returns 0, or -ENOMEM and then nothing has changed.
 */
int agent_set_rpcs(struct agent *agent, const char *block, const char *allow);

/* Where a personality is looked for in the tree. */
#define PERSONALITY_PATH "/etc/bare-qga/personality.json"

/*
 * Makes the agent what the personality file (schema/personality.json) at `text` says, before it
 * has sessions; `source` tells people where the file was.  Whatever the file is like, the vendor's
 * commands exist from now on and tell what became of it.  Returns 0, or a negative errno value
 * when nothing of the file is in effect; the reason is on the log.
 */
int agent_set_personality(struct agent *agent, const void *text, size_t size, const char *source);
/* The same with a file of the tree; no such file is fine. */
int agent_find_personality(struct agent *agent, const char *path);

/*
 * Does a bounded piece of what goes on without a request: running programs, and faults.  Returns
 * whether anything moved: call again before sleeping if so.
 */
bool agent_poll(struct agent *agent);
/* When agent_poll() next has something to do, as monotonic_ns() counts; UINT64_MAX: never. */
uint64_t agent_deadline_ns(const struct agent *agent);

/* A session over `channel`, which must outlive it; NULL if memory does not suffice. */
struct session *session_create(struct agent *agent, struct channel channel);
/* Ends a session: drops what it still had to send, closes its file handles. */
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
