/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell as a program: it starts, runs operations as long as nothing has to be awaited, ends. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sh_run.h"
#include "state.h"

/* Operations that one piece of work carries out. */
#define OPS_AT_ONCE 64

/* A script is held in memory as a whole. */
#define SCRIPT_MAX (4u << 20)

void sh_error(struct task *task, const char *format, ...)
{
    const struct sh *sh = task->state;
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    task_print(task, 2, "%s: %u: %s\n", sh->argv[0], (unsigned)sh->line, text);
}

/* ---- Beginning ------------------------------------------------------------------------- */

static void init(struct task *task)
{
    struct sh *sh = task->state;
    const struct platform *platform = task->agent->platform;

    sh->has_begun = true;
    sh->line = 1;
    buffer_init(&sh->frames, platform);
    buffer_init(&sh->loops, platform);
    buffer_init(&sh->saved, platform);
    buffer_init(&sh->functions, platform);
    buffer_init(&sh->children, platform);
    buffer_init(&sh->captured, platform);
    buffer_init(&sh->case_word, platform);
    buffer_init(&sh->text, platform);
    buffer_init(&sh->trap, platform);
    arena_init(&sh->scratch, platform);
    arena_init(&sh->own, platform);
    arena_init(&sh->own_names, platform);
}

/* One word of options, "-ec" or "+x"; false if one of them is unknown. */
bool sh_set_options(struct task *task, const char *word, bool *has_command)
{
    struct sh *sh = task->state;
    bool on = *word == '-';

    for (word++; *word != '\0'; word++) {
        switch (*word) {
        case 'c':
            if (has_command == NULL) {
                return false;
            }
            *has_command = true;
            break;
        case 'e':
            sh->stops_on_error = on;
            break;
        case 'f':
            sh->no_globbing = on;
            break;
        case 'u':
            sh->stops_on_unset = on;
            break;
        case 'x':
            sh->traces = on;
            break;
        case 'a':
        case 'b':
        case 'h':
        case 'i':
        case 'l':
        case 'm':
        case 'v':
            break;
        case 's':
            if (has_command == NULL) {
                return false;
            }
            sh->reads_input = true;
            break;
        default:
            sh_error(task, "Illegal option %c%c", on ? '-' : '+', *word);
            return false;
        }
    }
    return true;
}

bool sh_set_named_option(struct task *task, const char *name, bool on)
{
    static const char *const names[] = {"errexit", "noglob", "nounset", "xtrace", "pipefail"};
    static const char letters[] = "efux";

    for (size_t i = 0; i < 4; i++) {
        char word[3] = {on ? '-' : '+', letters[i], '\0'};

        if (strcmp(name, names[i]) == 0) {
            return sh_set_options(task, word, NULL);
        }
    }
    sh_error(task, "Illegal option -o %s", name);
    return false;
}

/* Compiles what is to be run; false once the shell is to end. */
static bool load(struct task *task, const char *text)
{
    struct sh *sh = task->state;
    const char *message;
    uint32_t line = 1;

    sh->program = sh_parse(task->agent->platform, text, &sh->scratch, &message, &line);
    if (sh->program != NULL) {
        sh->wait = SH_RUNS;
        sh->pc = 0;
        return true;
    }
    if (message == NULL) {
        task_out_of_memory(task);
    } else {
        sh->line = line;
        sh_error(task, "Syntax error: %s", message);
    }
    return false;
}

/* dash's own variables. */
static bool set_variables(struct task *task)
{
    struct vars *vars = &task->vars;
    char cwd[RAMFS_PATH_MAX + 1];

    strcpy(cwd, vars_cwd(vars));
    return vars_set(vars, "PWD", 3, cwd, VARS_EXPORTED) == 0 &&
           vars_set(vars, "IFS", 3, " \t\n", VARS_LOCAL) == 0 &&
           vars_set(vars, "OPTIND", 6, "1", VARS_LOCAL) == 0 &&
           (vars_get(vars, "PATH", 4) != NULL ||
            vars_set(vars, "PATH", 4, TASK_PATH, VARS_LOCAL) == 0);
}

