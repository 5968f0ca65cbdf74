/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small services that a network path can be tested against: echo (RFC 862), discard (RFC 863)
 * and chargen (RFC 864).
 *
 * All that a peer can make us hold is bounded: so many connections, so many bytes on the way out of
 * all of them together, and an echo takes no more in than it can pass on.  A peer that keeps silent
 * loses its place.
 */
#include "services.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "drivers/dma.h"
#include "drivers/klog.h"
#include "lwip/ip.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "net.h"

#define PORT_ECHO    7u
#define PORT_DISCARD 9u
#define PORT_CHARGEN 19u

#define CONNECTIONS_MAX 8u
/* Half-open ones of each service, so that they leave control blocks to others. */
#define BACKLOG 4u
/* Half of the heap, so that frames always find room to arrive in. */
#define QUEUED_MAX  (MEM_SIZE / 2)
#define PENDING_MAX 64u
/* tcp_poll() counts in half seconds; ten of them, for five minutes. */
#define POLL_HALF_SECONDS 10u
#define IDLE_POLLS_MAX    60u

/* RFC 864: lines of 72 out of 95 characters, each line one further; after 95 lines it repeats. */
#define PATTERN_CHARACTERS 95u
#define PATTERN_LINE       74u
#define PATTERN_BYTES      (PATTERN_CHARACTERS * PATTERN_LINE)
#define CHARGEN_DATAGRAM   512u

struct connection {
    struct tcp_pcb *pcb; /* NULL: free */
    uint16_t port;
    uint16_t idle_polls;
    bool is_finished;     /* the peer has sent everything */
    struct pbuf *pending; /* taken from the peer, not given back yet */
    size_t pattern_at;
};

static struct connection connections[CONNECTIONS_MAX];
static char *pattern;

/* --- chargen's text ------------------------------------------------------------------------ */

static bool make_pattern(void)
{
    pattern = dma_alloc(PATTERN_BYTES);
    if (!pattern)
        return false;
    for (size_t line = 0; line < PATTERN_CHARACTERS; line++) {
        char *at = pattern + line * PATTERN_LINE;
        for (size_t i = 0; i < PATTERN_LINE - 2; i++)
            at[i] = (char)(' ' + (line + i) % PATTERN_CHARACTERS);
        at[PATTERN_LINE - 2] = '\r';
        at[PATTERN_LINE - 1] = '\n';
    }
    return true;
}

/* --- TCP ----------------------------------------------------------------------------------- */

/* Bytes that all connections together may still make us hold. */
static size_t budget(void)
{
    size_t total = 0;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *c = &connections[i];
        if (c->pcb)
            total += TCP_SND_BUF - tcp_sndbuf(c->pcb) + (c->pending ? c->pending->tot_len : 0u);
    }
    return total < QUEUED_MAX ? QUEUED_MAX - total : 0;
}

/* How much this connection may hand to TCP now. */
static size_t send_room(const struct connection *self)
{
    size_t left = budget();
    size_t room = tcp_sndbuf(self->pcb);
    return room < left ? room : left;
}

static void forget(struct connection *self)
{
    if (self->pending)
        pbuf_free(self->pending);
    memset(self, 0, sizeof *self);
}

static void detach(struct connection *self)
{
    tcp_arg(self->pcb, NULL);
    tcp_recv(self->pcb, NULL);
    tcp_sent(self->pcb, NULL);
    tcp_poll(self->pcb, NULL, 0);
    tcp_err(self->pcb, NULL);
}

static void finish(struct connection *self)
{
    struct tcp_pcb *pcb = self->pcb;
    /* Without memory for the FIN it is tried again by tcp_poll(). */
    if (tcp_close(pcb) != ERR_OK)
        return;
    detach(self);
    forget(self);
}

