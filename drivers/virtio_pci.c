/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI, virtio 1.2 §4.1: finding the register blocks through vendor capabilities, and
 * the modern transport.
 *
 * A transitional id does not mean a legacy device: QEMU's devices have id 0x1003 and both
 * interfaces on a conventional bus, id 0x1043 and only the modern one behind a PCI Express port
 * (hw/virtio/virtio-pci.c:virtio_pci_realize).  The common configuration decodes on exact offset
 * and size there, so every access has the field's own size (§4.1.3.1).
 *
 * One MSI-X vector serves all queues and configuration changes: an interrupt only ends a sleep.
 */
#include "virtio_pci.h"

#include <errno.h>
#include <stdio.h>

#include <arch/mmio.h>

#include "klog.h"
#include "pci_regs.h"
#include "virtio_regs.h"
#include "virtqueue_regs.h"

#define VECTOR 0u
/* No configuration that we read is longer. */
#define CONFIG_BYTES_MAX 64u

/* --- what both transports share ------------------------------------------------------------- */

void virtio_pci_fall_back(struct virtio_pci *pci)
{
    pci_interrupt_release(&pci->interrupt);
    int error = pci_interrupt_line(&pci->interrupt, &pci->function, pci->acknowledge, pci);
    pci->device.polled = error != 0;
    if (error != 0)
        klog("virtio %s: no interrupt (error %d), polling", pci->device.name, -error);
}

void virtio_pci_release(struct virtio_device *device)
{
    struct virtio_pci *pci = virtio_pci_of(device);
    pci_interrupt_release(&pci->interrupt);
    pci_disable(&pci->function);
}

/* --- the common configuration, §4.1.4.3 ----------------------------------------------------- */

static uint16_t read16(struct virtio_device *device, uint32_t offset)
{
    return mmio_read16(virtio_pci_of(device)->common + offset);
}

static void write16(struct virtio_device *device, uint32_t offset, uint16_t value)
{
    mmio_write16(virtio_pci_of(device)->common + offset, value);
}

static void write32(struct virtio_device *device, uint32_t offset, uint32_t value)
{
    mmio_write32(virtio_pci_of(device)->common + offset, value);
}

/* §4.1.3.1: a 64-bit field may be written as two halves, and QEMU decodes only these. */
static void write_address(struct virtio_device *device, uint32_t offset, uint64_t address)
{
    write32(device, offset, (uint32_t)address);
    write32(device, offset + 4, (uint32_t)(address >> 32));
}

static uint8_t modern_status(struct virtio_device *device)
{
    return mmio_read8(virtio_pci_of(device)->common + VIRTIO_PCI_STATUS);
}

static void modern_set_status(struct virtio_device *device, uint8_t status)
{
    mmio_write8(virtio_pci_of(device)->common + VIRTIO_PCI_STATUS, status);
}

static uint32_t modern_feature_word(struct virtio_device *device, uint32_t word)
{
    write32(device, VIRTIO_PCI_DEVICE_FEATURE_SELECT, word);
    return mmio_read32(virtio_pci_of(device)->common + VIRTIO_PCI_DEVICE_FEATURE);
}

static uint64_t modern_features(struct virtio_device *device)
{
    uint64_t low = modern_feature_word(device, 0);
    return (uint64_t)modern_feature_word(device, 1) << 32 | low;
}

static void modern_set_features(struct virtio_device *device, uint64_t features)
{
    for (uint32_t word = 0; word < 2; word++) {
        write32(device, VIRTIO_PCI_DRIVER_FEATURE_SELECT, word);
        write32(device, VIRTIO_PCI_DRIVER_FEATURE, (uint32_t)(features >> 32 * word));
    }
}

static uint32_t modern_config_read(struct virtio_device *device, uint32_t offset,
                                   unsigned int bytes)
{
    const struct virtio_pci *pci = virtio_pci_of(device);
    if (bytes > pci->config_bytes || offset > pci->config_bytes - bytes)
        return 0;
    const volatile uint8_t *field = pci->config + offset;
    if (bytes == 1)
        return mmio_read8(field);
    return bytes == 2 ? mmio_read16(field) : mmio_read32(field);
}

/* --- queues --------------------------------------------------------------------------------- */

