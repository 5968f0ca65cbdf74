/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery on a PC or microvm: ACPI tables, then the device tree that QEMU leaves in fw_cfg for
 * every microvm (hw/i386/microvm-dt.c), then microvm's additions to the command line, then what
 * every PC has.
 */
#include "boot/machine.h"

#include <arch/pio.h>
#include <errno.h>
#include <string.h>

#include "boot/acpi.h"
#include "boot/boot_info.h"
#include "boot/fdt.h"
#include "boot/fw_cfg.h"
#include "boot/machine_fdt.h"
#include "boot/options.h"
#include "boot/pages.h"
#include "boot/platform.h"
#include "drivers/klog.h"

#define LOCAL_APIC_ADDRESS UINT64_C(0xfee00000) /* Intel SDM 3A §10.4.1 */
#define IO_APIC_ADDRESS    UINT64_C(0xfec00000) /* 82093AA §3.0 */

/* PCI 3.0 §3.2.2.3.2 */
#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_ENABLE  UINT32_C(0x80000000)

/*
 * Where base address registers may point on pc and q35: above any RAM below 4 GiB and q35's
 * configuration space, below the I/O APIC; I/O above everything that chipset and ISA devices take
 * (SeaBIOS src/fw/pciinit.c puts its own there too).
 */
#define PCI_MMIO32_FIRST     UINT64_C(0xe0000000)
#define PCI_MMIO32_FIRST_Q35 UINT64_C(0xc0000000)
#define PCI_IO_FIRST         UINT64_C(0xc000)
#define PCI_IO_END           UINT64_C(0x10000)

/* hw/i386/microvm.c:microvm_devices_init(): where PCI's four lines go, which no tree says. */
#define MICROVM_PCI_GSI_TWO_IOAPICS 16u
#define MICROVM_PCI_GSI_ACPI        12u
#define MICROVM_PCI_GSI_PLAIN       0u

#define FDT_FILE      "etc/fdt"
#define FDT_BYTES_MAX (UINT32_C(1) << 20)

static void set_defaults(struct machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    machine->source = "PC defaults";
    machine->kind = "x86_64";
    machine->local_irq_address = LOCAL_APIC_ADDRESS;
    machine->has_8259 = true;
    machine->power.has_8042 = true;
    machine->time.has_rtc = true;
    for (uint32_t i = 0; i < MACHINE_ISA_IRQS; i++)
        machine->isa_irq[i] = (struct machine_irq_line){.gsi = i};
    /* Without a MADT, what a PC's would say: IRQ 0 is on pin 2, and the lines that PCI interrupts
     * are routed to are levels. */
    machine->isa_irq[0].gsi = 2;
    machine->isa_irq[5].level_triggered = true;
    machine->isa_irq[9].level_triggered = true;
    machine->isa_irq[10].level_triggered = true;
    machine->isa_irq[11].level_triggered = true;
}

static bool is_in_ram(const struct regions *ram, uint64_t address, size_t bytes)
{
    for (unsigned int i = 0; i < ram->count; i++) {
        const struct region *region = &ram->items[i];

        if (address >= region->base && bytes <= region->size &&
            address - region->base <= region->size - bytes)
            return true;
    }
    return false;
}

/* Tables lie in RAM, or in what the memory map calls reserved. */
static const void *map_firmware(void *ctx, uint64_t address, size_t bytes)
{
    const struct boot_info *info = ctx;

    if (address < PAGE_SIZE || bytes > UINT64_MAX - address)
        return NULL;
    if (is_in_ram(&info->ram, address, bytes))
        return (const void *)(uintptr_t)address;
    return (const void *)(uintptr_t)mmio_map(address, bytes);
}

static bool read_acpi(const struct boot_info *info, struct machine *machine)
{
    union {
        const struct boot_info *read_only;
        void *ctx;
    } pass = {.read_only = info};
    struct acpi_memory memory = {.map = map_firmware, .ctx = pass.ctx};
    int result = acpi_discover(&memory, info->rsdp, machine);

    if (result == 0)
        machine->source = "ACPI";
    else if (result != -ENOENT)
        klog("acpi: the root table is damaged, its tables are not used");
    return result == 0;
}

/* Reads the part of the blob that is in use: QEMU pads it to 1 MiB, more than a small machine can
 * spare. */
