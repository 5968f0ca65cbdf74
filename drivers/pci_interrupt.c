/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A function's interrupt: a message (MSI-X, PCI 3.0 §6.8.2, or MSI, §6.8.1) or a line (INTx,
 * §2.2.6, §6.2.4).  Virtio devices have MSI-X and no MSI; the 82574L has both.
 */
#include <errno.h>
#include <stdbool.h>

#include <arch/mmio.h>

#include "pci.h"
#include "pci_regs.h"

static void set_intx(const struct pci_function *function, bool on)
{
    uint16_t command = pci_read16(function, PCI_COMMAND);
    if (on)
        command &= (uint16_t)~PCI_COMMAND_INTX_DISABLE;
    else
        command |= PCI_COMMAND_INTX_DISABLE;
    pci_write16(function, PCI_COMMAND, command);
}

static void msix_off(const struct pci_function *function)
{
    uint8_t at = pci_capability(function, PCI_CAPABILITY_MSIX, 0);
    if (at == 0)
        return;
    uint16_t offset = (uint16_t)(at + PCI_MSIX_CONTROL);
    uint16_t control = pci_read16(function, offset);
    if ((control & PCI_MSIX_ENABLE) != 0)
        pci_write16(function, offset, control & (uint16_t)~PCI_MSIX_ENABLE);
}

static void msi_off(const struct pci_function *function)
{
    uint8_t at = pci_capability(function, PCI_CAPABILITY_MSI, 0);
    if (at == 0)
        return;
    uint16_t offset = (uint16_t)(at + PCI_MSI_CONTROL);
    uint16_t control = pci_read16(function, offset);
    if ((control & PCI_MSI_ENABLE) != 0)
        pci_write16(function, offset, control & (uint16_t)~PCI_MSI_ENABLE);
}

int pci_interrupt_message(struct pci_interrupt *interrupt, const struct pci_function *function)
{
    *interrupt = (struct pci_interrupt){.function = *function};
    uint8_t at = pci_capability(function, PCI_CAPABILITY_MSIX, 0);
    if (at == 0)
        return -ENOTSUP;
    /* The table has one entry at least (its size field counts from 0); ours is the first. */
    uint32_t table = pci_read32(function, (uint16_t)(at + PCI_MSIX_TABLE));
    volatile uint8_t *entry = pci_bar_map(function, table & PCI_MSIX_TABLE_BAR,
                                          table & ~PCI_MSIX_TABLE_BAR, PCI_MSIX_ENTRY_BYTES);
    if (entry == NULL)
        return -ENOTSUP;
    int error = irq_message_request(&interrupt->message);
    if (error != 0)
        return error;

    /* §6.8.2: an entry is written while it is masked; everything is until control is 0. */
    uint16_t offset = (uint16_t)(at + PCI_MSIX_CONTROL);
    uint16_t control = pci_read16(function, offset);
    pci_write16(function, offset, control | PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    mmio_write32(entry + PCI_MSIX_ENTRY_ADDRESS, (uint32_t)interrupt->message.address);
    mmio_write32(entry + PCI_MSIX_ENTRY_ADDRESS_UP, (uint32_t)(interrupt->message.address >> 32));
    mmio_write32(entry + PCI_MSIX_ENTRY_DATA, interrupt->message.data);
    mmio_write32(entry + PCI_MSIX_ENTRY_CONTROL, 0);
    pci_write16(function, offset,
                (uint16_t)((control | PCI_MSIX_ENABLE) & ~(uint32_t)PCI_MSIX_MASK_ALL));
    set_intx(function, false);
    interrupt->kind = PCI_INTERRUPT_BY_MESSAGE;
    return 0;
}

int pci_interrupt_msi(struct pci_interrupt *interrupt, const struct pci_function *function)
{
    *interrupt = (struct pci_interrupt){.function = *function};
    uint8_t at = pci_capability(function, PCI_CAPABILITY_MSI, 0);
    if (at == 0)
        return -ENOTSUP;
    uint16_t offset = (uint16_t)(at + PCI_MSI_CONTROL);
    uint16_t control = pci_read16(function, offset);
    int error = irq_message_request(&interrupt->message);
    if (error != 0)
        return error;
    const struct irq_message *message = &interrupt->message;
    bool wide = (control & PCI_MSI_64BIT) != 0;
    if (!wide && message->address > UINT32_MAX) {
        irq_message_release(message);
        return -ENOTSUP;
    }
    msix_off(function);
    pci_write32(function, (uint16_t)(at + PCI_MSI_ADDRESS), (uint32_t)message->address);
    if (wide)
        pci_write32(function, (uint16_t)(at + PCI_MSI_ADDRESS_UP),
                    (uint32_t)(message->address >> 32));
    pci_write16(function, (uint16_t)(at + (wide ? PCI_MSI_DATA64 : PCI_MSI_DATA32)),
                (uint16_t)message->data);
    control &= (uint16_t)~PCI_MSI_MULTIPLE;
    pci_write16(function, offset, control | PCI_MSI_ENABLE);
    set_intx(function, false);
    interrupt->kind = PCI_INTERRUPT_BY_MSI;
    return 0;
}

int pci_interrupt_line(struct pci_interrupt *interrupt, const struct pci_function *function,
                       void (*acknowledge)(void *ctx), void *ctx)
{
    *interrupt = (struct pci_interrupt){.function = *function, .ctx = ctx};
    msix_off(function);
    msi_off(function);
    uint8_t pin = pci_read8(function, PCI_INTERRUPT_PIN);
    if (pin < 1 || pin > 4 || function->host->route == NULL)
        return -ENOTSUP;
    uint8_t slot = function->slot;
    if (function->behind_bridge) {
        /* Bridge 1.2 §9.1: each bridge on the way turns the pins by the slot below it. */
        pin = (uint8_t)((pin - 1u + function->slot + function->pin_shift) % 4u + 1u);
        slot = function->root_slot;
    }
    struct pci_line line;
    uint8_t register_line = pci_read8(function, PCI_INTERRUPT_LINE);
    if (function->host->route(function->host, slot, pin, register_line, &line) != 0)
        return -ENOTSUP;
    int error = irq_line_request(line.gsi, line.level_triggered, line.active_low, acknowledge, ctx);
    if (error != 0)
        return error;
    interrupt->gsi = line.gsi;
    interrupt->kind = PCI_INTERRUPT_BY_LINE;
    set_intx(function, true);
    return 0;
}

void pci_interrupt_release(struct pci_interrupt *interrupt)
{
    if (interrupt->kind == PCI_INTERRUPT_BY_MESSAGE) {
        msix_off(&interrupt->function);
        irq_message_release(&interrupt->message);
    } else if (interrupt->kind == PCI_INTERRUPT_BY_MSI) {
        msi_off(&interrupt->function);
        irq_message_release(&interrupt->message);
    } else if (interrupt->kind == PCI_INTERRUPT_BY_LINE) {
        set_intx(&interrupt->function, false);
        irq_line_release(interrupt->gsi, interrupt->ctx);
    }
    interrupt->kind = PCI_INTERRUPT_NONE;
}
