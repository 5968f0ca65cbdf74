/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* accept4() */
#include "tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int tcp_server_listen(struct tcp_server *self, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    int one = 1;

    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->listener < 0 ||
        setsockopt(self->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(self->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(self->listener, SOMAXCONN) < 0 ||
        getsockname(self->listener, (struct sockaddr *)&address, &size) < 0) {
        return -1;
    }
    fprintf(stderr, "bare-qga: agent.tcp: listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
    return 0;
}

void tcp_server_serve(struct tcp_server *self, struct remote *remote)
{
    self->remote = remote;
}

/* Whose channel a stream is: it is the first member. */
static void close_stream(void *ctx)
{
    struct tcp_client *client = ctx;

    close(client->channel.fd); /* everything committed has been flushed */
    client->connection = NULL;
}

static struct tcp_client *free_client(struct tcp_server *self)
{
    for (unsigned i = 0; i < REMOTE_CONNECTIONS; i++) {
        if (self->clients[i].connection == NULL) {
            return &self->clients[i];
        }
    }
    return NULL;
}

/* As many places as remote.h has, but one of them is only freed while a newcomer is taken. */
static void accept_client(struct tcp_server *self)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    struct tcp_client *client;
    struct remote_stream stream;
    char peer[REMOTE_PEER_BYTES];
    char text[INET_ADDRSTRLEN] = "";
    int fd =
        accept4(self->listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    remote_make_room(self->remote);
    client = free_client(self);
    if (client == NULL) {
        close(fd);
        return;
    }
    fd_channel_open(&client->channel, fd);
    stream = (struct remote_stream){fd_channel_as_channel(&client->channel), close_stream};
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
    snprintf(peer, sizeof(peer), "%s:%u", text, ntohs(address.sin_port));
    client->connection = remote_accept(self->remote, &stream, peer);
}

unsigned tcp_server_watch(const struct tcp_server *self, struct pollfd *fds)
{
    unsigned count = 0;

    if (self->remote == NULL) {
        return 0;
    }
    fds[count++] = (struct pollfd){.fd = self->listener, .events = POLLIN};
    for (unsigned i = 0; i < REMOTE_CONNECTIONS; i++) {
        const struct fd_channel *channel = &self->clients[i].channel;
        bool wants_input = fd_channel_is_drained(channel) && !channel->is_finished;

        if (self->clients[i].connection != NULL) {
            fds[count++] = (struct pollfd){
                .fd = channel->fd,
                .events = (short)((wants_input ? POLLIN : 0) |
                                  (fd_channel_is_stalled(channel) ? POLLOUT : 0)),
            };
        }
    }
    return count;
}

static void handle_client(struct tcp_client *client, short events)
{
    if ((events & POLLIN) != 0) {
        fd_channel_fill(&client->channel);
    }
    if (client->channel.is_finished) {
        remote_finished(client->connection);
    }
    if ((events & POLLIN) == 0 && (events & (POLLERR | POLLHUP)) != 0) {
        remote_closed(client->connection);
        close_stream(client);
    }
}

void tcp_server_handle(struct tcp_server *self, const struct pollfd *fds, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        for (unsigned k = 0; k < REMOTE_CONNECTIONS; k++) {
            if (self->clients[k].connection != NULL && self->clients[k].channel.fd == fds[i].fd) {
                handle_client(&self->clients[k], fds[i].revents);
                break;
            }
        }
    }
    if (count > 0 && (fds[0].revents & POLLIN) != 0) {
        accept_client(self);
    }
}
