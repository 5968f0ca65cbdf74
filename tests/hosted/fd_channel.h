/* SPDX-License-Identifier: BSD-2-Clause */
/* A non-blocking file descriptor as a channel. */
#ifndef HOSTED_FD_CHANNEL_H
#define HOSTED_FD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"

#define FD_CHANNEL_BYTES 65536u

struct fd_channel {
    int fd;           /* -1: nobody is connected */
    bool is_finished; /* the other end has closed, or failed */
    bool is_full;     /* there was no room when it was asked for */
    bool is_shut;     /* the agent wants nobody to be connected */
    size_t in_start;
    size_t in_end;
    size_t out_start;
    size_t out_end;
    uint8_t in[FD_CHANNEL_BYTES];
    uint8_t out[FD_CHANNEL_BYTES];
};

/* Starts over, but for is_shut, with `fd`, which must be non-blocking; the caller closes it. */
void fd_channel_open(struct fd_channel *self, int fd);
struct channel fd_channel_as_channel(struct fd_channel *self);
/* Reads what is there; to be called when the descriptor is readable and in is used up. */
void fd_channel_fill(struct fd_channel *self);
/* Whether output waits for the other end. */
bool fd_channel_is_stalled(const struct fd_channel *self);
/* Whether there is room again for a session that has waited for it. */
bool fd_channel_has_room(const struct fd_channel *self);
/* Whether all input has been consumed. */
bool fd_channel_is_drained(const struct fd_channel *self);

#endif
