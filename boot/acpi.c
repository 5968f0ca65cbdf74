/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables (ACPI 6.4 §5.2).  A field that lies beyond its table's length reads 0, which is also
 * what an older revision of the table means by its absence.
 */
#include "acpi.h"

#include <errno.h>
#include <string.h>

#include "aml.h"
#include "drivers/klog.h"

#define ACPI_TABLE_BYTES_MAX (4u << 20) /* the largest known DSDTs are below 1 MiB */
#define ACPI_TABLES_MAX      128u

/* §5.2.5.1: the RSDP is on a 16-byte boundary in one of these areas. */
#define ACPI_EBDA_ADDRESS                                                                          \
    UINT64_C(0x9fc00) /* where every PC BIOS since 1987 puts it by default                         \
                       */
#define ACPI_EBDA_BYTES   1024u
#define ACPI_BIOS_ADDRESS UINT64_C(0xe0000)
#define ACPI_BIOS_BYTES   0x20000u

/* §5.2.5.3, §5.2.6 */
enum acpi_rsdp {
    ACPI_RSDP_REVISION = 15,
    ACPI_RSDP_RSDT = 16,
    ACPI_RSDP_BYTES_1 = 20,
    ACPI_RSDP_LENGTH = 20,
    ACPI_RSDP_XSDT = 24,
    ACPI_RSDP_BYTES_2 = 36
};
enum acpi_header { ACPI_HEADER_LENGTH = 4, ACPI_HEADER_REVISION = 8, ACPI_HEADER_BYTES = 36 };

/* §5.2.12; entries from §5.2.12.2 on */
enum acpi_madt {
    ACPI_MADT_LOCAL_APIC = 36,
    ACPI_MADT_FLAGS = 40,
    ACPI_MADT_ENTRIES = 44,
    ACPI_MADT_FLAG_PCAT = 1
};
enum acpi_madt_type {
    ACPI_MADT_TYPE_LOCAL_APIC = 0,
    ACPI_MADT_TYPE_IO_APIC = 1,
    ACPI_MADT_TYPE_OVERRIDE = 2,
    ACPI_MADT_TYPE_LOCAL_APIC_ADDRESS = 5,
    ACPI_MADT_TYPE_LOCAL_X2APIC = 9
};

/* §5.2.9 */
enum acpi_fadt {
    ACPI_FADT_FACS = 36,
    ACPI_FADT_DSDT = 40,
    ACPI_FADT_SCI = 46,
    ACPI_FADT_SMI_COMMAND = 48,
    ACPI_FADT_ACPI_ENABLE = 52,
    ACPI_FADT_PM1A_EVENT = 56,
    ACPI_FADT_PM1B_EVENT = 60,
    ACPI_FADT_PM1A_CONTROL = 64,
    ACPI_FADT_PM1B_CONTROL = 68,
    ACPI_FADT_PM_TIMER = 76,
    ACPI_FADT_GPE0 = 80,
    ACPI_FADT_PM1_EVENT_LENGTH = 88,
    ACPI_FADT_PM1_CONTROL_LENGTH = 89,
    ACPI_FADT_PM_TIMER_LENGTH = 91,
    ACPI_FADT_GPE0_LENGTH = 92,
    ACPI_FADT_CENTURY = 108,
    ACPI_FADT_BOOT_ARCH = 109,
    ACPI_FADT_FLAGS = 112,
    ACPI_FADT_RESET_REGISTER = 116,
    ACPI_FADT_RESET_VALUE = 128,
    ACPI_FADT_X_FACS = 132,
    ACPI_FADT_X_DSDT = 140,
    ACPI_FADT_X_PM1A_EVENT = 148,
    ACPI_FADT_X_PM1B_EVENT = 160,
    ACPI_FADT_X_PM1A_CONTROL = 172,
    ACPI_FADT_X_PM1B_CONTROL = 184,
    ACPI_FADT_X_PM_TIMER = 208,
    ACPI_FADT_X_GPE0 = 220,
    ACPI_FADT_SLEEP_CONTROL = 244,
    ACPI_FADT_SLEEP_STATUS = 256
};
#define ACPI_FADT_FLAG_TIMER_32BIT      (UINT32_C(1) << 8)
#define ACPI_FADT_FLAG_RESET            (UINT32_C(1) << 10)
#define ACPI_FADT_FLAG_HARDWARE_REDUCED (UINT32_C(1) << 20)
#define ACPI_BOOT_ARCH_8042             (UINT32_C(1) << 1)
#define ACPI_BOOT_ARCH_NO_RTC           (UINT32_C(1) << 5)
#define ACPI_BOOT_ARCH_SINCE            2u /* the table's revision that brought the field */

