/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop of one channel: the pending reply out, then bytes in, a document, a reply. */
#include <string.h>

#include "faults.h"
#include "framer_parts.h"
#include "state.h"

/* Room for output, or 0 while the host does not take what it has. */
static size_t session_room(struct session *session, uint8_t **room)
{
    return session->channel.ops->reserve(session->channel.ctx, room);
}

/* Sends the reply's text up to offset `end`; returns whether all of it is on its way. */
static bool send_text(struct session *session, size_t end)
{
    const struct channel *channel = &session->channel;
    const struct reply *reply = &session->reply;

    while (session->sent < end) {
        uint8_t *room;
        size_t size = session_room(session, &room);

        if (size == 0) {
            return false;
        }
        if (size > end - session->sent) {
            size = end - session->sent;
        }
        memcpy(room, reply->text.data + session->sent, size);
        session->sent += size;
        channel->ops->commit(channel->ctx, size);
    }
    return true;
}

/* Up to `count` bytes of the reply's file at `offset` that cross a page, gathered. */
static size_t gather(const struct reply *reply, uint64_t offset, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *byte;

        ramfs_peek(reply->file, offset + i, &byte);
        bytes[i] = *byte;
    }
    return count;
}

/*
 * Encodes a piece of the reply's file into `room`, straight from its pages: whole groups of three
 * bytes, except at the end.  Returns the characters written.
 */
static size_t encode_piece(struct session *session, const struct base64_tables *tables,
                           uint8_t *room, size_t size)
{
    const struct reply *reply = &session->reply;
    uint64_t offset = reply->file_offset + session->file_sent;
    size_t left = reply->file_bytes - (size_t)session->file_sent;
    const uint8_t *bytes;
    uint8_t group[3];
    size_t count = ramfs_peek(reply->file, offset, &bytes);

    if (count > left) {
        count = left;
    }
    if (count > size / 4 * 3) {
        count = size / 4 * 3;
    }
    if (count < 3 && count < left) {
        count = gather(reply, offset, group, left < 3 ? left : 3);
        bytes = group;
    } else if (count < left) {
        count -= count % 3;
    }
    base64_encode(tables, bytes, count, room);
    session->file_sent += count;
    return BASE64_ENCODED(count);
}

/*
 * Fills `room` with what comes next of the file.  Where a group of four characters does not fit,
 * as at the end of a ring, it is staged and goes out in parts.
 */
static size_t fill_room(struct session *session, const struct base64_tables *tables, uint8_t *room,
                        size_t size)
{
    size_t used = 0;

    while (used < size) {
        if (session->staged_used < session->staged_count) {
            room[used++] = session->staged[session->staged_used++];
        } else if (session->file_sent == session->reply.file_bytes) {
            break;
        } else if (size - used >= sizeof(session->staged)) {
            used += encode_piece(session, tables, room + used, size - used);
        } else {
            session->staged_count =
                (uint8_t)encode_piece(session, tables, session->staged, sizeof(session->staged));
            session->staged_used = 0;
        }
    }
    return used;
}

static bool send_file(struct session *session)
{
    const struct channel *channel = &session->channel;
    const struct base64_tables *tables =
        agent_base64_tables(session->agent, session->reply.file_bytes);

    while (session->file_sent < session->reply.file_bytes ||
           session->staged_used < session->staged_count) {
        uint8_t *room;
        size_t size = session_room(session, &room);

        if (size == 0) {
            return false;
        }
        channel->ops->commit(channel->ctx, fill_room(session, tables, room, size));
    }
    return true;
}

bool session_send_reply(struct session *session)
{
    const struct reply *reply = &session->reply;

    if (reply->file != NULL && (!send_text(session, reply->file_at) || !send_file(session))) {
        return false;
    }
    return send_text(session, reply->text.size);
}

void session_rewind(struct session *session)
{
    session->sent = 0;
    session->file_sent = 0;
    session->staged_used = session->staged_count = 0;
}

/* Sends what is left to be sent; returns whether there is nothing left of it. */
static bool send_reply(struct session *session)
{
    if (!session->is_sending) {
        return true;
    }
    if (session->faults != NULL && !faults_send(session)) {
        return false;
    }
    if (!session_send_reply(session)) {
        return false;
    }
    session->is_sending = false;
    reply_reset(&session->reply, session->agent->keep_bytes);
    return true;
}

void session_flush(struct session *session)
{
    session->channel.ops->flush(session->channel.ctx);
}

