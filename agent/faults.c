/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of faults: its life, the checks that the schema cannot express, its report. */
#include <errno.h>
#include <string.h>

#include "faults_parts.h"
#include "state.h"

/* The members that only some effects have a use for. */
enum {
    HAS_CLASS = 1,
    HAS_DESC = 2,
    HAS_VALUE = 4,
    HAS_RUN = 8,
    HAS_MS = 16,
    HAS_BYTES = 32,
    HAS_TEXT = 64,
    HAS_INSTEAD = 128,
    HAS_ID = 256,
    HAS_COPIES = 512,
    HAS_WHEN = 1024,
    HAS_STAYS_FROZEN = 2048,
    HAS_JUMP_MS = 4096,
};

static const struct faults_members {
    uint16_t needed;
    uint16_t allowed;
} members_of[FAULTS_EFFECTS] = {
    [FAULT_EFFECT_ERROR] = {0, HAS_CLASS | HAS_DESC},
    [FAULT_EFFECT_RETURN] = {HAS_VALUE, 0},
    [FAULT_EFFECT_NO_REPLY] = {0, HAS_RUN},
    [FAULT_EFFECT_DELAY] = {HAS_MS, 0},
    [FAULT_EFFECT_CUT] = {0, HAS_BYTES},
    [FAULT_EFFECT_GARBAGE] = {0, HAS_BYTES | HAS_TEXT},
    [FAULT_EFFECT_STALE] = {0, HAS_INSTEAD},
    [FAULT_EFFECT_WRONG_ID] = {0, HAS_ID},
    [FAULT_EFFECT_DUPLICATE] = {0, HAS_COPIES},
    [FAULT_EFFECT_HUGE] = {HAS_BYTES, 0},
    [FAULT_EFFECT_DRIP] = {0, HAS_BYTES | HAS_MS},
    [FAULT_EFFECT_DISCONNECT] = {0, HAS_MS | HAS_WHEN},
    [FAULT_EFFECT_CRASH] = {0, HAS_WHEN},
    [FAULT_EFFECT_RESTART] = {0, HAS_MS | HAS_WHEN},
    [FAULT_EFFECT_LATE_START] = {HAS_MS, 0},
    [FAULT_EFFECT_HALF_FREEZE] = {0, HAS_DESC | HAS_STAYS_FROZEN},
    [FAULT_EFFECT_CLOCK_JUMP] = {HAS_JUMP_MS, 0},
};

static const struct {
    uint16_t bit;
    const char *name;
} member_names[] = {
    {HAS_CLASS, "class"},     {HAS_DESC, "desc"},       {HAS_VALUE, "value"},
    {HAS_RUN, "run"},         {HAS_MS, "ms"},           {HAS_BYTES, "bytes"},
    {HAS_TEXT, "text"},       {HAS_INSTEAD, "instead"}, {HAS_ID, "id"},
    {HAS_COPIES, "copies"},   {HAS_WHEN, "when"},       {HAS_STAYS_FROZEN, "stays-frozen"},
    {HAS_JUMP_MS, "jump-ms"},
};

static uint16_t members_in(const struct fault *spec)
{
    const struct {
        bool has;
        uint16_t bit;
    } found[] = {
        {spec->has_class, HAS_CLASS},     {spec->has_desc, HAS_DESC},
        {spec->has_value, HAS_VALUE},     {spec->has_run, HAS_RUN},
        {spec->has_ms, HAS_MS},           {spec->has_bytes, HAS_BYTES},
        {spec->has_text, HAS_TEXT},       {spec->has_instead, HAS_INSTEAD},
        {spec->has_id, HAS_ID},           {spec->has_copies, HAS_COPIES},
        {spec->has_when, HAS_WHEN},       {spec->has_stays_frozen, HAS_STAYS_FROZEN},
        {spec->has_jump_ms, HAS_JUMP_MS},
    };
    uint16_t members = 0;

    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        members |= found[i].has ? found[i].bit : 0;
    }
    return members;
}

/* --- checks --------------------------------------------------------------------------------- */

static int refuse(struct reply *reply, uint32_t index, const char *name, const char *expects)
{
    return reply_error(reply, "Parameter 'faults[%u].%s' %s", (unsigned)index, name, expects);
}

/* Of the members that only some effects use: all that are needed and no others. */
static int check_members(const struct fault *spec, uint32_t index, struct reply *reply)
{
    const struct faults_members *members = &members_of[spec->effect];
    uint16_t found = members_in(spec);

    for (size_t i = 0; i < sizeof(member_names) / sizeof(member_names[0]); i++) {
        uint16_t bit = member_names[i].bit;

        if ((members->needed & bit) != 0 && (found & bit) == 0) {
            return refuse(reply, index, member_names[i].name, "is missing");
        }
        if ((found & bit) != 0 && ((members->needed | members->allowed) & bit) == 0) {
            return refuse(reply, index, member_names[i].name, "has no meaning for this effect");
        }
    }
    return 0;
}

