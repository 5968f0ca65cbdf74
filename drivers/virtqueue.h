/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue (virtio 1.2 §2.7): how driver and device pass buffers to each other through
 * three tables in memory.  A buffer is one descriptor here; nothing in this kernel needs chains.
 *
 * The device is not believed.  Everything it writes is read once, checked in virtqueue.c and
 * nowhere else, and the truth about what is in flight lies in memory that no device is told of.
 * A device that breaks the rules makes the queue "broken": it gives nothing any more, and its
 * owner resets the device.
 */
#ifndef DRIVERS_VIRTQUEUE_H
#define DRIVERS_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtqueue_descriptor;
struct virtqueue_available;
struct virtqueue_used;
struct virtqueue_shadow;

struct virtqueue {
    /* The three tables that the device knows; all in one allocation of memory_bytes. */
    struct virtqueue_descriptor *descriptors;
    volatile struct virtqueue_available *available;
    volatile struct virtqueue_used *used;
    void *memory;
    size_t memory_bytes;
    /* What we know by ourselves: one entry per descriptor, same allocation, never shown. */
    struct virtqueue_shadow *shadow;

    uint16_t index;           /* which queue of the device this is */
    uint16_t size;            /* entries, a power of two */
    bool event_idx;           /* VIRTIO_F_EVENT_IDX was negotiated (§2.7.10) */
    bool broken;              /* the device broke the rules; only a reset helps */
    uint16_t free_head;       /* first of the unused descriptors, `size` when there is none */
    uint16_t in_flight;       /* descriptors that the device has */
    uint16_t available_index; /* free-running, as published in available->idx */
    uint16_t used_index;      /* free-running: how far we took from the used ring */
    uint16_t kicked_index;    /* available_index at the last notification decision (§2.7.7.2) */

    /* The device's lies that were survived. */
    uint32_t clamped_lengths;

    /* For the transport: where this queue's doorbell is. */
    volatile void *doorbell;
};

/* Who reads or writes the buffer. */
enum virtqueue_direction { VIRTQUEUE_DEVICE_READS, VIRTQUEUE_DEVICE_WRITES };

/* A buffer that came back. */
struct virtqueue_completion {
    uint16_t token; /* what virtqueue_add() was given */
    uint32_t bytes; /* how many the device wrote: never more than the buffer holds; 0 if it reads */
    uint32_t claimed; /* how many it says it wrote */
};

/*
 * Makes queue number `index` with `size` entries (a power of two up to 32768, §2.7) in fresh DMA
 * memory.  0, -EINVAL or -ENOMEM.
 */
int virtqueue_init(struct virtqueue *vq, uint16_t index, uint16_t size, bool event_idx);
/* Frees the memory.  The device must have been reset.  Fine for a zeroed or freed queue. */
void virtqueue_free(struct virtqueue *vq);

/* Bus addresses of the three tables, for the transport. */
uint64_t virtqueue_descriptors_address(const struct virtqueue *vq);
uint64_t virtqueue_available_address(const struct virtqueue *vq);
uint64_t virtqueue_used_address(const struct virtqueue *vq);

/*
 * Hands `bytes` (not 0) at `memory` to the device; `token` comes back with the completion.  0,
 * -ENOSPC when all descriptors are in flight, -EPROTO when the queue is broken.
 */
int virtqueue_add(struct virtqueue *vq, enum virtqueue_direction direction, const void *memory,
                  uint32_t bytes, uint16_t token);
/*
 * Whether the device wants to hear of what was added since the last call (§2.7.10).  The caller
 * then rings the doorbell: once for a whole batch.
 */
bool virtqueue_should_notify(struct virtqueue *vq);

/*
 * Takes the oldest completion.  1 and fills *completion, 0 when there is none, -EPROTO when the
 * device broke the rules (now or earlier).
 */
int virtqueue_take(struct virtqueue *vq, struct virtqueue_completion *completion);
/*
 * How many completions wait.  Costs one read of ordinary memory.  May be more than `size` when the
 * device lies; virtqueue_take() finds out.
 */
uint16_t virtqueue_waiting(const struct virtqueue *vq);

/* From now on interrupts for this queue are not needed; some may come all the same. */
void virtqueue_disable_interrupts(struct virtqueue *vq);
/*
 * From now on the next completion interrupts.  Returns whether one waits already, which the device
 * may not have interrupted for: look again before sleeping.
 */
bool virtqueue_enable_interrupts(struct virtqueue *vq);

#endif
