/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a stranger can make us hold is bounded: as many connections as remote.h has, of each no more
 * than one window and PENDING_MAX pieces of input, and OUTPUT_BYTES beyond what TCP has taken.
 * What a closed connection still holds in lwIP has the lowest priority, so that a new one takes its
 * place when control blocks run out.
 */
#include "tcp_agent.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/remote.h"
#include "drivers/dma.h"
#include "drivers/klog.h"
#include "lwip/tcp.h"

#define OUTPUT_BYTES 2048u
/* A peer that sends its bytes one by one must not fill the heap with their headers. */
#define PENDING_MAX 64u
/* Half-open connections at a time. */
#define BACKLOG 8u
/* A peer that has vanished gives its session back within a minute. */
#define KEEP_IDLE_MS     30000u
#define KEEP_INTERVAL_MS 10000u
#define KEEP_COUNT       3u

struct stream {
    struct remote_connection *connection; /* NULL: free */
    struct tcp_pcb *pcb;
    struct pbuf *input; /* what the peer sent, from its first byte that is not consumed */
    size_t output_bytes;
    uint8_t output[OUTPUT_BYTES]; /* what waits for room in TCP */
};

static struct remote *remote;
static uint16_t port;
static struct stream *streams; /* REMOTE_CONNECTIONS of them */

/* --- the stream as a channel ----------------------------------------------------------------- */

static size_t stream_peek(void *ctx, const uint8_t **bytes)
{
    struct stream *self = ctx;

    if (!self->input)
        return 0;
    *bytes = self->input->payload;
    return self->input->len;
}

static void stream_consume(void *ctx, size_t count)
{
    struct stream *self = ctx;

    tcp_recved(self->pcb, (u16_t)count);
    self->input = pbuf_free_header(self->input, (u16_t)count);
}

/* Hands to TCP what it takes. */
static void push(struct stream *self)
{
    size_t room = tcp_sndbuf(self->pcb);
    size_t count = self->output_bytes < room ? self->output_bytes : room;

    if (!count || tcp_write(self->pcb, self->output, (u16_t)count, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return;
    self->output_bytes -= count;
    memmove(self->output, self->output + count, self->output_bytes);
}

static size_t stream_reserve(void *ctx, uint8_t **room)
{
    struct stream *self = ctx;

    if (self->output_bytes == OUTPUT_BYTES)
        push(self);
    *room = self->output + self->output_bytes;
    return OUTPUT_BYTES - self->output_bytes;
}

static void stream_commit(void *ctx, size_t count)
{
    struct stream *self = ctx;

    self->output_bytes += count;
}

static void stream_flush(void *ctx)
{
    struct stream *self = ctx;

    push(self);
    tcp_output(self->pcb);
}

static const struct channel_ops stream_ops = {
    .peek = stream_peek,
    .consume = stream_consume,
    .reserve = stream_reserve,
    .commit = stream_commit,
    .flush = stream_flush,
};

/* --- its end --------------------------------------------------------------------------------- */

static void forget(struct stream *self)
{
    if (self->input)
        pbuf_free(self->input);
    self->input = NULL;
    self->pcb = NULL;
    self->connection = NULL;
    self->output_bytes = 0;
}

/* What was not read is acknowledged, or lwIP would send a reset in place of the last words. */
static void stream_close(void *ctx)
{
    struct stream *self = ctx;
    struct tcp_pcb *pcb = self->pcb;

    stream_flush(self);
    if (self->input)
        tcp_recved(pcb, self->input->tot_len);
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_setprio(pcb, TCP_PRIO_MIN);
    forget(self);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

/* The control block is gone already. */
static void on_error(void *context, err_t error)
{
    struct stream *self = context;

    (void)error;
    remote_closed(self->connection);
    forget(self);
}

/* --- what arrives ---------------------------------------------------------------------------- */

static err_t on_receive(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct stream *self = context;

    (void)pcb;
    (void)error;
    if (!data) {
        remote_finished(self->connection);
        return ERR_OK;
    }
    if (!self->input)
        self->input = data;
    else if (pbuf_clen(self->input) < PENDING_MAX)
        pbuf_cat(self->input, data);
    else
        return ERR_MEM; /* lwIP keeps it, and offers it again */
    return ERR_OK;
}

static struct stream *free_stream(void)
{
    for (size_t i = 0; i < REMOTE_CONNECTIONS; i++)
        if (!streams[i].connection)
            return &streams[i];
    return NULL;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    char address[IPADDR_STRLEN_MAX];
    char peer[REMOTE_PEER_BYTES];

    (void)context;
    if (error != ERR_OK || !pcb)
        return ERR_VAL;
    remote_make_room(remote);
    struct stream *self = free_stream();
    if (!self) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    self->pcb = pcb;
    tcp_arg(pcb, self);
    tcp_recv(pcb, on_receive);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE_MS;
    pcb->keep_intvl = KEEP_INTERVAL_MS;
    pcb->keep_cnt = KEEP_COUNT;
    snprintf(peer, sizeof peer, IP_IS_V6(&pcb->remote_ip) ? "[%s]:%u" : "%s:%u",
             ipaddr_ntoa_r(&pcb->remote_ip, address, sizeof address),
             (unsigned int)pcb->remote_port);
    self->connection =
        remote_accept(remote, &(struct remote_stream){{&stream_ops, self}, stream_close}, peer);
    return ERR_OK;
}

/* --- start ----------------------------------------------------------------------------------- */

int tcp_agent_init(struct remote *its_remote, uint16_t its_port)
{
    streams = dma_alloc(REMOTE_CONNECTIONS * sizeof *streams);
    if (!streams)
        return -ENOMEM;
    remote = its_remote;
    port = its_port;
    return 0;
}

void tcp_agent_listen(void)
{
    struct tcp_pcb *pcb = remote ? tcp_new_ip_type(IPADDR_TYPE_ANY) : NULL;

    if (!remote)
        return;
    if (pcb && tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) {
        klog("agent.tcp: NOT STARTED: port %u is taken", (unsigned int)port);
        tcp_close(pcb);
        return;
    }
    struct tcp_pcb *listener = pcb ? tcp_listen_with_backlog(pcb, BACKLOG) : NULL;
    if (!listener) {
        klog("agent.tcp: NOT STARTED: no memory for port %u", (unsigned int)port);
        return;
    }
    tcp_accept(listener, on_accept);
    klog("agent.tcp: listening on port %u", (unsigned int)port);
}
