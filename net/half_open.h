/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections that have been asked for and not been confirmed yet, of which strangers can ask for
 * any number (RFC 4987).  Each port has a few places for them; when all are taken, a new one takes
 * that of the oldest.  Who is put out like this and confirms all the same is let in: our sequence
 * number, which he repeats, is a keyed hash of who he is and when that was, so nothing has to be
 * remembered to know it again (RFC 4987 §3.6, RFC 6528).  Then lwIP is shown his first segment once
 * more, as the confirmation tells it, and after it the confirmation.
 *
 * What was agreed in the first segment is lost to such a connection: lwIP then sends segments of
 * 536 bytes, which everybody takes (RFC 9293 §3.7.1).
 */
#ifndef NET_HALF_OPEN_H
#define NET_HALF_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As much of a frame as half_open_first() may write. */
#define HALF_OPEN_BYTES 94u

/*
 * After lwIP was given a frame: whether it confirmed a connection that had been put out.  Then
 * `first` is the frame that had asked for it, of the length returned; it and the confirmation have
 * to be given to lwIP, and nothing that lwIP answers in between to be sent.  Else 0.
 */
size_t half_open_first(const uint8_t *frame, size_t bytes, uint8_t first[HALF_OPEN_BYTES]);
/* Both have been given. */
void half_open_done(void);

#endif
