/* SPDX-License-Identifier: BSD-2-Clause */
/* The e1000 driver: probe, interrupts, link, leaving, groups and counters. */
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

static const uint8_t station[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

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
        struct pci_function function = make_chip(others[i]);
        assert_null(e1000_model_name(&function));
        assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
        assert_int_equal(fake.accesses, 0);
        assert_int_equal(fake_pci_config(fake.function, PCI_COMMAND, 2), 0);
    }
    struct pci_function function = make_chip(0x100e);
    function.vendor = 0x1af4;
    assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
}

/* The register says done only in the chip's own layout: with the other one the address would come
 * from the receive address register, which here is another. */
static void both_eeprom_layouts(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 2; i++) {
        struct pci_function function = make_chip(i == 0 ? 0x100e : 0x10d3);
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
    struct pci_function function = make_chip(0x100e);
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
        struct pci_function function = make_chip(0x100e);
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
        struct pci_function function = make_chip(0x100e);
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
    struct pci_function function = make_chip(0x100e);
    fake.gone = true;
    assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
    function = make_chip(0x100e);
    fake.reset_hangs = true;
    assert_int_equal(e1000_probe(&nic, &function), -ENODEV);
    assert_true(fake.accesses < 1000);
    assert_int_equal(fake_dma_live, 0);
}

/* Everything is set, whatever an earlier owner left: QEMU's reset clears nothing. */
static void what_was_there_does_not_stay(void **state)
{
    (void)state;
    struct pci_function function = make_chip(0x100e);
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
    struct pci_function function = make_chip(0x10d3);
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

/* hw/net/e1000.c:set_interrupt_cause lets 128 microseconds pass between two interrupts: for a
 * tenth of a millisecond the driver looks instead, which touches no register, and then sleeps. */
static void after_a_frame_it_looks_for_another(void **state)
{
    (void)state;
    make_running(0x100e);
    fake_clock_step_ns = 10000;
    for (unsigned int round = 0; round < 3; round++) {
        assert_false(e1000_arm(&nic));
        assert_true(fake_e1000_deliver(&fake, frame_of(0, 60), 60));
        (void)e1000_poll(&nic);
        expect_frame(0, 60);
        unsigned int accesses = fake.accesses;
        unsigned int looks = 0;
        while (e1000_arm(&nic)) {
            assert_int_equal(fake.accesses, accesses);
            assert_false(e1000_poll(&nic));
            expect_nothing();
            looks++;
        }
        assert_in_range(looks, 5, 20);
        assert_int_equal(fake_e1000_room(&fake), E1000_RX_BUFFERS - 1);
    }
    fake_clock_step_ns = 1000000;
    finish();
}

static void without_any_interrupt(void **state)
{
    (void)state;
    struct pci_function function = make_chip(0x10d3);
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
    assert_true(send_frame(0, 60));
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
        assert_true(send_frame(0, 100));
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

/* QEMU leaves some as they are when they are read: what they held before is not counted again. */
static void counters_that_stay(void **state)
{
    static const uint32_t offsets[] = {E1000_CRCERRS, E1000_RXERRC, E1000_MPC,
                                       E1000_RNBC,    E1000_RFC,    E1000_RJC};
    struct pci_function function = make_chip(0x100e);

    (void)state;
    fake.counters_stay = true;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        fake_e1000_set_register(&fake, offsets[i], 1000); /* from before we came */
    assert_int_equal(e1000_probe(&nic, &function), 0);
    for (uint32_t round = 1; round <= 3; round++) {
        for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
            fake_e1000_set_register(&fake, offsets[i], 1000 + 5 * round);
        const struct e1000_statistics *statistics = e1000_statistics(&nic);
        assert_int_equal(statistics->rx_crc, 10 * round);
        assert_int_equal(statistics->rx_missed, 5 * round);
        assert_int_equal(statistics->rx_no_buffer, 5 * round);
        assert_int_equal(statistics->rx_undersize, 5 * round);
        assert_int_equal(statistics->rx_oversize, 5 * round);
    }
    /* A reset clears even those, on later QEMUs. */
    fake_e1000_set_register(&fake, E1000_MPC, 7);
    assert_int_equal(e1000_statistics(&nic)->rx_missed, 22);
    assert_int_equal(e1000_statistics(&nic)->rx_missed, 22);
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
        cmocka_unit_test(a_line_is_acknowledged_first),
        cmocka_unit_test(a_message_is_acknowledged_in_the_poll),
        cmocka_unit_test(after_a_frame_it_looks_for_another),
        cmocka_unit_test(without_any_interrupt),
        cmocka_unit_test(the_link_is_followed),
        cmocka_unit_test(pulled_out),
        cmocka_unit_test(registers_that_vanish_for_a_while),
        cmocka_unit_test(groups_are_filtered),
        cmocka_unit_test(counters_add_up),
        cmocka_unit_test(counters_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
