/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform's events.
 *
 * pc and q35: the SCI (ACPI 6.4 §4.8) for the power button, and for PCI hotplug through QEMU's
 * registers (QEMU docs/specs/acpi_pci_hotplug; GPE 1).  What the definition block's methods would
 * do with them is done here by hand: GPE 1 sends us to the UP and DOWN bits of every bus.
 * Slots that look after themselves are in boot/pcie_slot.c.
 *
 * microvm with ACPI: the generic event device (hw/acpi/generic_event_device.c), which only knows
 * the power button.
 */
#include "boot/hotplug.h"

#include <arch/mmio.h>
#include <arch/pio.h>
#include <stddef.h>

#include "boot/pci_hosts.h"
#include "boot/pcie_slot.h"
#include "boot/platform.h"
#include "drivers/irq.h"
#include "drivers/klog.h"

/* ACPI 6.4 §4.8.3.1, §4.8.3.2.1 */
#define PM1_POWER_BUTTON   0x0100u
#define PM1_CONTROL_SCI_EN 0x0001u
#define ACPI_ENABLE_POLLS  100000u

/* QEMU docs/specs/acpi_pci_hotplug: offsets from the base port, 32 bits each. */
enum pcihp_register { PCIHP_UP = 0, PCIHP_DOWN = 4, PCIHP_EJECT = 8, PCIHP_SELECT = 16 };
#define PCIHP_GPE   0x02u
#define PCIHP_SLOTS 32u

/* include/hw/acpi/generic_event_device.h, include/hw/i386/microvm.h */
#define GED_POWER_BUTTON 0x2u
#define GED_GSI          9u

#define PCI_ID            0x00u
#define PCI_HEADER_TYPE   0x0eu
#define PCI_HEADER_BRIDGE 1u
#define PCI_SECONDARY_BUS 0x19u

static struct {
    const struct machine *machine;
    const struct hotplug_events *events;
    volatile uint8_t *ged;
    uint16_t pcihp_port; /* 0: QEMU's hotplug registers are not there */
    /* set by interrupts, taken by the loop */
    volatile bool power_button;
    volatile bool pci;
} hotplug;

/* --- interrupts ------------------------------------------------------------------------------ */

/* Takes the events out of a PM1 event block (status half); they are cleared by writing 1. */
static uint16_t take_pm1(const struct machine_register *block)
{
    uint16_t events;

    if (block->space != MACHINE_SPACE_PORT)
        return 0;
    events = pio_read16((uint16_t)block->address);
    if (events != 0)
        pio_write16((uint16_t)block->address, events);
    return events;
}

static void take_sci(void *ctx)
{
    const struct machine_power *power = &hotplug.machine->power;
    uint16_t fixed = take_pm1(&power->pm1a_event) | take_pm1(&power->pm1b_event);

    (void)ctx;
    if ((fixed & PM1_POWER_BUTTON) != 0)
        hotplug.power_button = true;
    if (power->gpe0.space == MACHINE_SPACE_PORT) {
        uint8_t general = pio_read8((uint16_t)power->gpe0.address);

        if (general != 0)
            pio_write8((uint16_t)power->gpe0.address, general);
        if ((general & PCIHP_GPE) != 0)
            hotplug.pci = true;
    }
}

static void take_ged(void *ctx)
{
    (void)ctx;
    if ((mmio_read32(hotplug.ged) & GED_POWER_BUTTON) != 0)
        hotplug.power_button = true;
}

/* --- QEMU's PCI hotplug registers ------------------------------------------------------------ */

static uint32_t pcihp_read(enum pcihp_register offset)
{
    return pio_read32((uint16_t)(hotplug.pcihp_port + offset));
}

static void pcihp_write(enum pcihp_register offset, uint32_t value)
{
    pio_write32((uint16_t)(hotplug.pcihp_port + offset), value);
}

/* Follows the bridges from the root bus; false if one of them is not there. */
static bool find_bus(const struct machine_hotplug_bus *path, uint8_t *bus)
{
    uint32_t count;
    const struct pci_host *hosts = pci_hosts_get(&count);

    if (count == 0)
        return false;
    *bus = hosts[0].bus_first;
    for (uint32_t i = 0; i < path->bridge_count; i++) {
        struct pci_function bridge = {.host = &hosts[0],
                                      .bus = *bus,
                                      .slot = path->bridges[i] >> 3,
                                      .function = path->bridges[i] & 7};

        if (pci_read32(&bridge, PCI_ID) == UINT32_MAX ||
            (pci_read8(&bridge, PCI_HEADER_TYPE) & 0x7f) != PCI_HEADER_BRIDGE)
            return false;
        *bus = pci_read8(&bridge, PCI_SECONDARY_BUS);
    }
    return true;
}

