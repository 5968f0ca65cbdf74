/* SPDX-License-Identifier: BSD-2-Clause */
/* The Advanced Interrupt Architecture. */
#ifndef BOOT_RISCV64_AIA_H
#define BOOT_RISCV64_AIA_H

struct machine_irq_controller;
struct virt_irq_chip;

/* As arch_irq_chip_start(), for an APLIC and the hart's IMSIC. */
int aia_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip);

#endif
