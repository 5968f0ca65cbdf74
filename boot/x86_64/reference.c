/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of known frequency: HPET (IA-PC HPET 1.0a §2.3), ACPI power management timer (ACPI 6.4
 * §4.8.3.3), 8254 (data sheet, "Counter Latch Command", mode 0), local APIC timer (Intel SDM 3A
 * §10.5.4).
 */
#include "reference.h"

#include <arch/mmio.h>
#include <arch/pio.h>

#include "boot/platform.h"

#define FEMTOSECONDS_PER_SECOND UINT64_C(1000000000000000)

enum hpet_register { HPET_CAPABILITIES = 0x000, HPET_CONFIGURATION = 0x010, HPET_COUNTER = 0x0f0 };
#define HPET_BYTES              0x400u
#define HPET_COUNTER_64BIT      (UINT64_C(1) << 13)
#define HPET_PERIOD_SHIFT       32
#define HPET_PERIOD_MAX         UINT64_C(100000000) /* femtoseconds; §2.3.4 allows no more */
#define HPET_CONFIGURATION_MAIN UINT32_C(1)

#define PM_TIMER_HZ         UINT64_C(3579545)
#define PM_TIMER_MASK_24BIT UINT64_C(0xffffff)
#define PM_TIMER_MASK_32BIT UINT64_C(0xffffffff)

enum pit_port { PIT_CHANNEL_0 = 0x40, PIT_CONTROL = 0x43 };
enum pit_control { PIT_LATCH_0 = 0x00, PIT_MODE_0_BOTH_BYTES = 0x30, PIT_READ_BACK_0 = 0xe2 };
#define PIT_HZ         UINT64_C(1193182)
#define PIT_MASK       UINT64_C(0xffff)
#define PIT_STATUS_LOW 0x3fu /* what was written to the control port, in a status byte */

enum local_apic_register {
    LOCAL_APIC_LVT_TIMER = 0x320,
    LOCAL_APIC_INITIAL = 0x380,
    LOCAL_APIC_CURRENT = 0x390,
    LOCAL_APIC_DIVIDE = 0x3e0
};
#define LOCAL_APIC_BYTES      0x1000u
#define LOCAL_APIC_LVT_MASKED (UINT32_C(1) << 16)
#define LOCAL_APIC_DIVIDE_16  UINT32_C(3)
/* 1 GHz in QEMU (hw/intc/apic.c:apic_get_current_count()) and in KVM (arch/x86/kvm/lapic.h). */
#define LOCAL_APIC_TICK_FS (UINT64_C(16) * 1000000)

static volatile uint8_t *at(const struct reference *reference, uint32_t offset)
{
    return (volatile uint8_t *)reference->registers + offset;
}

/* --- HPET ------------------------------------------------------------------------------------ */

static uint64_t hpet_read_32bit(const struct reference *reference)
{
    return mmio_read32(at(reference, HPET_COUNTER));
}

static bool hpet_start(const struct machine *machine, struct reference *reference)
{
    uint64_t capabilities;
    uint32_t configuration;

    if (machine->time.hpet_address == 0)
        return false;
    reference->registers = mmio_map(machine->time.hpet_address, HPET_BYTES);
    if (reference->registers == NULL)
        return false;
    capabilities = mmio_read64(at(reference, HPET_CAPABILITIES));
    reference->femtoseconds = capabilities >> HPET_PERIOD_SHIFT;
    if (reference->femtoseconds == 0 || reference->femtoseconds > HPET_PERIOD_MAX)
        return false;
    configuration = mmio_read32(at(reference, HPET_CONFIGURATION));
    if ((configuration & HPET_CONFIGURATION_MAIN) == 0)
        mmio_write32(at(reference, HPET_CONFIGURATION), configuration | HPET_CONFIGURATION_MAIN);
    reference->name = "HPET";
    reference->read = hpet_read_32bit;
    reference->mask = UINT32_MAX;
    return true;
}

