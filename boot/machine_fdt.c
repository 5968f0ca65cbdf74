/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From device tree nodes to struct machine (Devicetree Specification v0.4 §2; PCI Bus Binding to
 * IEEE 1275 §2.1.4; Open Firmware Recommended Practice: Interrupt Mapping §5).  The tree of QEMU's
 * microvm leaves out how PCI interrupts are routed and says "edge" for lines that are levels
 * (hw/i386/microvm-dt.c:dt_add_microvm_irq()).
 */
#include "machine_fdt.h"

#include <string.h>

#include "drivers/klog.h"

#define IOAPIC_PINS 24u

/* Arm's binding of the GIC: SPI and PPI count from 0 each. */
#define GIC_SPI_FIRST 32u
#define GIC_PPI_FIRST 16u
/* Flags of the bindings of GIC and APLIC: rising 1, falling 2, high 4, low 8. */
#define IRQ_FLAGS_LEVEL 0xcu

#define PCI_ADDRESS_CELLS   3u
#define PCI_INTERRUPT_CELLS 1u
#define PCI_PINS            4u
#define PCI_MAP_ROWS_MAX    256u
#define PCI_MAP_SLOT(hi)    ((hi) >> 11 & 0x1fu)
#define PCI_BUS_BYTES       (UINT64_C(1) << 20)
#define PCI_RANGE_SPACE(hi) ((hi) >> 24 & 3u)

enum pci_range_space { PCI_RANGE_IO = 1, PCI_RANGE_MEMORY32 = 2, PCI_RANGE_MEMORY64 = 3 };

/* The controllers that we know, and the cells of an interrupt in their terms. */
static const struct controller_binding {
    const char *compatible;
    enum machine_irq_kind kind;
    uint32_t cells;
} bindings[] = {
    {"intel,ce4100-ioapic", MACHINE_IRQ_IOAPIC, 2}, {"arm,cortex-a15-gic", MACHINE_IRQ_GICV2, 3},
    {"arm,gic-400", MACHINE_IRQ_GICV2, 3},          {"arm,gic-v3", MACHINE_IRQ_GICV3, 3},
    {"riscv,plic0", MACHINE_IRQ_PLIC, 1},           {"riscv,aplic", MACHINE_IRQ_APLIC, 2},
};

static const struct controller_binding *binding_of(const struct fdt *fdt,
                                                   const struct fdt_node *node)
{
    for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
        if (fdt_compatible(fdt, node, bindings[i].compatible))
            return &bindings[i];
    }
    return NULL;
}

/* RISC-V's interrupt numbers of a processor: external interrupts of supervisor mode. */
#define RISCV_SUPERVISOR_EXTERNAL 9u
#define IMSIC_PAGE_BYTES          0x1000u
#define CONTEXTS_MAX              1024u

/* Whether a processor's own interrupt controller belongs to the boot processor. */
static bool is_of_boot_cpu(const struct fdt *fdt, uint32_t phandle, const struct machine *machine)
{
    struct fdt_node node;
    uint64_t cpu = UINT64_MAX, bytes;
    bool more;

    for (more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        struct fdt_property type;

        if (fdt_get(fdt, &node, "device_type", &type) && fdt_is_text(&type, "cpu") &&
            !fdt_reg(fdt, &node, 0, &cpu, &bytes))
            cpu = UINT64_MAX;
        if (fdt_u32(fdt, &node, "phandle", 0) == phandle)
            return cpu == machine->boot_cpu;
    }
    return false;
}

/* The outputs of a PLIC or APLIC are listed as pairs; their order numbers its contexts. */
static bool find_context(const struct fdt *fdt, const struct fdt_node *node,
                         const struct machine *machine, uint32_t *context)
{
    struct fdt_property outputs;
    uint32_t phandle, number;

    if (!fdt_get(fdt, node, "interrupts-extended", &outputs))
        return false;
    for (uint32_t i = 0; i < CONTEXTS_MAX && fdt_cell(&outputs, 2 * i, &phandle); i++) {
        if (fdt_cell(&outputs, 2 * i + 1, &number) && number == RISCV_SUPERVISOR_EXTERNAL &&
            is_of_boot_cpu(fdt, phandle, machine)) {
            *context = i;
            return true;
        }
    }
    return false;
}

/* An APLIC that sends messages: the page of the boot processor's IMSIC that takes them. */
static bool find_imsic(const struct fdt *fdt, const struct fdt_node *node,
                       const struct machine *machine, struct machine_irq_controller *controller)
{
    struct fdt_node imsics;
    uint64_t pages;

    if (!fdt_by_phandle(fdt, fdt_u32(fdt, node, "msi-parent", 0), &imsics) ||
        !find_context(fdt, &imsics, machine, &controller->context) ||
        !fdt_reg(fdt, &imsics, 0, &controller->cpu_address, &controller->cpu_bytes))
        return false;
    pages = UINT64_C(1) << (fdt_u32(fdt, &imsics, "riscv,guest-index-bits", 0) & 7u);
    controller->cpu_address += controller->context * pages * IMSIC_PAGE_BYTES;
    return true;
}

