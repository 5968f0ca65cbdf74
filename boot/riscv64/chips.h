/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of interrupt controllers that a RISC-V machine may have. */
#ifndef BOOT_RISCV64_CHIPS_H
#define BOOT_RISCV64_CHIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/machine.h"
#include "drivers/irq.h"

/* As boot/virt/virt.h and drivers/irq.h describe them; without messages those two are NULL. */
struct irq_chip {
    int (*enable)(uint32_t line, bool level_triggered);
    void (*disable)(uint32_t line);
    void (*handle)(void (*handle)(uint32_t line));
    int (*message_request)(struct irq_message *message);
    void (*message_release)(const struct irq_message *message);
};

/* Each starts the controller with every line masked and fills *chip.  0 or -ENODEV. */
int plic_start(const struct machine_irq_controller *controller, struct irq_chip *chip);
int aia_start(const struct machine_irq_controller *controller, struct irq_chip *chip);

#endif