/* §5.2.3.2 */
enum acpi_address { ACPI_ADDRESS_WIDTH = 1, ACPI_ADDRESS_ACCESS = 3, ACPI_ADDRESS_VALUE = 4 };

/* IA-PC HPET 1.0a §3.2.4; PCI Firmware 3.2 §4.1.2 */
enum acpi_hpet { ACPI_HPET_SPACE = 40, ACPI_HPET_ADDRESS = 44 };
enum acpi_mcfg { ACPI_MCFG_ENTRIES = 44, ACPI_MCFG_ENTRY_BYTES = 16 };

struct acpi_table {
    const uint8_t *bytes;
    uint32_t length;
};

static uint64_t read_le(const struct acpi_table *table, uint32_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    if (offset > table->length || bytes > table->length - offset)
        return 0;
    for (uint32_t i = bytes; i-- > 0;)
        value = value << 8 | table->bytes[offset + i];
    return value;
}

static uint8_t read8(const struct acpi_table *table, uint32_t offset)
{
    return (uint8_t)read_le(table, offset, 1);
}

static uint16_t read16(const struct acpi_table *table, uint32_t offset)
{
    return (uint16_t)read_le(table, offset, 2);
}

static uint32_t read32(const struct acpi_table *table, uint32_t offset)
{
    return (uint32_t)read_le(table, offset, 4);
}

static uint64_t read64(const struct acpi_table *table, uint32_t offset)
{
    return read_le(table, offset, 8);
}

/* §5.2.6: all bytes of a table add up to 0. */
static bool sums_to_zero(const uint8_t *bytes, uint32_t length)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

/* --- the way to the tables ------------------------------------------------------------------- */

static int load_table(const struct acpi_memory *memory, uint64_t address, struct acpi_table *table)
{
    table->bytes = memory->map(memory->ctx, address, ACPI_HEADER_BYTES);
    table->length = ACPI_HEADER_BYTES;
    if (table->bytes == NULL) {
        klog("acpi: no memory at %#lx where a table should be", (unsigned long)address);
        return -EINVAL;
    }
    table->length = read32(table, ACPI_HEADER_LENGTH);
    if (table->length >= ACPI_HEADER_BYTES && table->length <= ACPI_TABLE_BYTES_MAX) {
        table->bytes = memory->map(memory->ctx, address, table->length);
        if (table->bytes != NULL && sums_to_zero(table->bytes, table->length))
            return 0;
    }
    klog("acpi: table at %#lx ignored: wrong length or checksum", (unsigned long)address);
    return -EINVAL;
}

/* Whether an RSDP is at `address`; fills its fields. */
static bool load_rsdp(const struct acpi_memory *memory, uint64_t address, struct acpi_table *rsdp)
{
    uint32_t length = ACPI_RSDP_BYTES_1;

    rsdp->bytes = memory->map(memory->ctx, address, length);
    rsdp->length = length;
    if (rsdp->bytes == NULL || memcmp(rsdp->bytes, "RSD PTR ", 8) != 0 ||
        !sums_to_zero(rsdp->bytes, length))
        return false;
    if (read8(rsdp, ACPI_RSDP_REVISION) < 2)
        return true;
    length = ACPI_RSDP_BYTES_2;
    rsdp->bytes = memory->map(memory->ctx, address, length);
    rsdp->length = length;
    return rsdp->bytes != NULL && read32(rsdp, ACPI_RSDP_LENGTH) == length &&
           sums_to_zero(rsdp->bytes, length);
}

static bool scan_for_rsdp(const struct acpi_memory *memory, uint64_t start, size_t bytes,
                          struct acpi_table *rsdp)
{
    const uint8_t *area = memory->map(memory->ctx, start, bytes);

    for (size_t offset = 0; area != NULL && offset < bytes; offset += 16) {
        /* Thousands of places, and hardly one has so much as the first letter. */
        if (area[offset] == 'R' && memcmp(area + offset, "RSD PTR ", 8) == 0 &&
            load_rsdp(memory, start + offset, rsdp))
            return true;
    }
    return false;
}

