/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt routing of the two PC chipsets that QEMU has: PIIX3 (82371SB data sheet §4.1.10; QEMU
 * hw/isa/piix3.c:pci_slot_get_pirq()) and ICH9 (§13.1.11; hw/isa/lpc_ich9.c:ich9_cc_reset(),
 * ich9_lpc_set_irq()).
 */
#include "boot/chipset.h"

#define CHIPSET_ID          0x00u
#define CHIPSET_ID_PIIX3    0x70008086u
#define CHIPSET_ID_ICH9     0x29188086u
#define PIIX3_SLOT          1u
#define PIIX3_PIRQ_ROUTE    0x60u /* four registers: bit 7 off, bits 3:0 the ISA interrupt */
#define PIIX3_PIRQ_DISABLED 0x80u
#define ICH9_SLOT           31u
#define ICH9_SWIZZLED_SLOTS 25u /* those below are wired to PIRQ E to H, in turns */
#define ICH9_GSI_PIRQ_E     20u

static struct pci_function bridge_at(const struct pci_host *host, uint8_t slot)
{
    return (struct pci_function){.host = host, .bus = host->bus_first, .slot = slot};
}

static bool route_piix3(const struct pci_function *bridge, uint8_t slot, uint8_t pin,
                        const struct machine *machine, struct machine_irq_line *line)
{
    uint16_t pirq = (uint16_t)((slot - 1u + pin - 1u) & 3u);
    uint8_t route = pci_read8(bridge, (uint16_t)(PIIX3_PIRQ_ROUTE + pirq));

    if ((route & PIIX3_PIRQ_DISABLED) != 0 || (route & 0xf) == 0)
        return false;
    *line = machine->isa_irq[route & 0xf];
    line->level_triggered = true;
    return true;
}

bool chipset_route(const struct pci_host *host, uint8_t slot, uint8_t pin,
                   const struct machine *machine, struct machine_irq_line *line)
{
    struct pci_function piix3 = bridge_at(host, PIIX3_SLOT);
    struct pci_function ich9 = bridge_at(host, ICH9_SLOT);

    if (pci_read32(&piix3, CHIPSET_ID) == CHIPSET_ID_PIIX3)
        return route_piix3(&piix3, slot, pin, machine, line);
    if (pci_read32(&ich9, CHIPSET_ID) == CHIPSET_ID_ICH9 && slot < ICH9_SWIZZLED_SLOTS) {
        *line = (struct machine_irq_line){.gsi = ICH9_GSI_PIRQ_E + ((slot + pin - 1u) & 3u),
                                          .level_triggered = true};
        return true;
    }
    return false;
}
