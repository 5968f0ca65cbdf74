/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From device tree nodes to struct machine (Devicetree Specification v0.4 §2; PCI Bus Binding to
 * IEEE 1275 §2.1.4).  The tree of QEMU's microvm leaves out how PCI interrupts are routed and says
 * "edge" for lines that are levels (hw/i386/microvm-dt.c:dt_add_microvm_irq()).
 */
#include "machine_fdt.h"

#include "drivers/klog.h"

#define IOAPIC_COMPATIBLE "intel,ce4100-ioapic"
#define IOAPIC_PINS       24u

#define PCI_ADDRESS_CELLS   3u
#define PCI_BUS_BYTES       (UINT64_C(1) << 20)
#define PCI_RANGE_SPACE(hi) ((hi) >> 24 & 3u)

enum pci_range_space { PCI_RANGE_IO = 1, PCI_RANGE_MEMORY32 = 2, PCI_RANGE_MEMORY64 = 3 };

static void add_ioapic(const struct fdt *fdt, const struct fdt_node *node, struct machine *machine)
{
    struct machine_irq_controller *controller =
        &machine->irq_controllers[machine->irq_controller_count];
    uint64_t address, bytes;

    if (machine->irq_controller_count == MACHINE_IRQ_CONTROLLERS_MAX ||
        !fdt_reg(fdt, node, 0, &address, &bytes) || address == 0)
        return;
    controller->address = address;
    controller->id = machine->irq_controller_count;
    machine->irq_controller_count++;
}

/* The tree does not say which interrupt number a controller starts at: in order of address. */
static void number_ioapics(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->irq_controller_count; i++) {
        uint32_t lower = 0;

        for (uint32_t j = 0; j < machine->irq_controller_count; j++)
            lower += machine->irq_controllers[j].address < machine->irq_controllers[i].address;
        machine->irq_controllers[i].gsi_base = lower * IOAPIC_PINS;
    }
}

static bool find_parent_controller(const struct fdt *fdt, const struct fdt_node *node,
                                   const struct machine *machine, uint32_t *gsi_base)
{
    struct fdt_node parent;
    uint64_t address, bytes;

    if (!fdt_by_phandle(fdt, fdt_u32(fdt, node, "interrupt-parent", 0), &parent) ||
        !fdt_reg(fdt, &parent, 0, &address, &bytes))
        return false;
    for (uint32_t i = 0; i < machine->irq_controller_count; i++) {
        if (machine->irq_controllers[i].address == address) {
            *gsi_base = machine->irq_controllers[i].gsi_base;
            return true;
        }
    }
    return false;
}

static void add_virtio_mmio(const struct fdt *fdt, const struct fdt_node *node,
                            struct machine *machine)
{
    struct machine_virtio_mmio *device = &machine->virtio_mmio[machine->virtio_mmio_count];
    struct fdt_property interrupts;
    uint32_t pin, gsi_base;

    if (machine->virtio_mmio_count == MACHINE_VIRTIO_MMIO_MAX ||
        !fdt_reg(fdt, node, 0, &device->address, &device->bytes) ||
        !fdt_get(fdt, node, "interrupts", &interrupts) || !fdt_cell(&interrupts, 0, &pin) ||
        !find_parent_controller(fdt, node, machine, &gsi_base)) {
        klog("fdt: %s ignored", fdt_name(fdt, node));
        return;
    }
    device->irq = (struct machine_irq_line){.gsi = gsi_base + pin, .level_triggered = true};
    machine->virtio_mmio_count++;
}

/* One row of `ranges`: an address on the bus, one of the parent's, a size. */
static bool read_range(const struct fdt_property *ranges, uint32_t row, uint32_t parent_cells,
                       struct machine_pci_host *host)
{
    uint32_t index = row * (PCI_ADDRESS_CELLS + parent_cells + 2);
    struct machine_window window;
    uint32_t space;

    if (!fdt_cell(ranges, index, &space) ||
        !fdt_number(ranges, index + 1, 2, &window.bus_address) ||
        !fdt_number(ranges, index + PCI_ADDRESS_CELLS, parent_cells, &window.address) ||
        !fdt_number(ranges, index + PCI_ADDRESS_CELLS + parent_cells, 2, &window.bytes))
        return false;
    switch (PCI_RANGE_SPACE(space)) {
    case PCI_RANGE_IO:
        host->io = window;
        break;
    case PCI_RANGE_MEMORY32:
        host->mmio32 = window;
        break;
    case PCI_RANGE_MEMORY64:
        host->mmio64 = window;
        break;
    default:
        break;
    }
    return true;
}

static void add_pci_host(const struct fdt *fdt, const struct fdt_node *node,
                         struct machine *machine)
{
    struct machine_pci_host *host = &machine->pci_hosts[machine->pci_host_count];
    uint32_t first = 0, last = UINT8_MAX;
    uint32_t parent_cells = node->depth > 0 ? node->cells[node->depth - 1].address : 0;
    struct fdt_property property;
    uint64_t address, bytes;

    if (machine->pci_host_count == MACHINE_PCI_HOSTS_MAX ||
        !fdt_reg(fdt, node, 0, &address, &bytes) || address == 0 || bytes < PCI_BUS_BYTES)
        return;
    if (fdt_get(fdt, node, "bus-range", &property)) {
        (void)fdt_cell(&property, 0, &first);
        (void)fdt_cell(&property, 1, &last);
    }
    if (first > UINT8_MAX || last > UINT8_MAX || first > last)
        return;
    if (last - first >= bytes / PCI_BUS_BYTES)
        last = first + (uint32_t)(bytes / PCI_BUS_BYTES) - 1;
    *host = (struct machine_pci_host){.bus_first = (uint8_t)first, .bus_last = (uint8_t)last};
    host->ecam_address = address - first * PCI_BUS_BYTES;
    host->segment = (uint16_t)fdt_u32(fdt, node, "linux,pci-domain", 0);
    if (fdt_get(fdt, node, "ranges", &property) && parent_cells <= 2) {
        for (uint32_t row = 0; read_range(&property, row, parent_cells, host); row++)
            continue;
    }
    machine->pci_host_count++;
}

void machine_read_fdt(const struct fdt *fdt, struct machine *machine)
{
    bool find_controllers = machine->irq_controller_count == 0;
    bool find_hosts = machine->pci_host_count == 0;
    struct fdt_node node;
    bool more;

    for (more = find_controllers && fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        if (fdt_compatible(fdt, &node, IOAPIC_COMPATIBLE))
            add_ioapic(fdt, &node, machine);
    }
    if (find_controllers)
        number_ioapics(machine);

    machine->time.has_rtc = false;
    for (more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        if (fdt_compatible(fdt, &node, "virtio,mmio"))
            add_virtio_mmio(fdt, &node, machine);
        else if (find_hosts && fdt_compatible(fdt, &node, "pci-host-ecam-generic"))
            add_pci_host(fdt, &node, machine);
        else if (fdt_compatible(fdt, &node, "motorola,mc146818"))
            machine->time.has_rtc = true;
    }
}
