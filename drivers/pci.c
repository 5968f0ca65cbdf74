/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space, the search for functions, and what a driver does with one: capabilities,
 * base addresses, decoding.  Interrupts are in pci_interrupt.c, addresses in pci_assign.c.
 *
 * Each access through the ports leaves an emulator twice, so nothing is looked at without need:
 * only buses that a bridge leads to, functions 1 to 7 only where function 0 says there are some,
 * and only slot 0 behind a PCI Express port (PCIe 4.0 §7.3.1: a link has one device).
 */
#include "pci.h"

#include <errno.h>

#include <arch/mmio.h>
#include <arch/pio.h>

#include "klog.h"
#include "pci_regs.h"

/* --- configuration space -------------------------------------------------------------------- */

/* PCIe 4.0 §7.2.2: 4 KiB for each function. */
static volatile uint8_t *ecam_register(const struct pci_function *function, uint16_t offset)
{
    size_t at = (size_t)function->bus << 20 | (size_t)function->slot << 15 |
                (size_t)function->function << 12 | offset;
    return function->host->ecam + at;
}

/* PCI 3.0 §3.2.2.3.2: the address port, then the byte lanes of the data port. */
static uint16_t select_port(const struct pci_function *function, uint16_t offset)
{
    uint32_t address = PCI_CONFIG_ADDRESS_ENABLE | (uint32_t)function->bus << 16 |
                       (uint32_t)function->slot << 11 | (uint32_t)function->function << 8 |
                       (offset & 0xfcu);
    pio_write32(PCI_CONFIG_ADDRESS_PORT, address);
    return (uint16_t)(PCI_CONFIG_DATA_PORT + (offset & 3u));
}

uint8_t pci_read8(const struct pci_function *function, uint16_t offset)
{
    if (function->host->ecam != NULL)
        return mmio_read8(ecam_register(function, offset));
    return pio_read8(select_port(function, offset));
}

uint16_t pci_read16(const struct pci_function *function, uint16_t offset)
{
    if (function->host->ecam != NULL)
        return mmio_read16(ecam_register(function, offset));
    return pio_read16(select_port(function, offset));
}

uint32_t pci_read32(const struct pci_function *function, uint16_t offset)
{
    if (function->host->ecam != NULL)
        return mmio_read32(ecam_register(function, offset));
    return pio_read32(select_port(function, offset));
}

void pci_write8(const struct pci_function *function, uint16_t offset, uint8_t value)
{
    if (function->host->ecam != NULL)
        mmio_write8(ecam_register(function, offset), value);
    else
        pio_write8(select_port(function, offset), value);
}

void pci_write16(const struct pci_function *function, uint16_t offset, uint16_t value)
{
    if (function->host->ecam != NULL)
        mmio_write16(ecam_register(function, offset), value);
    else
        pio_write16(select_port(function, offset), value);
}

void pci_write32(const struct pci_function *function, uint16_t offset, uint32_t value)
{
    if (function->host->ecam != NULL)
        mmio_write32(ecam_register(function, offset), value);
    else
        pio_write32(select_port(function, offset), value);
}

/* --- the search ----------------------------------------------------------------------------- */

/* Bridges behind bridges that the search follows: its stack is bounded. */
#define SCAN_DEPTH_MAX 16u

struct scan {
    void (*visit)(void *ctx, const struct pci_function *);
    void *ctx;
    uint8_t seen[32]; /* one bit per bus: each is searched once, whatever the bridges say */
    unsigned int depth;
    bool descend;
};

/* Whether a bridge's secondary side is a link, on which only slot 0 exists. */
static bool leads_to_link(const struct pci_function *bridge)
{
    uint8_t at = pci_capability(bridge, PCI_CAPABILITY_PCIE, 0);
    if (at == 0)
        return false;
    unsigned int type =
        (unsigned int)pci_read16(bridge, (uint16_t)(at + PCIE_FLAGS)) >> PCIE_TYPE_SHIFT &
        PCIE_TYPE_MASK;
    return type == PCIE_TYPE_ROOT_PORT || type == PCIE_TYPE_DOWNSTREAM;
}

