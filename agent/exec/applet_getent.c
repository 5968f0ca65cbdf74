/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getent, of /etc/passwd and /etc/group: Ansible's connection finds home directories by
 * `getent passwd $(id -un) | cut -d: -f6`.
 */
#include <string.h>

#include "applet.h"
#include "state.h"
#include "text_file.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
/* getent(1), EXIT STATUS */
#define UNKNOWN_DATABASE 1
#define KEY_NOT_FOUND    2

/* Lines of either file start with NAME:PASSWORD:ID. */
static bool is_entry(struct text_span line, const char *key)
{
    struct text_span name = text_next_field(&line, ':');

    (void)text_next_field(&line, ':');
    return text_is(name, key) || text_is(text_next_field(&line, ':'), key);
}

/* Writes the first entry with that key, or all if it is NULL; whether there was one. */
static bool write_entries(struct task *task, const struct buffer *content, const char *key)
{
    struct text_span rest = {(const char *)content->data, content->size};
    struct text_span line;
    bool found = key == NULL;

    while (text_next_line(&rest, &line)) {
        if (line.length == 0 || line.bytes[0] == '#' || (key != NULL && !is_entry(line, key))) {
            continue;
        }
        task_write(task, 1, line.bytes, line.length);
        task_write(task, 1, "\n", 1);
        if (key != NULL) {
            return true;
        }
    }
    return found;
}

struct getent_state {
    int asked; /* keys that are done */
    int code;
};

/* The file of a database, or NULL. */
static const char *file_of(const char *database)
{
    if (strcmp(database, "passwd") == 0) {
        return "/etc/passwd";
    }
    return strcmp(database, "group") == 0 ? "/etc/group" : NULL;
}

/* A key in one piece of work; without keys all entries in one. */
static enum step step_getent(struct task *task)
{
    struct getent_state *state = task->state;
    const char *path = task->argc > 1 ? file_of(task->argv[1]) : NULL;
    struct buffer content;

    if (task->argc < 2) {
        task_error(task, "wrong number of arguments");
        return task_exit(task, UNKNOWN_DATABASE);
    }
    if (path == NULL) {
        task_print(task, 2, "Unknown database: %s\n", task->argv[1]);
        return task_exit(task, UNKNOWN_DATABASE);
    }
    buffer_init(&content, task->agent->platform);
    if (text_file_read(&task->agent->fs, path, FILE_BYTES_MAX, &content) < 0 ||
        !write_entries(task, &content, task->argc > 2 ? task->argv[2 + state->asked] : NULL)) {
        state->code = KEY_NOT_FOUND;
    }
    buffer_free(&content);
    state->asked++;
    return 2 + state->asked < task->argc ? STEP_MORE : task_exit(task, state->code);
}

const struct applet applet_getent = {
    .name = "getent", .step = step_getent, .state_size = sizeof(struct getent_state)};
