/* SPDX-License-Identifier: BSD-2-Clause */
/* The three transports against registers with QEMU's quirks (hw/virtio/virtio-{pci,mmio}.c). */
/* sources: drivers/virt*.c drivers/pci*.c tests/fake/fake_p*.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "drivers/virtio.h"
#include "drivers/virtio_regs.h"
#include "tests/fake/fake_pci.h"
#include "tests/fake/fake_platform.h"

#define QUEUES  4u
#define OFFERED (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | 2u)

/* What any of the three transports leads to. */
static struct model {
    uint64_t offered;
    uint32_t words[2]; /* driver features; the high one survives a reset, as in QEMU up to 10.0 */
    uint32_t offered_select, words_select;
    uint8_t status;
    uint16_t select;
    uint16_t size[QUEUES];
    uint16_t vector[QUEUES];
    uint16_t config_vector;
    uint64_t descriptors[QUEUES], available[QUEUES], used[QUEUES];
    bool enabled[QUEUES];
    bool refuse_vectors;
    uint8_t isr;
    uint32_t page_size;
    uint32_t last_doorbell; /* offset */
    uint32_t last_queue;
    unsigned int doorbells;
} model;

static void model_status(uint32_t value)
{
    model.status = (uint8_t)value;
    if (value != 0)
        return;
    memset(model.enabled, 0, sizeof(model.enabled));
    memset(model.vector, 0xff, sizeof(model.vector));
    model.config_vector = 0xffff;
    model.words[0] = 0;
    model.page_size = 0;
    for (unsigned int i = 0; i < QUEUES; i++)
        model.size[i] = 128;
}

static void model_reset(void)
{
    memset(&model, 0, sizeof(model));
    model.offered = OFFERED;
    model.words[1] = 0xffffffff;
    model_status(0);
    fake_pci_reset();
    fake_irq_message_result = fake_irq_line_result = 0;
}

/* --- modern PCI ----------------------------------------------------------------------------- */

/* Fields decode on exact offset and size; everything else reads 0 and swallows writes. */
static uint32_t common_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    (void)ctx;
    switch (offset << 4 | bytes) {
    case VIRTIO_PCI_DEVICE_FEATURE << 4 | 4:
        return model.offered_select < 2 ? (uint32_t)(model.offered >> 32 * model.offered_select)
                                        : 0;
    case VIRTIO_PCI_CONFIG_VECTOR << 4 | 2:
        return model.config_vector;
    case VIRTIO_PCI_NUM_QUEUES << 4 | 2:
        return QUEUES;
    case VIRTIO_PCI_STATUS << 4 | 1:
        return model.status;
    case VIRTIO_PCI_QUEUE_SIZE << 4 | 2:
        return model.size[model.select];
    case VIRTIO_PCI_QUEUE_VECTOR << 4 | 2:
        return model.vector[model.select];
    case VIRTIO_PCI_QUEUE_NOTIFY_OFFSET << 4 | 2:
        return 3u * model.select + 1; /* not the queue's number */
    default:
        return 0;
    }
}

static void set_half(uint64_t *field, unsigned int half, uint32_t value)
{
    uint64_t mask = UINT64_C(0xffffffff) << 32 * half;
    *field = (*field & ~mask) | (uint64_t)value << 32 * half;
}

static void common_write(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value)
{
    (void)ctx;
    switch (offset << 4 | bytes) {
    case VIRTIO_PCI_DEVICE_FEATURE_SELECT << 4 | 4:
        model.offered_select = value;
        break;
    case VIRTIO_PCI_DRIVER_FEATURE_SELECT << 4 | 4:
        model.words_select = value;
        break;
    case VIRTIO_PCI_DRIVER_FEATURE << 4 | 4:
        if (model.words_select < 2)
            model.words[model.words_select] = value;
        break;
    case VIRTIO_PCI_CONFIG_VECTOR << 4 | 2:
        model.config_vector = model.refuse_vectors ? 0xffff : (uint16_t)value;
        break;
    case VIRTIO_PCI_STATUS << 4 | 1:
        model_status(value);
        break;
    case VIRTIO_PCI_QUEUE_SELECT << 4 | 2:
        if (value < QUEUES) /* else ignored: the old one stays selected */
            model.select = (uint16_t)value;
        break;
    case VIRTIO_PCI_QUEUE_SIZE << 4 | 2:
        model.size[model.select] = (uint16_t)value;
        break;
    case VIRTIO_PCI_QUEUE_VECTOR << 4 | 2:
        model.vector[model.select] = model.refuse_vectors ? 0xffff : (uint16_t)value;
        break;
    case VIRTIO_PCI_QUEUE_ENABLE << 4 | 2:
        model.enabled[model.select] = value == 1;
        break;
    default:
        if (bytes == 4 && offset >= VIRTIO_PCI_QUEUE_DESCRIPTORS && offset < 0x38) {
            uint64_t *fields[] = {model.descriptors, model.available, model.used};
            unsigned int field = (offset - VIRTIO_PCI_QUEUE_DESCRIPTORS) / 8;
            set_half(&fields[field][model.select], offset / 4 % 2, value);
        }
    }
}

