/* SPDX-License-Identifier: BSD-2-Clause */
/* See e1000_bench.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "e1000_bench.h"
#include "tests/fake/fake_platform.h"

struct fake_e1000 fake;
static struct pci_host host;
struct e1000 nic;

static void keep(void *ctx, const struct pci_function *function)
{
    *(struct pci_function *)ctx = *function;
}

struct pci_function make_chip(uint16_t device)
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

void make_running(uint16_t device)
{
    struct pci_function function = make_chip(device);
    assert_int_equal(e1000_probe(&nic, &function), 0);
}

void finish(void)
{
    e1000_release(&nic);
    assert_int_equal(fake_dma_live, 0);
    assert_int_equal(fake_irq_lines_held, 0);
    assert_int_equal(fake_irq_messages_held, 0);
    assert_int_equal(fake_pci_config(fake.function, PCI_COMMAND, 2) & 7u, 0);
}

uint32_t reg(uint32_t offset)
{
    return fake_e1000_register(&fake, offset);
}

const uint8_t *frame_of(unsigned int number, size_t bytes)
{
    static uint8_t frame[70000];
    for (size_t i = 0; i < bytes; i++)
        frame[i] = (uint8_t)(number * 7u + i * 3u + bytes);
    return frame;
}

void expect_nothing(void)
{
    const uint8_t *frame;
    assert_int_equal(e1000_receive(&nic, &frame), 0);
}

void expect_frame(unsigned int number, size_t bytes)
{
    const uint8_t *frame;
    assert_int_equal(e1000_receive(&nic, &frame), bytes);
    assert_memory_equal(frame, frame_of(number, bytes), bytes);
    e1000_recycle(&nic);
}

void expect_sleep(void)
{
    if (e1000_arm(&nic))
        assert_false(e1000_arm(&nic));
}

bool send_frame(unsigned int number, size_t bytes)
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

unsigned int poll_until_changed(void)
{
    unsigned int looks = 0;
    while (!e1000_poll(&nic)) {
        assert_true(++looks < 10000);
    }
    return looks;
}
