/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio consoles of the machine: see consoles.h. */
#include "consoles.h"

#include <errno.h>
#include <string.h>

#include "drivers/clock.h"
#include "drivers/klog.h"
#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "drivers/virtio_console.h"
#include "machine.h"
#include "nics.h"
#include "pages.h"
#include "pci_hosts.h"
#include "platform.h"
#include "power.h"

#define CONSOLES_MAX 16
/* Two rings' worth of what QEMU hands over at once, and output that it takes in one go. */
#define RX_BUFFERS 16
#define TX_BYTES   65536
/* How often a device is looked at that has no interrupt. */
#define POLL_EVERY_NS UINT64_C(5000000)

/* pvpanic-pci (QEMU docs/specs/pvpanic): BAR 0 holds its register. */
#define PVPANIC_VENDOR 0x1b36
#define PVPANIC_DEVICE 0x0011

struct console {
    bool pci_bound;
    bool gone;
    union {
        struct virtio_pci pci;
        struct virtio_mmio mmio;
    };
    struct virtio_console virtio;
    void *session;
};
#define CONSOLE_PAGES ((sizeof(struct console) + PAGE_SIZE - 1) / PAGE_SIZE)

static const struct machine *machine;
static const char *port_name;
static const struct console_user *user;
static const struct pci_host *pci_hosts;
static uint32_t pci_host_count;
static struct console *consoles[CONSOLES_MAX];

static struct virtio_device *device_of(struct console *console)
{
    return console->pci_bound ? &console->pci.device : &console->mmio.device;
}

/* --- one console --------------------------------------------------------------------------- */

static struct console **free_place(void)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++)
        if (!consoles[i])
            return &consoles[i];
    klog("more than %u consoles: the rest is not used", CONSOLES_MAX);
    return NULL;
}

static struct console *console_create(void)
{
    struct console *console = pages_alloc(CONSOLE_PAGES);
    return console ? memset(console, 0, sizeof *console) : NULL;
}

static void on_event(void *ctx, struct virtio_console *virtio, enum virtio_console_event event)
{
    struct console *console = ctx;
    (void)virtio;
    if (event == VIRTIO_CONSOLE_REMOVED)
        console->gone = true;
    if (console->session)
        user->restart(console->session);
}

/* Starts the protocol on a device that was taken, and gives it to the user. */
static int console_start(struct console *console)
{
    struct virtio_console_config config = {
        .port_name = port_name,
        .rx_buffers = RX_BUFFERS,
        .tx_bytes = TX_BYTES,
        .tx_filler = user->filler,
        .may_begin = user->may_begin,
        .event = on_event,
        .ctx = console,
    };
    int error = virtio_console_start(&console->virtio, device_of(console), &config);
    if (error)
        return error;
    console->session = user->attach(user->ctx, &console->virtio);
    if (console->session)
        return 0;
    virtio_console_stop(&console->virtio);
    return -ENOMEM;
}

static void console_destroy(struct console **place)
{
    struct console *console = *place;
    *place = NULL;
    user->detach(console->session);
    virtio_console_stop(&console->virtio);
    virtio_release(device_of(console));
    pages_free(console, CONSOLE_PAGES);
}

/* Puts a console whose device was probed with result `error` into its place, or gives it up. */
static void console_keep(struct console **place, struct console *console, int error)
{
    if (!error) {
        error = device_of(console)->type == VIRTIO_CONSOLE_TYPE ? console_start(console) : -ENODEV;
        if (error)
            virtio_release(device_of(console));
    }
    if (error) {
        pages_free(console, CONSOLE_PAGES);
        return;
    }
    *place = console;
}

/* --- discovery ----------------------------------------------------------------------------- */

static bool same_function(const struct pci_function *a, const struct pci_function *b)
{
    return a->host == b->host && a->bus == b->bus && a->slot == b->slot &&
           a->function == b->function;
}

static bool is_taken(const struct pci_function *function)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++)
        if (consoles[i] && consoles[i]->pci_bound &&
            same_function(&consoles[i]->pci.function, function))
            return true;
    return false;
}

