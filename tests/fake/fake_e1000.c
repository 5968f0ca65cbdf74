/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_e1000.h. */
#include "tests/fake/fake_e1000.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/e1000.h"
#include "drivers/e1000_regs.h"
#include "drivers/pci_regs.h"
#include "tests/fake/fake_platform.h"

#define DLEN_MASK 0xfff80u /* hw/net/e1000.c:set_dlen */

static void require(const struct fake_e1000 *fake, bool condition, const char *what)
{
    if (condition || fake->hostile)
        return;
    fprintf(stderr, "fake e1000: %s\n", what);
    abort();
}

static uint32_t *at(struct fake_e1000 *fake, uint32_t offset)
{
    return &fake->registers[offset / 4];
}

uint32_t fake_e1000_register(const struct fake_e1000 *fake, uint32_t offset)
{
    return fake->registers[offset / 4];
}

void fake_e1000_set_register(struct fake_e1000 *fake, uint32_t offset, uint32_t value)
{
    *at(fake, offset) = value;
}

static bool is_master(const struct fake_e1000 *fake)
{
    return (fake_pci_config(fake->function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) != 0;
}

/* --- interrupts ----------------------------------------------------------------------------- */

void fake_e1000_cause(struct fake_e1000 *fake, uint32_t causes)
{
    *at(fake, E1000_ICR) |= causes;
    if ((fake_e1000_register(fake, E1000_ICR) & fake_e1000_register(fake, E1000_IMS)) == 0)
        return;
    fake->interrupts++;
    if (!fake->message)
        fake_irq_raise();
}

void fake_e1000_link(struct fake_e1000 *fake, bool up)
{
    *at(fake, E1000_STATUS) &= ~E1000_STATUS_LU;
    *at(fake, E1000_STATUS) |= up ? E1000_STATUS_LU : 0;
    fake_e1000_cause(fake, E1000_INT_LSC);
}

/* --- rings ---------------------------------------------------------------------------------- */

uint8_t *fake_e1000_ring(const struct fake_e1000 *fake, bool transmit, size_t *bytes)
{
    uint32_t base = transmit ? E1000_TDBAL : E1000_RDBAL;
    uint64_t address =
        (uint64_t)fake_e1000_register(fake, base + 4) << 32 | fake_e1000_register(fake, base);
    *bytes = fake_e1000_register(fake, base + 8);
    uint8_t *ring = *bytes != 0 ? fake_dma_pointer(address, *bytes) : NULL;
    require(fake, ring != NULL && address % 16 == 0, "a ring outside of memory, or not aligned");
    return ring;
}

static uint32_t ring_count(const struct fake_e1000 *fake, bool transmit)
{
    return fake_e1000_register(fake, transmit ? E1000_TDLEN : E1000_RDLEN) / 16u;
}

/* --- receiving ------------------------------------------------------------------------------ */

unsigned int fake_e1000_room(const struct fake_e1000 *fake)
{
    uint32_t count = ring_count(fake, false);
    uint32_t head = fake_e1000_register(fake, E1000_RDH);
    uint32_t tail = fake_e1000_register(fake, E1000_RDT);
    bool on = (fake_e1000_register(fake, E1000_RCTL) & E1000_RCTL_EN) != 0 && is_master(fake);
    if (!on || count == 0 || head >= count || tail >= count)
        return 0;
    return (tail + count - head) % count;
}

/* The descriptor at the head, and the head moves on; NULL when there is none. */
static volatile struct e1000_rx_descriptor *take(struct fake_e1000 *fake, uint8_t **buffer)
{
    size_t bytes;
    if (fake_e1000_room(fake) == 0)
        return NULL;
    uint8_t *ring = fake_e1000_ring(fake, false, &bytes);
    uint32_t head = fake_e1000_register(fake, E1000_RDH);
    if (ring == NULL)
        return NULL;
    volatile struct e1000_rx_descriptor *descriptor = (void *)(ring + head * 16u);
    require(fake, (descriptor->status & E1000_RX_DD) == 0, "a descriptor with a stale DD");
    *buffer = fake_dma_pointer(descriptor->address, E1000_BUFFER_BYTES);
    require(fake, *buffer != NULL, "a receive buffer outside of memory");
    *at(fake, E1000_RDH) = (head + 1) % ring_count(fake, false);
    return descriptor;
}

bool fake_e1000_write_back(struct fake_e1000 *fake, uint8_t status, uint8_t errors, uint16_t length)
{
    uint8_t *buffer;
    volatile struct e1000_rx_descriptor *descriptor = take(fake, &buffer);
    if (descriptor == NULL)
        return false;
    descriptor->length = length;
    descriptor->errors = errors;
    descriptor->status = status;
    fake_e1000_cause(fake, E1000_INT_RXT0);
    return true;
}

static void count_received(struct fake_e1000 *fake, const uint8_t *frame, size_t bytes)
{
    uint64_t total = (uint64_t)fake_e1000_register(fake, E1000_GORCH) << 32 |
                     fake_e1000_register(fake, E1000_GORCL);
    total += bytes + 4;
    *at(fake, E1000_GORCL) = (uint32_t)total;
    *at(fake, E1000_GORCH) = (uint32_t)(total >> 32);
    *at(fake, E1000_GPRC) += 1;
    if (bytes != 0 && (frame[0] & 1u) != 0)
        *at(fake, frame[0] == 0xff ? E1000_BPRC : E1000_MPRC) += 1;
}

bool fake_e1000_deliver(struct fake_e1000 *fake, const void *frame, size_t bytes)
{
    const uint8_t *rest = frame;
    size_t left = bytes;
    if (fake_e1000_room(fake) * E1000_BUFFER_BYTES < bytes)
        return false;
    count_received(fake, frame, bytes);
    do {
        uint8_t *buffer;
        size_t piece = left < E1000_BUFFER_BYTES ? left : E1000_BUFFER_BYTES;
        volatile struct e1000_rx_descriptor *descriptor = take(fake, &buffer);
        if (descriptor == NULL)
            return false;
        if (buffer != NULL)
            memcpy(buffer, rest, piece);
        rest += piece;
        left -= piece;
        /* Errors and the other status bits stay as they were: QEMU only ever sets. */
        descriptor->length = (uint16_t)piece;
        descriptor->status |= E1000_RX_DD | (left == 0 ? E1000_RX_EOP : 0u);
    } while (left != 0);
    fake_e1000_cause(fake, E1000_INT_RXT0);
    return true;
}

/* --- sending -------------------------------------------------------------------------------- */

static void send_one(struct fake_e1000 *fake, volatile struct e1000_tx_descriptor *descriptor)
{
    const uint8_t *frame = fake_dma_pointer(descriptor->address, descriptor->length);
    require(fake, frame != NULL, "a frame outside of memory");
    require(fake, (descriptor->command & E1000_TX_EOP) != 0, "a frame without an end");
    require(fake, descriptor->length >= E1000_FRAME_MIN && descriptor->length <= E1000_FRAME_MAX,
            "a frame of a bad length");
    if (!is_master(fake))
        return;
    if (frame != NULL && descriptor->length <= sizeof(fake->last_sent)) {
        memcpy(fake->last_sent, frame, descriptor->length);
        fake->sent_lengths[fake->sent++ % FAKE_E1000_SENT] = descriptor->length;
    }
    *at(fake, E1000_GPTC) += 1;
    *at(fake, E1000_GOTCL) += descriptor->length + 4u;
    if (!fake->never_done && (descriptor->command & E1000_TX_RS) != 0)
        descriptor->status |= E1000_TX_DD;
}

static void send_all(struct fake_e1000 *fake)
{
    size_t bytes;
    uint32_t count = ring_count(fake, true);
    uint32_t head = fake_e1000_register(fake, E1000_TDH);
    uint32_t tail = fake_e1000_register(fake, E1000_TDT);
    require(fake, tail < count, "a transmit tail beyond the ring");
    if ((fake_e1000_register(fake, E1000_TCTL) & E1000_TCTL_EN) == 0 || fake->stuck ||
        head >= count || tail >= count || head == tail)
        return;
    uint8_t *ring = fake_e1000_ring(fake, true, &bytes);
    if (ring == NULL)
        return;
    for (; head != tail; head = (head + 1) % count)
        send_one(fake, (void *)(ring + head * 16u));
    *at(fake, E1000_TDH) = head;
    if (!fake->never_done)
        fake_e1000_cause(fake, E1000_INT_TXDW);
}

void fake_e1000_finish(struct fake_e1000 *fake)
{
    size_t bytes;
    uint8_t *ring = fake_e1000_ring(fake, true, &bytes);
    fake->never_done = false;
    for (uint32_t i = 0; i < fake_e1000_register(fake, E1000_TDH); i++)
        ((struct e1000_tx_descriptor *)(void *)ring)[i].status |= E1000_TX_DD;
    fake_e1000_cause(fake, E1000_INT_TXDW);
}

/* --- registers ------------------------------------------------------------------------------ */

static void write_eerd(struct fake_e1000 *fake, uint32_t value)
{
    unsigned int shift = fake->new_eerd_layout ? 2 : 8;
    uint32_t word = value >> shift & 0x3f;
    uint32_t done = fake->new_eerd_layout ? 1u << 1 : 1u << 4;
    *at(fake, E1000_EERD) = value & ~UINT32_C(0xffff0012);
    if ((value & E1000_EERD_START) != 0 && !fake->eeprom_silent)
        *at(fake, E1000_EERD) |= (uint32_t)fake->eeprom[word] << 16 | done;
}

static bool is_counter(uint32_t offset)
{
    return offset >= 0x4000 && offset < 0x4100;
}

/* hw/net/e1000.c:macreg_readops. */
static bool stays(const struct fake_e1000 *fake, uint32_t offset)
{
    return fake->counters_stay && (offset <= E1000_MPC || offset == E1000_RNBC ||
                                   offset == E1000_RFC || offset == E1000_RJC);
}

static uint32_t registers_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    struct fake_e1000 *fake = ctx;
    require(fake, bytes == 4 && offset % 4 == 0, "an access of another size");
    fake->accesses++;
    if (fake->gone)
        return UINT32_MAX;
    uint32_t value = fake_e1000_register(fake, offset);
    if (offset == E1000_ICR) {
        *at(fake, offset) = 0;
    } else if (offset == E1000_GORCH || offset == E1000_GOTCH) {
        *at(fake, offset - 4) = *at(fake, offset) = 0;
    } else if (is_counter(offset) && offset != E1000_GORCL && offset != E1000_GOTCL &&
               !stays(fake, offset)) {
        *at(fake, offset) = 0;
    }
    return value;
}

