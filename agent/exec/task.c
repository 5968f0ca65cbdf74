/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of tasks: they are made, take turns, and end. */
#include "task.h"

#include <errno.h>
#include <string.h>

#include "state.h"

static const struct task_end killed = {.signal = TASK_SIGKILL};

void tasks_init(struct tasks *tasks, struct ramfs *fs)
{
    *tasks = (struct tasks){.last_pid = 1};
    streams_init(&tasks->streams, fs);
}

static struct streams *streams_of(const struct task *task)
{
    return &task->agent->tasks.streams;
}

/* ---- Making ---------------------------------------------------------------------------- */

/* Gives back all that a task has, itself included. */
static void destroy(struct task *task)
{
    if (task->applet->clean_up != NULL && task->state != NULL) {
        task->applet->clean_up(task);
    }
    for (unsigned fd = 0; fd < TASK_FDS; fd++) {
        task_set_stream(task, fd, NULL);
    }
    buffer_free(&task->pending[0].bytes);
    buffer_free(&task->pending[1].bytes);
    vars_free(&task->vars);
    arena_free(&task->arena);
}

/* A task that is on no list yet. */
static struct task *make(struct agent *agent, struct task *parent, const struct applet *applet,
                         const struct vars *vars, bool with_locals)
{
    struct arena arena;
    struct task *task;

    arena_init(&arena, agent->platform);
    task = arena_alloc(&arena, sizeof(*task));
    if (task == NULL) {
        return NULL;
    }
    task->arena = arena;
    task->agent = agent;
    task->parent = parent;
    task->applet = applet;
    task->umask = parent != NULL ? parent->umask : 022;
    vars_init(&task->vars, agent->platform);
    buffer_init(&task->pending[0].bytes, agent->platform);
    buffer_init(&task->pending[1].bytes, agent->platform);
    if (applet->state_size > 0) {
        task->state = arena_alloc(&task->arena, applet->state_size);
    }
    if ((applet->state_size > 0 && task->state == NULL) ||
        vars_inherit(&task->vars, vars, with_locals) < 0) {
        task->state = NULL;
        destroy(task);
        return NULL;
    }
    return task;
}

static void enlist(struct task *task)
{
    struct tasks *tasks = &task->agent->tasks;
    struct task **link = &tasks->first;

    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = task;
    tasks->count++;
    task->pid = ++tasks->last_pid;
}

/* Copies one argument to the end of argv, which has room for it. */
static int add_argument(struct task *task, const char *argument)
{
    char *copy = arena_copy(&task->arena, argument, strlen(argument));

    if (copy == NULL) {
        return -ENOMEM;
    }
    task->argv[task->argc++] = copy;
    return 0;
}

/* execve(2): of a script, the interpreter's words come before those of the caller. */
static int fill_arguments(struct task *task, const struct task_program *program, int argc,
                          char *const *argv)
{
    int result = 0;

    task->argv = arena_alloc(&task->arena, ((size_t)argc + 4) * sizeof(*argv));
    if (task->argv == NULL) {
        return -ENOMEM;
    }
    if (program->path != NULL) {
        result = add_argument(task, program->interpreter);
        if (result == 0 && program->interpreter_argument != NULL) {
            result = add_argument(task, program->interpreter_argument);
        }
        if (result == 0) {
            result = add_argument(task, program->path);
        }
    } else {
        result = add_argument(task, argv[0]);
    }
    for (int i = 1; i < argc && result == 0; i++) {
        result = add_argument(task, argv[i]);
    }
    return result;
}

static bool is_too_much(int argc, char *const *argv, const struct vars *vars)
{
    size_t bytes = vars->text.size;

    for (int i = 0; i < argc && bytes <= TASK_ARGUMENTS_MAX; i++) {
        bytes += strlen(argv[i]) + 1 + sizeof(char *);
    }
    return bytes > TASK_ARGUMENTS_MAX;
}

struct task *task_create(struct agent *agent, struct task *parent,
                         const struct task_program *program, int argc, char *const *argv,
                         const struct vars *vars, int *error)
{
    struct task *task;

    *error = agent->tasks.count >= TASKS_MAX ? -EAGAIN
             : is_too_much(argc, argv, vars) ? -E2BIG
                                             : -ENOMEM;
    if (*error != -ENOMEM) {
        return NULL;
    }
    task = make(agent, parent, program->applet, vars, false);
    if (task == NULL) {
        return NULL;
    }
    if (fill_arguments(task, program, argc, argv) < 0) {
        destroy(task);
        return NULL;
    }
    enlist(task);
    return task;
}

struct task *task_create_bare(struct agent *agent, struct task *parent, const struct applet *applet,
                              const struct vars *vars, int *error)
{
    struct task *task;

    *error = agent->tasks.count >= TASKS_MAX ? -EAGAIN : -ENOMEM;
    if (*error != -ENOMEM) {
        return NULL;
    }
    task = make(agent, parent, applet, vars, true);
    if (task != NULL) {
        enlist(task);
    }
    return task;
}

void task_set_stream(struct task *task, unsigned fd, struct stream *stream)
{
    stream_release(streams_of(task), task->fds[fd]);
    task->fds[fd] = stream;
}

void task_share_streams(const struct task *task, struct task *child)
{
    for (unsigned fd = 0; fd < TASK_FDS; fd++) {
        if (task->fds[fd] != NULL) {
            task_set_stream(child, fd, stream_hold(task->fds[fd]));
        }
    }
}

/* ---- Ending ---------------------------------------------------------------------------- */

