/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Off, reset, stop and crash: firmware's calls, then the registers that the device tree names
 * (syscon-poweroff, syscon-reboot), then whatever tells QEMU that this was the end.
 *
 * QEMU carries out a request for shutdown or reset asynchronously (qemu_system_shutdown_request()),
 * so each attempt is given time before the next one.
 */
#include "boot/power.h"

#include <arch/mmio.h>
#include <errno.h>
#include <stddef.h>

#include "boot/platform.h"
#include "drivers/clock.h"
#include "drivers/klog.h"
#include "virt.h"

#define ATTEMPT_NS UINT64_C(2000000000)

/* QEMU hw/misc/sifive_test.c: what gives QEMU an exit code. */
#define SIFIVE_TEST_FAIL       0x3333u
#define SIFIVE_TEST_CODE_SHIFT 16

/* QEMU docs/specs/pvpanic: reading gives the events that are understood. */
#define PVPANIC_PANICKED 0x01u
#define PVPANIC_SHUTDOWN 0x04u

static struct {
    const struct machine *machine;
    const struct options *options;
    volatile void *pvpanic;
    volatile void *sifive_test;
} power;

static void wait_for_end(void)
{
    uint64_t start_ns = clock_monotonic_ns();

    while (clock_monotonic_ns() - start_ns < ATTEMPT_NS)
        continue;
}

static void try_syscon(const struct machine_register *at, uint32_t value)
{
    if (at->space != MACHINE_SPACE_MEMORY)
        return;
    volatile void *address = mmio_map(at->address, sizeof(uint32_t));
    if (address == NULL)
        return;
    mmio_write32(address, value);
    wait_for_end();
}

static void try_exit(uint8_t code)
{
    if (power.sifive_test != NULL)
        mmio_write32(power.sifive_test,
                     (uint32_t)code << SIFIVE_TEST_CODE_SHIFT | SIFIVE_TEST_FAIL);
    else
        arch_exit(code);
}

static void try_pvpanic(uint8_t event)
{
    if (power.pvpanic != NULL && (mmio_read8(power.pvpanic) & event) != 0)
        mmio_write8(power.pvpanic, event);
}

_Noreturn void power_off(void)
{
    enum options_poweroff way = power.options->poweroff;

    klog("power: off");
    if (way == OPTIONS_POWEROFF_RESET)
        power_reboot();
    if (way == OPTIONS_POWEROFF_DEBUG_EXIT) {
        try_exit(POWER_EXIT_POWEROFF);
        wait_for_end();
    }
    if (way != OPTIONS_POWEROFF_HALT) {
        arch_power_off(power.machine);
        try_syscon(&power.machine->power.syscon_off, power.machine->power.syscon_off_value);
        try_pvpanic(PVPANIC_SHUTDOWN);
        klog("power: no way to switch off, stopping instead");
    }
    arch_stop();
}

_Noreturn void power_reboot(void)
{
    klog("power: reset");
    arch_power_reset(power.machine);
    try_syscon(&power.machine->power.syscon_reset, power.machine->power.syscon_reset_value);
    klog("power: no way to reset, stopping instead");
    arch_stop();
}

_Noreturn void power_halt(void)
{
    klog("power: halted");
    arch_stop();
}

/* QEMU's boards without ACPI cannot. */
bool power_can_sleep(const struct machine *machine)
{
    (void)machine;
    return false;
}

int power_sleep(const struct machine *machine)
{
    (void)machine;
    return -ENOTSUP;
}

_Noreturn void machine_crash(void)
{
    /* Before the exit, which may trap where semihosting is off. */
    try_pvpanic(PVPANIC_PANICKED);
    try_exit(POWER_EXIT_CRASH);
    arch_stop();
}

void power_init(const struct machine *machine, const struct options *options)
{
    power.machine = machine;
    power.options = options;
}

void power_use_test_device(uint64_t address)
{
    power.sifive_test = mmio_map(address, sizeof(uint32_t));
}

void power_add_pvpanic(volatile void *events_register)
{
    power.pvpanic = events_register;
}
