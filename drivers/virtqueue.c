/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues, virtio 1.2 §2.7, from the driver's side; virtqueue.h says what for.
 *
 * Read it in this order: the tables and where they lie, a buffer's way out (§2.7.13), the decision
 * to notify (§2.7.13.4), a buffer's way back (§2.7.14), interrupts (§2.7.7).
 *
 * What the device writes is three things: used->index, the elements of the used ring, and the two
 * notification hints (used->flags, avail_event).  Hints can be wrong without harm.  The rest is
 * checked in virtqueue_take() against the shadow table, which lies behind the tables and has no
 * address that the device was told.  Devices do lie without malice: QEMU reports more bytes than a
 * short control buffer holds (hw/char/virtio-serial-bus.c:send_control_msg), and legacy devices
 * put anything into the length of buffers that they only read (§2.7.8.2); so a length is clamped
 * and counted, while a wrong id or index means that memory is being mixed up, and breaks the queue.
 */
#include "virtqueue.h"

#include <errno.h>
#include <stddef.h>

#include <arch/barrier.h>

#include "dma.h"
#include "klog.h"
#include "le.h"
#include "virtqueue_regs.h"

struct virtqueue_shadow {
    uint32_t bytes; /* how much the device may write, 0 for a buffer that it reads */
    uint16_t token;
    uint16_t next_free;
    bool in_flight;
};

/* --- the tables ---------------------------------------------------------------------------- */

static size_t round_up(size_t value, size_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* §2.7.10.1: the index up to which the driver wants no interrupt lies after the available ring. */
static volatile uint16_t *used_event(const struct virtqueue *vq)
{
    return &vq->available->ring[vq->size];
}

/* §2.7.10.1: the index up to which the device wants no notification, after the used ring. */
static uint16_t read_avail_event(const struct virtqueue *vq)
{
    const volatile void *after_ring = &vq->used->ring[vq->size];
    return le16(*(const volatile uint16_t *)after_ring);
}

int virtqueue_init(struct virtqueue *vq, uint16_t index, uint16_t size, bool event_idx)
{
    *vq = (struct virtqueue){0};
    if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)) != 0)
        return -EINVAL;

    /* One layout for all: the legacy one (§2.7.2) satisfies the alignments of the modern one. */
    size_t available_at = size * sizeof(struct virtqueue_descriptor);
    size_t available_bytes = sizeof(struct virtqueue_available) + (size + 1u) * sizeof(uint16_t);
    size_t used_at = round_up(available_at + available_bytes, VIRTQUEUE_LEGACY_PAGE);
    size_t used_bytes = sizeof(struct virtqueue_used) +
                        size * sizeof(struct virtqueue_used_element) + sizeof(uint16_t);
    size_t shadow_at = round_up(used_at + used_bytes, sizeof(uint64_t));

    vq->memory_bytes = shadow_at + size * sizeof(struct virtqueue_shadow);
    uint8_t *memory = dma_alloc(vq->memory_bytes);
    if (memory == NULL)
        return -ENOMEM;
    vq->memory = memory;
    vq->descriptors = (void *)memory;
    vq->available = (void *)(memory + available_at);
    vq->used = (void *)(memory + used_at);
    vq->shadow = (void *)(memory + shadow_at);
    vq->index = index;
    vq->size = size;
    vq->event_idx = event_idx;
    for (uint16_t id = 0; id < size; id++)
        vq->shadow[id].next_free = (uint16_t)(id + 1);
    virtqueue_disable_interrupts(vq);
    return 0;
}

void virtqueue_free(struct virtqueue *vq)
{
    if (vq->memory != NULL)
        dma_free(vq->memory, vq->memory_bytes);
    *vq = (struct virtqueue){0};
}

uint64_t virtqueue_descriptors_address(const struct virtqueue *vq)
{
    return dma_addr(vq->memory);
}

uint64_t virtqueue_available_address(const struct virtqueue *vq)
{
    return dma_addr(vq->memory) + (uint64_t)((uintptr_t)vq->available - (uintptr_t)vq->memory);
}

uint64_t virtqueue_used_address(const struct virtqueue *vq)
{
    return dma_addr(vq->memory) + (uint64_t)((uintptr_t)vq->used - (uintptr_t)vq->memory);
}

/* --- a buffer's way to the device (§2.7.13) ------------------------------------------------- */

