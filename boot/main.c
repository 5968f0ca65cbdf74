/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only file that sees both the drivers and the agent: the order of the start, the agent's
 * view of the machine, and the event loop.
 */
#include <arch/random.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent_machine.h"
#include "agent_tcp.h"
#include "clock.h"
#include "config.h"
#include "consoles.h"
#include "cpio.h"
#include "death.h"
#include "drivers/clock.h"
#include "drivers/klog.h"
#include "drivers/virtio_console.h"
#include "hotplug.h"
#include "klog.h"
#include "lab_e1000.h"
#include "log_ring.h"
#include "machine.h"
#include "memory.h"
#include "net/net.h"
#include "network.h"
#include "nics.h"
#include "pages.h"
#include "personality.h"
#include "platform.h"
#include "power.h"
#include "regions.h"

/* How long output may take to leave before a shutdown. */
#define POWER_GRACE_NS UINT64_C(200000000)
/* Between the end of the port and that of the machine. */
#define POWER_NOTICE_NS UINT64_C(100000000)
/* A file of the initrd is copied in pieces of this size. */
#define INITRD_PIECE ((size_t)1 << 20)
/* How often a network controller is looked at that has no interrupt. */
#define POLL_EVERY_NS UINT64_C(5000000)
/* How long network controllers wait at the start, so that the agent's first reply does not. */
#define NICS_AFTER_NS UINT64_C(20000000)

static struct options options;
static struct machine machine;
static struct platform_machine platform_machine;
static struct agent *agent;
static uint64_t idle_ns; /* how long the processor has slept */
static uint64_t nics_start_at_ns = UINT64_MAX;

/* --- the agent's platform ------------------------------------------------------------------ */

static bool power_wanted;
static enum platform_power power_mode;
static bool sleep_wanted;
static uint64_t power_deadline_ns;

static int64_t platform_realtime_ns(void *ctx)
{
    (void)ctx;
    return clock_realtime_ns();
}

static int platform_set_realtime(void *ctx, int64_t realtime_ns)
{
    (void)ctx;
    return clock_set_realtime(realtime_ns);
}

static int platform_load_realtime(void *ctx)
{
    (void)ctx;
    return clock_load_realtime();
}

static uint64_t platform_idle_ns(void *ctx)
{
    (void)ctx;
    return idle_ns;
}

static uint64_t platform_monotonic_ns(void *ctx)
{
    (void)ctx;
    return clock_monotonic_ns();
}

/* Only noted: what has been answered so far shall reach the host first. */
static int platform_power(void *ctx, enum platform_power mode)
{
    (void)ctx;
    power_wanted = true;
    power_mode = mode;
    power_deadline_ns = clock_monotonic_ns() + POWER_GRACE_NS;
    return 0;
}

static int platform_random(void *ctx, void *buffer, size_t bytes)
{
    uint8_t *at = buffer;
    uint64_t number;

    (void)ctx;
    for (size_t part; bytes; bytes -= part, at += part) {
        if (!arch_random(&number))
            return -ENODEV;
        part = bytes < sizeof number ? bytes : sizeof number;
        memcpy(at, &number, part);
    }
    return 0;
}

/* A fault that was asked for; it must look like one that was not. */
static void platform_crash(void *ctx)
{
    (void)ctx;
    panic("crash on purpose");
}

static int platform_suspend(void *ctx)
{
    (void)ctx;
    if (!power_can_sleep(&machine))
        return -ENOTSUP;
    sleep_wanted = true;
    power_deadline_ns = clock_monotonic_ns() + POWER_GRACE_NS;
    return 0;
}

static void platform_log(void *ctx, const char *line)
{
    (void)ctx;
    klog("%s", line);
}

static size_t platform_log_read(void *ctx, uint64_t *position, char *bytes, size_t size)
{
    (void)ctx;
    return log_ring_read(position, bytes, size);
}

static const struct platform platform = {
    .machine = &platform_machine,
    .small_caches = true,
    .page_alloc = memory_page_alloc,
    .page_free = memory_page_free,
    .resize = memory_resize,
    .memory_free = memory_free,
    .memory_total = memory_total,
    .realtime_ns = platform_realtime_ns,
    .set_realtime = platform_set_realtime,
    .load_realtime = platform_load_realtime,
    .monotonic_ns = platform_monotonic_ns,
    .random = platform_random,
    .idle_ns = platform_idle_ns,
    .power = platform_power,
    .crash = platform_crash,
    .device = agent_machine_device,
    .network = &net_facts,
    .suspend = platform_suspend,
    .log = platform_log,
    .log_read = platform_log_read,
};