static void check_write(const struct fake_e1000 *fake, uint32_t offset, uint32_t value)
{
    bool receives = (fake_e1000_register(fake, E1000_RCTL) & E1000_RCTL_EN) != 0;
    bool sends = (fake_e1000_register(fake, E1000_TCTL) & E1000_TCTL_EN) != 0;
    require(fake, !receives || offset < E1000_RDBAL || offset > E1000_RDH,
            "the receive ring is moved under a running receiver");
    require(fake, !sends || offset < E1000_TDBAL || offset > E1000_TDH,
            "the transmit ring is moved under a running transmitter");
    require(fake, (offset != E1000_RDLEN && offset != E1000_TDLEN) || value % 128 == 0,
            "a ring of no whole units");
}

static void registers_write(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value)
{
    struct fake_e1000 *fake = ctx;
    require(fake, bytes == 4 && offset % 4 == 0, "an access of another size");
    fake->accesses++;
    if (fake->gone)
        return;
    check_write(fake, offset, value);
    switch (offset) {
    case E1000_CTRL:
        *at(fake, offset) = fake->reset_hangs ? value : value & ~E1000_CTRL_RST;
        break;
    case E1000_EERD:
        write_eerd(fake, value);
        break;
    case E1000_ICR:
        *at(fake, offset) &= ~value;
        break;
    case E1000_IMS:
        *at(fake, offset) |= value;
        fake_e1000_cause(fake, 0);
        break;
    case E1000_IMC:
        *at(fake, E1000_IMS) &= ~value;
        break;
    case E1000_RCTL:
        fake->rctl_writes++;
        *at(fake, offset) = value;
        break;
    case E1000_RDLEN:
    case E1000_TDLEN:
        *at(fake, offset) = value & DLEN_MASK;
        break;
    case E1000_RDT:
        fake->rdt_writes++;
        *at(fake, offset) = value;
        break;
    case E1000_TDT:
        fake->tdt_writes++;
        *at(fake, offset) = value;
        send_all(fake);
        break;
    default:
        *at(fake, offset) = value;
    }
}

