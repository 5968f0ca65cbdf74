/* SPDX-License-Identifier: BSD-2-Clause */
/* Discovery on a machine that a device tree describes. */
#include "boot/machine.h"

#include <arch/pio.h>
#include <string.h>

#include "boot/boot_info.h"
#include "boot/chipset.h"
#include "boot/fdt.h"
#include "boot/machine_fdt.h"
#include "boot/options.h"
#include "boot/platform.h"
#include "drivers/klog.h"

#define PIO_BYTES_MAX UINT64_C(0x10000) /* what 16 bits of a port number reach */

volatile uint8_t *pio_window;

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

    (void)options;
    memset(machine, 0, sizeof(*machine));
    machine->source = "device tree";
    machine->boot_cpu = info->boot_cpu;
    if (fdt_open(&fdt, info->fdt, info->fdt_size) == 0)
        machine_read_fdt(&fdt, machine);
    map_ports(machine);
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
