/* SPDX-License-Identifier: BSD-2-Clause */
#include "hmac.h"

#include <string.h>

#include "mbedtls/platform_util.h"

/* SHA-256's block (FIPS 180-4 §1), and the two paddings of RFC 2104 §2. */
#define BLOCK_BYTES 64u
#define INNER_PAD   0x36u
#define OUTER_PAD   0x5Cu

/* The software SHA-256 cannot fail; its results are for hardware that can. */
static void begin(mbedtls_sha256_context *context)
{
    mbedtls_sha256_init(context);
    (void)mbedtls_sha256_starts_ret(context, 0);
}

static void end(mbedtls_sha256_context *context, uint8_t digest[HMAC_BYTES])
{
    (void)mbedtls_sha256_finish_ret(context, digest);
    mbedtls_sha256_free(context); /* wipes it */
}

static void begin_padded(mbedtls_sha256_context *context, const uint8_t key[BLOCK_BYTES],
                         uint8_t pad)
{
    uint8_t block[BLOCK_BYTES];

    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        block[i] = key[i] ^ pad;
    }
    begin(context);
    (void)mbedtls_sha256_update_ret(context, block, sizeof(block));
    mbedtls_platform_zeroize(block, sizeof(block));
}

void hmac_begin(struct hmac *hmac, const void *key, size_t key_bytes)
{
    uint8_t block[BLOCK_BYTES] = {0};

    if (key_bytes <= BLOCK_BYTES) {
        memcpy(block, key, key_bytes);
    } else { /* RFC 2104 §3: longer keys are hashed first */
        begin(&hmac->inner);
        (void)mbedtls_sha256_update_ret(&hmac->inner, key, key_bytes);
        end(&hmac->inner, block);
    }
    begin_padded(&hmac->inner, block, INNER_PAD);
    begin_padded(&hmac->outer, block, OUTER_PAD);
    mbedtls_platform_zeroize(block, sizeof(block));
}

void hmac_add(struct hmac *hmac, const void *data, size_t bytes)
{
    (void)mbedtls_sha256_update_ret(&hmac->inner, data, bytes);
}

void hmac_end(struct hmac *hmac, uint8_t code[HMAC_BYTES])
{
    end(&hmac->inner, code);
    (void)mbedtls_sha256_update_ret(&hmac->outer, code, HMAC_BYTES);
    end(&hmac->outer, code);
}
