/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs about the environment and other programs: env, printenv, pwd, which, timeout, xargs. */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "state.h"

enum step applet_cannot_run(struct task *task, const char *name, int error)
{
    if (error == -ENOMEM) {
        return task_out_of_memory(task);
    }
    task_error(task, "'%s': %s", name, ramfs_error_text(error));
    return task_exit(task, error == -ENOENT || error == -ENOTDIR ? 127 : 126);
}

struct task *applet_start(struct task *task, struct task *parent, int argc, char *const *argv,
                          const struct vars *vars, int *error)
{
    struct task_program program;
    struct arena arena;
    struct task *child = NULL;

    arena_init(&arena, task->agent->platform);
    *error = task_find_program(task->agent, &arena, vars, argv[0], &program);
    if (*error == 0) {
        child = task_create(task->agent, parent, &program, argc, argv, vars, error);
    }
    arena_free(&arena);
    if (child != NULL) {
        child->umask = task->umask;
        task_share_streams(task, child);
    }
    return child;
}

/* ---- env, printenv, pwd, which --------------------------------------------------------- */

static enum step print_environment(struct task *task)
{
    for (const char *entry = vars_next(&task->vars, NULL); entry != NULL;
         entry = vars_next(&task->vars, entry)) {
        if (*entry == VARS_EXPORTED) {
            task_print(task, 1, "%s\n", entry + 1);
        }
    }
    return task_exit(task, 0);
}

static enum step step_env(struct task *task)
{
    struct applet_options options;
    struct task *child;
    int first = 1;
    int error = 0;

    if (!applet_options(task, "+iu:C:", "ignore-environment=i unset=u chdir=C", &options)) {
        return task_exit(task, 125);
    }
    if (task->argc > 1 && strcmp(task->argv[1], "-") == 0) {
        applet_give(&options, "i");
        first = 2;
    }
    if (applet_has(&options, 'i')) {
        struct vars none;

        vars_init(&none, task->agent->platform);
        error = vars_set_cwd(&none, vars_cwd(&task->vars));
        vars_free(&task->vars);
        task->vars = none;
    }
    if (options.values[1] != NULL && error == 0) {
        char path[RAMFS_PATH_MAX + 1];
        struct ramfs_node *node;

        error = applet_canonical(task, options.values[1], path);
        error = error < 0 ? error : task_lookup(task, path, &node);
        error = error == 0 && !node->is_directory ? -ENOTDIR : error;
        if (error < 0) {
            task_error(task, "cannot change directory to '%s': %s", options.values[1],
                       ramfs_error_text(error));
            return task_exit(task, 125);
        }
        error = vars_set_cwd(&task->vars, path);
    }
    if (options.values[0] != NULL) {
        vars_unset(&task->vars, options.values[0], strlen(options.values[0]));
    }
    for (; first < task->argc && strchr(task->argv[first], '=') != NULL && error == 0; first++) {
        const char *word = task->argv[first];
        const char *equals = strchr(word, '=');

        error = vars_set(&task->vars, word, (size_t)(equals - word), equals + 1, VARS_EXPORTED);
    }
    if (error < 0) {
        return task_out_of_memory(task);
    }
    if (first == task->argc) {
        return print_environment(task);
    }
    child = applet_start(task, NULL, task->argc - first, task->argv + first, &task->vars, &error);
    if (child == NULL) {
        return applet_cannot_run(task, task->argv[first], error);
    }
    task_replace(task, child);
    return STEP_BLOCKED;
}

static enum step step_printenv(struct task *task)
{
    int code = 0;

    if (task->argc < 2) {
        return print_environment(task);
    }
    for (int i = 1; i < task->argc; i++) {
        const char *value = vars_get(&task->vars, task->argv[i], strlen(task->argv[i]));

        if (value == NULL) {
            code = 1;
        } else {
            task_print(task, 1, "%s\n", value);
        }
    }
    return task_exit(task, code);
}

static enum step step_pwd(struct task *task)
{
    struct applet_options options;

    if (!applet_options(task, "LP", "logical=L physical=P", &options)) {
        return task_exit(task, 1);
    }
    task_print(task, 1, "%s\n", vars_cwd(&task->vars));
    return task_exit(task, 0);
}

