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

/* What a new file and a new directory permit, before anybody says otherwise. */
#define RAMFS_FILE_MODE      0644u
#define RAMFS_DIRECTORY_MODE 0755u

struct ramfs_node {
    struct ramfs_node *parent;   /* of the root: the root */
    struct ramfs_node *chain;    /* the next one with the same hash */
    struct ramfs_node *children; /* of a directory, the latest first */
    struct ramfs_node *sibling;  /* the next one in the same directory */
    struct ramfs_node **back;    /* what points at this one there; NULL: it has no name */
    uint64_t size;               /* bytes; of a directory 0 */
    int64_t mtime_ns;            /* last change, in nanoseconds since 1970-01-01 UTC */
    void *pages;                 /* the page at height 0, a page of pointers above it */
    uint32_t holds;              /* of ramfs_hold() */
    uint32_t number;             /* the inode's, not used twice in four thousand millions */
    uint16_t mode;               /* permission bits */
    uint8_t height;              /* levels of pointer pages */
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
    uint32_t last_number;
    void *node_pages; /* the pages taken for nodes, linked through their first word */
};

/* Bits of ramfs_open()'s flags. */
#define RAMFS_WRITE    1u /* directories cannot be written */
#define RAMFS_CREATE   2u /* make the file if it is missing; its directory must exist */
#define RAMFS_TRUNCATE 4u

/* Returns 0 or -ENOMEM. */
int ramfs_init(struct ramfs *fs, const struct platform *platform);
/* Gives back every file and directory. */
void ramfs_free(struct ramfs *fs);
/*
 * The node at `path`; relative paths start at the root, "." and ".." work.  Errors are those of
 * open(2): -ENOENT, -ENOTDIR, -EISDIR, -ENAMETOOLONG, -ENOSPC.
 */
int ramfs_open(struct ramfs *fs, const char *path, unsigned flags, struct ramfs_node **node);
/* Makes the directory `path` and those above it; an existing directory is fine. */
int ramfs_make_directory(struct ramfs *fs, const char *path);
/* Makes one directory: 0, -EEXIST, or what open(2) says of the path above it. */
int ramfs_mkdir(struct ramfs *fs, const char *path);
/* As unlink(2): -EISDIR for a directory.  Whoever holds the file can go on reading and writing. */
int ramfs_unlink(struct ramfs *fs, const char *path);
/* As rmdir(2): -ENOTDIR, -ENOTEMPTY, -EBUSY for the root, -EINVAL for ".". */
int ramfs_rmdir(struct ramfs *fs, const char *path);
/* As rename(2): what is at `to` is replaced; -EINVAL into itself, -EBUSY for "." and "..". */
int ramfs_rename(struct ramfs *fs, const char *from, const char *to);
/* A file without a name, held once; NULL if memory does not suffice. */
struct ramfs_node *ramfs_anonymous(struct ramfs *fs);
/*
 * Holds a node, so that it outlives its name until it is released as often.  What has no name is
 * gone with its last hold; everything is to be released before ramfs_free().
 */
void ramfs_hold(struct ramfs_node *node);
void ramfs_release(struct ramfs *fs, struct ramfs_node *node);
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
/* Copies `count` bytes from `offset` on, zeros behind the end of the file. */
void ramfs_read(const struct ramfs_node *file, uint64_t offset, void *bytes, size_t count);
/* Writes `count` bytes at `offset`: 0, -ENOSPC or -EFBIG. */
int ramfs_write(struct ramfs *fs, struct ramfs_node *file, uint64_t offset, const void *bytes,
                size_t count);
/* Makes the file shorter, or longer by a gap; `size` is at most INT64_MAX. */
void ramfs_resize(struct ramfs *fs, struct ramfs_node *file, uint64_t size);
/* Cuts the file to nothing. */
void ramfs_truncate(struct ramfs *fs, struct ramfs_node *file);
/* What strerror() says of `error`, negative or not, with the words of Linux's C library. */
const char *ramfs_error_text(int error);

#endif