/* Fills in what the header says; false when nobody is there. */
static bool identify(struct pci_function *function)
{
    uint32_t ids = pci_read32(function, PCI_VENDOR_ID);
    function->vendor = (uint16_t)ids;
    function->device = (uint16_t)(ids >> 16);
    if (function->vendor == PCI_VENDOR_NONE)
        return false;
    function->class = pci_read16(function, PCI_CLASS);
    return true;
}

static void scan_bus(struct scan *scan, const struct pci_function *first, unsigned int slots);

static void scan_behind(struct scan *scan, const struct pci_function *bridge)
{
    const struct pci_host *host = bridge->host;
    uint8_t bus = pci_read8(bridge, PCI_SECONDARY_BUS);
    bool seen = (scan->seen[bus / 8u] & 1u << bus % 8u) != 0;
    /* Bus numbers grow downwards (Bridge 1.2 §3.2.5.4); 0 is a bridge that nobody set up. */
    if (bus <= bridge->bus || bus > host->bus_last || seen)
        return;
    if (scan->depth == SCAN_DEPTH_MAX) {
        klog("pci: bus %u is behind too many bridges", bus);
        return;
    }
    struct pci_function first = {
        .host = host,
        .bus = bus,
        .behind_bridge = true,
        .bridge_bus = bridge->bus,
        .bridge_slot = bridge->slot,
        .bridge_function = bridge->function,
        .root_slot = bridge->behind_bridge ? bridge->root_slot : bridge->slot,
        .pin_shift = bridge->behind_bridge ? (uint8_t)((bridge->pin_shift + bridge->slot) % 4u) : 0,
    };
    scan->depth++;
    scan_bus(scan, &first, leads_to_link(bridge) ? 1 : PCI_SLOTS);
    scan->depth--;
}

/* Visits the functions of one bus; `first` has everything but slot and function filled in. */
static void scan_bus(struct scan *scan, const struct pci_function *first, unsigned int slots)
{
    scan->seen[first->bus / 8u] |= (uint8_t)(1u << first->bus % 8u);
    for (unsigned int slot = 0; slot < slots; slot++) {
        unsigned int functions = 1;
        for (unsigned int number = 0; number < functions; number++) {
            struct pci_function function = *first;
            function.slot = (uint8_t)slot;
            function.function = (uint8_t)number;
            if (!identify(&function))
                continue;
            uint8_t header = pci_read8(&function, PCI_HEADER_TYPE);
            function.header_type = header & PCI_HEADER_TYPE_MASK;
            if (number == 0 && (header & PCI_HEADER_MULTIFUNCTION) != 0)
                functions = PCI_FUNCTIONS;
            scan->visit(scan->ctx, &function);
            if (scan->descend && function.header_type == PCI_HEADER_BRIDGE)
                scan_behind(scan, &function);
        }
    }
}

void pci_scan(const struct pci_host *host, void (*visit)(void *ctx, const struct pci_function *),
              void *ctx)
{
    struct scan scan = {.visit = visit, .ctx = ctx, .descend = true};
    struct pci_function first = {.host = host, .bus = host->bus_first};
    scan_bus(&scan, &first, PCI_SLOTS);
}

void pci_scan_bus(const struct pci_function *neighbour,
                  void (*visit)(void *ctx, const struct pci_function *), void *ctx)
{
    struct scan scan = {.visit = visit, .ctx = ctx};
    struct pci_function first = *neighbour;
    scan_bus(&scan, &first, PCI_SLOTS);
}

bool pci_present(const struct pci_function *function)
{
    uint32_t ids = pci_read32(function, PCI_VENDOR_ID);
    return ids == ((uint32_t)function->device << 16 | function->vendor);
}

