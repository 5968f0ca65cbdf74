/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent's own files share: the agent's state, and how a request becomes a reply. */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent.h"
#include "args.h"
#include "base64.h"
#include "buffer.h"
#include "exec/task.h"
#include "facts.h"
#include "framer.h"
#include "json.h"
#include "ramfs.h"
#include "reply.h"

/* The version of qemu-ga whose behaviour this is; clients compare it (guest-info). */
#define AGENT_VERSION "10.0.2"
/* The release of bare-qga itself, as uname(2) tells a kernel's. */
#define AGENT_RELEASE "1.0.0"

/* An open file (guest-file-open). */
struct file_handle {
    int64_t id;
    struct ramfs_node *file; /* NULL: closed */
    uint64_t position;
    bool readable;
    bool writable;
    bool append;
    struct session *owner; /* the restricted session that opened it, NULL for the others */
};

struct faults;
struct faults_session;
struct personality_state;

struct agent {
    const struct platform *platform;
    struct ramfs fs;
    bool frozen;
    int64_t frozen_count; /* file systems that guest-fsfreeze-thaw will thaw */
    struct facts facts;
    struct buffer rpcs;    /* a byte for each command, true if it is disabled; empty: none is */
    struct buffer handles; /* of struct file_handle, ids ascending */
    size_t open_handles;
    int64_t next_handle;
    struct base64_tables *base64_tables; /* NULL until much has been read or written */
    uint64_t base64_bytes;               /* how much that is */
    size_t keep_bytes;                   /* memory that a buffer may hold on to between requests */
    struct session *sessions;
    struct session *caller; /* whose request is being carried out */
    struct tasks tasks;
    struct personality_state *personality; /* NULL: nobody gave one */
    struct faults *faults;                 /* NULL without a personality */
    int64_t clock_jump_ns;                 /* how far a fault has set the clock wrong */
};

/* What binds a session whose other end is not the host itself. */
struct session_rules {
    unsigned allowed;       /* 1u << enum command_access for what may run */
    size_t frame_bytes_max; /* of one request */
    size_t handles_max;     /* open at a time */
};

struct session {
    struct agent *agent;
    struct channel channel;
    struct session *next;
    struct framer framer;
    struct json json;
    struct reply reply;
    bool is_sending;    /* reply holds bytes for the host */
    size_t sent;        /* bytes of the reply's text that are on their way */
    uint64_t file_sent; /* bytes of the reply's file that are on their way or staged */
    uint8_t staged[4];  /* a group of base64 characters that did not fit in the room */
    uint8_t staged_used;
    uint8_t staged_count;
    const struct session_rules *rules; /* NULL: none */
    size_t frame_bytes;                /* under rules: of the request being read */
    uint64_t requests;                 /* answered so far */
    size_t handles;                    /* under rules: open */
    bool is_over;                      /* no more is read */
    struct faults_session *faults;     /* NULL if the agent has none */
};

/*
 * Binds a session from its first byte on; `rules` must outlive it.  Commands beyond rules->allowed
 * are disabled; the first byte that is no JSON and a request that is too long are answered with
 * an error and end the session (is_over) instead of being passed over; and its handles are its
 * own: nobody else can use them, and session_closed() closes them.
 */
void session_restrict(struct session *session, const struct session_rules *rules);

/*
 * Executes the document that the session's framer holds and leaves the reply in session->reply,
 * empty if the command answers with silence.
 */
void dispatch(struct session *session);
/* A reply for what was no document; the message is the framer's. */
void dispatch_error(struct session *session);
/* Whether the caller may run `command` now (guest-info tells it, dispatch() obeys it). */
bool dispatch_is_enabled(const struct agent *agent, const struct command *command);

/*
 * The tables for `count` bytes of file content that are about to be encoded or decoded, once
 * there has been enough of it to be worth them; NULL before, and where memory is short.
 */
const struct base64_tables *agent_base64_tables(struct agent *agent, size_t count);

/* The open handle `id`, or NULL with the error set in `reply`. */
struct file_handle *agent_find_handle(struct agent *agent, int64_t id, struct reply *reply);

/* Closes the handles of a restricted session. */
void agent_close_handles_of(struct agent *agent, struct session *owner);
/* The time of day, as far as the agent knows. */
int64_t agent_realtime_ns(const struct agent *agent);
/* Sets that time wrong by so many milliseconds, further than it is already. */
void agent_jump_clock(struct agent *agent, int64_t milliseconds);
/* Closes all handles. */
void agent_close_handles(struct agent *agent);

/* Everything the session owes the host is handed to its channel. */
void session_flush(struct session *session);
/* Sends what is left of the reply as it stands; returns whether there is nothing left of it. */
bool session_send_reply(struct session *session);
/* The reply is to be sent from its start. */
void session_rewind(struct session *session);
/* Dispatches the request that was put off, and makes ready what it is answered with. */
void session_resume(struct session *session);

#endif