/* --- consoles and sessions ----------------------------------------------------------------- */

static const struct channel_ops port_ops = {
    .peek = virtio_console_port_peek,
    .consume = virtio_console_port_consume,
    .reserve = virtio_console_port_reserve,
    .commit = virtio_console_port_commit,
    .flush = virtio_console_port_flush,
    .set_open = virtio_console_port_set_open,
};

static void *user_attach(void *ctx, struct virtio_console *console)
{
    (void)ctx;
    return session_create(agent, (struct channel){&port_ops, console});
}

static void user_restart(void *session)
{
    session_closed(session);
}

static void user_detach(void *session)
{
    session_destroy(session);
}

static bool user_poll(void *session)
{
    return session_poll(session);
}

static const struct console_user user = {
    .attach = user_attach,
    .restart = user_restart,
    .detach = user_detach,
    .poll = user_poll,
    .may_begin = session_may_begin,
    .filler = SESSION_FILLER,
};

/* --- events of the machine ----------------------------------------------------------------- */

static void on_removal(void *ctx, uint8_t bus, uint8_t slot)
{
    (void)ctx;
    consoles_remove(bus, slot);
    nics_remove(bus, slot);
}

static void on_added(void *ctx)
{
    (void)ctx;
    consoles_scan();
    nics_start();
}

static void on_power_button(void *ctx)
{
    klog("power button");
    platform_power(ctx, PLATFORM_POWERDOWN);
}

static const struct hotplug_events hotplug_events = {
    .pci_removal_requested = on_removal,
    .pci_added = on_added,
    .power_button = on_power_button,
};

/* --- the initial file tree ----------------------------------------------------------------- */

/* What the archive still takes of memory. */
static struct regions archive;

