/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts without an interrupt handler: the processor never takes one.  A pending one ends its
 * sleep all the same (Arm ARM D1.6.1, WFI; RISC-V privileged 1.12 §3.3.3), and is then fetched
 * from the controller by a call.  So nothing ever meets half-done work, and no registers need be
 * saved.
 */
#include <arch/mmio.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "boot/platform.h"
#include "clock_scale.h"
#include "drivers/clock.h"
#include "drivers/irq.h"
#include "drivers/klog.h"
#include "virt.h"

#define LINES_MAX    32
#define MESSAGES_MAX 64u

/* A frame that turns writes into lines (Arm DEN 0029, "GICv2m architecture"). */
#define V2M_TYPER       0x008u
#define V2M_SETSPI      0x040u
#define V2M_BYTES       0x1000u
#define V2M_NUMBER_MASK 0x3ffu

/* A driver on a line; several may share one. */
struct line {
    void (*acknowledge)(void *ctx);
    void *ctx;
    uint32_t gsi;
};

static bool started;
static struct line lines[LINES_MAX];
static uint64_t messages_used;

/* Without a controller there may still be a timer: devices are looked at now and then. */
static int enable_none(uint32_t number, bool level_triggered)
{
    (void)number;
    (void)level_triggered;
    return -EINVAL;
}

static void handle_none(void (*handle)(uint32_t number))
{
    (void)handle;
}

static struct virt_irq_chip chip = {.enable = enable_none, .handle = handle_none};

/* Without messages of its own the controller may have such a frame beside it. */
static void find_messages(uint64_t address)
{
    volatile uint8_t *frame = address != 0 ? mmio_map(address, V2M_BYTES) : NULL;
    uint32_t type;

    if (frame == NULL)
        return;
    type = mmio_read32(frame + V2M_TYPER);
    chip.message_address = address + V2M_SETSPI;
    chip.message_first = type >> 16 & V2M_NUMBER_MASK;
    chip.message_count = type & V2M_NUMBER_MASK;
}

int interrupts_init(const struct machine *machine)
{
    int error = -ENODEV;

    for (uint32_t i = 0; error && i < machine->irq_controller_count; i++)
        error = arch_irq_chip_start(&machine->irq_controllers[i], &chip);
    if (error)
        klog("no interrupt controller that serves us: devices are polled");
    else if (chip.message_count == 0)
        find_messages(machine->msi_address);
    if (chip.message_count > MESSAGES_MAX)
        chip.message_count = MESSAGES_MAX;
    arch_timer_set(UINT64_MAX);
    started = arch_interrupts_open(&chip);
    return started ? 0 : -ENODEV;
}

static bool is_shared(uint32_t gsi, const struct line *except)
{
    for (size_t i = 0; i < LINES_MAX; i++)
        if (lines[i].acknowledge && lines[i].gsi == gsi && &lines[i] != except)
            return true;
    return false;
}

int irq_line_request(uint32_t gsi, int level_triggered, int active_low,
                     void (*acknowledge)(void *ctx), void *ctx)
{
    struct line *line = lines;
    /* No controller here can turn a line's sense. */
    if (!started || active_low)
        return -EINVAL;
    while (line < lines + LINES_MAX && line->acknowledge)
        line++;
    if (line == lines + LINES_MAX)
        return -ENOSPC;
    *line = (struct line){acknowledge, ctx, gsi};
    int error = is_shared(gsi, line) ? 0 : chip.enable(gsi, level_triggered != 0);
    if (error)
        line->acknowledge = NULL;
    return error;
}

void irq_line_release(uint32_t gsi, void *ctx)
{
    for (struct line *line = lines; line < lines + LINES_MAX; line++) {
        if (!line->acknowledge || line->gsi != gsi || line->ctx != ctx)
            continue;
        if (!is_shared(gsi, line))
            chip.disable(gsi);
        line->acknowledge = NULL;
        return;
    }
}

int irq_message_request(struct irq_message *message)
{
    for (uint32_t i = 0; i < chip.message_count; i++) {
        uint32_t number = chip.message_first + i;

        if ((messages_used >> i & 1) != 0)
            continue;
        if (chip.enable(number, false) != 0)
            return -ENOTSUP;
        messages_used |= UINT64_C(1) << i;
        *message = (struct irq_message){.address = chip.message_address, .data = number};
        return 0;
    }
    return chip.message_count != 0 ? -ENOSPC : -ENOTSUP;
}

void irq_message_release(const struct irq_message *message)
{
    chip.disable(message->data);
    messages_used &= ~(UINT64_C(1) << (message->data - chip.message_first) % MESSAGES_MAX);
}

static void handle(uint32_t gsi)
{
    for (size_t i = 0; i < LINES_MAX; i++)
        if (lines[i].acknowledge && lines[i].gsi == gsi)
            lines[i].acknowledge(lines[i].ctx);
}

void cpu_idle_until(uint64_t deadline_ns)
{
    if (!started)
        return;
    if (deadline_ns != UINT64_MAX) {
        if (clock_monotonic_ns() >= deadline_ns)
            return;
        arch_timer_set(clock_count_at(deadline_ns));
    }
    arch_wait();
    if (deadline_ns != UINT64_MAX)
        arch_timer_set(UINT64_MAX);
    chip.handle(handle);
}
