/* SPDX-License-Identifier: BSD-2-Clause */
/* What sleep.c and wake.S have in common. */
#ifndef BOOT_X86_64_SLEEP_H
#define BOOT_X86_64_SLEEP_H

/*
 * Where the processor starts after the sleep, in real mode: conventional memory that the firmware
 * gives away, nobody here uses, and SeaBIOS does without on its way (src/config.h: its stacks are
 * at 0x1000 and 0x7000, other processors start at 0x10000, SMM at 0x30000).
 */
#define WAKE_ADDRESS 0x20000

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What goes to WAKE_ADDRESS, and the place in it for the address of the copy. */
extern const uint8_t wake_start[], wake_end[], wake_copy[];

/*
 * Copies what of the image changes, data_start to stack_main_end, to `copy`, and returns 0.
 * When the processor comes by WAKE_ADDRESS the image is made of the copy again and the function
 * returns a second time, with 1.
 */
int sleep_save(void *copy) __attribute__((returns_twice));
#endif

#endif
