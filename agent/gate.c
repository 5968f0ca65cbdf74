/* SPDX-License-Identifier: BSD-2-Clause */
#include "gate.h"

#include <string.h>

#include "mbedtls/constant_time.h"

/* Marks in a spelling: any white space, also none; the digits of the mac. */
#define SPACES '~'
#define DIGITS '%'

static const char *const spellings[GATE_ORDERS] = {
    "~{~\"execute\"~:~\"agent-auth\"~,~\"arguments\"~:~{~\"mac\"~:~\"%\"~}~}",
    "~{~\"arguments\"~:~{~\"mac\"~:~\"%\"~}~,~\"execute\"~:~\"agent-auth\"~}",
};

void gate_begin(struct gate *gate, const uint8_t nonce[GATE_NONCE_BYTES])
{
    memset(gate, 0, sizeof(*gate));
    memcpy(gate->nonce, nonce, GATE_NONCE_BYTES);
    for (size_t i = 0; i < GATE_ORDERS; i++) {
        gate->at[i] = spellings[i];
    }
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The value of a hexadecimal digit, or -1. */
static int digit_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte |= 0x20; /* lower case */
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Stores a digit of the mac; returns what comes next. */
static const char *take_digit(struct gate *gate, const char *at, uint8_t byte)
{
    int value = digit_value(byte);

    if (value < 0) {
        return NULL;
    }
    gate->mac[gate->digits / 2] = (uint8_t)(gate->mac[gate->digits / 2] << 4 | value);
    gate->digits++;
    return gate->digits == 2 * HMAC_BYTES ? at + 1 : at;
}

/*
 * What comes after `byte` in a spelling of which `at` comes next, NULL if the byte is not in it.
 * By the time of the digits one spelling is left, so they are stored once.
 */
static const char *advance(struct gate *gate, const char *at, uint8_t byte)
{
    if (*at == SPACES) {
        if (is_space(byte)) {
            return at;
        }
        at++;
    }
    if (*at == DIGITS) {
        return take_digit(gate, at, byte);
    }
    return (uint8_t)*at == byte ? at + 1 : NULL;
}

static enum gate_event take_byte(struct gate *gate, uint8_t byte)
{
    enum gate_event event = GATE_WRONG;

    if (gate->bytes == GATE_BYTES_MAX) {
        return GATE_WRONG;
    }
    gate->bytes++;
    for (size_t i = 0; i < GATE_ORDERS; i++) {
        if (gate->at[i] != NULL) {
            gate->at[i] = advance(gate, gate->at[i], byte);
        }
        if (gate->at[i] != NULL) {
            event = *gate->at[i] == '\0' ? GATE_CLAIM : GATE_MORE;
        }
    }
    return event;
}

size_t gate_feed(struct gate *gate, const uint8_t *bytes, size_t count, enum gate_event *event)
{
    size_t used = 0;

    *event = GATE_MORE;
    while (used < count && *event == GATE_MORE) {
        *event = take_byte(gate, bytes[used++]);
    }
    return used;
}

bool gate_verify(const struct gate *gate, const void *secret, size_t secret_bytes)
{
    struct hmac hmac;
    uint8_t expected[HMAC_BYTES];

    hmac_begin(&hmac, secret, secret_bytes);
    hmac_add(&hmac, gate->nonce, sizeof(gate->nonce));
    hmac_add(&hmac, GATE_LABEL, sizeof(GATE_LABEL) - 1);
    hmac_end(&hmac, expected);
    return mbedtls_ct_memcmp(expected, gate->mac, sizeof(expected)) == 0;
}
