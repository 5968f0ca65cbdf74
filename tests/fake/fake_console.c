/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_console.h. */
#include "tests/fake/fake_console.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/virtio_console.h"
#include "drivers/virtio_console_regs.h"
#include "drivers/virtio_regs.h"

static struct fake_console *console_of(struct fake_virtio *virtio)
{
    return (struct fake_console *)virtio;
}

static struct fake_queue *rx_queue(struct fake_console *console, uint32_t port)
{
    return &console->virtio.queues[port == 0 ? 0 : 2 * port + 2];
}

static struct fake_queue *tx_queue(struct fake_console *console, uint32_t port)
{
    return rx_queue(console, port) + 1;
}

void fake_console_say(struct fake_console *console, uint32_t id, uint16_t event, uint16_t value,
                      const char *name, size_t name_bytes, uint32_t reported)
{
    struct fake_queue *queue = &console->virtio.queues[VIRTIO_CONSOLE_QUEUE_CONTROL_RX];
    struct fake_buffer buffer;
    if (!fake_queue_pop(queue, &buffer)) {
        console->lost++;
        return;
    }
    uint8_t message[1024];
    struct virtio_console_control control = {.id = id, .event = event, .value = value};
    memcpy(message, &control, sizeof(control));
    if (name != NULL)
        memcpy(message + sizeof(control), name, name_bytes);
    size_t bytes = sizeof(control) + name_bytes;
    memcpy(buffer.memory, message, bytes < buffer.bytes ? bytes : buffer.bytes);
    fake_queue_push(queue, buffer.id, reported != 0 ? reported : (uint32_t)bytes);
}

static void say(struct fake_console *console, uint32_t id, uint16_t event, uint16_t value)
{
    fake_console_say(console, id, event, value, NULL, 0, 0);
}

