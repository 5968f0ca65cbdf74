/* SPDX-License-Identifier: BSD-2-Clause */
/* A call meets the faults: which of them fire, and what that makes of the command. */
#include <errno.h>
#include <string.h>

#include "faults_parts.h"
#include "state.h"

/* The commands that always work. */
#define VENDOR_PREFIX "__org.bare-qga_"

#define DEFAULT_FAULT_DESC  "this error was asked for"
#define DEFAULT_FREEZE_DESC "failed to freeze /: Device or resource busy"

/* --- triggers ------------------------------------------------------------------------------- */

uint64_t faults_random(struct faults_item *item)
{
    uint64_t mixed;

    item->random += UINT64_C(0x9E3779B97F4A7C15);
    mixed = item->random;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

bool faults_fires(struct faults_item *item)
{
    const struct fault *spec = &item->spec;
    bool once = spec->has_nth || (item->next_ns != FAULTS_NEVER && !spec->has_every_ms);
    uint64_t times = spec->has_times ? spec->times : once ? 1 : UINT64_MAX;

    item->met++;
    if (spec->has_nth && item->met < spec->nth) {
        return false;
    }
    if (item->fired >= times) {
        return false;
    }
    /* 53 bits are what a double holds; no draw where there is nothing to draw for. */
    if (spec->has_probability &&
        !((double)(faults_random(item) >> 11) * 0x1p-53 < spec->probability)) {
        return false;
    }
    item->fired++;
    return true;
}

static bool is_freeze(struct args_string name)
{
    return strcmp(name.bytes, "guest-fsfreeze-freeze") == 0 ||
           strcmp(name.bytes, "guest-fsfreeze-freeze-list") == 0;
}

static bool is_sync(struct args_string name)
{
    return strcmp(name.bytes, "guest-sync") == 0 || strcmp(name.bytes, "guest-sync-delimited") == 0;
}

static bool meets(const struct agent *agent, const struct faults_item *item,
                  struct args_string name)
{
    const struct fault *spec = &item->spec;

    if (item->next_ns != FAULTS_NEVER || spec->effect == FAULT_EFFECT_LATE_START) {
        return false;
    }
    if (spec->has_command && (spec->command.length != name.length ||
                              memcmp(spec->command.bytes, name.bytes, name.length) != 0)) {
        return false;
    }
    /* A guest that is frozen refuses to freeze, and does so without help. */
    if (spec->effect == FAULT_EFFECT_HALF_FREEZE && (!is_freeze(name) || agent->frozen)) {
        return false;
    }
    return !spec->has_after_ms || faults_now_ns(agent) >= item->not_before_ns;
}

/* Lets the call meet every fault; those that fire are its plan. */
static void make_plan(struct session *session, struct args_string name)
{
    struct faults *faults = session->agent->faults;

    for (uint32_t i = 0; i < faults->count; i++) {
        struct faults_item *item = &faults->items[i];

        if (meets(session->agent, item, name) && faults_fires(item)) {
            session->faults->plan[item->spec.effect] = item;
        }
    }
}

/* --- what they make of the command ---------------------------------------------------------- */

/* The fault that makes the agent go away, if the plan has one. */
static const struct faults_item *leaving_in(const struct faults_session *self)
{
    static const enum fault_effect effects[] = {FAULT_EFFECT_CRASH, FAULT_EFFECT_RESTART,
                                                FAULT_EFFECT_DISCONNECT};

    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        if (self->plan[effects[i]] != NULL) {
            return self->plan[effects[i]];
        }
    }
    return NULL;
}

static enum faults_verdict fail_with(struct reply *reply, const struct fault *spec,
                                     const char *desc)
{
    if (spec->has_desc) {
        desc = spec->desc.bytes;
    }
    reply_error_class(reply, spec->has_class ? spec->class.bytes : "GenericError", "%s", desc);
    return FAULTS_FAILED;
}

/* Half of the file systems, rounded up, are frozen when the next one fails. */
static void freeze_half(struct agent *agent, const struct fault *spec)
{
    struct facts_filesystem filesystem;
    int64_t count = 0;

    if (spec->has_stays_frozen && !spec->stays_frozen) {
        return;
    }
    while (facts_filesystem(agent, (size_t)count, &filesystem)) {
        count++;
    }
    agent->frozen = true;
    agent->frozen_count = (count + 1) / 2;
}

