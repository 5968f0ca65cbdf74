/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU qga/main.c: split_list() and ga_command_is_allowed(). */
#include "rpcs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "qga_commands.h"
#include "state.h"
#include "text_file.h"

bool rpcs_is_disabled(const struct agent *agent, const struct command *command)
{
    return agent->rpcs.size > 0 && agent->rpcs.data[command - qga_commands] != 0;
}

/* A name that no command has does nothing, but whoever has misspelt it may want to know. */
static void log_unknown(const struct platform *platform, struct text_span name)
{
    char line[96];

    snprintf(line, sizeof(line), "rpcs: there is no command \"%.*s\"",
             name.length < 64 ? (int)name.length : 64, name.bytes);
    platform->log(platform->ctx, line);
}

/* Notes `disabled` for each command that `list` names. */
static void mark(struct agent *agent, const char *list, uint8_t disabled)
{
    struct text_span rest = {list, strlen(list)};

    while (rest.length > 0) {
        struct text_span name = text_next_field(&rest, ',');
        size_t i = 0;

        while (i < qga_command_count && !text_is(name, qga_commands[i].name)) {
            i++;
        }
        if (i < qga_command_count) {
            agent->rpcs.data[i] = disabled;
        } else if (name.length > 0) {
            log_unknown(agent->platform, name);
        }
    }
}

/* What qemu-ga takes for the wish to see the names, and then ends. */
static bool is_help(const char *list)
{
    return strcmp(list, "help") == 0 || strcmp(list, "?") == 0;
}

static void log_names(const struct platform *platform)
{
    for (size_t i = 0; i < qga_command_count; i++) {
        if (!qga_commands[i].vendor) {
            platform->log(platform->ctx, qga_commands[i].name);
        }
    }
}

int agent_set_rpcs(struct agent *agent, const char *block, const char *allow)
{
    if (is_help(block) || is_help(allow)) {
        log_names(agent->platform);
        block = is_help(block) ? "" : block;
        allow = is_help(allow) ? "" : allow;
    }
    if (block[0] == '\0' && allow[0] == '\0') {
        buffer_free(&agent->rpcs);
        return 0;
    }
    if (buffer_reserve(&agent->rpcs, qga_command_count - agent->rpcs.size) < 0) {
        return -ENOMEM;
    }
    agent->rpcs.size = qga_command_count;
    memset(agent->rpcs.data, allow[0] != '\0', qga_command_count);
    mark(agent, allow, 0);
    mark(agent, block, 1);
    return 0;
}