/* An APLIC whose lines come through another one, which lists its children. */
static void find_parent(const struct fdt *fdt, struct machine_irq_controller *controller)
{
    struct fdt_node node;
    struct fdt_property children;
    uint32_t phandle;
    uint64_t bytes;
    bool more;

    for (more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        if (!fdt_get(fdt, &node, "riscv,children", &children) || !fdt_available(fdt, &node))
            continue;
        for (uint32_t i = 0; fdt_cell(&children, i, &phandle); i++) {
            if (phandle != 0 && phandle == controller->phandle &&
                fdt_reg(fdt, &node, 0, &controller->parent_address, &bytes)) {
                controller->child = i;
                return;
            }
        }
    }
}

static void add_controller(const struct fdt *fdt, const struct fdt_node *node,
                           const struct controller_binding *binding, struct machine *machine)
{
    struct machine_irq_controller *controller =
        &machine->irq_controllers[machine->irq_controller_count];
    uint64_t bytes;

    if (machine->irq_controller_count == MACHINE_IRQ_CONTROLLERS_MAX ||
        !fdt_reg(fdt, node, 0, &controller->address, &bytes) || controller->address == 0)
        return;
    controller->kind = binding->kind;
    controller->id = machine->irq_controller_count;
    controller->phandle = fdt_u32(fdt, node, "phandle", 0);
    controller->address_cells = fdt_u32(fdt, node, "#address-cells", 0) & 3u;
    controller->cpu_address = controller->cpu_bytes = 0;
    (void)fdt_reg(fdt, node, 1, &controller->cpu_address, &controller->cpu_bytes);
    /* Those of machine mode are not ours to use. */
    if ((binding->kind == MACHINE_IRQ_PLIC || binding->kind == MACHINE_IRQ_APLIC) &&
        !find_context(fdt, node, machine, &controller->context) &&
        !find_imsic(fdt, node, machine, controller))
        return;
    if (binding->kind == MACHINE_IRQ_APLIC)
        find_parent(fdt, controller);
    machine->irq_controller_count++;
}

/* The tree does not say which interrupt number an I/O APIC starts at: in order of address. */
static void number_ioapics(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->irq_controller_count; i++) {
        uint32_t lower = 0;

        if (machine->irq_controllers[i].kind != MACHINE_IRQ_IOAPIC)
            continue;
        for (uint32_t j = 0; j < machine->irq_controller_count; j++)
            lower += machine->irq_controllers[j].address < machine->irq_controllers[i].address;
        machine->irq_controllers[i].gsi_base = lower * IOAPIC_PINS;
    }
}

/* The controller with this phandle.  Those that ACPI told of are known by their address. */
static const struct machine_irq_controller *find_controller(const struct fdt *fdt, uint32_t phandle,
                                                            const struct machine *machine)
{
    struct fdt_node node;
    uint64_t address, bytes;

    for (uint32_t i = 0; phandle != 0 && i < machine->irq_controller_count; i++) {
        if (machine->irq_controllers[i].phandle == phandle)
            return &machine->irq_controllers[i];
    }
    if (machine->irq_controller_count == 0 || machine->irq_controllers[0].phandle != 0 ||
        !fdt_by_phandle(fdt, phandle, &node) || !fdt_reg(fdt, &node, 0, &address, &bytes))
        return NULL;
    for (uint32_t i = 0; i < machine->irq_controller_count; i++) {
        if (machine->irq_controllers[i].address == address)
            return &machine->irq_controllers[i];
    }
    return NULL;
}

static uint32_t cells_of(const struct machine_irq_controller *controller)
{
    for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
        if (bindings[i].kind == controller->kind)
            return bindings[i].cells;
    }
    return 0;
}

/* An interrupt as a controller numbers it: cells from `index` on. */
static bool read_line(const struct machine_irq_controller *controller,
                      const struct fdt_property *cells, uint32_t index,
                      struct machine_irq_line *line)
{
    uint32_t cell[3] = {0, 0, 0};
    uint32_t count = cells_of(controller);

    for (uint32_t c = 0; c < count; c++) {
        if (!fdt_cell(cells, index + c, &cell[c]) && c == 0)
            return false;
    }
    *line = (struct machine_irq_line){.gsi = cell[0], .level_triggered = true};
    if (controller->kind == MACHINE_IRQ_IOAPIC) {
        line->gsi += controller->gsi_base;
    } else if (count == 3) {
        line->gsi = cell[1] + (cell[0] == 0 ? GIC_SPI_FIRST : GIC_PPI_FIRST);
        line->level_triggered = (cell[2] & IRQ_FLAGS_LEVEL) != 0;
    } else if (count == 2) {
        line->level_triggered = (cell[1] & IRQ_FLAGS_LEVEL) != 0;
    }
    return true;
}

