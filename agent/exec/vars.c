/* SPDX-License-Identifier: BSD-2-Clause */
#include "vars.h"

#include <errno.h>
#include <string.h>

void vars_init(struct vars *vars, const struct platform *platform)
{
    buffer_init(&vars->text, platform);
}

void vars_free(struct vars *vars)
{
    buffer_free(&vars->text);
}

const char *vars_next(const struct vars *vars, const char *entry)
{
    const char *start = (const char *)vars->text.data;

    if (start == NULL) {
        return NULL;
    }
    entry = entry == NULL ? start : entry + strlen(entry) + 1;
    return entry == start + vars->text.size ? NULL : entry;
}

static int append_entry(struct vars *vars, char kind, const char *name, size_t length,
                        const char *value)
{
    size_t value_bytes = strlen(value) + 1;
    uint8_t *at;

    if (buffer_reserve(&vars->text, length + value_bytes + 2) < 0) {
        return -ENOMEM;
    }
    at = vars->text.data + vars->text.size;
    at[0] = (uint8_t)kind;
    memcpy(at + 1, name, length);
    at[1 + length] = '=';
    memcpy(at + 2 + length, value, value_bytes);
    vars->text.size += length + value_bytes + 2;
    return 0;
}

int vars_inherit(struct vars *vars, const struct vars *other, bool everything)
{
    for (const char *entry = vars_next(other, NULL); entry != NULL;
         entry = vars_next(other, entry)) {
        if ((everything || *entry == VARS_EXPORTED || *entry == VARS_CWD) &&
            buffer_append(&vars->text, entry, strlen(entry) + 1) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

static char *find_entry(const struct vars *vars, const char *name, size_t length)
{
    for (const char *entry = vars_next(vars, NULL); entry != NULL; entry = vars_next(vars, entry)) {
        if (*entry != VARS_CWD && strncmp(entry + 1, name, length) == 0 &&
            entry[1 + length] == '=') {
            return (char *)vars->text.data + (entry - (const char *)vars->text.data);
        }
    }
    return NULL;
}

const char *vars_get(const struct vars *vars, const char *name, size_t length)
{
    const char *entry = find_entry(vars, name, length);

    return entry == NULL ? NULL : entry + length + 2;
}

char vars_kind(const struct vars *vars, const char *name, size_t length)
{
    const char *entry = find_entry(vars, name, length);

    return (char)(entry == NULL ? '\0' : *entry);
}

static void remove_entry(struct vars *vars, char *entry)
{
    size_t size = strlen(entry) + 1;
    size_t at = (size_t)(entry - (char *)vars->text.data);

    memmove(entry, entry + size, vars->text.size - at - size);
    vars->text.size -= size;
}

int vars_set(struct vars *vars, const char *name, size_t length, const char *value,
             enum vars_kind kind)
{
    char *entry = find_entry(vars, name, length);
    size_t at;

    if (entry != NULL && *entry == VARS_READONLY) {
        return -EACCES;
    }
    if (entry == NULL) {
        return append_entry(vars, (char)kind, name, length, value);
    }
    if (*entry == VARS_EXPORTED) {
        kind = VARS_EXPORTED;
    }
    at = (size_t)(entry - (char *)vars->text.data);
    if (strlen(value) == strlen(entry + length + 2)) {
        memmove(entry + length + 2, value, strlen(value) + 1);
        *entry = (char)kind;
        return 0;
    }
    if (append_entry(vars, (char)kind, name, length, value) < 0) {
        return -ENOMEM;
    }
    remove_entry(vars, (char *)vars->text.data + at);
    return 0;
}

void vars_mark(struct vars *vars, const char *name, size_t length, enum vars_kind kind)
{
    char *entry = find_entry(vars, name, length);

    if (entry != NULL) {
        *entry = (char)kind;
    }
}

void vars_unset(struct vars *vars, const char *name, size_t length)
{
    char *entry = find_entry(vars, name, length);

    if (entry != NULL) {
        remove_entry(vars, entry);
    }
}

const char *vars_cwd(const struct vars *vars)
{
    for (const char *entry = vars_next(vars, NULL); entry != NULL; entry = vars_next(vars, entry)) {
        if (*entry == VARS_CWD) {
            return entry + 2;
        }
    }
    return "/";
}

int vars_set_cwd(struct vars *vars, const char *path)
{
    const char *old = vars_cwd(vars);
    bool is_there = vars->text.size > 0 && old >= (const char *)vars->text.data &&
                    old < (const char *)vars->text.data + vars->text.size;
    size_t at = is_there ? (size_t)(old - 2 - (const char *)vars->text.data) : 0;

    if (append_entry(vars, VARS_CWD, "", 0, path) < 0) {
        return -ENOMEM;
    }
    if (is_there) {
        remove_entry(vars, (char *)vars->text.data + at);
    }
    return 0;
}
