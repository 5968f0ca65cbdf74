/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel options from all their sources. */
#ifndef BOOT_CONFIG_H
#define BOOT_CONFIG_H

#include "boot_info.h"
#include "options.h"

/*
 * Fills *options: defaults, then the loader's command line, then the fw_cfg file
 * opt/bare-qga/cmdline.  Finds the fw_cfg device on the way (fw_cfg_init()).
 */
void config_read(const struct boot_info *info, struct options *options);

#endif
