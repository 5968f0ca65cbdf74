/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting an e1000 up: reset, address, filters, and the registers of both directions (SDM §14).
 *
 * QEMU's e1000 keeps every register through CTRL.RST (hw/net/e1000.c:set_ctrl), e1000e some of
 * them, and firmware may have used the chip.  So all that matters is written, whatever a reset
 * should have left there.  RCTL is written once, last: on the e1000 each write stops reception for
 * a second (hw/net/e1000.c:set_rx_control).
 */
#include "e1000_parts.h"

#include <errno.h>
#include <string.h>

#include "clock.h"

/* SDM §14.4 has no number for either; a chip takes some milliseconds to read its EEPROM. */
#define RESET_WAIT_NS  UINT64_C(20000000)
#define EEPROM_WAIT_NS UINT64_C(10000000)

/* What an earlier owner may have forced: loop-backs, speed, duplex, flow control, VLAN tags. */
#define CTRL_FORCED                                                                                \
    ((UINT32_C(1) << 7) | (UINT32_C(1) << 11) | (UINT32_C(1) << 12) | (UINT32_C(1) << 27) |        \
     (UINT32_C(1) << 28) | (UINT32_C(1) << 30) | (UINT32_C(1) << 31))

/* --- reset ---------------------------------------------------------------------------------- */

/* Waits until the bits of the register have the value; false when they do not in time. */
static bool wait_for(const struct e1000 *nic, uint32_t offset, uint32_t bits, uint32_t value,
                     uint64_t patience_ns)
{
    uint64_t start = clock_monotonic_ns();
    do {
        uint32_t now = e1000_read(nic, offset);
        if (now == E1000_REGISTER_GONE)
            return false;
        if ((now & bits) == value)
            return true;
    } while (clock_monotonic_ns() - start < patience_ns);
    return false;
}

int e1000_reset(const struct e1000 *nic)
{
    uint32_t control = e1000_read(nic, E1000_CTRL);
    if (control == E1000_REGISTER_GONE)
        return -ENODEV;
    e1000_write(nic, E1000_IMC, E1000_INT_ALL);
    if (e1000_read(nic, E1000_RCTL) != 0)
        e1000_write(nic, E1000_RCTL, 0);
    e1000_write(nic, E1000_TCTL, 0);
    e1000_write(nic, E1000_CTRL, control | E1000_CTRL_RST);
    if (!wait_for(nic, E1000_CTRL, E1000_CTRL_RST, 0, RESET_WAIT_NS))
        return -ENODEV;
    e1000_write(nic, E1000_IMC, E1000_INT_ALL);
    (void)e1000_read(nic, E1000_ICR);
    return 0;
}

/* --- address -------------------------------------------------------------------------------- */

/* SDM §13.4.4.  The wrong layout of this register never says done. */
static bool read_eeprom(const struct e1000 *nic, uint32_t word, uint16_t *value)
{
    const struct e1000_model *model = nic->model;
    e1000_write(nic, E1000_EERD, word << model->eerd_address_shift | E1000_EERD_START);
    if (!wait_for(nic, E1000_EERD, model->eerd_done, model->eerd_done, EEPROM_WAIT_NS))
        return false;
    *value = (uint16_t)(e1000_read(nic, E1000_EERD) >> E1000_EERD_DATA_SHIFT);
    return true;
}

/* IEEE 802.3 §3.2.3: one station's address, and none of those that an empty EEPROM reads as. */
static bool is_station(const uint8_t mac[E1000_MAC_BYTES])
{
    static const uint8_t zero[E1000_MAC_BYTES];
    return (mac[0] & 1u) == 0 && memcmp(mac, zero, E1000_MAC_BYTES) != 0;
}

static bool mac_from_eeprom(struct e1000 *nic)
{
    for (uint32_t i = 0; i < E1000_MAC_BYTES / 2; i++) {
        uint16_t word;
        if (!read_eeprom(nic, E1000_EEPROM_MAC + i, &word))
            return false;
        nic->mac[2 * i] = (uint8_t)word;
        nic->mac[2 * i + 1] = (uint8_t)(word >> 8);
    }
    return is_station(nic->mac);
}

int e1000_read_mac(struct e1000 *nic)
{
    if (mac_from_eeprom(nic))
        return 0;
    uint64_t address =
        (uint64_t)e1000_read(nic, E1000_RAH(0)) << 32 | e1000_read(nic, E1000_RAL(0));
    for (unsigned int i = 0; i < E1000_MAC_BYTES; i++)
        nic->mac[i] = (uint8_t)(address >> 8 * i);
    return is_station(nic->mac) ? 0 : -ENODEV;
}

/* --- filters -------------------------------------------------------------------------------- */

static void setup_filters(const struct e1000 *nic)
{
    const uint8_t *mac = nic->mac;
    e1000_write(nic, E1000_RAL(0),
                (uint32_t)mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 |
                    (uint32_t)mac[3] << 24);
    e1000_write(nic, E1000_RAH(0), (uint32_t)mac[4] | (uint32_t)mac[5] << 8 | E1000_RAH_AV);
    for (uint32_t i = 1; i < E1000_RECEIVE_ADDRESSES; i++)
        e1000_write(nic, E1000_RAH(i), 0);
    for (uint32_t i = 0; i < E1000_MTA_WORDS; i++)
        e1000_write(nic, E1000_MTA + 4 * i, nic->multicast[i]);
}

void e1000_multicast(struct e1000 *nic, const uint8_t (*addresses)[E1000_MAC_BYTES], size_t count)
{
    uint32_t table[E1000_MTA_WORDS] = {0};
    _Static_assert(sizeof(table) == sizeof(nic->multicast), "the shadow has the table's size");
    for (size_t i = 0; i < count; i++) {
        /* SDM §13.5.1 with RCTL.MO 0: bits 47 to 36 of the address. */
        uint32_t hash = (uint32_t)addresses[i][4] >> 4 | (uint32_t)addresses[i][5] << 4;
        table[hash / 32u] |= UINT32_C(1) << hash % 32u;
    }
    for (uint32_t i = 0; i < E1000_MTA_WORDS && !nic->gone; i++) {
        if (table[i] != nic->multicast[i])
            e1000_write(nic, E1000_MTA + 4 * i, table[i]);
    }
    memcpy(nic->multicast, table, sizeof(table));
}

/* --- all of it ------------------------------------------------------------------------------ */

/* SDM §14.3: no flow control, the link as the PHY finds it, interrupts without delay. */
static void setup_general(const struct e1000 *nic)
{
    static const uint16_t zeros[] = {E1000_FCAL, E1000_FCAH, E1000_FCT,  E1000_FCTTV, E1000_ITR,
                                     E1000_RDTR, E1000_RADV, E1000_TIDV, E1000_TADV,  E1000_RXCSUM};
    uint32_t control = e1000_read(nic, E1000_CTRL) & ~CTRL_FORCED;
    e1000_write(nic, E1000_CTRL, control | E1000_CTRL_SLU | E1000_CTRL_ASDE);
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
        e1000_write(nic, zeros[i], 0);
}

void e1000_setup(struct e1000 *nic)
{
    setup_general(nic);
    setup_filters(nic);
    e1000_tx_setup(nic);
    e1000_rx_setup(nic);
    e1000_write(nic, E1000_TIPG, E1000_TIPG_802_3);
    e1000_write(nic, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT | E1000_TCTL_COLD);
    /* Broadcasts, our address and the groups; no long, no damaged frames; no CRC, which QEMU would
     * count in the length without writing it. */
    e1000_write(nic, E1000_RCTL,
                E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_BSIZE2048 | E1000_RCTL_SECRC);
}
