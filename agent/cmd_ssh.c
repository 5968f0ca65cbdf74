/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The authorized_keys files of users, as QEMU qga/commands-posix-ssh.c treats them: a key is a line
 * that is compared as a whole, the file is lines joined by newlines, and errors are worded as
 * GLib's g_file_get_contents() and g_file_set_contents() do.  Keys are looked up by hash, so that
 * many keys and a long file cost no more than their length.
 */
#include <errno.h>
#include <string.h>

#include "accounts.h"
#include "keyset.h"
#include "qga_commands.h"
#include "state.h"
#include "text_file.h"

#define QUOTE_OPEN  "\xE2\x80\x9C"
#define QUOTE_CLOSE "\xE2\x80\x9D"

/* Where a user's keys are. */
struct key_path {
    char file[RAMFS_PATH_MAX + 1];
    size_t home_length; /* of it, how much names the home directory */
};

static int check_keys(const struct args_array *keys, struct reply *reply)
{
    uint32_t cursor = 0;

    for (uint32_t i = 0; i < keys->count; i++) {
        struct args_string key;

        args_array_next(keys, &cursor, &key);
        if (key.bytes[0] == '#' || strchr(key.bytes, '\n') != NULL) {
            return reply_error(reply, "invalid OpenSSH public key: '%s'", key.bytes);
        }
    }
    return 0;
}

/* g_build_filename(): one slash between the two. */
static int find_path(struct agent *agent, const char *username, struct key_path *path,
                     struct reply *reply)
{
    static const char in_home[] = "/.ssh/authorized_keys";
    struct account account = {0};
    struct buffer content;
    int result;

    buffer_init(&content, agent->platform);
    result = accounts_find(agent, username, &content, &account);
    while (account.home.length > 0 && account.home.bytes[account.home.length - 1] == '/') {
        account.home.length--;
    }
    if (result == 0 && account.home.length + sizeof(in_home) > sizeof(path->file)) {
        result = -ENAMETOOLONG;
    }
    if (result < 0) { /* getpwnam_r(3) does not call it an error when there is nobody */
        reply_error(reply, "failed to lookup user '%s': %s", username,
                    result == -ENOENT ? "Success" : ramfs_error_text(result));
    } else {
        path->home_length = account.home.length;
        memcpy(path->file, account.home.bytes, account.home.length);
        memcpy(path->file + account.home.length, in_home, sizeof(in_home));
    }
    buffer_free(&content);
    return result;
}

/* Reads the keys, up to the first NUL, where a string of C ends; the error is a reply's. */
static int read_keys(struct agent *agent, const struct key_path *path, struct buffer *content,
                     struct reply *reply)
{
    int result = text_file_read(&agent->fs, path->file, SIZE_MAX, content);
    const uint8_t *end = content->size == 0 ? NULL : memchr(content->data, '\0', content->size);

    if (result < 0) {
        return reply_error(reply, "failed to read '%s': %s " QUOTE_OPEN "%s" QUOTE_CLOSE ": %s",
                           path->file,
                           result == -EISDIR ? "Error reading file" : "Failed to open file",
                           path->file, ramfs_error_text(result));
    }
    if (end != NULL) {
        content->size = (size_t)(end - content->data);
    }
    return 0;
}

static int write_keys(struct agent *agent, const struct key_path *path,
                      const struct buffer *content, struct reply *reply)
{
    int result = text_file_replace(&agent->fs, path->file, content->data, content->size);

    if (result < 0) {
        return reply_error(reply,
                           "failed to write to '%s': Failed to write file " QUOTE_OPEN
                           "%s" QUOTE_CLOSE ": %s",
                           path->file, path->file, ramfs_error_text(result));
    }
    return 0;
}

static struct text_span text_of(const struct buffer *content)
{
    return (struct text_span){(const char *)content->data, content->size};
}

