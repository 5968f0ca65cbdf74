/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buses for tests: functions with 256 bytes of configuration space, reached through the ports
 * 0xcf8 and 0xcfc or through ECAM, and regions of device registers by address.
 */
#ifndef TESTS_FAKE_PCI_H
#define TESTS_FAKE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pci.h"

/* Where ECAM lies when a host uses it; nothing is behind the pointer. */
#define FAKE_ECAM ((volatile uint8_t *)(uintptr_t)0x10000000)

struct fake_function {
    bool present;
    const struct fake_function *parent; /* the bridge that it is behind, NULL: root bus */
    uint8_t slot;
    uint8_t function;
    uint8_t config[256];
    uint8_t capabilities_end; /* where the next capability goes; 0: the first */
    uint32_t bar_sizes[6];    /* in bytes; 0: no such register (or the upper half of one) */
};

/* Empties the buses and forgets all regions. */
void fake_pci_reset(void);
/* A function with these ids and header type; base addresses, capabilities and so on are written
 * into its `config` by the test. */
struct fake_function *fake_pci_add(const struct fake_function *parent, uint8_t slot,
                                   uint8_t function, uint16_t vendor, uint16_t device,
                                   uint8_t header_type);
/* Gives register `index` a size and type bits (drivers/pci_regs.h). */
void fake_pci_bar(struct fake_function *function, unsigned int index, uint32_t bytes,
                  uint32_t type);
/* Appends a capability of `bytes` with this id; returns its offset. */
uint8_t fake_pci_capability(struct fake_function *function, uint8_t id, uint8_t bytes);
uint32_t fake_pci_config(const struct fake_function *function, uint16_t offset, unsigned int bytes);
void fake_pci_set_config(struct fake_function *function, uint16_t offset, unsigned int bytes,
                         uint32_t value);
/* A host whose buses these are: 0 to 255, windows at 0xc000, 0xe0000000 and 0x800000000. */
struct pci_host fake_pci_host(bool ecam);
/* Configuration accesses so far. */
extern unsigned int fake_pci_accesses;

/* Registers at an address that a driver maps, or at a port. */
struct fake_region {
    uint64_t start;
    uint64_t bytes;
    bool io;
    uint32_t (*read)(void *ctx, uint32_t offset, unsigned int bytes);
    void (*write)(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value);
    void *ctx;
};
void fake_region_add(const struct fake_region *region);

#endif
