/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Off, reset, stop and crash.
 *
 * Off: ACPI's S5 (ACPI 6.4 §16.1.1; through the sleep control register on hardware-reduced
 * machines, §4.8.3.7).  microvm with acpi=off has no such register.  There, in this order: a
 * pvpanic device that knows the shutdown event (QEMU docs/specs/pvpanic), isa-debug-exit, and a
 * triple fault, which resets; with -no-reboot, as QEMU's documentation of microvm advises, that
 * ends QEMU with exit code 0.
 *
 * Reset: the FADT's register, port 0xcf9 (82371SB §4.1.16), the keyboard controller, a triple
 * fault.
 *
 * QEMU carries out a request for shutdown or reset asynchronously (qemu_system_shutdown_request()),
 * so each attempt is given time before the next one.
 */
#include "boot/power.h"

#include <arch/mmio.h>
#include <arch/pio.h>
#include <stddef.h>

#include "boot/platform.h"
#include "drivers/clock.h"
#include "drivers/klog.h"

#define ATTEMPT_NS UINT64_C(2000000000)

/* ACPI 6.4 §4.8.3.2.1, §4.8.3.7 */
#define PM1_CONTROL_SLP_TYP_SHIFT 10
#define PM1_CONTROL_SLP_TYP       (UINT32_C(7) << PM1_CONTROL_SLP_TYP_SHIFT)
#define PM1_CONTROL_SLP_EN        (UINT32_C(1) << 13)
#define SLEEP_CONTROL_TYP_SHIFT   2
#define SLEEP_CONTROL_EN          (UINT32_C(1) << 5)

#define RESET_PORT      0xcf9
#define RESET_PORT_HARD 0x02 /* then with bit 2 as well: the rising edge resets */
#define RESET_PORT_GO   0x06

#define KEYBOARD_COMMAND     0x64
#define KEYBOARD_INPUT_FULL  0x02
#define KEYBOARD_PULSE_RESET 0xfe
#define KEYBOARD_POLLS       10000u

/* QEMU docs/specs/pvpanic: reading gives the events that are understood. */
#define PVPANIC_PORT     0x505
#define PVPANIC_PANICKED 0x01u
#define PVPANIC_SHUTDOWN 0x04u
#define PORT_ABSENT      0xffu

/* hw/misc/debugexit.c: reads 0; the default port, and the one that nearly everybody chooses. */
static const uint16_t debug_exit_ports[] = {0x501, 0xf4};

static struct {
    const struct machine *machine;
    const struct options *options;
    volatile void *pvpanic;
} power;

static _Noreturn void stop(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* --- registers ------------------------------------------------------------------------------- */

static uint32_t register_read(const struct machine_register *at)
{
    volatile void *address = (volatile void *)(uintptr_t)at->address;

    if (at->space == MACHINE_SPACE_PORT)
        return at->access_bytes == 1   ? pio_read8((uint16_t)at->address)
               : at->access_bytes == 2 ? pio_read16((uint16_t)at->address)
                                       : pio_read32((uint16_t)at->address);
    return at->access_bytes == 1   ? mmio_read8(address)
           : at->access_bytes == 2 ? mmio_read16(address)
                                   : mmio_read32(address);
}

static void register_write(const struct machine_register *at, uint32_t value)
{
    volatile void *address = (volatile void *)(uintptr_t)at->address;

    if (at->space == MACHINE_SPACE_PORT) {
        if (at->access_bytes == 1)
            pio_write8((uint16_t)at->address, (uint8_t)value);
        else if (at->access_bytes == 2)
            pio_write16((uint16_t)at->address, (uint16_t)value);
        else
            pio_write32((uint16_t)at->address, value);
    } else if (at->access_bytes == 1) {
        mmio_write8(address, (uint8_t)value);
    } else if (at->access_bytes == 2) {
        mmio_write16(address, (uint16_t)value);
    } else {
        mmio_write32(address, value);
    }
}

static bool is_reachable(const struct machine_register *at)
{
    return at->space == MACHINE_SPACE_PORT ||
           (at->space == MACHINE_SPACE_MEMORY && mmio_map(at->address, at->access_bytes) != NULL);
}

static void wait_for_end(void)
{
    uint64_t start_ns = clock_monotonic_ns();

    while (clock_monotonic_ns() - start_ns < ATTEMPT_NS)
        __asm__ volatile("pause");
}

/* --- devices that end QEMU ------------------------------------------------------------------- */

static uint16_t find_debug_exit(void)
{
    if (power.options != NULL && power.options->debug_exit_port != 0)
        return power.options->debug_exit_port;
    for (size_t i = 0; i < sizeof(debug_exit_ports) / sizeof(debug_exit_ports[0]); i++) {
        if (pio_read8(debug_exit_ports[i]) == 0)
            return debug_exit_ports[i];
    }
    return 0;
}

/* QEMU 7.2 exits inside the write, QEMU 10 soon after it. */
static void try_debug_exit(uint8_t exit_code)
{
    uint16_t port = find_debug_exit();

    if (port != 0)
        pio_write8(port, exit_code >> 1);
}

static void try_pvpanic(uint8_t event)
{
    uint8_t events = pio_read8(PVPANIC_PORT);

    if (events != PORT_ABSENT && (events & event) != 0)
        pio_write8(PVPANIC_PORT, event);
    if (power.pvpanic != NULL && (mmio_read8(power.pvpanic) & event) != 0)
        mmio_write8(power.pvpanic, event);
}

/* No descriptor for the breakpoint's handler, nor for the fault's that follows. */
static void triple_fault(void)
{
    static const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } no_interrupts = {0, 0};

    __asm__ volatile("lidt %0; int3" : : "m"(no_interrupts));
}

