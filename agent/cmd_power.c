/* SPDX-License-Identifier: BSD-2-Clause */
/* Shutdown and suspend.  Success is silent: the machine going away is the answer. */
#include <string.h>

#include "qga_commands.h"
#include "state.h"

int qmp_guest_shutdown(struct agent *agent, const struct args_guest_shutdown *arguments,
                       struct reply *reply)
{
    static const struct {
        const char *name;
        enum platform_power power;
    } modes[] = {
        {"powerdown", PLATFORM_POWERDOWN},
        {"halt", PLATFORM_HALT},
        {"reboot", PLATFORM_REBOOT},
    };
    const char *wanted = arguments->has_mode ? arguments->mode.bytes : modes[0].name;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(wanted, modes[i].name) == 0) {
            if (agent->platform->power(agent->platform->ctx, modes[i].power) < 0) {
                return reply_error(reply, "child process has failed to %s", modes[i].name);
            }
            return 0;
        }
    }
    /* The missing parenthesis is qemu-ga's own (qga/commands-posix.c). */
    return reply_error(reply, "mode is invalid (valid values are: halt|powerdown|reboot");
}

static int reply_no_suspend(struct reply *reply)
{
    return reply_error(reply, "the requested suspend mode is not supported by the guest");
}

int qmp_guest_suspend_ram(struct agent *agent, struct reply *reply)
{
    const struct platform *platform = agent->platform;

    return platform->suspend == NULL || platform->suspend(platform->ctx) < 0
               ? reply_no_suspend(reply)
               : 0;
}

/* There is no disk. */
int qmp_guest_suspend_disk(struct agent *agent, struct reply *reply)
{
    (void)agent;
    return reply_no_suspend(reply);
}

int qmp_guest_suspend_hybrid(struct agent *agent, struct reply *reply)
{
    (void)agent;
    return reply_no_suspend(reply);
}
