/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host gets in place of a reply.  The reply is written to memory as it would have gone
 * out, changed there, and sent from there: with white space that takes no memory, or drop by drop.
 */
#include <errno.h>
#include <string.h>

#include "faults_parts.h"
#include "state.h"

#define DEFAULT_GARBAGE_BYTES 16u
#define DEFAULT_COPIES        2u
#define DEFAULT_DRIP_BYTES    1u
#define DEFAULT_DRIP_MS       10u

/* How much of a reply is written to memory in one go. */
#define CAPTURE_BYTES 65536u

/* --- the reply in memory -------------------------------------------------------------------- */

/* A channel into a buffer; where memory ends, it takes no more. */
static size_t capture_reserve(void *ctx, uint8_t **room)
{
    struct buffer *buffer = ctx;

    if (buffer->size == buffer->capacity && buffer_reserve(buffer, CAPTURE_BYTES) < 0 &&
        buffer_reserve(buffer, 1) < 0) {
        return 0;
    }
    *room = buffer->data + buffer->size;
    return buffer->capacity - buffer->size;
}

static void capture_commit(void *ctx, size_t count)
{
    ((struct buffer *)ctx)->size += count;
}

/* Appends the whole reply to `buffer`: 0, or -ENOMEM and the reply can still be sent. */
static int capture(struct session *session, struct buffer *buffer)
{
    static const struct channel_ops ops = {.reserve = capture_reserve, .commit = capture_commit};
    struct channel channel = session->channel;
    size_t before = buffer->size;
    bool is_whole;

    session->channel = (struct channel){.ops = &ops, .ctx = buffer};
    is_whole = session_send_reply(session);
    session->channel = channel;
    session_rewind(session);
    if (!is_whole) {
        buffer->size = before;
        return -ENOMEM;
    }
    return 0;
}

/* --- shaping -------------------------------------------------------------------------------- */

static bool changes_bytes(const struct faults_session *self)
{
    static const enum fault_effect effects[] = {
        FAULT_EFFECT_NO_REPLY,  FAULT_EFFECT_CUT,  FAULT_EFFECT_GARBAGE, FAULT_EFFECT_STALE,
        FAULT_EFFECT_DUPLICATE, FAULT_EFFECT_HUGE, FAULT_EFFECT_DRIP,
    };

    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        if (self->plan[effects[i]] != NULL) {
            return true;
        }
    }
    return self->leaving != NULL;
}

static int add_garbage(struct buffer *out, const struct faults_item *item, struct faults *faults)
{
    const struct fault *spec = &item->spec;
    uint32_t count = spec->has_bytes ? spec->bytes : DEFAULT_GARBAGE_BYTES;

    if (spec->has_text) {
        return buffer_append(out, spec->text.bytes, spec->text.length);
    }
    if (buffer_reserve(out, count) < 0) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        /* The plan points into this very list. */
        out->data[out->size++] =
            (uint8_t)(faults_random(&faults->items[item - faults->items]) >> 56);
    }
    return 0;
}

/* The reply, as often as it is wanted, and where white space may come into the first. */
static int add_reply(struct session *session, uint32_t copies)
{
    struct faults_session *self = session->faults;
    size_t start = self->out.size;
    const uint8_t *bracket;
    size_t length;

    if (capture(session, &self->out) < 0) {
        return -ENOMEM;
    }
    length = self->out.size - start;
    bracket = length == 0 ? NULL : memchr(self->out.data + start, '{', length);
    self->pad_at = bracket == NULL ? self->out.size : (size_t)(bracket + 1 - self->out.data);
    if (length != 0 && (copies - 1) > (SIZE_MAX / 4) / length) {
        return -ENOMEM;
    }
    if (buffer_reserve(&self->out, length * (copies - 1)) < 0) {
        return -ENOMEM;
    }
    for (uint32_t i = 1; i < copies && length != 0; i++) {
        memcpy(self->out.data + self->out.size, self->out.data + start, length);
        self->out.size += length;
    }
    return 0;
}

static int compose(struct session *session)
{
    struct faults_session *self = session->faults;
    const struct faults_item *const *plan = self->plan;
    const struct faults_item *stale = plan[FAULT_EFFECT_STALE];
    const struct faults_item *cut = plan[FAULT_EFFECT_CUT];
    const struct faults_item *twice = plan[FAULT_EFFECT_DUPLICATE];
    uint32_t copies = twice == NULL            ? 1
                      : twice->spec.has_copies ? twice->spec.copies
                                               : DEFAULT_COPIES;
    size_t start;

    self->out.size = 0;
    self->pad_at = SIZE_MAX;
    if (plan[FAULT_EFFECT_GARBAGE] != NULL &&
        add_garbage(&self->out, plan[FAULT_EFFECT_GARBAGE], session->agent->faults) < 0) {
        return -ENOMEM;
    }
    if (stale != NULL && buffer_append(&self->out, self->previous.data, self->previous.size) < 0) {
        return -ENOMEM;
    }
    start = self->out.size;
    if (plan[FAULT_EFFECT_NO_REPLY] == NULL && (stale == NULL || !stale->spec.instead) &&
        add_reply(session, copies) < 0) {
        return -ENOMEM;
    }
    if (cut != NULL) {
        size_t length = self->out.size - start;
        size_t kept = cut->spec.has_bytes ? cut->spec.bytes : length / 2;

        self->out.size = start + (kept < length ? kept : length);
    }
    return 0;
}

