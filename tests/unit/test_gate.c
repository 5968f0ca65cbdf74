/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/gate.c agent/hmac.c agent/sha256.c
/* The code that opens a session, and the parser that stands before it. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate.h"

static void to_hex(const uint8_t *bytes, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        sprintf(text + 2 * i, "%02x", bytes[i]);
    }
}

/* RFC 4231 §4, test cases 1, 2, 3 and 6: a short key, a text key, a long text, a long key. */
static void test_hmac(void **state)
{
    static const struct {
        uint8_t key_byte;
        size_t key_bytes;
        const char *key;
        uint8_t data_byte;
        size_t data_bytes;
        const char *data;
        const char *code;
    } cases[] = {
        {0x0b, 20, NULL, 0, 8, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 4, "Jefe", 0, 28, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, 20, NULL, 0xdd, 50, NULL,
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {0xaa, 131, NULL, 0, 54, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t key[131];
        uint8_t data[64];
        uint8_t code[HMAC_BYTES];
        char text[2 * HMAC_BYTES + 1];
        struct hmac hmac;

        memset(key, cases[i].key_byte, sizeof(key));
        memset(data, cases[i].data_byte, sizeof(data));
        if (cases[i].key != NULL) {
            memcpy(key, cases[i].key, cases[i].key_bytes);
        }
        if (cases[i].data != NULL) {
            memcpy(data, cases[i].data, cases[i].data_bytes);
        }
        hmac_begin(&hmac, key, cases[i].key_bytes);
        hmac_add(&hmac, data, 5);
        hmac_add(&hmac, data + 5, cases[i].data_bytes - 5);
        hmac_end(&hmac, code);
        to_hex(code, sizeof(code), text);
        assert_string_equal(text, cases[i].code);
    }
}

static const uint8_t secret[32] = "0123456789abcdef0123456789abcdef";
static const uint8_t nonce[GATE_NONCE_BYTES] = {1, 2, 3};

/* The answer to `nonce`, in hexadecimal. */
static const char *right_mac(void)
{
    static char text[2 * HMAC_BYTES + 1];
    uint8_t code[HMAC_BYTES];
    struct hmac hmac;

    hmac_begin(&hmac, secret, sizeof(secret));
    hmac_add(&hmac, nonce, sizeof(nonce));
    hmac_add(&hmac, "qga1", 4);
    hmac_end(&hmac, code);
    to_hex(code, sizeof(code), text);
    return text;
}

/* Feeds in pieces of `step`; returns the bytes that were taken. */
static size_t feed(struct gate *gate, const char *text, size_t count, size_t step,
                   enum gate_event *event)
{
    size_t used = 0;

    *event = GATE_MORE;
    gate_begin(gate, nonce);
    while (used < count && *event == GATE_MORE) {
        size_t piece = step < count - used ? step : count - used;
        uint8_t *exact = malloc(piece);

        memcpy(exact, text + used, piece);
        used += gate_feed(gate, exact, piece, event);
        free(exact);
    }
    return used;
}

/* Whole, byte by byte and in threes: the same event after the same number of bytes. */
static void expect(struct gate *gate, const char *text, enum gate_event wanted, size_t taken)
{
    static const size_t steps[] = {1000, 3, 1};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        enum gate_event event;

        assert_int_equal(feed(gate, text, strlen(text), steps[i], &event), taken);
        assert_int_equal(event, wanted);
    }
}

static void test_frames(void **state)
{
    static const char *const forms[] = {
        "{\"execute\": \"agent-auth\", \"arguments\": {\"mac\": \"%s\"}}",
        "{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"%s\"}}",
        "{\"arguments\": {\"mac\": \"%s\"}, \"execute\": \"agent-auth\"}",
        "\r\n\t { \"arguments\" :{ \"mac\":\n\"%s\" } ,\"execute\"\t: \"agent-auth\" }",
    };
    struct gate gate;

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char text[400];
        char *mac;
        int length = snprintf(text, sizeof(text), forms[i], right_mac());

        /* What follows the frame is the session's. */
        strcat(text, "\n{\"execute\": \"guest-ping\"}\n");
        expect(&gate, text, GATE_CLAIM, (size_t)length);
        assert_true(gate_verify(&gate, secret, sizeof(secret)));
        /* Upper case is hexadecimal too. */
        mac = strstr(text, right_mac());
        for (size_t k = 0; k < 2 * HMAC_BYTES; k++) {
            mac[k] = (char)toupper(mac[k]);
        }
        expect(&gate, text, GATE_CLAIM, (size_t)length);
        assert_true(gate_verify(&gate, secret, sizeof(secret)));
    }
}