static uint16_t modern_queue_max(struct virtio_device *device, uint16_t index)
{
    /* A selection beyond the last queue is ignored by QEMU, and the registers go on showing the
     * queue that was selected before (virtio-pci.c:virtio_pci_common_write). */
    if (index >= read16(device, VIRTIO_PCI_NUM_QUEUES))
        return 0;
    write16(device, VIRTIO_PCI_QUEUE_SELECT, index);
    uint16_t largest = read16(device, VIRTIO_PCI_QUEUE_SIZE);
    return largest > VIRTQUEUE_SIZE_MAX ? 0 : largest;
}

static bool modern_queue_size_fixed(struct virtio_device *device)
{
    (void)device;
    return false;
}

static void modern_acknowledge(void *ctx)
{
    struct virtio_pci *pci = ctx;
    (void)mmio_read8(pci->isr); /* §4.1.4.5: reading takes the line down */
}

/* §4.1.5.1.2: a vector counts only if it reads back. */
static void route_vector(struct virtio_device *device, uint32_t vector_register)
{
    struct virtio_pci *pci = virtio_pci_of(device);
    if (!virtio_pci_uses_message(pci))
        return;
    write16(device, vector_register, VECTOR);
    if (read16(device, vector_register) != VECTOR) {
        klog("virtio %s: MSI-X vector refused", device->name);
        virtio_pci_fall_back(pci);
    }
}

static int modern_interrupts_start(struct virtio_device *device)
{
    route_vector(device, VIRTIO_PCI_CONFIG_VECTOR);
    return 0;
}

/* §4.1.4.4: cap.offset + queue_notify_off * notify_off_multiplier. */
static volatile void *find_doorbell(struct virtio_device *device)
{
    const struct virtio_pci *pci = virtio_pci_of(device);
    uint64_t at = (uint64_t)read16(device, VIRTIO_PCI_QUEUE_NOTIFY_OFFSET) * pci->notify_multiplier;
    if (pci->notify_bytes < sizeof(uint16_t) || at > pci->notify_bytes - sizeof(uint16_t))
        return NULL;
    return pci_bar_map(&pci->function, pci->notify_bar, pci->notify_offset + at, sizeof(uint16_t));
}

static int modern_queue_enable(struct virtio_device *device, struct virtqueue *vq)
{
    write16(device, VIRTIO_PCI_QUEUE_SELECT, vq->index);
    write16(device, VIRTIO_PCI_QUEUE_SIZE, vq->size);
    route_vector(device, VIRTIO_PCI_QUEUE_VECTOR);
    vq->doorbell = find_doorbell(device);
    if (vq->doorbell == NULL)
        return -EIO;
    write_address(device, VIRTIO_PCI_QUEUE_DESCRIPTORS, virtqueue_descriptors_address(vq));
    write_address(device, VIRTIO_PCI_QUEUE_AVAILABLE, virtqueue_available_address(vq));
    write_address(device, VIRTIO_PCI_QUEUE_USED, virtqueue_used_address(vq));
    write16(device, VIRTIO_PCI_QUEUE_ENABLE, 1);
    return 0;
}

static void modern_notify(struct virtio_device *device, struct virtqueue *vq)
{
    (void)device;
    mmio_write16(vq->doorbell, vq->index);
}

static const struct virtio_transport_ops modern_ops = {
    .status = modern_status,
    .set_status = modern_set_status,
    .features = modern_features,
    .set_features = modern_set_features,
    .config_read = modern_config_read,
    .queue_max = modern_queue_max,
    .queue_size_fixed = modern_queue_size_fixed,
    .queue_enable = modern_queue_enable,
    .notify = modern_notify,
    .interrupts_start = modern_interrupts_start,
    .release = virtio_pci_release,
};

/* --- discovery, §4.1.4 ---------------------------------------------------------------------- */

uint32_t virtio_pci_type(const struct pci_function *function)
{
    if (function->vendor != VIRTIO_PCI_VENDOR)
        return 0;
    if (function->device >= VIRTIO_PCI_MODERN_BASE && function->device <= VIRTIO_PCI_MODERN_LAST)
        return function->device - VIRTIO_PCI_MODERN_BASE;
    /* §4.1.2.1: the subsystem id of a transitional device is its type. */
    if (function->device >= VIRTIO_PCI_TRANSITIONAL_BASE &&
        function->device <= VIRTIO_PCI_TRANSITIONAL_LAST)
        return pci_read16(function, PCI_SUBSYSTEM_ID);
    return 0;
}