int qmp_guest_ssh_get_authorized_keys(struct agent *agent,
                                      const struct args_guest_ssh_get_authorized_keys *arguments,
                                      struct reply *reply)
{
    struct key_path path;
    struct buffer content;
    size_t end;
    int result = find_path(agent, arguments->username.bytes, &path, reply);

    if (result < 0) {
        return result;
    }
    buffer_init(&content, agent->platform);
    result = read_keys(agent, &path, &content, reply);
    reply_object_begin(reply);
    reply_key(reply, "keys");
    reply_array_begin(reply);
    /* Each goes to the front of the reply's list, so the last line is the first. */
    for (end = content.size; result == 0 && end > 0;) {
        size_t start = end;
        struct text_span key;

        while (start > 0 && content.data[start - 1] != '\n') {
            start--;
        }
        key = text_trim((struct text_span){(const char *)content.data + start, end - start});
        if (key.length > 0 && key.bytes[0] != '#') {
            reply_string(reply, key.bytes, key.length);
        }
        end = start > 0 ? start - 1 : 0;
    }
    reply_array_end(reply);
    reply_object_end(reply);
    buffer_free(&content);
    return result;
}

/* Makes the directory for the keys, which g_mkdir() does only in a directory that is there. */
static int make_directory(struct agent *agent, struct key_path *path, struct reply *reply)
{
    char *home_end = path->file + path->home_length;
    char *end = home_end + strlen("/.ssh");
    struct ramfs_node *node;
    int result;

    *end = '\0';
    result = ramfs_open(&agent->fs, path->file, 0, &node);
    if (result == 0 && !node->is_directory) {
        result = -EEXIST;
    } else if (result == -ENOENT) {
        home_end[1] = '\0';
        result = ramfs_open(&agent->fs, path->file, 0, &node);
        home_end[1] = '.';
        if (result == 0) {
            result = ramfs_make_directory(&agent->fs, path->file);
        }
    }
    if (result < 0) {
        result = reply_error(reply, "failed to create directory '%s': %s", path->file,
                             ramfs_error_text(result));
    }
    *end = '/';
    return result;
}

/* Adds the line that `key` names to the set, whose count of bytes a document's key has too. */
static int note_line(struct keyset *lines, const struct buffer *content, size_t start,
                     size_t length)
{
    struct keyset_key key = {.offset = (uint32_t)start, .length = (uint32_t)length};

    return start + length > UINT32_MAX ? -ENOMEM : keyset_add(lines, content->data, &key);
}

/* Appends those of `keys` that `content` does not have; `is_first` while it has no line at all. */
static int append_keys(struct keyset *lines, const struct args_array *keys, bool is_first,
                       struct buffer *content)
{
    struct text_span rest = text_of(content);
    uint32_t cursor = 0;
    int result = 0;

    while (!is_first && result == 0) {
        size_t start = content->size - rest.length;
        bool is_last = memchr(rest.bytes, '\n', rest.length) == NULL;
        size_t length = text_next_field(&rest, '\n').length;

        result = note_line(lines, content, start, length) == -ENOMEM ? -ENOMEM : 0;
        if (is_last) {
            break;
        }
    }
    for (uint32_t i = 0; i < keys->count && result == 0; i++) {
        size_t before = content->size;
        size_t newline = is_first ? 0 : 1;
        struct args_string key;

        args_array_next(keys, &cursor, &key);
        if (buffer_reserve(content, newline + key.length) < 0) {
            return -ENOMEM;
        }
        (void)buffer_append(content, "\n", newline);
        (void)buffer_append(content, key.bytes, key.length);
        result = note_line(lines, content, before + newline, key.length);
        if (result == -EEXIST) {
            content->size = before;
            result = 0;
        } else {
            is_first = false;
        }
    }
    return result;
}

int qmp_guest_ssh_add_authorized_keys(struct agent *agent,
                                      const struct args_guest_ssh_add_authorized_keys *arguments,
                                      struct reply *reply)
{
    bool reset = arguments->has_reset && arguments->reset;
    struct key_path path;
    struct keyset lines;
    struct buffer content;
    bool is_first;
    int result = check_keys(&arguments->keys, reply);