/* The request has been answered: the reply to it is ready to be sent afterwards. */
static void session_answered(struct session *session)
{
    size_t keep = session->agent->keep_bytes;

    session->is_sending = session->reply.text.size > 0;
    session->frame_bytes = 0;
    session->requests++;
    session_rewind(session);
    if (session->faults != NULL) {
        faults_shape(session);
    }
    json_reset(&session->json, keep);
    framer_next(&session->framer, keep);
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Whether these bytes bring something else where only white space or a request may stand. */
static bool is_no_request(const struct framer *framer, const uint8_t *bytes, size_t count)
{
    size_t i = 0;

    if (!framer_is_idle(framer)) {
        return false;
    }
    while (i < count && is_space(bytes[i])) {
        i++;
    }
    return i < count && bytes[i] != '{';
}

/* As framer_feed(); under rules no more than they let one request have. */
static size_t session_feed(struct session *session, const uint8_t *bytes, size_t count,
                           enum framer_event *event)
{
    const struct session_rules *rules = session->rules;
    size_t used;

    if (rules == NULL) {
        return framer_feed(&session->framer, bytes, count, event);
    }
    if (count > rules->frame_bytes_max - session->frame_bytes) {
        count = rules->frame_bytes_max - session->frame_bytes;
    }
    if (is_no_request(&session->framer, bytes, count)) {
        framer_report(&session->framer, "QMP input must be a JSON object");
        *event = FRAMER_ERROR;
        return count;
    }
    used = framer_feed(&session->framer, bytes, count, event);
    session->frame_bytes += used;
    if (framer_is_idle(&session->framer)) {
        session->frame_bytes = 0; /* nothing but white space */
    } else if (*event == FRAMER_MORE && session->frame_bytes == rules->frame_bytes_max) {
        framer_report(&session->framer, "JSON token size limit exceeded");
        *event = FRAMER_ERROR;
    }
    return used;
}

/* Whatever the framer came to. */
static void session_event(struct session *session, enum framer_event event)
{
    if (event == FRAMER_DOCUMENT) {
        session_resume(session);
    } else {
        dispatch_error(session);
        session->is_over = session->rules != NULL;
        session_answered(session);
    }
}

void session_resume(struct session *session)
{
    dispatch(session);
    if (session->faults != NULL && faults_waits(session)) {
        session->is_sending = true; /* nothing more is read until it is */
    } else {
        session_answered(session);
    }
}

bool session_poll(struct session *session)
{
    const struct channel *channel = &session->channel;
    bool was_sending = session->is_sending;
    size_t used = 0;
    const uint8_t *bytes;
    size_t count;

    if (!send_reply(session)) {
        session_flush(session);
        return false;
    }
    count = channel->ops->peek(channel->ctx, &bytes);
    while (used < count && !session->is_sending && !session->is_over) {
        enum framer_event event;

        used += session_feed(session, bytes + used, count - used, &event);
        if (event != FRAMER_MORE) {
            session_event(session, event);
            send_reply(session);
        }
    }
    if (used > 0) {
        channel->ops->consume(channel->ctx, used);
    }
    session_flush(session);
    return used > 0 || was_sending;
}

/* Handles outlive their session unless it is restricted. */
static void close_handles(struct session *session)
{
    if (session->rules != NULL) {
        agent_close_handles_of(session->agent, session);
    }
}

void session_closed(struct session *session)
{
    if (session->faults != NULL) {
        faults_closed(session);
        if (faults_waits(session)) {
            return; /* the command was taken, and will be carried out for nobody */
        }
    }
    session->is_sending = false;
    reply_reset(&session->reply, session->agent->keep_bytes);
    json_reset(&session->json, 0);
    framer_reset(&session->framer);
    session->frame_bytes = 0;
    session->is_over = false;
    close_handles(session);
}

void session_restrict(struct session *session, const struct session_rules *rules)
{
    session->rules = rules;
    faults_detach(session);
}

bool session_may_begin(const uint8_t *bytes, size_t count)
{
    static const uint8_t beginnings[] = {'{', 0xFF, ' ', '\t', '\r', '\n'};

    return count > 0 && memchr(beginnings, bytes[0], sizeof(beginnings)) != NULL;
}

struct session *session_create(struct agent *agent, struct channel channel)
{
    const struct platform *platform = agent->platform;
    struct session *session = platform->resize(platform->ctx, NULL, 0, sizeof(*session));

    if (session == NULL) {
        return NULL;
    }
    memset(session, 0, sizeof(*session));
    session->agent = agent;
    session->channel = channel;
    session->next = agent->sessions;
    agent->sessions = session;
    framer_init(&session->framer, platform);
    json_init(&session->json, platform);
    if (reply_init(&session->reply, platform) < 0 || faults_attach(session) < 0) {
        session_destroy(session);
        return NULL;
    }
    return session;
}

void session_destroy(struct session *session)
{
    const struct platform *platform = session->agent->platform;
    struct session **link = &session->agent->sessions;

    while (*link != session) {
        link = &(*link)->next;
    }
    *link = session->next;
    close_handles(session);
    faults_detach(session);
    framer_free(&session->framer);
    json_free(&session->json);
    reply_free(&session->reply);
    platform->resize(platform->ctx, session, sizeof(*session), 0);
}
