/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts (Intel SDM 3A §10, the local APIC; 82093AA I/O APIC data sheet): vectors for
 * messages and lines, the one-shot timer, and the sleep that they end.  Interrupts are on only
 * while the processor sleeps in cpu_idle_until(), so no handler ever meets half-done work.
 */
#include <arch/mmio.h>
#include <arch/pio.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "boot/machine.h"
#include "boot/platform.h"
#include "clock_x86.h"
#include "cpu.h"
#include "drivers/clock.h"
#include "drivers/irq.h"
#include "traps.h"

/* Intel SDM 3A §10.4.1, table 10-1: registers by their offset. */
enum {
    APIC_ID = 0x20,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_DIVIDE = 0x3e0,
};
#define APIC_SPURIOUS_ENABLE (1u << 8)
#define APIC_LVT_MASKED      (1u << 16)
/* Divide by 16: 2^32 ticks are then 68 seconds. */
#define APIC_TIMER_DIVIDE_16 3u

/* Intel SDM 3A §10.4.4: IA32_APIC_BASE. */
#define MSR_APIC_BASE      0x1b
#define APIC_BASE_X2APIC   (UINT64_C(1) << 10)
#define APIC_BASE_ENABLE   (UINT64_C(1) << 11)
#define LOCAL_APIC_ADDRESS UINT64_C(0xfee00000)
#define IOAPIC_ADDRESS     UINT64_C(0xfec00000)

/* 82093AA §3: index and data window, and the registers behind them. */
enum { IOAPIC_SELECT = 0x00, IOAPIC_WINDOW = 0x10 };
enum { IOAPIC_VERSION = 1, IOAPIC_REDIRECTION = 0x10 };
#define IOAPIC_MASKED     (1u << 16)
#define IOAPIC_LEVEL      (1u << 15)
#define IOAPIC_ACTIVE_LOW (1u << 13)

/* The local APIC's timer counts at 1 GHz in QEMU (hw/intc/apic_common.c) and KVM
 * (arch/x86/kvm/lapic.h, APIC_BUS_CYCLE_NS), before the divider.  If it were slower elsewhere a
 * sleep would be longer, if faster shorter; nothing depends on more than that it ends. */
#define TIMER_NS_PER_TICK 16u

#define LINES_MAX 32

struct ioapic {
    volatile uint8_t *registers;
    uint32_t gsi_base;
    uint32_t pin_count;
};

/* A driver on a line; several may share one, and then they share its vector. */
struct line {
    void (*acknowledge)(void *ctx);
    void *ctx;
    uint32_t gsi;
    uint32_t redirection; /* lower half of the pin's entry */
    uint8_t vector;
};

static volatile uint8_t *local_apic;
static uint32_t local_apic_id;
static struct ioapic ioapics[MACHINE_IRQ_CONTROLLERS_MAX];
static unsigned int ioapic_count;
static struct line lines[LINES_MAX];
static bool vector_used[VECTOR_COUNT];

static uint32_t apic_read(unsigned int offset)
{
    return mmio_read32(local_apic + offset);
}

static void apic_write(unsigned int offset, uint32_t value)
{
    mmio_write32(local_apic + offset, value);
}

static uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t index)
{
    mmio_write32(ioapic->registers + IOAPIC_SELECT, index);
    return mmio_read32(ioapic->registers + IOAPIC_WINDOW);
}

static void ioapic_write(const struct ioapic *ioapic, uint32_t index, uint32_t value)
{
    mmio_write32(ioapic->registers + IOAPIC_SELECT, index);
    mmio_write32(ioapic->registers + IOAPIC_WINDOW, value);
}

/* Writes a pin's redirection entry; the half with the mask last when it is being opened. */
static void ioapic_set_pin(const struct ioapic *ioapic, uint32_t pin, uint32_t low)
{
    ioapic_write(ioapic, IOAPIC_REDIRECTION + 2 * pin, low | IOAPIC_MASKED);
    ioapic_write(ioapic, IOAPIC_REDIRECTION + 2 * pin + 1, local_apic_id << 24);
    if (!(low & IOAPIC_MASKED))
        ioapic_write(ioapic, IOAPIC_REDIRECTION + 2 * pin, low);
}

static void ioapic_add(uint64_t address, uint32_t gsi_base)
{
    struct ioapic *ioapic = &ioapics[ioapic_count];
    ioapic->registers = mmio_map(address, 0x20);
    if (!ioapic->registers)
        return;
    uint32_t version = ioapic_read(ioapic, IOAPIC_VERSION);
    if (version == UINT32_MAX)
        return;
    ioapic->gsi_base = gsi_base;
    ioapic->pin_count = (version >> 16 & 0xff) + 1;
    /* Masked is how they come out of reset; firmware may have left some open. */
    for (uint32_t pin = 0; pin < ioapic->pin_count; pin++)
        if (!(ioapic_read(ioapic, IOAPIC_REDIRECTION + 2 * pin) & IOAPIC_MASKED))
            ioapic_write(ioapic, IOAPIC_REDIRECTION + 2 * pin, IOAPIC_MASKED);
    ioapic_count++;
}

/* Enabled, in the mode with memory-mapped registers; a loader may have chosen the other one, and
 * the way back leads through "disabled" (Intel SDM 3A §10.12.5). */
static int local_apic_start(uint64_t address)
{
    if (!(cpuid(1, 0).edx & 1u << 9))
        return -ENODEV;
    uint64_t base = msr_read(MSR_APIC_BASE);
    if (base & APIC_BASE_X2APIC)
        msr_write(MSR_APIC_BASE, base & ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE));
    base &= ~APIC_BASE_X2APIC;
    if (msr_read(MSR_APIC_BASE) != (base | APIC_BASE_ENABLE))
        msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
    local_apic = mmio_map(address, 0x1000);
    if (!local_apic)
        return -ENODEV;
    local_apic_id = apic_read(APIC_ID) >> 24;
    apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
    apic_write(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE_16);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
    apic_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    return 0;
}

