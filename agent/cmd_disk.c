/* SPDX-License-Identifier: BSD-2-Clause */
/* File systems and disks.  The one file system lies in memory, and the kernel drives no disk. */
#include "qga_commands.h"
#include "state.h"

int qmp_guest_get_fsinfo(struct agent *agent, struct reply *reply)
{
    struct facts_filesystem filesystem;

    reply_array_begin(reply);
    for (size_t i = 0; facts_filesystem(agent, i, &filesystem); i++) {
        reply_object_begin(reply);
        reply_key(reply, "name");
        reply_c_string(reply, filesystem.name);
        reply_key(reply, "total-bytes");
        reply_uint(reply, filesystem.total_bytes);
        reply_key(reply, "total-bytes-privileged");
        reply_uint(reply, filesystem.total_bytes);
        reply_key(reply, "mountpoint");
        reply_c_string(reply, filesystem.mountpoint);
        reply_key(reply, "disk");
        reply_array_begin(reply);
        reply_array_end(reply);
        reply_key(reply, "used-bytes");
        reply_uint(reply, filesystem.used_bytes);
        reply_key(reply, "type");
        reply_c_string(reply, filesystem.type);
        reply_object_end(reply);
    }
    reply_array_end(reply);
    return 0;
}

int qmp_guest_get_disks(struct agent *agent, struct reply *reply)
{
    (void)agent;
    reply_array_begin(reply);
    reply_array_end(reply);
    return 0;
}

int qmp_guest_get_diskstats(struct agent *agent, struct reply *reply)
{
    (void)agent;
    reply_array_begin(reply);
    reply_array_end(reply);
    return 0;
}

/* QEMU qga/commands-linux.c:build_fs_mount_list() passes by what lies on no disk. */
int qmp_guest_fstrim(struct agent *agent, const struct args_guest_fstrim *arguments,
                     struct reply *reply)
{
    struct facts_filesystem filesystem;

    reply_object_begin(reply);
    reply_key(reply, "paths");
    reply_array_begin(reply);
    for (size_t i = 0; facts_filesystem(agent, i, &filesystem); i++) {
        if (filesystem.is_on_disk) { /* as a guest claims that has nothing to trim there */
            reply_object_begin(reply);
            reply_key(reply, "minimum");
            reply_int(reply, arguments->minimum);
            reply_key(reply, "path");
            reply_c_string(reply, filesystem.mountpoint);
            reply_key(reply, "trimmed");
            reply_int(reply, 0);
            reply_object_end(reply);
        }
    }
    reply_array_end(reply);
    reply_object_end(reply);
    return 0;
}