void fake_e1000_init(struct fake_e1000 *fake, uint16_t device)
{
    memset(fake, 0, sizeof(*fake));
    fake->new_eerd_layout = device == 0x10d3;
    fake->function = fake_pci_add(NULL, 3, 0, E1000_VENDOR, device, PCI_HEADER_NORMAL);
    fake_pci_set_config(fake->function, PCI_CLASS, 2, E1000_CLASS);
    fake_pci_set_config(fake->function, PCI_INTERRUPT_PIN, 1, 1);
    fake_pci_bar(fake->function, 0, E1000_BAR_BYTES, (uint32_t)FAKE_E1000_ADDRESS);
    fake_region_add(&(struct fake_region){.start = FAKE_E1000_ADDRESS,
                                          .bytes = E1000_BAR_BYTES,
                                          .read = registers_read,
                                          .write = registers_write,
                                          .ctx = fake});
    fake->eeprom[0] = 0x5452;
    fake->eeprom[1] = 0x1200;
    fake->eeprom[2] = 0x5634;
    *at(fake, E1000_RAL(0)) = 0x12005452;
    *at(fake, E1000_RAH(0)) = 0x5634 | E1000_RAH_AV;
    *at(fake, E1000_STATUS) = UINT32_C(0x80080780) | E1000_STATUS_LU;
    *at(fake, E1000_CTRL) = 0x00140240;
}
