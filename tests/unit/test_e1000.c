/* SPDX-License-Identifier: BSD-2-Clause */
/* The e1000 driver against a chip with QEMU's habits, and against one that lies. */
/* sources: drivers/e1000*.c drivers/pci*.c tests/fake/fake_e1000.c tests/fake/fake_p*.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/e1000.h"
#include "drivers/e1000_regs.h"
#include "drivers/pci_regs.h"
#include "tests/fake/fake_e1000.h"
#include "tests/fake/fake_platform.h"

#define GOOD (E1000_RX_DD | E1000_RX_EOP)

static struct fake_e1000 fake;
static struct pci_host host;
static struct e1000 nic;
static const uint8_t station[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static void keep(void *ctx, const struct pci_function *function)
{
    *(struct pci_function *)ctx = *function;
}

static struct pci_function make(uint16_t device)
{
    struct pci_function function;
    fake_pci_reset();
    fake_dma_reset();
    fake_irq_line_result = fake_irq_message_result = 0;
    host = fake_pci_host(false);
    fake_e1000_init(&fake, device);
    pci_scan(&host, keep, &function);
    return function;
}

static void make_running(uint16_t device)
{
    struct pci_function function = make(device);
    assert_int_equal(e1000_probe(&nic, &function), 0);
}

/* Lets go, and nothing is left of it. */
static void finish(void)
{
    e1000_release(&nic);
    assert_int_equal(fake_dma_live, 0);
    assert_int_equal(fake_irq_lines_held, 0);
    assert_int_equal(fake_irq_messages_held, 0);
    assert_int_equal(fake_pci_config(fake.function, PCI_COMMAND, 2) & 7u, 0);
}

static uint32_t reg(uint32_t offset)
{
    return fake_e1000_register(&fake, offset);
}

/* A frame whose bytes tell its number and its length. */
static const uint8_t *frame_of(unsigned int number, size_t bytes)
{
    static uint8_t frame[70000];
    for (size_t i = 0; i < bytes; i++)
        frame[i] = (uint8_t)(number * 7u + i * 3u + bytes);
    return frame;
}

static void expect_nothing(void)
{
    const uint8_t *frame;
    assert_int_equal(e1000_receive(&nic, &frame), 0);
}

static void expect_frame(unsigned int number, size_t bytes)
{
    const uint8_t *frame;
    assert_int_equal(e1000_receive(&nic, &frame), bytes);
    assert_memory_equal(frame, frame_of(number, bytes), bytes);
    e1000_recycle(&nic);
}

static bool send(unsigned int number, size_t bytes)
{
    uint8_t *room;
    size_t size = e1000_reserve(&nic, &room);
    if (size == 0)
        return false;
    assert_int_equal(size, E1000_FRAME_MAX);
    memcpy(room, frame_of(number, bytes), bytes);
    e1000_commit(&nic, bytes);
    return true;
}

/* --- probe ---------------------------------------------------------------------------------- */

static void each_model_is_known(void **state)
{
    static const struct {
        uint16_t device;
        const char *name;
    } known[] = {{0x100e, "82540EM"}, {0x100f, "82545EM"}, {0x100c, "82544GC"}, {0x10d3, "82574L"}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        make_running(known[i].device);
        assert_string_equal(e1000_model_name(&nic.function), known[i].name);
        assert_memory_equal(nic.mac, station, 6);
        assert_string_equal(nic.name, "pci 00:03.0");
        assert_true(nic.link_up);
        assert_false(nic.polled);
        finish();
    }
}

static void others_are_left_alone(void **state)
{
    static const uint16_t others[] = {0x10c9, 0x1004, 0x1533, 0x0000};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct pci_function function = make(others[i]);
        assert_null(e1000_model_name(&function));
        assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
        assert_int_equal(fake.accesses, 0);
        assert_int_equal(fake_pci_config(fake.function, PCI_COMMAND, 2), 0);
    }
    struct pci_function function = make(0x100e);
    function.vendor = 0x1af4;
    assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
}

/* The register says done only in the chip's own layout: with the other one the address would come
 * from the receive address register, which here is another. */
static void both_eeprom_layouts(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 2; i++) {
        struct pci_function function = make(i == 0 ? 0x100e : 0x10d3);
        fake_e1000_set_register(&fake, E1000_RAL(0), 0x44332202);
        assert_int_equal(e1000_probe(&nic, &function), 0);
        assert_memory_equal(nic.mac, station, 6);
        assert_int_equal(reg(E1000_RAL(0)), 0x12005452);
        finish();
    }
}