    if (result == 0) {
        result = find_path(agent, arguments->username.bytes, &path, reply);
    }
    if (result != 0) {
        return result;
    }
    buffer_init(&content, agent->platform);
    keyset_init(&lines, agent->platform);
    is_first = reset || read_keys(agent, &path, &content, reply) < 0;
    if (is_first) { /* what cannot be read is begun anew */
        reply_forget_error(reply);
        content.size = 0;
        result = make_directory(agent, &path, reply);
    }
    /* An empty file has no line, as g_strsplit() sees it. */
    is_first = is_first || content.size == 0;
    if (result == 0 && append_keys(&lines, &arguments->keys, is_first, &content) < 0) {
        result = reply_error(reply, "Out of memory");
    }
    if (result == 0) {
        result = write_keys(agent, &path, &content, reply);
    }
    keyset_free(&lines);
    buffer_free(&content);
    return result;
}

/* Puts the lines of `content` that `keys` does not have into `kept`. */
static int remove_keys(struct keyset *removed, const struct args_array *keys,
                       const struct buffer *content, struct buffer *kept)
{
    /* Keys and lines have to lie in one store to be compared: first the keys, then the lines. */
    struct buffer store;
    struct text_span rest;
    uint32_t cursor = 0;
    bool is_first = true;
    int result = 0;

    buffer_init(&store, content->platform);
    for (uint32_t i = 0; i < keys->count && result == 0; i++) {
        struct args_string key;

        args_array_next(keys, &cursor, &key);
        result = buffer_append(&store, key.bytes, key.length);
        if (result == 0) {
            result = note_line(removed, &store, store.size - key.length, key.length) == -ENOMEM
                         ? -ENOMEM
                         : 0;
        }
    }
    cursor = (uint32_t)store.size;
    if (result == 0 && store.size + content->size > UINT32_MAX) {
        result = -ENOMEM;
    }
    if (result == 0) {
        result = buffer_append(&store, content->data, content->size);
    }
    rest = (struct text_span){(const char *)store.data + cursor, store.size - cursor};
    for (bool is_last = rest.length == 0; result == 0 && !is_last;) {
        struct keyset_key line = {.offset = (uint32_t)(store.size - rest.length)};
        struct text_span text;

        is_last = memchr(rest.bytes, '\n', rest.length) == NULL;
        text = text_next_field(&rest, '\n');
        line.length = (uint32_t)text.length;
        if (!keyset_has(removed, store.data, &line)) {
            if (!is_first) {
                result = buffer_append(kept, "\n", 1);
            }
            is_first = false;
            if (result == 0) {
                result = buffer_append(kept, text.bytes, text.length);
            }
        }
    }
    buffer_free(&store);
    return result;
}

int qmp_guest_ssh_remove_authorized_keys(
    struct agent *agent, const struct args_guest_ssh_remove_authorized_keys *arguments,
    struct reply *reply)
{
    struct key_path path;
    struct keyset removed;
    struct ramfs_node *node;
    struct buffer content;
    struct buffer kept;
    int result = check_keys(&arguments->keys, reply);

    if (result == 0) {
        result = find_path(agent, arguments->username.bytes, &path, reply);
    }
    if (result != 0 || ramfs_open(&agent->fs, path.file, 0, &node) < 0) {
        return result;
    }
    buffer_init(&content, agent->platform);
    buffer_init(&kept, agent->platform);
    keyset_init(&removed, agent->platform);
    result = read_keys(agent, &path, &content, reply);
    if (result == 0 && remove_keys(&removed, &arguments->keys, &content, &kept) < 0) {
        result = reply_error(reply, "Out of memory");
    }
    if (result == 0) {
        result = write_keys(agent, &path, &kept, reply);
    }
    keyset_free(&removed);
    buffer_free(&kept);
    buffer_free(&content);
    return result;
}