/* --- off ------------------------------------------------------------------------------------- */

static void enter_s5(const struct machine_register *control, uint8_t type)
{
    uint32_t value;

    if (!is_reachable(control))
        return;
    value = register_read(control) & ~(PM1_CONTROL_SLP_TYP | PM1_CONTROL_SLP_EN);
    value |= (uint32_t)type << PM1_CONTROL_SLP_TYP_SHIFT;
    register_write(control, value | PM1_CONTROL_SLP_EN);
}

static void off_by_acpi(void)
{
    const struct machine_power *registers = &power.machine->power;

    if (!registers->has_s5)
        return;
    if (is_reachable(&registers->sleep_control))
        register_write(&registers->sleep_control,
                       (uint32_t)registers->s5_type_a << SLEEP_CONTROL_TYP_SHIFT |
                           SLEEP_CONTROL_EN);
    else if (!is_reachable(&registers->pm1a_control))
        return;
    enter_s5(&registers->pm1a_control, registers->s5_type_a);
    enter_s5(&registers->pm1b_control, registers->s5_type_b);
    wait_for_end();
}

_Noreturn void power_off(void)
{
    enum options_poweroff way = power.options->poweroff;

    klog("power: off");
    if (way == OPTIONS_POWEROFF_HALT)
        stop();
    if (way == OPTIONS_POWEROFF_AUTO) {
        off_by_acpi();
        try_pvpanic(PVPANIC_SHUTDOWN);
    }
    if (way != OPTIONS_POWEROFF_RESET) {
        try_debug_exit(POWER_EXIT_POWEROFF);
        if (find_debug_exit() != 0)
            wait_for_end();
    }
    klog("power: no way to switch off, resetting instead (QEMU -no-reboot exits)");
    triple_fault();
    stop();
}

/* --- the other ends -------------------------------------------------------------------------- */

static void reset_by_keyboard_controller(void)
{
    for (uint32_t i = 0; i < KEYBOARD_POLLS; i++) {
        if ((pio_read8(KEYBOARD_COMMAND) & KEYBOARD_INPUT_FULL) == 0)
            break;
    }
    pio_write8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
    wait_for_end();
}

/* The port is a part of the chipsets that also have PCI's configuration ports. */
static bool has_chipset(void)
{
    return power.machine->pci_host_count > 0 && power.machine->pci_hosts[0].config_ports;
}

_Noreturn void power_reboot(void)
{
    const struct machine_power *registers = &power.machine->power;

    klog("power: reset");
    if (is_reachable(&registers->reset)) {
        register_write(&registers->reset, registers->reset_value);
        wait_for_end();
    }
    if (has_chipset()) {
        pio_write8(RESET_PORT, RESET_PORT_HARD);
        pio_write8(RESET_PORT, RESET_PORT_GO);
        wait_for_end();
    }
    if (registers->has_8042)
        reset_by_keyboard_controller();
    triple_fault();
    stop();
}

_Noreturn void power_halt(void)
{
    klog("power: halted");
    stop();
}

_Noreturn void machine_crash(void)
{
    /* pvpanic's default action also ends QEMU, but with exit code 0. */
    try_debug_exit(POWER_EXIT_CRASH);
    try_pvpanic(PVPANIC_PANICKED);
    stop();
}

void power_init(const struct machine *machine, const struct options *options)
{
    power.machine = machine;
    power.options = options;
}

void power_add_pvpanic(volatile void *events_register)
{
    power.pvpanic = events_register;
}
