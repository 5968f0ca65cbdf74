/* SPDX-License-Identifier: BSD-2-Clause */
/* crypt(3) with SHA-256, the method "$5$" (U. Drepper, "Unix crypt using SHA-256 and SHA-512"). */
#ifndef AGENT_CRYPT_H
#define AGENT_CRYPT_H

#include <stddef.h>

/* libxcrypt's CRYPT_MAX_PASSPHRASE_SIZE: a longer password is refused. */
#define CRYPT_PASSWORD_BYTES_MAX 512u
#define CRYPT_SALT_CHARACTERS    16u
#define CRYPT_RESULT_BYTES       96u

/*
 * Encrypts `password`, at most CRYPT_PASSWORD_BYTES_MAX bytes, with `salt`,
 * CRYPT_SALT_CHARACTERS characters out of "./0-9A-Za-z".
 */
void crypt_password(const char *password, const char *salt, char result[CRYPT_RESULT_BYTES]);
/* A salt out of 12 bytes. */
void crypt_make_salt(const unsigned char bytes[12], char salt[CRYPT_SALT_CHARACTERS + 1]);

#endif
