/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses for what firmware has not configured: functions that were plugged in later, and
 * whole machines without firmware (QEMU's microvm with pcie=on, the "virt" boards).
 *
 * There is no table of what is taken.  When a place is needed, the bus that it is needed on is
 * asked: every base address register and every bridge window there is a taken range, and the first
 * aligned gap is used.  That costs some dozens of accesses, once per plugged device.
 */
#include <errno.h>

#include "klog.h"
#include "pci.h"
#include "pci_regs.h"

/* Taken ranges on one bus that are looked at; 32 slots with two registers each are common. */
#define RANGES_MAX 128u

struct range {
    uint64_t start;
    uint64_t end; /* the first address after it */
};

struct ranges {
    struct range taken[RANGES_MAX];
    unsigned int count;
    bool overflow;
};

/* --- sizes ---------------------------------------------------------------------------------- */

/* The size of a 32-bit half, §6.2.5.1: what of all ones does not stick. */
static uint32_t probe_half(const struct pci_function *function, uint16_t offset)
{
    uint32_t value = pci_read32(function, offset);
    pci_write32(function, offset, UINT32_MAX);
    uint32_t sticks = pci_read32(function, offset);
    pci_write32(function, offset, value);
    return sticks;
}

/* How many bytes a register decodes, 0: there is no such register.  Decoding is off meanwhile:
 * the register passes through addresses that belong to others. */
static uint64_t bar_bytes(const struct pci_function *function, unsigned int index,
                          const struct pci_bar *bar)
{
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * index);
    uint16_t command = pci_read16(function, PCI_COMMAND);
    pci_write16(function, PCI_COMMAND, command & (uint16_t) ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    uint64_t sticks = probe_half(function, offset);
    if (bar->io)
        sticks &= PCI_BAR_IO_MASK;
    else
        sticks &= PCI_BAR_MEMORY_MASK;
    if (bar->is_64bit)
        sticks |= (uint64_t)probe_half(function, (uint16_t)(offset + 4)) << 32;
    else if (sticks != 0)
        sticks |= bar->io ? ~UINT64_C(0xffff) : ~UINT64_C(0xffffffff);
    pci_write16(function, PCI_COMMAND, command);
    return ~sticks + 1;
}

/* --- bridge windows, Bridge 1.2 §3.2.5; closed when `end` is not above `start`
 * ------------------------------------------------------ */

static struct range io_window(const struct pci_function *bridge)
{
    uint64_t base = (uint64_t)(pci_read8(bridge, PCI_IO_BASE) & 0xf0u) << 8;
    uint64_t limit = (uint64_t)(pci_read8(bridge, PCI_IO_LIMIT) & 0xf0u) << 8;
    return (struct range){.start = base, .end = limit + PCI_IO_WINDOW_UNIT};
}

static struct range memory_window(const struct pci_function *bridge)
{
    uint64_t base = (uint64_t)(pci_read16(bridge, PCI_MEMORY_BASE) & 0xfff0u) << 16;
    uint64_t limit = (uint64_t)(pci_read16(bridge, PCI_MEMORY_LIMIT) & 0xfff0u) << 16;
    return (struct range){.start = base, .end = limit + PCI_MEMORY_WINDOW_UNIT};
}

static struct range prefetch_window(const struct pci_function *bridge)
{
    uint16_t low = pci_read16(bridge, PCI_PREFETCH_BASE);
    uint64_t base = (uint64_t)(low & 0xfff0u) << 16;
    uint64_t limit = (uint64_t)(pci_read16(bridge, PCI_PREFETCH_LIMIT) & 0xfff0u) << 16;
    if ((low & PCI_PREFETCH_64BIT) != 0) {
        base |= (uint64_t)pci_read32(bridge, PCI_PREFETCH_BASE_UPPER) << 32;
        limit |= (uint64_t)pci_read32(bridge, PCI_PREFETCH_LIMIT_UPPER) << 32;
    }
    return (struct range){.start = base, .end = limit + PCI_MEMORY_WINDOW_UNIT};
}

/* --- gaps ----------------------------------------------------------------------------------- */

struct collect {
    struct ranges *ranges;
    bool io;
};

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* A closed window has its limit below its base, and takes nothing. */
static void take(struct ranges *ranges, struct range range)
{
    if (range.end <= range.start)
        return;
    if (ranges->count == RANGES_MAX)
        ranges->overflow = true;
    else
        ranges->taken[ranges->count++] = range;
}

/* Adds what a function occupies. */
static void collect_function(void *ctx, const struct pci_function *function)
{
    struct collect *collect = ctx;
    for (unsigned int index = 0; index < PCI_BARS; index++) {
        struct pci_bar bar;
        if (pci_bar_read(function, index, &bar) != 0)
            continue;
        if (bar.bus_address != 0 && bar.io == collect->io) {
            uint64_t bytes = bar_bytes(function, index, &bar);
            take(collect->ranges, (struct range){bar.bus_address, bar.bus_address + bytes});
        }
        if (bar.is_64bit)
            index++;
    }
    if (function->header_type != PCI_HEADER_BRIDGE)
        return;
    if (collect->io) {
        take(collect->ranges, io_window(function));
    } else {
        take(collect->ranges, memory_window(function));
        take(collect->ranges, prefetch_window(function));
    }
}

/* The first aligned place in the window that overlaps nothing taken; 0 when there is none. */
static uint64_t first_gap(const struct ranges *ranges, struct range window, uint64_t bytes,
                          uint64_t alignment)
{
    uint64_t start = round_up(window.start != 0 ? window.start : 1, alignment);
    bool moved = true;
    while (moved && start >= window.start && start < window.end && bytes <= window.end - start) {
        moved = false;
        for (unsigned int i = 0; i < ranges->count; i++) {
            const struct range *taken = &ranges->taken[i];
            if (start < taken->end && taken->start < start + bytes) {
                start = round_up(taken->end, alignment);
                moved = true;
            }
        }
    }
    bool inside = start >= window.start && start < window.end && bytes <= window.end - start;
    return inside ? start : 0;
}

/* A place for `bytes` on the bus that `neighbour` is on. */
static uint64_t find_place(const struct pci_function *neighbour, bool io, struct range window,
                           uint64_t bytes, uint64_t alignment)
{
    if (window.end <= window.start)
        return 0;
    struct ranges ranges = {.count = 0};
    struct collect collect = {.ranges = &ranges, .io = io};
    pci_scan_bus(neighbour, collect_function, &collect);
    if (ranges.overflow) {
        klog("pci: bus %u is too full to look for a gap", neighbour->bus);
        return 0;
    }
    return first_gap(&ranges, window, bytes, alignment);
}

static struct range host_range(const struct pci_window *window)
{
    return (struct range){window->bus_address, window->bus_address + window->bytes};
}

/* --- functions ------------------------------------------------------------------------------ */

/* A place on this function's bus for what `bar` describes, in the first window that suits and has
 * room. */
static uint64_t place_window(const struct pci_function *function, const struct pci_bar *bar,
                             uint64_t bytes, uint64_t alignment)
{
    const struct pci_host *host = function->host;
    struct range first;
    struct range second = {0, 0};
    if (function->behind_bridge) {
        struct pci_function bridge = {
            .host = host,
            .bus = function->bridge_bus,
            .slot = function->bridge_slot,
            .function = function->bridge_function,
        };
        first = bar->io ? io_window(&bridge) : memory_window(&bridge);
        if (bar->prefetchable && bar->is_64bit)
            second = prefetch_window(&bridge);
    } else {
        first = bar->io ? host_range(&host->io) : host_range(&host->memory32);
        if (bar->is_64bit)
            second = host_range(&host->memory64);
    }
    uint64_t place = find_place(function, bar->io, first, bytes, alignment);
    if (place == 0)
        place = find_place(function, bar->io, second, bytes, alignment);
    return place;
}

int pci_assign(const struct pci_function *function)
{
    /* Whoever turned decoding on has set the addresses first. */
    uint16_t decoding = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
    if ((pci_read16(function, PCI_COMMAND) & decoding) != 0)
        return 0;
    int error = 0;
    for (unsigned int index = 0; index < PCI_BARS; index++) {
        struct pci_bar bar;
        if (pci_bar_read(function, index, &bar) != 0)
            continue;
        uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * index);
        bool is_64bit = bar.is_64bit;
        uint64_t bytes = bar.bus_address == 0 ? bar_bytes(function, index, &bar) : 0;
        if (bytes != 0) {
            uint64_t place = place_window(function, &bar, bytes, bytes);
            pci_write32(function, offset, (uint32_t)place);
            if (is_64bit)
                pci_write32(function, (uint16_t)(offset + 4), (uint32_t)(place >> 32));
            /* Ports are a second way to registers that are in memory too: their lack is fine. */
            if (place == 0 && !bar.io)
                error = -ENOSPC;
        }
        if (is_64bit)
            index++;
    }
    return error;
}

