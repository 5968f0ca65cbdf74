/* SPDX-License-Identifier: BSD-2-Clause */
/* What every client starts with: sync, ping, info. */
#include "personality.h"
#include "qga_commands.h"
#include "state.h"

int qmp_guest_sync(struct agent *agent, const struct args_guest_sync *arguments,
                   struct reply *reply)
{
    (void)agent;
    reply_int(reply, arguments->id);
    return 0;
}

int qmp_guest_sync_delimited(struct agent *agent, const struct args_guest_sync_delimited *arguments,
                             struct reply *reply)
{
    (void)agent;
    reply_int(reply, arguments->id);
    reply->delimited = true;
    return 0;
}

int qmp_guest_ping(struct agent *agent, struct reply *reply)
{
    (void)agent;
    (void)reply;
    return 0;
}

int qmp_guest_info(struct agent *agent, struct reply *reply)
{
    reply_object_begin(reply);
    reply_key(reply, "version");
    reply_c_string(reply, facts_agent_version(agent));
    reply_key(reply, "supported_commands");
    reply_array_begin(reply);
    /* qemu-ga lists the command that was registered last first. */
    for (size_t i = qga_command_count; i-- > 0;) {
        const struct command *command = &qga_commands[i];

        if (command->vendor || !personality_has_command(agent, command)) {
            continue; /* clients compare this list with qemu-ga's */
        }
        reply_object_begin(reply);
        reply_key(reply, "enabled");
        reply_bool(reply, dispatch_is_enabled(agent, command));
        reply_key(reply, "name");
        reply_c_string(reply, command->name);
        reply_key(reply, "success-response");
        reply_bool(reply, command->success_response);
        reply_object_end(reply);
    }
    reply_array_end(reply);
    reply_object_end(reply);
    return 0;
}
