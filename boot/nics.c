/* SPDX-License-Identifier: BSD-2-Clause */
/* The network controllers of the machine: see nics.h. */
#include "nics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/clock.h"
#include "drivers/e1000.h"
#include "drivers/e1000_regs.h"
#include "drivers/klog.h"
#include "drivers/pci.h"
#include "pages.h"

#define NICS_MAX       8u
#define SECOND_NS      UINT64_C(1000000000)
#define LOG_LINE_BYTES 200
#define LOG_WORD_BYTES 40 /* a name and a number, of 12 letters and 20 digits */

/* Lives in pages of its own, so that a machine without such a controller has none of it. */
struct nic {
    struct e1000 chip;
    bool link_up; /* as the user knows it */
    void *session;
    struct e1000_statistics logged;
};
#define NIC_PAGES ((sizeof(struct nic) + PAGE_SIZE - 1) / PAGE_SIZE)

/* A function that was found; `nic` is NULL until it was started, and for ever if that failed. */
struct place {
    bool used;
    bool tried;
    struct pci_function function;
    struct nic *nic;
};

static const struct nic_user *user;
static uint64_t log_every_ns;
static uint64_t log_at_ns = UINT64_MAX;
static struct place places[NICS_MAX];

/* --- the log -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint16_t field;
} columns[] = {
#define COLUMN(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct e1000_statistics, name)                                             \
    }
    COLUMN(rx_frames),    COLUMN(rx_bytes),     COLUMN(rx_broadcast), COLUMN(rx_multicast),
    COLUMN(rx_delivered), COLUMN(rx_crc),       COLUMN(rx_undersize), COLUMN(rx_oversize),
    COLUMN(rx_missed),    COLUMN(rx_no_buffer), COLUMN(rx_errors),    COLUMN(rx_pieces),
    COLUMN(rx_short),     COLUMN(rx_long),      COLUMN(tx_frames),    COLUMN(tx_bytes),
    COLUMN(tx_refused),   COLUMN(tx_lost),      COLUMN(link_changes), COLUMN(restarts),
#undef COLUMN
};

/* Every counter that is not 0, if one has changed since the last time; in one line, if it fits. */
static void log_counters(struct nic *nic)
{
    const struct e1000_statistics *now = e1000_statistics(&nic->chip);
    char line[LOG_LINE_BYTES] = "";
    size_t used = 0;

    if (memcmp(now, &nic->logged, sizeof *now) == 0)
        return;
    nic->logged = *now;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        char word[LOG_WORD_BYTES];
        uint64_t value;

        memcpy(&value, (const char *)now + columns[i].field, sizeof value);
        if (value == 0)
            continue;
        size_t length = (size_t)snprintf(word, sizeof word, " %s=%llu", columns[i].name,
                                         (unsigned long long)value);
        if (used + length >= sizeof line) {
            klog("nic %s:%s", nic->chip.name, line);
            used = 0;
        }
        memcpy(line + used, word, length + 1);
        used += length;
    }
    klog("nic %s:%s", nic->chip.name, line);
}

static void log_when_due(void)
{
    if (log_at_ns == UINT64_MAX || clock_monotonic_ns() < log_at_ns)
        return;
    log_at_ns = clock_monotonic_ns() + log_every_ns;
    for (size_t i = 0; i < NICS_MAX; i++) {
        if (places[i].nic)
            log_counters(places[i].nic);
    }
}

/* --- one controller ------------------------------------------------------------------------- */

static void stop(struct place *place)
{
    struct nic *nic = place->nic;

    place->nic = NULL;
    if (nic->session)
        user->detach(nic->session);
    e1000_release(&nic->chip);
    pages_free(nic, NIC_PAGES);
}

static int start(struct nic *nic, const struct pci_function *function)
{
    int error = e1000_probe(&nic->chip, function);

    if (error)
        return error;
    const uint8_t *mac = nic->chip.mac;
    klog("nic %s: %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s", nic->chip.name,
         e1000_model_name(function), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
         nic->chip.link_up ? "up" : "down");
    nic->link_up = nic->chip.link_up;
    if (!user)
        return 0;
    nic->session = user->attach(user->ctx, &nic->chip);
    if (nic->session)
        return 0;
    e1000_release(&nic->chip);
    return -ENOMEM;
}

