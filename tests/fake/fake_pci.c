/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_pci.h. */
#include "tests/fake/fake_pci.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arch/mmio.h>
#include <arch/pio.h>

#include "drivers/pci_regs.h"

#define FUNCTIONS_MAX 64u
#define REGIONS_MAX   16u
#define ECAM_BYTES    (UINT64_C(256) << 20)

static struct fake_function functions[FUNCTIONS_MAX];
static unsigned int function_count;
static struct fake_region regions[REGIONS_MAX];
static unsigned int region_count;
static uint32_t config_address;
unsigned int fake_pci_accesses;

void fake_pci_reset(void)
{
    memset(functions, 0, sizeof(functions));
    function_count = region_count = 0;
    fake_pci_accesses = 0;
}

uint32_t fake_pci_config(const struct fake_function *function, uint16_t offset, unsigned int bytes)
{
    uint32_t value = 0;
    memcpy(&value, function->config + offset, bytes);
    return value;
}

void fake_pci_set_config(struct fake_function *function, uint16_t offset, unsigned int bytes,
                         uint32_t value)
{
    memcpy(function->config + offset, &value, bytes);
}

struct fake_function *fake_pci_add(const struct fake_function *parent, uint8_t slot, uint8_t number,
                                   uint16_t vendor, uint16_t device, uint8_t header_type)
{
    if (function_count == FUNCTIONS_MAX)
        abort();
    struct fake_function *function = &functions[function_count++];
    *function =
        (struct fake_function){.present = true, .parent = parent, .slot = slot, .function = number};
    fake_pci_set_config(function, PCI_VENDOR_ID, 2, vendor);
    fake_pci_set_config(function, PCI_DEVICE_ID, 2, device);
    fake_pci_set_config(function, PCI_HEADER_TYPE, 1, header_type);
    return function;
}

void fake_pci_bar(struct fake_function *function, unsigned int index, uint32_t bytes, uint32_t type)
{
    function->bar_sizes[index] = bytes;
    fake_pci_set_config(function, (uint16_t)(PCI_BAR0 + 4 * index), 4, type);
}

uint8_t fake_pci_capability(struct fake_function *function, uint8_t id, uint8_t bytes)
{
    uint8_t at = function->capabilities_end != 0 ? function->capabilities_end : 0x40;
    uint8_t *link = &function->config[PCI_CAPABILITIES];
    while (*link != 0)
        link = &function->config[*link + PCI_CAPABILITY_NEXT];
    if (at + bytes > 256)
        abort();
    function->capabilities_end = (uint8_t)(at + bytes);
    *link = at;
    function->config[at] = id;
    function->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    return at;
}

/* --- configuration accesses ------------------------------------------------------------------ */

static struct fake_function *find(uint8_t bus, uint8_t slot, uint8_t number)
{
    for (unsigned int i = 0; i < function_count; i++) {
        struct fake_function *function = &functions[i];
        uint8_t its_bus =
            function->parent != NULL ? function->parent->config[PCI_SECONDARY_BUS] : 0;
        bool reachable = function->parent == NULL || its_bus != 0;
        if (function->present && reachable && its_bus == bus && function->slot == slot &&
            function->function == number)
            return function;
    }
    return NULL;
}

static uint32_t config_read(uint32_t devfn, uint16_t offset, unsigned int bytes)
{
    fake_pci_accesses++;
    if (offset % bytes != 0)
        abort();
    const struct fake_function *function =
        find((uint8_t)(devfn >> 8), (uint8_t)(devfn >> 3 & 31), (uint8_t)(devfn & 7));
    if (function == NULL || offset >= 256)
        return UINT32_MAX;
    return fake_pci_config(function, offset, bytes);
}

/* A base address register keeps the bits from its size on and its type (PCI 3.0 §6.2.5.1). */
static uint32_t bar_after_write(const struct fake_function *function, uint16_t offset,
                                uint32_t value)
{
    unsigned int index = (offset - PCI_BAR0) / 4u;
    uint32_t old = fake_pci_config(function, offset, 4);
    bool upper = index > 0 && function->bar_sizes[index - 1] != 0 &&
                 (fake_pci_config(function, (uint16_t)(offset - 4), 4) & 7) == PCI_BAR_TYPE_64BIT;
    if (upper)
        return value;
    if (function->bar_sizes[index] == 0)
        return 0;
    uint32_t type = (old & PCI_BAR_IO) != 0 ? old & 3 : old & 15;
    /* Decoding must be off while an address that belongs to others passes through. */
    if (value == UINT32_MAX &&
        (function->config[PCI_COMMAND] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)) != 0)
        abort();
    return (value & ~(function->bar_sizes[index] - 1)) | type;
}