/* The task is no more; what it leaves is swept up at the end of the round. */
static void finish(struct task *task)
{
    struct tasks *tasks = &task->agent->tasks;

    task->is_dead = true;
    for (unsigned fd = 0; fd < TASK_FDS; fd++) {
        task_set_stream(task, fd, NULL);
    }
    for (struct task *child = tasks->first; child != NULL; child = child->next) {
        if (child->parent == task) {
            child->parent = NULL;
        }
    }
    if (task->process != NULL) {
        task->process->is_finished = true;
        task->process->end = task->end;
        task->process = NULL;
    }
    if (task->parent != NULL && task->parent->applet->child_ended != NULL) {
        task->parent->applet->child_ended(task->parent, task->pid, task->end);
    }
    task->parent = NULL;
}

void task_kill(struct task *task, struct task_end end)
{
    if (!task->is_dead) {
        task->end = end;
        finish(task);
    }
}

void task_replace(struct task *task, struct task *child)
{
    child->pid = task->pid;
    child->parent = task->parent;
    child->process = task->process;
    task->parent = NULL;
    task->process = NULL;
    finish(task);
}

int task_signal(struct agent *agent, int64_t pid, int signal)
{
    struct task *task = agent->tasks.first;

    if (signal < 0 || signal >= TASK_SIGNALS) {
        return -EINVAL;
    }
    while (task != NULL && (task->pid != pid || task->is_dead)) {
        task = task->next;
    }
    if (task == NULL) {
        return -ESRCH;
    }
    switch (signal) {
    case 0:
    case TASK_SIGCHLD:
    case 23: /* SIGURG and SIGWINCH are ignored where nobody catches them */
    case 28:
        break;
    case TASK_SIGCONT:
        task->is_stopped = false;
        break;
    case TASK_SIGSTOP:
    case 20: /* SIGTSTP, SIGTTIN, SIGTTOU */
    case 21:
    case 22:
        task->is_stopped = true;
        break;
    default:
        task_kill(task, (struct task_end){.signal = (uint8_t)signal});
        break;
    }
    return 0;
}

static void sweep(struct tasks *tasks)
{
    struct task **link = &tasks->first;

    while (*link != NULL) {
        struct task *task = *link;

        if (task->is_dead) {
            *link = task->next;
            tasks->count--;
            destroy(task);
        } else {
            link = &task->next;
        }
    }
}

void tasks_free(struct agent *agent)
{
    struct tasks *tasks = &agent->tasks;

    for (struct task *task = tasks->first; task != NULL; task = task->next) {
        task->is_dead = true;
    }
    sweep(tasks);
    while (tasks->processes != NULL) {
        process_reap(agent, tasks->processes);
    }
    streams_free(&tasks->streams);
}

/* ---- Taking turns ---------------------------------------------------------------------- */

/* Hands over what is pending; returns whether anything moved. */
static bool drain(struct task *task, unsigned fd)
{
    struct task_pending *pending = &task->pending[fd - 1];
    size_t left = pending->bytes.size - pending->done;
    int64_t count;

    if (left == 0) {
        return false;
    }
    count = task->fds[fd] == NULL ? -EBADF
                                  : stream_write(streams_of(task), task->fds[fd],
                                                 pending->bytes.data + pending->done, left);
    if (count < 0) {
        task->write_error = fd == 1 || count == -EPIPE ? (int)count : task->write_error;
        count = (int64_t)left;
    }
    pending->done += (size_t)count;
    if (pending->done == pending->bytes.size) {
        buffer_free(&pending->bytes);
        pending->done = 0;
    }
    return count > 0;
}

static bool is_drained(const struct task *task)
{
    return task->pending[0].bytes.size == 0 && task->pending[1].bytes.size == 0;
}

/* What a program dies of when it cannot write. */
static void judge_write_error(struct task *task)
{
    int error = task->write_error;

    task->write_error = 0;
    if (error == -EPIPE) {
        task_kill(task, (struct task_end){.signal = TASK_SIGPIPE});
    } else if (!task->applet->survives_write_errors) {
        task_error(task, "write error: %s", ramfs_error_text(error));
        task->end = (struct task_end){.code = 1};
        task->is_ending = true;
    }
}

/* One turn of one task; returns whether anything moved. */
static bool take_turn(struct task *task)
{
    bool moved = drain(task, 1);

    moved |= drain(task, 2);
    if (task->write_error != 0) {
        judge_write_error(task);
        return true;
    }
    if (!is_drained(task)) {
        return moved;
    }
    if (task->is_ending) {
        finish(task);
        return true;
    }
    if (task->wake_ns > task_now_ns(task)) {
        return moved;
    }
    task->wake_ns = 0;
    switch (task->applet->step(task)) {
    case STEP_MORE:
        moved = true;
        break;
    case STEP_EXIT:
        task->is_ending = true;
        moved = true;
        break;
    case STEP_BLOCKED:
        break;
    }
    if (task->is_out_of_memory) {
        task_kill(task, killed);
    }
    return moved || task->is_dead;
}

bool tasks_poll(struct agent *agent)
{
    bool moved = false;

    if (agent->tasks.first == NULL) {
        return false;
    }
    for (struct task *task = agent->tasks.first; task != NULL; task = task->next) {
        if (!task->is_dead && !task->is_stopped) {
            moved |= take_turn(task);
        }
    }
    sweep(&agent->tasks);
    if (agent->tasks.streams.count == 0) {
        streams_free(&agent->tasks.streams);
    }
    return moved;
}

uint64_t tasks_deadline_ns(const struct agent *agent)
{
    uint64_t deadline = UINT64_MAX;

    for (const struct task *task = agent->tasks.first; task != NULL; task = task->next) {
        if (!task->is_stopped && is_drained(task) && task->wake_ns != 0 &&
            task->wake_ns < deadline) {
            deadline = task->wake_ns;
        }
    }
    return deadline;
}
