/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie.  Plain numbers only: the assembler and linker.ld read this file too. */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

/* Where RAM starts (QEMU hw/riscv/virt.c:virt_memmap); OpenSBI is there. */
#define LAYOUT_RAM_BASE 0x80000000
/* The image runs here, where OpenSBI jumps to. */
#define LAYOUT_IMAGE_BASE  0x80200000
#define LAYOUT_IMAGE_LIMIT 0x80600000

#define LAYOUT_OUTPUT_FORMAT "elf64-littleriscv"
#define LAYOUT_OUTPUT_ARCH   riscv

/* Memory that grows without moving: 1 GiB of addresses for each, the upper half of what Sv39 has
 * below. */
#define LAYOUT_WINDOW_BASE  0x2000000000
#define LAYOUT_WINDOW_SIZE  0x40000000
#define LAYOUT_WINDOW_COUNT 128

/* How far below a frame pointer the record of the caller's frame pointer and the return address
 * starts (RISC-V ABIs 1.0 §1.2, "Frame Pointer Convention"). */
#define LAYOUT_FRAME_RECORD 16

/* How far memory can be reached before the final page tables, which are the first: QEMU 7.2 puts
 * the device tree below 3 GiB of RAM, QEMU 10 at the end of all of it. */
#define LAYOUT_EARLY_END LAYOUT_WINDOW_BASE

/* Where to complain before a device tree has said it. */
#define LAYOUT_UART_BASE       0x10000000
#define LAYOUT_UART_COMPATIBLE "ns16550a"

/* Registers that every machine has. */
#define LAYOUT_DEVICE LAYOUT_UART_BASE

/* What uname(2) calls the machine. */
#define LAYOUT_MACHINE_KIND "riscv64"

#endif
