/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent_machine.h"

#include "regions.h"

static struct platform_range memory[REGIONS_MAX];

void agent_machine_tell(const struct machine *machine, const struct boot_info *info,
                        struct platform_machine *told)
{
    for (unsigned int i = 0; i < info->ram.count; i++) {
        memory[i] = (struct platform_range){.base = info->ram.items[i].base,
                                            .size = info->ram.items[i].size};
    }
    *told = (struct platform_machine){
        .name = machine->kind,
        .cpu_count = machine->cpu_count > 0 ? machine->cpu_count : 1,
        .memory = memory,
        .memory_count = info->ram.count,
    };
}
