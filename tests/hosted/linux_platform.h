/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux as one more platform for the agent: memory from malloc() under a byte budget. */
#ifndef HOSTED_LINUX_PLATFORM_H
#define HOSTED_LINUX_PLATFORM_H

#include <stdint.h>

#include "platform.h"

struct linux_platform {
    struct platform platform;
    struct platform_machine machine;
    struct platform_range memory;
    char machine_name[65];      /* of struct utsname */
    int64_t realtime_offset_ns; /* what guest-set-time has put between the agent's clock and ours */
    uint64_t budget;
    uint64_t used;
    uint64_t fail_after; /* allocations that still succeed, for tests; UINT64_MAX: all */
    int power;           /* the last enum platform_power asked for, -1 if none was */
    bool has_crashed;    /* crash() was called */
    bool is_quiet;       /* nothing goes to standard error */
};

/* A platform whose memory is `budget` bytes. */
void linux_platform_init(struct linux_platform *linux_platform, uint64_t budget);

#endif