static bool read_fdt_file(struct machine *machine)
{
    uint8_t header[FDT_HEADER_BYTES];
    struct fw_cfg_file file;
    struct fdt fdt;
    size_t bytes, pages;
    void *blob;
    bool found;

    if (fw_cfg_find(FDT_FILE, &file) < 0 || fw_cfg_read(&file, 0, header, sizeof(header)) < 0)
        return false;
    bytes = fdt_extent(header);
    if (bytes == 0 || bytes > FDT_BYTES_MAX) {
        klog("fdt: %s is no device tree that we read", FDT_FILE);
        return false;
    }
    pages = (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    blob = pages_alloc(pages);
    if (blob == NULL)
        return false;
    found = fw_cfg_read(&file, 0, blob, (uint32_t)bytes) == 0 && fdt_open(&fdt, blob, bytes) == 0;
    if (found)
        machine_read_fdt(&fdt, machine);
    else
        klog("fdt: %s is damaged", FDT_FILE);
    pages_free(blob, pages);
    return found;
}

/* Command line items count only where no tree has said the same. */
static void add_options(const struct options *options, struct machine *machine)
{
    for (uint32_t i = 0; i < options->virtio_mmio_count; i++) {
        const struct options_virtio_mmio *item = &options->virtio_mmio[i];
        struct machine_virtio_mmio *device = &machine->virtio_mmio[machine->virtio_mmio_count];
        bool known = false;

        for (uint32_t j = 0; j < machine->virtio_mmio_count; j++)
            known = known || machine->virtio_mmio[j].address == item->address;
        if (known || machine->virtio_mmio_count == MACHINE_VIRTIO_MMIO_MAX)
            continue;
        device->address = item->address;
        device->bytes = item->bytes;
        device->irq = (struct machine_irq_line){.gsi = item->irq, .level_triggered = true};
        machine->virtio_mmio_count++;
    }
}

/* Whether configuration mechanism 1 answers: its address register reads back. */
static bool has_config_ports(void)
{
    uint32_t before = pio_read32(PCI_CONFIG_ADDRESS);
    bool answers;

    pio_write32(PCI_CONFIG_ADDRESS, PCI_CONFIG_ENABLE);
    answers = pio_read32(PCI_CONFIG_ADDRESS) == PCI_CONFIG_ENABLE;
    pio_write32(PCI_CONFIG_ADDRESS, before);
    return answers;
}

static struct machine_window window(uint64_t first, uint64_t end)
{
    return (struct machine_window){.address = first, .bus_address = first, .bytes = end - first};
}

static void complete_pc_host(struct machine *machine)
{
    struct machine_pci_host *host = &machine->pci_hosts[0];

    if (machine->pci_host_count == 0) {
        *host = (struct machine_pci_host){.bus_last = UINT8_MAX};
        machine->pci_host_count = 1;
    }
    host->config_ports = true;
    host->firmware_assigned = true;
    host->mmio32 =
        window(host->ecam_address != 0 ? PCI_MMIO32_FIRST_Q35 : PCI_MMIO32_FIRST, IO_APIC_ADDRESS);
    host->io = window(PCI_IO_FIRST, PCI_IO_END);
}

static void complete_microvm_hosts(struct machine *machine, bool has_tables)
{
    uint32_t base = has_tables ? MICROVM_PCI_GSI_ACPI : MICROVM_PCI_GSI_PLAIN;

    if (machine->irq_controller_count > 1)
        base = MICROVM_PCI_GSI_TWO_IOAPICS;
    for (uint32_t i = 0; i < machine->pci_host_count; i++) {
        machine->pci_hosts[i].intx_by_swizzle = true;
        for (uint32_t pin = 0; pin < 4; pin++) {
            /* Line 0 arrives at pin 2 (hw/intc/ioapic.c:ioapic_set_irq()). */
            uint32_t gsi = base + pin == 0 ? 2 : base + pin;

            machine->pci_hosts[i].intx[pin] =
                (struct machine_irq_line){.gsi = gsi, .level_triggered = true};
        }
    }
}

/* QEMU docs/specs/fw_cfg, "Number of CPUs": for the machines that have no table of them. */
static void count_processors(struct machine *machine)
{
    static const struct fw_cfg_file number = {.size = 2, .selector = 5};
    uint8_t bytes[2];

    if (machine->cpu_count == 0 && fw_cfg_read(&number, 0, bytes, sizeof(bytes)) == 0)
        machine->cpu_count = (uint32_t)bytes[1] << 8 | bytes[0];
}

void machine_discover(const struct boot_info *info, const struct options *options,
                      struct machine *machine)
{
    bool has_tables, has_tree;

    set_defaults(machine);
    has_tables = read_acpi(info, machine);
    has_tree = read_fdt_file(machine);
    if (has_tree) {
        machine->power.has_8042 = false;
        if (!has_tables)
            machine->source = "device tree";
    }
    add_options(options, machine);
    count_processors(machine);
    if (machine->irq_controller_count == 0) {
        machine->irq_controllers[0] = (struct machine_irq_controller){.address = IO_APIC_ADDRESS};
        machine->irq_controller_count = 1;
    }
    if (has_config_ports())
        complete_pc_host(machine);
    else
        complete_microvm_hosts(machine, has_tables);
    klog("machine: by %s: %u I/O APICs, %u PCI hosts, %u virtio-mmio transports", machine->source,
         machine->irq_controller_count, machine->pci_host_count, machine->virtio_mmio_count);
}
