/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See lab_e1000.h.  A shape is a list of transmit descriptors, or a pair of ring indices, that no
 * driver would write.  Each runs in a fresh ring of eight, and is judged by what a guest can see:
 * TPT and TOTL, how many frames the device passed on and how long they were; TDH, whether it came
 * to the end; DD, whether it said so.  QEMU sends inside the write of TDT (hw/net/e1000.c:
 * start_xmit), so all of it is there to be read right afterwards.
 */
#include "lab_e1000.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arch/barrier.h>

#include "drivers/dma.h"
#include "drivers/e1000.h"
#include "drivers/e1000_regs.h"
#include "drivers/klog.h"
#include "drivers/le.h"
#include "drivers/pci.h"
#include "lab_e1000_bench.h"
#include "pci_hosts.h"

#define STEPS_MAX 7u

_Static_assert(LAB_RING_BYTES % E1000_RING_UNIT == 0, "SDM §13.4.37");

enum kind { END, LEGACY, CONTEXT, DATA };

/* One descriptor.  The last one of a shape has EOP set, no other has. */
struct step {
    uint8_t kind;
    uint8_t header_bytes; /* CONTEXT */
    uint16_t segment_bytes;
    uint32_t bytes; /* LEGACY, DATA */
};

struct shape {
    const char *cve;
    const char *name;
    uint16_t head; /* TDH before, TDT; 0 and 0: as many as there are steps */
    uint16_t tail;
    struct step steps[STEPS_MAX];
};

#define CHAIN(cve, name, ...)                                                                      \
    {                                                                                              \
        cve, name, 0, 0,                                                                           \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define INDICES(cve, name, head, tail)                                                             \
    {                                                                                              \
        cve, name, head, tail,                                                                     \
        {                                                                                          \
            {                                                                                      \
                END, 0, 0, 0                                                                       \
            }                                                                                      \
        }                                                                                          \
    }
#define PIECE(bytes)                                                                               \
    {                                                                                              \
        LEGACY, 0, 0, bytes                                                                        \
    }
#define CUT(header, segment)                                                                       \
    {                                                                                              \
        CONTEXT, header, segment, 0                                                                \
    }
#define BODY(bytes)                                                                                \
    {                                                                                              \
        DATA, 0, 0, bytes                                                                          \
    }
#define FULL PIECE(0xffff)

static const struct shape shapes[] = {
    /* What a driver may do: one frame; three segments of one header. */
    CHAIN("control", "frame", PIECE(60)),
    CHAIN("control", "segments", CUT(54, 100), BODY(54 + 250)),
    /* Descriptors without EOP, appended to a buffer of 64 KiB without a look at its end. */
    CHAIN("2012-0029", "0xffff", FULL),
    CHAIN("2012-0029", "0x8000+0x7fff", PIECE(0x8000), PIECE(0x7fff)),
    CHAIN("2012-0029", "0x8000+0x8000", PIECE(0x8000), PIECE(0x8000)),
    CHAIN("2012-0029", "0xffff+0x100", FULL, PIECE(0x100)),
    CHAIN("2012-0029", "3x0xffff", FULL, FULL, FULL),
    CHAIN("2012-0029", "3x0x8000", PIECE(0x8000), PIECE(0x8000), PIECE(0x8000)),
    CHAIN("2012-0029", "7x0xffff", FULL, FULL, FULL, FULL, FULL, FULL, FULL),
    /* The same through segmentation: a header and a segment that together are longer than that. */
    CHAIN("2012-0029", "segment-0x100fe", CUT(0xff, 0xffff), BODY(0x1ffff)),
    /* Segments of no bytes: the loop over the data gets nowhere. */
    CHAIN("2015-6815", "segment-0", CUT(0, 0), BODY(1000)),
    CHAIN("2015-6815", "segment-0-twice", CUT(0, 0), BODY(1000), BODY(1000)),
    /* Indices that no walk around the ring meets: to the end of it, from its start, and both. */
    INDICES("2016-1981", "TDH=9", 9, 3),
    INDICES("2016-1981", "TDT=0x100", 0, 0x100),
    INDICES("2016-1981", "TDH=9,TDT=0x100", 9, 0x100),
    /* More bytes collected than header and segment hold: what is left to fill is less than 0. */
    CHAIN("2021-20257", "segment-after-frame", CUT(14, 100), PIECE(2000), BODY(1000)),
    CHAIN("2021-20257", "segment-0-after-frame", CUT(0, 0), PIECE(1), BODY(9)),
};

/* --- one shape ------------------------------------------------------------------------------ */

static void write_step(const struct lab_bench *bench, uint32_t index, const struct step *step,
                       bool last)
{
    uint32_t command = E1000_TX_RS | (last ? E1000_TX_EOP : 0u);
    uint32_t extended = (command | E1000_TX_DEXT | E1000_TX_TSE) << E1000_TX_COMMAND_SHIFT;
    uint64_t address = le64(dma_addr(bench->buffer));
    void *at = (void *)(uintptr_t)(bench->ring + index * 16u);

    if (step->kind == LEGACY) {
        struct e1000_tx_descriptor legacy = {
            .address = address, .length = le16((uint16_t)step->bytes), .command = (uint8_t)command};
        memcpy(at, &legacy, sizeof legacy);
    } else if (step->kind == CONTEXT) {
        struct e1000_tx_context context = {.command = le32(extended | E1000_TX_DTYP_CONTEXT),
                                           .header_bytes = step->header_bytes,
                                           .segment_bytes = le16(step->segment_bytes)};
        memcpy(at, &context, sizeof context);
    } else {
        struct e1000_tx_data data = {.address = address,
                                     .command = le32(extended | E1000_TX_DTYP_DATA | step->bytes)};
        memcpy(at, &data, sizeof data);
    }
}

static uint32_t write_steps(const struct lab_bench *bench, const struct shape *shape)
{
    uint32_t count = 0;

    while (count < STEPS_MAX && shape->steps[count].kind != END)
        count++;
    for (uint32_t i = 0; i < count; i++)
        write_step(bench, i, &shape->steps[i], i + 1 == count);
    return count;
}

static uint32_t count_done(const struct lab_bench *bench)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < LAB_RING_COUNT; i++) {
        /* DD is at the same place in all three kinds. */
        if ((bench->ring[i * 16u + offsetof(struct e1000_tx_descriptor, status)] & E1000_TX_DD) !=
            0)
            done++;
    }
    return done;
}

