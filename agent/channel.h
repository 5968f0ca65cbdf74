/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one seam between the agent and whatever carries its bytes: a virtio-console port, a TCP
 * connection, a unix socket.  Nothing here blocks, and short counts are normal: a channel is a
 * stream, not a sequence of messages (virtio 1.2 §5.3.6: ports carry bytes, not packets).
 *
 * Both directions lend memory instead of copying: input is read where the device put it, and a
 * reply is encoded where the device will fetch it.
 */
#ifndef AGENT_CHANNEL_H
#define AGENT_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel_ops {
    /*
     * Lends the oldest received bytes that are contiguous in memory.  Returns their number, 0 if
     * nothing is waiting; *bytes stays valid until they are consumed or the channel closes.
     */
    size_t (*peek)(void *ctx, const uint8_t **bytes);
    /* Gives back the first `count` bytes of what peek() lent. */
    void (*consume)(void *ctx, size_t count);
    /*
     * Lends room for output.  Returns the number of contiguous bytes at *room, 0 while the host
     * does not take what it already has.  Asking again without commit() lends the same room.
     */
    size_t (*reserve)(void *ctx, uint8_t **room);
    /* The first `count` bytes of the room are output now; they may wait for flush(). */
    void (*commit)(void *ctx, size_t count);
    /* Hands everything committed to the host. */
    void (*flush)(void *ctx);
    /*
     * Lets the host see the agent's end closed, and open again.  While it is closed there is
     * nothing to peek() at and no room to reserve(), and what peek() lent is void.  NULL where the
     * host cannot see such a thing.
     */
    void (*set_open)(void *ctx, bool open);
};

struct channel {
    const struct channel_ops *ops;
    void *ctx;
};

#endif
