/* SPDX-License-Identifier: BSD-2-Clause */
/* From a name to what it runs, as execvp(3) goes about it. */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "state.h"
#include "task.h"

/* Bytes of a script's first line that count (Linux include/uapi/linux/binfmts.h). */
#define SCRIPT_LINE_MAX 255u

bool task_is_applet_path(const struct task *task, const char *path)
{
    char absolute[RAMFS_PATH_MAX + 1];

    return task_path(task, path, absolute) == 0 && applet_at(absolute) != NULL;
}

const struct applet *applet_at(const char *path)
{
    static const char *const places[] = {"/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        size_t length = strlen(places[i]);

        if (strncmp(path, places[i], length) == 0) {
            return applet_by_name(path + length);
        }
    }
    return NULL;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* "#!/bin/sh -e": the interpreter and, if there is more, one argument (execve(2)). */
static int read_first_line(struct arena *arena, char *line, struct task_program *program)
{
    char *end = line + strlen(line);
    char *name = line + 2;
    char *rest;

    while (end > name && is_blank(end[-1])) {
        *--end = '\0';
    }
    while (is_blank(*name)) {
        name++;
    }
    rest = name;
    while (*rest != '\0' && !is_blank(*rest)) {
        rest++;
    }
    program->interpreter = arena_copy(arena, name, (size_t)(rest - name));
    while (is_blank(*rest)) {
        rest++;
    }
    if (*rest != '\0') {
        program->interpreter_argument = arena_copy(arena, rest, strlen(rest));
        if (program->interpreter_argument == NULL) {
            return -ENOMEM;
        }
    }
    return program->interpreter == NULL ? -ENOMEM : *name == '\0' ? -ENOEXEC : 0;
}

static int read_script(struct agent *agent, struct arena *arena, const char *path,
                       const struct ramfs_node *node, struct task_program *program)
{
    char line[SCRIPT_LINE_MAX + 1];
    size_t length = node->size < SCRIPT_LINE_MAX ? (size_t)node->size : SCRIPT_LINE_MAX;
    struct ramfs_node *interpreter;
    char *newline;
    int result;

    ramfs_read(node, 0, line, length);
    line[length] = '\0';
    if (length >= 4 && memcmp(line, "\177ELF", 4) == 0) {
        return -ENOEXEC;
    }
    newline = memchr(line, '\n', length);
    if (newline != NULL) {
        *newline = '\0';
    }
    if (strncmp(line, "#!", 2) != 0) {
        memcpy(line, "#!/bin/sh", 10); /* as execvp(3) and shells do with a text */
    }
    result = read_first_line(arena, line, program);
    program->path = arena_copy(arena, path, strlen(path));
    if (result < 0 || program->path == NULL) {
        return result < 0 ? result : -ENOMEM;
    }
    program->applet = applet_at(program->interpreter);
    if (program->applet != NULL) {
        return 0;
    }
    result = ramfs_open(&agent->fs, program->interpreter, 0, &interpreter);
    return result < 0 ? result : -ENOEXEC;
}

/* What stands at `path`, which is absolute. */
static int find_at(struct agent *agent, struct arena *arena, const char *path,
                   struct task_program *program)
{
    struct ramfs_node *node;
    int result = ramfs_open(&agent->fs, path, 0, &node);

    *program = (struct task_program){0};
    if (result < 0) {
        program->applet = applet_at(path);
        return program->applet != NULL ? 0 : result;
    }
    if (node->is_directory || (node->mode & 0111) == 0) {
        return -EACCES;
    }
    return read_script(agent, arena, path, node, program);
}

/* `name` in the directory of `length` bytes, which counts from `cwd` unless it is absolute. */
static int find_in(struct agent *agent, struct arena *arena, const char *cwd, const char *directory,
                   size_t length, const char *name, struct task_program *program)
{
    char path[RAMFS_PATH_MAX + 1];
    size_t name_length = strlen(name);
    size_t before = length > 0 && *directory == '/' ? 0 : strlen(cwd) + 1;

    if (before + length + 1 + name_length > RAMFS_PATH_MAX) {
        return -ENAMETOOLONG;
    }
    if (before > 0) {
        memcpy(path, cwd, before - 1);
        path[before - 1] = '/';
    }
    memcpy(path + before, directory, length);
    path[before + length] = '/';
    memcpy(path + before + length + 1, name, name_length + 1);
    return find_at(agent, arena, path, program);
}

int task_find_program(struct agent *agent, struct arena *arena, const struct vars *vars,
                      const char *name, struct task_program *program)
{
    const char *cwd = vars_cwd(vars);
    const char *path = vars_get(vars, "PATH", 4);
    int error = -ENOENT;

    if (*name == '\0') {
        return -ENOENT;
    }
    if (*name == '/') {
        return strlen(name) > RAMFS_PATH_MAX ? -ENAMETOOLONG : find_at(agent, arena, name, program);
    }
    if (strchr(name, '/') != NULL) {
        error = find_in(agent, arena, cwd, "", 0, name, program);
        if (error == 0 && program->path != NULL) {
            program->path = arena_copy(arena, name, strlen(name)); /* as it was called */
            error = program->path == NULL ? -ENOMEM : 0;
        }
        return error;
    }
    for (path = path == NULL ? TASK_PATH : path; path != NULL;) {
        const char *colon = strchr(path, ':');
        size_t length = colon == NULL ? strlen(path) : (size_t)(colon - path);
        int result = find_in(agent, arena, cwd, path, length, name, program);

        if (result != -ENOENT && result != -ENOTDIR && result != -EACCES) {
            return result;
        }
        error = result == -EACCES ? result : error;
        path = colon == NULL ? NULL : colon + 1;
    }
    return error;
}
