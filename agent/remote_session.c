/* SPDX-License-Identifier: BSD-2-Clause */
/* The one session of remote.h: who has it, and what ends it. */
#include <errno.h>

#include "remote_parts.h"

/* ---- Its channel: that of whoever has it; what moves there keeps it open --------------- */

static const struct channel *open_channel(void *ctx)
{
    return &((struct remote *)ctx)->open->stream.channel;
}

static size_t open_peek(void *ctx, const uint8_t **bytes)
{
    const struct channel *channel = open_channel(ctx);

    return channel->ops->peek(channel->ctx, bytes);
}

static void open_consume(void *ctx, size_t count)
{
    struct remote *remote = ctx;
    const struct channel *channel = open_channel(ctx);

    remote->moved_ns = remote_now_ns(remote);
    channel->ops->consume(channel->ctx, count);
}

static size_t open_reserve(void *ctx, uint8_t **room)
{
    const struct channel *channel = open_channel(ctx);

    return channel->ops->reserve(channel->ctx, room);
}

static void open_commit(void *ctx, size_t count)
{
    struct remote *remote = ctx;
    const struct channel *channel = open_channel(ctx);

    if (count > 0) {
        remote->moved_ns = remote_now_ns(remote);
    }
    channel->ops->commit(channel->ctx, count);
}

static void open_flush(void *ctx)
{
    const struct channel *channel = open_channel(ctx);

    channel->ops->flush(channel->ctx);
}

/* ---- Its life -------------------------------------------------------------------------- */

int remote_session_create(struct remote *remote, struct agent *agent)
{
    static const struct channel_ops ops = {
        .peek = open_peek,
        .consume = open_consume,
        .reserve = open_reserve,
        .commit = open_commit,
        .flush = open_flush,
    };

    remote->session = session_create(agent, (struct channel){&ops, remote});
    if (remote->session == NULL) {
        return -ENOMEM;
    }
    session_restrict(remote->session, &remote->rules);
    return 0;
}

void remote_session_open(struct remote_connection *connection)
{
    struct remote *remote = connection->remote;
    const struct remote_counters *counters = &remote->counters;

    remote->open = connection;
    remote->moved_ns = remote_now_ns(remote);
    remote->frame_since_ns = 0;
    connection->state = REMOTE_OPEN;
    remote_say(connection,
               "{\"return\": {\"accepted\": %llu, \"refused\": %llu, \"bad-mac\": %llu, "
               "\"bad-frame\": %llu}}\n",
               (unsigned long long)counters->accepted, (unsigned long long)counters->refused,
               (unsigned long long)counters->bad_mac, (unsigned long long)counters->bad_frame);
    remote_log(remote, "agent.tcp: %s: session opened", connection->peer);
}

void remote_session_close(struct remote *remote)
{
    remote_log(remote, "agent.tcp: %s: session closed", remote->open->peer);
    remote->open = NULL;
    session_closed(remote->session);
}

uint64_t remote_session_deadline_ns(const struct remote *remote)
{
    const struct remote_connection *connection = remote->open;

    if (remote->session->is_sending || connection->text_sent < connection->text_bytes) {
        return remote->moved_ns + REMOTE_FRAME_NS;
    }
    if (remote->frame_since_ns != 0) {
        return remote->frame_since_ns + REMOTE_FRAME_NS;
    }
    return remote->moved_ns + REMOTE_IDLE_NS;
}

/* Notes since when the request that is being read has been on its way. */
static void time_frame(struct remote *remote)
{
    const struct session *session = remote->session;

    if (session->frame_bytes == 0) {
        remote->frame_since_ns = 0;
    } else if (remote->frame_since_ns == 0 || remote->requests != session->requests) {
        remote->frame_since_ns = remote_now_ns(remote);
    }
    remote->requests = session->requests;
}

bool remote_session_poll(struct remote_connection *connection)
{
    struct remote *remote = connection->remote;
    const struct session *session = remote->session;
    bool moved = remote_send_text(connection);
    const uint8_t *bytes;

    if (connection->text_sent == connection->text_bytes) {
        moved |= session_poll(remote->session);
        time_frame(remote);
    }
    if (session->is_over && !session->is_sending) {
        remote->counters.bad_frame++;
        remote_log(remote, "agent.tcp: %s: not a request", connection->peer);
    } else if (remote_now_ns(remote) >= remote_session_deadline_ns(remote)) {
        remote_log(remote, "agent.tcp: %s: too slow", connection->peer);
    } else if (!connection->is_finished || moved || session->is_sending ||
               open_peek(remote, &bytes) > 0) {
        return moved;
    }
    remote_drop(connection);
    return true;
}