/* Opens the script that is the first operand. */
static int open_script(struct task *task, const char *name)
{
    struct sh *sh = task->state;
    int result = task_open(task, name, 0, false, &sh->input.stream);

    sh->input.name = name;
    if (result < 0) {
        sh->line = 0;
        sh_error(task, result == -ENOENT ? "cannot open %s: No such file" : "cannot open %s: %s",
                 name, ramfs_error_text(result));
    }
    return result;
}

static enum step begin(struct task *task)
{
    struct sh *sh = task->state;
    bool has_command = false;
    int first = 1;

    init(task);
    sh->argv = task->argv;
    sh->argc = 1;
    sh->own_pid = task->pid;
    while (first < task->argc && (*task->argv[first] == '-' || *task->argv[first] == '+') &&
           task->argv[first][1] != '\0') {
        const char *word = task->argv[first++];

        if (strcmp(word, "--") == 0) {
            break;
        }
        sh->line = 0;
        if (strcmp(word + 1, "o") == 0 && first < task->argc) {
            if (!sh_set_named_option(task, task->argv[first++], *word == '-')) {
                return task_exit(task, 2);
            }
        } else if (!sh_set_options(task, word, &has_command)) {
            return task_exit(task, 2);
        }
    }
    sh->line = 1;
    if (!set_variables(task)) {
        return task_out_of_memory(task);
    }
    if (has_command && first == task->argc) {
        sh->line = 0;
        sh_error(task, "-c requires an argument");
        return task_exit(task, 2);
    }
    if (has_command) {
        const char *text = task->argv[first++];

        if (first < task->argc) {
            sh->argv = task->argv + first;
            sh->argc = task->argc - first;
        }
        return load(task, text) ? STEP_MORE : task_exit(task, 2);
    }
    sh->wait = SH_LOADS;
    if (sh->reads_input) {
        task->argv[first - 1] = task->argv[0]; /* an option's place, which is free now */
        sh->argv = task->argv + first - 1;
        sh->argc = task->argc - first + 1;
    } else if (first < task->argc) {
        if (open_script(task, task->argv[first]) < 0) {
            return task_exit(task, 2);
        }
        sh->argv = task->argv + first;
        sh->argc = task->argc - first;
        return STEP_MORE;
    }
    sh->input.name = "-";
    return STEP_MORE;
}

/* Takes in some of the script; at its end it is compiled. */
static enum step load_some(struct task *task)
{
    struct sh *sh = task->state;
    const uint8_t *bytes;
    int64_t count = applet_peek(task, &sh->input, &bytes);
    bool fits;

    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (sh->text.size + (size_t)count > SCRIPT_MAX) {
        return task_out_of_memory(task);
    }
    if (count > 0) {
        fits = memchr(bytes, '\0', (size_t)count) == NULL;
        if (!fits) {
            sh_error(task, "%s: this is no text", sh->argv[0]);
            return task_exit(task, 126);
        }
        if (buffer_append(&sh->text, bytes, (size_t)count) < 0) {
            return task_out_of_memory(task);
        }
        applet_consume(&sh->input, (size_t)count);
        return STEP_MORE;
    }
    applet_close(task, &sh->input);
    if (buffer_append(&sh->text, "", 1) < 0) {
        return task_out_of_memory(task);
    }
    if (!load(task, (const char *)sh->text.data)) {
        return task_exit(task, 2);
    }
    buffer_free(&sh->text);
    return STEP_MORE;
}

/* ---- Children -------------------------------------------------------------------------- */

struct sh_child *sh_children(const struct sh *sh, size_t *count)
{
    *count = sh->children.size / sizeof(struct sh_child);
    return (void *)sh->children.data;
}

