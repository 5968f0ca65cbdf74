/* SPDX-License-Identifier: BSD-2-Clause */
/* The console device's numbers, virtio 1.2 §5.3. */
#ifndef DRIVERS_VIRTIO_CONSOLE_REGS_H
#define DRIVERS_VIRTIO_CONSOLE_REGS_H

#include <stdint.h>

/* Feature bits, §5.3.3. */
#define VIRTIO_CONSOLE_F_MULTIPORT (UINT64_C(1) << 1)

/* Device configuration, §5.3.4. */
#define VIRTIO_CONSOLE_CONFIG_MAX_PORTS 4u

/* Queues, §5.3.2: port 0, then the control queues, then the other ports. */
#define VIRTIO_CONSOLE_QUEUE_CONTROL_RX 2u
#define VIRTIO_CONSOLE_QUEUE_CONTROL_TX 3u

/* A control message, §5.3.6.2; a port's name follows PORT_NAME. */
struct virtio_console_control {
    uint32_t id;
    uint16_t event;
    uint16_t value;
};
#define VIRTIO_CONSOLE_DEVICE_READY 0u
#define VIRTIO_CONSOLE_PORT_ADD     1u
#define VIRTIO_CONSOLE_PORT_REMOVE  2u
#define VIRTIO_CONSOLE_PORT_READY   3u
#define VIRTIO_CONSOLE_CONSOLE_PORT 4u
#define VIRTIO_CONSOLE_RESIZE       5u
#define VIRTIO_CONSOLE_PORT_OPEN    6u
#define VIRTIO_CONSOLE_PORT_NAME    7u

_Static_assert(sizeof(struct virtio_console_control) == 8, "§5.3.6.2");

#endif