/* Reading clears: the lower half first, the upper one clears both. */
static uint64_t total_bytes(const struct lab_bench *bench)
{
    uint64_t low = lab_get(bench, E1000_TOTL);

    return low | (uint64_t)lab_get(bench, E1000_TOTH) << 32;
}

bool lab_wants(const char *only, const char *cve)
{
    return *only == '\0' || strcmp(only, cve) == 0;
}

void lab_send_from(const struct lab_bench *bench, uint32_t head)
{
    uint64_t ring = dma_addr((const void *)(uintptr_t)bench->ring);

    lab_set(bench, E1000_TCTL, 0);
    memset((void *)(uintptr_t)bench->ring, 0, LAB_RING_BYTES);
    lab_set(bench, E1000_TDBAL, (uint32_t)ring);
    lab_set(bench, E1000_TDBAH, (uint32_t)(ring >> 32));
    lab_set(bench, E1000_TDLEN, LAB_RING_BYTES);
    lab_set(bench, E1000_TDT, head);
    lab_set(bench, E1000_TDH, head);
    lab_set(bench, E1000_TCTL, E1000_TCTL_EN);
    (void)lab_get(bench, E1000_TPT);
    (void)total_bytes(bench);
}

void lab_send_to(const struct lab_bench *bench, uint32_t tail, const char *cve, const char *name)
{
    dma_wmb(); /* the descriptors before the index, as any driver */
    lab_set(bench, E1000_TDT, tail);

    uint32_t frames = lab_get(bench, E1000_TPT);
    klog("lab e1000: %s %s: frames=%u bytes=%llu TDH=%u TDT=%u DD=%u", cve, name, frames,
         (unsigned long long)total_bytes(bench), lab_get(bench, E1000_TDH),
         lab_get(bench, E1000_TDT), count_done(bench));
    lab_set(bench, E1000_TCTL, 0);
}

