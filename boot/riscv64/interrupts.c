/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller, of whichever kind, and the timer (RISC-V privileged 1.12; Sstc). */
#include <errno.h>

#include "aia.h"
#include "boot/virt/virt.h"
#include "entry.h"
#include "sbi.h"

int arch_irq_chip_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip)
{
    if (controller->kind == MACHINE_IRQ_PLIC)
        return plic_start(controller, chip);
    if (controller->kind == MACHINE_IRQ_APLIC)
        return aia_start(controller, chip);
    return -ENODEV;
}

/* The timer is the hart's own. */
bool arch_interrupts_open(const struct virt_irq_chip *chip)
{
    (void)chip;
    __asm__ volatile("csrw sie, %0"
                     :
                     : "r"(INTERRUPT_SUPERVISOR_TIMER | INTERRUPT_SUPERVISOR_EXTERNAL));
    return true;
}

/* --- the timer ------------------------------------------------------------------------------- */

uint64_t arch_counter(void)
{
    uint64_t count;

    __asm__ volatile("rdtime %0" : "=r"(count) : : "memory");
    return count;
}

/* Only the device tree says it. */
uint64_t arch_counter_hz(void)
{
    return 0;
}

void arch_timer_set(uint64_t count)
{
    if (has_timer)
        __asm__ volatile("csrw 0x14d, %0" : : "r"(count) : "memory"); /* stimecmp */
    else
        (void)sbi_call(SBI_TIME, SBI_TIME_SET, count, 0);
}

void arch_wait(void)
{
    __asm__ volatile("fence iorw, iorw\n\twfi" ::: "memory");
}
