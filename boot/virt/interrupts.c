/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts without an interrupt handler: the processor never takes one.  A pending one ends its
 * sleep all the same (Arm ARM D1.6.1, WFI; RISC-V privileged 1.12 §3.3.3), and is then fetched
 * from the controller by a call.  So nothing ever meets half-done work, and no registers need be
 * saved.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "boot/platform.h"
#include "clock_scale.h"
#include "drivers/clock.h"
#include "drivers/irq.h"
#include "virt.h"

#define LINES_MAX 32

/* A driver on a line; several may share one. */
struct line {
    void (*acknowledge)(void *ctx);
    void *ctx;
    uint32_t gsi;
};

static bool started;
static struct line lines[LINES_MAX];

int interrupts_init(const struct machine *machine)
{
    int error = arch_interrupts_init(machine);
    started = !error;
    return error;
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
    int error = is_shared(gsi, line) ? 0 : arch_interrupt_enable(gsi, level_triggered != 0);
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
            arch_interrupt_disable(gsi);
        line->acknowledge = NULL;
        return;
    }
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
    arch_interrupts_handle(handle);
}
