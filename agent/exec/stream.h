/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program reads and writes: an open file description, as POSIX calls it.  Descriptors that
 * were duplicated share one, its position included.  Nothing blocks; input is lent, not copied.
 */
#ifndef AGENT_STREAM_H
#define AGENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ramfs.h"

enum stream_kind {
    STREAM_NULL, /* /dev/null */
    STREAM_ZERO, /* /dev/zero */
    STREAM_FILE,
    STREAM_CAPTURE,  /* a file of limited size that takes everything */
    STREAM_PIPE_OUT, /* the end of a pipe that is read */
    STREAM_PIPE_IN,  /* the end of a pipe that is written */
};

struct pipe;

struct stream {
    enum stream_kind kind;
    uint32_t holds;
    bool readable;
    bool writable;
    bool append;
    bool truncated; /* STREAM_CAPTURE: not everything fitted */
    struct ramfs_node *file;
    uint64_t position;
    struct pipe *pipe;
    struct stream *spare; /* the next unused one */
};

/* All streams there are, cut from pages. */
struct streams {
    struct ramfs *fs;
    struct stream *spare;
    void *pages; /* linked through their first word */
    size_t count;
};

/* What a capture takes (qga/commands.c, GUEST_EXEC_MAX_OUTPUT). */
#define STREAM_CAPTURE_MAX (UINT64_C(16) << 20)

/* No stream yet; files are those of `fs`. */
void streams_init(struct streams *streams, struct ramfs *fs);
/* Gives the pages back; no stream may be held any more. */
void streams_free(struct streams *streams);

/* A stream held once, of a kind that is no pipe; takes over a hold of `file`.  NULL: no memory. */
struct stream *stream_create(struct streams *streams, enum stream_kind kind,
                             struct ramfs_node *file);
/* Both ends of a pipe, each held once: ends[0] is read, ends[1] written.  0 or -ENOMEM. */
int stream_pipe(struct streams *streams, struct stream *ends[2]);
/* Holds a stream until it is released as often; returns it. */
struct stream *stream_hold(struct stream *stream);
/* `stream` may be NULL. */
void stream_release(struct streams *streams, struct stream *stream);

/*
 * Lends bytes that can be read now: their number, 0 at the end, -EAGAIN while a pipe is empty,
 * -EBADF, -EISDIR.  They stay until the next call for this stream.
 */
int64_t stream_peek(struct stream *stream, const uint8_t **bytes);
/* Takes `count` of the bytes that stream_peek() lent. */
void stream_consume(struct stream *stream, size_t count);
/*
 * Writes what can be written now: its number, which is `count` for all but pipes, or -EPIPE,
 * -EBADF, -ENOSPC, -EFBIG.
 */
int64_t stream_write(struct streams *streams, struct stream *stream, const void *bytes,
                     size_t count);

#endif
