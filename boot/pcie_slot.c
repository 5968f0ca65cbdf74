/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native hotplug (PCIe 4.0 §6.7, registers §7.5.3.9 to §7.5.3.11).  In QEMU the host's device_del
 * presses the attention button, and the device goes when power and power indicator are both
 * switched off (hw/pci/pcie.c:pcie_cap_slot_write_config()); device_add presses it too, on a slot
 * that is not powered yet.  The five seconds in which a human could press again are left out.
 */
#include "pcie_slot.h"

#include <stddef.h>

#include "drivers/klog.h"
#include "drivers/pci.h"
#include "pci_hosts.h"

#define PCIE_SLOTS_MAX 32u

#define PCI_CAPABILITY_PCIE 0x10u
#define PCI_SECONDARY_BUS   0x19u

enum pcie_register {
    PCIE_CAPABILITIES = 0x02,
    PCIE_SLOT_CAPABILITIES = 0x14,
    PCIE_SLOT_CONTROL = 0x18,
    PCIE_SLOT_STATUS = 0x1a
};
#define PCIE_TYPE(capabilities) ((capabilities) >> 4 & 0xfu)
#define PCIE_TYPE_ROOT_PORT     4u
#define PCIE_TYPE_DOWNSTREAM    6u
#define PCIE_SLOT_IMPLEMENTED   0x0100u
#define PCIE_SLOT_HOTPLUG       (UINT32_C(1) << 6)

#define PCIE_CONTROL_BUTTON      0x0001u
#define PCIE_CONTROL_PRESENCE    0x0008u
#define PCIE_CONTROL_INTERRUPT   0x0020u
#define PCIE_CONTROL_INDICATOR   0x0300u
#define PCIE_CONTROL_LIT         0x0100u
#define PCIE_CONTROL_DARK        0x0300u
#define PCIE_CONTROL_POWERED_OFF 0x0400u

#define PCIE_STATUS_BUTTON   0x0001u
#define PCIE_STATUS_PRESENCE 0x0008u
#define PCIE_STATUS_EVENTS   0x011fu /* all that are cleared by writing 1 */
#define PCIE_STATUS_PRESENT  0x0040u

struct pcie_slot {
    struct pci_function port;
    struct pci_interrupt interrupt;
    uint16_t capability;
    volatile uint16_t events; /* set by the interrupt, taken by the loop */
};

static struct {
    const struct hotplug_events *events;
    uint32_t count;
    struct pcie_slot slots[PCIE_SLOTS_MAX];
    volatile bool pending;
} pcie;

static uint16_t slot_read(const struct pcie_slot *slot, enum pcie_register offset)
{
    return pci_read16(&slot->port, (uint16_t)(slot->capability + offset));
}

static void slot_write(const struct pcie_slot *slot, enum pcie_register offset, uint16_t value)
{
    pci_write16(&slot->port, (uint16_t)(slot->capability + offset), value);
}

/* Takes the events out of the port, which also takes its interrupt line down. */
static void take_events(void *ctx)
{
    struct pcie_slot *slot = ctx;
    uint16_t events = slot_read(slot, PCIE_SLOT_STATUS) & PCIE_STATUS_EVENTS;

    if (events == 0 || events == PCIE_STATUS_EVENTS)
        return; /* another device's interrupt; or a port that is gone */
    slot_write(slot, PCIE_SLOT_STATUS, events);
    slot->events |= events;
    pcie.pending = true;
}

/*
 * The device leaves inside the write that switches it off, and that is an event too.  QEMU counts
 * the lines of both down when it goes (hw/pci/pci.c:pci_change_irq_level()), so an interrupt
 * controller that follows a level, such as a GIC, may never see the port's: look at once.
 */
static void set_power(struct pcie_slot *slot, bool on)
{
    uint32_t control = slot_read(slot, PCIE_SLOT_CONTROL);

    control &= ~(PCIE_CONTROL_INDICATOR | PCIE_CONTROL_POWERED_OFF);
    control |= on ? PCIE_CONTROL_LIT : PCIE_CONTROL_DARK | PCIE_CONTROL_POWERED_OFF;
    slot_write(slot, PCIE_SLOT_CONTROL, (uint16_t)control);
    take_events(slot);
}

