/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/crypt.c agent/sha256.c
/* SHA-256 by the examples of FIPS 180-4, crypt(3) by what the C library makes of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypt.h"
#include "sha256.h"

static void expect_digest(const char *text, size_t times, size_t piece, const char *wanted)
{
    uint8_t digest[SHA256_BYTES];
    char hexadecimal[2 * SHA256_BYTES + 1];
    struct sha256 sha256;

    sha256_init(&sha256);
    for (; times > 0; times--) {
        for (size_t at = 0; at < strlen(text); at += piece) {
            size_t left = strlen(text) - at;

            sha256_update(&sha256, text + at, left < piece ? left : piece);
        }
    }
    sha256_final(&sha256, digest);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        sprintf(hexadecimal + 2 * i, "%02x", digest[i]);
    }
    assert_string_equal(hexadecimal, wanted);
}

static void test_sha256(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 60; piece += 7) {
        expect_digest("abc", 1, piece,
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        expect_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, piece,
                      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
    expect_digest("", 1, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_digest("aaaaaaaaaa", 100000, 10,
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_crypt(void **state)
{
    static const char salt[] = "saltstringsaltst";
    static const struct {
        const char *password;
        const char *wanted;
    } cases[] = {
        {"", "fJyHeLfYNbQzvekOQ01sK2Xs56HhRK6MNGjOqG/ixT5"},
        {"secret", "P/psnalDJ2UyDjcLdLAGOEqcMHyX09rPWa6zNzYpkw4"},
        {"0123456789abcdef0123456789abcdef0", "E9sL14NP498umFsD4F2pzcJza2onT2qVpbDimYRRgs7"},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         "huf6BTmLT0VU4Qu7eFLcbV2ZM6zEvUg.ofX0bSIbgtD"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char result[CRYPT_RESULT_BYTES];
        char wanted[CRYPT_RESULT_BYTES];

        snprintf(wanted, sizeof(wanted), "$5$rounds=1000$%s$%s", salt, cases[i].wanted);
        crypt_password(cases[i].password, salt, result);
        assert_string_equal(result, wanted);
    }
}

static void test_salt(void **state)
{
    static const unsigned char bytes[12] = {0, 1, 2, 250, 251, 252, 253, 254, 255, 9, 8, 7};
    char salt[CRYPT_SALT_CHARACTERS + 1];

    (void)state;
    crypt_make_salt(bytes, salt);
    assert_int_equal(strlen(salt), CRYPT_SALT_CHARACTERS);
    assert_int_equal(
        strspn(salt, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
        CRYPT_SALT_CHARACTERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_crypt),
        cmocka_unit_test(test_salt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
