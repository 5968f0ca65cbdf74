/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include <errno.h>
#include <string.h>

#include "platform.h"

/* A pipe is one page: this, and a ring of bytes behind it. */
struct pipe {
    uint32_t readers;
    uint32_t writers;
    uint32_t head; /* the oldest byte */
    uint32_t used;
    uint8_t ring[];
};

/* What programs leave of the memory when they write files, so that another one can still run and
 * clean up, and when they only say something. */
#define FILE_RESERVE    (UINT64_C(192) << 10)
#define CAPTURE_RESERVE (UINT64_C(64) << 10)

#define RING_BYTES       ((uint32_t)(PLATFORM_PAGE_SIZE - sizeof(struct pipe)))
#define STREAMS_PER_PAGE ((PLATFORM_PAGE_SIZE - sizeof(void *)) / sizeof(struct stream))

static const struct platform *platform_of(const struct streams *streams)
{
    return streams->fs->platform;
}

void streams_init(struct streams *streams, struct ramfs *fs)
{
    *streams = (struct streams){.fs = fs};
}

void streams_free(struct streams *streams)
{
    const struct platform *platform = platform_of(streams);

    while (streams->pages != NULL) {
        void **page = streams->pages;

        streams->pages = page[0];
        platform->page_free(platform->ctx, page);
    }
    streams->spare = NULL;
}

static int add_spare(struct streams *streams)
{
    const struct platform *platform = platform_of(streams);
    void **page = platform->page_alloc(platform->ctx);
    struct stream *fresh;

    if (page == NULL) {
        return -ENOMEM;
    }
    page[0] = streams->pages;
    streams->pages = page;
    fresh = (void *)(page + 1);
    for (size_t i = 0; i < STREAMS_PER_PAGE; i++) {
        fresh[i].spare = streams->spare;
        streams->spare = &fresh[i];
    }
    return 0;
}

struct stream *stream_create(struct streams *streams, enum stream_kind kind,
                             struct ramfs_node *file)
{
    struct stream *stream;

    if (streams->spare == NULL && add_spare(streams) < 0) {
        return NULL;
    }
    stream = streams->spare;
    streams->spare = stream->spare;
    streams->count++;
    *stream =
        (struct stream){.kind = kind, .holds = 1, .readable = true, .writable = true, .file = file};
    return stream;
}

int stream_pipe(struct streams *streams, struct stream *ends[2])
{
    const struct platform *platform = platform_of(streams);
    struct pipe *pipe = platform->page_alloc(platform->ctx);

    if (pipe == NULL) {
        return -ENOMEM;
    }
    ends[0] = stream_create(streams, STREAM_PIPE_OUT, NULL);
    ends[1] = ends[0] == NULL ? NULL : stream_create(streams, STREAM_PIPE_IN, NULL);
    if (ends[1] == NULL) {
        if (ends[0] != NULL) {
            ends[0]->kind = STREAM_NULL;
            stream_release(streams, ends[0]);
        }
        platform->page_free(platform->ctx, pipe);
        return -ENOMEM;
    }
    *pipe = (struct pipe){.readers = 1, .writers = 1};
    ends[0]->writable = false;
    ends[1]->readable = false;
    ends[0]->pipe = ends[1]->pipe = pipe;
    return 0;
}

struct stream *stream_hold(struct stream *stream)
{
    stream->holds++;
    return stream;
}

static void close_pipe(struct streams *streams, const struct stream *stream)
{
    const struct platform *platform = platform_of(streams);
    struct pipe *pipe = stream->pipe;

    if (stream->kind == STREAM_PIPE_OUT) {
        pipe->readers--;
    } else {
        pipe->writers--;
    }
    if (pipe->readers + pipe->writers == 0) {
        platform->page_free(platform->ctx, pipe);
    }
}

void stream_release(struct streams *streams, struct stream *stream)
{
    if (stream == NULL || --stream->holds > 0) {
        return;
    }
    if (stream->file != NULL) {
        ramfs_release(streams->fs, stream->file);
    }
    if (stream->pipe != NULL) {
        close_pipe(streams, stream);
    }
    stream->spare = streams->spare;
    streams->spare = stream;
    streams->count--;
}

/* ---- Reading --------------------------------------------------------------------------- */