static void handle(struct pcie_slot *slot)
{
    uint16_t events = slot->events;
    bool present = (slot_read(slot, PCIE_SLOT_STATUS) & PCIE_STATUS_PRESENT) != 0;
    bool powered = (slot_read(slot, PCIE_SLOT_CONTROL) & PCIE_CONTROL_POWERED_OFF) == 0;
    uint8_t bus = pci_read8(&slot->port, PCI_SECONDARY_BUS);

    slot->events = 0;
    if (present && (!powered || (events & PCIE_STATUS_PRESENCE) != 0)) {
        set_power(slot, true);
        klog("hotplug: device added on bus %u", bus);
        pcie.events->pci_added(pcie.events->ctx);
    } else if (!present && (events & PCIE_STATUS_PRESENCE) != 0 && powered) {
        pcie.events->pci_removal_requested(pcie.events->ctx, bus, 0);
        set_power(slot, false);
    } else if (present && (events & PCIE_STATUS_BUTTON) != 0) {
        klog("hotplug: removal of the device on bus %u requested", bus);
        pcie.events->pci_removal_requested(pcie.events->ctx, bus, 0);
        set_power(slot, false);
    }
}

bool pcie_slots_poll(void)
{
    if (!pcie.pending)
        return false;
    pcie.pending = false;
    for (uint32_t i = 0; i < pcie.count; i++) {
        if (pcie.slots[i].events != 0)
            handle(&pcie.slots[i]);
    }
    return true;
}

static bool has_hotplug_slot(const struct pci_function *function, uint8_t capability)
{
    uint16_t capabilities = pci_read16(function, (uint16_t)(capability + PCIE_CAPABILITIES));
    uint32_t type = PCIE_TYPE(capabilities);

    return (type == PCIE_TYPE_ROOT_PORT || type == PCIE_TYPE_DOWNSTREAM) &&
           (capabilities & PCIE_SLOT_IMPLEMENTED) != 0 &&
           (pci_read32(function, (uint16_t)(capability + PCIE_SLOT_CAPABILITIES)) &
            PCIE_SLOT_HOTPLUG) != 0;
}

static void enable(const struct pcie_slot *slot)
{
    slot_write(slot, PCIE_SLOT_CONTROL,
               slot_read(slot, PCIE_SLOT_CONTROL) | PCIE_CONTROL_BUTTON | PCIE_CONTROL_PRESENCE |
                   PCIE_CONTROL_INTERRUPT);
}

static void add_slot(void *ctx, const struct pci_function *function)
{
    struct pcie_slot *slot = &pcie.slots[pcie.count];
    uint8_t capability = pci_capability(function, PCI_CAPABILITY_PCIE, 0);
    int result;

    (void)ctx;
    if (capability == 0 || !has_hotplug_slot(function, capability))
        return;
    if (pcie.count == PCIE_SLOTS_MAX) {
        klog("hotplug: more than %u slots, the rest cannot change", PCIE_SLOTS_MAX);
        return;
    }
    *slot = (struct pcie_slot){.port = *function, .capability = capability};
    result = pci_interrupt_line(&slot->interrupt, function, take_events, slot);
    if (result < 0) {
        klog("hotplug: no interrupt for the port %02x:%02x.%x (%d)", function->bus, function->slot,
             function->function, result);
        return;
    }
    pcie.count++;
    take_events(slot); /* what happened before we looked */
    enable(slot);
}

void pcie_slots_init(const struct hotplug_events *events)
{
    uint32_t count;
    const struct pci_host *hosts = pci_hosts_get(&count);

    pcie.events = events;
    for (uint32_t i = 0; i < count; i++)
        pci_scan(&hosts[i], add_slot, NULL);
}

void pcie_slots_resume(void)
{
    for (uint32_t i = 0; i < pcie.count; i++) {
        take_events(&pcie.slots[i]);
        pcie.slots[i].events = 0;
        enable(&pcie.slots[i]);
    }
    pcie.pending = false;
}
