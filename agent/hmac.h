/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HMAC-SHA256 (RFC 2104).  Mbed TLS's own takes its memory from an allocator, and this has to work
 * before anybody has shown the secret.
 */
#ifndef AGENT_HMAC_H
#define AGENT_HMAC_H

#include "sha256.h"

#define HMAC_BYTES SHA256_BYTES

struct hmac {
    struct sha256 inner;
    struct sha256 outer;
};

/* Begins with a key of any length. */
void hmac_begin(struct hmac *hmac, const void *key, size_t key_bytes);
/* Goes on with `bytes` bytes of the message. */
void hmac_add(struct hmac *hmac, const void *data, size_t bytes);
/* Writes the code of everything that was added, and wipes *hmac. */
void hmac_end(struct hmac *hmac, uint8_t code[HMAC_BYTES]);

#endif
