/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's environment: NAME=VALUE strings, of which a shell does not export all, and the
 * working directory.
 */
#ifndef AGENT_VARS_H
#define AGENT_VARS_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

struct vars {
    struct buffer text; /* entries: a kind, NAME=VALUE, a NUL */
};

/* What a variable is to the programs that are started. */
enum vars_kind { VARS_LOCAL = '-', VARS_EXPORTED = 'x', VARS_READONLY = 'r', VARS_CWD = '/' };

/* No variables, in the root directory. */
void vars_init(struct vars *vars, const struct platform *platform);
void vars_free(struct vars *vars);
/* Adds what `other` exports (all of it, if `everything`), and its directory; 0 or -ENOMEM. */
int vars_inherit(struct vars *vars, const struct vars *other, bool everything);
/* The value of the variable whose name has `length` bytes, or NULL. */
const char *vars_get(const struct vars *vars, const char *name, size_t length);
/* Its kind, or 0. */
char vars_kind(const struct vars *vars, const char *name, size_t length);
/*
 * Sets it to `value`, which must not lie in `vars`; one that is there keeps its kind unless `kind`
 * is VARS_EXPORTED.  0, -EACCES if it is readonly, -ENOMEM, and then it is as before.
 */
int vars_set(struct vars *vars, const char *name, size_t length, const char *value,
             enum vars_kind kind);
/* Marks it as exported or readonly; a name without a value is left alone. */
void vars_mark(struct vars *vars, const char *name, size_t length, enum vars_kind kind);
/* Forgets a variable, if there is one. */
void vars_unset(struct vars *vars, const char *name, size_t length);
/* The entries one after the other: NULL for `entry` gives the first, NULL comes after the last. */
const char *vars_next(const struct vars *vars, const char *entry);
/* The working directory, "/" at first. */
const char *vars_cwd(const struct vars *vars);
/* Takes a copy of `path`.  0 or -ENOMEM. */
int vars_set_cwd(struct vars *vars, const char *path);

#endif
