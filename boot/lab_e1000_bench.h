/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the laboratory share: frames that the guest sends (lab_e1000.c), and
 * frames that come to it (lab_e1000_wire.c). */
#ifndef BOOT_LAB_E1000_BENCH_H
#define BOOT_LAB_E1000_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <arch/mmio.h>

#define LAB_RING_COUNT   8u
#define LAB_RING_BYTES   (LAB_RING_COUNT * 16u)
#define LAB_BUFFER_BYTES 0x20000u

struct lab_bench {
    volatile uint8_t *registers;
    uint64_t registers_address; /* as the chip itself would reach them */
    volatile uint8_t *ring;     /* to send from; behind it the one to receive to */
    uint8_t *buffer;
};

static inline uint32_t lab_get(const struct lab_bench *bench, uint32_t offset)
{
    return mmio_read32(bench->registers + offset);
}

static inline void lab_set(const struct lab_bench *bench, uint32_t offset, uint32_t value)
{
    mmio_write32(bench->registers + offset, value);
}

/* Whether a shape of this defect is wanted; `only` is "" for all. */
bool lab_wants(const char *only, const char *cve);
/* Makes the transmit ring of the bench known to the chip, empty from `head` on, and clears what is
 * counted. */
void lab_send_from(const struct lab_bench *bench, uint32_t head);
/* Prints what came of writing `tail` to TDT, in one line. */
void lab_send_to(const struct lab_bench *bench, uint32_t tail, const char *cve, const char *name);
/* Writes a legacy descriptor with one whole frame: the first 60 bytes of the buffer. */
void lab_write_frame(const struct lab_bench *bench, uint32_t index);

/* The shapes in which something is received; returns how many there were. */
uint32_t lab_wire(const struct lab_bench *bench, const char *only);
/* What is sent comes back, and is received into the register that sends. */
uint32_t lab_loopback(const struct lab_bench *bench, const char *only);

#endif