static int64_t peek_file(const struct stream *stream, const uint8_t **bytes)
{
    uint64_t left;
    size_t span;

    if (stream->file->is_directory) {
        return -EISDIR;
    }
    if (stream->position >= stream->file->size) {
        return 0;
    }
    left = stream->file->size - stream->position;
    span = ramfs_peek(stream->file, stream->position, bytes);
    return (int64_t)(span < left ? span : left);
}

static int64_t peek_pipe(const struct pipe *pipe, const uint8_t **bytes)
{
    uint32_t contiguous = RING_BYTES - pipe->head;

    if (pipe->used == 0) {
        return pipe->writers > 0 ? -EAGAIN : 0;
    }
    *bytes = pipe->ring + pipe->head;
    return pipe->used < contiguous ? pipe->used : contiguous;
}

int64_t stream_peek(struct stream *stream, const uint8_t **bytes)
{
    static uint8_t zeros[512]; /* never written; not const, for that would take room in the image */

    if (!stream->readable) {
        return -EBADF;
    }
    switch (stream->kind) {
    case STREAM_ZERO:
        *bytes = zeros;
        return sizeof(zeros);
    case STREAM_FILE:
    case STREAM_CAPTURE:
        return peek_file(stream, bytes);
    case STREAM_PIPE_OUT:
        return peek_pipe(stream->pipe, bytes);
    default:
        return 0;
    }
}

void stream_consume(struct stream *stream, size_t count)
{
    if (stream->kind == STREAM_PIPE_OUT) {
        stream->pipe->head = (stream->pipe->head + (uint32_t)count) % RING_BYTES;
        stream->pipe->used -= (uint32_t)count;
    } else {
        stream->position += count;
    }
}

/* ---- Writing --------------------------------------------------------------------------- */

/* Whether there is memory for data beyond what has to be left. */
static bool leaves(const struct streams *streams, uint64_t reserve)
{
    const struct platform *platform = platform_of(streams);

    return platform->memory_free(platform->ctx) >= reserve;
}

static int64_t write_file(struct streams *streams, struct stream *stream, const void *bytes,
                          size_t count)
{
    uint64_t offset = stream->append ? stream->file->size : stream->position;
    int result = leaves(streams, FILE_RESERVE)
                     ? ramfs_write(streams->fs, stream->file, offset, bytes, count)
                     : -ENOSPC;

    if (result < 0) {
        return result;
    }
    stream->position = offset + count;
    return (int64_t)count;
}

/* As qga/commands.c:guest_exec_output_watch(): what does not fit is read all the same. */
static int64_t write_capture(struct streams *streams, struct stream *stream, const void *bytes,
                             size_t count)
{
    uint64_t size = stream->file->size;
    uint64_t room = STREAM_CAPTURE_MAX - size;
    size_t kept = count < room ? count : (size_t)room;

    if (!stream->truncated &&
        (!leaves(streams, CAPTURE_RESERVE) ||
         ramfs_write(streams->fs, stream->file, size, bytes, kept) < 0 || kept < count)) {
        stream->truncated = true;
    }
    return (int64_t)count;
}

static int64_t write_pipe(struct pipe *pipe, const uint8_t *bytes, size_t count)
{
    size_t done = 0;

    if (pipe->readers == 0) {
        return -EPIPE;
    }
    while (done < count && pipe->used < RING_BYTES) {
        uint32_t tail = (pipe->head + pipe->used) % RING_BYTES;
        uint32_t room = tail < pipe->head ? pipe->head - tail : RING_BYTES - tail;

        if (room > count - done) {
            room = (uint32_t)(count - done);
        }
        memcpy(pipe->ring + tail, bytes + done, room);
        pipe->used += room;
        done += room;
    }
    return (int64_t)done;
}

int64_t stream_write(struct streams *streams, struct stream *stream, const void *bytes,
                     size_t count)
{
    if (!stream->writable) {
        return -EBADF;
    }
    if (count == 0) {
        return 0;
    }
    switch (stream->kind) {
    case STREAM_FILE:
        return write_file(streams, stream, bytes, count);
    case STREAM_CAPTURE:
        return write_capture(streams, stream, bytes, count);
    case STREAM_PIPE_IN:
        return write_pipe(stream->pipe, bytes, count);
    default:
        return (int64_t)count;
    }
}