static bool find_rsdp(const struct acpi_memory *memory, uint64_t address, struct acpi_table *rsdp)
{
    if (address != 0) {
        if (load_rsdp(memory, address, rsdp))
            return true;
        klog("acpi: no RSDP at %#lx where the boot loader says", (unsigned long)address);
    }
    return scan_for_rsdp(memory, ACPI_EBDA_ADDRESS, ACPI_EBDA_BYTES, rsdp) ||
           scan_for_rsdp(memory, ACPI_BIOS_ADDRESS, ACPI_BIOS_BYTES, rsdp);
}

/* --- MADT ------------------------------------------------------------------------------------ */

static void add_irq_controller(struct machine *machine, const struct acpi_table *entry)
{
    struct machine_irq_controller *controller =
        &machine->irq_controllers[machine->irq_controller_count];

    if (machine->irq_controller_count == MACHINE_IRQ_CONTROLLERS_MAX) {
        klog("acpi: more than %u I/O APICs, the rest is ignored", MACHINE_IRQ_CONTROLLERS_MAX);
        return;
    }
    controller->id = read8(entry, 2);
    controller->address = read32(entry, 4);
    controller->gsi_base = read32(entry, 8);
    machine->irq_controller_count++;
}

/* §5.2.12.5; "conforms to the bus" means edge and active-high on ISA. */
static void add_override(struct machine *machine, const struct acpi_table *entry)
{
    uint8_t source = read8(entry, 3);
    uint16_t flags = read16(entry, 8);
    struct machine_irq_line *line;

    if (source >= MACHINE_ISA_IRQS)
        return;
    line = &machine->isa_irq[source];
    line->gsi = read32(entry, 4);
    line->active_low = (flags & 3) == 3;
    line->level_triggered = (flags >> 2 & 3) == 3;
}

static void read_madt_entry(struct machine *machine, const struct acpi_table *entry)
{
    switch (read8(entry, 0)) {
    case ACPI_MADT_TYPE_LOCAL_APIC:
        machine->cpu_count += read32(entry, 4) & 1;
        break;
    case ACPI_MADT_TYPE_LOCAL_X2APIC:
        machine->cpu_count += read32(entry, 8) & 1;
        break;
    case ACPI_MADT_TYPE_IO_APIC:
        add_irq_controller(machine, entry);
        break;
    case ACPI_MADT_TYPE_OVERRIDE:
        add_override(machine, entry);
        break;
    case ACPI_MADT_TYPE_LOCAL_APIC_ADDRESS:
        machine->local_irq_address = read64(entry, 4);
        break;
    default:
        break;
    }
}

static void read_madt(struct machine *machine, const struct acpi_table *madt)
{
    uint32_t offset = ACPI_MADT_ENTRIES;

    machine->cpu_count = 0;
    machine->irq_controller_count = 0;
    machine->local_irq_address = read32(madt, ACPI_MADT_LOCAL_APIC);
    machine->has_8259 = (read32(madt, ACPI_MADT_FLAGS) & ACPI_MADT_FLAG_PCAT) != 0;
    for (uint32_t i = 0; i < MACHINE_ISA_IRQS; i++)
        machine->isa_irq[i] = (struct machine_irq_line){.gsi = i};
    while (offset < madt->length && madt->length - offset >= 2) {
        struct acpi_table entry = {madt->bytes + offset, read8(madt, offset + 1)};

        if (entry.length < 2 || entry.length > madt->length - offset) {
            klog("acpi: MADT entry at %u has a wrong length", offset);
            return;
        }
        read_madt_entry(machine, &entry);
        offset += entry.length;
    }
}

/* --- FADT ------------------------------------------------------------------------------------ */

static struct machine_register read_address(const struct acpi_table *table, uint32_t offset)
{
    struct machine_register result = {
        .access_bytes = 1,
        .bytes = (uint8_t)(read8(table, offset + ACPI_ADDRESS_WIDTH) / 8),
        .address = read64(table, offset + ACPI_ADDRESS_VALUE),
    };
    uint8_t access = read8(table, offset + ACPI_ADDRESS_ACCESS);
    uint8_t space = read8(table, offset);

    if (result.address != 0 && space == 0)
        result.space = MACHINE_SPACE_MEMORY;
    else if (result.address != 0 && space == 1 && result.address <= UINT16_MAX)
        result.space = MACHINE_SPACE_PORT;
    if (access == 2 || access == 3)
        result.access_bytes = (uint8_t)(1u << (access - 1));
    return result;
}

