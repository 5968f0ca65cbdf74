/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot information of multiboot2 (specification 2.0 §3.4 to §3.6), as GRUB passes it. */
#include <errno.h>
#include <string.h>

#include "boot_protocols.h"
#include "start.h"

enum {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_RSDP_OLD = 14,
    TAG_RSDP_NEW = 15,
};

struct multiboot2_info {
    uint32_t total_size;
    uint32_t reserved;
};

struct multiboot2_tag {
    uint32_t type;
    uint32_t size;
    uint8_t body[];
};

struct multiboot2_module {
    uint32_t start;
    uint32_t end;
};

struct multiboot2_memory_map {
    uint32_t entry_size;
    uint32_t entry_version;
    uint8_t entries[];
};

struct multiboot2_memory_map_entry {
    uint64_t base;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

static struct memory_map_entry multiboot2_entry(const void *ctx, uint32_t i)
{
    const struct multiboot2_memory_map *map = ctx;
    struct multiboot2_memory_map_entry entry;
    memcpy(&entry, map->entries + (size_t)i * map->entry_size, sizeof entry);
    return (struct memory_map_entry){entry.base, entry.size, entry.type};
}

static void read_memory_map(struct boot_info *info, const uint8_t *body, uint32_t length)
{
    const struct multiboot2_memory_map *map = (const void *)body;
    if (length < sizeof *map || map->entry_size < sizeof(struct multiboot2_memory_map_entry))
        return;
    memory_map_apply(&info->ram, multiboot2_entry, map,
                     (uint32_t)(length - sizeof *map) / map->entry_size);
}

static void read_module(struct boot_info *info, const uint8_t *body, uint32_t length)
{
    const struct multiboot2_module *module = (const void *)body;
    if (info->initrd || length < sizeof *module || module->end <= module->start)
        return;
    info->initrd = start_pointer(module->start, module->end - module->start);
    info->initrd_size = info->initrd ? module->end - module->start : 0;
}

static void read_tag(struct boot_info *info, uint32_t type, const uint8_t *body, uint32_t length)
{
    switch (type) {
    case TAG_CMDLINE:
        start_copy_cmdline(info, (const char *)body, length);
        break;
    case TAG_MODULE:
        read_module(info, body, length);
        break;
    case TAG_MEMORY_MAP:
        read_memory_map(info, body, length);
        break;
    case TAG_RSDP_OLD:
        /* A copy of the RSDP, in the loader's memory; the new one has the XSDT and wins. */
        if (!info->rsdp)
            info->rsdp = (uintptr_t)body;
        break;
    case TAG_RSDP_NEW:
        info->rsdp = (uintptr_t)body;
        break;
    default:
        break;
    }
}

int multiboot2_parse(uint32_t physical, struct boot_info *info)
{
    const struct multiboot2_info *header = start_pointer(physical, sizeof *header);
    uint32_t total = header ? header->total_size : 0;
    const uint8_t *bytes = start_pointer(physical, total);
    if (!bytes || physical % 8 || total < sizeof *header) {
        start_complain("multiboot2: no information where EBX points");
        return -EINVAL;
    }
    info->protocol = "multiboot2";
    /* Tags are 8-aligned; each says its size without the padding (§3.4). */
    uint32_t at = sizeof *header;
    while (total - at >= sizeof(struct multiboot2_tag)) {
        const struct multiboot2_tag *tag = (const void *)(bytes + at);
        uint32_t size = tag->size;
        if (tag->type == TAG_END || size < sizeof *tag || size > total - at)
            break;
        read_tag(info, tag->type, tag->body, size - (uint32_t)sizeof *tag);
        at += size;
        at = at % 8 && total - at >= 8 - at % 8 ? at + 8 - at % 8 : at;
    }
    if (!info->ram.count) {
        start_complain("multiboot2: no memory map");
        return -EINVAL;
    }
    /* The RSDP copy lies among the tags: nobody may be given those pages. */
    info->loader_data = physical;
    info->loader_data_size = total;
    return 0;
}
