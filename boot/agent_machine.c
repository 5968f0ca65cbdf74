/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent_machine.h"

#include "consoles.h"
#include "drivers/e1000.h"
#include "drivers/pci.h"
#include "nics.h"
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

bool agent_machine_device(void *ctx, size_t index, struct platform_device *told)
{
    size_t console_count = 0;
    const struct pci_function *function = NULL;
    const char *driver = "virtio-console";

    (void)ctx;
    while (console_count <= index && (function = consoles_function(console_count)) != NULL) {
        console_count++;
    }
    if (function == NULL) {
        const struct e1000 *nic = nics_get(index - console_count);

        if (nic == NULL) {
            return false;
        }
        function = &nic->function;
        driver = "e1000";
    }
    *told = (struct platform_device){driver, function->vendor, function->device};
    return true;
}
