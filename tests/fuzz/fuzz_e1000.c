/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input is the network controller (and the order in which its driver acts): four bytes an
 * operation.  Whatever it writes to its rings, its registers and its EEPROM, a received frame lies
 * in the memory that was posted and is as long as a frame can be, and everything is given back at
 * the end.
 */
/* sources: drivers/e1000*.c drivers/pci*.c tests/fake/fake_e1000.c tests/fake/fake_p*.c */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/e1000.h"
#include "drivers/e1000_regs.h"
#include "drivers/pci_regs.h"
#include "tests/fake/fake_e1000.h"
#include "tests/fake/fake_platform.h"

static struct fake_e1000 fake;
static struct e1000 nic;
static uint32_t sink;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void keep(void *ctx, const struct pci_function *function)
{
    *(struct pci_function *)ctx = *function;
}

/* Reads all of a frame, so that the sanitizer sees where it lies. */
static void driver_receives(unsigned int count)
{
    const uint8_t *frame;
    for (unsigned int i = 0; i < count; i++) {
        size_t bytes = e1000_receive(&nic, &frame);
        if (bytes == 0)
            return;
        require(bytes >= E1000_HEADER_BYTES && bytes <= E1000_BUFFER_BYTES);
        require(frame >= nic.rx_memory &&
                frame + bytes <= nic.rx_memory + E1000_RX_BUFFERS * E1000_BUFFER_BYTES);
        for (size_t at = 0; at < bytes; at++)
            sink += frame[at];
        e1000_recycle(&nic);
    }
}

static void driver_sends(unsigned int count, size_t bytes)
{
    uint8_t *room;
    for (unsigned int i = 0; i < count; i++) {
        size_t size = e1000_reserve(&nic, &room);
        require(size == 0 || size == E1000_FRAME_MAX);
        if (size == 0)
            return;
        memset(room, (int)i, size);
        e1000_commit(&nic, bytes);
    }
}

static void driver_acts(const uint8_t *operation)
{
    uint8_t group[2][E1000_MAC_BYTES] = {{1, 0, 0x5e, 0, operation[2], operation[3]},
                                         {0x33, 0x33, 0, 0, operation[3], operation[2]}};
    switch (operation[1] % 8) {
    case 0:
    case 1:
        driver_receives(operation[2]);
        break;
    case 2:
        driver_sends(operation[2], operation[3] * 8u);
        break;
    case 3:
        e1000_flush(&nic);
        break;
    case 4:
        for (unsigned int i = 0; i <= operation[2]; i++)
            (void)e1000_poll(&nic);
        break;
    case 5:
        (void)e1000_arm(&nic);
        (void)e1000_deadline_ns(&nic);
        break;
    case 6:
        (void)e1000_statistics(&nic);
        break;
    case 7:
        e1000_multicast(&nic, group, operation[2] % 3u);
        break;
    }
}

static void device_scribbles(bool transmit, uint16_t offset, uint8_t value)
{
    volatile void *ring = transmit ? (volatile void *)nic.tx_ring : (volatile void *)nic.rx_ring;
    size_t bytes = (transmit ? E1000_TX_BUFFERS : E1000_RX_BUFFERS) * 16u;
    ((volatile uint8_t *)ring)[offset % bytes] = value;
}

static void device_acts(const uint8_t *operation)
{
    static uint8_t frame[70000];
    static const uint16_t registers[] = {E1000_STATUS, E1000_CTRL, E1000_ICR,  E1000_RDH,
                                         E1000_RDT,    E1000_TDH,  E1000_TDT,  E1000_RDLEN,
                                         E1000_TDLEN,  E1000_EERD, E1000_GPRC, E1000_GORCH};
    uint16_t value = (uint16_t)(operation[2] | (unsigned int)operation[3] << 8);
    switch (operation[1] % 8) {
    case 0:
    case 1:
        (void)fake_e1000_write_back(&fake, operation[2], operation[3] & 0xf7u,
                                    (uint16_t)(operation[3] * 0x101u));
        break;
    case 2:
        (void)fake_e1000_deliver(&fake, frame, value);
        break;
    case 3:
        fake_e1000_cause(&fake, value);
        break;
    case 4:
        fake_e1000_set_register(&fake, registers[operation[2] % 12u],
                                operation[3] * UINT32_C(0x1010101));
        break;
    case 5:
        fake_e1000_link(&fake, (operation[2] & 1u) != 0);
        break;
    case 6:
        fake.never_done = (operation[2] & 1u) != 0;
        fake.stuck = (operation[2] & 2u) != 0;
        fake.reset_hangs = (operation[2] & 4u) != 0;
        break;
    case 7:
        fake.gone = (operation[2] & 1u) != 0;
        fake.function->present = (operation[2] & 2u) == 0;
        break;
    }
}

/* The first eight bytes: the model, how the machine is, and the EEPROM. */
static bool make(const uint8_t *data)
{
    static const uint16_t models[] = {0x100e, 0x100f, 0x100c, 0x10d3};
    struct pci_function function = {0};
    struct pci_host host = fake_pci_host(false);
    fake_pci_reset();
    fake_e1000_init(&fake, models[data[0] % 4]);
    fake.hostile = true;
    fake.new_eerd_layout = (data[1] & 1u) != 0;
    fake.eeprom_silent = (data[1] & 2u) != 0;
    fake_irq_line_result = (data[1] & 4u) != 0 ? -ENOSPC : 0;
    fake_irq_message_result = (data[1] & 8u) != 0 ? -ENOSPC : 0;
    memcpy(fake.eeprom, data + 2, 6);
    if ((data[1] & 16u) != 0) {
        uint8_t at = fake_pci_capability(fake.function, PCI_CAPABILITY_MSI, 16);
        fake_pci_set_config(fake.function, (uint16_t)(at + PCI_MSI_CONTROL), 2, PCI_MSI_64BIT);
        fake.message = true;
    }
    pci_scan(&host, keep, &function);
    static struct pci_host kept;
    kept = host;
    function.host = &kept;
    return e1000_probe(&nic, &function) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8)
        return 0;
    if (!make(data)) {
        require(fake_dma_live == 0 && fake_irq_lines_held == 0 && fake_irq_messages_held == 0);
        return 0;
    }
    for (const uint8_t *at = data + 8; at + 4 <= data + size; at += 4) {
        if (at[0] % 4 < 2)
            device_acts(at);
        else if (at[0] % 4 == 2)
            driver_acts(at);
        else
            device_scribbles((at[0] & 4u) != 0, (uint16_t)(at[1] | (unsigned int)at[2] << 8),
                             at[3]);
        require(nic.rx_next < E1000_RX_BUFFERS && nic.rx_unposted < E1000_RX_BUFFERS);
        require(nic.tx_head < E1000_TX_BUFFERS && nic.tx_told < E1000_TX_BUFFERS &&
                nic.tx_tail < E1000_TX_BUFFERS);
    }
    fake.function->present = true;
    e1000_release(&nic);
    require(fake_dma_live == 0 && fake_irq_lines_held == 0 && fake_irq_messages_held == 0);
    return 0;
}
