/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console device, virtio 1.2 §5.3: its life from the handshake (§5.3.5) over recovery from
 * errors to its leaving.  The control queue is in virtio_console_control.c, the byte stream in
 * virtio_console_port.c.
 *
 * Ports.  The device announces ports by number and tells their names when the driver says
 * PORT_READY.  The data queues must exist before DRIVER_OK (§3.1.1), that is before any name is
 * known; so they are made for a guess, port 1, which is right on most machines, and if the name
 * turns up elsewhere the device is reset and set up again for that port.  The same happens when
 * the port comes back under another number after a hot-unplug.
 */
#include "virtio_console.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "dma.h"
#include "klog.h"
#include "virtio_console_parts.h"
#include "virtio_console_regs.h"
#include "virtio_regs.h"

#define FIRST_GUESS 1u
/* Errors in a row before a device is given up. */
#define FAILURES_MAX 8u
/* How long after a wake-up with news the device's status is looked at. */
#define STATUS_DELAY_NS UINT64_C(50000000)

/* --- the device's life ---------------------------------------------------------------------- */

void virtio_console_broken(struct virtio_console *console)
{
    if (console->life != VIRTIO_CONSOLE_RUNNING)
        return;
    console->life = VIRTIO_CONSOLE_RESTART_DUE;
    console->failures++;
    console->counters.resets++;
}

/* What the device is like, before any queue is made. */
static void read_configuration(struct virtio_console *console)
{
    struct virtio_device *device = console->device;
    console->multiport = (device->features & VIRTIO_CONSOLE_F_MULTIPORT) != 0;
    uint32_t ports = 1;
    if (console->multiport)
        ports = device->transport->config_read(device, VIRTIO_CONSOLE_CONFIG_MAX_PORTS, 4);
    console->port_count =
        ports < VIRTIO_CONSOLE_PORTS_MAX ? (uint16_t)ports : (uint16_t)VIRTIO_CONSOLE_PORTS_MAX;
    if (console->data_port >= console->port_count)
        console->data_port = 0;
}

/* §3.1.1 and §5.3.5, from reset to DEVICE_READY. */
static int handshake(struct virtio_console *console)
{
    struct virtio_device *device = console->device;
    int error = virtio_negotiate(device, VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_F_EVENT_IDX);
    if (error != 0)
        return error;
    read_configuration(console);
    console->named_port = VIRTIO_CONSOLE_NO_PORT;
    console->life = VIRTIO_CONSOLE_RUNNING;

    if (console->multiport)
        error = virtio_console_control_start(console);
    if (error == 0)
        error = virtio_console_port_start(console);
    if (error == 0)
        error = virtio_driver_ok(device);
    if (error != 0)
        return error;
    virtio_kick(device, &console->rx);
    if (console->multiport) {
        virtio_kick(device, &console->control_rx);
        virtio_console_control_answer(console);
    } else if (console->config.serve_single_port) {
        /* §5.3.5: without MULTIPORT there is one port, it has no name and is always open. */
        virtio_console_control_single(console);
    }
    return 0;
}

static void free_queues(struct virtio_console *console)
{
    virtqueue_free(&console->control_rx);
    virtqueue_free(&console->control_tx);
    virtqueue_free(&console->rx);
    virtqueue_free(&console->tx);
}

static void give_up(struct virtio_console *console, const char *why)
{
    klog("virtio console %s: %s", console->device->name, why);
    console->life = VIRTIO_CONSOLE_DEAD;
    virtio_console_end_session(console, VIRTIO_CONSOLE_CLOSED);
    console->config.event(console->config.ctx, console, VIRTIO_CONSOLE_REMOVED);
}

/* A new handshake after an error, or for another port; the sessions' owner keeps all else. */
static void restart(struct virtio_console *console)
{
    virtio_console_end_session(console, VIRTIO_CONSOLE_RESET);
    if (console->failures > FAILURES_MAX) {
        give_up(console, "still broken after many resets, given up");
        return;
    }
    int error = virtio_reset(console->device);
    if (error == 0) {
        free_queues(console);
        error = handshake(console);
    }
    if (error == -ENODEV) {
        give_up(console, "gone");
    } else if (error != 0) {
        console->life = VIRTIO_CONSOLE_RESTART_DUE;
        console->failures++;
    }
}

/* §2.1.1: the device says that it is stuck, or has left, with a configuration interrupt. */
static bool check_status(struct virtio_console *console)
{
    uint8_t status = console->device->transport->status(console->device);
    if (status == VIRTIO_STATUS_GONE) {
        give_up(console, "gone");
        return true;
    }
    if ((status & VIRTIO_STATUS_NEEDS_RESET) == 0 && (status & VIRTIO_STATUS_DRIVER_OK) != 0)
        return false;
    klog("virtio console %s: needs a reset (status %02x)", console->device->name, status);
    virtio_console_broken(console);
    return true;
}

