/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input is a console device, its host, and the order in which the agent acts.  Whatever
 * happens, what is lent lies in the driver's buffers, sessions begin before they end, nothing is
 * lent outside of one, and stopping gives all memory back.
 */
/* sources: drivers/virtio_console*.c drivers/virtio.c drivers/virtqueue.c tests/fake/fake_*.c */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio_console.h"
#include "drivers/virtio_console_regs.h"
#include "drivers/virtio_regs.h"
#include "drivers/virtqueue_regs.h"
#include "tests/fake/fake_console.h"
#include "tests/fake/fake_platform.h"

#define NAME       "org.qemu.guest_agent.0"
#define RX_BUFFERS 8u
#define TX_BYTES   4096u

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct world {
    struct fake_console device;
    struct virtio_console console;
    bool open;
    bool removed;
    size_t lent;
    const uint8_t *data;
    size_t left;
};

/* The next byte of the input, 0 behind its end. */
static uint8_t next(struct world *world)
{
    if (world->left == 0)
        return 0;
    world->left--;
    return *world->data++;
}

static void on_event(void *ctx, struct virtio_console *console, enum virtio_console_event event)
{
    struct world *world = ctx;
    (void)console;
    require(!world->removed);
    switch (event) {
    case VIRTIO_CONSOLE_OPENED:
        require(!world->open);
        world->open = true;
        break;
    case VIRTIO_CONSOLE_CLOSED:
    case VIRTIO_CONSOLE_RESET:
        require(world->open);
        world->open = false;
        break;
    case VIRTIO_CONSOLE_REMOVED:
        require(!world->open);
        world->removed = true;
        break;
    }
}

static void agent_reads(struct world *world)
{
    const uint8_t *bytes;
    size_t count = virtio_console_port_peek(&world->console, &bytes);
    if (count != 0) {
        const uint8_t *memory = world->console.rx_memory;
        require(world->open);
        require(bytes >= memory && count <= VIRTIO_CONSOLE_RX_BUFFER_BYTES);
        require((size_t)(bytes - memory) + count <=
                RX_BUFFERS * (size_t)VIRTIO_CONSOLE_RX_BUFFER_BYTES);
    }
    virtio_console_port_consume(&world->console, next(world) * 17u);
}

static void agent_writes(struct world *world)
{
    uint8_t *room;
    size_t count = virtio_console_port_reserve(&world->console, &room);
    if (count != 0) {
        require(world->open);
        require((size_t)(room - world->console.tx_memory) + count <= TX_BYTES);
        memset(room, 'x', count);
    }
    uint8_t how = next(world);
    virtio_console_port_commit(&world->console, how * 5u);
    if ((how & 1) != 0)
        virtio_console_port_flush(&world->console);
}

static void device_says(struct world *world)
{
    uint8_t name[256];
    uint8_t id = next(world);
    uint8_t event = next(world);
    uint8_t value = next(world);
    uint8_t how = next(world);
    size_t bytes = how % 64;
    memset(name, 'y', sizeof(name));
    if ((how & 0x40) != 0) {
        memcpy(name, NAME, sizeof(NAME));
        bytes = sizeof(NAME) - (how & 1);
    }
    fake_console_say(&world->device, id == 255 ? UINT32_MAX : id % 9, event % 10, value & 1,
                     (char *)name, bytes, (how & 0x80) != 0 ? next(world) * 3u : 0);
}

static void device_lies(struct world *world)
{
    struct fake_queue *queue = &world->device.virtio.queues[next(world) % 8];
    if (!queue->enabled)
        return;
    uint8_t how = next(world);
    uint8_t value = next(world);
    if (how < 64) {
        fake_queue_push(queue, value % 32, how * 100u);
    } else if (how < 96) {
        fake_queue_set_used_index(queue, (uint16_t)(queue->used_index + value));
    } else {
        size_t bytes = sizeof(struct virtqueue_used) + queue->size * 8u + 2u;
        uint8_t *used = fake_dma_pointer(queue->used, bytes);
        require(used != NULL);
        used[(how - 96u) * 2u % bytes] = value;
    }
}

static void host_acts(struct world *world)
{
    static const uint8_t text[9000];
    uint8_t what = next(world);
    uint32_t port = next(world) % 8;
    switch (what % 8) {
    case 0:
        fake_console_host_open(&world->device, port);
        break;
    case 1:
        fake_console_host_close(&world->device, port);
        break;
    case 2:
    case 3:
        fake_console_host_write(&world->device, port, text, next(world) * 35u);
        break;
    case 4:
        world->device.host_stalls = true;
        break;
    case 5:
        fake_console_host_reads(&world->device, port);
        break;
    case 6:
        world->device.ports[port].exists = true;
        world->device.ports[port].name = (what & 8) != 0 ? NAME : "other";
        world->device.ports[port].console = (what & 16) != 0;
        break;
    case 7:
        world->device.passive = (what & 8) != 0;
        break;
    }
}

static void device_fails(struct world *world)
{
    struct fake_virtio *virtio = &world->device.virtio;
    switch (next(world) % 8) {
    case 0:
        virtio->gone = true;
        break;
    case 1:
        virtio->refuse_features = true;
        break;
    case 2:
        virtio->refuse_features = false;
        break;
    case 3:
        fake_dma_budget = next(world) % 4;
        break;
    case 4:
        fake_dma_budget = -1;
        break;
    default:
        virtio->status |= VIRTIO_STATUS_NEEDS_RESET;
    }
}

static void act(struct world *world)
{
    switch (next(world) % 16) {
    case 0:
    case 1:
    case 2:
        (void)virtio_console_poll(&world->console);
        break;
    case 3:
    case 4:
        agent_reads(world);
        break;
    case 5:
    case 6:
        agent_writes(world);
        break;
    case 7:
        (void)virtio_console_arm(&world->console);
        break;
    case 8:
    case 9:
    case 10:
        device_says(world);
        break;
    case 11:
    case 12:
    case 13:
        host_acts(world);
        break;
    case 14:
        device_lies(world);
        break;
    case 15:
        device_fails(world);
        break;
    }
    world->device.output_bytes = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    memset(&world, 0, sizeof(world));
    world.data = data;
    world.left = size;
    fake_virtio_hostile = true;
    uint8_t kind = next(&world);
    fake_console_init(&world.device, (kind & 7) == 7 ? 1 : 8, (kind & 8) != 0);
    world.device.passive = (kind & 16) != 0;
    world.device.ports[kind >> 5] =
        (struct fake_port){.exists = true, .host_open = true, .name = NAME};
    struct virtio_console_config config = {
        .port_name = NAME,
        .serve_single_port = true,
        .rx_buffers = RX_BUFFERS,
        .tx_bytes = TX_BYTES,
        .event = on_event,
        .ctx = &world,
    };
    if (virtio_console_start(&world.console, &world.device.virtio.device, &config) == 0) {
        while (world.left != 0)
            act(&world);
        virtio_console_stop(&world.console);
    }
    fake_dma_budget = -1;
    require(fake_dma_live == 0);
    return 0;
}
