/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypt.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sha256.h"

/* The fewest that the method permits: nobody guards anything with these passwords. */
#define ROUNDS 1000u

static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Six bits to a character, the lowest first. */
static char *put_characters(char *out, uint32_t bits, unsigned count)
{
    for (; count > 0; count--) {
        *out++ = alphabet[bits & 0x3f];
        bits >>= 6;
    }
    return out;
}

/* As much of `digest`, over and over, as `length` bytes need. */
static void repeat(struct sha256 *sha256, const uint8_t *digest, size_t length)
{
    for (; length > SHA256_BYTES; length -= SHA256_BYTES) {
        sha256_update(sha256, digest, SHA256_BYTES);
    }
    sha256_update(sha256, digest, length);
}

/* Steps 1 to 12 of the description. */
static void first_digest(const char *password, size_t length, const char *salt,
                         uint8_t digest[SHA256_BYTES])
{
    struct sha256 a;
    struct sha256 b;

    sha256_init(&b);
    sha256_update(&b, password, length);
    sha256_update(&b, salt, CRYPT_SALT_CHARACTERS);
    sha256_update(&b, password, length);
    sha256_final(&b, digest);
    sha256_init(&a);
    sha256_update(&a, password, length);
    sha256_update(&a, salt, CRYPT_SALT_CHARACTERS);
    repeat(&a, digest, length);
    for (size_t bits = length; bits > 0; bits >>= 1) {
        if ((bits & 1) != 0) {
            sha256_update(&a, digest, SHA256_BYTES);
        } else {
            sha256_update(&a, password, length);
        }
    }
    sha256_final(&a, digest);
}

/* `text` as often as `times` says: steps 13 to 15, and 17 to 19. */
static void digest_of_repeated(const char *text, size_t length, size_t times,
                               uint8_t digest[SHA256_BYTES])
{
    struct sha256 sha256;

    sha256_init(&sha256);
    for (; times > 0; times--) {
        sha256_update(&sha256, text, length);
    }
    sha256_final(&sha256, digest);
}

/* Step 21. */
static void rounds(uint8_t digest[SHA256_BYTES], const uint8_t *p, size_t p_length,
                   const uint8_t *s)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sha256 c;

        sha256_init(&c);
        if (round % 2 != 0) {
            repeat(&c, p, p_length);
        } else {
            sha256_update(&c, digest, SHA256_BYTES);
        }
        if (round % 3 != 0) {
            sha256_update(&c, s, CRYPT_SALT_CHARACTERS);
        }
        if (round % 7 != 0) {
            repeat(&c, p, p_length);
        }
        if (round % 2 != 0) {
            sha256_update(&c, digest, SHA256_BYTES);
        } else {
            repeat(&c, p, p_length);
        }
        sha256_final(&c, digest);
    }
}

void crypt_password(const char *password, const char *salt, char result[CRYPT_RESULT_BYTES])
{
    size_t length = strlen(password);
    uint8_t digest[SHA256_BYTES];
    uint8_t p[SHA256_BYTES];
    uint8_t s[SHA256_BYTES];
    char *out;

    first_digest(password, length, salt, digest);
    digest_of_repeated(password, length, length, p);
    digest_of_repeated(salt, CRYPT_SALT_CHARACTERS, 16u + digest[0], s);
    rounds(digest, p, length, s);
    snprintf(result, CRYPT_RESULT_BYTES, "$5$rounds=%u$%.16s$", ROUNDS, salt);
    out = result + strlen(result);
    /* Step 22: three bytes at a time, each group begins ten further on, the highest byte first. */
    for (unsigned group = 0; group < 10; group++) {
        unsigned b0 = group * 21 % 30;

        out = put_characters(out,
                             (uint32_t)digest[b0] << 16 | (uint32_t)digest[(b0 + 10) % 30] << 8 |
                                 digest[(b0 + 20) % 30],
                             4);
    }
    out = put_characters(out, (uint32_t)digest[31] << 8 | digest[30], 3);
    *out = '\0';
}

void crypt_make_salt(const unsigned char bytes[12], char salt[CRYPT_SALT_CHARACTERS + 1])
{
    char *out = salt;

    for (unsigned i = 0; i < 12; i += 3) {
        out = put_characters(
            out, (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2], 4);
    }
    *out = '\0';
}
