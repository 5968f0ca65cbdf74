/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's file tree, in memory.  A file is a sparse list of pages, so it grows without
 * copying and a gap costs nothing.  Errors are negative errno values; whatever fails leaves the
 * tree and every file as they were.
 */
#ifndef AGENT_RAMFS_H
#define AGENT_RAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform.h"

#define RAMFS_NAME_MAX 255  /* bytes of one component */
#define RAMFS_PATH_MAX 4095 /* bytes of a path, as Linux's PATH_MAX less the NUL */

struct ramfs_node {
    struct ramfs_node *parent; /* of the root: the root */
    struct ramfs_node *chain;  /* the next one with the same hash */
    uint64_t size;             /* bytes; of a directory 0 */
    void *pages;               /* the page at height 0, a page of pointers above it */
    uint8_t height;            /* levels of pointer pages */
    bool is_directory;
    uint8_t name_length;
    char name[RAMFS_NAME_MAX];
};

struct ramfs {
    const struct platform *platform;
    struct ramfs_node root;
    struct ramfs_node **buckets; /* nodes by parent and name */
    size_t bucket_count;
    size_t node_count;
    uint64_t seed;            /* keeps the host from choosing names that collide */
    struct ramfs_node *spare; /* unused nodes of the pages taken for nodes */
    void *node_pages;         /* the pages taken for nodes, linked through their first word */
};

/* Bits of ramfs_open()'s flags. */
#define RAMFS_WRITE    1u /* directories cannot be written */
#define RAMFS_CREATE   2u /* make the file if it is missing; its directory must exist */
#define RAMFS_TRUNCATE 4u

/* Returns 0 or -ENOMEM. */
int ramfs_init(struct ramfs *fs, const struct platform *platform);
void ramfs_free(struct ramfs *fs);
/*
 * The node at `path`; relative paths start at the root, "." and ".." work.  Errors are those of
 * open(2): -ENOENT, -ENOTDIR, -EISDIR, -ENAMETOOLONG, -ENOSPC.
 */
int ramfs_open(struct ramfs *fs, const char *path, unsigned flags, struct ramfs_node **node);
/* Makes the directory `path` and those above it; an existing directory is fine. */
int ramfs_make_directory(struct ramfs *fs, const char *path);
/*
 * Makes sure that `count` bytes from `offset` can be written: -ENOSPC or -EFBIG if not.  Then
 * fill them through ramfs_span() and finish with ramfs_written().
 */
int ramfs_reserve(struct ramfs *fs, struct ramfs_node *file, uint64_t offset, uint64_t count);
/*
 * Of `reserved` bytes from `offset` on, the first `count` have been written and are part of the
 * file now; it keeps nothing of the others.
 */
void ramfs_written(struct ramfs *fs, struct ramfs_node *file, uint64_t offset, uint64_t reserved,
                   uint64_t count);
/* Reserved bytes at `offset` that are contiguous: returns their number, *bytes points at them. */
size_t ramfs_span(struct ramfs_node *file, uint64_t offset, uint8_t **bytes);
/* The same for reading; a gap reads as zeros.  Up to the end of the page, whatever the size. */
size_t ramfs_peek(const struct ramfs_node *file, uint64_t offset, const uint8_t **bytes);
/* Writes `count` bytes at `offset`: 0, -ENOSPC or -EFBIG. */
int ramfs_write(struct ramfs *fs, struct ramfs_node *file, uint64_t offset, const void *bytes,
                size_t count);
/* Cuts the file to nothing. */
void ramfs_truncate(struct ramfs *fs, struct ramfs_node *file);
/* What strerror() says of `error`, negative or not, with the words of Linux's C library. */
const char *ramfs_error_text(int error);

#endif
