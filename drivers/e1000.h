/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Intel 8254x network controllers that QEMU emulates: 82540EM, 82545EM, 82544GC and 82574L
 * (-device e1000, e1000-82545em, e1000-82544gc, e1000e).
 *
 * Nothing here blocks, and the driver copies nothing: received frames are read where the chip put
 * them, frames to send are written where the chip fetches them.  The chip is not believed: every
 * length is bounded by the buffer that was posted, every index is ours, and each frame that is
 * not passed on is counted by cause.
 *
 * The event loop:
 *
 *     for (;;) {
 *         moved = e1000_poll(nic);
 *         while ((bytes = e1000_receive(nic, &frame)) != 0) {
 *             look at or copy the frame;
 *             e1000_recycle(nic);
 *         }
 *         if ((room = e1000_reserve(nic, &buffer)) != 0) {
 *             write a frame of at most `room` bytes;
 *             e1000_commit(nic, bytes);
 *         }
 *         e1000_flush(nic);
 *         if (nothing moved && !e1000_arm(nic))
 *             sleep until an interrupt or e1000_deadline_ns(nic)
 *     }
 *
 * QEMU's e1000 (not e1000e) hands over no frame for one second after its receiver was enabled
 * (hw/net/e1000.c:set_rx_control); what arrives meanwhile waits in QEMU and comes then.  So send at
 * once and expect the answer late.
 */
#ifndef DRIVERS_E1000_H
#define DRIVERS_E1000_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pci.h"

#define E1000_MAC_BYTES 6u
/* Destination, source and type; 1500 bytes; the chip adds the CRC. */
#define E1000_HEADER_BYTES 14u
#define E1000_FRAME_MAX    1514u
/* Frames shorter than this are padded with zeros before they are sent (IEEE 802.3 §3.2.8; QEMU does
 * not pad). */
#define E1000_FRAME_MIN 60u

/* A ring is a multiple of eight descriptors (E1000_RING_UNIT). */
#define E1000_RX_BUFFERS   64u
#define E1000_TX_BUFFERS   64u
#define E1000_BUFFER_BYTES 2048u

#define E1000_NAME_BYTES   16u
#define E1000_MTA_SHADOW   128u
#define E1000_COUNTERS_MAX 12u

struct e1000_model;
struct e1000_rx_descriptor;
struct e1000_tx_descriptor;

/*
 * What happened since the probe.  The first part is counted by the chip, which clears a counter
 * when it is read, the second part by us.
 */
struct e1000_statistics {
    uint64_t rx_frames; /* good ones that passed the filter, with or without a descriptor */
    uint64_t rx_bytes;  /* of those, with their CRCs; lacks a frame that came while it was read */
    uint64_t rx_broadcast;
    uint64_t rx_multicast;
    uint64_t tx_frames;
    uint64_t tx_bytes;     /* with their CRCs */
    uint64_t rx_crc;       /* damaged on the wire */
    uint64_t rx_undersize; /* shorter than 64 bytes on the wire */
    uint64_t rx_oversize;  /* longer than the largest frame */
    uint64_t rx_missed;    /* no room in the chip */
    uint64_t rx_no_buffer; /* no descriptor at first; some come later all the same */

    uint64_t rx_delivered; /* lent by e1000_receive() */
    uint64_t rx_errors;    /* dropped: the descriptor tells of an error */
    uint64_t rx_pieces;    /* dropped: a frame in more than one buffer */
    uint64_t rx_short;     /* dropped: shorter than an Ethernet header */
    uint64_t rx_long;      /* dropped: longer, says the descriptor, than the buffer */
    uint64_t tx_refused;   /* not sent: length 0, or beyond the room */
    uint64_t tx_lost;      /* on their way when the chip was restarted */
    uint64_t link_changes;
    uint64_t restarts; /* the chip did not take frames and was set up again */
};

/* All of a controller; the caller provides the memory, reads what is in the first part, and looks
 * at nothing in the others. */
struct e1000 {
    char name[E1000_NAME_BYTES]; /* for the log: "pci 00:03.0" */
    uint8_t mac[E1000_MAC_BYTES];
    bool link_up;
    bool gone;   /* pulled, or broken beyond retry: call e1000_release() */
    bool polled; /* no interrupt could be had: look every few milliseconds */
    struct pci_function function;
    const struct e1000_model *model;

