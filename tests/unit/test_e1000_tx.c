/* SPDX-License-Identifier: BSD-2-Clause */
/* What the e1000 driver sends, and what it does with a chip that does not. */
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

static void frames_leave_whole_padded_and_in_order(void **state)
{
    static const uint8_t zeros[60];
    static const size_t lengths[] = {1, 1514, 42, 59, 60, 61, 1000}; /* not a ring's divisor */
    (void)state;
    make_running(0x100e);
    for (unsigned int i = 0; i < 5 * E1000_TX_BUFFERS; i++) {
        size_t bytes = lengths[i % 7];
        size_t wire = bytes < 60 ? 60 : bytes;
        assert_true(send_frame(i, bytes));
        e1000_flush(&nic);
        assert_int_equal(fake.sent, i + 1);
        assert_int_equal(fake.sent_lengths[i % FAKE_E1000_SENT], wire);
        assert_memory_equal(fake.last_sent, frame_of(i, bytes), bytes);
        assert_memory_equal(fake.last_sent + bytes, zeros, wire - bytes);
    }
    assert_int_equal(nic.statistics.tx_refused, 0);
    finish();
}

static void the_frame_that_waits_is_as_long_as_it_was_committed(void **state)
{
    uint8_t *waiting;
    (void)state;
    make_running(0x100e);
    assert_int_equal(e1000_unflushed(&nic, &waiting), 0);
    assert_true(send_frame(1, 200));
    assert_true(send_frame(2, 100));
    nic.tx_ring[1].length = 0xFFFF; /* the ring is the chip's to write in */
    assert_int_equal(e1000_unflushed(&nic, &waiting), 100);
    assert_memory_equal(waiting, frame_of(2, 100), 100);
    nic.tx_ring[1].length = 100;
    e1000_flush(&nic);
    assert_int_equal(e1000_unflushed(&nic, &waiting), 0);
    finish();
}

static void one_register_write_for_a_batch(void **state)
{
    (void)state;
    make_running(0x100e);
    fake.tdt_writes = 0;
    for (unsigned int i = 0; i < 30; i++)
        assert_true(send_frame(i, 60));
    assert_int_equal(fake.sent, 0);
    e1000_flush(&nic);
    e1000_flush(&nic);
    assert_int_equal(fake.sent, 30);
    assert_int_equal(fake.tdt_writes, 1);
    /* More than a ring without a flush in between goes out by itself. */
    for (unsigned int i = 0; i < 3 * E1000_TX_BUFFERS; i++)
        assert_true(send_frame(i, 60));
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
    assert_true(send_frame(0, 1514));
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
    while (send_frame(count, 60))
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
    assert_true(send_frame(0, 60));
    assert_false(e1000_arm(&nic)); /* sends it, too */
    assert_int_equal(reg(E1000_IMS) & E1000_INT_TXDW, 0);
    assert_int_equal(fake.sent, count + 1);
    finish();
}

static void a_chip_that_sends_nothing_is_set_up_again(void **state)
{
    (void)state;
    make_running(0x100e);
    fake.stuck = true;
    assert_true(send_frame(0, 60));
    assert_false(e1000_arm(&nic));
    assert_true(e1000_deadline_ns(&nic) != UINT64_MAX);
    /* Bus mastering was taken away, say. */
    fake_pci_set_config(fake.function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_in_range(poll_until_changed(), 500, 5000);
    assert_int_equal(nic.statistics.restarts, 1);
    assert_int_equal(nic.statistics.tx_lost, 1);
    assert_int_equal(e1000_deadline_ns(&nic), UINT64_MAX);
    fake.stuck = false;
    assert_true(send_frame(1, 60));
    e1000_flush(&nic);
    assert_int_equal(fake.sent, 1);
    assert_true(fake_e1000_deliver(&fake, frame_of(2, 60), 60));
    expect_frame(2, 60);
    assert_false(nic.gone);
    /* One that recovers each time is not given up. */
    for (unsigned int i = 0; i < 20; i++) {
        fake.stuck = true;
        assert_true(send_frame(0, 60));
        e1000_flush(&nic);
        (void)poll_until_changed();
        fake.stuck = false;
        assert_true(send_frame(1, 60));
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
        (void)send_frame(0, 60);
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
    assert_true(send_frame(0, 60));
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
    assert_true(send_frame(0, 60));
    e1000_flush(&nic);
    (void)poll_until_changed();
    e1000_recycle(&nic);
    assert_true(fake_e1000_deliver(&fake, frame_of(1, 61), 61));
    expect_frame(1, 61);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_leave_whole_padded_and_in_order),
        cmocka_unit_test(the_frame_that_waits_is_as_long_as_it_was_committed),
        cmocka_unit_test(one_register_write_for_a_batch),
        cmocka_unit_test(bad_lengths_are_refused),
        cmocka_unit_test(a_full_ring),
        cmocka_unit_test(a_chip_that_sends_nothing_is_set_up_again),
        cmocka_unit_test(a_chip_that_stays_broken_is_given_up),
        cmocka_unit_test(no_link_is_no_fault),
        cmocka_unit_test(a_frame_lent_over_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