static void a_silent_eeprom_is_not_waited_for(void **state)
{
    static const uint8_t other[6] = {0x02, 0x22, 0x33, 0x44, 0x34, 0x56};
    (void)state;
    struct pci_function function = make(0x100e);
    fake.eeprom_silent = true;
    fake_e1000_set_register(&fake, E1000_RAL(0), 0x44332202);
    assert_int_equal(e1000_probe(&nic, &function), 0);
    assert_memory_equal(nic.mac, other, 6);
    assert_true(fake.accesses < 1000);
    finish();
}

static void no_address_no_device(void **state)
{
    static const uint32_t bad[] = {0, 0xffffffff, 0x00005e01}; /* empty, erased, a group's */
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct pci_function function = make(0x100e);
        memset(fake.eeprom, (int)(bad[i] & 0xff), sizeof(fake.eeprom));
        fake_e1000_set_register(&fake, E1000_RAL(0), bad[i]);
        fake_e1000_set_register(&fake, E1000_RAH(0), bad[i] == 0x5e01 ? 0x0001 : bad[i]);
        assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
        assert_int_equal(fake_dma_live, 0);
        assert_int_equal(fake_pci_config(fake.function, PCI_COMMAND, 2) & 7u, 0);
    }
}

static void nothing_is_held_without_memory(void **state)
{
    (void)state;
    for (int budget = 0; budget < 3; budget++) {
        struct pci_function function = make(0x100e);
        fake_dma_budget = budget;
        assert_int_equal(e1000_probe(&nic, &function), -ENOMEM);
        assert_int_equal(fake_dma_live, 0);
        assert_int_equal(reg(E1000_RCTL), 0);
        assert_int_equal(fake_pci_config(fake.function, PCI_COMMAND, 2) & 7u, 0);
    }
}

static void chips_that_do_not_answer(void **state)
{
    (void)state;
    struct pci_function function = make(0x100e);
    fake.gone = true;
    assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
    function = make(0x100e);
    fake.reset_hangs = true;
    assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
    assert_true(fake.accesses < 1000);
    assert_int_equal(fake_dma_live, 0);
}

/* Everything is set, whatever an earlier owner left: QEMU's reset clears nothing. */
static void what_was_there_does_not_stay(void **state)
{
    (void)state;
    struct pci_function function = make(0x100e);
    for (uint32_t offset = 0; offset < 0x6000; offset += 4) {
        if (offset != E1000_STATUS && offset != E1000_RAL(0) && offset != E1000_RAH(0) &&
            offset != E1000_TCTL && offset != E1000_CTRL)
            fake_e1000_set_register(&fake, offset, UINT32_C(0xa5a5a5a5));
    }
    fake_e1000_set_register(&fake, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_LPE);
    fake_e1000_set_register(&fake, E1000_CTRL, UINT32_C(0x40000000) | 0x1880);
    assert_int_equal(e1000_probe(&nic, &function), 0);
    assert_int_equal(reg(E1000_RCTL),
                     E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_BSIZE2048 | E1000_RCTL_SECRC);
    assert_int_equal(reg(E1000_CTRL), E1000_CTRL_SLU | E1000_CTRL_ASDE);
    for (uint32_t i = 0; i < 128; i++)
        assert_int_equal(reg(E1000_MTA + 4 * i), 0);
    assert_int_equal(reg(E1000_RAL(0)), 0x12005452);
    assert_int_equal(reg(E1000_RAH(0)), UINT32_C(0x80005634));
    for (uint32_t i = 1; i < 15; i++)
        assert_int_equal(reg(E1000_RAH(i)) & E1000_RAH_AV, 0);
    assert_int_equal(reg(E1000_RDLEN), E1000_RX_BUFFERS * 16);
    assert_int_equal(reg(E1000_TDLEN), E1000_TX_BUFFERS * 16);
    assert_int_equal(reg(E1000_RDH) | reg(E1000_TDH) | reg(E1000_TDT), 0);
    assert_int_equal(reg(E1000_RDT), E1000_RX_BUFFERS - 1);
    assert_int_equal(reg(E1000_RDTR) | reg(E1000_RADV) | reg(E1000_ITR) | reg(E1000_RXCSUM), 0);
    assert_int_equal(reg(E1000_IMS), E1000_INT_LSC | E1000_INT_RXO | E1000_INT_RXT0);
    assert_int_equal(fake.rctl_writes, 2); /* off, and on */
    finish();
    assert_int_equal(reg(E1000_RCTL) | reg(E1000_TCTL) | reg(E1000_IMS), 0);
}

