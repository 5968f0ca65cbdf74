/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie.  Plain numbers only: the assembler and linker.ld read this file too. */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

/* Where RAM starts (QEMU hw/arm/virt.c:base_memmap). */
#define LAYOUT_RAM_BASE 0x40000000
/*
 * The image is loaded and runs here.  Before an ELF QEMU puts its device tree, which is padded to
 * 1 MiB, if there is room (hw/arm/boot.c:arm_setup_direct_kernel_boot()).
 */
#define LAYOUT_IMAGE_BASE  0x40100000
#define LAYOUT_IMAGE_LIMIT 0x40500000

#define LAYOUT_OUTPUT_FORMAT "elf64-littleaarch64"
#define LAYOUT_OUTPUT_ARCH   aarch64

/* Memory that grows without moving: 1 GiB of addresses for each, far above all RAM. */
#define LAYOUT_WINDOW_BASE  0x400000000000
#define LAYOUT_WINDOW_SIZE  0x40000000
#define LAYOUT_WINDOW_COUNT 128

/* How far below a frame pointer the record of the caller's frame pointer and the return address
 * starts (AAPCS64 §6.4.6). */
#define LAYOUT_FRAME_RECORD 0

/* How far memory can be reached before the final page tables. */
#define LAYOUT_EARLY_END 0x80000000

/* Where to complain before a device tree has said it. */
#define LAYOUT_UART_BASE       0x09000000
#define LAYOUT_UART_COMPATIBLE "arm,pl011"

/* The interrupt controller's distributor, of either kind, and a GICv2's interface to the processor
 * (QEMU hw/arm/virt.c:base_memmap). */
#define LAYOUT_GIC_BASE     0x08000000
#define LAYOUT_GIC_CPU_BASE 0x08010000

/* Registers that every machine has. */
#define LAYOUT_DEVICE LAYOUT_UART_BASE

/* What uname(2) calls the machine. */
#define LAYOUT_MACHINE_KIND "aarch64"

#endif
