/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections, from their first byte to their end; the session is in remote_session.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mbedtls/platform_util.h"
#include "remote_parts.h"

#define LOG_BYTES 192u

uint64_t remote_now_ns(const struct remote *remote)
{
    return remote->platform->monotonic_ns(remote->platform->ctx);
}

/* ---- The log --------------------------------------------------------------------------- */

void remote_log(struct remote *remote, const char *format, ...)
{
    char line[LOG_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    remote->platform->log(remote->platform->ctx, line);
}

/* About somebody who has not shown the secret: a line a second, so that nobody can flood it. */
static void log_stranger(const struct remote_connection *connection, const char *what)
{
    struct remote *remote = connection->remote;
    uint64_t now = remote_now_ns(remote);

    if (now < remote->log_at_ns) {
        remote->unlogged++;
        return;
    }
    if (remote->unlogged > 0) {
        remote_log(remote, "agent.tcp: %llu strangers more in the meantime",
                   (unsigned long long)remote->unlogged);
    }
    remote_log(remote, "agent.tcp: %s: %s", connection->peer, what);
    remote->log_at_ns = now + REMOTE_SECOND;
    remote->unlogged = 0;
}

/* ---- Life of a connection -------------------------------------------------------------- */

void remote_closed(struct remote_connection *connection)
{
    if (connection->state == REMOTE_OPEN) {
        remote_session_close(connection->remote);
    }
    connection->state = REMOTE_FREE;
}

void remote_finished(struct remote_connection *connection)
{
    connection->is_finished = true;
}

void remote_drop(struct remote_connection *connection)
{
    remote_closed(connection);
    connection->stream.close(connection->stream.channel.ctx);
}

static void drop_stranger(struct remote_connection *connection, uint64_t *counter, const char *why)
{
    ++*counter;
    log_stranger(connection, why);
    remote_drop(connection);
}

void remote_say(struct remote_connection *connection, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(connection->text, sizeof(connection->text), format, arguments);
    va_end(arguments);
    connection->text_bytes = length < 0 ? 0 : (size_t)length;
    connection->text_sent = 0;
}

bool remote_send_text(struct remote_connection *connection)
{
    const struct channel *channel = &connection->stream.channel;
    size_t before = connection->text_sent;

    while (connection->text_sent < connection->text_bytes) {
        size_t left = connection->text_bytes - connection->text_sent;
        uint8_t *room;
        size_t size = channel->ops->reserve(channel->ctx, &room);

        if (size == 0) {
            break;
        }
        size = size < left ? size : left;
        memcpy(room, connection->text + connection->text_sent, size);
        connection->text_sent += size;
        channel->ops->commit(channel->ctx, size);
    }
    if (connection->text_sent != before) {
        channel->ops->flush(channel->ctx);
    }
    return connection->text_sent != before;
}

/* A last error, and the end. */
static void end(struct remote_connection *connection, const char *why)
{
    remote_say(connection, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}}\n", why);
    connection->state = REMOTE_ENDING;
    connection->deadline_ns = remote_now_ns(connection->remote) + REMOTE_AUTH_NS;
}

/*
 * A number that nobody can foretell: the secret keys it, the counter and the clocks keep it from
 * coming twice, and random bytes, where there are any, do so even on a machine that is set back to
 * an earlier state and its clock with it.
 */
static void make_nonce(struct remote *remote, uint8_t nonce[GATE_NONCE_BYTES])
{
    static const char purpose[] = "qga1 nonce";
    const struct platform *platform = remote->platform;
    uint64_t unique[3] = {++remote->nonces, (uint64_t)platform->realtime_ns(platform->ctx),
                          platform->monotonic_ns(platform->ctx)};
    uint8_t random[GATE_NONCE_BYTES] = {0};
    struct hmac hmac;

    (void)platform->random(platform->ctx, random, sizeof(random));
    hmac_begin(&hmac, remote->secret, remote->secret_bytes);
    hmac_add(&hmac, purpose, sizeof(purpose));
    hmac_add(&hmac, unique, sizeof(unique));
    hmac_add(&hmac, random, sizeof(random));
    hmac_end(&hmac, nonce);
}

