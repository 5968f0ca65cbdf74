/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chip's counters, SDM §13.7.  Some of QEMU's always read 0; none is invented here.
 *
 * Reading clears a counter, on a chip; QEMU clears most and leaves some as they are
 * (hw/net/e1000.c:macreg_readops, e1000e_core.c:e1000e_macreg_readops).
 */
#include "e1000_parts.h"

static const struct {
    uint16_t offset;
    uint16_t field; /* in struct e1000_statistics */
    bool may_stay;  /* one of those that QEMU does not clear */
} counters[] = {
    {E1000_GPRC, offsetof(struct e1000_statistics, rx_frames), false},
    {E1000_BPRC, offsetof(struct e1000_statistics, rx_broadcast), false},
    {E1000_MPRC, offsetof(struct e1000_statistics, rx_multicast), false},
    {E1000_GPTC, offsetof(struct e1000_statistics, tx_frames), false},
    {E1000_CRCERRS, offsetof(struct e1000_statistics, rx_crc), true},
    {E1000_RXERRC, offsetof(struct e1000_statistics, rx_crc), true},
    {E1000_RUC, offsetof(struct e1000_statistics, rx_undersize), false},
    {E1000_RFC, offsetof(struct e1000_statistics, rx_undersize), true},
    {E1000_ROC, offsetof(struct e1000_statistics, rx_oversize), false},
    {E1000_RJC, offsetof(struct e1000_statistics, rx_oversize), true},
    {E1000_MPC, offsetof(struct e1000_statistics, rx_missed), true},
    {E1000_RNBC, offsetof(struct e1000_statistics, rx_no_buffer), true},
};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))
_Static_assert(COUNTERS <= E1000_COUNTERS_MAX, "each has its place in struct e1000");

/* What one has counted since it was read last.  Whether it is cleared shows when it is read again:
 * it is not smaller then. */
static uint64_t read_counter(struct e1000 *nic, size_t index)
{
    uint32_t value = e1000_read(nic, counters[index].offset);
    if (value == 0 || !counters[index].may_stay)
        return value;
    uint32_t again = e1000_read(nic, counters[index].offset);
    if (again < value)
        return (uint64_t)value + again;
    uint32_t before = nic->counted[index];
    nic->counted[index] = again;
    return again >= before ? again - before : again; /* smaller: a reset has cleared it */
}

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
    for (size_t i = 0; i < COUNTERS; i++) {
        uint64_t *field = (uint64_t *)(void *)((char *)&nic->statistics + counters[i].field);
        *field += read_counter(nic, i);
    }
    nic->statistics.rx_bytes += read_pair(nic, E1000_GORCL);
    nic->statistics.tx_bytes += read_pair(nic, E1000_GOTCL);
    return &nic->statistics;
}

void e1000_statistics_begin(struct e1000 *nic)
{
    (void)e1000_statistics(nic);
    nic->statistics = (struct e1000_statistics){0};
}
