/* SPDX-License-Identifier: BSD-2-Clause */
/* What faults do to the agent as a whole, and what they do by the clock. */
#include <stdio.h>
#include <string.h>

#include "faults_parts.h"
#include "state.h"

/*
 * How long a port stays closed.  QEMU tells of a port at most once a second
 * (hw/char/virtio-serial-bus.c, VSERPORT_CHANGE is rate-limited): a client that follows these
 * events would not see a shorter one.
 */
#define DEFAULT_CLOSED_MS 1500u

static void set_open(struct session *session, bool open)
{
    const struct channel *channel = &session->channel;

    if (channel->ops->set_open != NULL) {
        channel->ops->set_open(channel->ctx, open);
    }
}

void faults_close(struct session *session, uint64_t until_ns)
{
    struct faults_session *self = session->faults;

    self->is_waiting = self->is_resumed = self->is_leaving = false;
    self->leaving = NULL;
    memset(self->plan, 0, sizeof(self->plan));
    self->closed_until_ns = until_ns;
    set_open(session, false);
    session_closed(session);
}

static uint64_t closed_until_ns(const struct agent *agent, const struct fault *spec)
{
    uint32_t ms = spec->has_ms ? spec->ms : DEFAULT_CLOSED_MS;

    return faults_now_ns(agent) + ms * FAULTS_NS_PER_MS;
}

static void close_all(struct agent *agent, uint64_t until_ns)
{
    for (struct session *session = agent->sessions; session != NULL; session = session->next) {
        if (session->faults != NULL) {
            faults_close(session, until_ns);
        }
    }
}

static void log_strike(struct agent *agent, const struct fault *spec)
{
    char line[64];

    snprintf(line, sizeof(line), "faults: %s", fault_effect_values[spec->effect]);
    agent->platform->log(agent->platform->ctx, line);
}

void faults_strike(struct agent *agent, struct session *only, const struct faults_item *item)
{
    const struct fault *spec = &item->spec;

    log_strike(agent, spec);
    switch (spec->effect) {
    case FAULT_EFFECT_CLOCK_JUMP:
        agent_jump_clock(agent, spec->jump_ms);
        break;
    case FAULT_EFFECT_CRASH:
        agent->platform->crash(agent->platform->ctx);
        break;
    case FAULT_EFFECT_RESTART:
        agent->faults->closed_until_ns = closed_until_ns(agent, spec);
        close_all(agent, agent->faults->closed_until_ns);
        agent_close_handles(agent);
        tasks_free(agent); /* no process here outlives the agent */
        break;
    default: /* FAULT_EFFECT_DISCONNECT */
        if (only != NULL) {
            faults_close(only, closed_until_ns(agent, spec));
        } else {
            close_all(agent, closed_until_ns(agent, spec));
        }
        break;
    }
}

/* The fault's time is come. */
static void item_due(struct agent *agent, struct faults_item *item)
{
    uint64_t due_ns = item->next_ns;
    bool fires = faults_fires(item);

    bool again =
        item->spec.has_every_ms && !(item->spec.has_times && item->fired >= item->spec.times);

    item->next_ns = again ? due_ns + item->spec.every_ms * FAULTS_NS_PER_MS : FAULTS_SPENT;
    if (fires) {
        faults_strike(agent, NULL, item);
    }
}

static bool session_due(struct session *session, uint64_t now_ns)
{
    struct faults_session *self = session->faults;

    if (self->is_leaving) {
        const struct faults_item *item = self->leaving;

        self->is_leaving = false;
        self->leaving = NULL;
        session->is_sending = false;
        faults_strike(session->agent, session, item);
        return true;
    }
    if (self->closed_until_ns != 0 && now_ns >= self->closed_until_ns) {
        self->closed_until_ns = 0;
        set_open(session, true);
        return true;
    }
    return false;
}

bool faults_poll(struct agent *agent)
{
    struct faults *faults = agent->faults;
    uint64_t now_ns = faults_now_ns(agent);
    bool moved = false;

    for (uint32_t i = 0; i < faults->count; i++) {
        if (faults->items[i].next_ns <= now_ns) {
            item_due(agent, &faults->items[i]);
            moved = true;
        }
    }
    for (struct session *session = agent->sessions; session != NULL; session = session->next) {
        moved |= session->faults != NULL && session_due(session, now_ns);
    }
    return moved;
}

static uint64_t session_deadline_ns(const struct session *session)
{
    const struct faults_session *self = session->faults;
    uint64_t deadline_ns = FAULTS_NEVER;

    if (self->is_leaving) {
        return 0;
    }
    if (self->is_waiting) {
        deadline_ns = self->due_ns;
    } else if (self->is_shaped && self->drip_bytes != 0 && !self->is_stalled) {
        deadline_ns = self->next_ns;
    }
    if (self->closed_until_ns != 0 && self->closed_until_ns < deadline_ns) {
        deadline_ns = self->closed_until_ns;
    }
    return deadline_ns;
}

uint64_t faults_deadline_ns(const struct agent *agent)
{
    const struct faults *faults = agent->faults;
    uint64_t deadline_ns = FAULTS_NEVER;

    for (uint32_t i = 0; i < faults->count; i++) {
        if (faults->items[i].next_ns < deadline_ns) {
            deadline_ns = faults->items[i].next_ns;
        }
    }
    for (const struct session *session = agent->sessions; session != NULL;
         session = session->next) {
        uint64_t session_ns = session->faults != NULL ? session_deadline_ns(session) : FAULTS_NEVER;

        deadline_ns = session_ns < deadline_ns ? session_ns : deadline_ns;
    }
    return deadline_ns;
}
