/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from a counter whose frequency the machine says exactly, and the time of day from a PL031
 * (Arm DDI 0224 §3) or Google's goldfish clock (QEMU hw/rtc/goldfish_rtc.c).
 */
#include "boot/clock.h"

#include <arch/mmio.h>

#include <errno.h>

#include "boot/platform.h"
#include "clock_scale.h"
#include "drivers/clock.h"
#include "drivers/klog.h"
#include "virt.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define GUESS_HZ      UINT64_C(1000000000)

#define PL031_DATA         0x00u /* seconds since 1970 */
#define PL031_LOAD         0x08u
#define GOLDFISH_TIME_LOW  0x00u /* nanoseconds since 1970; reading it latches the other half */
#define GOLDFISH_TIME_HIGH 0x04u
#define RTC_BYTES          0x1000u

static struct {
    uint64_t hz;
    uint64_t start;
    uint64_t last_ns;
} clock = {.hz = GUESS_HZ};

static struct {
    enum machine_rtc kind;
    volatile uint8_t *registers;
    int64_t base_ns;       /* since 1970 … */
    uint64_t monotonic_ns; /* … at this time */
    uint64_t check_at_ns;
} realtime;

void clock_set_frequency(uint64_t hz)
{
    if (hz != 0)
        clock.hz = hz;
    clock.start = arch_counter();
}

uint64_t clock_monotonic_ns(void)
{
    uint64_t counts = arch_counter() - clock.start;
    uint64_t now_ns =
        counts / clock.hz * NS_PER_SECOND + counts % clock.hz * NS_PER_SECOND / clock.hz;

    /* Another host's counter may be behind. */
    if (now_ns > clock.last_ns)
        clock.last_ns = now_ns;
    return clock.last_ns;
}

uint64_t clock_count_at(uint64_t ns)
{
    uint64_t seconds = ns / NS_PER_SECOND, rest = ns % NS_PER_SECOND;

    if (seconds >= UINT32_MAX)
        return UINT64_MAX - 1;
    return clock.start + seconds * clock.hz + rest * clock.hz / NS_PER_SECOND + 1;
}

void clock_init(const struct machine *machine)
{
    if (machine->time.rtc != MACHINE_RTC_NONE)
        realtime.registers = mmio_map(machine->time.rtc_address, RTC_BYTES);
    if (realtime.registers != NULL)
        realtime.kind = machine->time.rtc;
    else
        klog("clock: no real-time clock, time counts from 1970");
}

uint64_t clock_refine_at_ns(void)
{
    return UINT64_MAX;
}

/* --- the time of day ------------------------------------------------------------------------- */

static int64_t rtc_read_ns(void)
{
    uint64_t low;

    if (realtime.kind == MACHINE_RTC_PL031) /* in the middle of its second */
        return (int64_t)(mmio_read32(realtime.registers + PL031_DATA) * NS_PER_SECOND +
                         NS_PER_SECOND / 2);
    low = mmio_read32(realtime.registers + GOLDFISH_TIME_LOW);
    return (int64_t)((uint64_t)mmio_read32(realtime.registers + GOLDFISH_TIME_HIGH) << 32 | low);
}

static int64_t realtime_at(uint64_t monotonic_ns)
{
    return realtime.base_ns + (int64_t)(monotonic_ns - realtime.monotonic_ns);
}

/*
 * Compares with the real-time clock, which goes on while the machine is paused, saved or on its
 * way to another host.  One that tells whole seconds is right to half a second; a difference that
 * may be its own moves nothing.
 */
static void check_realtime(uint64_t now_ns)
{
    int64_t rtc_ns = rtc_read_ns();
    int64_t ahead_ns = realtime_at(now_ns) - rtc_ns;

    if (realtime.check_at_ns == 0 || ahead_ns > (int64_t)NS_PER_SECOND ||
        ahead_ns < -(int64_t)NS_PER_SECOND) {
        realtime.base_ns = rtc_ns;
        realtime.monotonic_ns = now_ns;
    }
    realtime.check_at_ns = now_ns + NS_PER_SECOND;
}

int64_t clock_realtime_ns(void)
{
    uint64_t now_ns = clock_monotonic_ns();

    if (realtime.kind != MACHINE_RTC_NONE && now_ns >= realtime.check_at_ns)
        check_realtime(now_ns);
    return realtime_at(now_ns);
}

static bool rtc_write_ns(int64_t realtime_ns)
{
    uint64_t ns = (uint64_t)realtime_ns;

    if (realtime.kind == MACHINE_RTC_NONE || realtime_ns < 0)
        return false;
    if (realtime.kind == MACHINE_RTC_GOLDFISH) { /* each half counts at once, and the lower runs */
        mmio_write32(realtime.registers + GOLDFISH_TIME_HIGH, (uint32_t)(ns >> 32));
        mmio_write32(realtime.registers + GOLDFISH_TIME_LOW, (uint32_t)ns);
        return true;
    }
    if (ns / NS_PER_SECOND > UINT32_MAX)
        return false;
    mmio_write32(realtime.registers + PL031_LOAD, (uint32_t)(ns / NS_PER_SECOND));
    return true;
}

int clock_set_realtime(int64_t realtime_ns)
{
    realtime.base_ns = realtime_ns;
    realtime.monotonic_ns = clock_monotonic_ns();
    if (rtc_write_ns(realtime_ns)) {
        realtime.check_at_ns = realtime.monotonic_ns + NS_PER_SECOND;
        return 0;
    }
    /* What is wrong there must not win. */
    realtime.check_at_ns = UINT64_MAX;
    return -ENODEV;
}

int clock_load_realtime(void)
{
    if (realtime.kind == MACHINE_RTC_NONE)
        return -ENODEV;
    realtime.check_at_ns = 0;
    (void)clock_realtime_ns();
    return 0;
}

bool clock_has_realtime(void)
{
    return realtime.kind != MACHINE_RTC_NONE;
}