int virtqueue_add(struct virtqueue *vq, enum virtqueue_direction direction, const void *memory,
                  uint32_t bytes, uint16_t token)
{
    if (vq->broken)
        return -EPROTO;
    if (vq->in_flight == vq->size)
        return -ENOSPC;

    bool device_writes = direction == VIRTQUEUE_DEVICE_WRITES;
    uint16_t id = vq->free_head;
    struct virtqueue_shadow *shadow = &vq->shadow[id];
    vq->free_head = shadow->next_free;
    vq->in_flight++;
    *shadow = (struct virtqueue_shadow){
        .bytes = device_writes ? bytes : 0,
        .token = token,
        .in_flight = true,
    };

    /* §2.7.13.1: the descriptor, then §2.7.13.2: its number in the available ring. */
    vq->descriptors[id] = (struct virtqueue_descriptor){
        .address = le64(dma_addr(memory)),
        .bytes = le32(bytes),
        .flags = le16(device_writes ? VIRTQUEUE_DESCRIPTOR_WRITE : 0),
    };
    vq->available->ring[vq->available_index & (vq->size - 1u)] = le16(id);
    /* §2.7.13.3: descriptor and ring before the index; pairs with the device's read barrier
     * between its reads of available->index and of the ring. */
    dma_wmb();
    vq->available->index = le16(++vq->available_index);
    return 0;
}

/* --- the decision to notify (§2.7.13.4) ----------------------------------------------------- */

/*
 * §2.7.10.1: whether one of the entries (old, new] is the one after `event`.  All three count
 * modulo 2^16 and only differences mean anything.
 */
static bool event_passed(uint16_t event, uint16_t new_index, uint16_t old_index)
{
    return (uint16_t)(new_index - event - 1) < (uint16_t)(new_index - old_index);
}

bool virtqueue_should_notify(struct virtqueue *vq)
{
    uint16_t old_index = vq->kicked_index;
    uint16_t new_index = vq->available_index;
    vq->kicked_index = new_index;
    if (new_index == old_index || vq->broken)
        return false;
    /* The index is visible before the device's wish is read, else both sides could wait: pairs
     * with the device's full barrier between writing avail_event and its last look at the index.
     * A store followed by a load: only the full barrier orders it. */
    dma_mb();
    if (vq->event_idx)
        return event_passed(read_avail_event(vq), new_index, old_index);
    return (le16(vq->used->flags) & VIRTQUEUE_USED_NO_NOTIFY) == 0;
}

/* --- a buffer's way back (§2.7.14) ---------------------------------------------------------- */

static int broke(struct virtqueue *vq, const char *what, uint32_t value)
{
    vq->broken = true;
    klog("virtqueue %u: the device wrote %s %u (%u in flight, used index %u)", vq->index, what,
         value, vq->in_flight, vq->used_index);
    return -EPROTO;
}

uint16_t virtqueue_waiting(const struct virtqueue *vq)
{
    return (uint16_t)(le16(vq->used->index) - vq->used_index);
}

int virtqueue_take(struct virtqueue *vq, struct virtqueue_completion *completion)
{
    if (vq->broken)
        return -EPROTO;
    uint16_t index = le16(vq->used->index);
    uint16_t waiting = (uint16_t)(index - vq->used_index);
    if (waiting == 0)
        return 0;
    if (waiting > vq->in_flight)
        return broke(vq, "used index", index);

    /* The index before the element: pairs with the device's write barrier between the two. */
    dma_rmb();
    const volatile struct virtqueue_used_element *element =
        &vq->used->ring[vq->used_index & (vq->size - 1u)];
    uint32_t id = le32(element->id);
    uint32_t claimed = le32(element->bytes);
    uint32_t bytes = claimed;
    if (id >= vq->size || !vq->shadow[id].in_flight)
        return broke(vq, "used id", id);

    struct virtqueue_shadow *shadow = &vq->shadow[id];
    if (shadow->bytes == 0) {
        bytes = 0;
    } else if (bytes > shadow->bytes) {
        bytes = shadow->bytes;
        vq->clamped_lengths++;
    }
    *completion = (struct virtqueue_completion){
        .token = shadow->token,
        .bytes = bytes,
        .claimed = claimed,
    };

    shadow->in_flight = false;
    shadow->next_free = vq->free_head;
    vq->free_head = (uint16_t)id;
    vq->in_flight--;
    vq->used_index++;
    return 1;
}

/* --- interrupts (§2.7.7, §2.7.10) ----------------------------------------------------------- */

void virtqueue_disable_interrupts(struct virtqueue *vq)
{
    if (vq->event_idx) {
        /* There is no "never" in a ring of indices; half way round is the farthest. */
        *used_event(vq) = le16((uint16_t)(vq->used_index + 0x8000u));
    } else {
        vq->available->flags = le16(VIRTQUEUE_AVAILABLE_NO_INTERRUPT);
    }
}

bool virtqueue_enable_interrupts(struct virtqueue *vq)
{
    if (vq->event_idx) {
        *used_event(vq) = le16(vq->used_index);
    } else {
        vq->available->flags = 0;
    }
    /* The wish before the last look, else a completion in between wakes nobody: pairs with the
     * device's full barrier between writing used->index and reading used_event. */
    dma_mb();
    return virtqueue_waiting(vq) != 0;
}
