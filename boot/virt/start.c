/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start in C on a machine that a device tree describes (Devicetree Specification v0.4 §3): the
 * serial port, the memory and what is reserved of it, the loader's words in /chosen; then pages
 * and their rights; then the part that is the same on every machine.
 */
#include <arch/layout.h>
#include <arch/page_table.h>
#include <arch/random.h>

#include <string.h>

#include "boot/boot_info.h"
#include "boot/fdt.h"
#include "boot/pages.h"
#include "boot/platform.h"
#include "boot/power.h"
#include "seed.h"
#include "virt.h"

extern uint8_t image_start[], image_end[], bss_start[], bss_end[];

/* What every frame has below its return address; the compiler knows it by this name. */
uintptr_t __stack_chk_guard;
#define CANARY_MIX UINT64_C(0x9e3779b97f4a7c15)

static struct boot_info boot_info;

static _Noreturn void give_up(const char *line)
{
    serial_write("bare-qga: ", 10);
    serial_write(line, strlen(line));
    serial_write("\n", 1);
    machine_crash();
}

/* --- the tree -------------------------------------------------------------------------------- */

static void open_tree(uintptr_t address, struct fdt *fdt)
{
    const void *blob = (const void *)address;

    if (address < LAYOUT_RAM_BASE || address % 8 != 0 ||
        address > LAYOUT_EARLY_END - FDT_HEADER_BYTES)
        give_up("no device tree within reach");
    boot_info.fdt_size = fdt_extent(blob);
    if (boot_info.fdt_size == 0 || boot_info.fdt_size > LAYOUT_EARLY_END - address ||
        fdt_open(fdt, blob, boot_info.fdt_size) < 0)
        give_up("what should be the device tree is none");
    boot_info.fdt = blob;
    boot_info.loader_data = address;
    boot_info.loader_data_size = boot_info.fdt_size;
}

static bool property_is(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                        const char *text)
{
    struct fdt_property property;

    return fdt_get(fdt, node, name, &property) && fdt_is_text(&property, text);
}

/* All memory that we have addresses for (§3.4). */
static void read_memory(const struct fdt *fdt)
{
    struct fdt_node node;
    uint64_t base, size;
    bool more;

    for (more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        if (!property_is(fdt, &node, "device_type", "memory") || !fdt_available(fdt, &node))
            continue;
        for (uint32_t i = 0; fdt_reg(fdt, &node, i, &base, &size); i++)
            regions_add(&boot_info.ram, base, size);
    }
    regions_remove(&boot_info.ram, page_table_physical_end(), UINT64_MAX);
}

/* What a loader reserves for us (its tree, an initrd) is ours nevertheless. */
static void keep(uint64_t base, uint64_t size)
{
    uint64_t start = base & ~(uint64_t)(PAGE_SIZE - 1);

    if (size != 0)
        regions_add(&boot_info.ram, start, base + size - start + PAGE_SIZE - 1);
}

/* Takes away what of the memory belongs to firmware (§3.5, §5.3), out of the page tables too:
 * OpenSBI guards it by PMP. */
static void remove_reserved(const struct fdt *fdt)
{
    struct fdt_node node;
    uint64_t base, size;
    bool more, in_reserved = false;

    for (more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        if (node.depth <= 1)
            in_reserved = strcmp(fdt_name(fdt, &node), "reserved-memory") == 0;
        if (!in_reserved || node.depth != 2 || !fdt_available(fdt, &node))
            continue;
        for (uint32_t i = 0; fdt_reg(fdt, &node, i, &base, &size); i++)
            regions_remove(&boot_info.ram, base, size);
    }
    for (uint32_t i = 0; fdt_reservation(boot_info.fdt, boot_info.fdt_size, i, &base, &size); i++)
        regions_remove(&boot_info.ram, base, size);
    keep(boot_info.loader_data, boot_info.loader_data_size);
    keep((uintptr_t)boot_info.initrd, boot_info.initrd_size);
}

static void read_cmdline(const struct fdt *fdt, const struct fdt_node *chosen)
{
    struct fdt_property text;
    const uint8_t *end;
    size_t length;

    if (!fdt_get(fdt, chosen, "bootargs", &text))
        return;
    end = memchr(text.value, '\0', text.bytes);
    length = end != NULL ? (size_t)(end - text.value) : text.bytes;
    boot_info.cmdline_truncated = length > sizeof(boot_info.cmdline) - 1;
    if (boot_info.cmdline_truncated)
        length = sizeof(boot_info.cmdline) - 1;
    memcpy(boot_info.cmdline, text.value, length);
    boot_info.cmdline_length = length;
}

static bool read_address(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                         uint64_t *address)
{
    struct fdt_property property;

    return fdt_get(fdt, node, name, &property) &&
           fdt_number(&property, 0, property.bytes / 4, address);
}

