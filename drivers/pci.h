/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI as a driver needs it: find functions, read their capabilities, reach their registers, get
 * their interrupts (PCI Local Bus 3.0, PCI-to-PCI Bridge 1.2, PCI Express Base 4.0 §7).
 *
 * Nothing is remembered between calls but what the caller keeps: the buses themselves are the
 * list of functions, so a hot-plugged device needs no bookkeeping here; scan again.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "irq.h"

#define PCI_BARS 6

/* A range that the host bridge passes to its bus; `bytes` 0: it has none. */
struct pci_window {
    uint64_t address;     /* as the processor sees it; for I/O space the port number */
    uint64_t bus_address; /* as base address registers hold it */
    uint64_t bytes;
};

/* An interrupt line as drivers/irq.h takes it. */
struct pci_line {
    uint32_t gsi;
    int level_triggered;
    int active_low;
};

/* A host bridge and the buses behind it.  boot/ fills it once; nobody changes it afterwards. */
struct pci_host {
    /* Configuration space of bus 0, mapped (PCIe 4.0 §7.2.2); NULL: ports 0xcf8 and 0xcfc. */
    volatile uint8_t *ecam;
    uint8_t bus_first;
    uint8_t bus_last;
    struct pci_window io;
    struct pci_window memory32;
    struct pci_window memory64;
    /* Makes device memory reachable at the address that it returns; NULL if that cannot be. */
    volatile void *(*map)(uint64_t physical, size_t bytes);
    /*
     * The line of `pin` (1: INTA … 4: INTD) of the device in `slot` of the root bus;
     * `register_line` is what firmware left in the function's interrupt line register (§6.2.4).
     * Returns 0 or -ENOENT.
     */
    int (*route)(const struct pci_host *host, uint8_t slot, uint8_t pin, uint8_t register_line,
                 struct pci_line *line);
    void *ctx; /* for route() */
};

/* One function that was found.  Copy it freely. */
struct pci_function {
    const struct pci_host *host;
    uint8_t bus;
    uint8_t slot;
    uint8_t function;
    uint8_t header_type; /* §6.2.1, without the multifunction bit */
    uint16_t vendor;
    uint16_t device;
    uint16_t class; /* class code and subclass */
    /* The bridges between here and the root bus: where our pins come out (Bridge 1.2 §9.1). */
    uint8_t root_slot;
    uint8_t pin_shift;
    /* The bridge that we are behind; bus 0 slot 0 function 0 when `behind_bridge` is false. */
    bool behind_bridge;
    uint8_t bridge_bus, bridge_slot, bridge_function;
};

/* What a base address register says (§6.2.5.1). */
struct pci_bar {
    bool io;
    bool is_64bit;
    bool prefetchable;
    uint64_t bus_address; /* 0: not assigned */
};

/*
 * Configuration accesses of exactly that size.  `offset` must be a multiple of the size and below
 * 256 (4096 with ECAM).  Functions that are gone read as all ones (§6.1).
 */
uint8_t pci_read8(const struct pci_function *function, uint16_t offset);
uint16_t pci_read16(const struct pci_function *function, uint16_t offset);
uint32_t pci_read32(const struct pci_function *function, uint16_t offset);
void pci_write8(const struct pci_function *function, uint16_t offset, uint8_t value);
void pci_write16(const struct pci_function *function, uint16_t offset, uint16_t value);
void pci_write32(const struct pci_function *function, uint16_t offset, uint32_t value);

/*
 * Calls visit() for every function behind the host bridge, bridges before what is behind them;
 * only buses that a bridge leads to are looked at.
 */
void pci_scan(const struct pci_host *host, void (*visit)(void *ctx, const struct pci_function *),
              void *ctx);
/* The same for the bus of `neighbour` only, without what is behind its bridges. */
void pci_scan_bus(const struct pci_function *neighbour,
                  void (*visit)(void *ctx, const struct pci_function *), void *ctx);
/*
 * For a machine without firmware: numbers the buses and gives each bridge a window.  Base address
 * registers are assigned by pci_assign() when a driver wants them.
 */
void pci_assign_bridges(const struct pci_host *host);

/* Whether the same device still answers; false after it was pulled. */
bool pci_present(const struct pci_function *function);

/*
 * Walks the capability list (§6.7).  Returns the offset of the first capability `id` after
 * `after` (0: from the start), or 0.  Visits at most 48 entries, so that a loop ends.
 */
uint8_t pci_capability(const struct pci_function *function, uint8_t id, uint8_t after);

/*
 * Reads base address register `index` (0 … 5).  -EINVAL for an index that this header type does
 * not have, for the upper half of a 64-bit register, or when the register does not exist.
 */
int pci_bar_read(const struct pci_function *function, unsigned int index, struct pci_bar *bar);
/*
 * Gives every unassigned base address register of the function an address in the window of the
 * bridge that it is behind (sized with decoding off, aligned to the size).  A function that
 * firmware has configured is left alone.  0 or -ENOSPC.
 */
int pci_assign(const struct pci_function *function);
/*
 * Maps `bytes` from `offset` of a memory BAR.  NULL when the register is no memory BAR, has no
 * address, or cannot be mapped.  The BAR is not sized: the caller knows from elsewhere how much is
 * there.
 */
volatile void *pci_bar_map(const struct pci_function *function, unsigned int index, uint64_t offset,
                           size_t bytes);
/* The first port of an I/O BAR; 0 when it is none or has no address. */
uint16_t pci_bar_port(const struct pci_function *function, unsigned int index);

/* Lets the function answer at its BARs and write to memory, with INTx off (§6.2.2). */
void pci_enable(const struct pci_function *function);
/* Takes bus mastering and decoding away again, and INTx off. */
void pci_disable(const struct pci_function *function);

/* A function's interrupt, by message or by line. */
struct pci_interrupt {
    struct pci_function function;
    enum {
        PCI_INTERRUPT_NONE,
        PCI_INTERRUPT_BY_MESSAGE, /* MSI-X */
        PCI_INTERRUPT_BY_MSI,
        PCI_INTERRUPT_BY_LINE
    } kind;
    struct irq_message message;
    uint32_t gsi;
    void *ctx;
};

/*
 * Takes one MSI-X vector, writes it to entry 0 of the table and enables MSI-X (§6.8.2).  0,
 * -ENOTSUP when the function has no MSI-X or an empty table, or what irq_message_request() says.
 */
int pci_interrupt_message(struct pci_interrupt *interrupt, const struct pci_function *function);
/*
 * Takes one message and enables MSI with it, MSI-X being off (§6.8.1).  0, -ENOTSUP when the
 * function has no MSI, or what irq_message_request() says.
 */
int pci_interrupt_msi(struct pci_interrupt *interrupt, const struct pci_function *function);
/*
 * Turns MSI and MSI-X off and takes the function's INTx line; acknowledge(ctx) is called from the
 * interrupt.  0, -ENOTSUP when the function has no pin or nobody knows its line, or what
 * irq_line_request() says.
 */
int pci_interrupt_line(struct pci_interrupt *interrupt, const struct pci_function *function,
                       void (*acknowledge)(void *ctx), void *ctx);
/* Gives back what one of the three took.  Fine for a function that is gone, and twice. */
void pci_interrupt_release(struct pci_interrupt *interrupt);

#endif
