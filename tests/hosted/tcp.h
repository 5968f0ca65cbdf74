/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent behind a TCP port of the loopback interface: sockets as streams for remote.h. */
#ifndef HOSTED_TCP_H
#define HOSTED_TCP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "fd_channel.h"
#include "remote.h"

struct tcp_client {
    struct fd_channel channel;
    struct remote_connection *connection; /* NULL: the place is free */
};

struct tcp_server {
    int listener; /* -1: there is none */
    struct remote *remote;
    struct tcp_client clients[REMOTE_CONNECTIONS];
};

/* How many descriptors tcp_server_watch() fills in at most. */
#define TCP_SERVER_FDS (REMOTE_CONNECTIONS + 1u)

/* Listens on 127.0.0.1, `port` 0 being one that is free, and says which; -1 with errno set. */
int tcp_server_listen(struct tcp_server *self, uint16_t port);
/* Serves `remote` from here on, or nobody (NULL); what was served before has been destroyed. */
void tcp_server_serve(struct tcp_server *self, struct remote *remote);
/* What poll() shall watch; returns the number of descriptors. */
unsigned tcp_server_watch(const struct tcp_server *self, struct pollfd *fds);
/* Takes what poll() found; then remote_poll(). */
void tcp_server_handle(struct tcp_server *self, const struct pollfd *fds, unsigned count);

#endif
