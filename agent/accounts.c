/* SPDX-License-Identifier: BSD-2-Clause */
#include "accounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

#define PASSWD_FILE     "/etc/passwd"
#define SHADOW_FILE     "/etc/shadow"
#define FILE_BYTES_MAX  ((size_t)1 << 20)
#define SECONDS_PER_DAY INT64_C(86400)
#define NS_PER_SECOND   INT64_C(1000000000)
/* Of shadow(5) behind the date of the last change: nothing is prescribed. */
#define SHADOW_NO_LIMITS ":::::\n"

/* The fields of a line of passwd(5); NIS entries and comments have no name that is one. */
static struct account parse_line(struct text_span line)
{
    struct account account;

    account.name = text_next_field(&line, ':');
    account.password = text_next_field(&line, ':');
    (void)text_next_field(&line, ':'); /* uid */
    (void)text_next_field(&line, ':'); /* gid */
    (void)text_next_field(&line, ':'); /* gecos */
    account.home = text_next_field(&line, ':');
    return account;
}

int accounts_find(struct agent *agent, const char *name, struct buffer *content,
                  struct account *account)
{
    struct text_span rest;
    struct text_span line;
    int result = text_file_read(&agent->fs, PASSWD_FILE, FILE_BYTES_MAX, content);

    if (result < 0) {
        return result == -ENOMEM ? -ENOMEM : -ENOENT;
    }
    rest = (struct text_span){(const char *)content->data, content->size};
    while (text_next_line(&rest, &line)) {
        *account = parse_line(line);
        if (account->name.length > 0 && account->name.bytes[0] != '#' &&
            text_is(account->name, name)) {
            return 0;
        }
    }
    return -ENOENT;
}

/* Appends texts up to a NULL. */
static int append_all(struct buffer *buffer, const char *const *texts)
{
    int result = 0;

    for (; *texts != NULL && result == 0; texts++) {
        result = buffer_append(buffer, *texts, strlen(*texts));
    }
    return result;
}

/* A user's line of either file with another second field, and in /etc/shadow another third. */
static int append_changed(struct buffer *changed, struct text_span line, const char *password,
                          const char *changed_day)
{
    struct text_span name = text_next_field(&line, ':');
    int result = buffer_append(changed, name.bytes, name.length);

    (void)text_next_field(&line, ':');
    if (changed_day != NULL) {
        (void)text_next_field(&line, ':');
    }
    if (result == 0) {
        const char *const fields[] = {":", password, changed_day != NULL ? ":" : NULL, changed_day,
                                      NULL};

        result = append_all(changed, fields);
    }
    if (result == 0) {
        result = buffer_append(changed, ":", 1);
    }
    return result == 0 ? buffer_append(changed, line.bytes, line.length) : result;
}

/*
 * Copies `content` to `changed` with the line of user `name` changed.  Returns 1, 0 if there is no
 * such line, or -ENOMEM.
 */
static int change_line(struct text_span content, const char *name, const char *password,
                       const char *changed_day, struct buffer *changed)
{
    struct text_span line;
    int found = 0;

    while (text_next_line(&content, &line)) {
        struct text_span rest = line;
        bool is_it = found == 0 && text_is(text_next_field(&rest, ':'), name);
        int result = is_it ? append_changed(changed, line, password, changed_day)
                           : buffer_append(changed, line.bytes, line.length);

        found |= is_it ? 1 : 0;
        if (result < 0 || buffer_append(changed, "\n", 1) < 0) {
            return -ENOMEM;
        }
    }
    return found;
}

/* Puts the password into one of the files; -ENOENT if the user has no line there. */
static int change_file(struct agent *agent, const char *path, const char *name,
                       const char *password, const char *changed_day)
{
    struct buffer content;
    struct buffer changed;
    int result;

    buffer_init(&content, agent->platform);
    buffer_init(&changed, agent->platform);
    result = text_file_read(&agent->fs, path, FILE_BYTES_MAX, &content);
    if (result == 0) {
        result = change_line((struct text_span){(const char *)content.data, content.size}, name,
                             password, changed_day, &changed);
        if (result == 0 && changed_day != NULL) {
            const char *const line[] = {name, ":", password, ":", changed_day, SHADOW_NO_LIMITS,
                                        NULL};

            result = append_all(&changed, line) < 0 ? -ENOMEM : 1;
        }
        result = result == 0  ? -ENOENT
                 : result > 0 ? text_file_replace(&agent->fs, path, changed.data, changed.size)
                              : result;
    }
    buffer_free(&changed);
    buffer_free(&content);
    return result;
}

/* shadow-utils src/chpasswd.c: /etc/shadow where passwd(5) says "x" and the file is there. */
int accounts_set_password(struct agent *agent, const char *name, const char *password)
{
    const struct platform *platform = agent->platform;
    struct account account;
    struct buffer content;
    char day[24];
    int result;

    buffer_init(&content, platform);
    result = accounts_find(agent, name, &content, &account);
    if (result == 0) {
        bool is_shadowed = text_is(account.password, "x");

        snprintf(
            day, sizeof(day), "%lld",
            (long long)(platform->realtime_ns(platform->ctx) / NS_PER_SECOND / SECONDS_PER_DAY));
        result = is_shadowed ? change_file(agent, SHADOW_FILE, name, password, day) : -ENOENT;
        if (result == -ENOENT) {
            result = change_file(agent, PASSWD_FILE, name, password, NULL);
        }
    }
    buffer_free(&content);
    return result;
}
