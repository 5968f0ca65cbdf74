/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Acknowledgements of TCP on their way to the chip.  lwIP acknowledges every second segment, and a
 * turn of the event loop takes many segments at once; of what it says about one connection before
 * the chip is told, the last word holds for all (RFC 9293 §3.4: acknowledgements are cumulative).
 */
#ifndef NET_ACKS_H
#define NET_ACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * lwIP keeps back the acknowledgement of a first segment for up to a quarter of a second
 * (acks_soon() in net/port/lwip_hooks.h is asked before each): not that of one which says that more
 * waits behind it, because that may wait for the acknowledgement.  Slow start begins like this
 * (RFC 5681 §3.1), in QEMU's user network with one segment, and after each pause again.
 */

/*
 * Whether `frame` says no more than that the same connection has received more than `waiting` says,
 * and `waiting` nothing else either, so that it may be sent in its place.  Lengths are from the
 * destination address on; what is waiting may be padded.
 */
bool acks_supersede(const uint8_t *frame, size_t bytes, const uint8_t *waiting,
                    size_t waiting_bytes);

#endif
