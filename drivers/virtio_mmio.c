/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over memory-mapped registers, virtio 1.2 §4.2: version 2, and version 1 of §4.2.4, which
 * is what QEMU's machines have unless virtio-mmio.force-legacy=off is said.
 *
 * QEMU (hw/virtio/virtio-mmio.c) ignores accesses of the registers in other sizes than 32 bits,
 * has magic and version but device id 0 in empty slots, shifts a legacy queue's page number by a
 * page size that has to be written first, and keeps the interrupt line up until every bit of the
 * interrupt status is acknowledged.
 */
#include <errno.h>
#include <stdio.h>

#include <arch/mmio.h>

#include "klog.h"
#include "virtio.h"
#include "virtio_regs.h"
#include "virtqueue_regs.h"

static struct virtio_mmio *mmio_of(struct virtio_device *device)
{
    return (struct virtio_mmio *)device;
}

static uint32_t read_register(struct virtio_device *device, uint32_t offset)
{
    return mmio_read32(mmio_of(device)->registers + offset);
}

static void write_register(struct virtio_device *device, uint32_t offset, uint32_t value)
{
    mmio_write32(mmio_of(device)->registers + offset, value);
}

static uint8_t mmio_status(struct virtio_device *device)
{
    return (uint8_t)read_register(device, VIRTIO_MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *device, uint8_t status)
{
    write_register(device, VIRTIO_MMIO_STATUS, status);
    /* §4.2.4: a legacy device learns the page size after a reset, before any queue. */
    if (status == 0 && device->legacy)
        write_register(device, VIRTIO_MMIO_LEGACY_GUEST_PAGE_SIZE, VIRTQUEUE_LEGACY_PAGE);
}

static uint64_t mmio_features(struct virtio_device *device)
{
    write_register(device, VIRTIO_MMIO_DEVICE_FEATURES_SELECT, 0);
    uint64_t low = read_register(device, VIRTIO_MMIO_DEVICE_FEATURES);
    /* A legacy device has no second word: QEMU answers it with 0. */
    write_register(device, VIRTIO_MMIO_DEVICE_FEATURES_SELECT, 1);
    uint64_t high = read_register(device, VIRTIO_MMIO_DEVICE_FEATURES);
    return low | (device->legacy ? 0 : high << 32);
}

static void mmio_set_features(struct virtio_device *device, uint64_t features)
{
    if (!device->legacy) {
        write_register(device, VIRTIO_MMIO_DRIVER_FEATURES_SELECT, 1);
        write_register(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
    }
    write_register(device, VIRTIO_MMIO_DRIVER_FEATURES_SELECT, 0);
    write_register(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
}

static uint32_t mmio_config_read(struct virtio_device *device, uint32_t offset, unsigned int bytes)
{
    const struct virtio_mmio *mmio = mmio_of(device);
    if (VIRTIO_MMIO_CONFIG + (size_t)offset + bytes > mmio->bytes)
        return 0;
    const volatile uint8_t *field = mmio->registers + VIRTIO_MMIO_CONFIG + offset;
    if (bytes == 1)
        return mmio_read8(field);
    return bytes == 2 ? mmio_read16(field) : mmio_read32(field);
}

static uint16_t mmio_queue_max(struct virtio_device *device, uint16_t index)
{
    write_register(device, VIRTIO_MMIO_QUEUE_SELECT, index);
    uint32_t largest = read_register(device, VIRTIO_MMIO_QUEUE_SIZE_MAX);
    return largest > VIRTQUEUE_SIZE_MAX ? VIRTQUEUE_SIZE_MAX : (uint16_t)largest;
}

static bool mmio_queue_size_fixed(struct virtio_device *device)
{
    (void)device;
    return false;
}

static void write_address(struct virtio_device *device, uint32_t low_register, uint64_t address)
{
    write_register(device, low_register, (uint32_t)address);
    write_register(device, low_register + 4, (uint32_t)(address >> 32));
}

static int mmio_queue_enable(struct virtio_device *device, struct virtqueue *vq)
{
    vq->doorbell = mmio_of(device)->registers + VIRTIO_MMIO_QUEUE_NOTIFY;
    write_register(device, VIRTIO_MMIO_QUEUE_SELECT, vq->index);
    write_register(device, VIRTIO_MMIO_QUEUE_SIZE, vq->size);
    uint64_t address = virtqueue_descriptors_address(vq);
    if (device->legacy) {
        uint64_t page = address / VIRTQUEUE_LEGACY_PAGE;
        if (page > UINT32_MAX)
            return -EIO;
        write_register(device, VIRTIO_MMIO_LEGACY_QUEUE_ALIGN, VIRTQUEUE_LEGACY_PAGE);
        write_register(device, VIRTIO_MMIO_LEGACY_QUEUE_PFN, (uint32_t)page);
        return 0;
    }
    /* A reset leaves size and addresses of the last driver behind in QEMU: all are written. */
    write_address(device, VIRTIO_MMIO_QUEUE_DESCRIPTORS_LOW, address);
    write_address(device, VIRTIO_MMIO_QUEUE_AVAILABLE_LOW, virtqueue_available_address(vq));
    write_address(device, VIRTIO_MMIO_QUEUE_USED_LOW, virtqueue_used_address(vq));
    write_register(device, VIRTIO_MMIO_QUEUE_READY, 1);
    return read_register(device, VIRTIO_MMIO_QUEUE_READY) == 1 ? 0 : -EIO;
}

static void mmio_notify(struct virtio_device *device, struct virtqueue *vq)
{
    (void)device;
    mmio_write32(vq->doorbell, vq->index);
}

static int mmio_interrupts_start(struct virtio_device *device)
{
    (void)device; /* The one line carries everything. */
    return 0;
}

/* Called from the interrupt: takes the line down; what happened the event loop finds out. */
static void mmio_acknowledge(void *ctx)
{
    struct virtio_mmio *mmio = ctx;
    uint32_t pending = mmio_read32(mmio->registers + VIRTIO_MMIO_INTERRUPT_STATUS);
    if (pending != 0)
        mmio_write32(mmio->registers + VIRTIO_MMIO_INTERRUPT_ACKNOWLEDGE, pending);
}

static void mmio_release(struct virtio_device *device)
{
    struct virtio_mmio *mmio = mmio_of(device);
    if (mmio->line_taken)
        irq_line_release(mmio->line.gsi, mmio);
    mmio->line_taken = false;
}

static const struct virtio_transport_ops mmio_ops = {
    .status = mmio_status,
    .set_status = mmio_set_status,
    .features = mmio_features,
    .set_features = mmio_set_features,
    .config_read = mmio_config_read,
    .queue_max = mmio_queue_max,
    .queue_size_fixed = mmio_queue_size_fixed,
    .queue_enable = mmio_queue_enable,
    .notify = mmio_notify,
    .interrupts_start = mmio_interrupts_start,
    .release = mmio_release,
};

int virtio_mmio_probe(struct virtio_mmio *mmio, volatile void *registers, size_t bytes,
                      const struct pci_line *line)
{
    *mmio = (struct virtio_mmio){.registers = registers, .bytes = bytes, .line = *line};
    struct virtio_device *device = &mmio->device;
    device->transport = &mmio_ops;
    if (bytes < VIRTIO_MMIO_CONFIG ||
        read_register(device, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE)
        return -ENODEV;
    uint32_t version = read_register(device, VIRTIO_MMIO_VERSION);
    device->type = read_register(device, VIRTIO_MMIO_DEVICE_ID);
    if (device->type == 0)
        return -ENODEV;
    snprintf(device->name, sizeof(device->name), "mmio %llx",
             (unsigned long long)(uintptr_t)registers);
    if (version != VIRTIO_MMIO_VERSION_LEGACY && version != VIRTIO_MMIO_VERSION_MODERN) {
        klog("virtio %s: version %u is unknown", device->name, version);
        return -ENOTSUP;
    }
    device->legacy = version == VIRTIO_MMIO_VERSION_LEGACY;
    int error = virtio_reset(device);
    if (error != 0) {
        klog("virtio %s: reset does not end", device->name);
        return -ENODEV;
    }
    error = irq_line_request(line->gsi, line->level_triggered, line->active_low, mmio_acknowledge,
                             mmio);
    mmio->line_taken = error == 0;
    device->polled = error != 0;
    if (error != 0)
        klog("virtio %s: no interrupt (error %d), polling", device->name, -error);
    return 0;
}
