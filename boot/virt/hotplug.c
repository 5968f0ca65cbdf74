/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform's events without ACPI: slots of PCI Express ports look after themselves
 * (boot/pcie_slot.c), and the power button is a pin of a PL061 (Arm DDI 0190 §3), which QEMU pulls
 * up for a moment at system_powerdown (hw/arm/virt.c:virt_powerdown_req()).
 */
#include "boot/hotplug.h"

#include <arch/mmio.h>
#include <stddef.h>

#include "boot/pci_hosts.h"
#include "boot/pcie_slot.h"
#include "boot/platform.h"
#include "drivers/irq.h"
#include "drivers/klog.h"

enum pl061_register {
    PL061_INTERRUPT_EVENT = 0x40c, /* 1: rising edges */
    PL061_INTERRUPT_MASK = 0x410,
    PL061_INTERRUPT_STATUS = 0x418,
    PL061_INTERRUPT_CLEAR = 0x41c
};
#define PL061_BYTES 0x1000u

static struct {
    const struct hotplug_events *events;
    volatile uint8_t *gpio;
    volatile bool power_button; /* set by the interrupt, taken by the loop */
} hotplug;

static void take_gpio(void *ctx)
{
    uint32_t pending = mmio_read32(hotplug.gpio + PL061_INTERRUPT_STATUS);

    (void)ctx;
    if (pending == 0)
        return;
    mmio_write32(hotplug.gpio + PL061_INTERRUPT_CLEAR, pending);
    hotplug.power_button = true;
}

static void enable_button(const struct machine_power *power)
{
    uint32_t pin = UINT32_C(1) << power->button_pin;

    hotplug.gpio = mmio_map(power->button_gpio, PL061_BYTES);
    if (hotplug.gpio == NULL ||
        irq_line_request(power->button_irq.gsi, power->button_irq.level_triggered, false, take_gpio,
                         &hotplug) < 0) {
        klog("gpio: no interrupt %u for the power button", power->button_irq.gsi);
        return;
    }
    mmio_write32(hotplug.gpio + PL061_INTERRUPT_EVENT, pin);
    mmio_write32(hotplug.gpio + PL061_INTERRUPT_MASK, pin);
}

void hotplug_init(const struct machine *machine, const struct hotplug_events *events)
{
    hotplug.events = events;
    pci_hosts_init(machine);
    if (machine->power.button_gpio != 0)
        enable_button(&machine->power);
    pcie_slots_init(events);
}

bool hotplug_poll(void)
{
    bool worked = pcie_slots_poll();

    if (hotplug.power_button) {
        hotplug.power_button = false;
        hotplug.events->power_button(hotplug.events->ctx);
        worked = true;
    }
    return worked;
}
