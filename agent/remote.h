/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent on a network: connections that anybody can make, of which one at a time becomes a
 * session, after its client has shown that it knows a secret (gate.h).  The transport (net/, or
 * sockets in tests/hosted/) brings streams; everything that has to hold for a stranger holds here:
 *
 * - A connection has REMOTE_AUTH_NS and 256 bytes to answer the number that it is given, and a byte
 *   that is not of the answer ends it.  Of those that have not answered a few are kept; a further
 *   one takes the place of the oldest, so that whoever only holds connections keeps nobody out.
 * - After a wrong answer nobody gets a new number for 1, 2, 4, at most 8 seconds; numbers that were
 *   given before stay good.  A right answer ends that.
 * - In a session only those commands are enabled that `allow` names; the first byte that is no
 *   JSON ends it, and so do a request of more than REMOTE_FRAME_BYTES_MAX bytes or one that takes
 *   longer than REMOTE_FRAME_NS, a reply that is not fetched, and silence for REMOTE_IDLE_NS.
 *   Its handles are its own and go with it.
 *
 * docs/tcp.md is the client's side of it.
 */
#ifndef AGENT_REMOTE_H
#define AGENT_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent.h"
#include "channel.h"

#define REMOTE_SECRET_MIN      32u
#define REMOTE_SECRET_MAX      1024u
#define REMOTE_CONNECTIONS     8u /* at a time, the session included */
#define REMOTE_FRAME_BYTES_MAX 65536u
#define REMOTE_HANDLES_MAX     16u
#define REMOTE_PEER_BYTES      56u /* "[IPv6 address]:port" and a NUL */

#define REMOTE_SECOND    UINT64_C(1000000000)
#define REMOTE_AUTH_NS   (5 * REMOTE_SECOND)
#define REMOTE_FRAME_NS  (30 * REMOTE_SECOND)
#define REMOTE_IDLE_NS   (300 * REMOTE_SECOND)
#define REMOTE_PAUSE_MAX 8u /* seconds */

/* What a session may do beyond the commands that only look. */
#define REMOTE_ALLOW_FILES  1u /* guest-file-* */
#define REMOTE_ALLOW_DANGER 2u /* everything else: shutdown, freeze, execution … */

/* A connection as the transport sees it. */
struct remote_stream {
    struct channel channel;
    /*
     * Sends what was committed, then closes, without waiting for either.  The stream is not used
     * afterwards.
     */
    void (*close)(void *ctx);
};

/* What has happened since the start; every closed connection counts at most once below. */
struct remote_counters {
    uint64_t connections;
    uint64_t accepted;  /* became a session */
    uint64_t refused;   /* displaced, too slow, or while another session was open */
    uint64_t bad_mac;   /* did not know the secret */
    uint64_t bad_frame; /* sent what is no request, before or in a session */
};

struct remote;
struct remote_connection;

/*
 * Makes ready for connections to `agent`; takes all memory that they will need.  NULL, with the
 * reason on the log, if that does not suffice or if `secret` has not REMOTE_SECRET_MIN to
 * REMOTE_SECRET_MAX bytes; it is copied.  `allow` is of REMOTE_ALLOW_*.
 */
struct remote *remote_create(struct agent *agent, const void *secret, size_t secret_bytes,
                             unsigned allow);
/* Closes all connections; to be called before agent_destroy(). */
void remote_destroy(struct remote *remote);

/*
 * Closes the oldest connection without a session if all places are taken, for a transport that
 * needs one of its own places free; remote_accept() does it anyway.
 */
void remote_make_room(struct remote *remote);
/*
 * A client has connected; `peer` names it for the log.  The stream is the connection's until
 * stream->close() or remote_closed().
 */
struct remote_connection *remote_accept(struct remote *remote, const struct remote_stream *stream,
                                        const char *peer);
/* The other end sends no more, but may still read what it is due. */
void remote_finished(struct remote_connection *connection);
/* The stream is gone, and with it the connection. */
void remote_closed(struct remote_connection *connection);

/*
 * Moves what can be moved without waiting, on every connection; returns whether anything moved:
 * call again before sleeping if so.
 */
bool remote_poll(struct remote *remote);
/* When to call remote_poll() at the latest, in the platform's monotonic time; UINT64_MAX: never. */
uint64_t remote_deadline_ns(const struct remote *remote);
/* What has happened so far; it is counted on in place. */
const struct remote_counters *remote_counters(const struct remote *remote);

#endif
