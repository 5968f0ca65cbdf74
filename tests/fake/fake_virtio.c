/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_virtio.h. */
#include "tests/fake/fake_virtio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio_regs.h"
#include "drivers/virtqueue_regs.h"
#include "tests/fake/fake_platform.h"

#define require(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: the driver broke the rules: %s\n", __FILE__, __LINE__,         \
                    #condition);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* --- queues --------------------------------------------------------------------------------- */

bool fake_virtio_hostile;

static void *at(uint64_t address, size_t bytes)
{
    void *pointer = fake_dma_pointer(address, bytes);
    require(pointer != NULL);
    return pointer;
}

static struct virtqueue_available *available_of(const struct fake_queue *queue)
{
    return at(queue->available, sizeof(struct virtqueue_available) + (queue->size + 1u) * 2u);
}

static struct virtqueue_used *used_of(const struct fake_queue *queue)
{
    return at(queue->used, sizeof(struct virtqueue_used) + queue->size * 8u + 2u);
}

void fake_queue_attach(struct fake_queue *queue, const struct virtqueue *vq)
{
    *queue = (struct fake_queue){
        .enabled = true,
        .size = vq->size,
        .descriptors = virtqueue_descriptors_address(vq),
        .available = virtqueue_available_address(vq),
        .used = virtqueue_used_address(vq),
        .event_idx = vq->event_idx,
    };
    require(queue->descriptors % VIRTQUEUE_DESCRIPTORS_ALIGNMENT == 0);
    require(queue->available % VIRTQUEUE_AVAILABLE_ALIGNMENT == 0);
    require(queue->used % VIRTQUEUE_USED_ALIGNMENT == 0);
    /* §2.7.2, where a legacy device expects the tables. */
    uint64_t legacy_end = queue->descriptors + 16u * queue->size + 2u * (3u + queue->size);
    require(queue->available == queue->descriptors + 16u * queue->size);
    require(queue->used == (legacy_end + 4095) / 4096 * 4096);
}

void fake_queue_move(struct fake_queue *queue, struct virtqueue *vq, uint16_t index)
{
    vq->available_index = vq->used_index = vq->kicked_index = index;
    queue->available_index = queue->used_index = queue->signalled_index = index;
    available_of(queue)->index = index;
    used_of(queue)->index = index;
    fake_queue_want_kick_after(queue, index);
}

bool fake_queue_pop(struct fake_queue *queue, struct fake_buffer *buffer)
{
    if (!queue->enabled)
        return false;
    const struct virtqueue_available *available = available_of(queue);
    uint16_t waiting = (uint16_t)(available->index - queue->available_index);
    require(waiting <= queue->size || fake_virtio_hostile);
    if (waiting == 0 || waiting > queue->size)
        return false;
    uint16_t id = available->ring[queue->available_index++ % queue->size];
    require(id < queue->size);
    const struct virtqueue_descriptor *table = at(queue->descriptors, 16u * queue->size);
    const struct virtqueue_descriptor *descriptor = &table[id];
    require(descriptor->bytes != 0);
    require((descriptor->flags & ~VIRTQUEUE_DESCRIPTOR_WRITE) == 0);
    *buffer = (struct fake_buffer){
        .id = id,
        .memory = at(descriptor->address, descriptor->bytes),
        .bytes = descriptor->bytes,
        .device_writes = (descriptor->flags & VIRTQUEUE_DESCRIPTOR_WRITE) != 0,
    };
    /* As QEMU does after each pop (hw/virtio/virtio.c:virtqueue_split_pop). */
    fake_queue_want_kick_after(queue, queue->available_index);
    return true;
}

void fake_queue_set_used_element(struct fake_queue *queue, uint16_t slot, uint32_t id,
                                 uint32_t bytes)
{
    used_of(queue)->ring[slot % queue->size] =
        (struct virtqueue_used_element){.id = id, .bytes = bytes};
}

void fake_queue_set_used_index(struct fake_queue *queue, uint16_t index)
{
    queue->used_index = index;
    used_of(queue)->index = index;
}

void fake_queue_push(struct fake_queue *queue, uint32_t id, uint32_t bytes)
{
    fake_queue_set_used_element(queue, queue->used_index, id, bytes);
    fake_queue_set_used_index(queue, (uint16_t)(queue->used_index + 1));
}

bool fake_queue_should_interrupt(struct fake_queue *queue)
{
    uint16_t old_index = queue->signalled_index;
    uint16_t new_index = queue->used_index;
    bool valid = queue->signalled_valid;
    queue->signalled_index = new_index;
    queue->signalled_valid = true;
    if (new_index == old_index)
        return false;
    const struct virtqueue_available *available = available_of(queue);
    if (!queue->event_idx)
        return (available->flags & VIRTQUEUE_AVAILABLE_NO_INTERRUPT) == 0;
    uint16_t event = available->ring[queue->size];
    return !valid || (uint16_t)(new_index - event - 1) < (uint16_t)(new_index - old_index);
}