static void pace(struct faults_session *self)
{
    const struct faults_item *huge = self->plan[FAULT_EFFECT_HUGE];
    const struct faults_item *drip = self->plan[FAULT_EFFECT_DRIP];

    self->sent = 0;
    self->next_ns = 0;
    self->is_stalled = false;
    self->pad_bytes = huge != NULL && self->pad_at < self->out.size ? huge->spec.bytes : 0;
    self->drip_bytes = 0;
    if (drip != NULL) {
        uint32_t ms = drip->spec.has_ms ? drip->spec.ms : DEFAULT_DRIP_MS;

        self->drip_bytes = drip->spec.has_bytes ? drip->spec.bytes : DEFAULT_DRIP_BYTES;
        self->drip_ns = ms * FAULTS_NS_PER_MS;
    }
}

/* Keeps the reply for a fault that sends it again.  Without memory there is none to send. */
static void remember(struct session *session)
{
    struct buffer *previous = &session->faults->previous;

    if (session->agent->faults->keeps_replies && session->reply.text.size > 0) {
        previous->size = 0;
        (void)capture(session, previous);
    }
}

void faults_shape(struct session *session)
{
    struct faults_session *self = session->faults;

    if (!changes_bytes(self)) {
        remember(session);
    } else if (compose(session) < 0) {
        buffer_reset(&self->out, 0);
        self->leaving = NULL;
        session->agent->platform->log(session->agent->platform->ctx,
                                      "faults: no memory for this one, the reply stays right");
    } else {
        remember(session);
        pace(self);
        self->is_shaped = true;
        session->is_sending = true;
        reply_reset(&session->reply, session->agent->keep_bytes);
    }
    memset(self->plan, 0, sizeof(self->plan));
}

/* --- sending -------------------------------------------------------------------------------- */

/* What comes next: bytes in memory, or white space where *bytes is NULL; 0 at the end. */
static size_t next_piece(const struct faults_session *self, const uint8_t **bytes)
{
    size_t end = self->out.size;

    *bytes = NULL;
    if (self->pad_bytes > 0 && self->sent == self->pad_at) {
        return self->pad_bytes < SIZE_MAX ? (size_t)self->pad_bytes : SIZE_MAX;
    }
    if (self->pad_bytes > 0 && self->sent < self->pad_at) {
        end = self->pad_at;
    }
    *bytes = self->out.data == NULL ? (const uint8_t *)"" : self->out.data + self->sent;
    return end - self->sent;
}

/* Sends at most `limit` bytes; returns how many, less only at the end or if the host stalls. */
static size_t send_some(struct session *session, size_t limit)
{
    struct faults_session *self = session->faults;
    const struct channel *channel = &session->channel;
    size_t done = 0;

    while (done < limit) {
        const uint8_t *bytes;
        size_t piece = next_piece(self, &bytes);
        uint8_t *room;
        size_t size = piece == 0 ? 0 : channel->ops->reserve(channel->ctx, &room);

        self->is_stalled = piece != 0 && size == 0;
        if (size == 0) {
            break;
        }
        size = size < piece ? size : piece;
        size = size < limit - done ? size : limit - done;
        if (bytes != NULL) {
            memcpy(room, bytes, size);
            self->sent += size;
        } else {
            memset(room, ' ', size);
            self->pad_bytes -= size;
        }
        channel->ops->commit(channel->ctx, size);
        done += size;
    }
    return done;
}

/* Sends what may go out now; returns whether that was the last of it. */
static bool send_shaped(struct session *session)
{
    struct faults_session *self = session->faults;
    const uint8_t *bytes;

    if (self->drip_bytes == 0) {
        send_some(session, SIZE_MAX);
    } else if (faults_now_ns(session->agent) >= self->next_ns) {
        if (send_some(session, self->drip_bytes) > 0) {
            self->next_ns = faults_now_ns(session->agent) + self->drip_ns;
        }
    }
    return next_piece(self, &bytes) == 0;
}

bool faults_send(struct session *session)
{
    struct faults_session *self = session->faults;
    const uint8_t *bytes;

    if (self->is_waiting) {
        if (faults_now_ns(session->agent) < self->due_ns) {
            /* Holds what has arrived, so that it does not keep the processor awake. */
            session->channel.ops->peek(session->channel.ctx, &bytes);
            return false;
        }
        self->is_waiting = false;
        self->is_resumed = true;
        session_resume(session);
    }
    if (self->is_shaped) {
        if (!send_shaped(session)) {
            return false;
        }
        self->is_shaped = false;
        buffer_reset(&self->out, session->agent->keep_bytes);
        self->is_leaving = self->leaving != NULL;
    }
    return !self->is_leaving; /* faults_poll() makes an end of it */
}

bool faults_waits(const struct session *session)
{
    return session->faults->is_waiting;
}

void faults_closed(struct session *session)
{
    struct faults_session *self = session->faults;

    if (self->is_shaped && self->leaving != NULL) {
        self->is_leaving = true;
    }
    self->is_shaped = false;
    buffer_reset(&self->out, 0);
}

void faults_forget(struct session *session)
{
    struct faults_session *self = session->faults;

    memset(self->plan, 0, sizeof(self->plan));
    self->due_ns = 0;
    self->drip_bytes = 0;
    self->leaving = NULL;
    self->is_leaving = false;
}
