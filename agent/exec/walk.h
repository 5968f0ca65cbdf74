/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk through a part of the file tree, a node at a time, with others changing it meanwhile.
 * Each directory comes before what is in it, and once more after it.
 */
#ifndef AGENT_WALK_H
#define AGENT_WALK_H

#include <stdbool.h>

#include "buffer.h"
#include "ramfs.h"

enum walk_event { WALK_ENTER, WALK_LEAVE, WALK_END, WALK_NO_MEMORY };

struct walk {
    struct ramfs *fs;
    struct buffer nodes; /* of struct ramfs_node *, held: from the start down to the current one */
    struct buffer path; /* of the current one, as it is written from the start on, NUL-terminated */
    struct ramfs_node *node;
    bool has_begun;
    bool is_leaving;
    bool skips; /* the current directory's content is not wanted */
};

/* Nowhere; walk_free() is due at the end whatever comes. */
void walk_init(struct walk *walk, struct ramfs *fs, const struct platform *platform);
void walk_free(struct walk *walk);
/* Starts at `node`, which the caller calls `path`. */
void walk_start(struct walk *walk, const char *path, struct ramfs_node *node);
/* The next node: walk->node and walk->path. */
enum walk_event walk_next(struct walk *walk);
/* How deep the current node is below the start. */
size_t walk_depth(const struct walk *walk);

#endif
