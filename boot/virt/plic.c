/* SPDX-License-Identifier: BSD-2-Clause */
/* The PLIC (RISC-V Platform-Level Interrupt Controller 1.0), which is nothing but registers in
 * memory. */
#include <arch/mmio.h>

#include <errno.h>
#include <stddef.h>

#include "boot/platform.h"
#include "virt.h"

/* §3: priorities, enable bits and two registers for each context. */
#define PLIC_PRIORITY      0x000000u
#define PLIC_ENABLE        0x002000u
#define PLIC_ENABLE_BYTES  0x80u
#define PLIC_CONTEXT       0x200000u
#define PLIC_CONTEXT_BYTES 0x1000u
#define PLIC_THRESHOLD     0u
#define PLIC_CLAIM         4u
#define PLIC_LINE_END      1024u

static struct {
    volatile uint8_t *registers;
    volatile uint8_t *enable;
    volatile uint8_t *context;
} plic;

static void set_enabled(uint32_t line, bool on)
{
    volatile uint8_t *word = plic.enable + line / 32 * 4;
    uint32_t bit = 1u << line % 32;

    mmio_write32(word, on ? mmio_read32(word) | bit : mmio_read32(word) & ~bit);
}

static int plic_enable(uint32_t line, bool level_triggered)
{
    (void)level_triggered;
    if (line == 0 || line >= PLIC_LINE_END)
        return -EINVAL;
    mmio_write32(plic.registers + PLIC_PRIORITY + line * 4, 1);
    set_enabled(line, true);
    return 0;
}

static void plic_disable(uint32_t line)
{
    set_enabled(line, false);
}

static void plic_handle(void (*handle)(uint32_t line))
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

int plic_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip)
{
    uint64_t context = controller->context;

    if (context >= (PLIC_CONTEXT - PLIC_ENABLE) / PLIC_ENABLE_BYTES)
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
    *chip = (struct virt_irq_chip){
        .enable = plic_enable,
        .disable = plic_disable,
        .handle = plic_handle,
    };
    return 0;
}