bool machine_fdt_interrupt(const struct fdt *fdt, const struct fdt_node *node, uint32_t inherited,
                           const struct machine *machine, struct machine_irq_line *line)
{
    const struct machine_irq_controller *controller =
        find_controller(fdt, fdt_u32(fdt, node, "interrupt-parent", inherited), machine);
    struct fdt_property interrupts;

    return controller != NULL && fdt_get(fdt, node, "interrupts", &interrupts) &&
           read_line(controller, &interrupts, 0, line);
}

static void add_virtio_mmio(const struct fdt *fdt, const struct fdt_node *node, uint32_t inherited,
                            struct machine *machine)
{
    struct machine_virtio_mmio *device = &machine->virtio_mmio[machine->virtio_mmio_count];

    if (machine->virtio_mmio_count == MACHINE_VIRTIO_MMIO_MAX ||
        !fdt_reg(fdt, node, 0, &device->address, &device->bytes) ||
        !machine_fdt_interrupt(fdt, node, inherited, machine, &device->irq)) {
        klog("fdt: %s ignored", fdt_name(fdt, node));
        return;
    }
    machine->virtio_mmio_count++;
}

/* --- PCI ------------------------------------------------------------------------------------- */

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

/*
 * Rows of `interrupt-map`: a device's address and pin, the controller's phandle, an address in the
 * controller's terms, an interrupt in its terms.  How long a row is only its controller tells.
 * QEMU's rows for slots 0 to 3 turn the pins by the slot, which is all that struct machine can
 * hold; whoever does otherwise gets no lines.
 */
static bool read_interrupt_map(const struct fdt *fdt, const struct fdt_property *map,
                               const struct machine *machine, struct machine_pci_host *host)
{
    uint32_t index = 0, found = 0;
    uint32_t device, pin, phandle;

    for (uint32_t row = 0; row < PCI_MAP_ROWS_MAX && fdt_cell(map, index, &device); row++) {
        const struct machine_irq_controller *controller;
        struct machine_irq_line line;
        uint32_t turned;

        if (!fdt_cell(map, index + PCI_ADDRESS_CELLS, &pin) || pin < 1 || pin > PCI_PINS ||
            !fdt_cell(map, index + PCI_ADDRESS_CELLS + PCI_INTERRUPT_CELLS, &phandle))
            return false;
        controller = find_controller(fdt, phandle, machine);
        if (controller == NULL)
            return false;
        index += PCI_ADDRESS_CELLS + PCI_INTERRUPT_CELLS + 1 + controller->address_cells;
        if (!read_line(controller, map, index, &line))
            return false;
        index += cells_of(controller);
        turned = (PCI_MAP_SLOT(device) + pin - 1) % PCI_PINS;
        if ((found & 1u << turned) != 0 && host->intx[turned].gsi != line.gsi)
            return false;
        found |= 1u << turned;
        host->intx[turned] = line;
    }
    return found == (1u << PCI_PINS) - 1;
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
    if (fdt_get(fdt, node, "interrupt-map", &property))
        host->intx_by_swizzle = read_interrupt_map(fdt, &property, machine, host);
    machine->pci_host_count++;
}

/* --- the walk -------------------------------------------------------------------------------- */

void machine_read_fdt(const struct fdt *fdt, struct machine *machine)
{
    bool find_controllers = machine->irq_controller_count == 0;
    bool find_hosts = machine->pci_host_count == 0;
    bool count_cpus = machine->cpu_count == 0;
    uint32_t controllers[FDT_DEPTH_MAX] = {0}; /* interrupt-parent, inherited (§2.4.1.2) */
    struct fdt_node node;
    bool more;

    for (more = find_controllers && fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        const struct controller_binding *binding = binding_of(fdt, &node);

        if (binding != NULL && fdt_available(fdt, &node))
            add_controller(fdt, &node, binding, machine);
    }
    if (find_controllers)
        number_ioapics(machine);

    machine->time.has_rtc = false;
    for (more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        struct fdt_property type;
        uint32_t above = node.depth > 0 ? controllers[node.depth - 1] : 0;

        controllers[node.depth] = fdt_u32(fdt, &node, "interrupt-parent", above);
        if (!fdt_available(fdt, &node))
            continue;
        if (find_hosts && fdt_compatible(fdt, &node, "pci-host-ecam-generic"))
            add_pci_host(fdt, &node, machine);
        else if (fdt_compatible(fdt, &node, "virtio,mmio"))
            add_virtio_mmio(fdt, &node, above, machine);
        else if (fdt_compatible(fdt, &node, "motorola,mc146818"))
            machine->time.has_rtc = true;
        else if (fdt_get(fdt, &node, "device_type", &type) && fdt_is_text(&type, "cpu"))
            machine->cpu_count += count_cpus;
    }
}