/* hw/net/e1000.c:set_rx_control: each write costs a second of reception. */
static void the_receiver_is_set_once(void **state)
{
    static const uint8_t group[1][6] = {{0x33, 0x33, 0, 0, 0, 1}};
    (void)state;
    make_running(0x100e);
    e1000_multicast(&nic, group, 1);
    fake_e1000_deliver(&fake, frame_of(0, 60), 60);
    expect_frame(0, 60);
    fake_e1000_link(&fake, false);
    fake_e1000_link(&fake, true);
    (void)e1000_poll(&nic);
    (void)e1000_arm(&nic);
    assert_int_equal(fake.rctl_writes, 1);
    finish();
}

/* --- receiving ------------------------------------------------------------------------------ */

static void frames_arrive_whole_and_in_order(void **state)
{
    static const size_t lengths[] = {14, 60, 64, 577, 1514, 1518, 1522, 2048};
    unsigned int sent = 0, received = 0;
    (void)state;
    make_running(0x100e);
    while (received < 10 * E1000_RX_BUFFERS) {
        unsigned int burst = received % 40 + 1;
        while (burst-- != 0 &&
               fake_e1000_deliver(&fake, frame_of(sent, lengths[sent % 8]), lengths[sent % 8]))
            sent++;
        while (received < sent) {
            expect_frame(received, lengths[received % 8]);
            received++;
        }
        expect_nothing();
    }
    assert_int_equal(nic.statistics.rx_delivered, received);
    assert_true(fake.rdt_writes <= received / (E1000_RX_BUFFERS / 4) + 1);
    finish();
}

static void a_full_ring_is_given_back(void **state)
{
    (void)state;
    make_running(0x100e);
    for (unsigned int round = 0; round < 5; round++) {
        unsigned int count = 0;
        while (fake_e1000_deliver(&fake, frame_of(count, 60), 60))
            count++;
        assert_int_equal(count, E1000_RX_BUFFERS - 1);
        assert_true(e1000_arm(&nic));
        (void)e1000_poll(&nic);
        for (unsigned int i = 0; i < count; i++)
            expect_frame(i, 60);
        expect_nothing();
        assert_false(e1000_arm(&nic));
        assert_int_equal(fake_e1000_room(&fake), E1000_RX_BUFFERS - 1);
    }
    finish();
}

static void nothing_without_done(void **state)
{
    (void)state;
    make_running(0x100e);
    assert_true(fake_e1000_write_back(&fake, E1000_RX_EOP, 0, 60));
    expect_nothing();
    finish();
}

/* Each of these is dropped and counted, and the next good frame comes. */
static void lies_about_a_frame(void **state)
{
    static const struct {
        uint8_t status, errors;
        uint16_t length;
        size_t counter;
    } lies[] = {
        {GOOD, 0, 0, offsetof(struct e1000_statistics, rx_short)},
        {GOOD, 0, 1, offsetof(struct e1000_statistics, rx_short)},
        {GOOD, 0, 13, offsetof(struct e1000_statistics, rx_short)},
        {GOOD, 0, 2049, offsetof(struct e1000_statistics, rx_long)},
        {GOOD, 0, 0x8000, offsetof(struct e1000_statistics, rx_long)},
        {GOOD, 0, 0xffff, offsetof(struct e1000_statistics, rx_long)},
        {GOOD, 0x01, 60, offsetof(struct e1000_statistics, rx_errors)},
        {GOOD, 0x02, 60, offsetof(struct e1000_statistics, rx_errors)},
        {GOOD, 0x04, 60, offsetof(struct e1000_statistics, rx_errors)},
        {GOOD, 0x10, 60, offsetof(struct e1000_statistics, rx_errors)},
        {GOOD, 0x80, 60, offsetof(struct e1000_statistics, rx_errors)},
        {GOOD | 0xf0, 0xff, 60, offsetof(struct e1000_statistics, rx_errors)},
    };
    (void)state;
    make_running(0x100e);
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        const uint64_t *counter =
            (const uint64_t *)(const void *)((const char *)&nic.statistics + lies[i].counter);
        uint64_t before = *counter;
        assert_true(fake_e1000_write_back(&fake, lies[i].status, lies[i].errors, lies[i].length));
        assert_true(fake_e1000_deliver(&fake, frame_of(1, 99), 99));
        expect_frame(1, 99);
        expect_nothing();
        assert_int_equal(*counter, before + 1);
    }
    assert_int_equal(nic.statistics.rx_short, 3);
    assert_int_equal(nic.statistics.rx_long, 3);
    assert_int_equal(nic.statistics.rx_errors, 6);
    finish();
}

