/* SPDX-License-Identifier: BSD-2-Clause */
/* What the file tree's own files share. */
#ifndef AGENT_RAMFS_PARTS_H
#define AGENT_RAMFS_PARTS_H

#include "ramfs.h"

/* The child of that name, or NULL. */
struct ramfs_node *ramfs_find_child(const struct ramfs *fs, const struct ramfs_node *parent,
                                    const char *name, size_t length);
/* A new child of a name that `parent` does not have yet; 0 or -ENOSPC. */
int ramfs_add_node(struct ramfs *fs, struct ramfs_node *parent, const char *name, size_t length,
                   bool is_directory, struct ramfs_node **added);
/* Makes `node`, which has no place, known in `parent` under the name that is in it. */
void ramfs_link_node(struct ramfs *fs, struct ramfs_node *parent, struct ramfs_node *node);
/* Takes the node's place away; it stays, for whoever holds it or links it elsewhere. */
void ramfs_unlink_node(struct ramfs *fs, struct ramfs_node *node);
/* Gives the node back unless it has a place or somebody holds it. */
void ramfs_drop_node(struct ramfs *fs, struct ramfs_node *node);

#endif