    struct pci_interrupt interrupt;
    volatile uint8_t *registers;
    volatile uint32_t causes; /* acknowledged, not handled yet */
    bool armed;               /* since the last poll */
    uint8_t failures;         /* restarts without a frame sent or received in between */
    uint32_t multicast[E1000_MTA_SHADOW];

    /* Receive: the next descriptor to look at, and those before it that the chip does not have. */
    volatile struct e1000_rx_descriptor *rx_ring;
    uint8_t *rx_memory;
    uint16_t rx_next;
    uint16_t rx_unposted;
    bool rx_lent;                 /* rx_next is read by the caller */
    bool rx_discarding;           /* up to and including the next end of a frame */
    uint64_t rx_delivered_before; /* as e1000_arm() knows it, and when it learnt that */
    uint64_t rx_last_ns;

    /* Transmit: from the oldest that the chip has, over those not told yet, to the next free. */
    volatile struct e1000_tx_descriptor *tx_ring;
    uint8_t *tx_memory;
    uint16_t tx_tail;
    uint16_t tx_told;
    uint16_t tx_head;
    size_t tx_last_bytes; /* of the one before tx_head, as it was committed */
    bool tx_wanted;       /* reserve() found no room: wake up when there is some */
    bool tx_wake;         /* the chip was told to interrupt for that */
    uint64_t tx_since_ns; /* when the oldest one became that; 0: nothing is under way */

    struct e1000_statistics statistics;
    uint32_t counted[E1000_COUNTERS_MAX]; /* where counters stood that reading does not clear */
};

/* The model's name ("82540EM") if this driver knows the function, else NULL. */
const char *e1000_model_name(const struct pci_function *function);

/*
 * Takes the function: assigns its registers an address if nobody has, resets the chip, learns its
 * address, makes the rings and starts both directions.  0; -ENODEV for another device, or one
 * whose registers do not answer or that has no address; -ENOSPC; -ENOMEM.  After an error nothing
 * is held.
 */
int e1000_probe(struct e1000 *nic, const struct pci_function *function);
/* Stops the chip if it is still there, and frees everything.  Frames not flushed are lost. */
void e1000_release(struct e1000 *nic);

/*
 * Acknowledges interrupts, follows the link, and restarts a chip that takes no frames.  Call it
 * before draining.  Returns whether something changed; look at link_up and gone then.
 */
bool e1000_poll(struct e1000 *nic);
/*
 * Before sleeping: flushes, and gives all free buffers to the chip.  Returns true when a frame
 * waits already, or room that e1000_reserve() had not, and for a tenth of a millisecond after the
 * last frame, because a conversation goes faster than QEMU interrupts: poll again instead.
 */
bool e1000_arm(struct e1000 *nic);
/* When to poll even without an interrupt, on the scale of clock_monotonic_ns(); UINT64_MAX: not. */
uint64_t e1000_deadline_ns(const struct e1000 *nic);

/*
 * Lends the oldest good frame: its length (14 to E1000_BUFFER_BYTES), without the CRC.  0 when
 * there is none.  Valid until e1000_recycle(), which must come before the next call; the chip does
 * not touch it meanwhile.
 */
size_t e1000_receive(struct e1000 *nic, const uint8_t **frame);
/* Gives the lent frame's buffer back to the chip. */
void e1000_recycle(struct e1000 *nic);

/*
 * Lends a buffer for one frame from its destination address on: E1000_FRAME_MAX bytes of room, or 0
 * while the ring is full.  Nothing is promised by reserving; the same room comes again.
 */
size_t e1000_reserve(struct e1000 *nic, uint8_t **room);
/* The first `bytes` of the room are a frame, which may wait for flush(). */
void e1000_commit(struct e1000 *nic, size_t bytes);
/*
 * The frame that was committed last, as long as it waits for flush(): its length, or 0 if there is
 * none.  It may be written anew, with no other length.
 */
size_t e1000_unflushed(const struct e1000 *nic, uint8_t **frame);
/* Tells the chip of everything committed: one register write, none when there is nothing. */
void e1000_flush(struct e1000 *nic);

/*
 * Receive frames to these group addresses, and to no others.  The filter is a hash (SDM §13.5.1),
 * so frames to some other groups come too.
 */
void e1000_multicast(struct e1000 *nic, const uint8_t (*addresses)[E1000_MAC_BYTES], size_t count);

/*
 * Reads and clears the chip's counters and adds them to *nic's.  A counter of the chip stops at
 * 2^32 - 1, so call it once in some millions of frames; it reads some twenty registers.
 */
const struct e1000_statistics *e1000_statistics(struct e1000 *nic);

#endif
