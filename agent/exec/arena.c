/* SPDX-License-Identifier: BSD-2-Clause */
#include "arena.h"

#include <stdalign.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t size; /* this header included */
};

#define ALIGNMENT   alignof(max_align_t)
#define HEADER_SIZE ((sizeof(struct arena_block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

void arena_init(struct arena *arena, const struct platform *platform)
{
    *arena = (struct arena){.platform = platform};
}

static void free_block(struct arena *arena, struct arena_block *block)
{
    arena->platform->resize(arena->platform->ctx, block, block->size, 0);
}

void arena_free(struct arena *arena)
{
    /* The arena itself may lie in its first block. */
    struct arena own = *arena;
    struct arena_block *block = own.blocks;

    *arena = (struct arena){.platform = own.platform};
    while (block != NULL) {
        struct arena_block *next = block->next;

        free_block(&own, block);
        block = next;
    }
}

void arena_reset(struct arena *arena)
{
    while (arena->blocks != NULL &&
           (arena->blocks->next != NULL || arena->blocks->size > PLATFORM_PAGE_SIZE)) {
        struct arena_block *next = arena->blocks->next;

        free_block(arena, arena->blocks);
        arena->blocks = next;
    }
    if (arena->blocks != NULL) {
        arena->at = (uint8_t *)arena->blocks + HEADER_SIZE;
        arena->left = arena->blocks->size - HEADER_SIZE;
    } else {
        arena->left = 0;
    }
}

void *arena_alloc(struct arena *arena, size_t size)
{
    uint8_t *taken;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > arena->left) {
        size_t wanted = HEADER_SIZE + size;
        struct arena_block *block;

        if (wanted < PLATFORM_PAGE_SIZE) {
            wanted = PLATFORM_PAGE_SIZE;
        }
        block = arena->platform->resize(arena->platform->ctx, NULL, 0, wanted);
        if (block == NULL) {
            return NULL;
        }
        *block = (struct arena_block){.next = arena->blocks, .size = wanted};
        arena->blocks = block;
        /* What is left of the block before is the smaller loss, unless this one is filled. */
        if (wanted - HEADER_SIZE - size < arena->left) {
            return memset((uint8_t *)block + HEADER_SIZE, 0, size);
        }
        arena->at = (uint8_t *)block + HEADER_SIZE;
        arena->left = wanted - HEADER_SIZE;
    }
    taken = arena->at;
    arena->at += size;
    arena->left -= size;
    return memset(taken, 0, size);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (copy != NULL && length > 0) {
        memcpy(copy, bytes, length);
    }
    return copy;
}
