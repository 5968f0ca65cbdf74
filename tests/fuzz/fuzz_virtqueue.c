/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input is the device (and the order in which its driver acts): four bytes an operation.
 * Whatever it writes, a completion names a buffer that was in flight and no more bytes than it
 * holds, and the queue either works or is broken for good.
 */
/* sources: drivers/virtqueue.c tests/fake/fake_virtio.c tests/fake/fake_platform.c */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/dma.h"
#include "drivers/virtqueue.h"
#include "drivers/virtqueue_regs.h"
#include "tests/fake/fake_platform.h"
#include "tests/fake/fake_virtio.h"

#define BUFFERS      64u
#define BUFFER_BYTES 256u

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct world {
    struct virtqueue vq;
    struct fake_queue device;
    uint8_t *memory;
    uint32_t posted[BUFFERS]; /* bytes + 1 while in flight, 0 else */
    bool writable[BUFFERS];
    struct fake_buffer held[BUFFERS]; /* taken by the device */
    unsigned int held_count;
};

static void driver_adds(struct world *world, uint8_t token, uint8_t size, bool writable)
{
    token %= BUFFERS;
    if (world->posted[token] != 0)
        return;
    uint32_t bytes = size + 1u;
    int error =
        virtqueue_add(&world->vq, writable ? VIRTQUEUE_DEVICE_WRITES : VIRTQUEUE_DEVICE_READS,
                      world->memory + token * BUFFER_BYTES, bytes, token);
    require(error == 0 || error == -ENOSPC || (error == -EPROTO && world->vq.broken));
    if (error != 0)
        return;
    world->posted[token] = bytes + 1;
    world->writable[token] = writable;
}

static void driver_takes(struct world *world)
{
    struct virtqueue_completion done;
    bool was_broken = world->vq.broken;
    int taken = virtqueue_take(&world->vq, &done);
    require(taken == 0 || taken == 1 || (taken == -EPROTO && world->vq.broken));
    require(!was_broken || taken == -EPROTO);
    if (taken != 1)
        return;
    require(done.token < BUFFERS && world->posted[done.token] != 0);
    require(done.bytes < world->posted[done.token]);
    require(world->writable[done.token] || done.bytes == 0);
    world->posted[done.token] = 0;
}

static void device_writes(struct world *world, uint16_t offset, uint8_t value)
{
    size_t bytes = sizeof(struct virtqueue_used) + world->device.size * 8u + 2u;
    uint8_t *used = fake_dma_pointer(world->device.used, bytes);
    used[offset % bytes] = value;
}

static void device_acts(struct world *world, const uint8_t *operation)
{
    switch (operation[1] % 4) {
    case 0:
        if (world->held_count < BUFFERS &&
            fake_queue_pop(&world->device, &world->held[world->held_count]))
            world->held_count++;
        break;
    case 1:
        if (world->held_count != 0) {
            unsigned int pick = operation[2] % world->held_count;
            fake_queue_push(&world->device, world->held[pick].id, operation[3]);
            world->held[pick] = world->held[--world->held_count];
        }
        break;
    case 2:
        fake_queue_push(&world->device, operation[2], operation[3] * UINT32_C(0x1010101));
        break;
    case 3:
        fake_queue_set_used_index(&world->device,
                                  (uint16_t)(operation[2] | (unsigned int)operation[3] << 8));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    if (size < 4)
        return 0;
    memset(&world, 0, sizeof(world));
    fake_virtio_hostile = true;
    uint16_t entries = (uint16_t)(1u << data[0] % 6);
    require(virtqueue_init(&world.vq, 0, entries, (data[1] & 1) != 0) == 0);
    fake_queue_attach(&world.device, &world.vq);
    fake_queue_move(&world.device, &world.vq, (uint16_t)(data[2] | (unsigned int)data[3] << 8));
    world.memory = dma_alloc(BUFFERS * BUFFER_BYTES);

    for (const uint8_t *at = data + 4; at + 4 <= data + size; at += 4) {
        switch (at[0] % 8) {
        case 0:
        case 1:
            driver_adds(&world, at[1], at[2], (at[3] & 1) != 0);
            break;
        case 2:
        case 3:
            driver_takes(&world);
            break;
        case 4:
            (void)virtqueue_should_notify(&world.vq);
            break;
        case 5:
            if ((at[1] & 1) != 0)
                virtqueue_disable_interrupts(&world.vq);
            else
                require(virtqueue_enable_interrupts(&world.vq) ==
                        (virtqueue_waiting(&world.vq) != 0));
            break;
        case 6:
            device_acts(&world, at);
            break;
        case 7:
            device_writes(&world, (uint16_t)(at[1] | (unsigned int)at[2] << 8), at[3]);
            break;
        }
        require(world.vq.in_flight <= world.vq.size);
    }
    dma_free(world.memory, BUFFERS * BUFFER_BYTES);
    virtqueue_free(&world.vq);
    require(fake_dma_live == 0);
    return 0;
}
