/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller, a PLIC (RISC-V Platform-Level Interrupt Controller 1.0) or an APLIC
 * that delivers to harts directly (RISC-V Advanced Interrupt Architecture 1.0 §4), and the timer.
 */
#include <arch/mmio.h>

#include <errno.h>
#include <stddef.h>

#include "boot/platform.h"
#include "boot/virt/virt.h"
#include "drivers/irq.h"
#include "entry.h"
#include "power.h"
#include "sbi.h"

/* PLIC §3: priorities, enable bits and two registers for each context. */
#define PLIC_PRIORITY      0x000000u
#define PLIC_ENABLE        0x002000u
#define PLIC_ENABLE_BYTES  0x80u
#define PLIC_CONTEXT       0x200000u
#define PLIC_CONTEXT_BYTES 0x1000u
#define PLIC_THRESHOLD     0u
#define PLIC_CLAIM         4u
#define PLIC_LINE_END      1024u
#define PLIC_ENABLE_REACH  (PLIC_CONTEXT - PLIC_ENABLE)

uint64_t has_timer;

static struct {
    volatile uint8_t *registers;
    volatile uint8_t *enable;
    volatile uint8_t *context;
} plic;

static int start_plic(const struct machine_irq_controller *controller)
{
    uint64_t context = controller->context;

    if (context >= PLIC_ENABLE_REACH / PLIC_ENABLE_BYTES)
        return -ENODEV;
    plic.registers = mmio_map(controller->address, PLIC_ENABLE);
    plic.enable = mmio_map(controller->address + PLIC_ENABLE + context * PLIC_ENABLE_BYTES,
                           PLIC_ENABLE_BYTES);
    plic.context = mmio_map(controller->address + PLIC_CONTEXT + context * PLIC_CONTEXT_BYTES,
                            PLIC_CONTEXT_BYTES);
    if (plic.registers == NULL || plic.enable == NULL || plic.context == NULL)
        return -ENODEV;
    for (uint32_t line = 0; line < PLIC_LINE_END; line += 32)
        mmio_write32(plic.enable + line / 8, 0);
    mmio_write32(plic.context + PLIC_THRESHOLD, 0);
    return 0;
}

int arch_interrupts_init(const struct machine *machine)
{
    int error = -ENODEV;

    power_find_registers(machine);
    for (uint32_t i = 0; i < machine->irq_controller_count && error != 0; i++) {
        if (machine->irq_controllers[i].kind == MACHINE_IRQ_PLIC)
            error = start_plic(&machine->irq_controllers[i]);
    }
    if (error != 0)
        return error;
    arch_timer_set(UINT64_MAX);
    __asm__ volatile("csrw sie, %0"
                     :
                     : "r"(INTERRUPT_SUPERVISOR_TIMER | INTERRUPT_SUPERVISOR_EXTERNAL));
    return 0;
}

static void plic_enable(uint32_t line, bool on)
{
    volatile uint8_t *word = plic.enable + line / 32 * 4;
    uint32_t bit = 1u << line % 32;

    mmio_write32(word, on ? mmio_read32(word) | bit : mmio_read32(word) & ~bit);
}

int arch_interrupt_enable(uint32_t line, bool level_triggered)
{
    (void)level_triggered;
    if (line == 0 || line >= PLIC_LINE_END)
        return -EINVAL;
    mmio_write32(plic.registers + PLIC_PRIORITY + line * 4, 1);
    plic_enable(line, true);
    return 0;
}

void arch_interrupt_disable(uint32_t line)
{
    plic_enable(line, false);
}

void arch_interrupts_handle(void (*handle)(uint32_t line))
{
    /* A line that stays up comes again after the next sleep. */
    for (uint32_t i = 0; i < PLIC_LINE_END; i++) {
        uint32_t line = mmio_read32(plic.context + PLIC_CLAIM);

        if (line == 0)
            return;
        handle(line);
        mmio_write32(plic.context + PLIC_CLAIM, line);
    }
}

/* Messages need an IMSIC. */
int irq_message_request(struct irq_message *message)
{
    (void)message;
    return -ENOTSUP;
}

void irq_message_release(const struct irq_message *message)
{
    (void)message;
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
