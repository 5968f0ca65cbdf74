/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyset.h"

#include <errno.h>
#include <string.h>

#define KEYSET_ENTRIES_MIN  128u
#define KEYSET_ENTRIES_KEPT 4096u

struct keyset_entry {
    uint64_t hash;
    uint32_t document;
    struct keyset_key key;
};

void keyset_init(struct keyset *keyset, const struct platform *platform)
{
    buffer_init(&keyset->table, platform);
    keyset->seed = platform->monotonic_ns(platform->ctx) * 0x9E3779B97F4A7C15u;
    keyset->document = 1;
    keyset->count = 0;
}

void keyset_free(struct keyset *keyset)
{
    buffer_free(&keyset->table);
}

void keyset_clear(struct keyset *keyset)
{
    keyset->count = 0;
    if (keyset->table.capacity > KEYSET_ENTRIES_KEPT * sizeof(struct keyset_entry) ||
        ++keyset->document == 0) {
        buffer_free(&keyset->table);
        keyset->document = 1;
    }
}

static uint64_t keyset_hash(const struct keyset *keyset, const uint8_t *bytes,
                            const struct keyset_key *key)
{
    uint64_t hash = keyset->seed ^ key->object;

    for (uint32_t i = 0; i < key->length; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
        hash ^= hash >> 29;
    }
    hash *= 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

/* The entry that holds `key`, or the empty one where it belongs. */
static struct keyset_entry *keyset_find(const struct keyset *keyset, const uint8_t *strings,
                                        const struct keyset_key *key, uint64_t hash)
{
    struct keyset_entry *entries = (void *)keyset->table.data;
    size_t mask = keyset->table.size / sizeof(*entries) - 1;

    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct keyset_entry *entry = &entries[i];

        if (entry->document != keyset->document) {
            return entry;
        }
        if (entry->hash == hash && entry->key.object == key->object &&
            entry->key.length == key->length &&
            memcmp(strings + entry->key.offset, strings + key->offset, key->length) == 0) {
            return entry;
        }
    }
}

/* Twice the entries, so that fewer than half are ever in use and a search stays short. */
static int keyset_grow(struct keyset *keyset, const uint8_t *strings)
{
    struct keyset_entry *old = (void *)keyset->table.data;
    size_t old_count = keyset->table.size / sizeof(*old);
    size_t new_count = old_count == 0 ? KEYSET_ENTRIES_MIN : old_count * 2;
    struct keyset grown = *keyset;

    buffer_init(&grown.table, keyset->table.platform);
    if (buffer_reserve(&grown.table, new_count * sizeof(*old)) < 0) {
        return -ENOMEM;
    }
    grown.table.size = new_count * sizeof(*old);
    memset(grown.table.data, 0, grown.table.size);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].document == keyset->document) {
            *keyset_find(&grown, strings, &old[i].key, old[i].hash) = old[i];
        }
    }
    buffer_free(&keyset->table);
    *keyset = grown;
    return 0;
}

int keyset_add(struct keyset *keyset, const uint8_t *strings, const struct keyset_key *key)
{
    uint64_t hash = keyset_hash(keyset, strings + key->offset, key);
    struct keyset_entry *entry;

    if ((size_t)keyset->count * 2 >= keyset->table.size / sizeof(*entry)) {
        int result = keyset_grow(keyset, strings);

        if (result < 0) {
            return result;
        }
    }
    entry = keyset_find(keyset, strings, key, hash);
    if (entry->document == keyset->document) {
        return -EEXIST;
    }
    *entry = (struct keyset_entry){.hash = hash, .document = keyset->document, .key = *key};
    keyset->count++;
    return 0;
}

bool keyset_has(const struct keyset *keyset, const uint8_t *strings, const struct keyset_key *key)
{
    return keyset->count > 0 &&
           keyset_find(keyset, strings, key, keyset_hash(keyset, strings + key->offset, key))
                   ->document == keyset->document;
}