static void try(struct place *place)
{
    const struct pci_function *function = &place->function;

    place->tried = true;
    if (!e1000_model_name(function)) {
        klog("nic pci %02x:%02x.%x: %04x:%04x is not supported, left alone", function->bus,
             function->slot, function->function, function->vendor, function->device);
        return;
    }
    struct nic *nic = pages_alloc(NIC_PAGES);
    int error = nic ? start(memset(nic, 0, sizeof *nic), function) : -ENOMEM;
    if (!error) {
        place->nic = nic;
        return;
    }
    if (nic)
        pages_free(nic, NIC_PAGES);
    klog("nic pci %02x:%02x.%x: %s cannot be used (error %d)", function->bus, function->slot,
         function->function, e1000_model_name(function), -error);
}

/* Without a user frames are only counted. */
static bool discard(struct e1000 *chip)
{
    const uint8_t *frame;
    bool any = false;

    for (size_t i = 0; i < E1000_RX_BUFFERS && e1000_receive(chip, &frame) != 0; i++) {
        e1000_recycle(chip);
        any = true;
    }
    return any;
}

static bool poll(struct place *place)
{
    struct nic *nic = place->nic;
    bool moved = e1000_poll(&nic->chip);

    if (nic->chip.link_up != nic->link_up) {
        nic->link_up = nic->chip.link_up;
        if (nic->session)
            user->link_changed(nic->session);
    }
    if (nic->chip.gone) {
        stop(place);
        if (!pci_present(&place->function))
            *place = (struct place){0};
        return true;
    }
    return (nic->session ? user->poll(nic->session) : discard(&nic->chip)) || moved;
}

/* --- all of them ---------------------------------------------------------------------------- */

void nics_init(const struct nic_user *its_user, uint32_t log_seconds)
{
    user = its_user;
    log_every_ns = log_seconds * SECOND_NS;
    log_at_ns = log_seconds != 0 ? 0 : UINT64_MAX;
}

static bool same_function(const struct pci_function *a, const struct pci_function *b)
{
    return a->host == b->host && a->bus == b->bus && a->slot == b->slot &&
           a->function == b->function;
}

void nics_note(const struct pci_function *function)
{
    struct place *free_place = NULL;

    if (function->class != E1000_CLASS || (!user && log_at_ns == UINT64_MAX))
        return;
    for (size_t i = 0; i < NICS_MAX; i++) {
        if (!places[i].used)
            free_place = free_place ? free_place : &places[i];
        else if (same_function(&places[i].function, function))
            return;
    }
    if (free_place)
        *free_place = (struct place){.used = true, .function = *function};
    else
        klog("more than %u network controllers: the rest is not used", NICS_MAX);
}

void nics_start(void)
{
    for (size_t i = 0; i < NICS_MAX; i++) {
        if (places[i].used && !places[i].tried)
            try(&places[i]);
    }
}

bool nics_poll(void)
{
    bool moved = false;

    for (size_t i = 0; i < NICS_MAX; i++) {
        if (places[i].nic)
            moved |= poll(&places[i]);
    }
    log_when_due();
    return moved;
}

bool nics_arm(void)
{
    bool waiting = false;

    for (size_t i = 0; i < NICS_MAX; i++) {
        if (places[i].nic)
            waiting |= e1000_arm(&places[i].nic->chip);
    }
    return waiting;
}

bool nics_need_polling(void)
{
    for (size_t i = 0; i < NICS_MAX; i++) {
        if (places[i].nic && places[i].nic->chip.polled)
            return true;
    }
    return false;
}

uint64_t nics_deadline_ns(void)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < NICS_MAX; i++) {
        if (!places[i].nic)
            continue;
        uint64_t its = e1000_deadline_ns(&places[i].nic->chip);
        deadline = its < deadline ? its : deadline;
        deadline = log_at_ns < deadline ? log_at_ns : deadline;
    }
    return deadline;
}

void nics_stop(void)
{
    for (size_t i = 0; i < NICS_MAX; i++) {
        if (places[i].nic)
            stop(&places[i]);
        places[i].tried = false;
    }
}

void nics_remove(uint8_t bus, uint8_t slot)
{
    for (size_t i = 0; i < NICS_MAX; i++) {
        struct place *place = &places[i];

        if (!place->used || place->function.bus != bus || place->function.slot != slot)
            continue;
        if (place->nic)
            stop(place);
        *place = (struct place){0};
    }
}

struct e1000 *nics_get(size_t index)
{
    for (size_t i = 0; i < NICS_MAX; i++) {
        if (places[i].nic && index-- == 0)
            return &places[i].nic->chip;
    }
    return NULL;
}
