/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending, SDM §3.3, with legacy descriptors: one frame, one buffer, one descriptor.  The chip
 * takes them in the order of the ring and says DD for each, because each asks for it (RS); without
 * RS QEMU writes nothing back (hw/net/e1000.c:txdesc_writeback).
 *
 * Padding and checksums are ours: QEMU neither pads (TCTL.PSP) nor fills in checksums for legacy
 * descriptors.
 */
#include "e1000_parts.h"

#include <string.h>

#include <arch/barrier.h>

#include "dma.h"
#include "le.h"

_Static_assert(E1000_TX_BUFFERS * sizeof(struct e1000_tx_descriptor) % E1000_RING_UNIT == 0,
               "SDM §13.4.37");
_Static_assert(E1000_FRAME_MAX <= E1000_BUFFER_BYTES, "a frame fits into its buffer");

static uint16_t after(uint16_t index)
{
    return (uint16_t)((index + 1u) % E1000_TX_BUFFERS);
}

static uint8_t *buffer_of(const struct e1000 *nic, uint16_t index)
{
    return nic->tx_memory + (size_t)index * E1000_BUFFER_BYTES;
}

void e1000_tx_setup(struct e1000 *nic)
{
    uint64_t ring = dma_addr((const void *)nic->tx_ring);
    nic->statistics.tx_lost += (nic->tx_head + E1000_TX_BUFFERS - nic->tx_tail) % E1000_TX_BUFFERS;
    nic->tx_tail = nic->tx_told = nic->tx_head = 0;
    nic->tx_since_ns = 0;
    nic->tx_wake = false;
    e1000_write(nic, E1000_TDBAL, (uint32_t)ring);
    e1000_write(nic, E1000_TDBAH, (uint32_t)(ring >> 32));
    e1000_write(nic, E1000_TDLEN, E1000_TX_BUFFERS * (uint32_t)sizeof(struct e1000_tx_descriptor));
    e1000_write(nic, E1000_TDH, 0);
    e1000_write(nic, E1000_TDT, 0);
}

void e1000_tx_reap(struct e1000 *nic)
{
    uint16_t tail = nic->tx_tail;
    while (nic->tx_tail != nic->tx_told && (nic->tx_ring[nic->tx_tail].status & E1000_TX_DD) != 0)
        nic->tx_tail = after(nic->tx_tail);
    if (nic->tx_tail == tail)
        return;
    nic->tx_since_ns = 0;
    nic->failures = 0;
}

/* SDM §3.4: head and tail at the same place mean an empty ring, so one descriptor stays unused. */
bool e1000_tx_full(const struct e1000 *nic)
{
    return after(nic->tx_head) == nic->tx_tail;
}

size_t e1000_reserve(struct e1000 *nic, uint8_t **room)
{
    if (nic->gone)
        return 0;
    if (e1000_tx_full(nic)) {
        e1000_flush(nic);
        e1000_tx_reap(nic);
    }
    if (e1000_tx_full(nic)) {
        nic->tx_wanted = true;
        return 0;
    }
    *room = buffer_of(nic, nic->tx_head);
    return E1000_FRAME_MAX;
}

void e1000_commit(struct e1000 *nic, size_t bytes)
{
    if (bytes == 0 || bytes > E1000_FRAME_MAX || nic->gone || e1000_tx_full(nic)) {
        nic->statistics.tx_refused++;
        return;
    }
    uint8_t *frame = buffer_of(nic, nic->tx_head);
    if (bytes < E1000_FRAME_MIN) {
        memset(frame + bytes, 0, E1000_FRAME_MIN - bytes);
        bytes = E1000_FRAME_MIN;
    }
    nic->tx_ring[nic->tx_head] = (struct e1000_tx_descriptor){
        .address = le64(dma_addr(frame)),
        .length = le16((uint16_t)bytes),
        .command = E1000_TX_EOP | E1000_TX_IFCS | E1000_TX_RS,
    };
    nic->tx_head = after(nic->tx_head);
    nic->tx_last_bytes = bytes;
}

size_t e1000_unflushed(const struct e1000 *nic, uint8_t **frame)
{
    uint16_t last = (uint16_t)((nic->tx_head + E1000_TX_BUFFERS - 1u) % E1000_TX_BUFFERS);
    if (nic->tx_told == nic->tx_head || nic->gone)
        return 0;
    *frame = buffer_of(nic, last);
    return nic->tx_last_bytes;
}

void e1000_flush(struct e1000 *nic)
{
    if (nic->tx_told == nic->tx_head || nic->gone)
        return;
    nic->tx_told = nic->tx_head;
    /* Frames and descriptors before the index; pairs with the chip's reading them after it. */
    dma_wmb();
    e1000_write(nic, E1000_TDT, nic->tx_told);
}
