/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shell's inner parts.  A script is compiled into a row of operations, so that running it is a
 * matter of one place in that row, which can be left and come back to at any time.
 */
#ifndef AGENT_SH_H
#define AGENT_SH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "applet.h"
#include "arena.h"
#include "buffer.h"
#include "task.h"

/* How deep constructs may lie in one another, functions may call, eval may nest. */
#define SH_DEPTH_MAX 32

/* Stands in a word for the output of a command that has been run before. */
#define SH_SUBSTITUTE '\001'

enum sh_code {
    SH_NOTHING,
    SH_COMMAND,    /* data: struct sh_command */
    SH_JUMP,       /* to target, as the next two */
    SH_JUMP_FALSE, /* if the last status is not 0 */
    SH_JUMP_TRUE,
    SH_NOT,        /* turns the last status over */
    SH_SUCCEED,    /* sets the status to 0 */
    SH_CAPTURE,    /* runs what lies before target by itself, its output is kept for a word */
    SH_SUBSHELL,   /* runs what lies before target by itself */
    SH_BACKGROUND, /* the same without waiting for its end */
    SH_PIPELINE,   /* data: uint32_t[count], where its parts start */
    SH_EXIT,       /* ends a part that runs by itself */
    SH_REDIRECT,   /* data: struct sh_redirect; to target if that fails */
    SH_RESTORE,    /* takes the last SH_REDIRECT back */
    SH_FOR,        /* data: struct sh_command, the words; NULL: the positional parameters */
    SH_FOR_NEXT,   /* data: the variable's name; to target after the last word */
    SH_FOR_END,    /* forgets the last SH_FOR */
    SH_CASE,       /* data: a word */
    SH_CASE_MATCH, /* data: a pattern; to target if it matches */
    SH_FUNCTION,   /* data: a name; its body follows, and target is behind it */
    SH_RETURN,     /* ends a function's body, or a text of eval */
};

struct sh_op {
    uint8_t code;
    bool is_tested; /* its failure is somebody's condition: "set -e" does not end the shell */
    uint32_t line;
    uint32_t target;
    uint32_t count;
    const void *data;
};

enum sh_redirect_kind {
    SH_READ,
    SH_WRITE,
    SH_APPEND,
    SH_READ_WRITE,
    SH_DUPLICATE,
    SH_HERE,         /* the word is the text, to be expanded */
    SH_HERE_LITERAL, /* the word is the text */
};

struct sh_redirect {
    struct sh_redirect *next;
    enum sh_redirect_kind kind;
    uint8_t fd;
    const char *word;
};

struct sh_word {
    struct sh_word *next;
    const char *text; /* as in the script, quotes included */
};

struct sh_command {
    struct sh_word *assignments;
    struct sh_word *words;
    struct sh_redirect *redirects;
};

/* What has been compiled; shells that run parts of it share it. */
struct sh_program {
    struct arena arena; /* holds the program itself too */
    struct buffer ops;
    uint32_t holds;
};

/*
 * Compiles `text`, which ends with a NUL and stays where it is only meanwhile.  Returns NULL with
 * *message set to what is wrong, from `errors`, and *line to where; or to NULL for want of memory.
 */
struct sh_program *sh_parse(const struct platform *platform, const char *text, struct arena *errors,
                            const char **message, uint32_t *line);
/* Holds a program until it is released as often; sh_parse() has held it once. */
struct sh_program *sh_program_hold(struct sh_program *program);
void sh_program_release(struct sh_program *program);
/* One operation; `index` comes from the program itself. */
const struct sh_op *sh_program_op(const struct sh_program *program, uint32_t index);

/* Where to come back to from a function or an eval. */
struct sh_frame {
    struct sh_program *program; /* held */
    uint32_t pc;
    uint32_t loops; /* how many there were */
    uint32_t saved; /* redirections that were in force */
    bool is_function;
    bool is_tested; /* its failure is a condition */
    int argc;       /* the positional parameters of the caller */
    char **argv;
    struct arena arguments;
};

/* The words of a for. */
struct sh_loop {
    struct buffer words; /* each with its NUL */
    size_t at;
};

/* A stream that a redirection has pushed aside. */
struct sh_saved {
    struct stream *stream; /* NULL: the descriptor was closed */
    uint8_t fd;
    bool is_mark; /* the bottom of one SH_REDIRECT */
};

struct sh_function {
    struct sh_program *program;
    uint32_t pc;
    const char *name; /* in the program */
};

/* A child that has not been waited for. */
struct sh_child {
    int64_t pid;
    bool has_ended;
    bool is_waited_for; /* now */
    struct task_end end;
};