static void config_write(uint32_t devfn, uint16_t offset, unsigned int bytes, uint32_t value)
{
    fake_pci_accesses++;
    if (offset % bytes != 0)
        abort();
    struct fake_function *function =
        find((uint8_t)(devfn >> 8), (uint8_t)(devfn >> 3 & 31), (uint8_t)(devfn & 7));
    if (function == NULL || offset >= 256)
        return;
    unsigned int bars = function->config[PCI_HEADER_TYPE] % 128 == PCI_HEADER_BRIDGE ? 2 : 6;
    if (offset >= PCI_BAR0 && offset < PCI_BAR0 + 4 * bars)
        value = bar_after_write(function, offset, value);
    fake_pci_set_config(function, offset, bytes, value);
}

/* --- regions -------------------------------------------------------------------------------- */

void fake_region_add(const struct fake_region *region)
{
    if (region_count == REGIONS_MAX)
        abort();
    regions[region_count++] = *region;
}

static const struct fake_region *region_at(uint64_t address, bool io)
{
    for (unsigned int i = 0; i < region_count; i++) {
        const struct fake_region *region = &regions[i];
        if (region->io == io && address >= region->start && address - region->start < region->bytes)
            return region;
    }
    fprintf(stderr, "no registers at %#llx\n", (unsigned long long)address);
    abort();
}

static uint16_t ecam_devfn(uint64_t address)
{
    return (uint16_t)((address - (uintptr_t)FAKE_ECAM) >> 12);
}

static bool is_ecam(uint64_t address)
{
    return address >= (uintptr_t)FAKE_ECAM && address - (uintptr_t)FAKE_ECAM < ECAM_BYTES;
}

uint64_t fake_mmio_read(const volatile void *pointer, unsigned int bytes)
{
    uint64_t address = (uintptr_t)pointer;
    if (is_ecam(address))
        return config_read(ecam_devfn(address), address & 0xfff, bytes);
    const struct fake_region *region = region_at(address, false);
    return region->read(region->ctx, (uint32_t)(address - region->start), bytes);
}

void fake_mmio_write(volatile void *pointer, unsigned int bytes, uint64_t value)
{
    uint64_t address = (uintptr_t)pointer;
    if (is_ecam(address)) {
        config_write(ecam_devfn(address), address & 0xfff, bytes, (uint32_t)value);
        return;
    }
    const struct fake_region *region = region_at(address, false);
    region->write(region->ctx, (uint32_t)(address - region->start), bytes, (uint32_t)value);
}

uint32_t fake_pio_read(uint16_t port, unsigned int bytes)
{
    if (port >= PCI_CONFIG_DATA_PORT && port < PCI_CONFIG_DATA_PORT + 4)
        return config_read(config_address >> 8 & 0xffff,
                           (uint16_t)((config_address & 0xfc) | (port & 3)), bytes);
    const struct fake_region *region = region_at(port, true);
    return region->read(region->ctx, (uint32_t)(port - region->start), bytes);
}

void fake_pio_write(uint16_t port, unsigned int bytes, uint32_t value)
{
    if (port == PCI_CONFIG_ADDRESS_PORT) {
        if (bytes != 4 || (value & PCI_CONFIG_ADDRESS_ENABLE) == 0)
            abort();
        config_address = value;
    } else if (port >= PCI_CONFIG_DATA_PORT && port < PCI_CONFIG_DATA_PORT + 4) {
        config_write(config_address >> 8 & 0xffff, (uint16_t)((config_address & 0xfc) | (port & 3)),
                     bytes, value);
    } else {
        const struct fake_region *region = region_at(port, true);
        region->write(region->ctx, (uint32_t)(port - region->start), bytes, value);
    }
}

/* --- the host ------------------------------------------------------------------------------- */

static volatile void *identity_map(uint64_t physical, size_t bytes)
{
    (void)bytes;
    return (volatile void *)(uintptr_t)physical;
}

/* Lines 100 to 107: which pin of which slot came out. */
static int route(const struct pci_host *host, uint8_t slot, uint8_t pin, uint8_t register_line,
                 struct pci_line *line)
{
    (void)host;
    if (register_line == 0xff)
        return -ENOENT;
    *line = (struct pci_line){.gsi = 100u + slot * 10u + pin, .level_triggered = 1};
    return 0;
}

struct pci_host fake_pci_host(bool ecam)
{
    return (struct pci_host){
        .ecam = ecam ? FAKE_ECAM : NULL,
        .bus_last = 255,
        .io = {.address = 0xc000, .bus_address = 0xc000, .bytes = 0x4000},
        .memory32 = {.address = 0xe0000000, .bus_address = 0xe0000000, .bytes = 0x10000000},
        .memory64 = {.address = UINT64_C(0x800000000),
                     .bus_address = UINT64_C(0x800000000),
                     .bytes = UINT64_C(0x100000000)},
        .map = identity_map,
        .route = route,
    };
}
