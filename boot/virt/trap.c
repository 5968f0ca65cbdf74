/* SPDX-License-Identifier: BSD-2-Clause */
/* The report of a trap on the serial line, in the same words on every machine. */
#include <arch/layout.h>

#include "boot/crash.h"
#include "boot/platform.h"
#include "boot/power.h"
#include "virt.h"

extern uint8_t stack_main_guard[], stack_main_end[], stack_trap_guard[], stack_trap_end[];
extern uint8_t stack_fault_guard[], stack_fault_end[], text_start[], text_end[];

uintptr_t stack_end_of(uintptr_t address)
{
    static const struct crash_stack stacks[] = {
        {stack_main_guard, stack_main_end},
        {stack_trap_guard, stack_trap_end},
        {stack_fault_guard, stack_fault_end},
    };
    return crash_stack_end(stacks, sizeof stacks / sizeof stacks[0], address);
}

static void report_page_fault(const struct virt_trap *trap)
{
    static const char *const accesses[] = {
        [VIRT_TRAP_OTHER] = ", at ",
        [VIRT_TRAP_READ] = ", reading ",
        [VIRT_TRAP_WRITE] = ", writing ",
        [VIRT_TRAP_FETCH] = ", fetching code at ",
    };
    uint64_t guard = (uintptr_t)stack_main_guard;

    crash_text(accesses[trap->access]);
    crash_hex(trap->address, 16);
    crash_text(trap->mapped ? " (not allowed)" : " (not mapped)");
    if (trap->address < 4096)
        crash_text(": null pointer");
    else if (trap->address >= guard && trap->address < guard + 4096)
        crash_text(": stack overflow");
}

static void report_registers(const struct virt_trap *trap)
{
    const char *name = trap->register_names;

    for (uint32_t i = 0; i < trap->register_count; i++) {
        char text[VIRT_NAME_WIDTH + 1] = "";
        for (uint32_t c = 0; c < VIRT_NAME_WIDTH; c++)
            text[c] = *name++;
        crash_text(" ");
        crash_text(text);
        crash_hex(trap->registers[i], 16);
        if (i % 3 == 2 || i + 1 == trap->register_count)
            crash_text("\n");
    }
}

/* gcc saves only the caller's frame pointer in a function that calls no other on RISC-V, where the
 * return address would be; that is still in its register. */
static void report_calls(const struct virt_trap *trap)
{
    uintptr_t record = trap->frame - LAYOUT_FRAME_RECORD;
    uintptr_t frame = trap->frame, address = trap->pc;

    crash_line(address);
    if (trap->link != 0 && record % sizeof record == 0 && stack_end_of(record) != 0) {
        uintptr_t saved = ((const uintptr_t *)record)[1];

        if (saved < (uintptr_t)text_start || saved >= (uintptr_t)text_end) {
            frame = saved;
            address = trap->link - 1;
            crash_line(address);
        }
    }
    crash_callers(address, frame);
}

void virt_trap_report(const struct virt_trap *trap)
{
    /* A trap inside a report says so in one line; one inside that goes straight to the end. */
    static int depth;
    depth++;
    if (depth > 3)
        arch_stop();
    if (depth > 2)
        machine_crash();
    crash_text(depth == 2 ? "\ntrap inside the report of a trap: " : "\ntrap: ");
    crash_text(trap->name);
    crash_text(" (code ");
    crash_hex(trap->code, 8);
    crash_text(")");
    if (trap->access != VIRT_TRAP_OTHER)
        report_page_fault(trap);
    crash_text("\n");
    if (depth == 1) {
        report_registers(trap);
        report_calls(trap);
    }
    machine_crash();
}
