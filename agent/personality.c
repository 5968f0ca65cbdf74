/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The personality file: reading it, and what it answers.  The document stays in memory, and lists
 * that commands return are printed from it; what other parts of the agent go by is unpacked once.
 */
#include "personality.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "faults.h"
#include "state.h"
#include "text_file.h"

/* How much of the place of the file, and of what is wrong with it, is told. */
#define SOURCE_BYTES   128u
#define PROBLEM_BYTES  512u
#define FILE_BYTES_MAX (4u << 20)

enum absence { ABSENCE_NONE, ABSENCE_DISABLED, ABSENCE_MISSING };

struct personality_state {
    char source[SOURCE_BYTES];
    char problem[PROBLEM_BYTES]; /* empty: the file is in effect */
    struct document document;
    struct personality file;   /* points into the document */
    struct buffer filesystems; /* of struct facts_filesystem */
    struct buffer vcpus;       /* for each whether it can be taken off line */
    struct buffer absent;      /* for each command an enum absence; empty: none is absent */
};

/* --- life ----------------------------------------------------------------------------------- */

static struct personality_state *personality_create(struct agent *agent)
{
    const struct platform *platform = agent->platform;
    struct personality_state *self = platform->resize(platform->ctx, NULL, 0, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    memset(self, 0, sizeof(*self));
    document_init(&self->document, platform);
    buffer_init(&self->filesystems, platform);
    buffer_init(&self->vcpus, platform);
    buffer_init(&self->absent, platform);
    if (faults_create(agent) < 0) {
        platform->resize(platform->ctx, self, sizeof(*self), 0);
        return NULL;
    }
    return self;
}

static void personality_clear(struct personality_state *self)
{
    document_free(&self->document);
    memset(&self->file, 0, sizeof(self->file));
    buffer_free(&self->filesystems);
    buffer_free(&self->vcpus);
    buffer_free(&self->absent);
}

void personality_destroy(struct agent *agent)
{
    const struct platform *platform = agent->platform;
    struct personality_state *self = agent->personality;

    if (self != NULL) {
        personality_clear(self);
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

/* --- what the guest claims ------------------------------------------------------------------ */

const struct personality *personality_of(const struct agent *agent)
{
    const struct personality_state *self = agent->personality;

    return self != NULL && self->problem[0] == '\0' ? &self->file : NULL;
}

static enum absence absence(const struct personality_state *self, const struct command *command)
{
    return self->absent.size == 0 ? ABSENCE_NONE : self->absent.data[command - qga_commands];
}

bool personality_has_command(const struct agent *agent, const struct command *command)
{
    const struct personality_state *self = agent->personality;

    if (self == NULL) {
        return !command->vendor;
    }
    return absence(self, command) != ABSENCE_MISSING;
}

bool personality_disables(const struct agent *agent, const struct command *command)
{
    return agent->personality != NULL && absence(agent->personality, command) == ABSENCE_DISABLED;
}

bool personality_answers(const struct agent *agent, const struct command *command,
                         struct reply *reply)
{
    const struct personality *file = &agent->personality->file; /* empty if it is not in effect */
    const struct {
        const char *command;
        bool has;
        const struct args_array *value;
    } lists[] = {
        {"guest-get-users", file->has_users, &file->users},
        {"guest-get-fsinfo", file->has_file_systems, &file->file_systems},
        {"guest-get-disks", file->has_disks, &file->disks},
        {"guest-get-devices", file->has_devices, &file->devices},
        {"guest-network-get-interfaces", file->has_interfaces, &file->interfaces},
        {"guest-network-get-route", file->has_routes, &file->routes},
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (lists[i].has && strcmp(command->name, lists[i].command) == 0) {
            reply_json(reply, lists[i].value->json, lists[i].value->token);
            return true;
        }
    }
    return false;
}

bool personality_filesystem(const struct agent *agent, size_t index,
                            struct facts_filesystem *filesystem)
{
    const struct buffer *all = &agent->personality->filesystems;

    if (index >= all->size / sizeof(*filesystem)) {
        return false;
    }
    memcpy(filesystem, all->data + index * sizeof(*filesystem), sizeof(*filesystem));
    return true;
}

bool personality_vcpu(const struct agent *agent, size_t index, bool *can_offline)
{
    const struct buffer *all = &agent->personality->vcpus;

    *can_offline = index < all->size && all->data[index] != 0;
    return index < all->size;
}

/* --- unpacking ------------------------------------------------------------------------------ */

static int unpack_filesystems(struct personality_state *self)
{
    const struct args_array *list = &self->file.file_systems;
    uint32_t cursor = 0;
    int result = 0;

    for (uint32_t i = 0; i < list->count && result == 0; i++) {
        struct guest_filesystem_info item = {0};
        struct facts_filesystem filesystem;

        args_array_next(list, &cursor, &item);
        filesystem = (struct facts_filesystem){
            .name = item.name.bytes,
            .mountpoint = item.mountpoint.bytes,
            .type = item.type.bytes,
            .used_bytes = item.used_bytes,
            .total_bytes = item.total_bytes,
            .is_on_disk = item.disk.count > 0,
        };
        result = buffer_append(&self->filesystems, &filesystem, sizeof(filesystem));
    }
    return result;
}

static int unpack_vcpus(struct personality_state *self)
{
    const struct args_array *list = &self->file.vcpus;
    uint32_t cursor = 0;
    int result = 0;

    for (uint32_t i = 0; i < list->count && result == 0; i++) {
        struct guest_logical_processor vcpu = {0};
        uint8_t can_offline;

        args_array_next(list, &cursor, &vcpu);
        can_offline = vcpu.has_can_offline ? vcpu.can_offline : i != 0;
        result = buffer_append(&self->vcpus, &can_offline, 1);
    }
    return result;
}

static void note_absent(struct personality_state *self, const struct args_array *list,
                        enum absence how)
{
    uint32_t cursor = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        struct args_string name;

        args_array_next(list, &cursor, &name);
        for (size_t k = 0; k < qga_command_count; k++) {
            if (strcmp(name.bytes, qga_commands[k].name) == 0) {
                self->absent.data[k] = (unsigned char)how;
            }
        }
    }
}

static int unpack_absent(struct personality_state *self)
{
    const struct personality_agent *agent = &self->file.agent;

    if (agent->missing_commands.count == 0 && agent->disabled_commands.count == 0) {
        return 0;
    }
    if (buffer_reserve(&self->absent, qga_command_count) < 0) {
        return -ENOMEM;
    }
    self->absent.size = qga_command_count;
    memset(self->absent.data, ABSENCE_NONE, qga_command_count);
    note_absent(self, &agent->disabled_commands, ABSENCE_DISABLED);
    note_absent(self, &agent->missing_commands, ABSENCE_MISSING);
    return 0;
}

/* --- the guest's files ---------------------------------------------------------------------- */

/* A line of os-release(5), where a shell would read the value's bytes. */
static int add_line(struct buffer *text, const char *key, struct args_string value)
{
    int result = buffer_append(text, key, strlen(key));

    result = result < 0 ? result : buffer_append(text, "=\"", 2);
    for (size_t i = 0; i < value.length && result == 0; i++) {
        if (strchr("\"\\$`", value.bytes[i]) != NULL) {
            result = buffer_append(text, "\\", 1);
        }
        result = result < 0 ? result : buffer_append(text, &value.bytes[i], 1);
    }
    return result < 0 ? result : buffer_append(text, "\"\n", 2);
}

static int write_os_release(struct agent *agent, const struct guest_os_info *os)
{
    const struct {
        const char *key;
        bool has;
        struct args_string value;
    } lines[] = {
        {"PRETTY_NAME", os->has_pretty_name, os->pretty_name},
        {"NAME", os->has_name, os->name},
        {"VERSION_ID", os->has_version_id, os->version_id},
        {"VERSION", os->has_version, os->version},
        {"VARIANT", os->has_variant, os->variant},
        {"VARIANT_ID", os->has_variant_id, os->variant_id},
        {"ID", os->has_id, os->id},
    };
    struct buffer text;
    int result = 0;

    buffer_init(&text, agent->platform);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && result == 0; i++) {
        result = lines[i].has ? add_line(&text, lines[i].key, lines[i].value) : 0;
    }
    if (result == 0) {
        result = agent_add_file(agent, "/etc/os-release", text.data, text.size);
    }
    buffer_free(&text);
    return result;
}

static int write_host_name(struct agent *agent, struct args_string name)
{
    char line[FACTS_HOST_NAME_BYTES + 1];
    int length = snprintf(line, sizeof(line), "%s\n", name.bytes);

    return agent_add_file(agent, "/etc/hostname", line, (size_t)length);
}

/* What the guest starts with and may change later. */
static int set_up(struct agent *agent, const struct personality *file)
{
    uint32_t cursor = 0;
    int result = file->has_os ? write_os_release(agent, &file->os) : 0;

    if (result == 0 && file->has_host_name) {
        result = write_host_name(agent, file->host_name);
    }
    for (uint32_t i = 0; i < file->vcpus.count && result == 0; i++) {
        struct guest_logical_processor vcpu = {0};

        args_array_next(&file->vcpus, &cursor, &vcpu);
        result = facts_set_vcpu(agent, i, vcpu.online);
    }
    return result;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Reads and checks all of the file before any of it takes effect. */
static int read_file(struct agent *agent, const void *text, size_t size, struct reply *reply)
{
    struct personality_state *self = agent->personality;
    int result = document_read(&self->document, text, size, reply);

    if (result < 0) {
        return result;
    }
    result = args_parse(&self->document.json, 0, &type_personality, &self->file, reply);
    if (result == 0) {
        result = personality_check(&self->file, reply);
    }
    if (result < 0) {
        return result;
    }
    if (unpack_filesystems(self) < 0 || unpack_vcpus(self) < 0 || unpack_absent(self) < 0) {
        reply_error(reply, "Out of memory");
        return -ENOMEM;
    }
    return faults_set(agent, &self->file.faults, true, reply);
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

static int take_on(struct agent *agent, const void *text, size_t size, struct reply *reply)
{
    struct personality_state *self = agent->personality;
    int result;

    personality_clear(self);
    self->problem[0] = '\0';
    result = read_file(agent, text, size, reply);
    if (result < 0) {
        personality_clear(self);
        note_problem(agent, reply);
    } else if (set_up(agent, &self->file) < 0) {
        agent->platform->log(agent->platform->ctx, "personality: no memory for the guest's files");
    }
    return result;
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
        result = take_on(agent, text, size, &reply);
    }
    reply_free(&reply);
    return result;
}

int agent_find_personality(struct agent *agent, const char *path)
{
    struct buffer text;
    int result;

    buffer_init(&text, agent->platform);
    result = text_file_read(&agent->fs, path, FILE_BYTES_MAX, &text);
    if (result == 0) {
        result = agent_set_personality(agent, text.data, text.size, path);
    } else if (result == -ENOENT || result == -ENOTDIR) {
        result = 0;
    }
    buffer_free(&text);
    return result;
}