/* A register block has an extended address and, before that, a port number with a length. */
static struct machine_register read_block(const struct acpi_table *fadt, uint32_t extended,
                                          uint32_t port, uint32_t length, uint8_t access_bytes)
{
    struct machine_register result = read_address(fadt, extended);

    if (result.space == MACHINE_SPACE_NONE) {
        result.address = read32(fadt, port);
        if (result.address != 0 && result.address <= UINT16_MAX)
            result.space = MACHINE_SPACE_PORT;
    }
    result.bytes = read8(fadt, length);
    result.access_bytes = access_bytes;
    if (result.bytes == 0)
        result.space = MACHINE_SPACE_NONE;
    return result;
}

static void read_power_registers(struct machine_power *power, const struct acpi_table *fadt)
{
    power->pm1a_event = read_block(fadt, ACPI_FADT_X_PM1A_EVENT, ACPI_FADT_PM1A_EVENT,
                                   ACPI_FADT_PM1_EVENT_LENGTH, 2);
    power->pm1b_event = read_block(fadt, ACPI_FADT_X_PM1B_EVENT, ACPI_FADT_PM1B_EVENT,
                                   ACPI_FADT_PM1_EVENT_LENGTH, 2);
    power->pm1a_control = read_block(fadt, ACPI_FADT_X_PM1A_CONTROL, ACPI_FADT_PM1A_CONTROL,
                                     ACPI_FADT_PM1_CONTROL_LENGTH, 2);
    power->pm1b_control = read_block(fadt, ACPI_FADT_X_PM1B_CONTROL, ACPI_FADT_PM1B_CONTROL,
                                     ACPI_FADT_PM1_CONTROL_LENGTH, 2);
    power->gpe0 = read_block(fadt, ACPI_FADT_X_GPE0, ACPI_FADT_GPE0, ACPI_FADT_GPE0_LENGTH, 1);
    power->smi_command_port = read32(fadt, ACPI_FADT_SMI_COMMAND);
    if (power->smi_command_port > UINT16_MAX)
        power->smi_command_port = 0;
    power->acpi_enable_value = read8(fadt, ACPI_FADT_ACPI_ENABLE);
    power->has_sci = true;
    power->sci.gsi = read16(fadt, ACPI_FADT_SCI);
}

static void read_fadt(struct machine *machine, const struct acpi_table *fadt)
{
    uint32_t flags = read32(fadt, ACPI_FADT_FLAGS);
    struct machine_power *power = &machine->power;

    if (read8(fadt, ACPI_HEADER_REVISION) >= ACPI_BOOT_ARCH_SINCE) {
        uint16_t boot_arch = read16(fadt, ACPI_FADT_BOOT_ARCH);

        power->has_8042 = (boot_arch & ACPI_BOOT_ARCH_8042) != 0;
        machine->time.has_rtc = (boot_arch & ACPI_BOOT_ARCH_NO_RTC) == 0;
    }
    machine->time.rtc_century = read8(fadt, ACPI_FADT_CENTURY);
    if ((flags & ACPI_FADT_FLAG_RESET) != 0) {
        power->reset = read_address(fadt, ACPI_FADT_RESET_REGISTER);
        power->reset_value = read8(fadt, ACPI_FADT_RESET_VALUE);
    }
    if ((flags & ACPI_FADT_FLAG_HARDWARE_REDUCED) != 0) {
        power->sleep_control = read_address(fadt, ACPI_FADT_SLEEP_CONTROL);
        power->sleep_status = read_address(fadt, ACPI_FADT_SLEEP_STATUS);
        return;
    }
    power->facs_address = read64(fadt, ACPI_FADT_X_FACS);
    if (power->facs_address == 0)
        power->facs_address = read32(fadt, ACPI_FADT_FACS);
    read_power_registers(power, fadt);
    machine->time.pm_timer =
        read_block(fadt, ACPI_FADT_X_PM_TIMER, ACPI_FADT_PM_TIMER, ACPI_FADT_PM_TIMER_LENGTH, 4);
    machine->time.pm_timer_32bit = (flags & ACPI_FADT_FLAG_TIMER_32BIT) != 0;
}

