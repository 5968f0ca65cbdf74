/* SPDX-License-Identifier: BSD-2-Clause */
#include "sha256.h"

#include <string.h>

/* §4.2.2 */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

static uint32_t read_big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* §6.2.2 */
static void process(uint32_t state[8], const uint8_t *block)
{
    uint32_t schedule[64];
    uint32_t v[8];

    for (unsigned t = 0; t < 16; t++) {
        schedule[t] = read_big_endian(block + t * 4);
    }
    for (unsigned t = 16; t < 64; t++) {
        uint32_t s0 = schedule[t - 15];
        uint32_t s1 = schedule[t - 2];

        s0 = rotate(s0, 7) ^ rotate(s0, 18) ^ s0 >> 3;
        s1 = rotate(s1, 17) ^ rotate(s1, 19) ^ s1 >> 10;
        schedule[t] = schedule[t - 16] + s0 + schedule[t - 7] + s1;
    }
    memcpy(v, state, sizeof(v));
    for (unsigned t = 0; t < 64; t++) {
        uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + s1 + choice + constants[t] + schedule[t];
        uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + s0 + majority;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

/* §5.3.3 */
void sha256_init(struct sha256 *sha256)
{
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(sha256->state, initial, sizeof(initial));
    sha256->length = 0;
}

void sha256_update(struct sha256 *sha256, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    while (length > 0) {
        size_t used = sha256->length % SHA256_BLOCK_BYTES;
        size_t count = SHA256_BLOCK_BYTES - used;

        if (count > length) {
            count = length;
        }
        memcpy(sha256->block + used, bytes, count);
        sha256->length += count;
        bytes += count;
        length -= count;
        if (used + count == SHA256_BLOCK_BYTES) {
            process(sha256->state, sha256->block);
        }
    }
}

/* §5.1.1 */
void sha256_final(struct sha256 *sha256, uint8_t digest[SHA256_BYTES])
{
    static const uint8_t padding[SHA256_BLOCK_BYTES] = {0x80};
    uint64_t bits = sha256->length * 8;
    size_t used = sha256->length % SHA256_BLOCK_BYTES;
    uint8_t length[8];

    for (unsigned i = 0; i < 8; i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    sha256_update(sha256, padding, (used < 56 ? 56 : 56 + SHA256_BLOCK_BYTES) - used);
    sha256_update(sha256, length, sizeof(length));
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        digest[i] = (uint8_t)(sha256->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
