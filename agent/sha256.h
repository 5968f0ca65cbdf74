/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4 §6.2), as Mbed TLS has it: its names in ours, and no results to look at. */
#ifndef AGENT_SHA256_H
#define AGENT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "mbedtls/sha256.h"

#define SHA256_BYTES       32u
#define SHA256_BLOCK_BYTES 64u

struct sha256 {
    mbedtls_sha256_context context;
};

/* Begins a digest; goes on with `length` bytes (FIPS 180-4 §5 and §6). */
void sha256_init(struct sha256 *sha256);
void sha256_update(struct sha256 *sha256, const void *data, size_t length);
/* The digest of all that was given; the structure is wiped, and has to be initialized again. */
void sha256_final(struct sha256 *sha256, uint8_t digest[SHA256_BYTES]);

#endif
