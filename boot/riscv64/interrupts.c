/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller, of whichever kind, and the timer (RISC-V privileged 1.12; Sstc). */
#include <errno.h>
#include <stddef.h>

#include "boot/virt/virt.h"
#include "chips.h"
#include "drivers/klog.h"
#include "entry.h"
#include "power.h"
#include "sbi.h"

uint64_t has_timer;

/* Without a controller there is still the timer: devices are looked at now and then. */
static int enable_none(uint32_t line, bool level_triggered)
{
    (void)line;
    (void)level_triggered;
    return -EINVAL;
}

static void handle_none(void (*handle)(uint32_t line))
{
    (void)handle;
}

static struct irq_chip chip = {.enable = enable_none, .handle = handle_none};

int arch_interrupts_init(const struct machine *machine)
{
    int error = -ENODEV;

    power_find_registers(machine);
    for (uint32_t i = 0; i < machine->irq_controller_count && error != 0; i++) {
        const struct machine_irq_controller *controller = &machine->irq_controllers[i];

        if (controller->kind == MACHINE_IRQ_PLIC)
            error = plic_start(controller, &chip);
        else if (controller->kind == MACHINE_IRQ_APLIC)
            error = aia_start(controller, &chip);
    }
    if (error != 0)
        klog("no interrupt controller that serves us: devices are polled");
    arch_timer_set(UINT64_MAX);
    __asm__ volatile("csrw sie, %0"
                     :
                     : "r"(INTERRUPT_SUPERVISOR_TIMER | INTERRUPT_SUPERVISOR_EXTERNAL));
    return 0;
}

int arch_interrupt_enable(uint32_t line, bool level_triggered)
{
    return chip.enable(line, level_triggered);
}

void arch_interrupt_disable(uint32_t line)
{
    chip.disable(line);
}

void arch_interrupts_handle(void (*handle)(uint32_t line))
{
    chip.handle(handle);
}

int irq_message_request(struct irq_message *message)
{
    return chip.message_request != NULL ? chip.message_request(message) : -ENOTSUP;
}

void irq_message_release(const struct irq_message *message)
{
    chip.message_release(message);
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