/* Gives back the whole pages in [from, to); returns where the next piece starts. */
static uintptr_t archive_release(uintptr_t from, uintptr_t to)
{
    uintptr_t first = (from + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
    uintptr_t end = to & ~(uintptr_t)(PAGE_SIZE - 1);
    if (first >= end)
        return from;
    pages_release(first, end - first);
    regions_remove(&archive, first, end - first);
    return end;
}

/* In pieces that are given back as soon as they are copied: RAM need not hold a file twice. */
static int add_file(const struct cpio_entry *entry)
{
    const uint8_t *data = entry->data;
    uintptr_t kept = (uintptr_t)data;
    size_t done = 0;
    int error = agent_add_file(agent, entry->path, NULL, 0);
    while (!error && done < entry->size) {
        size_t piece = entry->size - done < INITRD_PIECE ? entry->size - done : INITRD_PIECE;
        error = agent_extend_file(agent, entry->path, data + done, piece);
        done += piece;
        if (!error && piece == INITRD_PIECE)
            kept = archive_release(kept, (uintptr_t)data + done);
    }
    if (error)
        agent_add_file(agent, entry->path, NULL, 0);
    return error;
}

static int add_entry(void *ctx, const struct cpio_entry *entry)
{
    (void)ctx;
    int error =
        entry->kind == CPIO_FILE ? add_file(entry) : agent_add_directory(agent, entry->path);
    if (!error)
        error = agent_set_attributes(agent, entry->path, entry->mode, entry->mtime);
    if (error)
        klog("initrd: %s: error %d", entry->path, error);
    return error;
}

static void unpack_initrd(const struct boot_info *info)
{
    if (!info->initrd)
        return;
    uint64_t base = (uintptr_t)info->initrd & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t end =
        ((uintptr_t)info->initrd + info->initrd_size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    regions_add(&archive, base, end - base);
    cpio_read(info->initrd, info->initrd_size, add_entry, NULL);
    for (unsigned int i = 0; i < archive.count; i++)
        pages_release(archive.items[i].base, archive.items[i].size);
}

/* --- start and loop ------------------------------------------------------------------------ */

static void start_agent(const struct boot_info *info)
{
    memory_init(options.memory_bytes);
    agent_machine_tell(&machine, info, &platform_machine);
    agent = agent_create(&platform);
    if (!agent)
        panic("not enough memory for the agent");
    if (agent_set_rpcs(agent, options.block_rpcs, options.allow_rpcs))
        panic("not enough memory for the lists of commands");
    unpack_initrd(info);
    int error = personality_give(agent);
    if (error)
        klog("personality: error %d", error);
    if (options.hostname[0]) {
        char line[OPTIONS_HOSTNAME_BYTES + 1];
        int length = snprintf(line, sizeof line, "%s\n", options.hostname);
        agent_add_file(agent, "/etc/hostname", line, (size_t)length);
    }
}

/*
 * The port closes before the machine ends, as it does when an operating system ends its agent: a
 * management layer takes that for the beginning of the end (libvirt's agent-lifecycle event).  It
 * is given the time to take it: libvirt ends QEMU when the machine is off, and whoever still waits
 * for the agent then is told of an error (libvirt src/qemu/qemu_agent.c, qemuAgentIO).
 */
static _Noreturn void power_now(void)
{
    bool host_was_there = consoles_stop();
    uint64_t end_ns = clock_monotonic_ns() + POWER_NOTICE_NS;
    while (host_was_there && power_mode != PLATFORM_REBOOT && clock_monotonic_ns() < end_ns)
        cpu_idle_until(end_ns);
    switch (power_mode) {
    case PLATFORM_REBOOT:
        power_reboot();
    case PLATFORM_HALT:
        power_halt();
    default:
        power_off();
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Devices are let go of and found again: a sleep takes everything from them. */
static void suspend_now(void)
{
    int error;

    sleep_wanted = false;
    klog("power: sleeping");
    consoles_stop();
    nics_stop();
    error = power_sleep(&machine);
    consoles_init(&machine, options.agent_port, &user);
    if (!options.lab[0])
        nics_start();
    klog("power: awake again (%d)", error);
}

static void change_power(void)
{
    if (power_wanted)
        power_now();
    suspend_now();
}

static uint64_t next_deadline(void)
{
    uint64_t deadline = earlier(clock_refine_at_ns(), consoles_deadline_ns());
    deadline = earlier(deadline, agent_deadline_ns(agent));
    deadline = earlier(deadline, nics_start_at_ns);
    deadline = earlier(deadline, nics_deadline_ns());
    deadline = earlier(deadline, net_deadline_ns());
    deadline = earlier(deadline, agent_tcp_deadline_ns());
    return nics_need_polling() ? earlier(deadline, clock_monotonic_ns() + POLL_EVERY_NS) : deadline;
}

static void sleep_until(uint64_t deadline_ns)
{
    uint64_t start_ns = clock_monotonic_ns();

    cpu_idle_until(deadline_ns);
    idle_ns += clock_monotonic_ns() - start_ns;
}

static _Noreturn void run(void)
{
    for (;;) {
        bool moved = hotplug_poll();
        if (clock_monotonic_ns() >= nics_start_at_ns) {
            nics_start_at_ns = UINT64_MAX;
            nics_start();
        }
        moved |= consoles_poll();
        moved |= agent_poll(agent);
        moved |= nics_poll();
        moved |= agent_tcp_poll();
        net_poll();
        if (power_wanted || sleep_wanted) {
            if ((!moved && consoles_drained()) || clock_monotonic_ns() >= power_deadline_ns)
                change_power();
            continue;
        }
        if (moved || net_is_busy())
            continue;
        /* Controllers first: while one looks for its next frame, no console need be armed, which
         * would be read once more in each turn. */
        if (!nics_arm() && !consoles_arm())
            sleep_until(next_deadline());
    }
}

void kernel_main(struct boot_info *info)
{
    config_read(info, &options);
    klog_to_serial(options.log);
    power_init(&machine, &options);
    machine_discover(info, &options, &machine);
    if (interrupts_init(&machine))
        klog("no interrupt controller: the processor will not sleep");
    clock_init(&machine);
    start_agent(info);
    agent_tcp_init(&options, agent);
    nics_init(network_init(&options), options.nic_log_seconds);
    consoles_init(&machine, options.agent_port, &user);
    if (options.crash[0])
        death_by(options.crash);
    if (options.lab[0])
        lab_e1000(options.lab);
    else
        nics_start_at_ns = clock_monotonic_ns() + NICS_AFTER_NS;
    hotplug_init(&machine, &hotplug_events);
    klog("bare-qga: ready, agent port %s, %s, %llu MiB free", options.agent_port, info->protocol,
         (unsigned long long)(memory_free(NULL) >> 20));
    run();
}
