/* SPDX-License-Identifier: BSD-2-Clause */
/* Where kernel options come from; what they mean is in options.c. */
#include "config.h"

#include <errno.h>

#include "drivers/klog.h"
#include "fw_cfg.h"

#define CONFIG_FILE       "opt/bare-qga/cmdline"
#define CONFIG_FILE_BYTES 2048u

void config_read(const struct boot_info *info, struct options *options)
{
    static char text[CONFIG_FILE_BYTES];
    int length;

    options_init(options);
    options_parse(options, info->cmdline, info->cmdline_length, "command line");
    if (fw_cfg_init(info->fw_cfg) < 0)
        return;
    length = fw_cfg_read_text(CONFIG_FILE, text, sizeof(text));
    if (length >= 0)
        options_parse(options, text, (size_t)length, CONFIG_FILE);
    else if (length != -ENOENT)
        klog("fw_cfg: %s ignored: longer than %u bytes", CONFIG_FILE, CONFIG_FILE_BYTES - 1);
}