void lab_write_frame(const struct lab_bench *bench, uint32_t index)
{
    static const struct step frame = PIECE(60);

    write_step(bench, index, &frame, true);
}

static void run(const struct lab_bench *bench, const struct shape *shape)
{
    klog("lab e1000: %s %s: begins", shape->cve, shape->name);
    lab_send_from(bench, shape->head);
    uint32_t count = write_steps(bench, shape);
    lab_send_to(bench, shape->tail != 0 ? shape->tail : count, shape->cve, shape->name);
}

/* --- the bench ------------------------------------------------------------------------------ */

static void find(void *ctx, const struct pci_function *function)
{
    struct pci_function *found = ctx;

    if (!found->host && e1000_model_name(function))
        *found = *function;
}

/* Broadcast, and the type that IEEE 802 leaves for experiments: nobody answers. */
static void write_frame(uint8_t *frame)
{
    memset(frame, 0x5a, LAB_BUFFER_BYTES);
    memset(frame, 0xff, 2 * E1000_MAC_BYTES);
    frame[6] = 0x02;
    frame[12] = 0x88;
    frame[13] = 0xb5;
}

static uint32_t run_shapes(const struct lab_bench *bench, const char *only)
{
    uint32_t count = 0;

    write_frame(bench->buffer);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (!lab_wants(only, shapes[i].cve))
            continue;
        run(bench, &shapes[i]);
        count++;
    }
    return count;
}

/* The 82574L collects pieces without copying them, and its loop-back is another: what the guest
 * sends means something else there. */
static void run_all(const struct lab_bench *bench, const struct pci_function *function,
                    const char *only)
{
    bool is_82574 = strcmp(e1000_model_name(function), "82574L") == 0;
    uint32_t count = is_82574 ? 0 : run_shapes(bench, only);

    count += lab_wire(bench, only);
    if (!is_82574)
        count += lab_loopback(bench, only);
    klog("lab e1000: done, %u shapes", count);
}

static void run_on(const struct pci_function *function, const char *only)
{
    struct lab_bench bench = {.ring = dma_alloc(2 * LAB_RING_BYTES),
                              .buffer = dma_alloc(LAB_BUFFER_BYTES)};
    struct pci_bar bar = {0};

    if (pci_assign(function) == 0 && pci_bar_read(function, E1000_BAR, &bar) == 0)
        bench.registers = pci_bar_map(function, E1000_BAR, 0, E1000_BAR_BYTES);
    bench.registers_address = bar.bus_address;
    klog("lab e1000: %s at pci %02x:%02x.%x", e1000_model_name(function), function->bus,
         function->slot, function->function);
    if (bench.registers && bench.ring && bench.buffer) {
        pci_enable(function);
        run_all(&bench, function, only);
        pci_disable(function);
    } else {
        klog("lab e1000: no memory, or no registers");
    }
    if (bench.ring)
        dma_free((void *)(uintptr_t)bench.ring, 2 * LAB_RING_BYTES);
    if (bench.buffer)
        dma_free(bench.buffer, LAB_BUFFER_BYTES);
}

void lab_e1000(const char *what)
{
    static const char name[] = "e1000";
    struct pci_function function = {0};
    uint32_t count;
    const struct pci_host *hosts = pci_hosts_get(&count);

    if (strncmp(what, name, sizeof name - 1) != 0 ||
        (what[sizeof name - 1] != '\0' && what[sizeof name - 1] != ':')) {
        klog("lab: there is only e1000[:CVE], no %s", what);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        pci_scan(&hosts[i], find, &function);
    if (function.host)
        run_on(&function, what + sizeof name - 1 + (what[sizeof name - 1] == ':'));
    else
        klog("lab e1000: this machine has none");
}
