/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the e1000 driver have of each other; nobody else includes this. */
#ifndef DRIVERS_E1000_PARTS_H
#define DRIVERS_E1000_PARTS_H

#include "e1000.h"

#include <arch/mmio.h>

#include "e1000_regs.h"

/* Where the models differ. */
struct e1000_model {
    uint16_t device;
    uint8_t
        eerd_address_shift; /* the two layouts of EERD: SDM §13.4.4, 82574L datasheet §10.2.2.5 */
    uint32_t eerd_done;
    bool has_message; /* MSI; the older ones have no capability list at all in QEMU */
    const char *name;
};

static inline uint32_t e1000_read(const struct e1000 *nic, uint32_t offset)
{
    return mmio_read32(nic->registers + offset);
}

static inline void e1000_write(const struct e1000 *nic, uint32_t offset, uint32_t value)
{
    mmio_write32(nic->registers + offset, value);
}

/* e1000_setup.c */

/* Stops both directions and all interrupts and resets the chip.  0; -ENODEV when it does not
 * answer. */
int e1000_reset(const struct e1000 *nic);
/* Learns the address.  0; -ENODEV when neither EEPROM nor receive address register has one. */
int e1000_read_mac(struct e1000 *nic);
/* From reset to running, with empty rings; interrupts are still off. */
void e1000_setup(struct e1000 *nic);

/* e1000_rx.c and e1000_tx.c */

/* Makes the ring as it is after a reset and tells the chip of it; the receiver must be off. */
void e1000_rx_setup(struct e1000 *nic);
/* Gives every free descriptor to the chip. */
void e1000_rx_post(struct e1000 *nic);
/* Whether a finished descriptor waits. */
bool e1000_rx_waiting(const struct e1000 *nic);
/* As e1000_rx_setup(); what was under way is lost. */
void e1000_tx_setup(struct e1000 *nic);
/* Takes back what was sent. */
void e1000_tx_reap(struct e1000 *nic);
/* Whether no descriptor is free to send with. */
bool e1000_tx_full(const struct e1000 *nic);

#endif
