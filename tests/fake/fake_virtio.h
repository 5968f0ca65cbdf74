/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device for tests: the device's side of split virtqueues (virtio 1.2 §2.7) and a
 * transport without registers.  It behaves unless it is told to lie.
 */
#ifndef TESTS_FAKE_VIRTIO_H
#define TESTS_FAKE_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/virtio.h"
#include "drivers/virtqueue.h"

#define FAKE_QUEUES 140u

/* A queue as the device sees it. */
struct fake_queue {
    bool enabled;
    uint16_t size;
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
    bool event_idx;
    uint16_t available_index; /* taken so far */
    uint16_t used_index;      /* given back so far */
    uint16_t signalled_index; /* used_index at the last interrupt decision */
    bool signalled_valid;
    unsigned int kicks; /* notifications by the driver */
};

/* A buffer that the driver made available. */
struct fake_buffer {
    uint16_t id;
    uint8_t *memory;
    uint32_t bytes;
    bool device_writes;
};

struct fake_virtio {
    struct virtio_device device; /* what the driver gets */
    struct fake_queue queues[FAKE_QUEUES];
    uint64_t offered;
    uint64_t accepted;
    uint8_t status;
    uint8_t config[16];
    uint16_t queue_sizes[FAKE_QUEUES]; /* 0: no such queue */
    unsigned int interrupts;           /* raised so far */
    unsigned int resets;
    /* Called when the driver rings; may be NULL. */
    void (*on_kick)(struct fake_virtio *fake, uint16_t queue);
    void (*on_reset)(struct fake_virtio *fake);
    /* Misbehaviour. */
    bool refuse_features;
    bool refuse_driver_ok;
    bool never_resets;
    bool gone;
    bool size_fixed;
};

/* Set while the device lies about what it took: then a full available ring is nobody's fault. */
extern bool fake_virtio_hostile;

void fake_virtio_init(struct fake_virtio *fake, uint64_t offered);

/* What the device sees of a queue that was made outside of a device. */
void fake_queue_attach(struct fake_queue *queue, const struct virtqueue *vq);
/* Moves driver's and device's indices of an unused queue to `index`. */
void fake_queue_move(struct fake_queue *queue, struct virtqueue *vq, uint16_t index);
/* Takes the next available buffer; false when there is none.  Aborts when the driver broke the
 * rules: a descriptor outside its memory, of zero bytes, or in flight already. */
bool fake_queue_pop(struct fake_queue *queue, struct fake_buffer *buffer);
/* Gives a buffer back with `bytes` written. */
void fake_queue_push(struct fake_queue *queue, uint32_t id, uint32_t bytes);
/* Whether the driver wants an interrupt for what was pushed since the last call (§2.7.7.1). */
bool fake_queue_should_interrupt(struct fake_queue *queue);
/* Says which notification the device wants: none before entry `index` (EVENT_IDX). */
void fake_queue_want_kick_after(struct fake_queue *queue, uint16_t index);
void fake_queue_set_no_notify(struct fake_queue *queue, bool no_notify);
/* Writes used->index or an element of the used ring as it likes. */
void fake_queue_set_used_index(struct fake_queue *queue, uint16_t index);
void fake_queue_set_used_element(struct fake_queue *queue, uint16_t slot, uint32_t id,
                                 uint32_t bytes);

#endif
