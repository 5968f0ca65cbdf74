/* SPDX-License-Identifier: BSD-2-Clause */
/* From the entry's last instruction to kernel_main(): see start.c. */
#ifndef BOOT_X86_64_START_H
#define BOOT_X86_64_START_H

#include <stddef.h>
#include <stdint.h>

struct boot_info;

/* Called by entry.S.  `loader_info` is what EBX held, `protocol` an ENTRY_ number. */
_Noreturn void start(uint32_t loader_info, uint32_t protocol);

/* How many bytes from `physical` on can be read at this point: 0 beyond 4 GiB and at NULL. */
uint64_t start_reach(uint64_t physical);
/* A pointer to `size` readable bytes, or NULL. */
const void *start_pointer(uint64_t physical, uint64_t size);
/* Copies a command line of at most `room` bytes, which a NUL may end early. */
void start_copy_cmdline(struct boot_info *info, const char *cmdline, size_t room);
/* A line on the serial port, before there is a log. */
void start_complain(const char *line);

#endif
