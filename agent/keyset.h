/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keys that a document has used so far, so that a second one in the same object is found in
 * constant time: qemu-ga refuses duplicate keys at any depth, and a document may have millions.
 */
#ifndef AGENT_KEYSET_H
#define AGENT_KEYSET_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct keyset {
    struct buffer table; /* of struct keyset_entry; a power of two of them */
    uint64_t seed;       /* keeps the host from choosing keys that collide */
    uint32_t document;   /* entries of other documents count as empty */
    uint32_t count;      /* entries of this document */
};

/* A key: `length` bytes at `offset` of the string store, in the object numbered `object`. */
struct keyset_key {
    uint32_t object;
    uint32_t offset;
    uint32_t length;
};

/* Empty, without memory until the first key. */
void keyset_init(struct keyset *keyset, const struct platform *platform);
void keyset_free(struct keyset *keyset);
/* Forgets all keys in constant time (linear in the table when the counter of documents wraps). */
void keyset_clear(struct keyset *keyset);
/*
 * Adds `key`, whose bytes and all earlier ones are in `strings`.  Returns 0, -EEXIST if its object
 * has it already, or -ENOMEM.
 */
int keyset_add(struct keyset *keyset, const uint8_t *strings, const struct keyset_key *key);
/* Whether it has `key`; the bytes of that and of all added keys are in `strings`. */
bool keyset_has(const struct keyset *keyset, const uint8_t *strings, const struct keyset_key *key);

#endif
