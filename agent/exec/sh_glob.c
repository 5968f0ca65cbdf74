/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in the file tree that match a pattern, in order (POSIX.1-2017 XCU §2.13.3). */
#include <errno.h>
#include <string.h>

#include "pattern.h"
#include "sh.h"
#include "state.h"

/* What a path that is being put together may become. */
struct glob {
    struct task *task;
    struct buffer found; /* of char * */
    char path[RAMFS_PATH_MAX + 1];
    int error;
};

static void match_rest(struct glob *glob, size_t length, const char *pattern);

static void add_path(struct glob *glob, size_t length)
{
    struct sh *sh = glob->task->state;
    char *copy = arena_copy(&sh->scratch, glob->path, length);

    if (copy == NULL || buffer_append(&glob->found, &copy, sizeof(copy)) < 0) {
        glob->error = -ENOMEM;
    }
}

/* Goes on behind a component that has been appended, and the slashes that follow it. */
static void go_on(struct glob *glob, size_t length, const char *rest)
{
    struct ramfs_node *node;

    if (*rest == '\0') {
        add_path(glob, length);
        return;
    }
    glob->path[length] = '\0';
    if (task_lookup(glob->task, glob->path, &node) < 0 || !node->is_directory) {
        return;
    }
    while (*rest == '/' && length < RAMFS_PATH_MAX) {
        glob->path[length++] = *rest++;
    }
    match_rest(glob, length, rest);
}

/* A component without a pattern: it only has to exist. */
static void match_plain(struct glob *glob, size_t length, const char *part, const char *rest)
{
    struct ramfs_node *node;

    for (; *part != '\0' && length < RAMFS_PATH_MAX; part++) {
        part += *part == '\\' && part[1] != '\0';
        glob->path[length++] = *part;
    }
    glob->path[length] = '\0';
    if (*rest != '\0' || task_lookup(glob->task, glob->path, &node) == 0) {
        go_on(glob, length, rest);
    }
}

static void match_rest(struct glob *glob, size_t length, const char *pattern)
{
    size_t span = strcspn(pattern, "/");
    char part[RAMFS_NAME_MAX * 2 + 1];
    struct ramfs_node *node;

    if (*pattern == '\0') {
        add_path(glob, length); /* the pattern ended with a slash */
        return;
    }
    if (span >= sizeof(part)) {
        return; /* no name is that long */
    }
    memcpy(part, pattern, span);
    part[span] = '\0';
    pattern += span;
    if (!pattern_is_special(part)) {
        match_plain(glob, length, part, pattern);
        return;
    }
    glob->path[length] = '\0';
    if (task_lookup(glob->task, length == 0 ? "." : glob->path, &node) < 0) {
        return;
    }
    for (const struct ramfs_node *child = node->children; child != NULL && glob->error == 0;
         child = child->sibling) {
        bool is_hidden =
            child->name[0] == '.' && part[0] != '.' && !(part[0] == '\\' && part[1] == '.');

        if (!is_hidden && length + child->name_length < RAMFS_PATH_MAX &&
            pattern_match(part, child->name, child->name_length)) {
            memcpy(glob->path + length, child->name, child->name_length);
            go_on(glob, length + child->name_length, pattern);
        }
    }
}

/* Slashes within the pattern are as deep as components can be: this bounds the recursion. */
static bool is_too_deep(const char *pattern)
{
    unsigned parts = 0;

    for (; *pattern != '\0'; pattern++) {
        parts += *pattern == '/' && pattern[1] != '/';
    }
    return parts > SH_DEPTH_MAX / 2;
}

int sh_glob(struct task *task, const char *pattern, struct sh_word ***last)
{
    const struct platform *platform = task->agent->platform;
    struct glob *glob;
    size_t length = 0;
    int count = 0;

    if (is_too_deep(pattern)) {
        return 0;
    }
    glob = platform->resize(platform->ctx, NULL, 0, sizeof(*glob));
    if (glob == NULL) {
        return -ENOMEM;
    }
    glob->task = task;
    glob->error = 0;
    buffer_init(&glob->found, platform);
    while (*pattern == '/' && length < RAMFS_PATH_MAX) {
        glob->path[length++] = *pattern++;
    }
    match_rest(glob, length, pattern);
    count = (int)(glob->found.size / sizeof(char *));
    applet_sort_strings((char **)(void *)glob->found.data, (size_t)count);
    for (int i = 0; i < count && glob->error == 0; i++) {
        const char *path = ((char **)(void *)glob->found.data)[i];

        glob->error = sh_add_word(task->state, path, strlen(path), last);
    }
    count = glob->error < 0 ? glob->error : count;
    buffer_free(&glob->found);
    platform->resize(platform->ctx, glob, sizeof(*glob), 0);
    return count;
}