/*
 * Woken, and no queue has news: perhaps it was the configuration interrupt.  With news nobody
 * knows, for one vector serves all; the register is an exit away, so it is read a little later, and
 * not once per request.
 */
static bool look_at_status(struct virtio_console *console, bool now)
{
    uint64_t time_ns = clock_monotonic_ns();
    if (now || (console->status_due && time_ns >= console->status_due_ns)) {
        console->status_due = false;
        return check_status(console);
    }
    if (!console->status_due) {
        console->status_due = true;
        console->status_due_ns = time_ns + STATUS_DELAY_NS;
    }
    return false;
}

uint64_t virtio_console_deadline_ns(const struct virtio_console *console)
{
    return console->life == VIRTIO_CONSOLE_RUNNING && console->status_due ? console->status_due_ns
                                                                          : UINT64_MAX;
}

bool virtio_console_poll(struct virtio_console *console)
{
    bool slept = console->slept;
    console->slept = false;
    if (console->life == VIRTIO_CONSOLE_DEAD)
        return false;
    if (console->life == VIRTIO_CONSOLE_RESTART_DUE) {
        restart(console);
        return true;
    }
    if (slept) {
        virtqueue_disable_interrupts(&console->rx);
        virtqueue_disable_interrupts(&console->tx);
    }
    bool input_waits = virtqueue_waiting(&console->rx) != 0;
    uint16_t mark = virtio_console_port_mark(console);
    bool progress = false;
    if (console->multiport) {
        progress = virtio_console_control_handle(console);
        if (!progress)
            progress = virtio_console_port_settle(console, mark);
        progress |= virtio_console_control_answer(console);
    } else {
        virtio_console_begin_session(console);
        progress = virtio_console_port_settle(console, mark);
    }
    progress |= virtio_console_port_poll(console);
    if (slept || console->status_due)
        progress |= look_at_status(console, slept && !progress && !input_waits);
    return progress || console->life == VIRTIO_CONSOLE_RESTART_DUE;
}

bool virtio_console_arm(struct virtio_console *console)
{
    if (console->life == VIRTIO_CONSOLE_DEAD)
        return false;
    if (console->life == VIRTIO_CONSOLE_RESTART_DUE)
        return true;
    console->slept = true;
    bool waits = virtio_console_port_arm(console);
    if (console->multiport) {
        waits |= virtqueue_enable_interrupts(&console->control_rx);
        if (console->control_tx.in_flight != 0)
            waits |= virtqueue_enable_interrupts(&console->control_tx);
    }
    return waits;
}

/* --- start and stop ------------------------------------------------------------------------- */

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static size_t rx_memory_bytes(const struct virtio_console *console)
{
    return (size_t)console->config.rx_buffers * VIRTIO_CONSOLE_RX_BUFFER_BYTES;
}

static void free_memory(struct virtio_console *console)
{
    free_queues(console);
    virtio_console_control_free(console);
    if (console->rx_memory != NULL)
        dma_free(console->rx_memory, rx_memory_bytes(console));
    if (console->tx_memory != NULL)
        dma_free(console->tx_memory, console->config.tx_bytes);
    console->rx_memory = console->tx_memory = NULL;
}

void virtio_console_stop(struct virtio_console *console)
{
    console->open = false;
    console->life = VIRTIO_CONSOLE_DEAD;
    if (virtio_reset(console->device) == -ETIMEDOUT) {
        klog("virtio console %s: does not stop, its memory is left to it", console->device->name);
        return;
    }
    free_memory(console);
}

int virtio_console_start(struct virtio_console *console, struct virtio_device *device,
                         const struct virtio_console_config *config)
{
    size_t name_length = strlen(config->port_name);
    if (name_length == 0 || name_length > VIRTIO_CONSOLE_NAME_MAX ||
        !is_power_of_two(config->rx_buffers) || !is_power_of_two(config->tx_bytes) ||
        config->tx_bytes < VIRTIO_CONSOLE_TX_BYTES_MIN)
        return -EINVAL;
    *console = (struct virtio_console){.device = device, .config = *config};
    console->data_port = FIRST_GUESS;
    console->rx_memory = dma_alloc(rx_memory_bytes(console));
    console->tx_memory = dma_alloc(config->tx_bytes);
    int error = virtio_console_control_allocate(console);
    if (console->rx_memory == NULL || console->tx_memory == NULL)
        error = -ENOMEM;
    if (error == 0)
        error = handshake(console);
    if (error != 0)
        virtio_console_stop(console);
    return error;
}
