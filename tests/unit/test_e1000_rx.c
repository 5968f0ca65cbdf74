/* SPDX-License-Identifier: BSD-2-Clause */
/* What the e1000 driver receives, from a chip with QEMU's habits and from one that lies. */
/* sources: drivers/e1000*.c drivers/pci*.c tests/unit/e1000_*.c tests/fake/fake_[ep]*.c */
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
#include "e1000_bench.h"
#include "tests/fake/fake_e1000.h"
#include "tests/fake/fake_platform.h"

#define GOOD (E1000_RX_DD | E1000_RX_EOP)

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
        expect_sleep();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
