/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071).  It sees every byte that comes and goes, so it takes eight at a
 * time, as two words of 32 bits whose carries gather above them; lwIP's own goes by 16 bits.  An
 * addition with carry would be shorter, but under TCG it is a call for each word.
 */
#include <stdint.h>
#include <string.h>

#include "lwip/opt.h"

static uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    __builtin_memcpy(&word, at, sizeof word); /* one load; a freestanding memcpy() is a call */
    return word;
}

uint16_t net_checksum(const void *data, int length)
{
    const uint8_t *at = data;
    size_t left = (size_t)length;
    uint64_t low = 0, high = 0; /* neither overflows: packets are short */

    for (; left >= 32; left -= 32, at += 32) {
        for (size_t i = 0; i < 32; i += 8) {
            uint64_t word = load64(at + i);
            low += (uint32_t)word;
            high += word >> 32;
        }
    }
    for (; left >= 8; left -= 8, at += 8) {
        uint64_t word = load64(at);
        low += (uint32_t)word;
        high += word >> 32;
    }
    uint64_t rest = 0;
    memcpy(&rest, at, left);
    uint64_t sum = low + high + (uint32_t)rest + (rest >> 32);
    for (int fold = 0; fold < 3; fold++)
        sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32 & 0xffff) + (sum >> 48);
    return (uint16_t)sum;
}
