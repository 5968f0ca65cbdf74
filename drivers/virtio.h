/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device, whatever carries it: the initialization sequence (virtio 1.2 §3.1) and what a
 * transport has to offer for it (§4).  Three transports exist: virtio_pci.c (modern),
 * virtio_pci_legacy.c (the I/O window of a transitional device) and virtio_mmio.c (version 1
 * and 2).
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pci.h"
#include "virtqueue.h"

struct virtio_device;

/* No queue logic here: registers only. */
struct virtio_transport_ops {
    /* Device status (§2.1); all ones when the device is gone. */
    uint8_t (*status)(struct virtio_device *device);
    void (*set_status)(struct virtio_device *device, uint8_t status);
    /* Feature bits 0 … 63: what the device offers; what the driver takes (every word is written).
     */
    uint64_t (*features)(struct virtio_device *device);
    void (*set_features)(struct virtio_device *device, uint64_t features);
    /* One access of 1, 2 or 4 bytes, naturally aligned, to the device's configuration (§2.5). */
    uint32_t (*config_read)(struct virtio_device *device, uint32_t offset, unsigned int bytes);
    /* Largest size of queue `index`, 0: there is no such queue. */
    uint16_t (*queue_max)(struct virtio_device *device, uint16_t index);
    /* True if a queue must have exactly queue_max() entries. */
    bool (*queue_size_fixed)(struct virtio_device *device);
    /* Tells the device where vq is, routes its interrupt and finds its doorbell.  0 or -EIO. */
    int (*queue_enable)(struct virtio_device *device, struct virtqueue *vq);
    void (*notify)(struct virtio_device *device, struct virtqueue *vq);
    /* After each reset: routes the configuration interrupt.  0 or -EIO. */
    int (*interrupts_start)(struct virtio_device *device);
    /* Gives back interrupts and decoding.  The device is not used afterwards. */
    void (*release)(struct virtio_device *device);
};

struct virtio_device {
    const struct virtio_transport_ops *transport;
    char name[24];     /* for the log: "pci 00:03.0", "mmio feb00e00" */
    uint32_t type;     /* §5: 3 is a console */
    bool legacy;       /* no VERSION_1: guest-endian, no FEATURES_OK (§2.2.3) */
    bool polled;       /* no interrupt could be had: the caller must look every few milliseconds */
    uint64_t features; /* negotiated, valid after virtio_negotiate() */
};

/* A device behind PCI.  The first member is what the rest of the drivers see. */
struct virtio_pci {
    struct virtio_device device;
    struct pci_function function;
    struct pci_interrupt interrupt;
    void (*acknowledge)(void *pci); /* called from the interrupt: takes the line down */
    volatile uint8_t *common;
    volatile uint8_t *isr;
    volatile uint8_t *config;
    uint32_t config_bytes;
    /* Doorbells are mapped one by one: with page-per-vq they fill 4 MiB. */
    uint8_t notify_bar;
    uint32_t notify_offset;
    uint32_t notify_bytes;
    uint32_t notify_multiplier;
    uint16_t port; /* legacy: first port of BAR 0 */
};

/* A device in memory-mapped registers. */
struct virtio_mmio {
    struct virtio_device device;
    volatile uint8_t *registers;
    size_t bytes;
    struct pci_line line;
    bool line_taken;
};

/* Whether this function is a virtio device, and of which type: 0 if it is none (§4.1.2). */
uint32_t virtio_pci_type(const struct pci_function *function);
/*
 * Takes a virtio function: assigns and enables it, finds its registers (modern, else legacy),
 * resets it and takes an interrupt.  0, -ENODEV when it is none that we can drive, -ENOSPC when
 * its registers have no place; says why on the log.  *pci must stay where it is until
 * virtio_release().
 */
int virtio_pci_probe(struct virtio_pci *pci, const struct pci_function *function);
/*
 * Takes the transport at `registers` (mapped, `bytes` long).  0, -ENODEV when nothing is behind it
 * (an empty slot is silent), or -ENOTSUP.
 */
int virtio_mmio_probe(struct virtio_mmio *mmio, volatile void *registers, size_t bytes,
                      const struct pci_line *line);

/*
 * The first half of §3.1.1: reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK.  Takes those of
 * `wanted` that the device offers, and always VERSION_1 and ACCESS_PLATFORM when offered; never
 * RING_PACKED.  Returns 0; -ENODEV when the device is gone; -ETIMEDOUT when reset does not end;
 * -EPROTO when it refuses; the step is on the log.
 */
int virtio_negotiate(struct virtio_device *device, uint64_t wanted);
/* Makes queue `index` with at most `size` entries.  0, -ENOENT without such a queue, -ENOMEM, -EIO.
 */
int virtio_queue_start(struct virtio_device *device, struct virtqueue *vq, uint16_t index,
                       uint16_t size);
/* The last step of §3.1.1: DRIVER_OK.  0 or -EPROTO when the device does not keep it. */
int virtio_driver_ok(struct virtio_device *device);
/* Rings the doorbell if the device wants to hear of what was added. */
void virtio_kick(struct virtio_device *device, struct virtqueue *vq);
/* Back to the state after power-on; afterwards the device touches no memory.  0, -ETIMEDOUT, or
 * -ENODEV when it is gone. */
int virtio_reset(struct virtio_device *device);
/* Says on the device that the driver gave up (§2.1, FAILED). */
void virtio_fail(struct virtio_device *device);
/* Resets and gives everything back to the machine. */
void virtio_release(struct virtio_device *device);

#endif
