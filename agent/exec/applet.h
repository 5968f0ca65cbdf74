/* SPDX-License-Identifier: BSD-2-Clause */
/* What applets share: their table, options, input from files. */
#ifndef AGENT_APPLET_H
#define AGENT_APPLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task.h"

/* Where programs are looked for when nobody says otherwise. */
#define TASK_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* All applets, in the order of their names. */
extern const struct applet *const applets[];
extern const size_t applet_count;
/* The applet of that name, or NULL. */
const struct applet *applet_by_name(const char *name);
/* The applet at an absolute path (/bin/NAME and the like), or NULL. */
const struct applet *applet_at(const char *path);

/* What a shell has inside in place of the programs of these names. */
extern const struct applet applet_shell_echo;
extern const struct applet applet_shell_printf;
extern const struct applet applet_shell_test;
extern const struct applet applet_shell_bracket;

/* ---- Options --------------------------------------------------------------------------- */

#define APPLET_VALUES 4u

/* Options that were given. */
struct applet_options {
    uint64_t given;                    /* a bit a letter; see applet_has() */
    const char *values[APPLET_VALUES]; /* of the letters with a value, in the order of the list */
};

/*
 * Takes the options out of the task's arguments, which then are the name and the operands; they
 * may stand anywhere, as in GNU's programs, unless the list starts with "+".  `letters` is
 * getopt(3)'s; `longs` is "name=x name=y", or NULL.  False with the message written if something
 * is wrong.
 */
bool applet_options(struct task *task, const char *letters, const char *longs,
                    struct applet_options *options);
/* Whether an option was given. */
bool applet_has(const struct applet_options *options, char letter);
/* As if these letters had been given. */
void applet_give(struct applet_options *options, const char *letters);
/* A decimal number that is all of `text`, with a suffix of size (k, K, M, G …) if `sizes`. */
bool applet_number(const char *text, bool sizes, uint64_t *number);

/* Which numbers escapes may be. */
#define APPLET_ZERO_OCTAL 1u /* \0nnn */
#define APPLET_OCTAL      2u /* \nnn */
#define APPLET_HEX        4u /* \xhh */
/*
 * Carries out the escape at *text, which starts at its backslash, and moves behind it.  False for
 * "\c", which ends all output.
 */
bool applet_unescape(const char **text, unsigned numbers, char *byte);
/* "1.5", "2m", "infinity" in nanoseconds; false if it is no time. */
bool applet_duration(const char *text, uint64_t *ns);
/* The number of a signal by its name or number, or -1. */
int applet_signal(const char *name);

/*
 * Changes *mode as chmod(1) with "0644" or "u+x,go=r" would; what is not said for whom is subject
 * to `umask`.  False if `text` is no mode.
 */
bool applet_mode(const char *text, uint32_t umask, bool is_directory, uint32_t *mode);
/* The time that `text` names ("@N", "YYYY-MM-DD hh:mm:ss", "now" …) in UTC; false if it is none. */
bool applet_read_time(const char *text, int64_t now_ns, int64_t *time_ns);

/* Writes a time in UTC to descriptor 1, with strftime(3)'s and date(1)'s letters. */
void applet_print_time(struct task *task, const char *format, int64_t ns);
/* "drwxr-xr-x", NUL-terminated. */
void applet_mode_text(const struct ramfs_node *node, char text[11]);

/* "1.5K", as -h shows sizes. */
void applet_human_size(uint64_t size, char text[24]);
/* Sorts by bytes, in time that is never worse than n log n. */
void applet_sort_strings(char **strings, size_t count);

/* Where `name` would be run from; false if nowhere. */
bool applet_find_path(struct task *task, const char *name, char path[RAMFS_PATH_MAX + 1]);
/* The path without ".", ".." and double slashes: 0, -ENAMETOOLONG or -ENOENT. */
int applet_canonical(struct task *task, const char *name, char path[RAMFS_PATH_MAX + 1]);
/*
 * Starts a program with all streams of `task`, to be told to `parent`; NULL with *error set to
 * what task_find_program() or task_create() say.
 */
struct task *applet_start(struct task *task, struct task *parent, int argc, char *const *argv,
                          const struct vars *vars, int *error);
/* Ends with the words and the code for a program that could not be started. */
enum step applet_cannot_run(struct task *task, const char *name, int error);

/* ---- Input from operands or descriptor 0 ------------------------------------------------- */

struct applet_input {
    int index; /* the operand that is being read; 0: none yet */
    const char *name;
    struct stream *stream;
    bool failed;           /* one of them could not be read */
    bool says_cannot_open; /* "cannot open 'X' for reading", "error reading 'X'" */
    bool says_cannot_read; /* "cannot read: X" */
    bool is_silent;
    bool is_directory; /* the one that could not be read last is a directory */
};

/*
 * Lends bytes of the current input, opening it if needed: their number, 0 at its end, -EAGAIN.
 * What cannot be read is named on descriptor 2 and ends at once.
 */
int64_t applet_peek(struct task *task, struct applet_input *input, const uint8_t **bytes);
/* Takes `count` of the bytes that applet_peek() lent. */
void applet_consume(struct applet_input *input, size_t count);
/* Goes on to the next input; false after the last one. */
bool applet_next(struct task *task, struct applet_input *input);
/* Closes what is open; for clean_up(). */
void applet_close(struct task *task, struct applet_input *input);

#endif
