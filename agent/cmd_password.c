/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest-set-user-password: QEMU qga/commands-posix.c hands name and password to chpasswd(8), and
 * its output to the client when it fails; that is worded as shadow-utils' src/chpasswd.c does.
 */
#include <errno.h>
#include <string.h>

#include "accounts.h"
#include "base64.h"
#include "crypt.h"
#include "qga_commands.h"
#include "sha256.h"
#include "state.h"

#define FAILED "child process has failed to set user password: chpasswd: "

/* chpasswd reads its input by lines of this size. */
#define LINE_BYTES_MAX 8192u

/* Decodes to a string of C; whoever checks it stops at a NUL in it, as QEMU does. */
static int decode(const struct args_string *text, struct buffer *password, struct reply *reply)
{
    int64_t length = base64_decoded_length(text->bytes, text->length);
    struct base64_decoder decoder;

    if (length < 0) {
        return reply_error(reply, "Base64 data contains invalid characters");
    }
    if (buffer_reserve(password, (size_t)length + 1) < 0) {
        return reply_error(reply, "Out of memory");
    }
    base64_decoder_init(&decoder, NULL, text->bytes, text->length);
    (void)base64_decode(&decoder, password->data, (size_t)length);
    password->data[length] = '\0';
    return 0;
}

/* The salt only has to differ from time to time. */
static void make_salt(struct agent *agent, char salt[CRYPT_SALT_CHARACTERS + 1])
{
    const struct platform *platform = agent->platform;
    uint64_t times[2] = {(uint64_t)platform->realtime_ns(platform->ctx),
                         platform->monotonic_ns(platform->ctx)};
    uint8_t digest[SHA256_BYTES];
    struct sha256 sha256;

    sha256_init(&sha256);
    sha256_update(&sha256, times, sizeof(times));
    sha256_final(&sha256, digest);
    crypt_make_salt(digest, salt);
}

static int set_password(struct agent *agent, const char *username, const char *password,
                        bool crypted, struct reply *reply)
{
    char salt[CRYPT_SALT_CHARACTERS + 1];
    char encrypted[CRYPT_RESULT_BYTES];
    int result;

    if (strlen(username) + strlen(password) + sizeof(":\n") > LINE_BYTES_MAX) {
        return reply_error(reply, FAILED "line 1: line too long\n");
    }
    if (!crypted) {
        make_salt(agent, salt);
        if (strlen(password) > CRYPT_PASSWORD_BYTES_MAX) {
            return reply_error(reply,
                               FAILED "failed to crypt password with salt '$5$%s': Numerical "
                                      "result out of range\n",
                               salt);
        }
        crypt_password(password, salt, encrypted);
        password = encrypted;
    } else if (strchr(password, ':') != NULL) { /* it would end the field */
        return reply_error(reply, FAILED "failed to prepare the new /etc/shadow entry '%s'\n",
                           username);
    }
    result = accounts_set_password(agent, username, password);
    if (result == -ENOENT) {
        return reply_error(reply,
                           FAILED "line 1: user '%s' does not exist\n"
                                  "chpasswd: error detected, changes ignored\n",
                           username);
    }
    return result < 0 ? reply_error(reply, FAILED "failure while writing changes to /etc/shadow\n")
                      : 0;
}

int qmp_guest_set_user_password(struct agent *agent,
                                const struct args_guest_set_user_password *arguments,
                                struct reply *reply)
{
    const char *username = arguments->username.bytes;
    struct buffer password;
    int result;

    buffer_init(&password, agent->platform);
    result = decode(&arguments->password, &password, reply);
    if (result == 0 && strchr((const char *)password.data, '\n') != NULL) {
        result = reply_error(reply, "forbidden characters in raw password");
    }
    if (result == 0 && (strchr(username, '\n') != NULL || strchr(username, ':') != NULL)) {
        result = reply_error(reply, "forbidden characters in username");
    }
    if (result == 0) {
        result =
            set_password(agent, username, (const char *)password.data, arguments->crypted, reply);
    }
    buffer_free(&password);
    return result;
}