static void child_ended(struct task *task, int64_t pid, struct task_end end)
{
    size_t count;
    struct sh_child *children = sh_children(task->state, &count);

    for (size_t i = 0; i < count; i++) {
        if (children[i].pid == pid) {
            children[i].has_ended = true;
            children[i].end = end;
        }
    }
}

/* What dash says of a child that a signal has ended. */
static void tell_signal(struct task *task, int signal)
{
    const char *text = signal == TASK_SIGKILL   ? "Killed"
                       : signal == TASK_SIGTERM ? "Terminated"
                       : signal == TASK_SIGHUP  ? "Hangup"
                       : signal == TASK_SIGQUIT ? "Quit"
                       : signal == TASK_SIGALRM ? "Alarm clock"
                       : signal == TASK_SIGUSR1 ? "User defined signal 1"
                       : signal == TASK_SIGUSR2 ? "User defined signal 2"
                                                : NULL;

    if (text != NULL) {
        task_print(task, 2, "%s\n", text);
    }
}

/* Whether everything that is waited for has ended; it is forgotten then, the last one is $?. */
static bool collect(struct task *task)
{
    struct sh *sh = task->state;
    size_t count;
    struct sh_child *children = sh_children(sh, &count);
    size_t kept = 0;
    int *status = sh->wait == SH_CAPTURES ? &sh->captured_status : &sh->status;

    for (size_t i = 0; i < count; i++) {
        if (children[i].is_waited_for && !children[i].has_ended) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct sh_child child = children[i];

        if (!child.is_waited_for) {
            children[kept++] = child;
        } else {
            *status = child.end.signal != 0 ? 128 + child.end.signal : child.end.code;
            tell_signal(task, child.end.signal);
        }
    }
    sh->children.size = kept * sizeof(*children);
    return true;
}

/* Keeps what SH_CAPTURE's command has written, without newlines at its end. */
static bool keep_captured(struct task *task)
{
    struct sh *sh = task->state;
    const struct ramfs_node *file = sh->capture->file;
    size_t start = sh->captured.size;
    size_t out = start;

    if (buffer_reserve(&sh->captured, (size_t)file->size + 1) < 0) {
        return false;
    }
    ramfs_read(file, 0, sh->captured.data + start, (size_t)file->size);
    for (size_t i = start; i < start + file->size; i++) {
        if (sh->captured.data[i] != '\0') {
            sh->captured.data[out++] = sh->captured.data[i];
        }
    }
    while (out > start && sh->captured.data[out - 1] == '\n') {
        out--;
    }
    sh->captured.data[out++] = '\0';
    sh->captured.size = out;
    stream_release(&task->agent->tasks.streams, sh->capture);
    sh->capture = NULL;
    return true;
}

/* ---- Ending ---------------------------------------------------------------------------- */

/* The shell ends with `status`, once what "trap" wants has run. */
enum step sh_end(struct task *task, int status)
{
    struct sh *sh = task->state;

    if (sh->trap.size > 1 && !sh->is_trapped) {
        sh->is_trapped = true;
        sh->exit_status = status;
        while (sh_leave(task, false)) {
        }
        sh->is_ending = false;
        if (sh_enter(task, (const char *)sh->trap.data) == 0) {
            return STEP_MORE;
        }
    }
    return task_exit(task, sh->is_trapped && !sh->is_ending ? sh->exit_status : status);
}

static void clean_up(struct task *task)
{
    struct sh *sh = task->state;
    struct sh_function *functions = (void *)sh->functions.data;

    if (!sh->has_begun) {
        return;
    }
    while (sh_leave(task, false)) {
    }
    sh_forget_loops(sh, 0);
    sh_restore(task, 0);
    for (size_t i = 0; i < sh->functions.size / sizeof(*functions); i++) {
        sh_program_release(functions[i].program);
    }
    sh_program_release(sh->program);
    stream_release(&task->agent->tasks.streams, sh->capture);
    applet_close(task, &sh->input);
    buffer_free(&sh->frames);
    buffer_free(&sh->loops);
    buffer_free(&sh->saved);
    buffer_free(&sh->functions);
    buffer_free(&sh->children);
    buffer_free(&sh->captured);
    buffer_free(&sh->case_word);
    buffer_free(&sh->text);
    buffer_free(&sh->trap);
    arena_free(&sh->scratch);
    arena_free(&sh->own);
    arena_free(&sh->own_names);
}

