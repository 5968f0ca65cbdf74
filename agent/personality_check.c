/* SPDX-License-Identifier: BSD-2-Clause */
/* What a personality must be like beyond the types of its members. */
#include <errno.h>
#include <string.h>

#include "facts.h"
#include "personality.h"
#include "state.h"

#define TIMEZONE_NAME_BYTES sizeof(((struct facts_timezone *)NULL)->name)

static int refuse(struct reply *reply, const char *name, const char *expects)
{
    return reply_error(reply, "Parameter '%s' expects %s", name, expects);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Three numbers, as clients take them apart (danobi/vmtest refuses anything else). */
static bool is_version(const char *text)
{
    for (int dots = 0; dots < 3; dots++) {
        if (!is_digit(*text)) {
            return false;
        }
        while (is_digit(*text)) {
            text++;
        }
        if (*text != (dots < 2 ? '.' : '\0')) {
            return false;
        }
        text += dots < 2;
    }
    return true;
}

static const struct command *command_named(struct args_string name)
{
    for (size_t i = 0; i < qga_command_count; i++) {
        if (strcmp(qga_commands[i].name, name.bytes) == 0 && !qga_commands[i].vendor) {
            return &qga_commands[i];
        }
    }
    return NULL;
}

static int check_commands(const struct args_array *list, const char *member, struct reply *reply)
{
    uint32_t cursor = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        struct args_string name;

        args_array_next(list, &cursor, &name);
        if (command_named(name) == NULL) {
            return reply_error(reply, "Parameter 'agent.%s[%u]' does not accept value '%s'", member,
                               (unsigned)i, name.bytes);
        }
    }
    return 0;
}

static int check_agent(const struct personality_agent *agent, struct reply *reply)
{
    int result = 0;

    if (agent->has_version && !is_version(agent->version.bytes)) {
        return refuse(reply, "agent.version", "three numbers with dots in between");
    }
    if (agent->has_missing_commands) {
        result = check_commands(&agent->missing_commands, "missing-commands", reply);
    }
    if (result == 0 && agent->has_disabled_commands) {
        result = check_commands(&agent->disabled_commands, "disabled-commands", reply);
    }
    return result;
}

/* Every byte above `least`: no control characters, and no space if that is `least`. */
static bool is_plain(struct args_string text, unsigned char least)
{
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.bytes[i] <= least || text.bytes[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

/* They become lines of /etc/os-release. */
static int check_os(const struct guest_os_info *os, struct reply *reply)
{
    const struct {
        const char *name;
        bool has;
        struct args_string value;
    } members[] = {
        {"os.id", os->has_id, os->id},
        {"os.name", os->has_name, os->name},
        {"os.pretty-name", os->has_pretty_name, os->pretty_name},
        {"os.version", os->has_version, os->version},
        {"os.version-id", os->has_version_id, os->version_id},
        {"os.variant", os->has_variant, os->variant},
        {"os.variant-id", os->has_variant_id, os->variant_id},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].has && !is_plain(members[i].value, 0x1F)) {
            return refuse(reply, members[i].name, "no control characters");
        }
    }
    return 0;
}

static int check_vcpus(const struct args_array *vcpus, struct reply *reply)
{
    uint32_t cursor = 0;

    if (vcpus->count == 0) {
        return refuse(reply, "vcpus", "at least one processor");
    }
    for (uint32_t i = 0; i < vcpus->count; i++) {
        struct guest_logical_processor vcpu = {0};

        args_array_next(vcpus, &cursor, &vcpu);
        if (vcpu.logical_id != i) {
            return reply_error(reply, "Parameter 'vcpus[%u].logical-id' expects %u", (unsigned)i,
                               (unsigned)i);
        }
    }
    return 0;
}

int personality_check(const struct personality *file, struct reply *reply)
{
    struct args_string name = file->host_name;

    if (file->has_agent && check_agent(&file->agent, reply) < 0) {
        return -EINVAL;
    }
    if (file->has_os && check_os(&file->os, reply) < 0) {
        return -EINVAL;
    }
    if (file->has_host_name && (name.length == 0 || name.length >= FACTS_HOST_NAME_BYTES ||
                                !is_plain(name, ' ') || name.bytes[0] == '#')) {
        return refuse(reply, "host-name", "1 to 64 bytes without white space");
    }
    if (file->has_timezone && file->timezone.has_zone &&
        file->timezone.zone.length >= TIMEZONE_NAME_BYTES) {
        return refuse(reply, "timezone.zone", "at most 63 bytes");
    }
    return file->has_vcpus ? check_vcpus(&file->vcpus, reply) : 0;
}
