/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's S3 (ACPI 6.4 §16.1.1, §16.3) on machines with PM1 registers and a firmware that looks
 * into the FACS for where to go afterwards, which are pc and q35 with SeaBIOS.
 */
#include <arch/pio.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "boot/clock.h"
#include "boot/hotplug.h"
#include "boot/pages.h"
#include "boot/pci_state.h"
#include "boot/platform.h"
#include "boot/power.h"
#include "drivers/clock.h"
#include "drivers/klog.h"
#include "entry.h"
#include "sleep.h"
#include "traps.h"

#define FALL_ASLEEP_NS UINT64_C(2000000000)

/* ACPI 6.4 §4.8.3.1.1, §4.8.3.2.1 */
#define PM1_STATUS_WAKE           UINT16_C(0x8000)
#define PM1_CONTROL_SLP_TYP_SHIFT 10
#define PM1_CONTROL_SLP_TYP       (7u << PM1_CONTROL_SLP_TYP_SHIFT)
#define PM1_CONTROL_SLP_EN        (1u << 13)

/* ACPI 6.4 §5.2.10 */
enum facs_field { FACS_LENGTH = 4, FACS_WAKING_VECTOR = 12, FACS_X_WAKING_VECTOR = 24 };
#define FACS_BYTES 64u

/* The copy is addressed with 32 bits. */
#define LOW_END (UINT64_C(1) << 32)

extern uint8_t data_start[];

static uint8_t *facs_of(const struct machine_power *power)
{
    uint8_t *facs = (uint8_t *)(uintptr_t)power->facs_address;
    uint32_t length;

    if (power->facs_address < PAGE_SIZE || power->facs_address > LOW_END - FACS_BYTES)
        return NULL;
    memcpy(&length, facs + FACS_LENGTH, sizeof(length));
    return memcmp(facs, "FACS", 4) == 0 && length >= FACS_BYTES ? facs : NULL;
}

static size_t copy_pages(void)
{
    return (size_t)(stack_main_end - data_start) / PAGE_SIZE;
}

/* Room for a copy of the image's data where 32 bits reach it; NULL if there is none. */
static void *take_copy(void)
{
    size_t pages = copy_pages();
    void *copy = pages_alloc(pages);

    if (copy != NULL && (uintptr_t)copy > LOW_END - pages * PAGE_SIZE) {
        pages_free(copy, pages);
        return NULL;
    }
    return copy;
}

bool power_can_sleep(const struct machine *machine)
{
    const struct machine_power *power = &machine->power;
    void *copy;

    if (!power->has_s3 || power->pm1a_control.space != MACHINE_SPACE_PORT ||
        power->pm1a_event.space != MACHINE_SPACE_PORT || facs_of(power) == NULL)
        return false;
    copy = take_copy();
    pages_free(copy, copy_pages());
    return copy != NULL;
}

static void enter(const struct machine_register *control, uint8_t type)
{
    uint16_t port = (uint16_t)control->address;
    uint16_t value;

    if (control->space != MACHINE_SPACE_PORT)
        return;
    value = pio_read16(port) & (uint16_t) ~(PM1_CONTROL_SLP_TYP | PM1_CONTROL_SLP_EN);
    value |= (uint16_t)(type << PM1_CONTROL_SLP_TYP_SHIFT);
    pio_write16(port, value);
    pio_write16(port, value | (uint16_t)PM1_CONTROL_SLP_EN);
}

static void fall_asleep(const struct machine_power *power)
{
    uint64_t start_ns;

    pio_write16((uint16_t)power->pm1a_event.address, PM1_STATUS_WAKE);
    __asm__ volatile("wbinvd" : : : "memory");
    enter(&power->pm1a_control, power->s3_type_a);
    enter(&power->pm1b_control, power->s3_type_b);
    /* The host stops the processor a little later. */
    start_ns = clock_monotonic_ns();
    while (clock_monotonic_ns() - start_ns < FALL_ASLEEP_NS)
        __asm__ volatile("pause");
}

static void prepare_wake(uint8_t *facs, uint32_t copy_address)
{
    uint8_t *code = (uint8_t *)(uintptr_t)WAKE_ADDRESS;
    uint32_t vector = WAKE_ADDRESS;

    memcpy(code, wake_start, (size_t)(wake_end - wake_start));
    memcpy(code + (wake_copy - wake_start), &copy_address, sizeof(copy_address));
    memcpy(facs + FACS_WAKING_VECTOR, &vector, sizeof(vector));
    memset(facs + FACS_X_WAKING_VECTOR, 0, 8); /* it would go before */
}

/* What a reset of the machine has undone, from the processor outwards. */
static void resume(const struct machine *machine)
{
    traps_init();
    pci_state_restore();
    interrupts_resume(machine);
    clock_resume(machine);
    hotplug_resume();
}

int power_sleep(const struct machine *machine)
{
    void *copy = power_can_sleep(machine) ? take_copy() : NULL;
    int result;

    if (copy == NULL)
        return -ENOTSUP;
    result = pci_state_save();
    if (result == 0) {
        prepare_wake(facs_of(&machine->power), (uint32_t)(uintptr_t)copy);
        if (sleep_save(copy) == 0) {
            fall_asleep(&machine->power);
            result = -EIO;
        }
        resume(machine);
    }
    pages_free(copy, copy_pages());
    return result;
}