/* The result is for lwIP: the control block is gone. */
static err_t give_up(struct connection *self)
{
    struct tcp_pcb *pcb = self->pcb;
    detach(self);
    forget(self);
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* Takes the peer's bytes for echo(), if they are not too much. */
static bool take(struct connection *self, struct pbuf *data)
{
    if (!self->pending) {
        self->pending = data;
        return true;
    }
    if (data->tot_len > budget() || pbuf_clen(self->pending) >= PENDING_MAX)
        return false;
    pbuf_cat(self->pending, data);
    return true;
}

/* Gives back what was taken, as far as there is room for it. */
static void echo(struct connection *self)
{
    while (self->pending) {
        struct pbuf *part = self->pending;
        /* What is pending is counted already, and moves. */
        size_t room = tcp_sndbuf(self->pcb);
        u16_t bytes = (u16_t)(part->len < room ? part->len : room);
        if (!bytes || tcp_write(self->pcb, part->payload, bytes, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        tcp_recved(self->pcb, bytes);
        /* Drops what is sent from the front of the chain. */
        self->pending = pbuf_free_header(part, bytes);
    }
    tcp_output(self->pcb);
    if (self->is_finished && !self->pending)
        finish(self);
}

static void generate(struct connection *self)
{
    for (size_t room; (room = send_room(self)) != 0;) {
        size_t left = PATTERN_BYTES - self->pattern_at;
        u16_t bytes = (u16_t)(room < left ? room : left);
        /* The text stays where it is, so TCP need not copy it. */
        if (tcp_write(self->pcb, pattern + self->pattern_at, bytes, 0) != ERR_OK)
            break;
        self->pattern_at = (self->pattern_at + bytes) % PATTERN_BYTES;
    }
    tcp_output(self->pcb);
}

static err_t on_receive(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct connection *self = context;
    (void)error;
    self->idle_polls = 0;
    if (!data) {
        self->is_finished = true;
        if (!self->pending)
            finish(self);
        return ERR_OK;
    }
    if (self->port == PORT_ECHO) {
        /* lwIP keeps what is refused, and offers it again. */
        if (!take(self, data))
            return ERR_MEM;
        echo(self);
        return ERR_OK;
    }
    tcp_recved(pcb, data->tot_len);
    pbuf_free(data);
    return ERR_OK;
}

static err_t on_sent(void *context, struct tcp_pcb *pcb, u16_t bytes)
{
    struct connection *self = context;
    (void)pcb;
    (void)bytes;
    self->idle_polls = 0;
    if (self->port == PORT_ECHO)
        echo(self);
    else if (self->port == PORT_CHARGEN)
        generate(self);
    return ERR_OK;
}

static err_t on_poll(void *context, struct tcp_pcb *pcb)
{
    struct connection *self = context;
    (void)pcb;
    if (++self->idle_polls > IDLE_POLLS_MAX)
        return give_up(self);
    if (self->is_finished && !self->pending)
        finish(self);
    else if (self->port == PORT_ECHO)
        echo(self);
    else if (self->port == PORT_CHARGEN)
        generate(self);
    return ERR_OK;
}

/* The control block is gone already. */
static void on_error(void *context, err_t error)
{
    (void)error;
    forget(context);
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct connection *self = NULL;
    for (size_t i = 0; i < CONNECTIONS_MAX && !self; i++)
        if (!connections[i].pcb)
            self = &connections[i];
    if (error != ERR_OK || !pcb)
        return ERR_VAL;
    if (!self) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    *self = (struct connection){.pcb = pcb, .port = (uint16_t)(uintptr_t)context};
    tcp_arg(pcb, self);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_poll, POLL_HALF_SECONDS);
    if (self->port == PORT_CHARGEN)
        generate(self);
    return ERR_OK;
}

/* --- UDP ----------------------------------------------------------------------------------- */

/* Services that answer whatever they get: echo, daytime, quote, chargen, time (RFC 862 to 868). Two
 * that talk to each other would never end. */
static bool answers_back(u16_t port)
{
    return port == PORT_ECHO || port == 13 || port == 17 || port == PORT_CHARGEN || port == 37;
}

/* Neither a whole network nor another service is answered. */
static bool may_answer(u16_t port)
{
    const ip_addr_t *to = ip_current_dest_addr();
    return !answers_back(port) && !ip_addr_ismulticast(to) &&
           !ip_addr_isbroadcast(to, ip_current_input_netif());
}

static void on_datagram(void *context, struct udp_pcb *pcb, struct pbuf *data,
                        const ip_addr_t *from, u16_t port)
{
    static size_t pattern_at;
    uint16_t service = (uint16_t)(uintptr_t)context;

    if (service == PORT_ECHO && may_answer(port)) {
        udp_sendto(pcb, data, from, port);
    } else if (service == PORT_CHARGEN && may_answer(port)) {
        struct pbuf *answer = pbuf_alloc(PBUF_TRANSPORT, CHARGEN_DATAGRAM, PBUF_RAM);
        if (answer) {
            memcpy(answer->payload, pattern + pattern_at, CHARGEN_DATAGRAM);
            udp_sendto(pcb, answer, from, port);
            pbuf_free(answer);
            pattern_at = (pattern_at + PATTERN_LINE) % (PATTERN_BYTES - CHARGEN_DATAGRAM);
        }
    }
    pbuf_free(data);
}

/* --- start --------------------------------------------------------------------------------- */

static bool open_tcp(uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
        return false;
    struct tcp_pcb *listener = tcp_listen_with_backlog(pcb, BACKLOG);
    if (!listener)
        return false;
    tcp_arg(listener, (void *)(uintptr_t)port);
    tcp_accept(listener, on_accept);
    return true;
}

static bool open_udp(uint16_t port)
{
    struct udp_pcb *pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
    if (!pcb || udp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
        return false;
    udp_recv(pcb, on_datagram, (void *)(uintptr_t)port);
    return true;
}

void services_start(uint32_t which)
{
    static const struct {
        uint32_t bit;
        uint16_t port;
    } ports[] = {{NET_SERVICE_ECHO, PORT_ECHO},
                 {NET_SERVICE_DISCARD, PORT_DISCARD},
                 {NET_SERVICE_CHARGEN, PORT_CHARGEN}};

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        if (!(which & ports[i].bit))
            continue;
        if (ports[i].bit == NET_SERVICE_CHARGEN && !make_pattern()) {
            klog("net: no memory for chargen");
            continue;
        }
        if (!open_tcp(ports[i].port) || !open_udp(ports[i].port))
            klog("net: no memory for the service on port %u", ports[i].port);
    }
}