const struct pci_function *consoles_function(size_t index)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++)
        if (consoles[i] && consoles[i]->pci_bound && index-- == 0)
            return &consoles[i]->pci.function;
    return NULL;
}

static void take_pvpanic(const struct pci_function *function)
{
    if (pci_assign(function))
        return;
    pci_enable(function);
    volatile void *events = pci_bar_map(function, 0, 0, 1);
    if (events)
        power_add_pvpanic(events);
}

static void visit_function(void *ctx, const struct pci_function *function)
{
    (void)ctx;
    if (function->vendor == PVPANIC_VENDOR && function->device == PVPANIC_DEVICE)
        take_pvpanic(function);
    nics_note(function);
    if (virtio_pci_type(function) != VIRTIO_CONSOLE_TYPE || is_taken(function))
        return;
    struct console **place = free_place();
    struct console *console = place ? console_create() : NULL;
    if (!console)
        return;
    console->pci_bound = true;
    console_keep(place, console, virtio_pci_probe(&console->pci, function));
}

static void scan_mmio(void)
{
    for (uint32_t i = 0; i < machine->virtio_mmio_count; i++) {
        const struct machine_virtio_mmio *at = &machine->virtio_mmio[i];
        volatile void *registers = mmio_map(at->address, at->bytes);
        struct console **place = free_place();
        struct console *console = registers && place ? console_create() : NULL;
        if (!console)
            return;
        struct pci_line line = {at->irq.gsi, at->irq.level_triggered, at->irq.active_low};
        console_keep(place, console,
                     virtio_mmio_probe(&console->mmio, registers, at->bytes, &line));
    }
}

void consoles_scan(void)
{
    for (uint32_t i = 0; i < pci_host_count; i++)
        pci_scan(&pci_hosts[i], visit_function, NULL);
}

void consoles_init(const struct machine *from, const char *name,
                   const struct console_user *its_user)
{
    machine = from;
    port_name = name;
    user = its_user;
    pci_hosts_init(machine);
    pci_hosts = pci_hosts_get(&pci_host_count);
    consoles_scan();
    scan_mmio();
}

/* --- running ------------------------------------------------------------------------------- */

bool consoles_poll(void)
{
    bool moved = false;
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        struct console *console = consoles[i];
        if (!console)
            continue;
        moved |= virtio_console_poll(&console->virtio);
        if (console->gone)
            console_destroy(&consoles[i]);
        else
            moved |= user->poll(console->session);
    }
    return moved;
}

bool consoles_arm(void)
{
    bool waiting = false;
    for (size_t i = 0; i < CONSOLES_MAX; i++)
        if (consoles[i])
            waiting |= virtio_console_arm(&consoles[i]->virtio);
    return waiting;
}

uint64_t consoles_deadline_ns(void)
{
    uint64_t deadline = UINT64_MAX;
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        if (!consoles[i])
            continue;
        uint64_t due = device_of(consoles[i])->polled
                           ? clock_monotonic_ns() + POLL_EVERY_NS
                           : virtio_console_deadline_ns(&consoles[i]->virtio);
        if (due < deadline)
            deadline = due;
    }
    return deadline;
}

bool consoles_stop(void)
{
    bool was_open = false;
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        if (!consoles[i])
            continue;
        was_open |= virtio_console_is_open(&consoles[i]->virtio);
        console_destroy(&consoles[i]);
    }
    return was_open;
}

void consoles_remove(uint8_t bus, uint8_t slot)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++) {
        struct console *console = consoles[i];
        if (console && console->pci_bound && console->pci.function.bus == bus &&
            console->pci.function.slot == slot)
            console_destroy(&consoles[i]);
    }
}

bool consoles_drained(void)
{
    for (size_t i = 0; i < CONSOLES_MAX; i++)
        if (consoles[i] && !virtio_console_port_drained(&consoles[i]->virtio))
            return false;
    return true;
}
