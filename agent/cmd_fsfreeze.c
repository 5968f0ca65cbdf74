/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Freeze and thaw.  While file systems are frozen only the commands that the schema marks may run,
 * so nothing can write to them.
 */
#include <string.h>

#include "qga_commands.h"
#include "state.h"

/* Whether `list`, if there is one, names the mount point. */
static bool is_listed(const struct args_array *list, const char *mountpoint)
{
    uint32_t cursor = 0;

    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct args_string item;

        args_array_next(list, &cursor, &item);
        if (strcmp(item.bytes, mountpoint) == 0) {
            return true;
        }
    }
    return list == NULL;
}

/* Unknown mount points are ignored; with none to freeze the state stays thawed. */
static int freeze(struct agent *agent, const struct args_array *list, struct reply *reply)
{
    struct facts_filesystem filesystem;

    agent->frozen_count = 0;
    for (size_t i = 0; facts_filesystem(agent, i, &filesystem); i++) {
        agent->frozen_count += is_listed(list, filesystem.mountpoint) ? 1 : 0;
    }
    agent->frozen = agent->frozen_count > 0;
    reply_int(reply, agent->frozen_count);
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
    return freeze(agent, NULL, reply);
}

int qmp_guest_fsfreeze_freeze_list(struct agent *agent,
                                   const struct args_guest_fsfreeze_freeze_list *arguments,
                                   struct reply *reply)
{
    return freeze(agent, arguments->has_mountpoints ? &arguments->mountpoints : NULL, reply);
}

int qmp_guest_fsfreeze_thaw(struct agent *agent, struct reply *reply)
{
    reply_int(reply, agent->frozen_count);
    agent->frozen_count = 0;
    agent->frozen = false;
    return 0;
}
