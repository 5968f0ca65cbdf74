/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of Mbed TLS is built: SHA-256, and with it the two functions that a secret needs (a
 * comparison in constant time, a wipe that the compiler does not drop).  It takes the place of
 * mbedtls/config.h in the unpacked source (mbedtls.mk).
 */
#ifndef MBEDTLS_CONFIG_H
#define MBEDTLS_CONFIG_H

#define MBEDTLS_SHA256_C
/* One round in a loop instead of sixty-four in a row: half the size. */
#define MBEDTLS_SHA256_SMALLER

#endif
