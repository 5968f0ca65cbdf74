/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Freeze and thaw.  There is one file system, mounted on "/"; while it is frozen only the
 * commands that the schema marks may run, so nothing can write to it.
 */
#include "qga_commands.h"
#include "state.h"

static int set_frozen(struct agent *agent, bool frozen, struct reply *reply)
{
    bool changes = agent->frozen != frozen;

    agent->frozen = frozen;
    reply_int(reply, changes ? 1 : 0);
    return 0;
}

int qmp_guest_fsfreeze_status(struct agent *agent, struct reply *reply)
{
    enum guest_fsfreeze_status status =
        agent->frozen ? GUEST_FSFREEZE_STATUS_FROZEN : GUEST_FSFREEZE_STATUS_THAWED;

    reply_c_string(reply, guest_fsfreeze_status_values[status]);
    return 0;
}

int qmp_guest_fsfreeze_freeze(struct agent *agent, struct reply *reply)
{
    return set_frozen(agent, true, reply);
}

int qmp_guest_fsfreeze_freeze_list(struct agent *agent,
                                   const struct args_guest_fsfreeze_freeze_list *arguments,
                                   struct reply *reply)
{
    bool listed = !arguments->has_mountpoints;
    uint32_t cursor = 0;

    for (uint32_t i = 0; i < arguments->mountpoints.count && !listed; i++) {
        static const struct args_type string = {.kind = ARGS_STR};
        struct args_string mountpoint;

        args_array_item(&arguments->mountpoints, &string, &cursor, &mountpoint);
        listed = mountpoint.length == 1 && mountpoint.bytes[0] == '/';
    }
    /* Unknown mount points are ignored; with none to freeze the state stays thawed. */
    return set_frozen(agent, listed, reply);
}

int qmp_guest_fsfreeze_thaw(struct agent *agent, struct reply *reply)
{
    return set_frozen(agent, false, reply);
}
