/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of interrupt controllers that a RISC-V machine may have. */
#ifndef BOOT_RISCV64_CHIPS_H
#define BOOT_RISCV64_CHIPS_H

#include "boot/virt/virt.h"

/* As arch_irq_chip_start(), each for its kind. */
int plic_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip);
int aia_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip);

#endif