static uint32_t isr_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    (void)ctx;
    assert_int_equal(offset, 0);
    assert_int_equal(bytes, 1);
    uint8_t isr = model.isr;
    model.isr = 0;
    return isr;
}

static uint32_t config_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    (void)ctx;
    assert_int_equal(offset % bytes, 0);
    return 0x1f000000u + offset;
}

static uint32_t nothing_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    (void)ctx;
    (void)offset;
    (void)bytes;
    return 0;
}

static void nothing_write(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value)
{
    (void)ctx;
    (void)offset;
    (void)bytes;
    (void)value;
}

static void doorbell_write(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value)
{
    (void)ctx;
    assert_int_equal(bytes, 2);
    model.last_doorbell = offset;
    model.last_queue = value;
    model.doorbells++;
}

static void add_block(struct fake_function *device, uint8_t type, uint8_t bar, uint32_t offset,
                      uint32_t bytes, uint32_t multiplier)
{
    uint8_t at = fake_pci_capability(device, PCI_CAPABILITY_VENDOR, 20);
    fake_pci_set_config(device, (uint16_t)(at + VIRTIO_PCI_CAP_LENGTH), 1, 20);
    fake_pci_set_config(device, (uint16_t)(at + VIRTIO_PCI_CAP_TYPE), 1, type);
    fake_pci_set_config(device, (uint16_t)(at + VIRTIO_PCI_CAP_BAR), 1, bar);
    fake_pci_set_config(device, (uint16_t)(at + VIRTIO_PCI_CAP_OFFSET), 4, offset);
    fake_pci_set_config(device, (uint16_t)(at + VIRTIO_PCI_CAP_BYTES), 4, bytes);
    fake_pci_set_config(device, (uint16_t)(at + VIRTIO_PCI_CAP_MULTIPLIER), 4, multiplier);
}

static void add_region(uint64_t start, uint64_t bytes, bool io,
                       uint32_t (*read)(void *, uint32_t, unsigned int),
                       void (*write)(void *, uint32_t, unsigned int, uint32_t))
{
    fake_region_add(&(struct fake_region){
        .start = start, .bytes = bytes, .io = io, .read = read, .write = write});
}

static struct fake_function *add_msix(struct fake_function *device)
{
    uint8_t msix = fake_pci_capability(device, PCI_CAPABILITY_MSIX, 12);
    fake_pci_set_config(device, (uint16_t)(msix + PCI_MSIX_CONTROL), 2, 1);
    fake_pci_set_config(device, (uint16_t)(msix + PCI_MSIX_TABLE), 4, 1);
    add_region(0xfebd0000, 0x1000, false, nothing_read, nothing_write);
    return device;
}