/* --- bridges -------------------------------------------------------------------------------- */

/* What firmware leaves for each bus behind a bridge, hot-plugged devices included. */
#define BUS_MEMORY_BYTES (2 * PCI_MEMORY_WINDOW_UNIT)
#define BUS_IO_BYTES     PCI_IO_WINDOW_UNIT
#define BRIDGE_DEPTH_MAX 16u

struct numbering {
    uint8_t last; /* the highest bus number that was given */
    unsigned int depth;
};

/* Bridge 1.2 §3.2.5.4: a bridge passes on [secondary, subordinate]; while what is behind it is
 * being numbered, everything. */
static void number_bridge(void *ctx, const struct pci_function *bridge)
{
    struct numbering *numbering = ctx;
    const struct pci_host *host = bridge->host;
    if (bridge->header_type != PCI_HEADER_BRIDGE || numbering->last == host->bus_last ||
        numbering->depth == BRIDGE_DEPTH_MAX)
        return;
    struct pci_function first = {.host = host, .bus = ++numbering->last, .behind_bridge = true};
    pci_write8(bridge, PCI_PRIMARY_BUS, bridge->bus);
    pci_write8(bridge, PCI_SECONDARY_BUS, first.bus);
    pci_write8(bridge, PCI_SUBORDINATE_BUS, host->bus_last);
    numbering->depth++;
    pci_scan_bus(&first, number_bridge, numbering);
    numbering->depth--;
    pci_write8(bridge, PCI_SUBORDINATE_BUS, numbering->last);
}