static void ask(struct remote_connection *connection)
{
    uint8_t nonce[GATE_NONCE_BYTES];
    char digits[2 * GATE_NONCE_BYTES + 1];

    make_nonce(connection->remote, nonce);
    gate_begin(&connection->gate, nonce);
    for (size_t i = 0; i < GATE_NONCE_BYTES; i++) {
        snprintf(digits + 2 * i, 3, "%02x", nonce[i]);
    }
    remote_say(connection, "%s\n", digits);
    connection->state = REMOTE_ASKED;
    connection->deadline_ns = remote_now_ns(connection->remote) + REMOTE_AUTH_NS;
}

/* A free place, or that of the oldest connection without a session. */
static struct remote_connection *find_place(struct remote *remote)
{
    struct remote_connection *oldest = NULL;

    for (size_t i = 0; i < REMOTE_CONNECTIONS; i++) {
        struct remote_connection *connection = &remote->connections[i];

        if (connection->state == REMOTE_FREE) {
            return connection;
        }
        if (connection->state != REMOTE_OPEN &&
            (oldest == NULL || connection->number < oldest->number)) {
            oldest = connection;
        }
    }
    drop_stranger(oldest, &remote->counters.refused, "displaced by a newer connection");
    return oldest;
}

void remote_make_room(struct remote *remote)
{
    (void)find_place(remote);
}

struct remote_connection *remote_accept(struct remote *remote, const struct remote_stream *stream,
                                        const char *peer)
{
    struct remote_connection *connection = find_place(remote);

    memset(connection, 0, sizeof(*connection));
    connection->remote = remote;
    connection->stream = *stream;
    connection->number = ++remote->counters.connections;
    snprintf(connection->peer, sizeof(connection->peer), "%s", peer);
    if (remote_now_ns(remote) < remote->pause_until_ns) {
        connection->state = REMOTE_HELD;
    } else {
        ask(connection);
    }
    return connection;
}

/* ---- Before the session ---------------------------------------------------------------- */

static void right_answer(struct remote_connection *connection)
{
    struct remote *remote = connection->remote;

    remote->failures = 0;
    remote->pause_until_ns = 0;
    if (remote->open != NULL) {
        remote->counters.refused++;
        log_stranger(connection, "another session is open");
        end(connection, "another session is open");
    } else {
        remote->counters.accepted++;
        remote_session_open(connection);
    }
}

static void wrong_answer(struct remote_connection *connection)
{
    struct remote *remote = connection->remote;
    uint64_t seconds = remote->failures < 3 ? UINT64_C(1) << remote->failures : REMOTE_PAUSE_MAX;

    remote->failures++;
    remote->counters.bad_mac++;
    remote->pause_until_ns = remote_now_ns(remote) + seconds * REMOTE_SECOND;
    log_stranger(connection, "wrong answer");
    end(connection, "authentication failed");
}

/* Whoever speaks before it has its number speaks another protocol. */
static bool poll_held(struct remote_connection *connection)
{
    struct remote *remote = connection->remote;
    const struct channel *channel = &connection->stream.channel;
    const uint8_t *bytes;

    if (channel->ops->peek(channel->ctx, &bytes) > 0) {
        drop_stranger(connection, &remote->counters.bad_frame, "another protocol");
    } else if (connection->is_finished) {
        drop_stranger(connection, &remote->counters.refused, "no answer");
    } else if (remote_now_ns(remote) >= remote->pause_until_ns) {
        ask(connection);
    } else {
        return false;
    }
    return true;
}

static bool poll_asked(struct remote_connection *connection)
{
    struct remote *remote = connection->remote;
    const struct channel *channel = &connection->stream.channel;
    bool moved = remote_send_text(connection);
    enum gate_event event;
    const uint8_t *bytes;
    size_t count = channel->ops->peek(channel->ctx, &bytes);
    size_t used = gate_feed(&connection->gate, bytes, count, &event);

    if (used > 0) {
        channel->ops->consume(channel->ctx, used);
    }
    if (event == GATE_WRONG) {
        drop_stranger(connection, &remote->counters.bad_frame, "another protocol");
    } else if (event == GATE_CLAIM) {
        if (gate_verify(&connection->gate, remote->secret, remote->secret_bytes)) {
            right_answer(connection);
        } else {
            wrong_answer(connection);
        }
    } else if (remote_now_ns(remote) >= connection->deadline_ns ||
               (connection->is_finished && used == 0)) {
        drop_stranger(connection, &remote->counters.refused, "no answer");
    } else {
        return moved || used > 0;
    }
    return true;
}

