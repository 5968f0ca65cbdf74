/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of an e1000: probe, interrupts, link, restart, release.  Setting up is in e1000_setup.c,
 * the two directions in e1000_rx.c and e1000_tx.c, the counters in e1000_statistics.c.
 *
 * Interrupts.  The causes that we want are unmasked once.  Reading ICR clears it and takes the line
 * down (SDM §13.4.17); that happens before the rings are looked at, in the interrupt itself for a
 * line, in the first poll after a sleep for a message.  What arrives after the read interrupts
 * again; what arrived before it is in the ring.  So nothing has to be masked while we poll, and
 * a busy driver touches no register but the two tails.
 */
#include "e1000.h"

#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "dma.h"
#include "e1000_parts.h"
#include "klog.h"
#include "pci_regs.h"

/* How long the chip may keep a frame while the link is up. */
#define HUNG_NS UINT64_C(2000000000)
/* Restarts in a row before a chip is given up. */
#define FAILURES_MAX 8u

/*
 * How long to look again after the last frame before sleeping.  QEMU lets 128 microseconds pass
 * between two interrupts (hw/net/e1000.c:set_interrupt_cause), so an answer to an answer is there
 * long before it is told.
 */
#define LINGER_NS UINT64_C(100000)

#define INTERRUPTS (E1000_INT_LSC | E1000_INT_RXO | E1000_INT_RXT0)

/* Both rings in one page. */
#define RX_RING_BYTES (E1000_RX_BUFFERS * sizeof(struct e1000_rx_descriptor))
#define RINGS_BYTES   (RX_RING_BYTES + E1000_TX_BUFFERS * sizeof(struct e1000_tx_descriptor))
#define RX_BYTES      ((size_t)E1000_RX_BUFFERS * E1000_BUFFER_BYTES)
#define TX_BYTES      ((size_t)E1000_TX_BUFFERS * E1000_BUFFER_BYTES)

static const struct e1000_model models[] = {
    {0x100e, 8, UINT32_C(1) << 4, false, "82540EM"},
    {0x100f, 8, UINT32_C(1) << 4, false, "82545EM"},
    {0x100c, 8, UINT32_C(1) << 4, false, "82544GC"},
    {0x10d3, 2, UINT32_C(1) << 1, true, "82574L"},
};

static const struct e1000_model *find_model(const struct pci_function *function)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        if (function->vendor == E1000_VENDOR && function->device == models[i].device)
            return &models[i];
    }
    return NULL;
}

const char *e1000_model_name(const struct pci_function *function)
{
    const struct e1000_model *model = find_model(function);
    return model != NULL ? model->name : NULL;
}

/* --- interrupts and link -------------------------------------------------------------------- */

/* Also the interrupt of a line, which may be another device's: then ICR has nothing that we miss.
 */
static void take_causes(void *ctx)
{
    struct e1000 *nic = ctx;
    nic->causes |= e1000_read(nic, E1000_ICR);
}

static void give_up(struct e1000 *nic, const char *why)
{
    klog("nic %s: %s", nic->name, why);
    nic->gone = true;
    nic->link_up = false;
}

static bool has_link(const struct e1000 *nic)
{
    return (e1000_read(nic, E1000_STATUS) & E1000_STATUS_LU) != 0;
}

static bool follow_link(struct e1000 *nic)
{
    bool up = has_link(nic);
    if (up == nic->link_up)
        return false;
    nic->link_up = up;
    nic->statistics.link_changes++;
    klog("nic %s: link %s", nic->name, up ? "up" : "down");
    return true;
}