static void read_initrd(const struct fdt *fdt, const struct fdt_node *chosen)
{
    uint64_t start, end;

    if (!read_address(fdt, chosen, "linux,initrd-start", &start) ||
        !read_address(fdt, chosen, "linux,initrd-end", &end) || start >= end)
        return;
    for (unsigned int i = 0; i < boot_info.ram.count; i++) {
        const struct region *ram = &boot_info.ram.items[i];

        if (start >= ram->base && end <= ram->base + ram->size) {
            boot_info.initrd = (const uint8_t *)(uintptr_t)start;
            boot_info.initrd_size = end - start;
        }
    }
}

/* Random numbers of the loader's, the first one for the canary: whoever has been called with the
 * old one does not return. */
static inline void take_seed(const struct fdt *fdt, const struct fdt_node *chosen)
{
    struct fdt_property text;
    uint64_t bits;

    if (!fdt_get(fdt, chosen, "rng-seed", &text))
        return;
    seed_keep(text.value, text.bytes);
    if (arch_random(&bits))
        __stack_chk_guard ^= (uintptr_t)(bits & ~UINT64_C(0xff));
}

static void use_serial_port(const struct fdt *fdt, const struct fdt_node *chosen)
{
    static const char *const known[] = {"arm,pl011", "ns16550a"};
    struct fdt_property path;
    struct fdt_node port;
    uint64_t address, bytes;

    if (!fdt_get(fdt, chosen, "stdout-path", &path) || path.bytes == 0 ||
        path.value[path.bytes - 1] != '\0' || !fdt_by_path(fdt, (const char *)path.value, &port) ||
        !fdt_reg(fdt, &port, 0, &address, &bytes) || address == 0 || address >= LAYOUT_RAM_BASE)
        return;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (fdt_compatible(fdt, &port, known[i]))
            (void)serial_use(known[i], (volatile void *)(uintptr_t)address);
    }
}

static void find_devices(const struct fdt *fdt, uint64_t *fw_cfg)
{
    struct fdt_node node;
    uint64_t bytes;
    uint32_t hz = 0;
    bool more;

    for (more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        if (fdt_compatible(fdt, &node, "qemu,fw-cfg-mmio"))
            (void)fdt_reg(fdt, &node, 0, fw_cfg, &bytes);
        hz = fdt_u32(fdt, &node, "timebase-frequency", hz);
    }
    clock_set_frequency(arch_counter_hz() != 0 ? arch_counter_hz() : hz);
}

/* --- the order ------------------------------------------------------------------------------- */

/* What may be given away: not firmware's, the image, the initrd, the tree. */
static struct regions free_ram(void)
{
    struct regions ram = boot_info.ram;

    regions_remove(&ram, 0, PAGE_SIZE);
    regions_remove(&ram, (uintptr_t)image_start, (uint64_t)(image_end - image_start));
    regions_remove(&ram, (uintptr_t)boot_info.initrd, boot_info.initrd_size);
    regions_remove(&ram, boot_info.loader_data, boot_info.loader_data_size);
    return ram;
}

void virt_start(uintptr_t tree, uint64_t cpu, const char *protocol)
{
    struct fdt fdt;
    struct fdt_node chosen;
    uint64_t fw_cfg = 0;
    struct regions ram;

    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    /* The time until the tree brings something better; a zero byte below stops a runaway string. */
    __stack_chk_guard = (uintptr_t)(arch_counter() * CANARY_MIX & ~UINT64_C(0xff));
    (void)serial_use(LAYOUT_UART_COMPATIBLE, (volatile void *)(uintptr_t)LAYOUT_UART_BASE);
    open_tree(tree, &fdt);
    boot_info.protocol = protocol;
    boot_info.boot_cpu = cpu;
    read_memory(&fdt);
    if (boot_info.ram.count == 0)
        give_up("the device tree has no memory");
    if (fdt_by_path(&fdt, "/chosen", &chosen)) {
        take_seed(&fdt, &chosen);
        use_serial_port(&fdt, &chosen);
        read_cmdline(&fdt, &chosen);
        read_initrd(&fdt, &chosen);
    }
    remove_reserved(&fdt);
    find_devices(&fdt, &fw_cfg);
    ram = free_ram();
    const struct region *last = &boot_info.ram.items[boot_info.ram.count - 1];
    if (pages_init(&ram, last->base + last->size) || paging_init(&boot_info.ram))
        panic("not enough memory");
    if (fw_cfg != 0 && mmio_map(fw_cfg, PAGE_SIZE) != NULL)
        boot_info.fw_cfg = fw_cfg;
    kernel_main(&boot_info);
}
