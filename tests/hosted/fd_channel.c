/* SPDX-License-Identifier: BSD-2-Clause */
#include "fd_channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void fd_channel_open(struct fd_channel *self, int fd)
{
    self->fd = fd;
    self->is_finished = false;
    self->is_full = false;
    self->in_start = self->in_end = 0;
    self->out_start = self->out_end = 0;
}

void fd_channel_fill(struct fd_channel *self)
{
    ssize_t count = read(self->fd, self->in, sizeof(self->in));

    self->in_start = self->in_end = 0;
    if (count > 0) {
        self->in_end = (size_t)count;
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        self->is_finished = true;
    }
}

bool fd_channel_is_stalled(const struct fd_channel *self)
{
    return self->out_start < self->out_end;
}

bool fd_channel_has_room(const struct fd_channel *self)
{
    return self->is_full && self->out_end < sizeof(self->out);
}

bool fd_channel_is_drained(const struct fd_channel *self)
{
    return self->in_start == self->in_end;
}

static size_t peek(void *ctx, const uint8_t **bytes)
{
    struct fd_channel *self = ctx;

    *bytes = self->in + self->in_start;
    return self->in_end - self->in_start;
}

static void consume(void *ctx, size_t count)
{
    struct fd_channel *self = ctx;

    self->in_start += count;
}

static size_t reserve(void *ctx, uint8_t **room)
{
    struct fd_channel *self = ctx;

    self->is_full = self->out_end == sizeof(self->out);
    *room = self->out + self->out_end;
    return sizeof(self->out) - self->out_end;
}

static void commit(void *ctx, size_t count)
{
    struct fd_channel *self = ctx;

    self->out_end += count;
}

static void flush(void *ctx)
{
    struct fd_channel *self = ctx;

    if (self->fd < 0) {
        self->out_start = self->out_end = 0; /* as QEMU does while nobody is connected */
    }
    while (self->out_start < self->out_end && !self->is_finished) {
        ssize_t count = send(self->fd, self->out + self->out_start, self->out_end - self->out_start,
                             MSG_NOSIGNAL);

        if (count >= 0) {
            self->out_start += (size_t)count;
        } else if (errno != EINTR) {
            self->is_finished = errno != EAGAIN;
            break;
        }
    }
    if (self->out_start == self->out_end) {
        self->out_start = self->out_end = 0;
    }
}

static void set_open(void *ctx, bool open)
{
    ((struct fd_channel *)ctx)->is_shut = !open;
}

struct channel fd_channel_as_channel(struct fd_channel *self)
{
    static const struct channel_ops ops = {
        .peek = peek,
        .consume = consume,
        .reserve = reserve,
        .commit = commit,
        .flush = flush,
        .set_open = set_open,
    };

    return (struct channel){.ops = &ops, .ctx = self};
}
