/* SPDX-License-Identifier: BSD-2-Clause */
/* The personality file: fw_cfg's opt/bare-qga/personality, else the one in the tree. */
#ifndef BOOT_PERSONALITY_H
#define BOOT_PERSONALITY_H

struct agent;

/*
 * Gives the agent its personality, if there is one, once the initrd is unpacked.  Returns 0 or a
 * negative errno value; what is wrong in the file itself is on the log by then.
 */
int personality_give(struct agent *agent);

#endif
