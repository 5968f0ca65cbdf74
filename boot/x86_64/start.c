/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start in C: traps first, so that whatever goes wrong is reported; then what the loader
 * says, the pages, their rights; then the part that is the same on every machine.
 */
#include "start.h"

#include <string.h>

#include "boot/boot_info.h"
#include "boot/pages.h"
#include "boot/platform.h"
#include "boot/power.h"
#include "boot_protocols.h"
#include "entry.h"
#include "paging.h"
#include "traps.h"

#define FIRST_MEGABYTE 0x100000

extern uint8_t image_start[], image_end[];

static struct boot_info boot_info;

uint64_t start_reach(uint64_t physical)
{
    const uint64_t end = UINT64_C(1) << 32;
    return physical && physical < end ? end - physical : 0;
}

const void *start_pointer(uint64_t physical, uint64_t size)
{
    uint64_t reach = start_reach(physical);
    return reach && size <= reach ? (const void *)(uintptr_t)physical : NULL;
}

void start_copy_cmdline(struct boot_info *info, const char *cmdline, size_t room)
{
    size_t length = 0;
    if (!cmdline)
        return;
    while (length < room && length < sizeof info->cmdline - 1 && cmdline[length]) {
        info->cmdline[length] = cmdline[length];
        length++;
    }
    info->cmdline[length] = '\0';
    info->cmdline_length = length;
    info->cmdline_truncated =
        length < room && length == sizeof info->cmdline - 1 && cmdline[length];
}

void start_complain(const char *line)
{
    serial_write("bare-qga: ", 10);
    serial_write(line, strlen(line));
    serial_write("\n", 1);
}

void memory_map_apply(struct regions *ram,
                      struct memory_map_entry (*entry)(const void *ctx, uint32_t i),
                      const void *ctx, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct memory_map_entry e = entry(ctx, i);
        if (e.type == MEMORY_MAP_RAM)
            regions_add(ram, e.base, e.size);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct memory_map_entry e = entry(ctx, i);
        if (e.type != MEMORY_MAP_RAM)
            regions_remove(ram, e.base, e.size);
    }
}

/* What may be given away: not the firmware's megabyte, the image, the initrd, the loader's tags. */
static struct regions free_ram(const struct boot_info *info)
{
    struct regions ram = info->ram;
    regions_remove(&ram, 0, FIRST_MEGABYTE);
    regions_remove(&ram, (uintptr_t)image_start, (uint64_t)(image_end - image_start));
    regions_remove(&ram, (uintptr_t)info->initrd, info->initrd_size);
    regions_remove(&ram, info->loader_data, info->loader_data_size);
    return ram;
}

void start(uint32_t loader_info, uint32_t protocol)
{
    traps_init();
    int error = -1;
    if (protocol == ENTRY_PVH)
        error = pvh_parse(loader_info, &boot_info);
    else if (protocol == ENTRY_MULTIBOOT2)
        error = multiboot2_parse(loader_info, &boot_info);
    else
        start_complain("started neither by PVH nor by multiboot2");
    if (error)
        machine_crash();
    if (!boot_info.ram.count)
        panic("the loader's memory map has no RAM");
    struct regions ram = free_ram(&boot_info);
    const struct region *last = &boot_info.ram.items[boot_info.ram.count - 1];
    if (pages_init(&ram, last->base + last->size) || paging_init(&boot_info.ram))
        panic("not enough memory");
    kernel_main(&boot_info);
}
