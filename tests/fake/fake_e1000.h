/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An 8254x for tests, behind fake_pci's registers and with QEMU's habits (hw/net/e1000.c): reset
 * keeps most registers, sending happens in the write of TDT, descriptors are not cleared before
 * they are written back.  It behaves unless it is told to lie, and aborts when the driver breaks
 * the rules.
 */
#ifndef TESTS_FAKE_E1000_H
#define TESTS_FAKE_E1000_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fake/fake_pci.h"

#define FAKE_E1000_ADDRESS UINT64_C(0xe0120000)
#define FAKE_E1000_SENT    256u

struct fake_e1000 {
    struct fake_function *function;
    uint32_t registers[0x20000 / 4];
    uint16_t eeprom[64];
    bool new_eerd_layout; /* the 82574L's */
    bool message;         /* interrupts through MSI: nobody is called, `interrupts` counts */

    /* What was seen. */
    unsigned int accesses;
    unsigned int rctl_writes;
    unsigned int rdt_writes;
    unsigned int tdt_writes;
    unsigned int interrupts;
    unsigned int sent; /* frames; the lengths of the last ones, and the last one itself */
    uint16_t sent_lengths[FAKE_E1000_SENT];
    uint8_t last_sent[2048];

    /* Misbehaviour. */
    bool gone;          /* registers read as ones */
    bool eeprom_silent; /* never says done */
    bool reset_hangs;
    bool never_done;    /* takes frames and never says DD */
    bool stuck;         /* does not even take them */
    bool counters_stay; /* those that QEMU does not clear either */
    bool hostile;       /* the caller changes registers and rings: broken rules are no fault */
};

/* A function with this device id in slot 3 of the root bus, set up by firmware, with the address
 * 52:54:00:12:34:56 in its EEPROM and its first receive address. */
void fake_e1000_init(struct fake_e1000 *fake, uint16_t device);
uint32_t fake_e1000_register(const struct fake_e1000 *fake, uint32_t offset);
void fake_e1000_set_register(struct fake_e1000 *fake, uint32_t offset, uint32_t value);
/* Sets bits of ICR and interrupts if one of them is unmasked. */
void fake_e1000_cause(struct fake_e1000 *fake, uint32_t causes);
/* Changes STATUS.LU. */
void fake_e1000_link(struct fake_e1000 *fake, bool up);

/* Descriptors that the driver gave for receiving. */
unsigned int fake_e1000_room(const struct fake_e1000 *fake);
/* A frame off the wire, in as many buffers as it needs; false when there are too few, or the
 * receiver is off.  Counts it. */
bool fake_e1000_deliver(struct fake_e1000 *fake, const void *frame, size_t bytes);
/* Writes one descriptor back as told, whatever is in the buffer; false when there is none. */
bool fake_e1000_write_back(struct fake_e1000 *fake, uint8_t status, uint8_t errors,
                           uint16_t length);
/* The memory of the receive or transmit ring, and its length in bytes. */
uint8_t *fake_e1000_ring(const struct fake_e1000 *fake, bool transmit, size_t *bytes);
/* Says DD for what was taken while never_done was set. */
void fake_e1000_finish(struct fake_e1000 *fake);

#endif