/* A wrong checksum inside of a frame is the stack's to find (SDM §3.2.3.2: IPE, TCPE). */
static void checksums_are_not_ours(void **state)
{
    const uint8_t *frame;
    (void)state;
    make_running(0x10d3);
    assert_true(fake_e1000_write_back(&fake, GOOD | 0x40, E1000_RX_IPE | E1000_RX_TCPE, 60));
    assert_int_equal(e1000_receive(&nic, &frame), 60);
    e1000_recycle(&nic);
    finish();
}

/* All pieces go, also the one that looks like a frame; over the end of the ring too. */
static void frames_in_pieces(void **state)
{
    (void)state;
    make_running(0x100e);
    for (unsigned int i = 0; i < 3 * E1000_RX_BUFFERS; i++) {
        assert_true(fake_e1000_deliver(&fake, frame_of(i, 4000 + i), 4000 + i));
        assert_true(fake_e1000_deliver(&fake, frame_of(i, 60), 60));
        expect_frame(i, 60);
        expect_nothing();
        assert_int_equal(nic.statistics.rx_pieces, i + 1);
    }
    /* The end comes later than the look. */
    assert_true(fake_e1000_write_back(&fake, E1000_RX_DD, 0, 2048));
    expect_nothing();
    assert_true(fake_e1000_write_back(&fake, E1000_RX_DD, 0, 2048));
    assert_true(fake_e1000_write_back(&fake, GOOD, 0, 60));
    expect_nothing();
    assert_true(fake_e1000_deliver(&fake, frame_of(7, 60), 60));
    expect_frame(7, 60);
    finish();
}

/* A receiver that never ends a frame costs a ring at a time. */
static void rubbish_without_end(void **state)
{
    (void)state;
    make_running(0x100e);
    for (unsigned int round = 0; round < 20; round++) {
        while (fake_e1000_write_back(&fake, E1000_RX_DD, 0, 2048))
            ;
        expect_nothing();
        (void)e1000_arm(&nic);
        (void)e1000_poll(&nic);
    }
    assert_int_equal(nic.statistics.rx_pieces, 1);
    assert_int_equal(nic.statistics.rx_delivered, 0);
    finish();
}

/* hw/net/e1000.c leaves what it finds in status and errors. */
static void descriptors_are_clean_again(void **state)
{
    (void)state;
    make_running(0x100e);
    for (unsigned int i = 0; i < 2 * E1000_RX_BUFFERS; i++) {
        assert_true(fake_e1000_write_back(&fake, 0xff, 0xff, 0xffff));
        expect_nothing();
        (void)e1000_arm(&nic);
    }
    for (unsigned int i = 0; i < E1000_RX_BUFFERS; i++) {
        assert_true(fake_e1000_deliver(&fake, frame_of(i, 60), 60));
        expect_frame(i, 60);
        (void)e1000_arm(&nic);
    }
    finish();
}

/* Addresses that a chip wrote into the ring are not followed, and not left there. */
static void addresses_are_ours(void **state)
{
    size_t bytes;
    (void)state;
    make_running(0x100e);
    struct e1000_rx_descriptor *ring = (void *)fake_e1000_ring(&fake, false, &bytes);
    uint64_t address = ring[0].address;
    assert_true(fake_e1000_deliver(&fake, frame_of(3, 60), 60));
    ring[0].address = 0x666;
    expect_frame(3, 60);
    assert_int_equal(ring[0].address, address);
    finish();
}

static void a_lent_frame_stays(void **state)
{
    const uint8_t *frame;
    (void)state;
    make_running(0x100e);
    while (fake_e1000_deliver(&fake, frame_of(1, 60), 60))
        ;
    assert_int_equal(e1000_receive(&nic, &frame), 60);
    (void)e1000_arm(&nic);
    assert_false(fake_e1000_deliver(&fake, frame_of(2, 60), 60));
    assert_memory_equal(frame, frame_of(1, 60), 60);
    e1000_recycle(&nic);
    e1000_recycle(&nic); /* twice is once */
    expect_frame(1, 60);
    finish();
}

