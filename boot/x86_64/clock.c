/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time from the time stamp counter.  Its frequency is measured against a reference while the
 * machine does other things: one stamp at the start, further ones after 1 ms, 2 ms, 4 ms …, each
 * giving a longer base line, until the error bound is small.  A stamp is a reading of the
 * reference between two of the counter; their distance is its uncertainty, so that an emulator
 * thread that loses its processor in between makes the bound worse and never the result wrong.
 */
#include "boot/clock.h"

#include <errno.h>
#include <string.h>

#include "boot/machine.h"
#include "clock_x86.h"
#include "cpu.h"
#include "drivers/clock.h"
#include "drivers/klog.h"
#include "reference.h"
#include "rtc.h"

#define NS_PER_SECOND   UINT64_C(1000000000)
#define FS_PER_NS       UINT64_C(1000000)
#define HZ_PER_KHZ      1000u
#define HZ_PER_MHZ      1000000u
#define PARTS           UINT64_C(1000000) /* errors are in parts per million */
#define GOOD_PPM        5u
#define FIRST_REFINE_NS UINT64_C(1000000)
#define STAMP_ATTEMPTS  5u
#define SCALE_SHIFT     32u /* nanoseconds per count are kept as a fraction of 2^32 */

/*
 * Before the first measurement: faster than any counter, so that time runs too slowly and is later
 * put forward, and no timeout ends early.
 */
#define GUESS_HZ UINT64_C(5000000000)
#define GUESS_PPM                                                                                  \
    UINT64_C(4000000) /* the truth is above 1 GHz: off by at most four times itself                \
                       */

/* CPUID leaves (Intel SDM 2A CPUID; QEMU and KVM's of the timing information range). */
enum cpuid_leaf {
    CPUID_FEATURES = 1,
    CPUID_TSC = 0x15,
    CPUID_FREQUENCY = 0x16,
    CPUID_HYPERVISOR = 0x40000000,
    CPUID_HYPERVISOR_TSC = 0x40000010
};
#define CPUID_FEATURES_HYPERVISOR (UINT32_C(1) << 31)
#define CPUID_EXACT_PPM           1000u  /* what firmware or a hypervisor measured */
#define CPUID_NOMINAL_PPM         20000u /* what is printed on the box */

struct stamp {
    uint64_t tsc;
    uint64_t reference;
    uint64_t uncertainty; /* counts of the TSC */
};

static struct {
    bool started;
    uint64_t base_tsc; /* where the present scale starts */
    uint64_t base_ns;
    uint64_t scale;
    uint64_t last_ns;
    uint64_t error_ppm;
    /* the measurement */
    bool has_reference;
    struct reference reference;
    struct stamp first;
    uint64_t first_ns;
    uint64_t refine_at_ns;
    uint64_t refine_interval_ns;
} clock = {.refine_at_ns = UINT64_MAX};

static struct {
    bool exists;  /* the machine has a real-time clock … */
    bool present; /* … and it holds a date */
    bool known;
    uint8_t century;
    int64_t slack_ns;      /* how far the real-time clock may be ahead of the truth */
    int64_t base_ns;       /* since 1970 … */
    uint64_t monotonic_ns; /* … at this time */
    uint64_t check_at_ns;
} realtime;