enum sh_wait { SH_RUNS, SH_WAITS, SH_CAPTURES, SH_READS, SH_LOADS };

struct sh {
    bool has_begun;
    bool stops_on_error; /* set -e */
    bool stops_on_unset; /* set -u */
    bool traces;         /* set -x */
    bool no_globbing;    /* set -f */
    bool reads_input;    /* sh -s */
    bool is_ending;
    enum sh_wait wait;
    int status;
    int captured_status; /* of the last SH_CAPTURE */
    int64_t own_pid;     /* $$, which subshells inherit */
    int64_t background;  /* $! */
    struct sh_program *program;
    uint32_t pc;
    uint32_t line;
    int argc; /* the positional parameters, $0 first */
    char **argv;
    struct buffer frames;    /* of struct sh_frame */
    struct buffer loops;     /* of struct sh_loop */
    struct buffer saved;     /* of struct sh_saved */
    struct buffer functions; /* of struct sh_function */
    struct buffer children;  /* of struct sh_child */
    struct buffer captured;  /* outputs for SH_SUBSTITUTE, each with its NUL */
    size_t captured_at;
    struct buffer case_word;
    struct buffer text; /* a script that is being read, a line of "read" */
    struct stream *capture;
    struct applet_input input;
    struct arena scratch;       /* of the command that is being carried out */
    struct arena own;           /* of "set" */
    struct sh_word *read_names; /* of "read", in `own_names` */
    struct arena own_names;
    bool reads_raw;
    bool is_escaped;    /* by the last byte that was read */
    struct buffer trap; /* what runs at the end */
    int exit_status;
    bool is_trapped; /* that runs now */
};

/* ---- Expansion (sh_expand.c) ----------------------------------------------------------- */

enum sh_expand {
    SH_FIELDS,  /* split, names filled in: any number of words */
    SH_ONE,     /* one word as it is */
    SH_PATTERN, /* one word, what was quoted still marked with backslashes */
    SH_BODY,    /* a here-document: quotes are themselves */
};

/*
 * Expands `text` to words that are appended to *last; they live in the shell's scratch arena.
 * Returns the number of words, or a negative errno value: -ENOMEM, or -EINVAL with the message
 * written.
 */
int sh_expand(struct task *task, const char *text, enum sh_expand how, struct sh_word ***last);
/* One word; NULL if that fails, with *error set. */
const char *sh_expand_one(struct task *task, const char *text, enum sh_expand how, int *error);
/* Names in the file tree that match a pattern (sh_glob.c): their number, or -ENOMEM. */
int sh_glob(struct task *task, const char *pattern, struct sh_word ***last);
/* The value of an arithmetic expression (sh_arithmetic.c); false with the message written. */
bool sh_arithmetic(struct task *task, const char *text, int64_t *value);
/* Appends a word. */
int sh_add_word(struct sh *sh, const char *text, size_t length, struct sh_word ***last);

/* ---- Redirections (sh_redirect.c) ------------------------------------------------------ */

/*
 * Carries out redirections for `target`, which may be the shell itself and then remembers what it
 * has pushed aside.  0, or -EINVAL with the message written, or -ENOMEM.
 */
int sh_redirect(struct task *task, struct task *target, const struct sh_redirect *redirects);
/* Puts back what was pushed aside beyond the first `height`. */
void sh_restore(struct task *task, size_t height);

/* Leaves things as they are instead. */
void sh_forget_saved(struct task *task, size_t height);

/* ---- Builtins (sh_builtin.c) ----------------------------------------------------------- */

/* The builtin of that name, or NULL; it returns its status, or a negative errno value. */
typedef int sh_builtin_function(struct task *task, int argc, char **argv);
sh_builtin_function *sh_builtin(const char *name, bool *is_special);
/* Whether assignments before it stay, and its errors end the shell (POSIX XCU §2.14). */
bool sh_is_name(const char *text, size_t length);
/* Runs `text` next, as eval does: 0 or -EINVAL with the message written, or -ENOMEM. */
int sh_enter(struct task *task, const char *text);
/* Leaves the innermost function, or the innermost text if `only_text`; false if there is none. */
bool sh_leave(struct task *task, bool is_return);
/* "NAME: LINE: " and the text. */
void sh_error(struct task *task, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A function of that name, or NULL; it is the shell's. */
struct sh_function *sh_find_function(const struct sh *sh, const char *name);
/* Those that it has started and not forgotten: *count of them, the shell's own. */
struct sh_child *sh_children(const struct sh *sh, size_t *count);

#endif