int interrupts_init(const struct machine *machine)
{
    /* The 8259s, if there are any: every interrupt arrives through an APIC, and QEMU raises the
     * first 16 lines at both (hw/i386/x86.c:gsi_handler). */
    pio_write8(0x21, 0xff);
    pio_write8(0xa1, 0xff);
    int error = local_apic_start(machine->local_irq_address ? machine->local_irq_address
                                                            : LOCAL_APIC_ADDRESS);
    if (error)
        return error;
    for (uint32_t i = 0; i < machine->irq_controller_count && i < MACHINE_IRQ_CONTROLLERS_MAX; i++)
        ioapic_add(machine->irq_controllers[i].address, machine->irq_controllers[i].gsi_base);
    if (!machine->irq_controller_count)
        ioapic_add(IOAPIC_ADDRESS, 0);
    return 0;
}

/* --- vectors ------------------------------------------------------------------------------- */

static int vector_take(void)
{
    for (int vector = VECTOR_IRQ_FIRST; vector < VECTOR_IRQ_END; vector++) {
        if (!vector_used[vector]) {
            vector_used[vector] = true;
            return vector;
        }
    }
    return -ENOSPC;
}

int irq_message_request(struct irq_message *message)
{
    if (!local_apic)
        return -ENOTSUP;
    int vector = vector_take();
    if (vector < 0)
        return vector;
    /* Intel SDM 3A §10.11: fixed delivery, edge, to this processor. */
    message->address = LOCAL_APIC_ADDRESS | local_apic_id << 12;
    message->data = (uint32_t)vector;
    return 0;
}

void irq_message_release(const struct irq_message *message)
{
    vector_used[message->data % VECTOR_COUNT] = false;
}

static const struct ioapic *ioapic_of(uint32_t gsi)
{
    for (unsigned int i = 0; i < ioapic_count; i++)
        if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].pin_count)
            return &ioapics[i];
    return NULL;
}

static struct line *line_find(uint32_t gsi, const struct line *except)
{
    for (size_t i = 0; i < LINES_MAX; i++)
        if (lines[i].acknowledge && lines[i].gsi == gsi && &lines[i] != except)
            return &lines[i];
    return NULL;
}

int irq_line_request(uint32_t gsi, int level_triggered, int active_low,
                     void (*acknowledge)(void *ctx), void *ctx)
{
    const struct ioapic *ioapic = ioapic_of(gsi);
    if (!ioapic)
        return -EINVAL;
    const struct line *shared = line_find(gsi, NULL);
    struct line *line = lines;
    while (line < lines + LINES_MAX && line->acknowledge)
        line++;
    int vector = shared ? shared->vector : vector_take();
    if (line == lines + LINES_MAX || vector < 0)
        return -ENOSPC;
    uint32_t redirection = shared ? shared->redirection
                                  : (uint32_t)vector | (level_triggered ? IOAPIC_LEVEL : 0) |
                                        (active_low ? IOAPIC_ACTIVE_LOW : 0);
    *line = (struct line){acknowledge, ctx, gsi, redirection, (uint8_t)vector};
    if (!shared)
        ioapic_set_pin(ioapic, gsi - ioapic->gsi_base, redirection);
    return 0;
}

void irq_line_release(uint32_t gsi, void *ctx)
{
    for (struct line *line = lines; line < lines + LINES_MAX; line++) {
        if (!line->acknowledge || line->gsi != gsi || line->ctx != ctx)
            continue;
        if (!line_find(gsi, line)) {
            const struct ioapic *ioapic = ioapic_of(gsi);
            ioapic_set_pin(ioapic, gsi - ioapic->gsi_base, IOAPIC_MASKED);
            vector_used[line->vector] = false;
        }
        line->acknowledge = NULL;
        return;
    }
}

void interrupts_resume(const struct machine *machine)
{
    ioapic_count = 0;
    (void)interrupts_init(machine);
    for (const struct line *line = lines; line < lines + LINES_MAX; line++) {
        const struct ioapic *ioapic = line->acknowledge ? ioapic_of(line->gsi) : NULL;
        if (ioapic)
            ioapic_set_pin(ioapic, line->gsi - ioapic->gsi_base, line->redirection);
    }
}

void interrupt_dispatch(const struct trap_frame *frame)
{
    for (size_t i = 0; i < LINES_MAX; i++)
        if (lines[i].acknowledge && lines[i].vector == frame->vector)
            lines[i].acknowledge(lines[i].ctx);
    /* A spurious interrupt is not in service (Intel SDM 3A §10.9). */
    if (frame->vector != VECTOR_SPURIOUS)
        apic_write(APIC_EOI, 0);
}

/* --- sleep --------------------------------------------------------------------------------- */

void cpu_idle_until(uint64_t deadline_ns)
{
    static bool timer_taken, timer_armed;
    if (deadline_ns != UINT64_MAX || !local_apic) {
        uint64_t now = clock_monotonic_ns();
        if (now >= deadline_ns || !local_apic)
            return;
        if (!timer_taken) {
            timer_taken = true;
            clock_local_timer_taken();
        }
        uint64_t ticks = (deadline_ns - now) / TIMER_NS_PER_TICK + 1;
        apic_write(APIC_TIMER_INITIAL, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
        timer_armed = true;
    } else if (timer_armed) {
        apic_write(APIC_TIMER_INITIAL, 0);
        timer_armed = false;
    }
    /* sti takes effect after the next instruction: an interrupt that is already pending comes
     * when hlt has begun, and ends it (Intel SDM 2B, STI). */
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}
