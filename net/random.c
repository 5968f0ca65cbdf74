/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers: see random.h. */
#include "random.h"

#include <string.h>

struct state {
    uint64_t v[4];
};

static uint64_t key[2];
static uint64_t counter;

static uint64_t rotate(uint64_t value, unsigned int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(struct state *s)
{
    uint64_t *v = s->v;
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static void sip_word(struct state *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_round(s);
    sip_round(s);
    s->v[0] ^= word;
}

/* The hash of `tweak` and the bytes; the length stands in the last word, as in the original. */
static uint64_t sip_hash(uint64_t tweak, const uint8_t *data, size_t bytes)
{
    struct state s = {{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                       key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573}};
    sip_word(&s, tweak);
    for (size_t left = bytes; left; left -= left < 8 ? left : 8, data += 8) {
        uint64_t word = 0;
        memcpy(&word, data, left < 8 ? left : 8);
        sip_word(&s, word);
    }
    sip_word(&s, (uint64_t)(bytes + 8) << 56);
    s.v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

void net_random_stir(const void *seed, size_t bytes)
{
    uint64_t first = sip_hash(1, seed, bytes);
    key[1] = sip_hash(2, seed, bytes);
    key[0] = first;
}

uint32_t net_random32(void)
{
    counter++;
    return (uint32_t)sip_hash(0, (const uint8_t *)&counter, sizeof counter);
}

uint32_t net_random_hash(const void *data, size_t bytes)
{
    return (uint32_t)sip_hash(3, data, bytes);
}

void net_random_fill(void *buffer, size_t bytes)
{
    uint8_t *at = buffer;
    for (size_t part; bytes; bytes -= part, at += part) {
        uint32_t number = net_random32();
        part = bytes < sizeof number ? bytes : sizeof number;
        memcpy(at, &number, part);
    }
}