/* --- sending -------------------------------------------------------------------------------- */

static void frames_leave_whole_padded_and_in_order(void **state)
{
    static const uint8_t zeros[60];
    static const size_t lengths[] = {1, 1514, 42, 59, 60, 61, 1000}; /* not a ring's divisor */
    (void)state;
    make_running(0x100e);
    for (unsigned int i = 0; i < 5 * E1000_TX_BUFFERS; i++) {
        size_t bytes = lengths[i % 7];
        size_t wire = bytes < 60 ? 60 : bytes;
        assert_true(send(i, bytes));
        e1000_flush(&nic);
        assert_int_equal(fake.sent, i + 1);
        assert_int_equal(fake.sent_lengths[i % FAKE_E1000_SENT], wire);
        assert_memory_equal(fake.last_sent, frame_of(i, bytes), bytes);
        assert_memory_equal(fake.last_sent + bytes, zeros, wire - bytes);
    }
    assert_int_equal(nic.statistics.tx_refused, 0);
    finish();
}

static void one_register_write_for_a_batch(void **state)
{
    (void)state;
    make_running(0x100e);
    fake.tdt_writes = 0;
    for (unsigned int i = 0; i < 30; i++)
        assert_true(send(i, 60));
    assert_int_equal(fake.sent, 0);
    e1000_flush(&nic);
    e1000_flush(&nic);
    assert_int_equal(fake.sent, 30);
    assert_int_equal(fake.tdt_writes, 1);
    /* More than a ring without a flush in between goes out by itself. */
    for (unsigned int i = 0; i < 3 * E1000_TX_BUFFERS; i++)
        assert_true(send(i, 60));
    e1000_flush(&nic);
    assert_int_equal(fake.sent, 30 + 3 * E1000_TX_BUFFERS);
    assert_true(fake.tdt_writes <= 5);
    finish();
}

static void bad_lengths_are_refused(void **state)
{
    static const size_t bad[] = {0, 1515, 2048, 65535, 65536, SIZE_MAX};
    uint8_t *room;
    (void)state;
    make_running(0x100e);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(e1000_reserve(&nic, &room), E1000_FRAME_MAX);
        e1000_commit(&nic, bad[i]);
        e1000_flush(&nic);
    }
    assert_int_equal(fake.sent, 0);
    assert_int_equal(nic.statistics.tx_refused, 6);
    assert_true(send(0, 1514));
    e1000_flush(&nic);
    assert_int_equal(fake.sent, 1);
    finish();
}

/* A ring that stays full is an answer, not a wait; room that comes back wakes the sender. */
static void a_full_ring(void **state)
{
    (void)state;
    make_running(0x100e);
    fake.never_done = true;
    unsigned int count = 0;
    while (send(count, 60))
        count++;
    assert_int_equal(count, E1000_TX_BUFFERS - 1);
    assert_int_equal(fake.sent, count);
    e1000_commit(&nic, 60); /* without a room */
    assert_int_equal(nic.statistics.tx_refused, 1);
    assert_false(e1000_arm(&nic));
    assert_int_equal(reg(E1000_IMS) & E1000_INT_TXDW, E1000_INT_TXDW);
    unsigned int interrupts = fake.interrupts;
    fake_e1000_finish(&fake);
    assert_true(fake.interrupts > interrupts);
    (void)e1000_poll(&nic);
    assert_true(e1000_arm(&nic));
    assert_true(send(0, 60));
    assert_false(e1000_arm(&nic)); /* sends it, too */
    assert_int_equal(reg(E1000_IMS) & E1000_INT_TXDW, 0);
    assert_int_equal(fake.sent, count + 1);
    finish();
}

/* Polls until it stops, at a millisecond a look; returns the looks. */
static unsigned int poll_until_changed(void)
{
    unsigned int looks = 0;
    while (!e1000_poll(&nic)) {
        assert_true(++looks < 10000);
    }
    return looks;
}

