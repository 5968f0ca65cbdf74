/* SPDX-License-Identifier: BSD-2-Clause */
#include "personality.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "faults.h"
#include "qga_commands.h"
#include "state.h"

/* How much of the place of the file, and of what is wrong with it, is told. */
#define SOURCE_BYTES  128u
#define PROBLEM_BYTES 512u

struct personality_state {
    char source[SOURCE_BYTES];
    char problem[PROBLEM_BYTES]; /* empty: the file is in effect */
    struct document document;
};

static struct personality_state *personality_create(struct agent *agent)
{
    const struct platform *platform = agent->platform;
    struct personality_state *self = platform->resize(platform->ctx, NULL, 0, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    memset(self, 0, sizeof(*self));
    document_init(&self->document, platform);
    if (faults_create(agent) < 0) {
        platform->resize(platform->ctx, self, sizeof(*self), 0);
        return NULL;
    }
    return self;
}

void personality_destroy(struct agent *agent)
{
    const struct platform *platform = agent->platform;
    struct personality_state *self = agent->personality;

    if (self != NULL) {
        document_free(&self->document);
        platform->resize(platform->ctx, self, sizeof(*self), 0);
        agent->personality = NULL;
    }
}

void personality_report(const struct agent *agent, struct reply *reply)
{
    const struct personality_state *self = agent->personality;

    reply_key(reply, "source");
    reply_c_string(reply, self->source);
    reply_key(reply, "accepted");
    reply_bool(reply, self->problem[0] == '\0');
    if (self->problem[0] != '\0') {
        reply_key(reply, "problem");
        reply_c_string(reply, self->problem);
    }
}

/* Reads and checks all of the file before any of it takes effect. */
static int apply(struct agent *agent, const void *text, size_t size, struct reply *reply)
{
    struct personality_state *self = agent->personality;
    struct personality file;
    int result = document_read(&self->document, text, size, reply);

    if (result < 0) {
        return result;
    }
    memset(&file, 0, sizeof(file));
    result = args_parse(&self->document.json, 0, &type_personality, &file, reply);
    if (result < 0) {
        return result;
    }
    return faults_set(agent, &file.faults, true, reply);
}

static void note_problem(struct agent *agent, const struct reply *reply)
{
    struct personality_state *self = agent->personality;
    size_t length = reply->error_desc.size;
    char line[SOURCE_BYTES + PROBLEM_BYTES + 64];

    length = length < sizeof(self->problem) ? length : sizeof(self->problem) - 1;
    memcpy(self->problem, reply->error_desc.data, length);
    self->problem[length] = '\0';
    snprintf(line, sizeof(line), "%s: %s; nothing of this file is in effect", self->source,
             self->problem);
    agent->platform->log(agent->platform->ctx, line);
}

int agent_set_personality(struct agent *agent, const void *text, size_t size, const char *source)
{
    struct reply reply;
    int result = reply_init(&reply, agent->platform);

    if (result == 0 && agent->personality == NULL) {
        agent->personality = personality_create(agent);
        result = agent->personality == NULL ? -ENOMEM : 0;
    }
    if (result < 0) {
        agent->platform->log(agent->platform->ctx, "personality: out of memory");
    } else {
        snprintf(agent->personality->source, SOURCE_BYTES, "%.*s", (int)SOURCE_BYTES - 1, source);
        agent->personality->problem[0] = '\0';
        document_free(&agent->personality->document);
        result = apply(agent, text, size, &reply);
        if (result < 0) {
            document_free(&agent->personality->document);
            note_problem(agent, &reply);
        }
    }
    reply_free(&reply);
    return result;
}

int agent_find_personality(struct agent *agent, const char *path)
{
    struct ramfs_node *file;
    struct buffer text;
    int result = ramfs_open(&agent->fs, path, 0, &file);

    if (result < 0 || file->is_directory) {
        return 0;
    }
    buffer_init(&text, agent->platform);
    for (uint64_t at = 0; at < file->size && result == 0;) {
        const uint8_t *bytes;
        size_t count = ramfs_peek(file, at, &bytes);

        count = count < file->size - at ? count : (size_t)(file->size - at);
        result = buffer_append(&text, bytes, count);
        at += count;
    }
    if (result < 0) {
        agent->platform->log(agent->platform->ctx, "personality: out of memory");
    } else {
        result = agent_set_personality(agent, text.data, text.size, path);
    }
    buffer_free(&text);
    return result;
}
