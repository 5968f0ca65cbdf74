/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands before a session on a channel that anybody can reach.  The agent sends a random
 * number, the client answers with one frame:
 *
 *     {"execute": "agent-auth", "arguments": {"mac": "64 hexadecimal digits"}}
 *
 * where mac is HMAC-SHA256(secret, number || "qga1"); white space and the order of the two members
 * are free.  The parser is a comparison with these two spellings, byte by byte: the first byte
 * that neither has ends it, so that nothing that was written for another protocol (an HTTP
 * request, a TLS hello) gets anywhere.  It keeps only where it is and the digits, takes no memory,
 * and reads at most GATE_BYTES_MAX bytes.
 */
#ifndef AGENT_GATE_H
#define AGENT_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hmac.h"

#define GATE_NONCE_BYTES 32u
#define GATE_BYTES_MAX   256u
#define GATE_ORDERS      2u
#define GATE_LABEL       "qga1"

enum gate_event {
    GATE_MORE,  /* all bytes were taken, the frame is not complete */
    GATE_CLAIM, /* the frame is complete: gate_verify() */
    GATE_WRONG, /* no such frame begins like this, or it is too long */
};

struct gate {
    uint8_t nonce[GATE_NONCE_BYTES];
    uint8_t mac[HMAC_BYTES];
    uint8_t digits;              /* of the mac, so far */
    uint16_t bytes;              /* taken so far */
    const char *at[GATE_ORDERS]; /* what comes next in each spelling; NULL: it is not that one */
};

/* Makes ready for the one answer to `nonce`. */
void gate_begin(struct gate *gate, const uint8_t nonce[GATE_NONCE_BYTES]);
/*
 * Takes bytes up to the first event and returns how many, at most `count`.  After GATE_CLAIM or
 * GATE_WRONG the gate takes no more.
 */
size_t gate_feed(struct gate *gate, const uint8_t *bytes, size_t count, enum gate_event *event);
/* After GATE_CLAIM: whether the client knows the secret.  Takes the same time either way. */
bool gate_verify(const struct gate *gate, const void *secret, size_t secret_bytes);

#endif