/* Input is thrown away, because a close with bytes unread would be a reset to the other end. */
static bool poll_ending(struct remote_connection *connection)
{
    const struct channel *channel = &connection->stream.channel;
    bool moved = remote_send_text(connection);
    const uint8_t *bytes;
    size_t count = channel->ops->peek(channel->ctx, &bytes);

    if (count > 0) {
        channel->ops->consume(channel->ctx, count);
    }
    if (connection->text_sent < connection->text_bytes &&
        remote_now_ns(connection->remote) < connection->deadline_ns) {
        return moved || count > 0;
    }
    remote_drop(connection);
    return true;
}

/* ---- All of them ----------------------------------------------------------------------- */

bool remote_poll(struct remote *remote)
{
    bool moved = false;

    for (size_t i = 0; i < REMOTE_CONNECTIONS; i++) {
        struct remote_connection *connection = &remote->connections[i];

        switch (connection->state) {
        case REMOTE_FREE:
            break;
        case REMOTE_HELD:
            moved |= poll_held(connection);
            break;
        case REMOTE_ASKED:
            moved |= poll_asked(connection);
            break;
        case REMOTE_OPEN:
            moved |= remote_session_poll(connection);
            break;
        case REMOTE_ENDING:
            moved |= poll_ending(connection);
            break;
        }
    }
    return moved;
}

static uint64_t deadline_ns(const struct remote_connection *connection)
{
    switch (connection->state) {
    case REMOTE_HELD:
        return connection->remote->pause_until_ns;
    case REMOTE_ASKED:
    case REMOTE_ENDING:
        return connection->deadline_ns;
    case REMOTE_OPEN:
        return remote_session_deadline_ns(connection->remote);
    case REMOTE_FREE:
        break;
    }
    return UINT64_MAX;
}

uint64_t remote_deadline_ns(const struct remote *remote)
{
    uint64_t earliest = UINT64_MAX;

    for (size_t i = 0; i < REMOTE_CONNECTIONS; i++) {
        uint64_t deadline = deadline_ns(&remote->connections[i]);

        earliest = deadline < earliest ? deadline : earliest;
    }
    return earliest;
}

const struct remote_counters *remote_counters(const struct remote *remote)
{
    return &remote->counters;
}

static unsigned allowed_access(unsigned allow)
{
    return 1u << COMMAND_READS | ((allow & REMOTE_ALLOW_FILES) != 0 ? 1u << COMMAND_FILES : 0) |
           ((allow & REMOTE_ALLOW_DANGER) != 0 ? 1u << COMMAND_DANGEROUS : 0);
}

static struct remote *create(struct agent *agent, const void *secret, size_t secret_bytes,
                             unsigned allow)
{
    const struct platform *platform = agent->platform;
    struct remote *remote = platform->resize(platform->ctx, NULL, 0, sizeof(*remote));

    if (remote == NULL) {
        return NULL;
    }
    memset(remote, 0, sizeof(*remote));
    remote->platform = platform;
    memcpy(remote->secret, secret, secret_bytes);
    remote->secret_bytes = secret_bytes;
    remote->rules = (struct session_rules){
        .allowed = allowed_access(allow),
        .frame_bytes_max = REMOTE_FRAME_BYTES_MAX,
        .handles_max = REMOTE_HANDLES_MAX,
    };
    if (remote_session_create(remote, agent) < 0) {
        remote_destroy(remote);
        return NULL;
    }
    return remote;
}

struct remote *remote_create(struct agent *agent, const void *secret, size_t secret_bytes,
                             unsigned allow)
{
    const struct platform *platform = agent->platform;
    bool is_secret = secret_bytes >= REMOTE_SECRET_MIN && secret_bytes <= REMOTE_SECRET_MAX;
    struct remote *remote = is_secret ? create(agent, secret, secret_bytes, allow) : NULL;

    if (remote == NULL) {
        platform->log(platform->ctx, is_secret
                                         ? "agent.tcp: NOT STARTED: out of memory"
                                         : "agent.tcp: NOT STARTED: a secret has 32 to 1024 bytes");
    }
    return remote;
}

void remote_destroy(struct remote *remote)
{
    const struct platform *platform = remote->platform;

    for (size_t i = 0; i < REMOTE_CONNECTIONS; i++) {
        if (remote->connections[i].state != REMOTE_FREE) {
            remote_drop(&remote->connections[i]);
        }
    }
    if (remote->session != NULL) {
        session_destroy(remote->session);
    }
    mbedtls_platform_zeroize(remote->secret, sizeof(remote->secret));
    platform->resize(platform->ctx, remote, sizeof(*remote), 0);
}
