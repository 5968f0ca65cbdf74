/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * The whole agent on a stream of bytes.  Of an input, byte 0 says how much memory there is and
 * which allocation fails, bytes 1 to 8 are the sizes of the pieces in which the rest arrives (a
 * piece of size 0 stands for a disconnect) and, at the same time, how much of the output the host
 * takes after each.
 *
 * Checked besides what the sanitizers see: replies are ASCII in whole lines of well-formed JSON,
 * and when everything is destroyed no byte of memory is missing.
 */
#define _GNU_SOURCE /* memmem() */
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "framer.h"
#include "linux_platform.h"

#define HEADER_BYTES 9u
/* Pieces of work that running programs get between two pieces of input. */
#define POLLS 8

#define ROOM_BYTES 64u

/* The two ends of the channel in one: what the host sent, and what it got. */
struct wire {
    const uint8_t *piece; /* an exact copy, so that a read past its end is seen */
    size_t piece_size;
    size_t piece_used;
    size_t allowance; /* bytes of output that the host still takes */
    uint8_t room[ROOM_BYTES];
    size_t room_used;
    uint8_t *output;
    size_t output_size;
    size_t output_capacity;
};

static size_t peek(void *ctx, const uint8_t **bytes)
{
    struct wire *wire = ctx;

    *bytes = wire->piece + wire->piece_used;
    return wire->piece_size - wire->piece_used;
}

static void consume(void *ctx, size_t count)
{
    struct wire *wire = ctx;

    if (count > wire->piece_size - wire->piece_used) {
        abort();
    }
    wire->piece_used += count;
}

static void flush(void *ctx)
{
    struct wire *wire = ctx;

    if (wire->output_size + wire->room_used > wire->output_capacity) {
        wire->output_capacity = 2 * (wire->output_size + wire->room_used);
        wire->output = realloc(wire->output, wire->output_capacity);
    }
    if (wire->room_used > 0) {
        memcpy(wire->output + wire->output_size, wire->room, wire->room_used);
        wire->output_size += wire->room_used;
        wire->room_used = 0;
    }
}

static size_t reserve(void *ctx, uint8_t **room)
{
    struct wire *wire = ctx;
    size_t size;

    if (wire->room_used == ROOM_BYTES) {
        flush(wire);
    }
    size = ROOM_BYTES - wire->room_used;
    *room = wire->room + wire->room_used;
    return size < wire->allowance ? size : wire->allowance;
}

static void commit(void *ctx, size_t count)
{
    struct wire *wire = ctx;

    if (count > wire->allowance || count > ROOM_BYTES - wire->room_used) {
        abort();
    }
    wire->room_used += count;
    wire->allowance -= count;
}

static const struct channel_ops ops = {
    .peek = peek,
    .consume = consume,
    .reserve = reserve,
    .commit = commit,
    .flush = flush,
};

/* One line of output, without its newline, is one JSON object that our own framer accepts. */
static void check_line(struct framer *framer, const uint8_t *line, size_t length)
{
    enum framer_event event;

    if (length > 0 && line[0] == 0xFF) {
        line++;
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        if (line[i] < 0x20 || line[i] > 0x7E) {
            abort();
        }
    }
    if (memmem(line, length, "inf", 3) != NULL) {
        return; /* an infinite number is printed as no JSON, by qemu-ga too */
    }
    if (framer_feed(framer, line, length, &event) != length || event != FRAMER_DOCUMENT) {
        abort();
    }
    framer_next(framer, 65536);
}

static void check_output(const struct wire *wire, bool is_cut)
{
    struct linux_platform platform;
    struct framer *framer = malloc(sizeof(*framer));
    size_t start = 0;

    linux_platform_init(&platform, UINT64_MAX);
    framer_init(framer, &platform.platform);
    for (size_t i = 0; i < wire->output_size; i++) {
        if (wire->output[i] == '\n') {
            check_line(framer, wire->output + start, i - start);
            start = i + 1;
        }
    }
    if (start != wire->output_size && !is_cut) {
        abort();
    }
    framer_free(framer);
    free(framer);
}

static void feed(struct session *session, struct wire *wire, const uint8_t *bytes, size_t count,
                 size_t allowance)
{
    uint8_t *piece = malloc(count == 0 ? 1 : count);

    memcpy(piece, bytes, count);
    wire->piece = piece;
    wire->piece_size = count;
    wire->piece_used = 0;
    wire->allowance = allowance;
    while (session_poll(session)) {
    }
    wire->allowance = SIZE_MAX; /* the host reads what is left before it sends more */
    while (session_poll(session)) {
    }
    if (wire->piece_used != count) {
        abort();
    }
    free(piece);
    wire->piece = NULL;
    wire->piece_size = wire->piece_used = 0;
}

static void run(struct agent *agent, const uint8_t *header, const uint8_t *data, size_t size)
{
    struct wire wire = {.allowance = SIZE_MAX};
    struct session *session = session_create(agent, (struct channel){&ops, &wire});
    bool was_closed = false;
    size_t used = 0;

    if (session == NULL) {
        return;
    }
    for (size_t i = 0; used < size; i++) {
        size_t piece = header[1 + i % 8];

        if (piece == 0) {
            session_closed(session);
            was_closed = true;
            piece = 16;
        }
        piece = piece == 255 || piece > size - used ? size - used : piece;
        feed(session, &wire, data + used, piece, header[1 + (i + 3) % 8]);
        used += piece;
        for (int poll = 0; poll < POLLS && agent_poll(agent); poll++) {
        }
    }
    check_output(&wire, was_closed);
    free(wire.output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct linux_platform platform;
    struct agent *agent;

    if (size < HEADER_BYTES) {
        return 0;
    }
    linux_platform_init(&platform, (data[0] & 1) != 0 ? 256u << 10 : 64u << 20);
    platform.is_quiet = true;
    if (data[0] >= 128) {
        platform.fail_after = data[0] & 127;
    }
    agent = agent_create(&platform.platform);
    if (agent != NULL) {
        run(agent, data, data + HEADER_BYTES, size - HEADER_BYTES);
        agent_destroy(agent);
    }
    if (platform.used != 0) {
        abort();
    }
    return 0;
}
