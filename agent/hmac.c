/* SPDX-License-Identifier: BSD-2-Clause */
#include "hmac.h"

#include <string.h>

#include "mbedtls/platform_util.h"

/* RFC 2104 §2: ipad and opad. */
#define INNER_PAD 0x36u
#define OUTER_PAD 0x5Cu

static void begin_padded(struct sha256 *sha256, const uint8_t key[SHA256_BLOCK_BYTES], uint8_t pad)
{
    uint8_t block[SHA256_BLOCK_BYTES];

    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = key[i] ^ pad;
    }
    sha256_init(sha256);
    sha256_update(sha256, block, sizeof(block));
    mbedtls_platform_zeroize(block, sizeof(block));
}

void hmac_begin(struct hmac *hmac, const void *key, size_t key_bytes)
{
    uint8_t block[SHA256_BLOCK_BYTES] = {0};

    if (key_bytes <= sizeof(block)) {
        memcpy(block, key, key_bytes);
    } else { /* RFC 2104 §3: longer keys are hashed first */
        sha256_init(&hmac->inner);
        sha256_update(&hmac->inner, key, key_bytes);
        sha256_final(&hmac->inner, block);
    }
    begin_padded(&hmac->inner, block, INNER_PAD);
    begin_padded(&hmac->outer, block, OUTER_PAD);
    mbedtls_platform_zeroize(block, sizeof(block));
}

void hmac_add(struct hmac *hmac, const void *data, size_t bytes)
{
    sha256_update(&hmac->inner, data, bytes);
}

void hmac_end(struct hmac *hmac, uint8_t code[HMAC_BYTES])
{
    sha256_final(&hmac->inner, code);
    sha256_update(&hmac->outer, code, HMAC_BYTES);
    sha256_final(&hmac->outer, code);
}
