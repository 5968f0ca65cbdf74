/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * A stranger on the network.  Byte 0 of an input says whether he knows the secret (bit 0) and
 * whether the answer comes in one piece with what follows (bit 1); bytes 1 to 8 are the sizes of
 * the pieces in which the rest arrives, 0 standing for a second of silence and 255 for the end of
 * his sending.
 *
 * Checked besides what the sanitizers see: the parser before the authentication takes the frames
 * that it describes and no others, however they are cut up; without the secret there is never a
 * session; without leave there is never a shutdown or an open file; and all memory comes back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "linux_platform.h"
#include "remote.h"
#include "remote_parts.h"

#define HEADER_BYTES 9u
#define OUTPUT_BYTES (1u << 20)

static const uint8_t secret[REMOTE_SECRET_MIN] = {1};
static uint64_t clock_ns;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* ---- The parser against its own description ---------------------------------------------- */

/* The frame without its white space, if `bytes` are one. */
static bool is_frame(const uint8_t *bytes, size_t count)
{
    static const char *const parts[][2] = {
        {"{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"", "\"}}"},
        {"{\"arguments\":{\"mac\":\"", "\"},\"execute\":\"agent-auth\"}"},
    };
    char text[GATE_BYTES_MAX + 1];
    size_t length = 0;

    for (size_t i = 0; i < count; i++) {
        if (memchr(" \t\r\n", bytes[i], 4) == NULL) {
            text[length++] = (char)bytes[i];
        }
    }
    text[length] = '\0';
    for (size_t i = 0; i < 2; i++) {
        size_t head = strlen(parts[i][0]);

        if (strncmp(text, parts[i][0], head) == 0 &&
            strspn(text + head, "0123456789abcdefABCDEF") == 2 * HMAC_BYTES &&
            strcmp(text + head + 2 * HMAC_BYTES, parts[i][1]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_parser(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[GATE_NONCE_BYTES];
    struct gate whole;
    struct gate cut;
    enum gate_event event;
    enum gate_event cut_event = GATE_MORE;
    size_t used;
    size_t cut_used = 0;

    gate_begin(&whole, nonce);
    gate_begin(&cut, nonce);
    used = gate_feed(&whole, data, size, &event);
    while (cut_used < size && cut_event == GATE_MORE) {
        cut_used += gate_feed(&cut, data + cut_used, 1, &cut_event);
    }
    require(used == cut_used && event == cut_event && used <= GATE_BYTES_MAX + 1);
    require(event != GATE_CLAIM || is_frame(data, used));
    /* No shorter part of it is a frame that was missed. */
    for (size_t i = 1; i < used; i++) {
        require(data[i - 1] != '}' || !is_frame(data, i));
    }
}

/* ---- A connection ------------------------------------------------------------------------ */

struct wire {
    const uint8_t *piece; /* an exact copy, so that a read past its end is seen */
    size_t piece_size;
    size_t piece_used;
    uint8_t *output;
    size_t output_size;
    bool is_closed;
};

static size_t peek(void *ctx, const uint8_t **bytes)
{
    struct wire *wire = ctx;

    require(!wire->is_closed);
    *bytes = wire->piece + wire->piece_used;
    return wire->piece_size - wire->piece_used;
}

static void consume(void *ctx, size_t count)
{
    struct wire *wire = ctx;

    require(count <= wire->piece_size - wire->piece_used);
    wire->piece_used += count;
}

static size_t reserve(void *ctx, uint8_t **room)
{
    struct wire *wire = ctx;

    require(!wire->is_closed);
    if (wire->output_size == OUTPUT_BYTES) {
        wire->output_size = 128; /* the number stays where it is */
    }
    *room = wire->output + wire->output_size;
    return OUTPUT_BYTES - wire->output_size;
}

static void commit(void *ctx, size_t count)
{
    struct wire *wire = ctx;

    wire->output_size += count;
}

static void flush(void *ctx)
{
    (void)ctx;
}

static void close_wire(void *ctx)
{
    struct wire *wire = ctx;

    require(!wire->is_closed);
    wire->is_closed = true;
}

static uint64_t fake_monotonic_ns(void *ctx)
{
    (void)ctx;
    return clock_ns;
}

static int64_t fake_realtime_ns(void *ctx)
{
    (void)ctx;
    return 0;
}

static int no_random(void *ctx, void *buffer, size_t bytes)
{
    (void)ctx;
    (void)buffer;
    (void)bytes;
    return -1;
}

/* The right answer to the number that the agent has sent; returns its length. */
static size_t write_answer(const struct wire *wire, char *text)
{
    uint8_t nonce[GATE_NONCE_BYTES];
    uint8_t code[HMAC_BYTES];
    struct hmac hmac;
    int used = sprintf(text, "{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"");

    for (size_t i = 0; i < sizeof(nonce); i++) {
        char digits[3] = {(char)wire->output[2 * i], (char)wire->output[2 * i + 1], '\0'};

        nonce[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    hmac_begin(&hmac, secret, sizeof(secret));
    hmac_add(&hmac, nonce, sizeof(nonce));
    hmac_add(&hmac, GATE_LABEL, sizeof(GATE_LABEL) - 1);
    hmac_end(&hmac, code);
    for (size_t i = 0; i < sizeof(code); i++) {
        used += sprintf(text + used, "%02x", code[i]);
    }
    return (size_t)(used + sprintf(text + used, "\"}}"));
}

static void feed(struct remote *remote, struct wire *wire, const uint8_t *bytes, size_t count)
{
    uint8_t *piece = malloc(count == 0 ? 1 : count);

    memcpy(piece, bytes, count);
    wire->piece = piece;
    wire->piece_size = count;
    wire->piece_used = 0;
    while (remote_poll(remote)) {
    }
    require(wire->is_closed || wire->piece_used == count);
    require(remote_deadline_ns(remote) > clock_ns);
    free(piece);
    wire->piece = NULL;
    wire->piece_size = wire->piece_used = 0;
}

static void run(struct remote *remote, const uint8_t *header, const uint8_t *data, size_t size)
{
    struct wire wire = {.output = malloc(OUTPUT_BYTES)};
    static const struct channel_ops ops = {
        .peek = peek, .consume = consume, .reserve = reserve, .commit = commit, .flush = flush};
    const struct remote_stream stream = {{&ops, &wire}, close_wire};
    struct remote_connection *connection = remote_accept(remote, &stream, "fuzz");
    uint8_t *bytes = malloc(size + 200);
    size_t used = 0;
    size_t total = 0;

    feed(remote, &wire, bytes, 0);
    if ((header[0] & 1) != 0) {
        total = write_answer(&wire, (char *)bytes);
        if ((header[0] & 2) == 0) {
            feed(remote, &wire, bytes, total);
            total = 0;
        }
    }
    memcpy(bytes + total, data, size);
    total += size;
    for (size_t i = 0; used < total && !wire.is_closed; i++) {
        size_t piece = header[1 + i % 8];

        if (piece == 0) {
            clock_ns += REMOTE_SECOND;
            piece = 1;
        } else if (piece == 255) {
            remote_finished(connection);
            piece = total - used;
        }
        piece = piece < total - used ? piece : total - used;
        feed(remote, &wire, bytes + used, piece);
        used += piece;
    }
    free(bytes);
    require((header[0] & 1) != 0 || remote_counters(remote)->accepted == 0);
    if (!wire.is_closed) {
        remote_closed(connection);
    }
    free(wire.output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct linux_platform linux_platform;
    struct platform *platform = &linux_platform.platform;
    struct agent *agent;
    struct remote *remote;

    check_parser(data, size);
    if (size < HEADER_BYTES) {
        return 0;
    }
    clock_ns = REMOTE_SECOND;
    linux_platform_init(&linux_platform, 64u << 20);
    linux_platform.is_quiet = true;
    platform->monotonic_ns = fake_monotonic_ns;
    platform->realtime_ns = fake_realtime_ns;
    platform->random = no_random;
    agent = agent_create(platform);
    remote = remote_create(agent, secret, sizeof(secret), 0);
    run(remote, data, data + HEADER_BYTES, size - HEADER_BYTES);
    require(linux_platform.power < 0 && agent->open_handles == 0 && !agent->frozen);
    remote_destroy(remote);
    agent_destroy(agent);
    require(linux_platform.used == 0);
    return 0;
}