static uint64_t tsc_read(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint64_t scale_of_hz(uint64_t hz)
{
    return (NS_PER_SECOND << SCALE_SHIFT) / hz;
}

static uint64_t counts_to_ns(uint64_t counts)
{
    return (uint64_t)((unsigned __int128)counts * clock.scale >> SCALE_SHIFT);
}

/* The frequency as the processor or the hypervisor says it; 0 if they do not. */
static uint64_t cpuid_hz(uint64_t *error_ppm)
{
    uint32_t highest = cpuid(0, 0).eax;
    struct cpuid leaf;

    *error_ppm = CPUID_EXACT_PPM;
    if ((cpuid(CPUID_FEATURES, 0).ecx & CPUID_FEATURES_HYPERVISOR) != 0 &&
        cpuid(CPUID_HYPERVISOR, 0).eax >= CPUID_HYPERVISOR_TSC) {
        leaf = cpuid(CPUID_HYPERVISOR_TSC, 0);
        if (leaf.eax != 0)
            return (uint64_t)leaf.eax * HZ_PER_KHZ;
    }
    if (highest >= CPUID_TSC) {
        leaf = cpuid(CPUID_TSC, 0);
        if (leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0)
            return (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
    }
    *error_ppm = CPUID_NOMINAL_PPM;
    return highest >= CPUID_FREQUENCY
               ? (uint64_t)(cpuid(CPUID_FREQUENCY, 0).eax & 0xffff) * HZ_PER_MHZ
               : 0;
}

static void start(uint64_t tsc)
{
    uint64_t hz = cpuid_hz(&clock.error_ppm);

    if (hz < HZ_PER_MHZ) {
        hz = GUESS_HZ;
        clock.error_ppm = GUESS_PPM;
    }
    clock.scale = scale_of_hz(hz);
    clock.base_tsc = tsc;
    clock.started = true;
}

static struct stamp take_stamp(void)
{
    struct stamp best = {.uncertainty = UINT64_MAX};

    for (uint32_t i = 0; i < STAMP_ATTEMPTS; i++) {
        uint64_t before = tsc_read();
        uint64_t reference = clock.reference.read(&clock.reference);
        uint64_t after = tsc_read();

        if (after - before < best.uncertainty) {
            best.uncertainty = after - before;
            best.tsc = before + best.uncertainty / 2;
            best.reference = reference;
        }
    }
    return best;
}

static void restart_measurement(const struct stamp *stamp, uint64_t now_ns)
{
    clock.first = *stamp;
    clock.first_ns = now_ns;
    clock.refine_interval_ns = FIRST_REFINE_NS;
    clock.refine_at_ns = now_ns + FIRST_REFINE_NS;
}

/*
 * What the reference says has passed since the first stamp.  How often its counter has wrapped
 * follows from the present scale; returns false when that is not good enough to tell.
 */
static bool reference_elapsed_ns(const struct stamp *stamp, uint64_t *elapsed_ns)
{
    const struct reference *reference = &clock.reference;
    uint64_t estimate_ns = counts_to_ns(stamp->tsc - clock.first.tsc);
    uint64_t counts = (stamp->reference - clock.first.reference) & reference->mask;
    uint64_t wrap_ns = (reference->mask + 1) * reference->femtoseconds / FS_PER_NS;
    uint64_t low_ns = counts * reference->femtoseconds / FS_PER_NS;
    uint64_t wraps = 0;

    if (estimate_ns / PARTS * clock.error_ppm > wrap_ns / 4)
        return false;
    if (estimate_ns > low_ns)
        wraps = (estimate_ns - low_ns + wrap_ns / 2) / wrap_ns;
    *elapsed_ns = low_ns + wraps * wrap_ns;
    return true;
}

static uint64_t scale_of(uint64_t ns, uint64_t counts)
{
    while (ns >> (64 - SCALE_SHIFT) != 0) {
        ns >>= 1;
        counts >>= 1;
    }
    return (ns << SCALE_SHIFT) / counts;
}

/* One more stamp, and from it a better scale; time goes on without a step back. */
static void refine(void)
{
    struct stamp stamp = take_stamp();
    uint64_t counts = stamp.tsc - clock.first.tsc;
    uint64_t now_ns = clock.base_ns + counts_to_ns(stamp.tsc - clock.base_tsc);
    uint64_t elapsed_ns, error_ns, true_ns;

    if (!reference_elapsed_ns(&stamp, &elapsed_ns) || elapsed_ns == 0 || counts == 0) {
        restart_measurement(&stamp, now_ns);
        return;
    }
    true_ns = clock.first_ns + elapsed_ns;
    clock.scale = scale_of(elapsed_ns, counts);
    clock.base_tsc = stamp.tsc;
    clock.base_ns = true_ns > now_ns ? true_ns : now_ns;
    error_ns = counts_to_ns(clock.first.uncertainty + stamp.uncertainty) / 2 +
               clock.reference.femtoseconds / FS_PER_NS + 1;
    clock.error_ppm = error_ns * PARTS / elapsed_ns + 1;
    clock.refine_interval_ns *= 2;
    clock.refine_at_ns = clock.base_ns + clock.refine_interval_ns;
    if (clock.error_ppm <= GOOD_PPM)
        clock.refine_at_ns = UINT64_MAX;
}

uint64_t clock_monotonic_ns(void)
{
    uint64_t tsc = tsc_read();
    uint64_t now_ns;

    if (!clock.started)
        start(tsc);
    if (tsc < clock.base_tsc) { /* another host's counter: go on from where time was */
        clock.base_tsc = tsc;
        clock.base_ns = clock.last_ns;
    }
    now_ns = clock.base_ns + counts_to_ns(tsc - clock.base_tsc);
    if (now_ns >= clock.refine_at_ns) {
        refine();
        now_ns = clock.base_ns;
    }
    if (now_ns > clock.last_ns)
        clock.last_ns = now_ns;
    return clock.last_ns;
}

void clock_init(const struct machine *machine)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct stamp stamp;

    realtime.exists = machine->time.has_rtc;
    realtime.present = realtime.exists;
    realtime.century = machine->time.rtc_century;
    if (!realtime.present)
        klog("clock: no real-time clock, time counts from 1970");
    clock.has_reference = reference_find(machine, &clock.reference);
    if (!clock.has_reference) {
        klog("clock: nothing to measure the time stamp counter by");
        return;
    }
    stamp = take_stamp();
    restart_measurement(&stamp, now_ns);
    klog("clock: time stamp counter, measured by the %s", clock.reference.name);
}

void clock_resume(const struct machine *machine)
{
    clock.refine_at_ns = UINT64_MAX; /* what is left of the old measurement is worth nothing */
    clock_init(machine);
    realtime.check_at_ns = 0;
}

uint64_t clock_refine_at_ns(void)
{
    /* Idling with a deadline would take the local timer away. */
    return clock.reference.is_local_timer ? UINT64_MAX : clock.refine_at_ns;
}

void clock_local_timer_taken(void)
{
    if (!clock.has_reference || !clock.reference.is_local_timer)
        return;
    if (clock.refine_at_ns != UINT64_MAX)
        refine();
    clock.has_reference = false;
    clock.refine_at_ns = UINT64_MAX;
}

/* --- the time of day ------------------------------------------------------------------------- */

static int64_t realtime_at(uint64_t monotonic_ns)
{
    return realtime.base_ns + (int64_t)(monotonic_ns - realtime.monotonic_ns);
}

/*
 * Compares with the real-time clock, which goes on while the machine is paused, saved or on its
 * way to another host.  It tells whole seconds: the truth is in [rtc, rtc + 1 s), at first taken to
 * be in the middle.  A small difference moves time only forward.
 */
static void check_realtime(uint64_t now_ns)
{
    int64_t seconds, rtc_ns, ours_ns = realtime_at(now_ns);

    realtime.check_at_ns = now_ns + NS_PER_SECOND;
    if (!rtc_read(realtime.century, &seconds)) {
        if (!realtime.known)
            klog("clock: the real-time clock holds no date, time counts from 1970");
        realtime.present = realtime.known;
        return;
    }
    rtc_ns = seconds * (int64_t)NS_PER_SECOND;
    if (!realtime.known || ours_ns < rtc_ns - 2 * (int64_t)NS_PER_SECOND ||
        ours_ns > rtc_ns + 2 * (int64_t)NS_PER_SECOND) {
        realtime.base_ns = rtc_ns + (int64_t)NS_PER_SECOND / 2;
        realtime.monotonic_ns = now_ns;
        realtime.slack_ns = 0;
    } else if (ours_ns < rtc_ns - realtime.slack_ns) {
        realtime.base_ns = rtc_ns - realtime.slack_ns;
        realtime.monotonic_ns = now_ns;
    }
    realtime.known = true;
}

int64_t clock_realtime_ns(void)
{
    uint64_t now_ns = clock_monotonic_ns();

    if (realtime.present && now_ns >= realtime.check_at_ns)
        check_realtime(now_ns);
    return realtime_at(now_ns);
}

bool clock_has_realtime(void)
{
    (void)clock_realtime_ns();
    return realtime.known;
}

int clock_set_realtime(int64_t realtime_ns)
{
    uint64_t now_ns = clock_monotonic_ns();

    realtime.base_ns = realtime_ns;
    realtime.monotonic_ns = now_ns;
    realtime.known = true;
    realtime.check_at_ns = now_ns + NS_PER_SECOND;
    /* It is given whole seconds and takes them for half over. */
    realtime.slack_ns = (int64_t)NS_PER_SECOND / 2;
    realtime.present =
        realtime.exists && rtc_write(realtime.century, realtime_ns / (int64_t)NS_PER_SECOND);
    return realtime.present ? 0 : -ENODEV;
}

int clock_load_realtime(void)
{
    uint64_t now_ns = clock_monotonic_ns();
    int64_t seconds;

    if (!realtime.exists || !rtc_read(realtime.century, &seconds))
        return -ENODEV;
    realtime.base_ns = seconds * (int64_t)NS_PER_SECOND + (int64_t)NS_PER_SECOND / 2;
    realtime.monotonic_ns = now_ns;
    realtime.check_at_ns = now_ns + NS_PER_SECOND;
    realtime.slack_ns = 0;
    realtime.present = true;
    realtime.known = true;
    return 0;
}
