/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as the agent is told of it. */
#ifndef BOOT_AGENT_MACHINE_H
#define BOOT_AGENT_MACHINE_H

#include "agent/platform.h"
#include "boot_info.h"
#include "machine.h"

/* Fills *told from what firmware and boot loader have said; it points at memory that stays. */
void agent_machine_tell(const struct machine *machine, const struct boot_info *info,
                        struct platform_machine *told);

/* struct platform's device(): the consoles and network controllers that run now. */
bool agent_machine_device(void *ctx, size_t index, struct platform_device *told);

#endif
