/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that sees both the drivers and the agent: start-up order and the event loop. */
#include "drivers/klog.h"
#include "pages.h"
#include "platform.h"

void kernel_main(struct boot_info *info)
{
    klog("bare-qga: %s, %llu KiB of RAM, %llu free, command line \"%s\"", info->protocol,
         (unsigned long long)(regions_total(&info->ram) / 1024),
         (unsigned long long)pages_free_count() * 4, info->cmdline);
    if (info->cmdline_length)
        *(volatile int *)0 = 1;
    cpu_idle_until(UINT64_MAX);
    for (;;)
        ;
}
