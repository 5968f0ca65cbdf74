/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071).  It sees each byte that comes and goes, so it takes eight of
 * them wherever they lie; lwIP's own takes two.
 */
#include <stddef.h>
#include <stdint.h>

#include "lwip/opt.h"

#define WORD  sizeof(uint64_t)
#define BLOCK (4 * WORD)

static uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    __builtin_memcpy(&word, at, sizeof word); /* one load; a freestanding memcpy() is a call */
    return word;
}

/*
 * The sum of the 32-bit halves of all words.  The upper halves gather alone, the lower ones in what
 * whole words add up to modulo 2^64, from where they come back exactly, because a packet is too
 * short for their sum to reach 2^64.  That is three instructions a word; to keep carries would be
 * shorter, but an addition with carry is a call under TCG.
 */
struct sum {
    uint64_t words;
    uint64_t upper;
};

static inline void add(struct sum *sum, uint64_t word)
{
    sum->words += word;
    sum->upper += word >> 32;
}

static inline void add_block(struct sum *sum, const uint8_t *at)
{
    add(sum, load64(at));
    add(sum, load64(at + WORD));
    add(sum, load64(at + 2 * WORD));
    add(sum, load64(at + 3 * WORD));
}

static uint16_t fold(const struct sum *sum)
{
    uint64_t total = sum->words - (sum->upper << 32) + sum->upper;
    for (int i = 0; i < 3; i++)
        total = (total & 0xffff) + (total >> 16 & 0xffff) + (total >> 32 & 0xffff) + (total >> 48);
    return (uint16_t)total;
}

uint16_t net_checksum(const void *data, int length)
{
    const uint8_t *at = data;
    size_t left = (size_t)length;
    struct sum sum = {0, 0};

    for (; left >= BLOCK; left -= BLOCK, at += BLOCK)
        add_block(&sum, at);
    for (; left >= WORD; left -= WORD, at += WORD)
        add(&sum, load64(at));
    uint64_t rest = 0;
    for (size_t i = 0; i < left; i++)
        ((uint8_t *)&rest)[i] = at[i];
    add(&sum, rest);
    return fold(&sum);
}
