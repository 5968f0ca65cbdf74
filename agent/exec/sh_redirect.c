/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirections of a shell and of what it starts (POSIX.1-2017 XCU §2.7). */
#include <errno.h>
#include <string.h>

#include "sh.h"
#include "state.h"

static struct sh_saved *saved_at(const struct sh *sh, size_t index)
{
    return (struct sh_saved *)(void *)sh->saved.data + index;
}

/* Remembers what stands in a descriptor's place; its hold goes along. */
static int push_aside(struct task *task, unsigned fd)
{
    struct sh *sh = task->state;
    struct sh_saved saved = {.stream = task->fds[fd], .fd = (uint8_t)fd};

    if (buffer_append(&sh->saved, &saved, sizeof(saved)) < 0) {
        return -ENOMEM;
    }
    task->fds[fd] = NULL;
    return 0;
}

void sh_restore(struct task *task, size_t height)
{
    struct sh *sh = task->state;

    while (sh->saved.size > height * sizeof(struct sh_saved)) {
        const struct sh_saved *saved;

        sh->saved.size -= sizeof(*saved);
        saved = saved_at(sh, sh->saved.size / sizeof(*saved));
        if (!saved->is_mark) {
            task_set_stream(task, saved->fd, saved->stream);
        }
    }
}

void sh_forget_saved(struct task *task, size_t height)
{
    struct sh *sh = task->state;

    while (sh->saved.size > height * sizeof(struct sh_saved)) {
        sh->saved.size -= sizeof(struct sh_saved);
        stream_release(&task->agent->tasks.streams,
                       saved_at(sh, sh->saved.size / sizeof(struct sh_saved))->stream);
    }
}

/* What dash says of a file that cannot be opened. */
static int complain(struct task *task, const char *path, bool creates, int error)
{
    const char *text = error != -ENOENT ? ramfs_error_text(error)
                       : creates        ? "Directory nonexistent"
                                        : "No such file";

    if (error == -ENOMEM) {
        return error;
    }
    sh_error(task, "cannot %s %s: %s", creates ? "create" : "open", path, text);
    return -EINVAL;
}

/* A here-document: a file without a name that holds its text. */
static int open_text(struct task *task, const char *text, struct stream **stream)
{
    struct ramfs *fs = &task->agent->fs;
    struct ramfs_node *file = ramfs_anonymous(fs);

    if (file == NULL) {
        return -ENOMEM;
    }
    *stream = ramfs_write(fs, file, 0, text, strlen(text)) < 0
                  ? NULL
                  : stream_create(&task->agent->tasks.streams, STREAM_FILE, file);
    if (*stream == NULL) {
        ramfs_release(fs, file);
        return -ENOMEM;
    }
    (*stream)->writable = false;
    return 0;
}

/* "n>&m" and "n>&-" */
static int duplicate(struct task *task, const struct task *target, const char *word,
                     struct stream **stream)
{
    if (strcmp(word, "-") == 0) {
        *stream = NULL;
        return 0;
    }
    if (word[0] < '0' || word[0] > '9' || word[1] != '\0') {
        sh_error(task, "Bad fd number");
        return -EINVAL;
    }
    if (target->fds[word[0] - '0'] == NULL) {
        sh_error(task, "%s: Bad file descriptor", word);
        return -EINVAL;
    }
    *stream = stream_hold(target->fds[word[0] - '0']);
    return 0;
}

static int open_redirect(struct task *task, const struct task *target,
                         const struct sh_redirect *redirect, struct stream **stream)
{
    enum sh_expand how = redirect->kind == SH_HERE ? SH_BODY : SH_ONE;
    bool creates = redirect->kind == SH_WRITE || redirect->kind == SH_APPEND ||
                   redirect->kind == SH_READ_WRITE;
    unsigned flags = creates ? RAMFS_WRITE | RAMFS_CREATE : 0;
    const char *word = redirect->word;
    int result;

    if (redirect->kind != SH_HERE_LITERAL) {
        word = sh_expand_one(task, word, how, &result);
        if (word == NULL) {
            return result;
        }
    }
    switch (redirect->kind) {
    case SH_HERE:
    case SH_HERE_LITERAL:
        return open_text(task, word, stream);
    case SH_DUPLICATE:
        return duplicate(task, target, word, stream);
    default:
        break;
    }
    flags |= redirect->kind == SH_WRITE ? RAMFS_TRUNCATE : 0;
    result = task_open(task, word, flags, redirect->kind == SH_APPEND, stream);
    if (result < 0) {
        return complain(task, word, creates, result);
    }
    if (redirect->kind == SH_READ_WRITE) {
        (*stream)->readable = true;
    }
    return 0;
}

int sh_redirect(struct task *task, struct task *target, const struct sh_redirect *redirects)
{
    for (; redirects != NULL; redirects = redirects->next) {
        struct stream *stream = NULL;
        int result = open_redirect(task, target, redirects, &stream);

        if (result == 0 && target == task) {
            result = push_aside(task, redirects->fd);
            if (result < 0) {
                stream_release(&task->agent->tasks.streams, stream);
            }
        }
        if (result < 0) {
            return result;
        }
        task_set_stream(target, redirects->fd, stream);
    }
    return 0;
}