uint8_t pci_capability(const struct pci_function *function, uint8_t id, uint8_t after)
{
    uint8_t at;
    if (after != 0) {
        at = pci_read8(function, (uint16_t)(after + PCI_CAPABILITY_NEXT));
    } else {
        if ((pci_read16(function, PCI_STATUS) & PCI_STATUS_CAPABILITIES) == 0)
            return 0;
        at = pci_read8(function, PCI_CAPABILITIES);
    }
    for (unsigned int visited = 0; visited < PCI_CAPABILITIES_MAX; visited++) {
        at &= 0xfcu; /* §6.7: the low bits are reserved */
        if (at < PCI_CAPABILITY_FIRST)
            return 0;
        uint16_t entry = pci_read16(function, at);
        if ((uint8_t)entry == id)
            return at;
        at = (uint8_t)(entry >> 8);
    }
    return 0;
}

/* --- base addresses ------------------------------------------------------------------------- */

/* How many base address registers this kind of header has. */
static unsigned int bar_count(const struct pci_function *function)
{
    if (function->header_type == PCI_HEADER_NORMAL)
        return PCI_BARS;
    return function->header_type == PCI_HEADER_BRIDGE ? PCI_BRIDGE_BARS : 0;
}

int pci_bar_read(const struct pci_function *function, unsigned int index, struct pci_bar *bar)
{
    *bar = (struct pci_bar){0};
    if (index >= bar_count(function))
        return -EINVAL;
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * index);
    uint32_t low = pci_read32(function, offset);
    bar->io = (low & PCI_BAR_IO) != 0;
    if (bar->io) {
        bar->bus_address = low & PCI_BAR_IO_MASK;
        return 0;
    }
    bar->is_64bit = (low & PCI_BAR_TYPE) == PCI_BAR_TYPE_64BIT;
    bar->prefetchable = (low & PCI_BAR_PREFETCHABLE) != 0;
    bar->bus_address = low & PCI_BAR_MEMORY_MASK;
    if (bar->is_64bit) {
        if (index + 1 >= bar_count(function))
            return -EINVAL;
        bar->bus_address |= (uint64_t)pci_read32(function, (uint16_t)(offset + 4)) << 32;
    }
    return 0;
}

/* From the bus's view to the processor's; false when no window of the host leads there. */
static bool to_processor(const struct pci_window *window, uint64_t bus_address, uint64_t bytes,
                         uint64_t *address)
{
    if (bytes > window->bytes || bus_address < window->bus_address ||
        bus_address - window->bus_address > window->bytes - bytes)
        return false;
    *address = bus_address - window->bus_address + window->address;
    return true;
}

volatile void *pci_bar_map(const struct pci_function *function, unsigned int index, uint64_t offset,
                           size_t bytes)
{
    const struct pci_host *host = function->host;
    struct pci_bar bar;
    if (pci_bar_read(function, index, &bar) != 0 || bar.io || bar.bus_address == 0)
        return NULL;
    uint64_t start = bar.bus_address + offset;
    uint64_t address;
    if (!to_processor(&host->memory32, start, bytes, &address) &&
        !to_processor(&host->memory64, start, bytes, &address))
        address = start; /* Firmware put it elsewhere: it knows, and map() refuses RAM. */
    return host->map(address, bytes);
}

uint16_t pci_bar_port(const struct pci_function *function, unsigned int index)
{
    struct pci_bar bar;
    if (pci_bar_read(function, index, &bar) != 0 || !bar.io || bar.bus_address > UINT16_MAX)
        return 0;
    return (uint16_t)bar.bus_address;
}

void pci_enable(const struct pci_function *function)
{
    uint16_t command = pci_read16(function, PCI_COMMAND);
    command |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;
    pci_write16(function, PCI_COMMAND, command);
}

void pci_disable(const struct pci_function *function)
{
    uint16_t command = pci_read16(function, PCI_COMMAND);
    command &= (uint16_t) ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci_write16(function, PCI_COMMAND, command | PCI_COMMAND_INTX_DISABLE);
}
