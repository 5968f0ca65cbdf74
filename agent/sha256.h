/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4 §6.2). */
#ifndef AGENT_SHA256_H
#define AGENT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES       32u
#define SHA256_BLOCK_BYTES 64u

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[SHA256_BLOCK_BYTES];
};

void sha256_init(struct sha256 *sha256);
void sha256_update(struct sha256 *sha256, const void *data, size_t length);
/* The digest of all that was given; afterwards the structure has to be initialized again. */
void sha256_final(struct sha256 *sha256, uint8_t digest[SHA256_BYTES]);

#endif
