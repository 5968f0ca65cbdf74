/* SPDX-License-Identifier: BSD-2-Clause */
/* What applets call: output, files, time, the end. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "state.h"
#include "task.h"

enum step task_exit(struct task *task, int code)
{
    task->end = (struct task_end){.code = (uint8_t)code};
    return STEP_EXIT;
}

enum step task_out_of_memory(struct task *task)
{
    task->is_out_of_memory = true;
    return STEP_BLOCKED;
}

uint64_t task_now_ns(const struct task *task)
{
    return task->agent->platform->monotonic_ns(task->agent->platform->ctx);
}

void task_sleep_until(struct task *task, uint64_t monotonic_ns)
{
    task->wake_ns = monotonic_ns;
}

/* ---- Output ---------------------------------------------------------------------------- */

void task_write(struct task *task, unsigned fd, const void *bytes, size_t count)
{
    struct task_pending *pending = &task->pending[fd - 1];
    size_t done = 0;

    if (task->write_error != 0 || count == 0) {
        return;
    }
    if (pending->bytes.size == 0) {
        int64_t written = task->fds[fd] == NULL ? -EBADF
                                                : stream_write(&task->agent->tasks.streams,
                                                               task->fds[fd], bytes, count);

        if (written < 0) {
            if (fd == 1 || written == -EPIPE) {
                task->write_error = (int)written;
            }
            return;
        }
        done = (size_t)written;
    }
    if (buffer_append(&pending->bytes, (const uint8_t *)bytes + done, count - done) < 0) {
        task->is_out_of_memory = true;
    }
}

__attribute__((format(printf, 3, 0))) static void print(struct task *task, unsigned fd,
                                                        const char *format, va_list arguments)
{
    const struct platform *platform = task->agent->platform;
    char line[256];
    char *text = line;
    va_list again;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(line, sizeof(line), format, arguments);
    if (length >= (int)sizeof(line)) {
        text = platform->resize(platform->ctx, NULL, 0, (size_t)length + 1);
        if (text != NULL) {
            vsnprintf(text, (size_t)length + 1, format, again);
        }
    }
    va_end(again);
    if (text == NULL) {
        task->is_out_of_memory = true;
    } else if (length > 0) {
        task_write(task, fd, text, (size_t)length);
    }
    if (text != NULL && text != line) {
        platform->resize(platform->ctx, text, (size_t)length + 1, 0);
    }
}

void task_print(struct task *task, unsigned fd, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(task, fd, format, arguments);
    va_end(arguments);
}

void task_error(struct task *task, const char *format, ...)
{
    va_list arguments;

    task_print(task, 2, "%s: ", task->argv[0]);
    va_start(arguments, format);
    print(task, 2, format, arguments);
    va_end(arguments);
    task_write(task, 2, "\n", 1);
}

/* ---- Files ----------------------------------------------------------------------------- */

int task_path(const struct task *task, const char *path, char absolute[RAMFS_PATH_MAX + 1])
{
    const char *cwd = *path == '/' ? "" : vars_cwd(&task->vars);
    size_t length = strlen(path);
    size_t before = strlen(cwd);

    if (length == 0) {
        return -ENOENT;
    }
    if (before + 1 + length > RAMFS_PATH_MAX) {
        return -ENAMETOOLONG;
    }
    strcpy(absolute, cwd);
    if (*path != '/') {
        absolute[before++] = '/';
    }
    strcpy(absolute + before, path);
    return 0;
}

int task_lookup(struct task *task, const char *path, struct ramfs_node **node)
{
    char absolute[RAMFS_PATH_MAX + 1];
    int result = task_path(task, path, absolute);

    return result < 0 ? result : ramfs_open(&task->agent->fs, absolute, 0, node);
}

/* /dev/null and its like, which are in no tree: 0, -ENOENT if `path` is none of them. */
static int open_device(const struct task *task, const char *path, struct stream **stream)
{
    static const char *const standard[] = {"stdin", "stdout", "stderr"};
    struct streams *streams = &task->agent->tasks.streams;

    if (strncmp(path, "/dev/", 5) != 0) {
        return -ENOENT;
    }
    path += 5;
    if (strcmp(path, "null") == 0 || strcmp(path, "zero") == 0) {
        *stream = stream_create(streams, *path == 'n' ? STREAM_NULL : STREAM_ZERO, NULL);
        return *stream == NULL ? -ENOMEM : 0;
    }
    for (unsigned fd = 0; fd < 3; fd++) {
        if (strcmp(path, standard[fd]) == 0 && task->fds[fd] != NULL) {
            *stream = stream_hold(task->fds[fd]);
            return 0;
        }
    }
    return -ENOENT;
}

int task_open(struct task *task, const char *path, unsigned flags, bool append,
              struct stream **opened)
{
    struct ramfs *fs = &task->agent->fs;
    char absolute[RAMFS_PATH_MAX + 1];
    struct ramfs_node *node;
    struct stream *stream;
    size_t known = fs->node_count;
    int result = task_path(task, path, absolute);

    if (result < 0 || open_device(task, absolute, opened) == 0) {
        return result;
    }
    /* The stream first: nothing shall be truncated by an open that then fails. */
    stream = stream_create(&task->agent->tasks.streams, STREAM_FILE, NULL);
    if (stream == NULL) {
        return -ENOMEM;
    }
    result = ramfs_open(fs, absolute, flags, &node);
    if (result < 0) {
        stream_release(&task->agent->tasks.streams, stream);
        return result;
    }
    if (fs->node_count > known) {
        node->mode = (uint16_t)(0666 & ~task->umask);
    }
    ramfs_hold(node);
    stream->file = node;
    stream->readable = (flags & RAMFS_WRITE) == 0;
    stream->writable = (flags & RAMFS_WRITE) != 0;
    stream->append = append;
    *opened = stream;
    return 0;
}