static enum faults_verdict judge(struct session *session, struct args_string name)
{
    struct faults_session *self = session->faults;
    const struct faults_item *const *plan = self->plan;

    self->leaving = leaving_in(self);
    if (self->leaving != NULL &&
        (!self->leaving->spec.has_when || self->leaving->spec.when == FAULT_MOMENT_INSTEAD)) {
        return FAULTS_SILENT;
    }
    if (plan[FAULT_EFFECT_NO_REPLY] != NULL && plan[FAULT_EFFECT_NO_REPLY]->spec.has_run &&
        !plan[FAULT_EFFECT_NO_REPLY]->spec.run) {
        return FAULTS_SILENT;
    }
    if (plan[FAULT_EFFECT_ERROR] != NULL) {
        return fail_with(&session->reply, &plan[FAULT_EFFECT_ERROR]->spec, DEFAULT_FAULT_DESC);
    }
    if (plan[FAULT_EFFECT_HALF_FREEZE] != NULL) {
        freeze_half(session->agent, &plan[FAULT_EFFECT_HALF_FREEZE]->spec);
        return fail_with(&session->reply, &plan[FAULT_EFFECT_HALF_FREEZE]->spec,
                         DEFAULT_FREEZE_DESC);
    }
    if (plan[FAULT_EFFECT_RETURN] != NULL ||
        (plan[FAULT_EFFECT_WRONG_ID] != NULL && is_sync(name))) {
        return FAULTS_VALUE;
    }
    return FAULTS_RUN;
}

enum faults_verdict faults_meet(struct session *session, struct args_string name)
{
    struct faults_session *self = session->faults;
    const struct faults_item *delay;

    if (!self->is_resumed) {
        memset(self->plan, 0, sizeof(self->plan));
        self->leaving = NULL;
        if (strncmp(name.bytes, VENDOR_PREFIX, strlen(VENDOR_PREFIX)) == 0) {
            return FAULTS_RUN;
        }
        make_plan(session, name);
        delay = self->plan[FAULT_EFFECT_DELAY];
        if (delay != NULL) {
            self->is_waiting = true;
            self->due_ns = faults_now_ns(session->agent) + delay->spec.ms * FAULTS_NS_PER_MS;
            return FAULTS_WAIT;
        }
    }
    self->is_resumed = false;
    if (self->plan[FAULT_EFFECT_CLOCK_JUMP] != NULL) {
        faults_strike(session->agent, session, self->plan[FAULT_EFFECT_CLOCK_JUMP]);
    }
    return judge(session, name);
}

/* --- replies that are not the command's ----------------------------------------------------- */

int faults_value(struct session *session, const struct command *command, uint32_t arguments)
{
    const struct faults_item *instead = session->faults->plan[FAULT_EFFECT_RETURN];
    const struct faults_item *wrong_id = session->faults->plan[FAULT_EFFECT_WRONG_ID];
    struct args_guest_sync sync = {0};
    struct reply *reply = &session->reply;
    int result;

    if (instead != NULL) {
        reply_json(reply, &session->agent->faults->document.json, instead->spec.value);
        return 0;
    }
    /* Only the two sync commands come here, and both take the same argument. */
    result = args_parse(&session->json, arguments, command->arguments, &sync, reply);
    if (result < 0) {
        return result;
    }
    reply->delimited = strcmp(command->name, "guest-sync-delimited") == 0;
    if (wrong_id->spec.has_id) {
        reply_json(reply, &session->agent->faults->document.json, wrong_id->spec.id);
    } else {
        reply_int(reply, (int64_t)((uint64_t)sync.id + 1));
    }
    return 0;
}

bool faults_write_id(struct session *session, uint32_t id)
{
    const struct faults_item *item = session->faults->plan[FAULT_EFFECT_WRONG_ID];
    struct reply *reply = &session->reply;
    struct json_number number = {.kind = JSON_DOUBLE};

    if (item == NULL) {
        return false;
    }
    if (id != JSON_NONE && json_type(&session->json, id) == JSON_NUMBER) {
        number = json_number(&session->json, id);
    }
    reply_key(reply, "id");
    if (item->spec.has_id) {
        reply_json(reply, &session->agent->faults->document.json, item->spec.id);
    } else if (number.kind == JSON_I64) {
        reply_int(reply, (int64_t)((uint64_t)number.value.i64 + 1));
    } else {
        reply_c_string(reply, "wrong");
    }
    return true;
}
