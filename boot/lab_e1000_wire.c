/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shapes in which the device receives.  For most the guest needs somebody on the wire: it logs
 * which lengths it wants, and tests/lab/lab_e1000.py sends a frame of each.  The last one is good;
 * when it has come, the device has done with those before it.
 */
#include "lab_e1000_bench.h"

#include <string.h>

#include <arch/barrier.h>

#include "drivers/clock.h"
#include "drivers/dma.h"
#include "drivers/e1000.h"
#include "drivers/e1000_regs.h"
#include "drivers/klog.h"
#include "drivers/le.h"

/* A PC waits for its frames; nobody may be there to send them. */
#define PATIENCE_NS UINT64_C(10000000000)
/* What QEMU's e1000 receives nothing after RCTL was written (hw/net/e1000.c:set_rx_control). */
#define DEAF_NS    UINT64_C(1100000000)
#define ROOM_BYTES 2048u
#define GOOD_BYTES 60u

struct shape {
    const char *cve;
    const char *name;
    uint32_t receiver;   /* more bits of RCTL */
    uint32_t without;    /* descriptors without a buffer, at the start of the ring */
    uint32_t wire_bytes; /* the frame before the good one; 0: none */
};

static const struct shape shapes[] = {
    {"control", "receive-1514", 0, 0, 1514},
    {"2012-6075", "receive-1523", 0, 0, 1523},
    {"2012-6075", "receive-9000", 0, 0, 9000},
    {"2012-6075", "receive-17000-long", E1000_RCTL_LPE, 0, 17000},
    {"2020-28916", "receive-no-buffer", 0, 1, 0},
    {"2020-28916", "receive-4-no-buffer", 0, 4, 1514},
};

static volatile struct e1000_rx_descriptor *descriptor_at(const struct lab_bench *bench,
                                                          uint32_t index)
{
    return (void *)(uintptr_t)(bench->ring + LAB_RING_BYTES + index * 16u);
}

/* The upper half of the buffer is in eight places. */
static uint64_t room_at(const struct lab_bench *bench, uint32_t index)
{
    return dma_addr(bench->buffer + LAB_BUFFER_BYTES / 2 + (size_t)index * ROOM_BYTES);
}

static void receive_to(const struct lab_bench *bench, uint32_t receiver)
{
    uint64_t ring = dma_addr((const void *)(uintptr_t)bench->ring) + LAB_RING_BYTES;

    lab_set(bench, E1000_RDBAL, (uint32_t)ring);
    lab_set(bench, E1000_RDBAH, (uint32_t)(ring >> 32));
    lab_set(bench, E1000_RDLEN, LAB_RING_BYTES);
    lab_set(bench, E1000_RDH, 0);
    dma_wmb(); /* the descriptors before the index, as any driver */
    lab_set(bench, E1000_RDT, LAB_RING_COUNT - 1);
    (void)lab_get(bench, E1000_GPRC);
    (void)lab_get(bench, E1000_ROC);
    lab_set(bench, E1000_RCTL,
            E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_BSIZE2048 | E1000_RCTL_SECRC | receiver);
}

/* Whether the good frame is there; counts what the device has done with. */
static bool look(const struct lab_bench *bench, uint32_t *done, uint32_t *bytes)
{
    bool is_complete = false;

    *done = *bytes = 0;
    for (uint32_t i = 0; i < LAB_RING_COUNT; i++) {
        volatile struct e1000_rx_descriptor *descriptor = descriptor_at(bench, i);

        if ((descriptor->status & E1000_RX_DD) == 0)
            continue;
        dma_rmb();
        ++*done;
        *bytes += le16(descriptor->length);
        is_complete |= le16(descriptor->length) == GOOD_BYTES;
    }
    return is_complete;
}

static void run(const struct lab_bench *bench, const struct shape *shape)
{
    uint32_t done, bytes;

    klog("lab e1000: %s %s: begins", shape->cve, shape->name);
    lab_set(bench, E1000_RCTL, 0);
    for (uint32_t i = 0; i < LAB_RING_COUNT; i++)
        *descriptor_at(bench, i) = (struct e1000_rx_descriptor){
            .address = le64(i < shape->without ? 0 : room_at(bench, i))};
    receive_to(bench, shape->receiver);
    klog("lab e1000: %s %s: wants %u %u", shape->cve, shape->name, shape->wire_bytes, GOOD_BYTES);
    uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (!look(bench, &done, &bytes) && clock_monotonic_ns() < end_ns)
        ;
    (void)look(bench, &done, &bytes); /* those before it may have come while we looked */
    uint32_t frames = lab_get(bench, E1000_GPRC);
    uint32_t oversize = lab_get(bench, E1000_ROC);
    klog("lab e1000: %s %s: received=%u bytes=%u oversize=%u RDH=%u DD=%u", shape->cve, shape->name,
         frames, bytes, oversize, lab_get(bench, E1000_RDH), done);
    lab_set(bench, E1000_RCTL, 0);
}

uint32_t lab_wire(const struct lab_bench *bench, const char *only)
{
    uint32_t count = 0;

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (!lab_wants(only, shapes[i].cve))
            continue;
        run(bench, &shapes[i]);
        count++;
    }
    return count;
}

/* --- what is sent comes back --------------------------------------------------------------- */

static void set_phy(const struct lab_bench *bench, uint32_t value)
{
    uint64_t end_ns = clock_monotonic_ns() + DEAF_NS;

    lab_set(bench, E1000_MDIC, E1000_MDIC_BMCR_WRITE | value);
    while ((lab_get(bench, E1000_MDIC) & E1000_MDIC_DONE) == 0 && clock_monotonic_ns() < end_ns)
        ;
}

/*
 * Two frames, of which one is to be sent.  Each begins with the number 2, and is received over TDT:
 * so the device, while it sends, is told by itself to send up to there.
 */
uint32_t lab_loopback(const struct lab_bench *bench, const char *only)
{
    static const char cve[] = "2021-3416";
    static const char name[] = "receive-into-TDT";
    static const uint8_t tail[4] = {2};

    if (!lab_wants(only, cve))
        return 0;
    klog("lab e1000: %s %s: begins", cve, name);
    lab_send_from(bench, 0);
    memcpy(bench->buffer, tail, sizeof tail);
    lab_write_frame(bench, 0);
    lab_write_frame(bench, 1);
    for (uint32_t i = 0; i < LAB_RING_COUNT; i++)
        *descriptor_at(bench, i) =
            (struct e1000_rx_descriptor){.address = le64(bench->registers_address + E1000_TDT)};
    set_phy(bench, E1000_BMCR_LOOPBACK);
    receive_to(bench, E1000_RCTL_UPE | E1000_RCTL_LBM);
    uint64_t end_ns = clock_monotonic_ns() + DEAF_NS;
    while (clock_monotonic_ns() < end_ns)
        ;
    lab_send_to(bench, 1, cve, name);
    lab_set(bench, E1000_RCTL, 0);
    set_phy(bench, 0);
    return 1;
}