static void read_dsdt(const struct acpi_memory *memory, const struct acpi_table *fadt,
                      struct machine *machine)
{
    uint64_t address = read64(fadt, ACPI_FADT_X_DSDT);
    struct acpi_table dsdt;

    if (address == 0)
        address = read32(fadt, ACPI_FADT_DSDT);
    if (address != 0 && load_table(memory, address, &dsdt) == 0)
        aml_scan(dsdt.bytes + ACPI_HEADER_BYTES, dsdt.length - ACPI_HEADER_BYTES, machine);
}

/* --- the small ones -------------------------------------------------------------------------- */

static void read_hpet(struct machine *machine, const struct acpi_table *hpet)
{
    if (read8(hpet, ACPI_HPET_SPACE) == 0)
        machine->time.hpet_address = read64(hpet, ACPI_HPET_ADDRESS);
}

static void read_mcfg(struct machine *machine, const struct acpi_table *mcfg)
{
    uint32_t offset = ACPI_MCFG_ENTRIES;

    for (; offset < mcfg->length && mcfg->length - offset >= ACPI_MCFG_ENTRY_BYTES;
         offset += ACPI_MCFG_ENTRY_BYTES) {
        struct machine_pci_host *host = &machine->pci_hosts[machine->pci_host_count];

        if (machine->pci_host_count == MACHINE_PCI_HOSTS_MAX)
            return;
        *host = (struct machine_pci_host){
            .ecam_address = read64(mcfg, offset),
            .segment = read16(mcfg, offset + 8),
            .bus_first = read8(mcfg, offset + 10),
            .bus_last = read8(mcfg, offset + 11),
        };
        if (host->ecam_address != 0 && host->bus_first <= host->bus_last)
            machine->pci_host_count++;
    }
}

static void read_table(const struct acpi_memory *memory, uint64_t address, struct machine *machine)
{
    struct acpi_table table;

    if (load_table(memory, address, &table) < 0)
        return;
    if (memcmp(table.bytes, "APIC", 4) == 0) {
        read_madt(machine, &table);
    } else if (memcmp(table.bytes, "FACP", 4) == 0) {
        read_fadt(machine, &table);
        read_dsdt(memory, &table, machine);
    } else if (memcmp(table.bytes, "SSDT", 4) == 0) {
        aml_scan(table.bytes + ACPI_HEADER_BYTES, table.length - ACPI_HEADER_BYTES, machine);
    } else if (memcmp(table.bytes, "HPET", 4) == 0) {
        read_hpet(machine, &table);
    } else if (memcmp(table.bytes, "MCFG", 4) == 0) {
        read_mcfg(machine, &table);
    }
}

/* The SCI is an ISA interrupt number where there are ISA interrupts (§5.2.9, SCI_INT), and level
 * and active-low unless the MADT overrides it (§5.2.12.5). */
static void resolve_sci(struct machine *machine)
{
    struct machine_irq_line *sci = &machine->power.sci;
    uint32_t number = sci->gsi;

    if (!machine->power.has_sci)
        return;
    sci->level_triggered = true;
    sci->active_low = true;
    if (number < MACHINE_ISA_IRQS) {
        *sci = machine->isa_irq[number];
        if (!sci->level_triggered)
            sci->active_low = true;
        sci->level_triggered = true;
    }
}

int acpi_discover(const struct acpi_memory *memory, uint64_t rsdp_address, struct machine *machine)
{
    struct acpi_table rsdp, root;
    uint32_t entry_bytes = 8;
    uint64_t root_address;

    if (!find_rsdp(memory, rsdp_address, &rsdp))
        return -ENOENT;
    root_address = read64(&rsdp, ACPI_RSDP_XSDT); /* 0 in a revision 1 structure */
    if (root_address == 0) {
        root_address = read32(&rsdp, ACPI_RSDP_RSDT);
        entry_bytes = 4;
    }
    if (load_table(memory, root_address, &root) < 0 ||
        memcmp(root.bytes, entry_bytes == 8 ? "XSDT" : "RSDT", 4) != 0)
        return -EINVAL;
    for (uint32_t i = 0; i < ACPI_TABLES_MAX; i++) {
        uint32_t offset = ACPI_HEADER_BYTES + i * entry_bytes;

        if (offset >= root.length || root.length - offset < entry_bytes)
            break;
        read_table(memory, read_le(&root, offset, entry_bytes), machine);
    }
    resolve_sci(machine);
    return 0;
}