/* virtio-serial-bus.c:handle_control_message. */
static void handle_message(struct fake_console *console, const struct fake_message *message)
{
    if (message->event == VIRTIO_CONSOLE_DEVICE_READY) {
        for (uint32_t id = 0; id < console->max_ports; id++) {
            if (console->ports[id].exists)
                say(console, id, VIRTIO_CONSOLE_PORT_ADD, 1);
        }
        return;
    }
    if (message->id >= console->max_ports || !console->ports[message->id].exists)
        return;
    struct fake_port *port = &console->ports[message->id];
    if (message->event == VIRTIO_CONSOLE_PORT_OPEN) {
        port->guest_open = message->value != 0;
    } else if (message->event == VIRTIO_CONSOLE_PORT_READY) {
        if (port->console)
            say(console, message->id, VIRTIO_CONSOLE_CONSOLE_PORT, 1);
        if (port->name != NULL)
            fake_console_say(console, message->id, VIRTIO_CONSOLE_PORT_NAME, 1, port->name,
                             strlen(port->name) + !console->name_without_nul, 0);
        if (port->host_open)
            say(console, message->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
    }
}

static void take_messages(struct fake_console *console)
{
    struct fake_queue *queue = &console->virtio.queues[VIRTIO_CONSOLE_QUEUE_CONTROL_TX];
    struct fake_buffer buffer;
    while (fake_queue_pop(queue, &buffer)) {
        struct fake_message message = {0};
        if (buffer.device_writes || buffer.bytes < sizeof(message))
            abort();
        memcpy(&message, buffer.memory, sizeof(message));
        if (console->said_count < FAKE_MESSAGE_MAX)
            console->said[console->said_count++] = message;
        if (!console->passive)
            handle_message(console, &message);
        fake_queue_push(queue, buffer.id, 0);
    }
}

/* virtio-serial-bus.c:handle_output: to the host, or to nobody. */
static void put_out(struct fake_console *console, uint32_t port, const struct fake_buffer *buffer)
{
    if (console->ports[port].host_open) {
        if (buffer->bytes > FAKE_OUTPUT_MAX - console->output_bytes)
            abort();
        memcpy(console->output + console->output_bytes, buffer->memory, buffer->bytes);
        console->output_bytes += buffer->bytes;
    }
    fake_queue_push(tx_queue(console, port), buffer->id, 0);
}

static void take_output(struct fake_console *console, uint32_t port)
{
    struct fake_buffer buffer;
    while (!console->holds && fake_queue_pop(tx_queue(console, port), &buffer)) {
        if (console->host_stalls && console->ports[port].host_open) {
            console->holds = true;
            console->held = buffer;
            console->held_port = port;
        } else {
            put_out(console, port, &buffer);
        }
    }
}

void fake_console_host_reads(struct fake_console *console, uint32_t port)
{
    console->host_stalls = false;
    if (console->holds && console->held_port == port) {
        console->holds = false;
        put_out(console, port, &console->held);
    }
    take_output(console, port);
}

static void on_kick(struct fake_virtio *virtio, uint16_t queue)
{
    struct fake_console *console = console_of(virtio);
    if (queue == VIRTIO_CONSOLE_QUEUE_CONTROL_TX && console->max_ports > 1)
        take_messages(console);
    else if (queue % 2 == 1)
        take_output(console, queue == 1 ? 0 : (queue - 3u) / 2u);
}

static void on_reset(struct fake_virtio *virtio)
{
    struct fake_console *console = console_of(virtio);
    for (uint32_t id = 0; id < FAKE_PORTS; id++)
        console->ports[id].guest_open = false;
    console->holds = false;
}

void fake_console_host_open(struct fake_console *console, uint32_t port)
{
    console->ports[port].host_open = true;
    say(console, port, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

/* virtio-serial-bus.c:virtio_serial_close and discard_throttle_data. */
void fake_console_host_close(struct fake_console *console, uint32_t port)
{
    console->ports[port].host_open = false;
    console->holds = console->holds && console->held_port != port;
    say(console, port, VIRTIO_CONSOLE_PORT_OPEN, 0);
}

size_t fake_console_host_write(struct fake_console *console, uint32_t port, const void *bytes,
                               size_t count)
{
    size_t done = 0;
    struct fake_buffer buffer;
    bool ready = console->max_ports == 1 || console->ports[port].guest_open;
    while (ready && done < count && fake_queue_pop(rx_queue(console, port), &buffer)) {
        size_t piece = count - done < buffer.bytes ? count - done : buffer.bytes;
        memcpy(buffer.memory, (const uint8_t *)bytes + done, piece);
        fake_queue_push(rx_queue(console, port), buffer.id, (uint32_t)piece);
        done += piece;
    }
    return done;
}

void fake_console_init(struct fake_console *console, uint32_t max_ports, bool event_idx)
{
    memset(console, 0, sizeof(*console));
    uint64_t offered = VIRTIO_F_VERSION_1;
    if (max_ports > 1)
        offered |= VIRTIO_CONSOLE_F_MULTIPORT;
    if (event_idx)
        offered |= VIRTIO_F_EVENT_IDX;
    fake_virtio_init(&console->virtio, offered);
    console->virtio.device.type = VIRTIO_CONSOLE_TYPE;
    console->virtio.on_kick = on_kick;
    console->virtio.on_reset = on_reset;
    console->max_ports = max_ports;
    static uint8_t output[FAKE_OUTPUT_MAX]; /* one device at a time */
    console->output = output;
    memcpy(console->virtio.config + VIRTIO_CONSOLE_CONFIG_MAX_PORTS, &max_ports, sizeof(max_ports));
    /* QEMU: 128 entries for each port's queues, 32 for the control queues. */
    for (uint32_t queue = 0; queue < 2 * max_ports + 2 && queue < FAKE_QUEUES; queue++)
        console->virtio.queue_sizes[queue] = queue == 2 || queue == 3 ? 32 : 128;
    if (max_ports == 1)
        console->virtio.queue_sizes[2] = console->virtio.queue_sizes[3] = 0;
}