/* ---- A piece of work ------------------------------------------------------------------- */

static enum step run(struct task *task)
{
    struct sh *sh = task->state;

    for (int i = 0; i < OPS_AT_ONCE && sh->wait == SH_RUNS; i++) {
        enum step step = sh_run_op(task);

        if (task->is_out_of_memory || task->is_dead) {
            return STEP_BLOCKED;
        }
        if (step == STEP_EXIT) {
            return step;
        }
        if (sh->is_ending) {
            return sh_end(task, sh->status);
        }
    }
    return STEP_MORE;
}

static enum step step_sh(struct task *task)
{
    struct sh *sh = task->state;

    if (!sh->has_begun) {
        return begin(task);
    }
    switch (sh->wait) {
    case SH_LOADS:
        return load_some(task);
    case SH_READS:
        return sh_read_some(task);
    case SH_WAITS:
    case SH_CAPTURES:
        if (!collect(task)) {
            return STEP_BLOCKED;
        }
        if (sh->wait == SH_CAPTURES && !keep_captured(task)) {
            return task_out_of_memory(task);
        }
        if (sh->wait == SH_WAITS) {
            sh_judge_status(task);
        }
        sh->wait = SH_RUNS;
        return sh->is_ending ? sh_end(task, sh->status) : STEP_MORE;
    case SH_RUNS:
        break;
    }
    return run(task);
}

const struct applet applet_sh = {.name = "sh",
                                 .step = step_sh,
                                 .survives_write_errors = true,
                                 .state_size = sizeof(struct sh),
                                 .child_ended = child_ended,
                                 .clean_up = clean_up};

/* A shell that runs a part of the program of another one. */
struct task *sh_fork(struct task *task, uint32_t pc)
{
    struct sh *sh = task->state;
    const struct sh_function *functions = (void *)sh->functions.data;
    size_t count = sh->functions.size / sizeof(*functions);
    int error;
    struct task *child = task_create_bare(task->agent, task, &applet_sh, &task->vars, &error);
    struct sh *copy;

    if (child == NULL) {
        if (error == -EAGAIN) {
            sh_error(task, "Cannot fork");
            sh->status = 2;
            sh->is_ending = true;
        } else {
            task_out_of_memory(task);
        }
        return NULL;
    }
    init(child);
    copy = child->state;
    copy->argv = arena_alloc(&child->arena, ((size_t)sh->argc + 1) * sizeof(char *));
    for (int i = 0; i < sh->argc && copy->argv != NULL; i++) {
        copy->argv[i] = arena_copy(&child->arena, sh->argv[i], strlen(sh->argv[i]));
        copy->argc++;
        if (copy->argv[i] == NULL) {
            copy->argv = NULL;
        }
    }
    child->argv = copy->argv;
    child->argc = copy->argc;
    if (copy->argv == NULL ||
        buffer_append(&copy->functions, functions, count * sizeof(*functions)) < 0) {
        task_kill(child, (struct task_end){.signal = TASK_SIGKILL});
        task_out_of_memory(task);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        sh_program_hold(functions[i].program);
    }
    copy->program = sh_program_hold(sh->program);
    copy->pc = pc;
    copy->line = sh->line;
    copy->status = sh->status;
    copy->own_pid = sh->own_pid;
    copy->background = sh->background;
    copy->stops_on_error = sh->stops_on_error;
    copy->stops_on_unset = sh->stops_on_unset;
    copy->traces = sh->traces;
    copy->no_globbing = sh->no_globbing;
    child->umask = task->umask;
    task_share_streams(task, child);
    return child;
}