static void test_wrong_macs(void **state)
{
    struct gate gate;
    char text[200];

    (void)state;
    /* Each single bit counts. */
    for (size_t bit = 0; bit < 8 * HMAC_BYTES; bit++) {
        int length =
            snprintf(text, sizeof(text),
                     "{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"%s\"}}", right_mac());
        enum gate_event event;

        assert_int_equal(feed(&gate, text, (size_t)length, 7, &event), length);
        assert_int_equal(event, GATE_CLAIM);
        gate.mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(gate_verify(&gate, secret, sizeof(secret)));
        gate.mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(gate_verify(&gate, secret, sizeof(secret)));
    }
    assert_false(gate_verify(&gate, secret, sizeof(secret) - 1));
    gate.nonce[31] ^= 1; /* the answer to another number */
    assert_false(gate_verify(&gate, secret, sizeof(secret)));
}

/* The first byte that is not of the frame ends it. */
static void test_other_protocols(void **state)
{
    static const struct {
        const char *text;
        size_t taken;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 1},
        {"POST / HTTP/1.1\r\n\r\n{\"execute\":\"guest-info\"}", 1},
        {"OPTIONS * HTTP/1.1\r\n", 1},
        {"\x16\x03\x01\x02\x01", 1},
        {"\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":1}}", 1},
        {"\r\n\r\nGET /", 5},
        {"{\"execute\":\"guest-info\"}", 13},
        {"{\"execute\":\"agent-auth\"}", 24},
        {"{\"execute\":\"agent-auth\",\"id\":1,", 26},
        {"{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"0g", 46},
        {"{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"\"", 45},
        {"{\"arguments\":{\"mac\":1", 21},
        {"{'execute'", 2},
        {"{}", 2},
        {"{{", 2},
        {"[", 1},
    };
    struct gate gate;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(&gate, cases[i].text, GATE_WRONG, cases[i].taken);
    }
}

static void test_lengths(void **state)
{
    struct gate gate;
    char text[400];
    char mac[70];

    (void)state;
    /* One digit too few, one too many. */
    snprintf(mac, sizeof(mac), "%.63s", right_mac());
    snprintf(text, sizeof(text), "{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"%s\"}}",
             mac);
    expect(&gate, text, GATE_WRONG, 44 + 63 + 1);
    snprintf(text, sizeof(text), "{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"%s0\"}}",
             right_mac());
    expect(&gate, text, GATE_WRONG, 44 + 64 + 1);
    /* 256 bytes, white space included, and not one more. */
    for (size_t spaces = 0; spaces <= GATE_BYTES_MAX; spaces++) {
        int length = snprintf(text, sizeof(text),
                              "%*s{\"execute\":\"agent-auth\",\"arguments\":{\"mac\":\"%s\"}}",
                              (int)spaces, "", right_mac());
        bool fits = length <= (int)GATE_BYTES_MAX;

        expect(&gate, text, fits ? GATE_CLAIM : GATE_WRONG,
               fits ? (size_t)length : GATE_BYTES_MAX + 1);
    }
    memset(text, ' ', sizeof(text));
    text[GATE_BYTES_MAX] = '\0';
    expect(&gate, text, GATE_MORE, GATE_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac),       cmocka_unit_test(test_frames),
        cmocka_unit_test(test_wrong_macs), cmocka_unit_test(test_other_protocols),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
