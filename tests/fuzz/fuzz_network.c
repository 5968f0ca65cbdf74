/* SPDX-License-Identifier: BSD-2-Clause */
// sources: net/[acfhinrs]*.c
/*
 * The network stack as it is configured here, with the services open, and frames of a hostile wire.
 * The input is a row of frames, each behind its length in two bytes, little-endian; a length of 0
 * lets a quarter of a second pass.  When the card goes away nothing may be held any more.
 *
 * corpus/network/ipv6-unknown-next-header is a router's advertisement whose next header nobody
 * knows: lwIP answers with a parameter problem, for which it takes the address of a member of a
 * null pointer (src/core/ipv6/icmp6.c:icmp6_send_response; net/lwip.mk has the compiler allow
 * that).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/network.h"
#include "drivers/clock.h"
#include "drivers/dma.h"
#include "drivers/e1000.h"
#include "drivers/klog.h"
#include "lwip/stats.h"
#include "net/net.h"
#include "net/tcp_agent.h"

#define STEP_NS   UINT64_C(250000000)
#define STEPS_MAX 64

static uint64_t now_ns;
static const uint8_t *pending;
static size_t pending_bytes;
static uint8_t sent[E1000_FRAME_MAX];
static size_t unflushed;

static const struct net_config config = {
    .address = {192, 168, 9, 5},
    .prefix_length = 24,
    .gateway = {192, 168, 9, 1},
    .hostname = "fuzz",
    .services = NET_SERVICE_ECHO | NET_SERVICE_DISCARD | NET_SERVICE_CHARGEN,
};

/* --- what boot/ and the driver give -------------------------------------------------------- */

uint64_t clock_monotonic_ns(void)
{
    return now_ns;
}

void *dma_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

void dma_free(void *memory, size_t bytes)
{
    (void)bytes;
    free(memory);
}

void klog(const char *format, ...)
{
    (void)format;
}

_Noreturn void net_broken(int line)
{
    fprintf(stderr, "lwIP: line %d\n", line);
    abort();
}

/* The agent's port has a target of its own. */
void tcp_agent_listen(void)
{
}

size_t e1000_receive(struct e1000 *nic, const uint8_t **frame)
{
    (void)nic;
    *frame = pending;
    return pending_bytes;
}

void e1000_recycle(struct e1000 *nic)
{
    (void)nic;
    pending_bytes = 0;
}

size_t e1000_reserve(struct e1000 *nic, uint8_t **room)
{
    (void)nic;
    *room = sent;
    return sizeof(sent);
}

void e1000_commit(struct e1000 *nic, size_t bytes)
{
    (void)nic;
    if (bytes < E1000_HEADER_BYTES || bytes > sizeof(sent))
        abort();
    unflushed = bytes;
}

size_t e1000_unflushed(const struct e1000 *nic, uint8_t **frame)
{
    (void)nic;
    *frame = sent;
    return unflushed;
}

void e1000_flush(struct e1000 *nic)
{
    (void)nic;
    unflushed = 0;
}

void e1000_multicast(struct e1000 *nic, const uint8_t (*addresses)[E1000_MAC_BYTES], size_t count)
{
    (void)nic;
    (void)addresses;
    if (count > 16)
        abort();
}

const struct e1000_statistics *e1000_statistics(struct e1000 *nic)
{
    return &nic->statistics;
}

/* --- the input ----------------------------------------------------------------------------- */

static void look_at_facts(void)
{
    struct platform_interface interface;
    struct platform_route route;

    for (uint32_t i = 0; net_facts.interface(NULL, i, &interface); i++)
        if (interface.address_count > PLATFORM_ADDRESSES_MAX)
            abort();
    for (uint32_t i = 0; net_facts.route(NULL, i, &route); i++)
        if (i > 100 || route.destination.prefix_length > 128)
            abort();
}

/* A frame as the driver passes it on: at least a header, at most a buffer, in memory of its own
 * so that a step beyond its end is seen. */
static void receive(void *interface, const uint8_t *bytes, size_t length)
{
    uint8_t *frame = malloc(length);

    if (frame == NULL)
        abort();
    memcpy(frame, bytes, length);
    pending = frame;
    pending_bytes = length;
    net_receive(interface);
    net_poll();
    free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct e1000 nic = {.name = "fuzz", .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, .link_up = true};
    unsigned int steps = 0;

    net_init(&config);
    void *interface = net_attach(&nic);
    if (interface == NULL)
        abort();
    while (size >= 2) {
        size_t length = (size_t)data[0] | (size_t)data[1] << 8;

        data += 2;
        size -= 2;
        if (length == 0 && steps++ < STEPS_MAX) {
            now_ns += STEP_NS;
            net_poll();
        }
        length = length < size ? length : size;
        if (length >= E1000_HEADER_BYTES && length <= E1000_BUFFER_BYTES)
            receive(interface, data, length);
        data += length;
        size -= length;
    }
    look_at_facts();
    net_detach(interface);
    /* Fragments wait for the rest of their datagram; they are given up within a minute. */
    interface = net_attach(&nic);
    for (steps = 0; steps < 300; steps++) {
        now_ns += STEP_NS;
        net_poll();
    }
    net_detach(interface);
    if (lwip_stats.mem.used != 0) {
        fprintf(stderr, "%u bytes are held\n", (unsigned int)lwip_stats.mem.used);
        abort();
    }
    return 0;
}
