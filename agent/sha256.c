/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 in software cannot fail; the results of these functions are for hardware that can. */
#include "sha256.h"

void sha256_init(struct sha256 *sha256)
{
    mbedtls_sha256_init(&sha256->context);
    (void)mbedtls_sha256_starts_ret(&sha256->context, 0);
}

void sha256_update(struct sha256 *sha256, const void *data, size_t length)
{
    (void)mbedtls_sha256_update_ret(&sha256->context, data, length);
}

void sha256_final(struct sha256 *sha256, uint8_t digest[SHA256_BYTES])
{
    (void)mbedtls_sha256_finish_ret(&sha256->context, digest);
    mbedtls_sha256_free(&sha256->context);
}
