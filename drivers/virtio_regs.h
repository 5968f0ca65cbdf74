/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that all virtio devices share, and the registers of each transport (virtio 1.2). */
#ifndef DRIVERS_VIRTIO_REGS_H
#define DRIVERS_VIRTIO_REGS_H

/* Device status, §2.1. */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER      0x02u
#define VIRTIO_STATUS_DRIVER_OK   0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED      0x80u
#define VIRTIO_STATUS_GONE        0xffu /* no such combination: nobody answers the read */

/* Feature bits that do not depend on the type, §6. */
#define VIRTIO_F_EVENT_IDX       (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1       (UINT64_C(1) << 32)
#define VIRTIO_F_ACCESS_PLATFORM (UINT64_C(1) << 33)

/* --- PCI, §4.1 ------------------------------------------------------------------------------ */

#define VIRTIO_PCI_VENDOR               0x1af4u
#define VIRTIO_PCI_TRANSITIONAL_BASE    0x1000u /* §4.1.2.1: the ids of transitional devices … */
#define VIRTIO_PCI_TRANSITIONAL_LAST    0x103fu
#define VIRTIO_PCI_TRANSITIONAL_CONSOLE 0x1003u
#define VIRTIO_PCI_MODERN_BASE          0x1040u /* … and 0x1040 plus the type for the others */
#define VIRTIO_PCI_MODERN_LAST          0x107fu

/* The vendor capability that says where a register block is, §4.1.4. */
#define VIRTIO_PCI_CAP_LENGTH     2u
#define VIRTIO_PCI_CAP_TYPE       3u
#define VIRTIO_PCI_CAP_COMMON     1u
#define VIRTIO_PCI_CAP_NOTIFY     2u
#define VIRTIO_PCI_CAP_ISR        3u
#define VIRTIO_PCI_CAP_DEVICE     4u
#define VIRTIO_PCI_CAP_BAR        4u
#define VIRTIO_PCI_CAP_OFFSET     8u
#define VIRTIO_PCI_CAP_BYTES      12u
#define VIRTIO_PCI_CAP_SIZE       16u
#define VIRTIO_PCI_CAP_MULTIPLIER 16u /* notify capability only, §4.1.4.4 */

/* Common configuration, §4.1.4.3. */
#define VIRTIO_PCI_DEVICE_FEATURE_SELECT 0x00u
#define VIRTIO_PCI_DEVICE_FEATURE        0x04u
#define VIRTIO_PCI_DRIVER_FEATURE_SELECT 0x08u
#define VIRTIO_PCI_DRIVER_FEATURE        0x0cu
#define VIRTIO_PCI_CONFIG_VECTOR         0x10u
#define VIRTIO_PCI_NO_VECTOR             0xffffu
#define VIRTIO_PCI_NUM_QUEUES            0x12u
#define VIRTIO_PCI_STATUS                0x14u
#define VIRTIO_PCI_QUEUE_SELECT          0x16u
#define VIRTIO_PCI_QUEUE_SIZE            0x18u
#define VIRTIO_PCI_QUEUE_VECTOR          0x1au
#define VIRTIO_PCI_QUEUE_ENABLE          0x1cu
#define VIRTIO_PCI_QUEUE_NOTIFY_OFFSET   0x1eu
#define VIRTIO_PCI_QUEUE_DESCRIPTORS     0x20u
#define VIRTIO_PCI_QUEUE_AVAILABLE       0x28u
#define VIRTIO_PCI_QUEUE_USED            0x30u
#define VIRTIO_PCI_COMMON_BYTES          0x38u

/* Legacy interface in I/O BAR 0, §4.1.4.10. */
#define VIRTIO_LEGACY_DEVICE_FEATURES 0x00u
#define VIRTIO_LEGACY_DRIVER_FEATURES 0x04u
#define VIRTIO_LEGACY_QUEUE_PFN       0x08u
#define VIRTIO_LEGACY_PFN_SHIFT       12
#define VIRTIO_LEGACY_QUEUE_SIZE      0x0cu
#define VIRTIO_LEGACY_QUEUE_SELECT    0x0eu
#define VIRTIO_LEGACY_QUEUE_NOTIFY    0x10u
#define VIRTIO_LEGACY_STATUS          0x12u
#define VIRTIO_LEGACY_ISR             0x13u
#define VIRTIO_LEGACY_CONFIG          0x14u /* without MSI-X … */
#define VIRTIO_LEGACY_CONFIG_VECTOR   0x14u
#define VIRTIO_LEGACY_QUEUE_VECTOR    0x16u
#define VIRTIO_LEGACY_CONFIG_MSIX     0x18u /* … and with it */

/* --- MMIO, §4.2.2 and, for version 1, §4.2.4 ------------------------------------------------ */

#define VIRTIO_MMIO_MAGIC                  0x000u
#define VIRTIO_MMIO_MAGIC_VALUE            0x74726976u /* "virt" */
#define VIRTIO_MMIO_VERSION                0x004u
#define VIRTIO_MMIO_VERSION_LEGACY         1u
#define VIRTIO_MMIO_VERSION_MODERN         2u
#define VIRTIO_MMIO_DEVICE_ID              0x008u
#define VIRTIO_MMIO_DEVICE_FEATURES        0x010u
#define VIRTIO_MMIO_DEVICE_FEATURES_SELECT 0x014u
#define VIRTIO_MMIO_DRIVER_FEATURES        0x020u
#define VIRTIO_MMIO_DRIVER_FEATURES_SELECT 0x024u
#define VIRTIO_MMIO_LEGACY_GUEST_PAGE_SIZE 0x028u
#define VIRTIO_MMIO_QUEUE_SELECT           0x030u
#define VIRTIO_MMIO_QUEUE_SIZE_MAX         0x034u
#define VIRTIO_MMIO_QUEUE_SIZE             0x038u
#define VIRTIO_MMIO_LEGACY_QUEUE_ALIGN     0x03cu
#define VIRTIO_MMIO_LEGACY_QUEUE_PFN       0x040u
#define VIRTIO_MMIO_QUEUE_READY            0x044u
#define VIRTIO_MMIO_QUEUE_NOTIFY           0x050u
#define VIRTIO_MMIO_INTERRUPT_STATUS       0x060u
#define VIRTIO_MMIO_INTERRUPT_ACKNOWLEDGE  0x064u
#define VIRTIO_MMIO_STATUS                 0x070u
#define VIRTIO_MMIO_QUEUE_DESCRIPTORS_LOW  0x080u
#define VIRTIO_MMIO_QUEUE_DESCRIPTORS_HIGH 0x084u
#define VIRTIO_MMIO_QUEUE_AVAILABLE_LOW    0x090u
#define VIRTIO_MMIO_QUEUE_AVAILABLE_HIGH   0x094u
#define VIRTIO_MMIO_QUEUE_USED_LOW         0x0a0u
#define VIRTIO_MMIO_QUEUE_USED_HIGH        0x0a4u
#define VIRTIO_MMIO_CONFIG                 0x100u

#endif