/* Visits parents first, so the window that this one is cut out of is open already. */
static void open_bridge(void *ctx, const struct pci_function *bridge)
{
    (void)ctx;
    if (bridge->header_type != PCI_HEADER_BRIDGE)
        return;
    uint8_t secondary = pci_read8(bridge, PCI_SECONDARY_BUS);
    uint8_t subordinate = pci_read8(bridge, PCI_SUBORDINATE_BUS);
    uint64_t buses = subordinate >= secondary ? 1u + subordinate - secondary : 0;

    /* Closed: limit below base. */
    pci_write16(bridge, PCI_PREFETCH_BASE, 0xfff0);
    pci_write16(bridge, PCI_PREFETCH_LIMIT, 0);
    pci_write16(bridge, PCI_MEMORY_BASE, 0xfff0);
    pci_write16(bridge, PCI_MEMORY_LIMIT, 0);
    pci_write8(bridge, PCI_IO_BASE, 0xf0);
    pci_write8(bridge, PCI_IO_LIMIT, 0);

    struct pci_bar memory = {.io = false};
    struct pci_bar io = {.io = true};
    uint64_t bytes = buses * BUS_MEMORY_BYTES;
    uint64_t place = place_window(bridge, &memory, bytes, PCI_MEMORY_WINDOW_UNIT);
    if (place != 0) {
        pci_write16(bridge, PCI_MEMORY_BASE, (uint16_t)(place >> 16));
        pci_write16(bridge, PCI_MEMORY_LIMIT, (uint16_t)((place + bytes - 1) >> 16 & 0xfff0u));
    }
    bytes = buses * BUS_IO_BYTES;
    place = place_window(bridge, &io, bytes, PCI_IO_WINDOW_UNIT);
    if (place != 0) {
        pci_write8(bridge, PCI_IO_BASE, (uint8_t)(place >> 8 & 0xf0u));
        pci_write8(bridge, PCI_IO_LIMIT, (uint8_t)((place + bytes - 1) >> 8 & 0xf0u));
    }
    pci_write16(bridge, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void pci_assign_bridges(const struct pci_host *host)
{
    struct pci_function root = {.host = host, .bus = host->bus_first};
    struct numbering numbering = {.last = host->bus_first};
    pci_scan_bus(&root, number_bridge, &numbering);
    pci_scan(host, open_bridge, NULL);
}
