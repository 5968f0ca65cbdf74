/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH boot (Xen docs/misc/pvh.pandoc; structures: xen/include/public/arch-x86/hvm/start_info.h).
 * QEMU fills them in pc-bios/optionrom/pvh_main.c.
 */
#include <errno.h>
#include <string.h>

#include "boot_protocols.h"
#include "start.h"

#define PVH_MAGIC 0x336ec578u

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t cmdline;
    uint64_t rsdp;
    /* From version 1 on. */
    uint64_t memory_map;
    uint32_t memory_map_count;
    uint32_t reserved;
};

struct pvh_module {
    uint64_t address;
    uint64_t size;
    uint64_t cmdline;
    uint64_t reserved;
};

struct pvh_memory_map_entry {
    uint64_t base;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

#define PVH_MEMORY_MAP_MAX 128

static struct memory_map_entry pvh_entry(const void *ctx, uint32_t i)
{
    const struct pvh_memory_map_entry *entries = ctx;
    return (struct memory_map_entry){entries[i].base, entries[i].size, entries[i].type};
}

int pvh_parse(uint32_t physical, struct boot_info *info)
{
    const struct pvh_start_info *start = start_pointer(physical, sizeof *start);
    if (!start || start->magic != PVH_MAGIC) {
        start_complain("PVH: no start_info where EBX points");
        return -EINVAL;
    }
    if (start->version < 1 || !start->memory_map_count) {
        start_complain("PVH: start_info without a memory map");
        return -EINVAL;
    }
    uint32_t entries = start->memory_map_count;
    if (entries > PVH_MEMORY_MAP_MAX)
        entries = PVH_MEMORY_MAP_MAX;
    const void *map =
        start_pointer(start->memory_map, entries * sizeof(struct pvh_memory_map_entry));
    if (!map) {
        start_complain("PVH: the memory map is out of reach");
        return -EINVAL;
    }
    info->protocol = "PVH";
    info->rsdp = start->rsdp;
    memory_map_apply(&info->ram, pvh_entry, map, entries);
    if (start->cmdline) {
        uint64_t room = start_reach(start->cmdline);
        start_copy_cmdline(info, start_pointer(start->cmdline, room), room);
    }
    if (start->module_count) {
        const struct pvh_module *module = start_pointer(start->modules, sizeof *module);
        if (module && start_pointer(module->address, module->size)) {
            info->initrd = start_pointer(module->address, module->size);
            info->initrd_size = module->size;
        } else {
            start_complain("PVH: the initrd is out of reach and left out");
        }
    }
    return 0;
}
