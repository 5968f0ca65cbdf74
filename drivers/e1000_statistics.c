/* SPDX-License-Identifier: BSD-2-Clause */
/* The chip's counters, SDM §13.7.  Some of QEMU's always read 0; none is invented here. */
#include "e1000_parts.h"

static const struct {
    uint16_t offset;
    uint16_t field; /* in struct e1000_statistics */
} counters[] = {
    {E1000_GPRC, offsetof(struct e1000_statistics, rx_frames)},
    {E1000_BPRC, offsetof(struct e1000_statistics, rx_broadcast)},
    {E1000_MPRC, offsetof(struct e1000_statistics, rx_multicast)},
    {E1000_GPTC, offsetof(struct e1000_statistics, tx_frames)},
    {E1000_CRCERRS, offsetof(struct e1000_statistics, rx_crc)},
    {E1000_RXERRC, offsetof(struct e1000_statistics, rx_crc)},
    {E1000_RUC, offsetof(struct e1000_statistics, rx_undersize)},
    {E1000_RFC, offsetof(struct e1000_statistics, rx_undersize)},
    {E1000_ROC, offsetof(struct e1000_statistics, rx_oversize)},
    {E1000_RJC, offsetof(struct e1000_statistics, rx_oversize)},
    {E1000_MPC, offsetof(struct e1000_statistics, rx_missed)},
    {E1000_RNBC, offsetof(struct e1000_statistics, rx_no_buffer)},
};

/* The upper half clears both, so it is read last.  QEMU counts on in between
 * (hw/net/e1000.c:mac_read_clr8): what a frame adds there is lost. */
static uint64_t read_pair(const struct e1000 *nic, uint32_t low)
{
    uint64_t value = e1000_read(nic, low);
    return value | (uint64_t)e1000_read(nic, low + 4) << 32;
}

const struct e1000_statistics *e1000_statistics(struct e1000 *nic)
{
    if (nic->gone || e1000_read(nic, E1000_STATUS) == E1000_REGISTER_GONE)
        return &nic->statistics;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        uint64_t *field = (uint64_t *)(void *)((char *)&nic->statistics + counters[i].field);
        *field += e1000_read(nic, counters[i].offset);
    }
    nic->statistics.rx_bytes += read_pair(nic, E1000_GORCL);
    nic->statistics.tx_bytes += read_pair(nic, E1000_GOTCL);
    return &nic->statistics;
}