/* The blocks in BAR 4 as in QEMU, the table in BAR 1; with an older, unusable block first. */
static struct fake_function *add_modern(bool msix, uint32_t multiplier)
{
    struct fake_function *device = fake_pci_add(NULL, 3, 0, 0x1af4, 0x1043, 0);
    fake_pci_set_config(device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    fake_pci_set_config(device, PCI_INTERRUPT_PIN, 1, 1);
    fake_pci_set_config(device, PCI_BAR0 + 4, 4, 0xfebd0000);
    fake_pci_set_config(device, PCI_BAR0 + 16, 4, 0xfe000000 | PCI_BAR_TYPE_64BIT);
    if (msix)
        add_msix(device);
    add_block(device, VIRTIO_PCI_CAP_COMMON, 6, 0, 0x1000, 0); /* no such BAR */
    add_block(device, VIRTIO_PCI_CAP_COMMON, 4, 0, 0x1000, 0);
    add_block(device, VIRTIO_PCI_CAP_ISR, 4, 0x1000, 0x1000, 0);
    add_block(device, VIRTIO_PCI_CAP_DEVICE, 4, 0x2000, 0x1000, 0);
    add_block(device, VIRTIO_PCI_CAP_NOTIFY, 4, 0x3000, 16 * multiplier, multiplier);
    add_region(0xfe000000, 0x1000, false, common_read, common_write);
    add_region(0xfe001000, 0x1000, false, isr_read, nothing_write);
    add_region(0xfe002000, 0x1000, false, config_read, nothing_write);
    add_region(0xfe003000, 0x100000, false, nothing_read, doorbell_write);
    return device;
}

static struct virtio_pci pci;
static struct pci_host host;

static int probe(uint16_t id)
{
    host = fake_pci_host(false);
    struct pci_function function = {.host = &host, .slot = 3, .vendor = 0x1af4, .device = id};
    return virtio_pci_probe(&pci, &function);
}

/* Negotiation, two queues, a doorbell, and the end: the same on every transport. */
static void whole_life(struct virtio_device *device, bool legacy, uint16_t size)
{
    struct virtqueue first, second;
    assert_int_equal(device->legacy, legacy);
    assert_int_equal(virtio_negotiate(device, 2 | VIRTIO_F_EVENT_IDX), 0);
    assert_int_equal(device->features, legacy ? OFFERED & UINT32_MAX : OFFERED);
    assert_int_equal(model.words[0], (uint32_t)OFFERED);
    if (!legacy)
        assert_int_equal(model.words[1], 1); /* what the last driver left is gone */
    assert_int_equal(virtio_queue_start(device, &first, QUEUES, 16), -ENOENT);
    assert_int_equal(virtio_queue_start(device, &first, 0, 16), 0);
    assert_int_equal(virtio_queue_start(device, &second, 3, 256), 0);
    assert_int_equal(first.size, size);
    assert_int_equal(second.size, 128);
    assert_true(model.enabled[0] && model.enabled[3] && !model.enabled[1]);
    assert_int_equal(model.descriptors[3], virtqueue_descriptors_address(&second));
    if (!legacy) {
        assert_int_equal(model.size[0], size);
        assert_int_equal(model.available[3], virtqueue_available_address(&second));
        assert_int_equal(model.used[3], virtqueue_used_address(&second));
    }
    assert_int_equal(virtio_driver_ok(device), 0);
    assert_int_equal(virtqueue_add(&second, VIRTQUEUE_DEVICE_READS, second.memory, 1, 0), 0);
    virtio_kick(device, &second);
    virtio_kick(device, &second);
    assert_int_equal(model.doorbells, 1);
    assert_int_equal(model.last_queue, 3);
    assert_int_equal(virtio_reset(device), 0);
    assert_int_equal(model.status, 0);
    virtqueue_free(&first);
    virtqueue_free(&second);
    assert_int_equal(fake_dma_live, 0);
}

static void modern_with_messages(void **state)
{
    (void)state;
    model_reset();
    struct fake_function *device = add_modern(true, 4);
    assert_int_equal(probe(0x1043), 0);
    assert_int_equal(pci.device.type, 3);
    assert_int_equal(fake_irq_messages_held, 1);
    whole_life(&pci.device, false, 16);
    assert_int_equal(model.last_doorbell, (3 * 3 + 1) * 4);
    assert_int_equal(pci.device.transport->config_read(&pci.device, 4, 4), 0x1f000004);
    assert_int_equal(pci.device.transport->config_read(&pci.device, 0x2000, 4), 0);
    /* Bus mastering stays on through all of it. */
    assert_int_equal(fake_pci_config(device, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 4);
    virtio_release(&pci.device);
    assert_int_equal(fake_irq_messages_held, 0);
    assert_int_equal(fake_pci_config(device, PCI_COMMAND, 2) & 7, 0);
}

static void modern_with_a_page_per_queue(void **state)
{
    (void)state;
    model_reset();
    add_modern(true, 4096);
    assert_int_equal(probe(0x1043), 0);
    whole_life(&pci.device, false, 16);
    assert_int_equal(model.last_doorbell, (3 * 3 + 1) * 4096);
    virtio_release(&pci.device);
}

static void vectors_are_routed(void **state)
{
    (void)state;
    struct virtqueue vq;
    model_reset();
    add_modern(true, 4);
    assert_int_equal(probe(0x1043), 0);
    assert_int_equal(virtio_negotiate(&pci.device, 0), 0);
    assert_int_equal(model.config_vector, 0);
    assert_int_equal(virtio_queue_start(&pci.device, &vq, 2, 16), 0);
    assert_int_equal(model.vector[2], 0);
    assert_false(pci.device.polled);
    virtio_release(&pci.device);
    virtqueue_free(&vq);
}

/* The device does not take the vector: the line serves, and MSI-X is off. */
static void a_refused_vector_falls_back(void **state)
{
    (void)state;
    struct virtqueue vq;
    for (int no_line = 0; no_line < 2; no_line++) {
        model_reset();
        add_modern(true, 4);
        fake_irq_line_result = no_line ? -ENOSPC : 0;
        assert_int_equal(probe(0x1043), 0);
        model.refuse_vectors = true;
        assert_int_equal(virtio_negotiate(&pci.device, 0), 0);
        assert_int_equal(virtio_queue_start(&pci.device, &vq, 2, 16), 0);
        assert_int_equal(fake_irq_messages_held, 0);
        assert_int_equal(fake_irq_lines_held, !no_line);
        assert_int_equal(pci.device.polled, no_line);
        virtio_release(&pci.device);
        virtqueue_free(&vq);
        assert_int_equal(fake_irq_lines_held, 0);
    }
}

static void modern_with_a_line(void **state)
{
    (void)state;
    model_reset();
    add_modern(false, 4);
    assert_int_equal(probe(0x1043), 0);
    assert_int_equal(fake_irq_lines_held, 1);
    whole_life(&pci.device, false, 16);
    assert_int_equal(model.config_vector, 0xffff);
    model.isr = 1;
    fake_irq_raise();
    assert_int_equal(model.isr, 0);
    virtio_release(&pci.device);
    assert_int_equal(fake_irq_lines_held, 0);
}

static void a_doorbell_outside_its_block(void **state)
{
    (void)state;
    struct virtqueue vq;
    model_reset();
    add_modern(true, 4);
    assert_int_equal(probe(0x1043), 0);
    pci.notify_bytes = 4; /* queue 0's doorbell is at 4 */
    assert_int_equal(virtio_negotiate(&pci.device, 0), 0);
    assert_int_equal(virtio_queue_start(&pci.device, &vq, 0, 16), -EIO);
    virtio_release(&pci.device);
    virtqueue_free(&vq);
}

static void functions_that_are_none_of_ours(void **state)
{
    (void)state;
    model_reset();
    struct fake_function *device = fake_pci_add(NULL, 3, 0, 0x1af4, 0x1043, 0);
    assert_int_equal(probe(0x1043), -ENODEV); /* no blocks, and no ports in a modern id */
    assert_int_equal(fake_pci_config(device, PCI_COMMAND, 2) & 7, 0);
    host = fake_pci_host(false);
    struct pci_function function = {.host = &host, .vendor = 0x8086, .device = 0x100e};
    assert_int_equal(virtio_pci_type(&function), 0);
    function = (struct pci_function){.host = &host, .vendor = 0x1af4, .device = 0x1110};
    assert_int_equal(virtio_pci_type(&function), 0); /* ivshmem */
}

/* --- legacy PCI ----------------------------------------------------------------------------- */

static struct fake_function *legacy_device;

static bool legacy_msix_on(void)
{
    uint8_t at = legacy_device->config[PCI_CAPABILITIES];
    return at != 0 &&
           (fake_pci_config(legacy_device, (uint16_t)(at + PCI_MSIX_CONTROL), 2) & 0x8000) != 0;
}

static uint32_t legacy_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    (void)ctx;
    switch (offset << 4 | bytes) {
    case VIRTIO_LEGACY_DEVICE_FEATURES << 4 | 4:
        return (uint32_t)model.offered;
    case VIRTIO_LEGACY_QUEUE_SIZE << 4 | 2:
        return model.select < QUEUES ? 128 : 0;
    case VIRTIO_LEGACY_STATUS << 4 | 1:
        return model.status;
    case VIRTIO_LEGACY_ISR << 4 | 1:
        return isr_read(NULL, 0, 1);
    }
    if (legacy_msix_on() && offset == VIRTIO_LEGACY_CONFIG_VECTOR)
        return model.config_vector;
    if (legacy_msix_on() && offset == VIRTIO_LEGACY_QUEUE_VECTOR)
        return model.vector[model.select];
    return config_read(NULL, offset - (legacy_msix_on() ? 24 : 20), bytes);
}

static void legacy_write(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value)
{
    (void)ctx;
    switch (offset << 4 | bytes) {
    case VIRTIO_LEGACY_DRIVER_FEATURES << 4 | 4:
        model.words[0] = value;
        break;
    case VIRTIO_LEGACY_QUEUE_PFN << 4 | 4:
        assert_true(value != 0); /* it would reset the device */
        model.descriptors[model.select] = (uint64_t)value << 12;
        model.enabled[model.select] = true;
        break;
    case VIRTIO_LEGACY_QUEUE_SELECT << 4 | 2:
        model.select = (uint16_t)value;
        break;
    case VIRTIO_LEGACY_QUEUE_NOTIFY << 4 | 2:
        model.last_queue = value;
        model.doorbells++;
        break;
    case VIRTIO_LEGACY_STATUS << 4 | 1:
        model_status(value);
        break;
    case VIRTIO_LEGACY_CONFIG_VECTOR << 4 | 2:
        model.config_vector = model.refuse_vectors ? 0xffff : (uint16_t)value;
        break;
    case VIRTIO_LEGACY_QUEUE_VECTOR << 4 | 2:
        model.vector[model.select] = model.refuse_vectors ? 0xffff : (uint16_t)value;
        break;
    default:
        fail_msg("legacy write of %u bytes at %u", bytes, offset);
    }
}

static void add_legacy(bool msix)
{
    legacy_device = fake_pci_add(NULL, 3, 0, 0x1af4, 0x1003, 0);
    fake_pci_set_config(legacy_device, PCI_SUBSYSTEM_ID, 2, 3);
    fake_pci_set_config(legacy_device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    fake_pci_set_config(legacy_device, PCI_INTERRUPT_PIN, 1, 1);
    fake_pci_set_config(legacy_device, PCI_BAR0, 4, 0xc041);
    fake_pci_set_config(legacy_device, PCI_BAR0 + 4, 4, 0xfebd0000);
    if (msix)
        add_msix(legacy_device);
    add_region(0xc040, 64, true, legacy_read, legacy_write);
}

static void legacy_life(void **state)
{
    (void)state;
    for (int msix = 0; msix < 2; msix++) {
        model_reset();
        add_legacy(msix != 0);
        assert_int_equal(probe(0x1003), 0);
        assert_int_equal(pci.device.type, 3);
        whole_life(&pci.device, true, 128);
        /* The configuration is found where it is with and without vectors (QEMU: 20 and 24). */
        assert_int_equal(pci.device.transport->config_read(&pci.device, 4, 4), 0x1f000004);
        model.isr = 3;
        fake_irq_raise();
        assert_int_equal(model.isr, msix ? 3 : 0);
        virtio_release(&pci.device);
    }
}

static void legacy_vector_refused(void **state)
{
    (void)state;
    model_reset();
    add_legacy(true);
    assert_int_equal(probe(0x1003), 0);
    model.refuse_vectors = true;
    assert_int_equal(virtio_negotiate(&pci.device, 0), 0);
    assert_int_equal(fake_irq_lines_held, 1);
    assert_int_equal(pci.device.transport->config_read(&pci.device, 4, 4), 0x1f000004);
    virtio_release(&pci.device);
}

/* --- MMIO ----------------------------------------------------------------------------------- */

static uint32_t mmio_version, mmio_id;

static uint32_t mmio_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    if (offset >= VIRTIO_MMIO_CONFIG)
        return config_read(ctx, offset - VIRTIO_MMIO_CONFIG, bytes);
    if (bytes != 4)
        return 0;
    switch (offset) {
    case VIRTIO_MMIO_MAGIC:
        return VIRTIO_MMIO_MAGIC_VALUE;
    case VIRTIO_MMIO_VERSION:
        return mmio_version;
    case VIRTIO_MMIO_DEVICE_ID:
        return mmio_id;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return common_read(ctx, VIRTIO_PCI_DEVICE_FEATURE, 4);
    case VIRTIO_MMIO_QUEUE_SIZE_MAX:
        return model.select < QUEUES ? 128 : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return model.enabled[model.select];
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return model.isr;
    case VIRTIO_MMIO_STATUS:
        return model.status;
    default:
        fail_msg("mmio read at %x", offset);
        return 0;
    }
}

static void mmio_write(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value)
{
    if (bytes != 4)
        return;
    uint64_t *fields[] = {model.descriptors, model.available, model.used};
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SELECT:
        model.offered_select = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES_SELECT:
        model.words_select = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        common_write(ctx, VIRTIO_PCI_DRIVER_FEATURE, 4, value);
        break;
    case VIRTIO_MMIO_LEGACY_GUEST_PAGE_SIZE:
        assert_int_equal(mmio_version, 1);
        model.page_size = value;
        break;
    case VIRTIO_MMIO_QUEUE_SELECT:
        model.select = (uint16_t)value;
        break;
    case VIRTIO_MMIO_QUEUE_SIZE:
        model.size[model.select] = (uint16_t)value;
        break;
    case VIRTIO_MMIO_LEGACY_QUEUE_ALIGN:
        assert_int_equal(value, 4096);
        break;
    case VIRTIO_MMIO_LEGACY_QUEUE_PFN:
        assert_int_equal(mmio_version, 1);
        assert_int_equal(model.page_size, 4096);
        model.descriptors[model.select] = (uint64_t)value * model.page_size;
        model.enabled[model.select] = true;
        break;
    case VIRTIO_MMIO_QUEUE_READY:
        assert_int_equal(mmio_version, 2);
        model.enabled[model.select] = value == 1;
        break;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        model.last_queue = value;
        model.doorbells++;
        break;
    case VIRTIO_MMIO_INTERRUPT_ACKNOWLEDGE:
        model.isr &= (uint8_t)~value;
        break;
    case VIRTIO_MMIO_STATUS:
        model_status(value);
        break;
    default:
        assert_true(offset >= VIRTIO_MMIO_QUEUE_DESCRIPTORS_LOW && offset < 0xa8);
        set_half(&fields[(offset - VIRTIO_MMIO_QUEUE_DESCRIPTORS_LOW) / 16][model.select],
                 offset / 4 % 2, value);
    }
}

