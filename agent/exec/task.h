/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs.  There are no processes here: a program is an applet, a function that does a small
 * piece of its work each time it is called, and a task is one that runs.  Tasks take turns in
 * agent_poll(), so that none of them keeps the agent from answering.
 */
#ifndef AGENT_TASK_H
#define AGENT_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buffer.h"
#include "ramfs.h"
#include "stream.h"
#include "vars.h"

struct agent;
struct process;
struct task;

/* Descriptors of a task. */
#define TASK_FDS 10u
/* Tasks at a time; one more is refused with -EAGAIN. */
#define TASKS_MAX 256u
/* What a program takes for arguments and environment (execve(2), ARG_MAX). */
#define TASK_ARGUMENTS_MAX (2u << 20)
/* Bytes that an applet moves in one piece of work, more or less. */
#define TASK_PIECE 4096u

/* Signals, with Linux's numbers. */
enum task_signal {
    TASK_SIGHUP = 1,
    TASK_SIGINT = 2,
    TASK_SIGQUIT = 3,
    TASK_SIGKILL = 9,
    TASK_SIGUSR1 = 10,
    TASK_SIGUSR2 = 12,
    TASK_SIGPIPE = 13,
    TASK_SIGALRM = 14,
    TASK_SIGTERM = 15,
    TASK_SIGCHLD = 17,
    TASK_SIGCONT = 18,
    TASK_SIGSTOP = 19,
    TASK_SIGNALS = 32,
};

/* What a piece of work came to. */
enum step {
    STEP_MORE,    /* something was done, and there is more to do */
    STEP_BLOCKED, /* nothing can be done until input, a child or wake_ns comes */
    STEP_EXIT,    /* it is over; see task_exit() */
};

/* How a program ended: an exit code, or the signal that ended it. */
struct task_end {
    uint8_t code;
    uint8_t signal;
};

struct applet {
    const char *name;
    enum step (*step)(struct task *task);
    bool survives_write_errors;
    uint16_t state_size; /* bytes of zeros that it gets in task->state */
    /* Of an applet that has children: one of them has ended. */
    void (*child_ended)(struct task *task, int64_t pid, struct task_end end);
    /* Gives back what the state holds beyond the task's arena. */
    void (*clean_up)(struct task *task);
};

/* Output that a pipe has not taken yet. */
struct task_pending {
    struct buffer bytes;
    size_t done;
};

struct task {
    struct task *next;
    struct task *parent; /* who is told of its end; NULL: nobody */
    struct agent *agent;
    struct process *process; /* of the program that guest-exec started */
    int64_t pid;
    struct arena arena; /* holds the task itself too */
    const struct applet *applet;
    void *state;
    int argc;
    char **argv; /* ends with NULL */
    struct vars vars;
    struct stream *fds[TASK_FDS]; /* NULL: closed */
    struct task_pending pending[2];
    uint64_t wake_ns; /* it sleeps until then */
    uint16_t umask;
    bool is_stopped; /* by SIGSTOP */
    bool is_ending;  /* its last output is on its way */
    bool is_dead;    /* to be swept up */
    bool is_out_of_memory;
    int write_error; /* the first one, a negative errno value */
    struct task_end end;
};

/* A program that guest-exec has started, until guest-exec-status has told its end. */
struct process {
    struct process *next;
    int64_t pid;
    struct stream *out; /* NULL: not captured */
    struct stream *err;
    bool is_finished;
    struct task_end end;
};

/* Everything that runs. */
struct tasks {
    struct task *first;
    size_t count;
    int64_t last_pid;
    struct process *processes;
    struct streams streams;
};

/* What a name leads to. */
struct task_program {
    const struct applet *applet;
    char *path;                 /* of a script, else NULL */
    char *interpreter;          /* its interpreter as it is written there */
    char *interpreter_argument; /* NULL if there is none */
};

/* Forgets a program that guest-exec has started, and its output; it may run on. */
void process_reap(struct agent *agent, struct process *process);

/* No task yet; their files are those of `fs`. */
void tasks_init(struct tasks *tasks, struct ramfs *fs);
/* Ends everything without a word. */
void tasks_free(struct agent *agent);
/* See agent_poll() and agent_deadline_ns(). */
bool tasks_poll(struct agent *agent);
uint64_t tasks_deadline_ns(const struct agent *agent);

/*
 * Finds what `name` would run, as execvp(3) with the PATH and the directory of `vars` does: 0,
 * -ENOENT, -EACCES, -ENOEXEC, -ENOTDIR, -ENOMEM.  Strings are taken from `arena`.
 */
int task_find_program(struct agent *agent, struct arena *arena, const struct vars *vars,
                      const char *name, struct task_program *program);
/*
 * A task that runs `program` with `argv`, to be told to `parent` when it ends.  It inherits what
 * `vars` exports, and nothing else: the caller gives it its streams.  NULL with *error set to
 * -ENOMEM, -EAGAIN or -E2BIG.
 */
struct task *task_create(struct agent *agent, struct task *parent,
                         const struct task_program *program, int argc, char *const *argv,
                         const struct vars *vars, int *error);
/* A task of its own that runs `applet` without arguments, and has all of `vars`. */
struct task *task_create_bare(struct agent *agent, struct task *parent, const struct applet *applet,
                              const struct vars *vars, int *error);
/* `child` takes the place of `task`: its number, its parent, its process; `task` is gone. */
void task_replace(struct task *task, struct task *child);
/* Puts another stream in a descriptor's place, whose hold it takes over; NULL closes. */
void task_set_stream(struct task *task, unsigned fd, struct stream *stream);
/* Lets `child` have all descriptors of `task`. */
void task_share_streams(const struct task *task, struct task *child);
/* Ends a task from outside. */
void task_kill(struct task *task, struct task_end end);
/* Sends a signal to the task with that number: 0, -ESRCH, -EINVAL. */
int task_signal(struct agent *agent, int64_t pid, int signal);

/* ---- For applets ----------------------------------------------------------------------- */

/* Ends with `code`: `return task_exit(task, 1)`. */
enum step task_exit(struct task *task, int code);
/* Ends for want of memory, as by the kernel's hand. */
enum step task_out_of_memory(struct task *task);
/* Sleeps; the next piece of work is due then. */
void task_sleep_until(struct task *task, uint64_t monotonic_ns);
/* The platform's monotonic time. */
uint64_t task_now_ns(const struct task *task);
/* Writes to descriptor 1 or 2; what does not go out at once follows before the next piece. */
void task_write(struct task *task, unsigned fd, const void *bytes, size_t count);
/* As task_write(), formatted. */
void task_print(struct task *task, unsigned fd, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "NAME: " and the text and a newline on descriptor 2. */
void task_error(struct task *task, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The absolute path that `path` means to the task: 0 or -ENAMETOOLONG, -ENOENT if it is empty. */
int task_path(const struct task *task, const char *path, char absolute[RAMFS_PATH_MAX + 1]);
/* The node at `path`, or a negative errno value. */
int task_lookup(struct task *task, const char *path, struct ramfs_node **node);
/*
 * Opens `path` with ramfs_open()'s flags (RAMFS_WRITE for writing only, 0 for reading); knows
 * /dev/null and its like.  0 or a negative errno value.
 */
int task_open(struct task *task, const char *path, unsigned flags, bool append,
              struct stream **stream);
/* Whether `path` names an applet where programs are (/bin and the like). */
bool task_is_applet_path(const struct task *task, const char *path);

#endif
