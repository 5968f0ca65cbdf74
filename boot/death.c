/* SPDX-License-Identifier: BSD-2-Clause */
/* Death tests: see death.h. */
#include "death.h"

#include <arch/layout.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "drivers/klog.h"
#include "pages.h"
#include "platform.h"

extern uint8_t text_start[];

static volatile uint8_t *volatile nowhere;
static uint8_t code[16];

static void write_text(void)
{
    *(volatile uint8_t *)text_start = 0;
}

static void exec_data(void)
{
    void (*volatile function)(void) = (void (*)(void))(uintptr_t)code;
    function();
}

static void exec_mmio(void)
{
    volatile void *device = mmio_map(LAYOUT_DEVICE, PAGE_SIZE);
    void (*volatile function)(void) = (void (*)(void))(uintptr_t)device;
    function();
}

static void null(void)
{
    *nowhere = 1;
}

/* `more` is never 0; the compiler does not know. */
static unsigned int recurse(unsigned int more)
{
    volatile uint8_t local[512];
    local[more % sizeof local] = (uint8_t)more;
    if (more)
        more += recurse(more | 1);
    return more + local[more % sizeof local];
}

static void stack_overflow(void)
{
    klog("%u", recurse(1));
}

static void canary(void)
{
    volatile uint8_t local[16];
    volatile uint8_t *volatile end = local + sizeof local;
    for (int i = 0; i < 64; i++)
        end[i] = 0;
}

static void trap(void)
{
    __builtin_trap();
}

/* Takes the page away that the stack is on: the next push traps, and so does the backtrace. */
static void trap_in_trap(void)
{
    paging_unmap_window((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(PAGE_SIZE - 1));
}

static void give_up(void)
{
    panic("as asked for");
}

void death_by(const char *way)
{
    static const struct {
        const char *name;
        void (*die)(void);
    } ways[] = {
        {"write-text", write_text},
        {"exec-data", exec_data},
        {"exec-mmio", exec_mmio},
        {"null", null},
        {"stack-overflow", stack_overflow},
        {"canary", canary},
        {"ud2", trap},
        {"trap-in-trap", trap_in_trap},
        {"panic", give_up},
    };
    const size_t count = sizeof ways / sizeof ways[0];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(way, ways[i].name) != 0)
            continue;
        ways[i].die();
        klog("crash=%s: survived", way);
        return;
    }
    klog("crash=%s: unknown; there are:", way);
    for (size_t i = 0; i < count; i++)
        klog("  %s", ways[i].name);
}
