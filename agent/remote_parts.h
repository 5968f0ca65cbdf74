/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of remote.h share: connections (remote.c), their session (remote_session.c).
 */
#ifndef AGENT_REMOTE_PARTS_H
#define AGENT_REMOTE_PARTS_H

#include "gate.h"
#include "remote.h"
#include "state.h"

#define REMOTE_TEXT_BYTES 192u

enum remote_state {
    REMOTE_FREE,
    REMOTE_HELD,   /* gets its number when the pause is over */
    REMOTE_ASKED,  /* has its number, and owes the answer */
    REMOTE_OPEN,   /* has the session */
    REMOTE_ENDING, /* gets the rest of its text, then it is closed */
};

struct remote_connection {
    struct remote *remote;
    struct remote_stream stream;
    enum remote_state state;
    bool is_finished;
    uint64_t number;      /* ascending: the smallest is the oldest */
    uint64_t deadline_ns; /* REMOTE_ASKED, REMOTE_ENDING */
    struct gate gate;
    size_t text_bytes; /* of `text`, which goes out before anything else */
    size_t text_sent;
    char text[REMOTE_TEXT_BYTES];
    char peer[REMOTE_PEER_BYTES];
};

struct remote {
    const struct platform *platform;
    size_t secret_bytes;
    uint8_t secret[REMOTE_SECRET_MAX];
    uint64_t nonces;
    uint32_t failures; /* wrong answers since the last right one */
    uint64_t pause_until_ns;

    struct session_rules rules;
    struct session *session;
    struct remote_connection *open; /* whose the session is, or NULL */
    uint64_t moved_ns;              /* when its stream last moved in either direction */
    uint64_t frame_since_ns;        /* when the request began that is being read; 0: none is */
    uint64_t requests;              /* answered before that */

    struct remote_counters counters;
    uint64_t log_at_ns; /* when something about a stranger may be logged again */
    uint64_t unlogged;
    struct remote_connection connections[REMOTE_CONNECTIONS];
};

/* The platform's monotonic time. */
uint64_t remote_now_ns(const struct remote *remote);
/* One line of the log, in the manner of printf(). */
__attribute__((format(printf, 2, 3))) void remote_log(struct remote *remote, const char *format,
                                                      ...);
/* Sets what goes out before anything else, in the manner of printf(). */
__attribute__((format(printf, 2, 3))) void remote_say(struct remote_connection *connection,
                                                      const char *format, ...);
/* Sends what is left of that; returns whether anything moved. */
bool remote_send_text(struct remote_connection *connection);
/* Closes the stream and forgets the connection. */
void remote_drop(struct remote_connection *connection);

/* The session of remote->rules, without a connection yet; 0 or -ENOMEM. */
int remote_session_create(struct remote *remote, struct agent *agent);
/* Gives it to a connection; nobody else has it. */
void remote_session_open(struct remote_connection *connection);
/* Takes it away again. */
void remote_session_close(struct remote *remote);
/* As remote_poll() and remote_deadline_ns(), for the connection that has it. */
bool remote_session_poll(struct remote_connection *connection);
uint64_t remote_session_deadline_ns(const struct remote *remote);

#endif