static bool can_strike(enum fault_effect effect)
{
    return effect == FAULT_EFFECT_DISCONNECT || effect == FAULT_EFFECT_CRASH ||
           effect == FAULT_EFFECT_RESTART || effect == FAULT_EFFECT_CLOCK_JUMP;
}

static bool is_by_clock(const struct fault *spec)
{
    return can_strike(spec->effect) && !spec->has_command &&
           (spec->has_after_ms || spec->has_every_ms);
}

static int check_trigger(const struct fault *spec, uint32_t index, struct reply *reply)
{
    if (spec->has_every_ms && !is_by_clock(spec)) {
        return refuse(reply, index, "every-ms",
                      "is for disconnect, crash, restart and clock-jump without a command");
    }
    if (spec->has_every_ms && spec->every_ms == 0) {
        return refuse(reply, index, "every-ms", "expects a number above 0");
    }
    if (spec->has_nth && spec->nth == 0) {
        return refuse(reply, index, "nth", "expects a number above 0");
    }
    if (spec->has_probability && !(spec->probability >= 0 && spec->probability <= 1)) {
        return refuse(reply, index, "probability", "expects a number from 0 to 1");
    }
    if (is_by_clock(spec) && spec->has_when) {
        return refuse(reply, index, "when", "has no meaning by the clock");
    }
    return 0;
}

static int check_item(const struct fault *spec, uint32_t index, bool is_boot, struct reply *reply)
{
    if (spec->effect == FAULT_EFFECT_LATE_START && !is_boot) {
        return refuse(reply, index, "effect", "can be late-start only in the file");
    }
    if (spec->has_copies && spec->copies == 0) {
        return refuse(reply, index, "copies", "expects a number above 0");
    }
    if (spec->has_bytes && spec->has_text) {
        return refuse(reply, index, "bytes", "and text exclude each other");
    }
    if (spec->effect == FAULT_EFFECT_DRIP && spec->has_bytes && spec->bytes == 0) {
        return refuse(reply, index, "bytes", "expects a number above 0");
    }
    if (check_members(spec, index, reply) < 0) {
        return -EINVAL;
    }
    return check_trigger(spec, index, reply);
}

/* --- setting -------------------------------------------------------------------------------- */

uint64_t faults_now_ns(const struct agent *agent)
{
    return agent->platform->monotonic_ns(agent->platform->ctx);
}

static void arm_item(struct faults_item *item, uint32_t index, uint64_t now_ns)
{
    const struct fault *spec = &item->spec;

    item->random = spec->has_seed ? spec->seed : index;
    item->not_before_ns = now_ns + spec->after_ms * FAULTS_NS_PER_MS;
    item->next_ns = FAULTS_NEVER;
    if (is_by_clock(spec)) {
        item->next_ns =
            spec->has_after_ms ? item->not_before_ns : now_ns + spec->every_ms * FAULTS_NS_PER_MS;
    }
}

static void items_free(struct agent *agent, struct faults_item *items, uint32_t count)
{
    const struct platform *platform = agent->platform;

    if (items != NULL) {
        platform->resize(platform->ctx, items, count * sizeof(*items), 0);
    }
}

/* Parses and checks the elements of `list` to `items`, of which there are as many, zeroed. */
static int read_items(struct agent *agent, const struct args_array *list, bool is_boot,
                      struct faults_item *items, struct reply *reply)
{
    uint64_t now_ns = faults_now_ns(agent);
    uint32_t cursor = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        args_array_next(list, &cursor, &items[i].spec);
        if (check_item(&items[i].spec, i, is_boot, reply) < 0) {
            return -EINVAL;
        }
        arm_item(&items[i], i, now_ns);
    }
    return 0;
}

static int read_list(struct agent *agent, struct faults *fresh, const struct args_array *list,
                     bool is_boot, struct reply *reply)
{
    const struct platform *platform = agent->platform;
    struct args_array copy = *list;
    int result;

    if (list->count == 0) {
        return 0;
    }
    fresh->count = list->count;
    fresh->items = platform->resize(platform->ctx, NULL, 0, list->count * sizeof(*fresh->items));
    if (fresh->items == NULL || document_copy(&fresh->document, list->json) < 0) {
        reply_error(reply, "Out of memory");
        return -ENOMEM;
    }
    memset(fresh->items, 0, list->count * sizeof(*fresh->items));
    copy.json = &fresh->document.json;
    result = read_items(agent, &copy, is_boot, fresh->items, reply);
    return result;
}

