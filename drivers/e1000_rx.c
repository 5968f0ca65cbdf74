/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving, SDM §3.2.  The chip fills the buffers in the order of the ring and never skips one, so
 * an index is all there is to know, and it is ours: nothing that the chip writes is used as an
 * index or an address.
 *
 * A frame counts when its descriptor says DD and EOP, no error, and a length between a header's
 * and the buffer's.  A frame in several buffers cannot be (the receiver is set up without long
 * frames) and still is seen from chips that store damaged ones (RCTL.SBP): all pieces up to and
 * including the one with EOP are dropped, else the last would pass for a frame.
 */
#include "e1000_parts.h"

#include <arch/barrier.h>

#include "dma.h"
#include "le.h"

/* Free descriptors are handed over in batches, because each register write leaves the guest. */
#define POST_BATCH (E1000_RX_BUFFERS / 4u)

_Static_assert(E1000_RX_BUFFERS * sizeof(struct e1000_rx_descriptor) % E1000_RING_UNIT == 0,
               "SDM §13.4.27");

static uint16_t after(uint16_t index)
{
    return (uint16_t)((index + 1u) % E1000_RX_BUFFERS);
}

static uint8_t *buffer_of(const struct e1000 *nic, uint16_t index)
{
    return nic->rx_memory + (size_t)index * E1000_BUFFER_BYTES;
}

/* All of the descriptor is written: QEMU leaves errors and other status bits as it finds them
 * (hw/net/e1000.c:e1000_receive_iov), and a hostile chip may have changed the address. */
static void clear(struct e1000 *nic, uint16_t index)
{
    nic->rx_ring[index] =
        (struct e1000_rx_descriptor){.address = le64(dma_addr(buffer_of(nic, index)))};
}

void e1000_rx_setup(struct e1000 *nic)
{
    uint64_t ring = dma_addr((const void *)nic->rx_ring);
    for (uint16_t i = 0; i < E1000_RX_BUFFERS; i++)
        clear(nic, i);
    nic->rx_next = 0;
    nic->rx_lent = nic->rx_discarding = false;
    e1000_write(nic, E1000_RDBAL, (uint32_t)ring);
    e1000_write(nic, E1000_RDBAH, (uint32_t)(ring >> 32));
    e1000_write(nic, E1000_RDLEN, E1000_RX_BUFFERS * (uint32_t)sizeof(struct e1000_rx_descriptor));
    e1000_write(nic, E1000_RDH, 0);
    e1000_rx_post(nic);
}

void e1000_rx_post(struct e1000 *nic)
{
    /* What acknowledges the frames goes first: by the write below QEMU wakes up whoever has more
     * for us (hw/net/e1000.c:set_rdt), and its user network looks then how much it still holds. */
    e1000_flush(nic);
    /* The descriptors before the index; pairs with the chip's reading them after it. */
    dma_wmb();
    /* SDM §3.2.6: the tail is the first that the chip does not have; one always stays with us,
     * else a full ring would look like an empty one. */
    e1000_write(nic, E1000_RDT, (nic->rx_next + E1000_RX_BUFFERS - 1u) % E1000_RX_BUFFERS);
    nic->rx_unposted = 0;
}

bool e1000_rx_waiting(const struct e1000 *nic)
{
    return (nic->rx_ring[nic->rx_next].status & E1000_RX_DD) != 0;
}

static void advance(struct e1000 *nic)
{
    clear(nic, nic->rx_next);
    nic->rx_next = after(nic->rx_next);
    if (++nic->rx_unposted >= POST_BATCH)
        e1000_rx_post(nic);
}

/* Whether a descriptor that came back is a whole good frame; counts why not. */
static bool accept(struct e1000 *nic, uint8_t status, uint8_t errors, size_t length)
{
    struct e1000_statistics *statistics = &nic->statistics;
    bool last = (status & E1000_RX_EOP) != 0;
    if (nic->rx_discarding) {
        nic->rx_discarding = !last;
        return false;
    }
    nic->rx_discarding = !last;
    if (!last)
        statistics->rx_pieces++;
    else if ((errors & E1000_RX_FRAME_ERRORS) != 0)
        statistics->rx_errors++;
    else if (length < E1000_HEADER_BYTES)
        statistics->rx_short++;
    else if (length > E1000_BUFFER_BYTES)
        statistics->rx_long++;
    else
        return true;
    return false;
}

size_t e1000_receive(struct e1000 *nic, const uint8_t **frame)
{
    if (nic->gone)
        return 0;
    /* Not more than a ring at once, however fast a chip sends rubbish. */
    for (unsigned int looked = 0; looked < E1000_RX_BUFFERS; looked++) {
        volatile struct e1000_rx_descriptor *descriptor = &nic->rx_ring[nic->rx_next];
        uint8_t status = descriptor->status;
        if ((status & E1000_RX_DD) == 0)
            return 0;
        /* DD before the rest and the buffer; pairs with the chip's writing DD last. */
        dma_rmb();
        size_t length = le16(descriptor->length);
        if (accept(nic, status, descriptor->errors, length)) {
            *frame = buffer_of(nic, nic->rx_next);
            nic->rx_lent = true;
            nic->failures = 0;
            nic->statistics.rx_delivered++;
            return length;
        }
        advance(nic);
    }
    return 0;
}

void e1000_recycle(struct e1000 *nic)
{
    if (!nic->rx_lent) /* restarted in between */
        return;
    nic->rx_lent = false;
    advance(nic);
}