/* Where `name` would be run from; false if nowhere. */
bool applet_find_path(struct task *task, const char *name, char path[RAMFS_PATH_MAX + 1])
{
    struct task_program program;
    struct arena arena;
    bool found;

    arena_init(&arena, task->agent->platform);
    found = task_find_program(task->agent, &arena, &task->vars, name, &program) == 0;
    if (found && (program.path != NULL || strchr(name, '/') != NULL)) {
        const char *where = program.path != NULL ? program.path : name;

        found = strlen(where) <= RAMFS_PATH_MAX;
        if (found) {
            strcpy(path, where);
        }
    } else if (found) {
        strcpy(path, "/usr/bin/");
        strcpy(path + strlen(path), program.applet->name);
    }
    arena_free(&arena);
    return found;
}

static enum step step_which(struct task *task)
{
    struct applet_options options;
    char path[RAMFS_PATH_MAX + 1];
    int code = task->argc < 2;

    if (!applet_options(task, "as", NULL, &options)) {
        return task_exit(task, 2);
    }
    for (int i = 1; i < task->argc; i++) {
        if (!applet_find_path(task, task->argv[i], path)) {
            code = 1;
        } else if (!applet_has(&options, 's')) {
            task_print(task, 1, "%s\n", path);
        }
    }
    return task_exit(task, code);
}

const struct applet applet_env = {.name = "env", .step = step_env};
const struct applet applet_printenv = {.name = "printenv", .step = step_printenv};
const struct applet applet_pwd = {.name = "pwd", .step = step_pwd};
const struct applet applet_which = {.name = "which", .step = step_which};

/* ---- timeout --------------------------------------------------------------------------- */

struct timeout_state {
    int64_t pid;
    bool has_ended;
    bool has_fired;
    struct task_end end;
    int signal;
    uint64_t kill_after_ns;
};

static void timeout_child_ended(struct task *task, int64_t pid, struct task_end end)
{
    struct timeout_state *state = task->state;

    if (pid == state->pid) {
        state->has_ended = true;
        state->end = end;
        task->wake_ns = 0;
    }
}

static enum step timeout_begin(struct task *task)
{
    struct timeout_state *state = task->state;
    struct applet_options options;
    struct task *child;
    uint64_t ns;
    int error;

    if (!applet_options(task, "+k:s:", "signal=s kill-after=k foreground=f preserve-status=p",
                        &options)) {
        return task_exit(task, 125);
    }
    state->signal = options.values[1] == NULL ? TASK_SIGTERM : applet_signal(options.values[1]);
    if (state->signal < 0) {
        task_error(task, "%s: invalid signal", options.values[1]);
        return task_exit(task, 125);
    }
    if (options.values[0] != NULL && !applet_duration(options.values[0], &state->kill_after_ns)) {
        task_error(task, "invalid time interval '%s'", options.values[0]);
        return task_exit(task, 125);
    }
    if (task->argc < 3) {
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 125);
    }
    if (!applet_duration(task->argv[1], &ns)) {
        task_error(task, "invalid time interval '%s'", task->argv[1]);
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 125);
    }
    child = applet_start(task, task, task->argc - 2, task->argv + 2, &task->vars, &error);
    if (child == NULL) {
        if (error != -ENOMEM) {
            task_error(task, "failed to run command '%s': %s", task->argv[2],
                       ramfs_error_text(error));
            return task_exit(task, error == -ENOENT ? 127 : 126);
        }
        return task_out_of_memory(task);
    }
    state->pid = child->pid;
    if (ns > 0 && ns < UINT64_MAX / 2) {
        task_sleep_until(task, task_now_ns(task) + ns);
    } else {
        task_sleep_until(task, UINT64_MAX - 1);
    }
    return STEP_MORE;
}

static enum step step_timeout(struct task *task)
{
    struct timeout_state *state = task->state;
    int signal;

    if (state->pid == 0) {
        return timeout_begin(task);
    }
    if (state->has_ended) {
        if (state->has_fired) {
            return task_exit(task, state->end.signal == TASK_SIGKILL ? 137 : 124);
        }
        return task_exit(task, state->end.signal != 0 ? 128 + state->end.signal : state->end.code);
    }
    task_sleep_until(task, state->kill_after_ns > 0 ? task_now_ns(task) + state->kill_after_ns
                                                    : UINT64_MAX - 1);
    signal = state->has_fired ? TASK_SIGKILL : state->signal;
    state->has_fired = true;
    (void)task_signal(task->agent, state->pid, signal); /* which may wake this task at once */
    return STEP_MORE;
}

const struct applet applet_timeout = {.name = "timeout",
                                      .step = step_timeout,
                                      .state_size = sizeof(struct timeout_state),
                                      .child_ended = timeout_child_ended};