static void list_free(struct agent *agent, struct faults *faults)
{
    items_free(agent, faults->items, faults->count);
    document_free(&faults->document);
    faults->items = NULL;
    faults->count = 0;
}

/* What the new list means before any call. */
static void begin(struct agent *agent, struct faults *faults)
{
    faults->keeps_replies = false;
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct fault *spec = &faults->items[i].spec;

        faults->keeps_replies |= spec->effect == FAULT_EFFECT_STALE;
        if (spec->effect == FAULT_EFFECT_LATE_START && faults_fires(&faults->items[i])) {
            faults->closed_until_ns = faults_now_ns(agent) + spec->ms * FAULTS_NS_PER_MS;
        }
    }
    for (struct session *session = agent->sessions; session != NULL; session = session->next) {
        if (session->faults == NULL) {
            continue; /* a restricted one */
        }
        faults_forget(session);
        if (faults->closed_until_ns > faults_now_ns(agent)) {
            faults_close(session, faults->closed_until_ns);
        }
    }
}

int faults_set(struct agent *agent, const struct args_array *list, bool is_boot,
               struct reply *reply)
{
    struct faults *faults = agent->faults;
    struct faults fresh = {.closed_until_ns = faults->closed_until_ns};
    int result;

    document_init(&fresh.document, agent->platform);
    result = read_list(agent, &fresh, list, is_boot, reply);
    if (result < 0) {
        list_free(agent, &fresh);
        return result;
    }
    list_free(agent, faults);
    *faults = fresh; /* buffers and tokens move with their owners: nothing points at `fresh` */
    begin(agent, faults);
    return 0;
}

void faults_report(const struct agent *agent, struct reply *reply)
{
    const struct faults *faults = agent->faults;

    reply_array_begin(reply);
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct faults_item *item = &faults->items[i];

        reply_object_begin(reply);
        reply_key(reply, "effect");
        reply_c_string(reply, fault_effect_values[item->spec.effect]);
        if (item->spec.has_command) {
            reply_key(reply, "command");
            reply_string(reply, item->spec.command.bytes, item->spec.command.length);
        }
        reply_key(reply, "met");
        reply_int(reply, (int64_t)item->met);
        reply_key(reply, "fired");
        reply_int(reply, (int64_t)item->fired);
        reply_object_end(reply);
    }
    reply_array_end(reply);
}

/* --- life ----------------------------------------------------------------------------------- */

int faults_create(struct agent *agent)
{
    const struct platform *platform = agent->platform;

    agent->faults = platform->resize(platform->ctx, NULL, 0, sizeof(*agent->faults));
    if (agent->faults == NULL) {
        return -ENOMEM;
    }
    memset(agent->faults, 0, sizeof(*agent->faults));
    document_init(&agent->faults->document, platform);
    for (struct session *session = agent->sessions; session != NULL; session = session->next) {
        if (faults_attach(session) < 0) {
            faults_destroy(agent);
            return -ENOMEM;
        }
    }
    return 0;
}

void faults_destroy(struct agent *agent)
{
    const struct platform *platform = agent->platform;

    for (struct session *session = agent->sessions; session != NULL; session = session->next) {
        faults_detach(session);
    }
    if (agent->faults != NULL) {
        list_free(agent, agent->faults);
        platform->resize(platform->ctx, agent->faults, sizeof(*agent->faults), 0);
        agent->faults = NULL;
    }
}

int faults_attach(struct session *session)
{
    const struct agent *agent = session->agent;
    const struct platform *platform = agent->platform;

    if (agent->faults == NULL || session->rules != NULL) {
        return 0;
    }
    session->faults = platform->resize(platform->ctx, NULL, 0, sizeof(*session->faults));
    if (session->faults == NULL) {
        return -ENOMEM;
    }
    memset(session->faults, 0, sizeof(*session->faults));
    buffer_init(&session->faults->out, platform);
    buffer_init(&session->faults->previous, platform);
    if (agent->faults->closed_until_ns > faults_now_ns(agent)) {
        faults_close(session, agent->faults->closed_until_ns);
    }
    return 0;
}

void faults_detach(struct session *session)
{
    const struct platform *platform = session->agent->platform;

    if (session->faults == NULL) {
        return;
    }
    buffer_free(&session->faults->out);
    buffer_free(&session->faults->previous);
    platform->resize(platform->ctx, session->faults, sizeof(*session->faults), 0);
    session->faults = NULL;
}