/* Takes the block that a vendor capability describes, if it is the first usable one of its type. */
static void take_block(struct virtio_pci *pci, uint8_t at)
{
    const struct pci_function *function = &pci->function;
    if (pci_read8(function, (uint16_t)(at + VIRTIO_PCI_CAP_LENGTH)) < VIRTIO_PCI_CAP_SIZE)
        return;
    uint8_t type = pci_read8(function, (uint16_t)(at + VIRTIO_PCI_CAP_TYPE));
    uint8_t bar = pci_read8(function, (uint16_t)(at + VIRTIO_PCI_CAP_BAR));
    uint32_t offset = pci_read32(function, (uint16_t)(at + VIRTIO_PCI_CAP_OFFSET));
    uint32_t bytes = pci_read32(function, (uint16_t)(at + VIRTIO_PCI_CAP_BYTES));

    if (type == VIRTIO_PCI_CAP_COMMON && pci->common == NULL && bytes >= VIRTIO_PCI_COMMON_BYTES) {
        pci->common = pci_bar_map(function, bar, offset, VIRTIO_PCI_COMMON_BYTES);
    } else if (type == VIRTIO_PCI_CAP_ISR && pci->isr == NULL && bytes >= 1) {
        pci->isr = pci_bar_map(function, bar, offset, 1);
    } else if (type == VIRTIO_PCI_CAP_DEVICE && pci->config == NULL && bytes >= 4) {
        pci->config_bytes = bytes < CONFIG_BYTES_MAX ? bytes : CONFIG_BYTES_MAX;
        pci->config = pci_bar_map(function, bar, offset, pci->config_bytes);
        if (pci->config == NULL)
            pci->config_bytes = 0;
    } else if (type == VIRTIO_PCI_CAP_NOTIFY && pci->notify_bytes == 0 &&
               pci_bar_map(function, bar, offset, sizeof(uint16_t)) != NULL) {
        pci->notify_bar = bar;
        pci->notify_offset = offset;
        pci->notify_bytes = bytes;
        pci->notify_multiplier = pci_read32(function, (uint16_t)(at + VIRTIO_PCI_CAP_MULTIPLIER));
    }
}

static int modern_probe(struct virtio_pci *pci)
{
    unsigned int seen = 0;
    uint8_t at = pci_capability(&pci->function, PCI_CAPABILITY_VENDOR, 0);
    while (at != 0 && seen++ < PCI_CAPABILITIES_MAX) {
        take_block(pci, at);
        at = pci_capability(&pci->function, PCI_CAPABILITY_VENDOR, at);
    }
    if (pci->common == NULL || pci->isr == NULL || pci->notify_bytes == 0)
        return -ENODEV;
    pci->device.transport = &modern_ops;
    pci->acknowledge = modern_acknowledge;
    return 0;
}

int virtio_pci_probe(struct virtio_pci *pci, const struct pci_function *function)
{
    *pci = (struct virtio_pci){.function = *function};
    struct virtio_device *device = &pci->device;
    device->type = virtio_pci_type(function);
    snprintf(device->name, sizeof(device->name), "pci %02x:%02x.%x", function->bus, function->slot,
             function->function);
    if (device->type == 0)
        return -ENODEV;
    int error = pci_assign(function);
    if (error != 0) {
        klog("virtio %s: no room for its registers", device->name);
        return error;
    }
    /* Without mastering the device cannot reach the queues; taking it away later would also
     * clear DRIVER_OK (virtio-pci.c:virtio_write_config), so it is set once, here. */
    pci_enable(function);
    if (modern_probe(pci) != 0 && virtio_pci_legacy_probe(pci) != 0) {
        klog("virtio %s: no usable registers", device->name);
        pci_disable(function);
        return -ENODEV;
    }
    /* Firmware may have left the device running. */
    error = virtio_reset(device);
    if (error != 0) {
        klog("virtio %s: reset does not end", device->name);
        pci_disable(function);
        return -ENODEV;
    }
    if (pci_interrupt_message(&pci->interrupt, function) != 0)
        virtio_pci_fall_back(pci);
    return 0;
}
