/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's clock. */
#include <errno.h>

#include "qga_commands.h"
#include "state.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_US     INT64_C(1000)
/* QEMU qga/commands-posix.c refuses the year 2070 and what follows: 2070-01-01 in seconds. */
#define SECONDS_END INT64_C(3155760000)

int qmp_guest_get_time(struct agent *agent, struct reply *reply)
{
    /* The agent asks gettimeofday(), so what a client reads is whole microseconds. */
    reply_int(reply, agent_realtime_ns(agent) / NS_PER_US * NS_PER_US);
    return 0;
}

int qmp_guest_set_time(struct agent *agent, const struct args_guest_set_time *arguments,
                       struct reply *reply)
{
    const struct platform *platform = agent->platform;
    int64_t seconds = arguments->time / NS_PER_SECOND;
    int result;

    if (arguments->has_time) {
        if (seconds < 0 || seconds >= SECONDS_END) {
            return reply_error(reply, "Invalid time");
        }
        /* settimeofday(2) takes no negative fraction, and Linux none that is less than the time
         * since its start (kernel/time/timekeeping.c:do_settimeofday64()). */
        if (arguments->time < 0 ||
            (uint64_t)arguments->time < platform->monotonic_ns(platform->ctx)) {
            return reply_error(reply, "Failed to set time to guest: %s", ramfs_error_text(EINVAL));
        }
        result = platform->set_realtime(platform->ctx, arguments->time);
    } else {
        result = platform->load_realtime(platform->ctx);
    }
    agent->clock_jump_ns = 0; /* the clock was set, the device or not */
    if (result < 0) { /* the action has one name for both ways, and the reason is hwclock(8)'s */
        return reply_error(reply, "child process has failed to set hardware clock to system time: "
                                  "hwclock: Cannot access the Hardware Clock via any known method."
                                  "\n");
    }
    return 0;
}
