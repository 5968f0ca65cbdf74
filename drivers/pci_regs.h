/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space: PCI Local Bus 3.0 §6, PCI-to-PCI Bridge 1.2 §3.2, PCI Express Base 4.0
 * §7.
 */
#ifndef DRIVERS_PCI_REGS_H
#define DRIVERS_PCI_REGS_H

/* Configuration mechanism 1, PCI 3.0 §3.2.2.3.2. */
#define PCI_CONFIG_ADDRESS_PORT   0xcf8u
#define PCI_CONFIG_ADDRESS_ENABLE 0x80000000u
#define PCI_CONFIG_DATA_PORT      0xcfcu

#define PCI_SLOTS     32u
#define PCI_FUNCTIONS 8u

/* Header of every function, §6.1. */
#define PCI_VENDOR_ID            0x00u
#define PCI_VENDOR_NONE          0xffffu
#define PCI_DEVICE_ID            0x02u
#define PCI_COMMAND              0x04u
#define PCI_COMMAND_IO           0x0001u
#define PCI_COMMAND_MEMORY       0x0002u
#define PCI_COMMAND_MASTER       0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u
#define PCI_STATUS               0x06u
#define PCI_STATUS_CAPABILITIES  0x0010u
#define PCI_CLASS                0x0au
#define PCI_CLASS_BRIDGE_PCI     0x0604u
#define PCI_HEADER_TYPE          0x0eu
#define PCI_HEADER_TYPE_MASK     0x7fu
#define PCI_HEADER_NORMAL        0x00u
#define PCI_HEADER_BRIDGE        0x01u
#define PCI_HEADER_MULTIFUNCTION 0x80u
#define PCI_BAR0                 0x10u
#define PCI_BAR_IO               0x1u
#define PCI_BAR_IO_MASK          (~UINT32_C(0x3))
#define PCI_BAR_TYPE             0x6u
#define PCI_BAR_TYPE_64BIT       0x4u
#define PCI_BAR_PREFETCHABLE     0x8u
#define PCI_BAR_MEMORY_MASK      (~UINT32_C(0xf))
#define PCI_SUBSYSTEM_ID         0x2eu
#define PCI_CAPABILITIES         0x34u
#define PCI_INTERRUPT_LINE       0x3cu
#define PCI_INTERRUPT_PIN        0x3du

/* Header of a bridge, Bridge 1.2 §3.2.5. */
#define PCI_BRIDGE_BARS          2u
#define PCI_PRIMARY_BUS          0x18u
#define PCI_SECONDARY_BUS        0x19u
#define PCI_SUBORDINATE_BUS      0x1au
#define PCI_IO_BASE              0x1cu /* bits 15:12 of the address in bits 7:4 */
#define PCI_IO_LIMIT             0x1du
#define PCI_IO_WINDOW_UNIT       UINT64_C(0x1000)
#define PCI_MEMORY_BASE          0x20u /* bits 31:20 of the address in bits 15:4 */
#define PCI_MEMORY_LIMIT         0x22u
#define PCI_PREFETCH_BASE        0x24u
#define PCI_PREFETCH_LIMIT       0x26u
#define PCI_PREFETCH_64BIT       0x1u
#define PCI_PREFETCH_BASE_UPPER  0x28u
#define PCI_PREFETCH_LIMIT_UPPER 0x2cu
#define PCI_IO_BASE_UPPER        0x30u
#define PCI_IO_LIMIT_UPPER       0x32u
#define PCI_MEMORY_WINDOW_UNIT   UINT64_C(0x100000)

/* Capability list, PCI 3.0 §6.7. */
#define PCI_CAPABILITY_ID     0u
#define PCI_CAPABILITY_NEXT   1u
#define PCI_CAPABILITY_FIRST  0x40u /* they lie behind the header … */
#define PCI_CAPABILITIES_MAX  48u   /* … and take four bytes at least */
#define PCI_CAPABILITY_MSI    0x05u
#define PCI_CAPABILITY_VENDOR 0x09u
#define PCI_CAPABILITY_PCIE   0x10u
#define PCI_CAPABILITY_MSIX   0x11u

/* PCI Express capability, PCIe 4.0 §7.5.3.2. */
#define PCIE_FLAGS           2u
#define PCIE_TYPE_SHIFT      4
#define PCIE_TYPE_MASK       0xfu
#define PCIE_TYPE_ROOT_PORT  4u
#define PCIE_TYPE_DOWNSTREAM 6u

/* MSI capability, PCI 3.0 §6.8.1. */
#define PCI_MSI_CONTROL    2u
#define PCI_MSI_ENABLE     0x0001u
#define PCI_MSI_MULTIPLE   0x0070u /* how many messages are used, as a power of two */
#define PCI_MSI_64BIT      0x0080u
#define PCI_MSI_ADDRESS    4u
#define PCI_MSI_ADDRESS_UP 8u
#define PCI_MSI_DATA32     8u
#define PCI_MSI_DATA64     12u

/* MSI-X capability and table, PCI 3.0 §6.8.2. */
#define PCI_MSIX_CONTROL          2u
#define PCI_MSIX_ENABLE           0x8000u
#define PCI_MSIX_MASK_ALL         0x4000u
#define PCI_MSIX_TABLE            4u
#define PCI_MSIX_TABLE_BAR        0x7u
#define PCI_MSIX_ENTRY_ADDRESS    0x0u
#define PCI_MSIX_ENTRY_ADDRESS_UP 0x4u
#define PCI_MSIX_ENTRY_DATA       0x8u
#define PCI_MSIX_ENTRY_CONTROL    0xcu
#define PCI_MSIX_ENTRY_BYTES      16u

#endif