static void a_chip_that_sends_nothing_is_set_up_again(void **state)
{
    (void)state;
    make_running(0x100e);
    fake.stuck = true;
    assert_true(send(0, 60));
    assert_false(e1000_arm(&nic));
    assert_true(e1000_deadline_ns(&nic) != UINT64_MAX);
    /* Bus mastering was taken away, say. */
    fake_pci_set_config(fake.function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_in_range(poll_until_changed(), 500, 5000);
    assert_int_equal(nic.statistics.restarts, 1);
    assert_int_equal(nic.statistics.tx_lost, 1);
    assert_int_equal(e1000_deadline_ns(&nic), UINT64_MAX);
    fake.stuck = false;
    assert_true(send(1, 60));
    e1000_flush(&nic);
    assert_int_equal(fake.sent, 1);
    assert_true(fake_e1000_deliver(&fake, frame_of(2, 60), 60));
    expect_frame(2, 60);
    assert_false(nic.gone);
    /* One that recovers each time is not given up. */
    for (unsigned int i = 0; i < 20; i++) {
        fake.stuck = true;
        assert_true(send(0, 60));
        e1000_flush(&nic);
        (void)poll_until_changed();
        fake.stuck = false;
        assert_true(send(1, 60));
        e1000_flush(&nic);
        (void)e1000_poll(&nic);
    }
    assert_false(nic.gone);
    finish();
}

static void a_chip_that_stays_broken_is_given_up(void **state)
{
    unsigned int restarts = 0;
    const uint8_t *frame;
    uint8_t *room;
    (void)state;
    make_running(0x100e);
    fake.stuck = true;
    while (!nic.gone) {
        (void)send(0, 60);
        e1000_flush(&nic);
        (void)poll_until_changed();
        assert_true(++restarts < 20);
    }
    assert_int_equal(nic.statistics.restarts, 8);
    assert_int_equal(e1000_receive(&nic, &frame), 0);
    assert_int_equal(e1000_reserve(&nic, &room), 0);
    assert_false(e1000_poll(&nic));
    assert_false(e1000_arm(&nic));
    finish();
}

/* Without a link the chip may keep what it has. */
static void no_link_is_no_fault(void **state)
{
    (void)state;
    make_running(0x100e);
    fake.stuck = true;
    fake_e1000_link(&fake, false);
    assert_true(send(0, 60));
    e1000_flush(&nic);
    assert_true(e1000_poll(&nic));
    for (unsigned int i = 0; i < 5000; i++)
        assert_false(e1000_poll(&nic));
    assert_int_equal(nic.statistics.restarts, 0);
    finish();
}

static void a_frame_lent_over_a_restart(void **state)
{
    const uint8_t *frame;
    (void)state;
    make_running(0x100e);
    assert_true(fake_e1000_deliver(&fake, frame_of(0, 60), 60));
    assert_int_equal(e1000_receive(&nic, &frame), 60);
    fake.stuck = true;
    assert_true(send(0, 60));
    e1000_flush(&nic);
    (void)poll_until_changed();
    e1000_recycle(&nic);
    assert_true(fake_e1000_deliver(&fake, frame_of(1, 61), 61));
    expect_frame(1, 61);
    finish();
}

/* --- interrupts, link, leaving -------------------------------------------------------------- */

/* The interrupt takes the causes; what comes afterwards interrupts again. */
static void a_line_is_acknowledged_first(void **state)
{
    (void)state;
    make_running(0x100e);
    assert_int_equal(fake_irq_lines_held, 1);
    assert_false(e1000_arm(&nic));
    assert_true(fake_e1000_deliver(&fake, frame_of(0, 60), 60));
    assert_int_equal(fake.interrupts, 1);
    assert_int_equal(reg(E1000_ICR), 0);
    assert_false(e1000_poll(&nic));
    assert_true(fake_e1000_deliver(&fake, frame_of(1, 60), 60));
    assert_int_equal(fake.interrupts, 2);
    expect_frame(0, 60);
    expect_frame(1, 60);
    /* A spurious one is no news. */
    fake_irq_raise();
    assert_false(e1000_poll(&nic));
    finish();
}

static void a_message_is_acknowledged_in_the_poll(void **state)
{
    (void)state;
    struct pci_function function = make(0x10d3);
    uint8_t at = fake_pci_capability(fake.function, PCI_CAPABILITY_MSI, 16);
    fake_pci_set_config(fake.function, (uint16_t)(at + PCI_MSI_CONTROL), 2, PCI_MSI_64BIT);
    fake.message = true;
    assert_int_equal(e1000_probe(&nic, &function), 0);
    assert_int_equal(fake_irq_messages_held, 1);
    assert_int_equal(fake_irq_lines_held, 0);
    assert_false(nic.polled);
    assert_false(e1000_arm(&nic));
    assert_true(fake_e1000_deliver(&fake, frame_of(0, 60), 60));
    assert_true(e1000_arm(&nic)); /* came after the last look */
    fake_e1000_link(&fake, false);
    assert_true(e1000_poll(&nic));
    assert_false(nic.link_up);
    assert_int_equal(reg(E1000_ICR), 0);
    expect_frame(0, 60);
    /* While it is busy it reads no register. */
    unsigned int accesses = fake.accesses;
    for (unsigned int i = 0; i < 10; i++)
        assert_false(e1000_poll(&nic));
    assert_int_equal(fake.accesses, accesses);
    finish();
    assert_int_equal(
        fake_pci_config(fake.function, (uint16_t)(at + PCI_MSI_CONTROL), 2) & PCI_MSI_ENABLE, 0);
}

static void without_any_interrupt(void **state)
{
    (void)state;
    struct pci_function function = make(0x10d3);
    fake_irq_line_result = -ENOSPC;
    assert_int_equal(e1000_probe(&nic, &function), 0);
    assert_true(nic.polled);
    fake_e1000_link(&fake, false);
    assert_true(e1000_poll(&nic));
    assert_false(nic.link_up);
    finish();
}

static void the_link_is_followed(void **state)
{
    (void)state;
    make_running(0x100e);
    assert_true(nic.link_up);
    fake_e1000_link(&fake, false);
    assert_true(e1000_poll(&nic));
    assert_false(nic.link_up);
    fake_e1000_cause(&fake, E1000_INT_LSC); /* QEMU says so twice */
    assert_false(e1000_poll(&nic));
    fake_e1000_link(&fake, true);
    assert_true(e1000_arm(&nic)); /* news before the sleep */
    assert_true(e1000_poll(&nic));
    assert_true(nic.link_up);
    assert_int_equal(nic.statistics.link_changes, 2);
    finish();
}

static void pulled_out(void **state)
{
    const uint8_t *frame;
    (void)state;
    make_running(0x100e);
    assert_true(fake_e1000_deliver(&fake, frame_of(0, 60), 60));
    (void)e1000_poll(&nic);
    fake.gone = true;
    fake.function->present = false;
    fake_irq_raise();
    assert_true(e1000_poll(&nic));
    assert_true(nic.gone);
    assert_false(nic.link_up);
    assert_int_equal(e1000_receive(&nic, &frame), 0);
    unsigned int accesses = fake.accesses;
    (void)e1000_statistics(&nic);
    e1000_multicast(&nic, NULL, 0);
    assert_int_equal(fake.accesses, accesses);
    e1000_release(&nic);
    assert_int_equal(fake_dma_live, 0);
    assert_int_equal(fake_irq_lines_held, 0);
}

/* Decoding was taken away, but the device is still there. */
static void registers_that_vanish_for_a_while(void **state)
{
    (void)state;
    make_running(0x100e);
    fake.gone = true;
    fake_irq_raise();
    fake.gone = false;
    assert_true(e1000_poll(&nic));
    assert_false(nic.gone);
    assert_int_equal(nic.statistics.restarts, 1);
    assert_true(fake_e1000_deliver(&fake, frame_of(0, 60), 60));
    expect_frame(0, 60);
    finish();
}

/* --- groups and counters -------------------------------------------------------------------- */

/* Whether the chip would take a frame for this group: hw/net/e1000x_common.c:e1000x_rx_group_filter
 * with RCTL.MO 0. */
static bool passes(const uint8_t group[6])
{
    uint32_t hash = ((uint32_t)group[5] << 8 | group[4]) >> 4 & 0xfff;
    return (reg(E1000_MTA + 4 * (hash >> 5)) >> (hash & 31) & 1) != 0;
}

static void groups_are_filtered(void **state)
{
    static const uint8_t groups[3][6] = {
        {0x33, 0x33, 0x00, 0x00, 0x00, 0x01},
        {0x33, 0x33, 0xff, 0x12, 0x34, 0x56},
        {0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa},
    };
    (void)state;
    make_running(0x100e);
    for (size_t count = 0; count <= 3; count++) {
        unsigned int accesses = fake.accesses;
        e1000_multicast(&nic, groups, count);
        assert_true(fake.accesses - accesses <= 1);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(passes(groups[i]), i < count);
    }
    e1000_multicast(&nic, groups + 2, 1);
    assert_false(passes(groups[0]));
    assert_true(passes(groups[2]));
    /* They survive a restart. */
    for (uint32_t i = 0; i < 128; i++)
        fake_e1000_set_register(&fake, E1000_MTA + 4 * i, 0);
    fake.stuck = true;
    assert_true(send(0, 60));
    e1000_flush(&nic);
    (void)poll_until_changed();
    assert_true(passes(groups[2]));
    finish();
}

static void counters_add_up(void **state)
{
    (void)state;
    make_running(0x100e);
    for (unsigned int round = 1; round <= 3; round++) {
        fake_e1000_set_register(&fake, E1000_GORCL, UINT32_MAX);
        fake_e1000_set_register(&fake, E1000_GORCH, 1);
        fake_e1000_set_register(&fake, E1000_GPRC, UINT32_MAX - 1);
        fake_e1000_set_register(&fake, E1000_ROC, 3);
        fake_e1000_set_register(&fake, E1000_RJC, 4);
        fake_e1000_set_register(&fake, E1000_MPC, 5);
        static const uint8_t broadcast[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
        assert_true(fake_e1000_deliver(&fake, broadcast, 60));
        assert_true(send(0, 100));
        e1000_flush(&nic);
        const struct e1000_statistics *statistics = e1000_statistics(&nic);
        assert_ptr_equal(statistics, &nic.statistics);
        assert_int_equal(statistics->rx_bytes, round * (UINT64_C(0x1ffffffff) + 64));
        assert_int_equal(statistics->rx_frames, round * (uint64_t)UINT32_MAX);
        assert_int_equal(statistics->rx_broadcast, round);
        assert_int_equal(statistics->rx_oversize, 7 * round);
        assert_int_equal(statistics->rx_missed, 5 * round);
        assert_int_equal(statistics->tx_frames, round);
        assert_int_equal(statistics->tx_bytes, 104 * round);
    }
    struct e1000_statistics before = *e1000_statistics(&nic);
    assert_memory_equal(e1000_statistics(&nic), &before, sizeof(before));
    fake.gone = true; /* all ones are no counts */
    assert_memory_equal(e1000_statistics(&nic), &before, sizeof(before));
    fake.gone = false;
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_model_is_known),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(both_eeprom_layouts),
        cmocka_unit_test(a_silent_eeprom_is_not_waited_for),
        cmocka_unit_test(no_address_no_device),
        cmocka_unit_test(nothing_is_held_without_memory),
        cmocka_unit_test(chips_that_do_not_answer),
        cmocka_unit_test(what_was_there_does_not_stay),
        cmocka_unit_test(the_receiver_is_set_once),
        cmocka_unit_test(frames_arrive_whole_and_in_order),
        cmocka_unit_test(a_full_ring_is_given_back),
        cmocka_unit_test(nothing_without_done),
        cmocka_unit_test(lies_about_a_frame),
        cmocka_unit_test(checksums_are_not_ours),
        cmocka_unit_test(frames_in_pieces),
        cmocka_unit_test(rubbish_without_end),
        cmocka_unit_test(descriptors_are_clean_again),
        cmocka_unit_test(addresses_are_ours),
        cmocka_unit_test(a_lent_frame_stays),
        cmocka_unit_test(frames_leave_whole_padded_and_in_order),
        cmocka_unit_test(one_register_write_for_a_batch),
        cmocka_unit_test(bad_lengths_are_refused),
        cmocka_unit_test(a_full_ring),
        cmocka_unit_test(a_chip_that_sends_nothing_is_set_up_again),
        cmocka_unit_test(a_chip_that_stays_broken_is_given_up),
        cmocka_unit_test(no_link_is_no_fault),
        cmocka_unit_test(a_frame_lent_over_a_restart),
        cmocka_unit_test(a_line_is_acknowledged_first),
        cmocka_unit_test(a_message_is_acknowledged_in_the_poll),
        cmocka_unit_test(without_any_interrupt),
        cmocka_unit_test(the_link_is_followed),
        cmocka_unit_test(pulled_out),
        cmocka_unit_test(registers_that_vanish_for_a_while),
        cmocka_unit_test(groups_are_filtered),
        cmocka_unit_test(counters_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