static bool poll_bus(const struct machine_hotplug_bus *path)
{
    const struct hotplug_events *events = hotplug.events;
    uint32_t up, down;
    uint8_t bus;

    pcihp_write(PCIHP_SELECT, path->selector);
    up = pcihp_read(PCIHP_UP); /* reading clears it */
    down = pcihp_read(PCIHP_DOWN);
    if ((up | down) == 0 || !find_bus(path, &bus))
        return false;
    for (uint32_t slot = 0; slot < PCIHP_SLOTS; slot++) {
        if ((down >> slot & 1) == 0)
            continue;
        klog("hotplug: removal of the device in slot %u of bus %u requested", slot, bus);
        events->pci_removal_requested(events->ctx, bus, (uint8_t)slot);
        pcihp_write(PCIHP_SELECT, path->selector);
        pcihp_write(PCIHP_EJECT, UINT32_C(1) << slot);
    }
    if (up != 0) {
        klog("hotplug: device added on bus %u", bus);
        events->pci_added(events->ctx);
    }
    return true;
}

static bool poll_pci(void)
{
    static const struct machine_hotplug_bus root_bus = {.selector = 0};
    const struct machine_hotplug *buses = &hotplug.machine->hotplug;
    bool worked = false;

    if (hotplug.pcihp_port == 0)
        return false;
    if (buses->bus_count == 0)
        return poll_bus(&root_bus);
    for (uint32_t i = 0; i < buses->bus_count; i++)
        worked |= poll_bus(&buses->buses[i]);
    return worked;
}

/* --- the outside ----------------------------------------------------------------------------- */

bool hotplug_poll(void)
{
    bool worked = pcie_slots_poll();

    if (hotplug.power_button) {
        hotplug.power_button = false;
        hotplug.events->power_button(hotplug.events->ctx);
        worked = true;
    }
    if (hotplug.pci) {
        hotplug.pci = false;
        worked |= poll_pci();
    }
    return worked;
}

/* Leaves legacy mode, in which events go to the firmware (ACPI 6.4 §4.8.2.2). */
static void enable_acpi_mode(const struct machine_power *power)
{
    uint16_t control;

    if (power->pm1a_control.space != MACHINE_SPACE_PORT || power->smi_command_port == 0)
        return;
    control = (uint16_t)power->pm1a_control.address;
    if ((pio_read16(control) & PM1_CONTROL_SCI_EN) != 0)
        return;
    pio_write8((uint16_t)power->smi_command_port, power->acpi_enable_value);
    for (uint32_t i = 0; i < ACPI_ENABLE_POLLS; i++) {
        if ((pio_read16(control) & PM1_CONTROL_SCI_EN) != 0)
            return;
    }
    klog("acpi: the firmware does not hand over its events");
}

/* The enable half of a block lies behind its status half. */
static uint16_t enable_port(const struct machine_register *block)
{
    return (uint16_t)(block->address + block->bytes / 2);
}

/* SeaBIOS's own tables, for a QEMU that brings none, name registers that need not exist. */
static void find_pcihp(void)
{
    hotplug.pcihp_port = hotplug.machine->hotplug.port;
    if (hotplug.pcihp_port != 0 && pcihp_read(PCIHP_SELECT) == UINT32_MAX)
        hotplug.pcihp_port = 0;
}

static void enable_events(const struct machine_power *power)
{
    if (power->pm1a_event.space == MACHINE_SPACE_PORT)
        pio_write16(enable_port(&power->pm1a_event), PM1_POWER_BUTTON);
    if (power->gpe0.space == MACHINE_SPACE_PORT && hotplug.pcihp_port != 0)
        pio_write8(enable_port(&power->gpe0), PCIHP_GPE);
    hotplug.pci = true; /* look once at what happened before */
}

static void enable_sci(const struct machine_power *power)
{
    find_pcihp();
    enable_acpi_mode(power);
    if (irq_line_request(power->sci.gsi, power->sci.level_triggered, power->sci.active_low,
                         take_sci, &hotplug) < 0) {
        klog("acpi: no interrupt %u for events", power->sci.gsi);
        return;
    }
    enable_events(power);
}

static void enable_ged(const struct machine_power *power)
{
    hotplug.ged = mmio_map(power->ged_address, sizeof(uint32_t));
    if (hotplug.ged == NULL || irq_line_request(GED_GSI, false, false, take_ged, &hotplug) < 0)
        klog("acpi: no interrupt %u for events", GED_GSI);
}

void hotplug_init(const struct machine *machine, const struct hotplug_events *events)
{
    hotplug.machine = machine;
    hotplug.events = events;
    pci_hosts_init(machine);
    if (machine->power.has_sci)
        enable_sci(&machine->power);
    else if (machine->power.ged_address != 0)
        enable_ged(&machine->power);
    pcie_slots_init(events);
}

void hotplug_resume(void)
{
    const struct machine_power *power = &hotplug.machine->power;

    if (power->has_sci) {
        /* The button may have been what woke the machine. */
        (void)take_pm1(&power->pm1a_event);
        (void)take_pm1(&power->pm1b_event);
        enable_acpi_mode(power);
        enable_events(power);
    }
    pcie_slots_resume();
}
