/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie.  Plain numbers only: the assembler and linker.ld read this file too. */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

/* The image is loaded and runs here: the first megabyte is the firmware's. */
#define LAYOUT_IMAGE_BASE 0x100000
/* The page tables cover the image in 4 KiB pages up to here. */
#define LAYOUT_IMAGE_LIMIT 0x200000

/* An ELF of the host's class: see linker.ld. */
#define LAYOUT_OUTPUT_FORMAT "elf64-x86-64"
#define LAYOUT_OUTPUT_ARCH   "i386:x86-64"

/* Memory that grows without moving: 1 GiB of addresses for each, far above all RAM. */
#define LAYOUT_WINDOW_BASE  0x400000000000
#define LAYOUT_WINDOW_SIZE  0x40000000
#define LAYOUT_WINDOW_COUNT 128

/* How far below a frame pointer the record of the caller's frame pointer and the return address
 * starts. */
#define LAYOUT_FRAME_RECORD 0

/* Registers that every machine has: the local APIC's (Intel SDM 3A §10.4.1). */
#define LAYOUT_DEVICE 0xfee00000

#endif
