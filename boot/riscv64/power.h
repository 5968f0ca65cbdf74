/* SPDX-License-Identifier: BSD-2-Clause */
/* What interrupts.c, which sees the machine first, must tell power.c. */
#ifndef BOOT_RISCV64_POWER_H
#define BOOT_RISCV64_POWER_H

struct machine;

/* Maps what a crash will need, while memory for page tables is still to be had. */
void power_find_registers(const struct machine *machine);

#endif
