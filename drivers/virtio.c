/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a virtio device between power-on and reset, virtio 1.2 §3.1, on any transport.
 *
 * QEMU's habits that this order answers: it applies features on MMIO only when FEATURES_OK is
 * written (hw/virtio/virtio-mmio.c), keeps the high feature word of an earlier driver across a
 * reset on PCI up to 10.0 (hw/virtio/virtio-pci.c:virtio_pci_reset), so every word is written
 * every time, and refuses FEATURES_OK when ACCESS_PLATFORM is offered but not taken
 * (hw/virtio/virtio.c:virtio_validate_features).
 */
#include "virtio.h"

#include <errno.h>

#include "clock.h"
#include "klog.h"
#include "virtio_regs.h"

/* A reset is done when the status reads 0 (§2.1.2); QEMU takes microseconds. */
#define RESET_TIMEOUT_NS UINT64_C(1000000000)

int virtio_reset(struct virtio_device *device)
{
    const struct virtio_transport_ops *transport = device->transport;
    uint64_t deadline = clock_monotonic_ns() + RESET_TIMEOUT_NS;
    transport->set_status(device, 0);
    for (;;) {
        uint8_t status = transport->status(device);
        if (status == 0)
            return 0;
        if (status == VIRTIO_STATUS_GONE)
            return -ENODEV;
        if (clock_monotonic_ns() >= deadline)
            return -ETIMEDOUT;
    }
}

static void add_status(struct virtio_device *device, uint8_t bit)
{
    device->transport->set_status(device, (uint8_t)(device->transport->status(device) | bit));
}

void virtio_fail(struct virtio_device *device)
{
    add_status(device, VIRTIO_STATUS_FAILED);
}

static int refuse(struct virtio_device *device, const char *step, int error)
{
    klog("virtio %s: %s", device->name, step);
    if (error != -ENODEV)
        virtio_fail(device);
    return error;
}

/* What we take of what is offered: bits are chosen one by one, so an unknown one is never taken. */
static uint64_t choose_features(uint64_t offered, uint64_t wanted)
{
    /*
     * §6: ACCESS_PLATFORM says that addresses go through a translation, which is the identity
     * here; RING_PACKED is another queue layout, which virtqueue.c does not speak.
     */
    return offered & (wanted | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
}

int virtio_negotiate(struct virtio_device *device, uint64_t wanted)
{
    const struct virtio_transport_ops *transport = device->transport;

    /* §3.1.1 steps 1 to 3. */
    int error = virtio_reset(device);
    if (error != 0)
        return refuse(device, "reset does not end", error);
    transport->set_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
    add_status(device, VIRTIO_STATUS_DRIVER);

    /* Step 4. */
    uint64_t offered = transport->features(device);
    if (!device->legacy && (offered & VIRTIO_F_VERSION_1) == 0)
        return refuse(device, "a modern device without VERSION_1 (§6.1)", -EPROTO);
    device->features = choose_features(offered, wanted);
    transport->set_features(device, device->features);

    /* Steps 5 and 6; a legacy device knows no FEATURES_OK (§3.1.2). */
    if (!device->legacy) {
        add_status(device, VIRTIO_STATUS_FEATURES_OK);
        if ((transport->status(device) & VIRTIO_STATUS_FEATURES_OK) == 0)
            return refuse(device, "FEATURES_OK refused", -EPROTO);
    }

    error = transport->interrupts_start(device);
    if (error != 0)
        return refuse(device, "the configuration interrupt refused", error);
    return 0;
}

int virtio_queue_start(struct virtio_device *device, struct virtqueue *vq, uint16_t index,
                       uint16_t size)
{
    uint16_t largest = device->transport->queue_max(device, index);
    if (largest == 0)
        return -ENOENT;
    if (size > largest || device->transport->queue_size_fixed(device))
        size = largest;
    int error = virtqueue_init(vq, index, size, (device->features & VIRTIO_F_EVENT_IDX) != 0);
    if (error == 0)
        error = device->transport->queue_enable(device, vq);
    if (error != 0) {
        klog("virtio %s: queue %u of %u entries: error %d", device->name, index, size, -error);
        /* A queue that the device refused may still be known to it: the caller resets, then
         * frees. */
    }
    return error;
}

int virtio_driver_ok(struct virtio_device *device)
{
    add_status(device, VIRTIO_STATUS_DRIVER_OK);
    uint8_t status = device->transport->status(device);
    if (status == VIRTIO_STATUS_GONE || (status & VIRTIO_STATUS_DRIVER_OK) == 0)
        return refuse(device, "DRIVER_OK refused", -EPROTO);
    return 0;
}

void virtio_kick(struct virtio_device *device, struct virtqueue *vq)
{
    if (virtqueue_should_notify(vq))
        device->transport->notify(device, vq);
}

void virtio_release(struct virtio_device *device)
{
    (void)virtio_reset(device);
    device->transport->release(device);
}
