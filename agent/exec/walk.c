/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"

#include <string.h>

void walk_init(struct walk *walk, struct ramfs *fs, const struct platform *platform)
{
    *walk = (struct walk){.fs = fs};
    buffer_init(&walk->nodes, platform);
    buffer_init(&walk->path, platform);
}

static struct ramfs_node **nodes_of(const struct walk *walk)
{
    return (void *)walk->nodes.data;
}

static size_t depth_of(const struct walk *walk)
{
    return walk->nodes.size / sizeof(struct ramfs_node *);
}

size_t walk_depth(const struct walk *walk)
{
    return depth_of(walk) - 1;
}

void walk_free(struct walk *walk)
{
    for (size_t i = 0; i < depth_of(walk); i++) {
        ramfs_release(walk->fs, nodes_of(walk)[i]);
    }
    buffer_free(&walk->nodes);
    buffer_free(&walk->path);
}

/* Goes down to `node`, whose name is appended to the path. */
static enum walk_event descend(struct walk *walk, const char *name, size_t length,
                               struct ramfs_node *node)
{
    struct buffer *path = &walk->path;
    bool needs_slash = path->size > 1 && path->data[path->size - 2] != '/';

    if (buffer_reserve(path, length + 2) < 0 ||
        buffer_append(&walk->nodes, &node, sizeof(struct ramfs_node *)) < 0) {
        return WALK_NO_MEMORY;
    }
    ramfs_hold(node);
    if (path->size > 0) {
        path->size--; /* the NUL */
    }
    if (needs_slash) {
        path->data[path->size++] = '/';
    }
    memcpy(path->data + path->size, name, length);
    path->size += length;
    path->data[path->size++] = '\0';
    walk->node = node;
    walk->is_leaving = false;
    walk->skips = false;
    return WALK_ENTER;
}

/* Leaves the current node; the path loses its name. */
static void ascend(struct walk *walk, struct ramfs_node *node)
{
    struct buffer *path = &walk->path;
    char *slash;

    ramfs_release(walk->fs, node);
    walk->nodes.size -= sizeof(struct ramfs_node *);
    slash = strrchr((char *)path->data, '/');
    if (slash == NULL || depth_of(walk) == 0) {
        path->size = 0;
        return;
    }
    if (slash == (char *)path->data) {
        slash++; /* "/name" becomes "/" */
    }
    *slash = '\0';
    path->size = (size_t)(slash - (char *)path->data) + 1;
}

void walk_start(struct walk *walk, const char *path, struct ramfs_node *node)
{
    walk->has_begun = false;
    walk->nodes.size = 0;
    walk->path.size = 0;
    walk->node = descend(walk, path, strlen(path), node) == WALK_ENTER ? node : NULL;
}

enum walk_event walk_next(struct walk *walk)
{
    struct ramfs_node *node = walk->node;

    if (node == NULL) {
        return WALK_NO_MEMORY;
    }
    if (!walk->has_begun) {
        walk->has_begun = true;
        return WALK_ENTER;
    }
    if (depth_of(walk) == 0) {
        return WALK_END;
    }
    if (!walk->is_leaving && node->is_directory) {
        if (!walk->skips && node->children != NULL) {
            node = node->children;
            return descend(walk, node->name, node->name_length, node);
        }
        walk->is_leaving = true;
        return WALK_LEAVE;
    }
    while (depth_of(walk) > 1) {
        struct ramfs_node *sibling = node->sibling;
        struct ramfs_node *parent = nodes_of(walk)[depth_of(walk) - 2];

        if (sibling != NULL) {
            ramfs_hold(sibling);
        }
        ascend(walk, node);
        walk->node = parent;
        if (sibling != NULL) {
            enum walk_event event = descend(walk, sibling->name, sibling->name_length, sibling);

            ramfs_release(walk->fs, sibling);
            return event;
        }
        walk->is_leaving = true;
        return WALK_LEAVE;
    }
    ascend(walk, node);
    return WALK_END;
}
