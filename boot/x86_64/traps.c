/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps: the tables that lead to them and the report on the serial line (Intel SDM 3A §6, §7.7).
 * Every exception switches to a stack of its own, so that an overflow of the main stack can still
 * be told; double fault and NMI have further ones, because they may interrupt a report.
 */
#include "traps.h"

#include <stddef.h>

#include "boot/crash.h"
#include "boot/platform.h"
#include "boot/power.h"
#include "cpu.h"
#include "entry.h"

/* Intel SDM 3A §7.7: 64-bit task state segment. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed));

/* Intel SDM 3A §6.14.1: gate descriptor. */
struct gate {
    uint16_t offset_0;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_16;
    uint32_t offset_32;
    uint32_t reserved;
};
#define GATE_INTERRUPT 0x8e /* present, ring 0, interrupts off */

enum { IST_NONE, IST_TRAP, IST_DOUBLE_FAULT, IST_NMI };

enum { VECTOR_NMI = 2, VECTOR_DOUBLE_FAULT = 8, VECTOR_PAGE_FAULT = 14, VECTOR_MACHINE_CHECK = 18 };

static struct tss tss;
static struct gate idt[VECTOR_COUNT];

extern uint8_t trap_stubs[];
extern uint64_t gdt[];

static const char *const exception_names[VECTOR_EXCEPTIONS] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection",
    "page fault",
    "reserved",
    "x87 floating point",
    "alignment check",
    "machine check",
    "SIMD floating point",
    "virtualization",
    "control protection",
};

static void set_gate(unsigned int vector, uint8_t ist)
{
    uint64_t stub = (uintptr_t)trap_stubs + (uint64_t)vector * STUB_SIZE;
    idt[vector] = (struct gate){
        .offset_0 = (uint16_t)stub,
        .selector = SELECTOR_CODE,
        .ist = ist,
        .type = GATE_INTERRUPT,
        .offset_16 = (uint16_t)(stub >> 16),
        .offset_32 = (uint32_t)(stub >> 32),
    };
}

static void load_task_register(void)
{
    uint64_t base = (uintptr_t)&tss;
    tss.ist[IST_TRAP - 1] = (uintptr_t)stack_trap_end;
    tss.ist[IST_DOUBLE_FAULT - 1] = (uintptr_t)stack_fault_end;
    tss.ist[IST_NMI - 1] = (uintptr_t)stack_nmi_end;
    tss.io_map_base = sizeof tss;
    /* Intel SDM 3A §7.2.3: present, available 64-bit TSS. */
    gdt[SELECTOR_TSS / 8] = (sizeof tss - 1) | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 |
                            (base >> 24 & 0xff) << 56;
    gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

void traps_init(void)
{
    for (unsigned int i = 0; i < VECTOR_COUNT; i++)
        set_gate(i, i < VECTOR_EXCEPTIONS ? IST_TRAP : IST_NONE);
    set_gate(VECTOR_NMI, IST_NMI);
    set_gate(VECTOR_MACHINE_CHECK, IST_NMI);
    set_gate(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT);
    load_task_register();
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof idt - 1, (uintptr_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

uintptr_t stack_end_of(uintptr_t address)
{
    static const struct crash_stack stacks[] = {
        {stack_main_guard, stack_main_end},
        {stack_trap_guard, stack_trap_end},
        {stack_fault_guard, stack_fault_end},
        {stack_nmi_guard, stack_nmi_end},
    };
    return crash_stack_end(stacks, sizeof stacks / sizeof stacks[0], address);
}

static void report_page_fault(uint64_t error, uint64_t address)
{
    crash_text(error & 1 << 4   ? ", fetching code at "
               : error & 1 << 1 ? ", writing "
                                : ", reading ");
    crash_hex(address, 16);
    crash_text(error & 1 << 0 ? " (not allowed)" : " (not mapped)");
    if (address < 4096)
        crash_text(": null pointer");
    else if (address >= (uintptr_t)stack_main_guard && address < (uintptr_t)stack_main_guard + 4096)
        crash_text(": stack overflow");
}

static void report_registers(const struct trap_frame *f)
{
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        {" rip", f->rip}, {" rsp", f->rsp}, {" rfl", f->rflags}, {" rax", f->rax}, {" rbx", f->rbx},
        {" rcx", f->rcx}, {" rdx", f->rdx}, {" rsi", f->rsi},    {" rdi", f->rdi}, {" rbp", f->rbp},
        {"  r8", f->r8},  {"  r9", f->r9},  {" r10", f->r10},    {" r11", f->r11}, {" r12", f->r12},
        {" r13", f->r13}, {" r14", f->r14}, {" r15", f->r15},
    };
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        crash_text(registers[i].name);
        crash_text(" ");
        crash_hex(registers[i].value, 16);
        if (i % 3 == 2)
            crash_text("\n");
    }
}

void trap_report(const struct trap_frame *frame)
{
    /* A trap inside a report says so in one line; one inside that goes straight to the end. */
    static int depth;
    depth++;
    if (depth > 3)
        for (;;)
            __asm__ volatile("cli; hlt");
    if (depth > 2)
        machine_crash();
    crash_text(depth == 2 ? "\ntrap inside the report of a trap: " : "\ntrap: ");
    crash_text(exception_names[frame->vector] ? exception_names[frame->vector] : "reserved");
    crash_text(" (vector ");
    crash_decimal(frame->vector);
    crash_text("), error ");
    crash_hex(frame->error, 4);
    if (frame->vector == VECTOR_PAGE_FAULT)
        report_page_fault(frame->error, cr2_read());
    crash_text("\n");
    if (depth == 1) {
        report_registers(frame);
        crash_backtrace(frame->rip, frame->rbp);
    }
    machine_crash();
}