void fake_queue_want_kick_after(struct fake_queue *queue, uint16_t index)
{
    if (queue->event_idx)
        memcpy(&used_of(queue)->ring[queue->size], &index, sizeof(index));
}

void fake_queue_set_no_notify(struct fake_queue *queue, bool no_notify)
{
    used_of(queue)->flags = no_notify ? VIRTQUEUE_USED_NO_NOTIFY : 0;
}

/* --- the transport -------------------------------------------------------------------------- */

static struct fake_virtio *fake_of(struct virtio_device *device)
{
    return (struct fake_virtio *)device;
}

static uint8_t fake_status(struct virtio_device *device)
{
    struct fake_virtio *fake = fake_of(device);
    return fake->gone ? VIRTIO_STATUS_GONE : fake->status;
}

static void fake_set_status(struct virtio_device *device, uint8_t status)
{
    struct fake_virtio *fake = fake_of(device);
    if (fake->gone)
        return;
    if (status == 0) {
        if (fake->never_resets)
            return;
        memset(fake->queues, 0, sizeof(fake->queues));
        fake->accepted = 0;
        fake->resets++;
        if (fake->on_reset != NULL)
            fake->on_reset(fake);
    } else {
        require((status & fake->status & 0x0f) == (fake->status & 0x0f));
    }
    if (fake->refuse_features)
        status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    if (fake->refuse_driver_ok)
        status &= (uint8_t)~VIRTIO_STATUS_DRIVER_OK;
    fake->status = status;
}

static uint64_t fake_features(struct virtio_device *device)
{
    return fake_of(device)->offered;
}

static void fake_set_features(struct virtio_device *device, uint64_t features)
{
    struct fake_virtio *fake = fake_of(device);
    require((features & ~fake->offered) == 0);
    require((fake->status & VIRTIO_STATUS_FEATURES_OK) == 0);
    fake->accepted = features;
}

static uint32_t fake_config_read(struct virtio_device *device, uint32_t offset, unsigned int bytes)
{
    uint32_t value = 0;
    require(offset % bytes == 0 && offset + bytes <= sizeof(fake_of(device)->config));
    memcpy(&value, fake_of(device)->config + offset, bytes);
    return value;
}

static uint16_t fake_queue_max(struct virtio_device *device, uint16_t index)
{
    return index < FAKE_QUEUES ? fake_of(device)->queue_sizes[index] : 0;
}

static bool fake_queue_size_fixed(struct virtio_device *device)
{
    return fake_of(device)->size_fixed;
}

static int fake_queue_enable(struct virtio_device *device, struct virtqueue *vq)
{
    struct fake_virtio *fake = fake_of(device);
    require((fake->status & VIRTIO_STATUS_DRIVER_OK) == 0);
    require(device->legacy || (fake->status & VIRTIO_STATUS_FEATURES_OK) != 0);
    require(vq->index < FAKE_QUEUES && vq->size <= fake->queue_sizes[vq->index]);
    require(!fake->queues[vq->index].enabled);
    fake_queue_attach(&fake->queues[vq->index], vq);
    return 0;
}

static void fake_notify(struct virtio_device *device, struct virtqueue *vq)
{
    struct fake_virtio *fake = fake_of(device);
    if (fake->gone)
        return;
    require((fake->status & VIRTIO_STATUS_DRIVER_OK) != 0);
    fake->queues[vq->index].kicks++;
    if (fake->on_kick != NULL)
        fake->on_kick(fake, vq->index);
}

static int fake_interrupts_start(struct virtio_device *device)
{
    (void)device;
    return 0;
}

static void fake_release(struct virtio_device *device)
{
    (void)device;
}

static const struct virtio_transport_ops fake_ops = {
    .status = fake_status,
    .set_status = fake_set_status,
    .features = fake_features,
    .set_features = fake_set_features,
    .config_read = fake_config_read,
    .queue_max = fake_queue_max,
    .queue_size_fixed = fake_queue_size_fixed,
    .queue_enable = fake_queue_enable,
    .notify = fake_notify,
    .interrupts_start = fake_interrupts_start,
    .release = fake_release,
};

void fake_virtio_init(struct fake_virtio *fake, uint64_t offered)
{
    memset(fake, 0, sizeof(*fake));
    fake->device.transport = &fake_ops;
    strcpy(fake->device.name, "fake");
    fake->offered = offered;
}