/* --- ACPI PM timer --------------------------------------------------------------------------- */

static uint64_t pm_timer_read(const struct reference *reference)
{
    return pio_read32((uint16_t)reference->port);
}

static bool pm_timer_start(const struct machine *machine, struct reference *reference)
{
    const struct machine_time *time = &machine->time;

    if (time->pm_timer.space != MACHINE_SPACE_PORT)
        return false;
    reference->name = "ACPI PM timer";
    reference->read = pm_timer_read;
    reference->mask = time->pm_timer_32bit ? PM_TIMER_MASK_32BIT : PM_TIMER_MASK_24BIT;
    reference->femtoseconds = FEMTOSECONDS_PER_SECOND / PM_TIMER_HZ;
    reference->port = time->pm_timer.address;
    return true;
}

/* --- 8254 ------------------------------------------------------------------------------------ */

/* Channel 0 counts down. */
static uint64_t pit_read(const struct reference *reference)
{
    uint32_t low, high;

    (void)reference;
    pio_write8(PIT_CONTROL, PIT_LATCH_0);
    low = pio_read8(PIT_CHANNEL_0);
    high = pio_read8(PIT_CHANNEL_0);
    return PIT_MASK - (high << 8 | low);
}

/*
 * Mode 0 raises its line once and counts on.  Also done where the PIT is not the reference:
 * firmware leaves it ticking 18 times a second (mode 2), which nobody serves but the host pays for.
 */
static void pit_quiet(void)
{
    pio_write8(PIT_CONTROL, PIT_MODE_0_BOTH_BYTES);
    pio_write8(PIT_CHANNEL_0, 0xff);
    pio_write8(PIT_CHANNEL_0, 0xff);
}

static bool pit_start(struct reference *reference)
{
    pio_write8(PIT_CONTROL, PIT_READ_BACK_0);
    if ((pio_read8(PIT_CHANNEL_0) & PIT_STATUS_LOW) != PIT_MODE_0_BOTH_BYTES)
        return false;
    reference->name = "PIT";
    reference->read = pit_read;
    reference->mask = PIT_MASK;
    reference->femtoseconds = FEMTOSECONDS_PER_SECOND / PIT_HZ;
    return true;
}

/* --- local APIC timer ------------------------------------------------------------------------ */

static uint64_t local_apic_read(const struct reference *reference)
{
    return UINT32_MAX - mmio_read32(at(reference, LOCAL_APIC_CURRENT));
}

/* Counts down once; 68 seconds are more than a measurement takes. */
static bool local_apic_start(const struct machine *machine, struct reference *reference)
{
    uint32_t lvt;

    reference->registers = mmio_map(machine->local_irq_address, LOCAL_APIC_BYTES);
    if (reference->registers == NULL)
        return false;
    lvt = mmio_read32(at(reference, LOCAL_APIC_LVT_TIMER));
    mmio_write32(at(reference, LOCAL_APIC_LVT_TIMER), lvt | LOCAL_APIC_LVT_MASKED);
    mmio_write32(at(reference, LOCAL_APIC_DIVIDE), LOCAL_APIC_DIVIDE_16);
    mmio_write32(at(reference, LOCAL_APIC_INITIAL), UINT32_MAX);
    mmio_write32(at(reference, LOCAL_APIC_LVT_TIMER), lvt);
    reference->name = "local APIC timer";
    reference->read = local_apic_read;
    reference->mask = UINT32_MAX;
    reference->femtoseconds = LOCAL_APIC_TICK_FS;
    reference->is_local_timer = true;
    return true;
}

bool reference_find(const struct machine *machine, struct reference *reference)
{
    *reference = (struct reference){0};
    pit_quiet();
    return hpet_start(machine, reference) || pm_timer_start(machine, reference) ||
           pit_start(reference) || local_apic_start(machine, reference);
}
