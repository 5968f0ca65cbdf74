/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nodes of the file tree.  A directory's children hang on a list, for whoever wants all of
 * them, and in a hash table, for whoever wants one.
 */
#include "ramfs_parts.h"

#include <errno.h>
#include <string.h>

#define BUCKETS_MIN    64u
#define NODES_PER_PAGE ((PLATFORM_PAGE_SIZE - sizeof(void *)) / sizeof(struct ramfs_node))

static size_t hash_name(const struct ramfs *fs, const struct ramfs_node *parent, const char *name,
                        size_t length)
{
    uint64_t hash = fs->seed ^ (uint64_t)(uintptr_t)parent;

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001B3u;
        hash ^= hash >> 29;
    }
    return (size_t)(hash ^ hash >> 32);
}

struct ramfs_node *ramfs_find_child(const struct ramfs *fs, const struct ramfs_node *parent,
                                    const char *name, size_t length)
{
    size_t bucket = hash_name(fs, parent, name, length) & (fs->bucket_count - 1);
    struct ramfs_node *node = fs->buckets[bucket];

    while (node != NULL && (node->parent != parent || node->name_length != length ||
                            memcmp(node->name, name, length) != 0)) {
        node = node->chain;
    }
    return node;
}

static struct ramfs_node **bucket_of(struct ramfs *fs, const struct ramfs_node *node)
{
    return &fs->buckets[hash_name(fs, node->parent, node->name, node->name_length) &
                        (fs->bucket_count - 1)];
}

static void add_to_buckets(struct ramfs *fs, struct ramfs_node *node)
{
    struct ramfs_node **bucket = bucket_of(fs, node);

    node->chain = *bucket;
    *bucket = node;
}

/* Twice the buckets; the tree works on, only more slowly, when there is no memory for them. */
static void grow_buckets(struct ramfs *fs)
{
    const struct platform *platform = fs->platform;
    struct ramfs_node **old = fs->buckets;
    size_t old_count = fs->bucket_count;
    size_t bytes = old_count * 2 * sizeof(*old);
    struct ramfs_node **grown = platform->resize(platform->ctx, NULL, 0, bytes);

    if (grown == NULL) {
        return;
    }
    memset(grown, 0, bytes);
    fs->buckets = grown;
    fs->bucket_count = old_count * 2;
    for (size_t i = 0; i < old_count; i++) {
        struct ramfs_node *node = old[i];

        while (node != NULL) {
            struct ramfs_node *next = node->chain;

            add_to_buckets(fs, node);
            node = next;
        }
    }
    platform->resize(platform->ctx, old, old_count * sizeof(*old), 0);
}

/* Takes a page and cuts it into nodes. */
static int add_spare_nodes(struct ramfs *fs)
{
    void **page = fs->platform->page_alloc(fs->platform->ctx);
    struct ramfs_node *nodes;

    if (page == NULL) {
        return -ENOSPC;
    }
    page[0] = fs->node_pages;
    fs->node_pages = page;
    nodes = (void *)(page + 1);
    for (size_t i = 0; i < NODES_PER_PAGE; i++) {
        nodes[i].chain = fs->spare;
        fs->spare = &nodes[i];
    }
    return 0;
}

/* A node that nothing leads to yet. */
static struct ramfs_node *take_node(struct ramfs *fs)
{
    struct ramfs_node *node;

    if (fs->spare == NULL && add_spare_nodes(fs) < 0) {
        return NULL;
    }
    node = fs->spare;
    fs->spare = node->chain;
    *node = (struct ramfs_node){
        .parent = &fs->root,
        .number = ++fs->last_number,
        .mtime_ns = fs->platform->realtime_ns(fs->platform->ctx),
    };
    return node;
}

void ramfs_drop_node(struct ramfs *fs, struct ramfs_node *node)
{
    if (node->back != NULL || node->holds > 0 || node == &fs->root) {
        return;
    }
    ramfs_truncate(fs, node);
    node->chain = fs->spare;
    fs->spare = node;
}

void ramfs_link_node(struct ramfs *fs, struct ramfs_node *parent, struct ramfs_node *node)
{
    node->parent = parent;
    node->sibling = parent->children;
    if (node->sibling != NULL) {
        node->sibling->back = &node->sibling;
    }
    node->back = &parent->children;
    parent->children = node;
    parent->mtime_ns = fs->platform->realtime_ns(fs->platform->ctx);
    fs->node_count++;
    add_to_buckets(fs, node);
}

void ramfs_unlink_node(struct ramfs *fs, struct ramfs_node *node)
{
    struct ramfs_node **link = bucket_of(fs, node);

    while (*link != node) {
        link = &(*link)->chain;
    }
    *link = node->chain;
    *node->back = node->sibling;
    if (node->sibling != NULL) {
        node->sibling->back = node->back;
    }
    node->parent->mtime_ns = fs->platform->realtime_ns(fs->platform->ctx);
    node->parent = &fs->root; /* the parent may go while this one is held */
    node->sibling = NULL;
    node->back = NULL;
    fs->node_count--;
}

int ramfs_add_node(struct ramfs *fs, struct ramfs_node *parent, const char *name, size_t length,
                   bool is_directory, struct ramfs_node **added)
{
    struct ramfs_node *node = take_node(fs);

    if (node == NULL) {
        return -ENOSPC;
    }
    node->is_directory = is_directory;
    node->mode = is_directory ? RAMFS_DIRECTORY_MODE : RAMFS_FILE_MODE;
    node->name_length = (uint8_t)length;
    memcpy(node->name, name, length);
    if (fs->node_count >= fs->bucket_count) {
        grow_buckets(fs);
    }
    ramfs_link_node(fs, parent, node);
    *added = node;
    return 0;
}

struct ramfs_node *ramfs_anonymous(struct ramfs *fs)
{
    struct ramfs_node *node = take_node(fs);

    if (node != NULL) {
        node->holds = 1;
    }
    return node;
}

void ramfs_hold(struct ramfs_node *node)
{
    node->holds++;
}

void ramfs_release(struct ramfs *fs, struct ramfs_node *node)
{
    node->holds--;
    ramfs_drop_node(fs, node);
}

int ramfs_init(struct ramfs *fs, const struct platform *platform)
{
    *fs = (struct ramfs){
        .platform = platform,
        .root = {.is_directory = true, .mode = RAMFS_DIRECTORY_MODE},
        .bucket_count = BUCKETS_MIN,
        .seed = platform->monotonic_ns(platform->ctx) * 0x9E3779B97F4A7C15u,
    };
    fs->root.parent = &fs->root;
    fs->root.number = ++fs->last_number;
    fs->root.mtime_ns = platform->realtime_ns(platform->ctx);
    fs->buckets = platform->resize(platform->ctx, NULL, 0, fs->bucket_count * sizeof(*fs->buckets));
    if (fs->buckets == NULL) {
        return -ENOMEM;
    }
    memset(fs->buckets, 0, fs->bucket_count * sizeof(*fs->buckets));
    return 0;
}

void ramfs_free(struct ramfs *fs)
{
    for (size_t i = 0; i < fs->bucket_count; i++) {
        for (struct ramfs_node *node = fs->buckets[i]; node != NULL; node = node->chain) {
            ramfs_truncate(fs, node);
        }
    }
    while (fs->node_pages != NULL) {
        void **page = fs->node_pages;

        fs->node_pages = page[0];
        fs->platform->page_free(fs->platform->ctx, page);
    }
    fs->platform->resize(fs->platform->ctx, fs->buckets, fs->bucket_count * sizeof(*fs->buckets),
                         0);
}