/* Sets the chip up again after it went wrong; nobody has lost more than frames. */
static void restart(struct e1000 *nic, const char *why)
{
    if (!pci_present(&nic->function)) {
        give_up(nic, "gone");
        return;
    }
    if (++nic->failures > FAILURES_MAX) {
        give_up(nic, "still broken after many restarts, given up");
        return;
    }
    klog("nic %s: %s, set up again", nic->name, why);
    nic->statistics.restarts++;
    uint16_t command = pci_read16(&nic->function, PCI_COMMAND);
    pci_write16(&nic->function, PCI_COMMAND, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    if (e1000_reset(nic) != 0) {
        give_up(nic, "does not answer");
        return;
    }
    e1000_setup(nic);
    e1000_write(nic, E1000_IMS, INTERRUPTS);
    (void)follow_link(nic);
}

/* Notes since when the chip owes us the oldest frame, and tells whether that is too long.  Without
 * a link it owes nothing. */
static bool is_hung(struct e1000 *nic)
{
    e1000_tx_reap(nic);
    if (nic->tx_tail == nic->tx_told || !nic->link_up) {
        nic->tx_since_ns = 0;
        return false;
    }
    uint64_t now = clock_monotonic_ns();
    if (nic->tx_since_ns == 0)
        nic->tx_since_ns = now;
    return now - nic->tx_since_ns >= HUNG_NS;
}

/* --- polling and sleeping ------------------------------------------------------------------- */

bool e1000_poll(struct e1000 *nic)
{
    bool woken = nic->armed;
    nic->armed = false;
    if (nic->gone)
        return false;
    if (nic->polled || (woken && nic->interrupt.kind == PCI_INTERRUPT_BY_MSI))
        take_causes(nic);
    uint32_t causes = nic->causes;
    nic->causes = 0;
    if (causes == E1000_REGISTER_GONE) {
        restart(nic, "its registers are gone");
        return true;
    }
    bool changed = (causes & E1000_INT_LSC) != 0 && follow_link(nic);
    if (is_hung(nic)) {
        restart(nic, "sends nothing");
        changed = true;
    }
    return changed;
}

/* Whether the sender got what it wanted; else the chip is told to interrupt for it. */
static bool arm_sender(struct e1000 *nic)
{
    bool granted = nic->tx_wanted && !e1000_tx_full(nic);
    if (granted)
        nic->tx_wanted = false;
    if (nic->tx_wanted != nic->tx_wake) {
        nic->tx_wake = nic->tx_wanted;
        /* A cause from before is still in ICR, so nothing is missed in between. */
        e1000_write(nic, nic->tx_wake ? E1000_IMS : E1000_IMC, E1000_INT_TXDW);
    }
    return granted;
}

/* Whether a frame came a moment ago: the next one may be near. */
static bool lingers(struct e1000 *nic)
{
    uint64_t now = clock_monotonic_ns();
    if (nic->statistics.rx_delivered != nic->rx_delivered_before) {
        nic->rx_delivered_before = nic->statistics.rx_delivered;
        nic->rx_last_ns = now;
        return true;
    }
    return nic->rx_last_ns != 0 && now - nic->rx_last_ns < LINGER_NS;
}

bool e1000_arm(struct e1000 *nic)
{
    if (nic->gone)
        return false;
    e1000_flush(nic);
    if (lingers(nic))
        return true;
    nic->armed = true;
    nic->rx_last_ns = 0;
    if (nic->rx_unposted != 0)
        e1000_rx_post(nic);
    bool waits = is_hung(nic);
    waits |= arm_sender(nic);
    return waits || nic->causes != 0 || e1000_rx_waiting(nic);
}

uint64_t e1000_deadline_ns(const struct e1000 *nic)
{
    return nic->tx_since_ns != 0 ? nic->tx_since_ns + HUNG_NS : UINT64_MAX;
}

/* --- probe and release ---------------------------------------------------------------------- */

static void take_interrupt(struct e1000 *nic)
{
    int error = -ENOTSUP;
    if (nic->model->has_message)
        error = pci_interrupt_msi(&nic->interrupt, &nic->function);
    if (error != 0)
        error = pci_interrupt_line(&nic->interrupt, &nic->function, take_causes, nic);
    nic->polled = error != 0;
    if (error != 0)
        klog("nic %s: no interrupt (error %d), polling", nic->name, -error);
}

static void free_memory(struct e1000 *nic)
{
    if (nic->rx_ring != NULL)
        dma_free((void *)nic->rx_ring, RINGS_BYTES);
    if (nic->rx_memory != NULL)
        dma_free(nic->rx_memory, RX_BYTES);
    if (nic->tx_memory != NULL)
        dma_free(nic->tx_memory, TX_BYTES);
    nic->rx_ring = NULL;
    nic->tx_ring = NULL;
    nic->rx_memory = nic->tx_memory = NULL;
}

static int make_memory(struct e1000 *nic)
{
    uint8_t *rings = dma_alloc(RINGS_BYTES);
    nic->rx_ring = (void *)rings;
    nic->rx_memory = dma_alloc(RX_BYTES);
    nic->tx_memory = dma_alloc(TX_BYTES);
    if (rings == NULL || nic->rx_memory == NULL || nic->tx_memory == NULL) {
        free_memory(nic);
        return -ENOMEM;
    }
    nic->tx_ring = (void *)(rings + RX_RING_BYTES);
    return 0;
}

/* From a function that decodes to rings that the chip does not know yet. */
static int bring_up(struct e1000 *nic)
{
    nic->registers = pci_bar_map(&nic->function, E1000_BAR, 0, E1000_BAR_BYTES);
    if (nic->registers == NULL)
        return -ENODEV;
    int error = e1000_reset(nic);
    if (error == 0)
        error = e1000_read_mac(nic);
    return error != 0 ? error : make_memory(nic);
}

int e1000_probe(struct e1000 *nic, const struct pci_function *function)
{
    *nic = (struct e1000){.function = *function, .model = find_model(function)};
    (void)snprintf(nic->name, sizeof(nic->name), "pci %02x:%02x.%x", function->bus, function->slot,
                   function->function);
    if (nic->model == NULL)
        return -ENODEV;
    int error = pci_assign(function);
    if (error != 0)
        return error;
    /* Without mastering QEMU takes frames and sends nothing: set once, here. */
    pci_enable(function);
    error = bring_up(nic);
    if (error != 0) {
        pci_disable(function);
        return error;
    }
    e1000_statistics_begin(nic);
    e1000_setup(nic);
    take_interrupt(nic);
    e1000_write(nic, E1000_IMS, INTERRUPTS);
    nic->link_up = has_link(nic);
    return 0;
}

void e1000_release(struct e1000 *nic)
{
    /* The chip must have forgotten the rings before their memory is somebody else's; where its
     * reset does not do that, clearing mastering does. */
    if (pci_present(&nic->function))
        (void)e1000_reset(nic);
    pci_interrupt_release(&nic->interrupt);
    pci_disable(&nic->function);
    nic->gone = true;
    free_memory(nic);
}
