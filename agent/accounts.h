/* SPDX-License-Identifier: BSD-2-Clause */
/* The users of the guest: /etc/passwd and /etc/shadow of its file tree. */
#ifndef AGENT_ACCOUNTS_H
#define AGENT_ACCOUNTS_H

#include "buffer.h"
#include "text_file.h"

struct agent;

/* The fields of passwd(5) that are asked for; they point into the content. */
struct account {
    struct text_span name;
    struct text_span password;
    struct text_span home;
};

/*
 * Finds a user in /etc/passwd, which is read into `content`, an initialized buffer.  Returns 0,
 * -ENOENT if there is no such user (or no such file), or -ENOMEM.
 */
int accounts_find(struct agent *agent, const char *name, struct buffer *content,
                  struct account *account);
/*
 * Makes `password`, in the form of crypt(3), that of a user, where chpasswd(8) would put it.
 * Returns 0, -ENOENT if there is no such user, or what prevented writing.
 */
int accounts_set_password(struct agent *agent, const char *name, const char *password);

#endif
