/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery on a machine that a device tree describes: what only such machines have is read here,
 * the rest in boot/machine_fdt.c.
 */
#include "boot/machine.h"

#include <arch/layout.h>
#include <arch/pio.h>
#include <string.h>

#include "boot/boot_info.h"
#include "boot/chipset.h"
#include "boot/fdt.h"
#include "boot/machine_fdt.h"
#include "boot/options.h"
#include "boot/platform.h"
#include "drivers/klog.h"
#include "virt.h"

#define PIO_BYTES_MAX UINT64_C(0x10000) /* what 16 bits of a port number reach */

volatile uint8_t *pio_window;

static void add_psci(const struct fdt *fdt, const struct fdt_node *node, struct machine *machine)
{
    struct fdt_property method;

    if (!fdt_get(fdt, node, "method", &method))
        return;
    if (fdt_is_text(&method, "hvc"))
        machine->power.psci = MACHINE_PSCI_HVC;
    else if (fdt_is_text(&method, "smc"))
        machine->power.psci = MACHINE_PSCI_SMC;
}

/* Linux Documentation/devicetree/bindings/power/reset/syscon-poweroff.yaml */
static void add_syscon(const struct fdt *fdt, const struct fdt_node *node,
                       struct machine_register *at, uint32_t *value)
{
    struct fdt_node registers;
    uint64_t address, bytes;

    if (!fdt_by_phandle(fdt, fdt_u32(fdt, node, "regmap", 0), &registers) ||
        !fdt_reg(fdt, &registers, 0, &address, &bytes) || bytes < 4)
        return;
    *at = (struct machine_register){.space = MACHINE_SPACE_MEMORY,
                                    .access_bytes = 4,
                                    .bytes = 4,
                                    .address = address + fdt_u32(fdt, node, "offset", 0)};
    *value = fdt_u32(fdt, node, "value", 0);
}

/* A key that says "power": Linux's code 116, on a pin of a GPIO controller. */
#define KEY_POWER 116u

static void add_power_button(const struct fdt *fdt, const struct fdt_node *node,
                             struct machine *machine)
{
    struct machine_power *power = &machine->power;
    struct fdt_property gpios;
    struct fdt_node root, controller;
    uint32_t phandle;
    uint64_t bytes;

    if (fdt_u32(fdt, node, "linux,code", 0) == KEY_POWER && fdt_get(fdt, node, "gpios", &gpios) &&
        fdt_cell(&gpios, 0, &phandle) && fdt_cell(&gpios, 1, &power->button_pin) &&
        power->button_pin < 8 && fdt_root(fdt, &root) &&
        fdt_by_phandle(fdt, phandle, &controller) &&
        fdt_compatible(fdt, &controller, "arm,pl061") &&
        machine_fdt_interrupt(fdt, &controller, fdt_u32(fdt, &root, "interrupt-parent", 0), machine,
                              &power->button_irq) &&
        !fdt_reg(fdt, &controller, 0, &power->button_gpio, &bytes))
        power->button_gpio = 0;
}

static void add_clock(const struct fdt *fdt, const struct fdt_node *node, enum machine_rtc kind,
                      struct machine *machine)
{
    uint64_t bytes;

    if (fdt_reg(fdt, node, 0, &machine->time.rtc_address, &bytes)) {
        machine->time.rtc = kind;
        machine->time.has_rtc = true;
    }
}

static void add_device(const struct fdt *fdt, const struct fdt_node *node, struct machine *machine)
{
    struct machine_power *power = &machine->power;
    uint64_t bytes;

    if (fdt_compatible(fdt, node, "arm,pl031"))
        add_clock(fdt, node, MACHINE_RTC_PL031, machine);
    else if (fdt_compatible(fdt, node, "google,goldfish-rtc"))
        add_clock(fdt, node, MACHINE_RTC_GOLDFISH, machine);
    else if (fdt_compatible(fdt, node, "arm,gic-v2m-frame"))
        (void)fdt_reg(fdt, node, 0, &machine->msi_address, &bytes);
    else if (fdt_compatible(fdt, node, "arm,psci-0.2") || fdt_compatible(fdt, node, "arm,psci-1.0"))
        add_psci(fdt, node, machine);
    else if (fdt_compatible(fdt, node, "syscon-poweroff"))
        add_syscon(fdt, node, &power->syscon_off, &power->syscon_off_value);
    else if (fdt_compatible(fdt, node, "syscon-reboot"))
        add_syscon(fdt, node, &power->syscon_reset, &power->syscon_reset_value);
    else if (fdt_compatible(fdt, node, "sifive,test0"))
        (void)fdt_reg(fdt, node, 0, &power->sifive_test, &bytes);
    else
        add_power_button(fdt, node, machine);
}

/* Ports of the first host that has some: nobody has two in QEMU. */
static void map_ports(const struct machine *machine)
{
    for (uint32_t i = 0; i < machine->pci_host_count && pio_window == NULL; i++) {
        const struct machine_window *io = &machine->pci_hosts[i].io;

        if (io->bytes == PIO_BYTES_MAX && io->bus_address == 0)
            pio_window = mmio_map(io->address, PIO_BYTES_MAX);
    }
}

void machine_discover(const struct boot_info *info, const struct options *options,
                      struct machine *machine)
{
    struct fdt fdt;
    struct fdt_node node;

    (void)options;
    memset(machine, 0, sizeof(*machine));
    machine->kind = LAYOUT_MACHINE_KIND;
    machine->source = "device tree";
    machine->boot_cpu = info->boot_cpu;
    if (fdt_open(&fdt, info->fdt, info->fdt_size) == 0) {
        machine_read_fdt(&fdt, machine);
        for (bool more = fdt_root(&fdt, &node); more; more = fdt_next(&fdt, &node)) {
            if (fdt_available(&fdt, &node))
                add_device(&fdt, &node, machine);
        }
    }
    map_ports(machine);
    power_use_test_device(machine->power.sifive_test);
    klog("machine: by %s: %u interrupt controllers, %u PCI hosts, %u virtio-mmio transports",
         machine->source, machine->irq_controller_count, machine->pci_host_count,
         machine->virtio_mmio_count);
}

/* The tree says it for every slot, the ones filled later included. */
bool chipset_route(const struct pci_host *host, uint8_t slot, uint8_t pin,
                   const struct machine *machine, struct machine_irq_line *line)
{
    (void)host;
    (void)slot;
    (void)pin;
    (void)machine;
    (void)line;
    return false;
}
