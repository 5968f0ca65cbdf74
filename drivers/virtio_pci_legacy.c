/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The legacy interface of a transitional virtio device, virtio 1.2 §4.1.4.10: registers in I/O
 * BAR 0, one page number for a whole queue, whose size the device fixes.
 *
 * The registers for vectors exist only while MSI-X is enabled and push the device configuration
 * from offset 20 to 24; so that offset is computed at each access.  Writing page number 0 to any
 * queue resets the whole device in QEMU (hw/virtio/virtio-pci.c:virtio_ioport_write): queues are
 * never disabled one by one here.
 */
#include <errno.h>

#include <arch/pio.h>

#include "klog.h"
#include "pci_regs.h"
#include "virtio_pci.h"
#include "virtio_regs.h"
#include "virtqueue_regs.h"

#define VECTOR 0u

static uint16_t port_of(struct virtio_device *device, uint32_t offset)
{
    return (uint16_t)(virtio_pci_of(device)->port + offset);
}

static uint8_t legacy_status(struct virtio_device *device)
{
    return pio_read8(port_of(device, VIRTIO_LEGACY_STATUS));
}

static void legacy_set_status(struct virtio_device *device, uint8_t status)
{
    pio_write8(port_of(device, VIRTIO_LEGACY_STATUS), status);
}

static uint64_t legacy_features(struct virtio_device *device)
{
    return pio_read32(port_of(device, VIRTIO_LEGACY_DEVICE_FEATURES));
}

static void legacy_set_features(struct virtio_device *device, uint64_t features)
{
    pio_write32(port_of(device, VIRTIO_LEGACY_DRIVER_FEATURES), (uint32_t)features);
}

static uint32_t legacy_config_read(struct virtio_device *device, uint32_t offset,
                                   unsigned int bytes)
{
    uint32_t base = virtio_pci_uses_message(virtio_pci_of(device)) ? VIRTIO_LEGACY_CONFIG_MSIX
                                                                   : VIRTIO_LEGACY_CONFIG;
    uint16_t port = port_of(device, base + offset);
    if (bytes == 1)
        return pio_read8(port);
    return bytes == 2 ? pio_read16(port) : pio_read32(port);
}

static uint16_t legacy_queue_max(struct virtio_device *device, uint16_t index)
{
    pio_write16(port_of(device, VIRTIO_LEGACY_QUEUE_SELECT), index);
    uint16_t size = pio_read16(port_of(device, VIRTIO_LEGACY_QUEUE_SIZE));
    return size > VIRTQUEUE_SIZE_MAX ? 0 : size;
}

static bool legacy_queue_size_fixed(struct virtio_device *device)
{
    (void)device;
    return true; /* §2.7.2: no register takes another size */
}

static void legacy_acknowledge(void *ctx)
{
    struct virtio_pci *pci = ctx;
    (void)pio_read8((uint16_t)(pci->port + VIRTIO_LEGACY_ISR));
}

static void route_vector(struct virtio_device *device, uint32_t vector_register)
{
    struct virtio_pci *pci = virtio_pci_of(device);
    if (!virtio_pci_uses_message(pci))
        return;
    pio_write16(port_of(device, vector_register), VECTOR);
    if (pio_read16(port_of(device, vector_register)) != VECTOR) {
        klog("virtio %s: MSI-X vector refused", device->name);
        virtio_pci_fall_back(pci);
    }
}

static int legacy_interrupts_start(struct virtio_device *device)
{
    route_vector(device, VIRTIO_LEGACY_CONFIG_VECTOR);
    return 0;
}

static int legacy_queue_enable(struct virtio_device *device, struct virtqueue *vq)
{
    uint64_t page = virtqueue_descriptors_address(vq) >> VIRTIO_LEGACY_PFN_SHIFT;
    if (page > UINT32_MAX)
        return -EIO;
    pio_write16(port_of(device, VIRTIO_LEGACY_QUEUE_SELECT), vq->index);
    route_vector(device, VIRTIO_LEGACY_QUEUE_VECTOR);
    pio_write32(port_of(device, VIRTIO_LEGACY_QUEUE_PFN), (uint32_t)page);
    return 0;
}

static void legacy_notify(struct virtio_device *device, struct virtqueue *vq)
{
    pio_write16(port_of(device, VIRTIO_LEGACY_QUEUE_NOTIFY), vq->index);
}

static const struct virtio_transport_ops legacy_ops = {
    .status = legacy_status,
    .set_status = legacy_set_status,
    .features = legacy_features,
    .set_features = legacy_set_features,
    .config_read = legacy_config_read,
    .queue_max = legacy_queue_max,
    .queue_size_fixed = legacy_queue_size_fixed,
    .queue_enable = legacy_queue_enable,
    .notify = legacy_notify,
    .interrupts_start = legacy_interrupts_start,
    .release = virtio_pci_release,
};

int virtio_pci_legacy_probe(struct virtio_pci *pci)
{
    if (pci->function.device > VIRTIO_PCI_TRANSITIONAL_LAST)
        return -ENODEV;
    pci->port = pci_bar_port(&pci->function, 0);
    if (pci->port == 0)
        return -ENODEV;
    pci->device.legacy = true;
    pci->device.transport = &legacy_ops;
    pci->acknowledge = legacy_acknowledge;
    return 0;
}