static struct virtio_mmio mmio;

static int probe_mmio(uint32_t version, uint32_t id)
{
    static const struct pci_line line = {.gsi = 12};
    model_reset();
    mmio_version = version;
    mmio_id = id;
    add_region(0xfeb00e00, 0x200, false, mmio_read, mmio_write);
    return virtio_mmio_probe(&mmio, (volatile void *)(uintptr_t)0xfeb00e00, 0x200, &line);
}

static void mmio_life(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        assert_int_equal(probe_mmio(version, 3), 0);
        assert_int_equal(mmio.device.type, 3);
        assert_int_equal(fake_irq_last_gsi, 12);
        whole_life(&mmio.device, version == 1, 16);
        assert_int_equal(mmio.device.transport->config_read(&mmio.device, 4, 4), 0x1f000004);
        model.isr = 3;
        fake_irq_raise();
        assert_int_equal(model.isr, 0);
        virtio_release(&mmio.device);
        assert_int_equal(fake_irq_lines_held, 0);
    }
}

static void mmio_slots_without_a_device(void **state)
{
    (void)state;
    unsigned int lines = fake_log_lines;
    assert_int_equal(probe_mmio(1, 0), -ENODEV);
    assert_int_equal(fake_log_lines, lines); /* an empty slot is nothing to talk about */
    assert_int_equal(probe_mmio(3, 3), -ENOTSUP);
    assert_int_equal(fake_log_lines, lines + 1);
    struct pci_line line = {0};
    assert_int_equal(virtio_mmio_probe(&mmio, (volatile void *)(uintptr_t)0xfeb00e00, 0x80, &line),
                     -ENODEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modern_with_messages),
        cmocka_unit_test(modern_with_a_page_per_queue),
        cmocka_unit_test(vectors_are_routed),
        cmocka_unit_test(a_refused_vector_falls_back),
        cmocka_unit_test(modern_with_a_line),
        cmocka_unit_test(a_doorbell_outside_its_block),
        cmocka_unit_test(functions_that_are_none_of_ours),
        cmocka_unit_test(legacy_life),
        cmocka_unit_test(legacy_vector_refused),
        cmocka_unit_test(mmio_life),
        cmocka_unit_test(mmio_slots_without_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
