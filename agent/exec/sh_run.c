/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's operations, one by one. */
#include "sh_run.h"

#include <errno.h>
#include <string.h>

#include "pattern.h"
#include "state.h"

/* ---- Statuses -------------------------------------------------------------------------- */

static struct sh_frame *frames_of(const struct sh *sh, size_t *count)
{
    *count = sh->frames.size / sizeof(struct sh_frame);
    return (void *)sh->frames.data;
}

void sh_judge_status(struct task *task)
{
    struct sh *sh = task->state;
    size_t count;
    const struct sh_frame *frames = frames_of(sh, &count);

    if (sh->status == 0 || !sh->stops_on_error ||
        sh_program_op(sh->program, sh->pc - 1)->is_tested) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (frames[i].is_tested) {
            return;
        }
    }
    sh->is_ending = true;
}

static void set_status(struct task *task, int status)
{
    ((struct sh *)task->state)->status = status;
    sh_judge_status(task);
}

/* An expansion or redirection failed: 2 ends a shell (POSIX XCU §2.8.1). */
static void give_up(struct task *task, int error)
{
    struct sh *sh = task->state;

    if (error == -ENOMEM) {
        task_out_of_memory(task);
    } else {
        sh->status = 2;
        sh->is_ending = true;
    }
}

/* ---- Frames ---------------------------------------------------------------------------- */

void sh_forget_loops(struct sh *sh, size_t count)
{
    struct sh_loop *loops = (void *)sh->loops.data;

    while (sh->loops.size > count * sizeof(*loops)) {
        sh->loops.size -= sizeof(*loops);
        buffer_free(&loops[sh->loops.size / sizeof(*loops)].words);
    }
}

static int push_frame(struct task *task, struct sh_program *program, uint32_t pc, bool is_function,
                      uint32_t saved)
{
    struct sh *sh = task->state;
    struct sh_frame frame = {
        .program = sh->program,
        .pc = sh->pc,
        .loops = (uint32_t)(sh->loops.size / sizeof(struct sh_loop)),
        .saved = saved,
        .is_function = is_function,
        .is_tested = sh->pc > 0 && sh_program_op(sh->program, sh->pc - 1)->is_tested,
        .argc = sh->argc,
        .argv = sh->argv,
    };

    if (sh->frames.size / sizeof(frame) >= SH_DEPTH_MAX * 4) {
        sh_error(task, "too many calls in one another");
        return -EINVAL;
    }
    arena_init(&frame.arguments, task->agent->platform);
    if (buffer_append(&sh->frames, &frame, sizeof(frame)) < 0) {
        return -ENOMEM;
    }
    sh->program = program;
    sh->pc = pc;
    return 0;
}

bool sh_leave(struct task *task, bool is_return)
{
    struct sh *sh = task->state;
    size_t count;
    struct sh_frame *frames = frames_of(sh, &count);
    struct sh_frame frame;

    do {
        if (count == 0) {
            return false;
        }
        frame = frames[--count];
        sh->frames.size = count * sizeof(frame);
        sh_program_release(sh->program);
        sh->program = frame.program;
        sh->pc = frame.pc;
        sh->argc = frame.argc;
        sh->argv = frame.argv;
        sh_forget_loops(sh, frame.loops);
        sh_restore(task, frame.saved);
        arena_free(&frame.arguments);
    } while (is_return && !frame.is_function);
    return true;
}

int sh_enter(struct task *task, const char *text)
{
    struct sh *sh = task->state;
    const char *message;
    uint32_t line = sh->line;
    struct sh_program *program =
        sh_parse(task->agent->platform, text, &sh->scratch, &message, &line);
    int result;

    if (program == NULL) {
        if (message != NULL) {
            sh_error(task, "Syntax error: %s", message);
        }
        return message == NULL ? -ENOMEM : -EINVAL;
    }
    result =
        push_frame(task, program, 0, false, (uint32_t)(sh->saved.size / sizeof(struct sh_saved)));
    if (result < 0) {
        sh_program_release(program);
    }
    return result;
}

static int call(struct task *task, const struct sh_function *function, int argc, char **argv,
                uint32_t saved)
{
    struct sh *sh = task->state;
    struct sh_frame *frame;
    size_t count;
    char **copy;
    int result = push_frame(task, sh_program_hold(function->program), function->pc, true, saved);

    if (result < 0) {
        sh_program_release(function->program);
        return result;
    }
    frame = &frames_of(sh, &count)[sh->frames.size / sizeof(*frame) - 1];
    copy = arena_alloc(&frame->arguments, ((size_t)argc + 1) * sizeof(*copy));
    if (copy == NULL) {
        return -ENOMEM;
    }
    copy[0] = sh->argv[0];
    for (int i = 1; i < argc; i++) {
        copy[i] = arena_copy(&frame->arguments, argv[i], strlen(argv[i]));
        if (copy[i] == NULL) {
            return -ENOMEM;
        }
    }
    sh->argv = copy;
    sh->argc = argc;
    return 0;
}

struct sh_function *sh_find_function(const struct sh *sh, const char *name)
{
    struct sh_function *functions = (void *)sh->functions.data;

    for (size_t i = 0; i < sh->functions.size / sizeof(*functions); i++) {
        if (strcmp(functions[i].name, name) == 0) {
            return &functions[i];
        }
    }
    return NULL;
}

static void define(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct sh_function *old = sh_find_function(sh, op->data);
    struct sh_function function = {
        .program = sh_program_hold(sh->program), .pc = sh->pc, .name = op->data};

    if (old != NULL) {
        sh_program_release(old->program);
        *old = function;
    } else if (buffer_append(&sh->functions, &function, sizeof(function)) < 0) {
        sh_program_release(function.program);
        task_out_of_memory(task);
    }
    sh->pc = op->target;
    set_status(task, 0);
}

/* ---- Children -------------------------------------------------------------------------- */

static bool add_child(struct task *task, const struct task *child, bool is_waited_for)
{
    struct sh *sh = task->state;
    struct sh_child entry = {.pid = child->pid, .is_waited_for = is_waited_for};

    if (buffer_append(&sh->children, &entry, sizeof(entry)) < 0) {
        task_out_of_memory(task);
        return false;
    }
    return true;
}

static void run_subshell(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct task *child = sh_fork(task, sh->pc);

    if (child != NULL && add_child(task, child, true)) {
        sh->pc = op->target;
        sh->wait = SH_WAITS;
    }
}

static void run_background(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct task *child = sh_fork(task, sh->pc);

    if (child == NULL || !add_child(task, child, false)) {
        return;
    }
    task_set_stream(child, 0, stream_create(&task->agent->tasks.streams, STREAM_NULL, NULL));
    sh->background = child->pid;
    sh->pc = op->target;
    sh->status = 0;
}

static void run_capture(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct ramfs_node *file = ramfs_anonymous(&task->agent->fs);
    struct task *child = NULL;

    if (file != NULL) {
        sh->capture = stream_create(&task->agent->tasks.streams, STREAM_CAPTURE, file);
        if (sh->capture == NULL) {
            ramfs_release(&task->agent->fs, file);
        }
    }
    if (sh->capture == NULL) {
        task_out_of_memory(task);
        return;
    }
    child = sh_fork(task, sh->pc);
    if (child != NULL && add_child(task, child, true)) {
        task_set_stream(child, 1, stream_hold(sh->capture));
        sh->pc = op->target;
        sh->wait = SH_CAPTURES;
    }
}

static void run_pipeline(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct streams *streams = &task->agent->tasks.streams;
    const uint32_t *starts = op->data;
    struct stream *before = NULL; /* what the next part reads */

    for (uint32_t i = 0; i < op->count; i++) {
        struct stream *ends[2] = {NULL, NULL};
        struct task *child;

        if (i + 1 < op->count && stream_pipe(streams, ends) < 0) {
            task_out_of_memory(task);
            break;
        }
        child = sh_fork(task, starts[i]);
        if (child != NULL && before != NULL) {
            task_set_stream(child, 0, before);
            before = NULL;
        }
        if (child != NULL && ends[1] != NULL) {
            task_set_stream(child, 1, ends[1]);
            ends[1] = NULL;
        }
        stream_release(streams, before);
        stream_release(streams, ends[1]);
        before = ends[0];
        if (child == NULL || !add_child(task, child, true)) {
            break;
        }
    }
    stream_release(streams, before);
    sh->pc = op->target;
    sh->wait = SH_WAITS;
}

/* ---- Simple commands ------------------------------------------------------------------- */

/* What is being carried out. */
struct simple {
    const struct sh_command *command;
    struct sh_word *assignments; /* "name=value" each, expanded */
    int argc;
    char **argv;
};

/* "name=word" with the word expanded. */
static int expand_assignment(struct task *task, const char *text, struct sh_word ***last)
{
    struct sh *sh = task->state;
    const char *equals = strchr(text, '=');
    size_t length = (size_t)(equals - text) + 1;
    int error;
    const char *value = sh_expand_one(task, equals + 1, SH_ONE, &error);
    char *both;
    size_t value_length;

    if (value == NULL) {
        return error;
    }
    value_length = strlen(value);
    both = arena_alloc(&sh->scratch, length + value_length + 1);
    if (both == NULL) {
        return -ENOMEM;
    }
    memcpy(both, text, length);
    memcpy(both + length, value, value_length);
    return sh_add_word(sh, both, length + value_length, last);
}

static int expand_all(struct task *task, struct simple *simple)
{
    struct sh *sh = task->state;
    struct sh_word *words = NULL;
    struct sh_word **last = &simple->assignments;
    int result = 0;

    for (const struct sh_word *word = simple->command->assignments; word != NULL && result >= 0;
         word = word->next) {
        result = expand_assignment(task, word->text, &last);
    }
    last = &words;
    for (const struct sh_word *word = simple->command->words; word != NULL && result >= 0;
         word = word->next) {
        result = sh_expand(task, word->text, SH_FIELDS, &last);
        simple->argc += result > 0 ? result : 0;
    }
    if (result < 0) {
        return result;
    }
    simple->argv = arena_alloc(&sh->scratch, ((size_t)simple->argc + 1) * sizeof(char *));
    if (simple->argv == NULL) {
        return -ENOMEM;
    }
    for (int i = 0; words != NULL; words = words->next) {
        simple->argv[i++] = (char *)(uintptr_t)words->text; /* lies in the scratch arena */
    }
    return 0;
}

static void trace(struct task *task, const struct simple *simple)
{
    const char *space = "";

    task_write(task, 2, "+ ", 2);
    for (const struct sh_word *word = simple->assignments; word != NULL; word = word->next) {
        task_print(task, 2, "%s%s", space, word->text);
        space = " ";
    }
    for (int i = 0; i < simple->argc; i++) {
        task_print(task, 2, "%s%s", space, simple->argv[i]);
        space = " ";
    }
    task_write(task, 2, "\n", 1);
}

/* Sets the variables: 0, -ENOMEM, or -EINVAL with the message written. */
static int assign(struct task *task, struct vars *vars, const struct sh_word *assignments,
                  enum vars_kind kind)
{
    for (; assignments != NULL; assignments = assignments->next) {
        const char *equals = strchr(assignments->text, '=');
        size_t length = (size_t)(equals - assignments->text);
        int result = vars_set(vars, assignments->text, length, equals + 1, kind);

        if (result == -EACCES) {
            sh_error(task, "%.*s: is read only", (int)length, assignments->text);
            return -EINVAL;
        }
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

/* Only assignments and redirections. */
static void run_assignments(struct task *task, const struct simple *simple)
{
    struct sh *sh = task->state;
    size_t height = sh->saved.size / sizeof(struct sh_saved);
    int result = assign(task, &task->vars, simple->assignments, VARS_LOCAL);

    if (result < 0) {
        give_up(task, result);
        return;
    }
    result = sh_redirect(task, task, simple->command->redirects);
    sh_restore(task, height);
    if (result == -ENOMEM) {
        task_out_of_memory(task);
    } else {
        /* "x=$(false)" fails as the command does. */
        set_status(task, result < 0 ? 2 : sh->captured.size > 0 ? sh->captured_status : 0);
    }
}

static void run_builtin(struct task *task, const struct simple *simple,
                        sh_builtin_function *builtin, bool is_special)
{
    struct sh *sh = task->state;
    size_t height = sh->saved.size / sizeof(struct sh_saved);
    int result = assign(task, &task->vars, simple->assignments, VARS_LOCAL);

    if (result == 0) {
        result = sh_redirect(task, task, simple->command->redirects);
    }
    if (result == 0) {
        bool keeps = strcmp(simple->argv[0], "exec") == 0;
        size_t frames = sh->frames.size;

        result = builtin(task, simple->argc, simple->argv);
        if (keeps && !task->is_dead) {
            sh_forget_saved(task, height); /* its redirections stay */
        } else if (sh->frames.size > frames) {
            /* Those of eval and "." stay until their text has run. */
            size_t count;
            struct sh_frame *all = frames_of(sh, &count);

            all[count - 1].saved = (uint32_t)height;
            height = sh->saved.size / sizeof(struct sh_saved);
        }
    } else if (result == -EINVAL) {
        result = 2;
        sh->is_ending = is_special;
    }
    if (!task->is_dead) {
        sh_restore(task, height);
    }
    if (result == -ENOMEM) {
        task_out_of_memory(task);
    } else if (result < 0) {
        sh->status = 2;
        sh->is_ending = sh->is_ending || is_special;
    } else if (sh->wait == SH_RUNS && !sh->is_ending && !task->is_dead) {
        set_status(task, result);
    } else if (sh->wait == SH_RUNS) {
        sh->status = result;
    }
}

/* Programs that a shell has inside, so that PATH does not matter to them. */
static const struct applet *inner_applet(const char *name)
{
    static const char *const names[] = {"kill", "true", "false", "pwd"};
    static const struct applet *const own[] = {&applet_shell_echo, &applet_shell_printf,
                                               &applet_shell_test, &applet_shell_bracket};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(name, own[i]->name) == 0) {
            return own[i];
        }
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            return applet_by_name(name);
        }
    }
    return NULL;
}

/* Whether nothing comes after the operation that is being carried out. */
static bool is_last(const struct sh *sh)
{
    uint32_t pc = sh->pc;

    while (sh_program_op(sh->program, pc)->code == SH_NOTHING ||
           sh_program_op(sh->program, pc)->code == SH_JUMP) {
        const struct sh_op *op = sh_program_op(sh->program, pc);

        if (op->code == SH_JUMP && op->target <= pc) {
            return false; /* a loop */
        }
        pc = op->code == SH_JUMP ? op->target : pc + 1;
    }
    if (sh->saved.size > 0 || sh->trap.size > 1) {
        return false;
    }
    return sh_program_op(sh->program, pc)->code == SH_EXIT ||
           (sh_program_op(sh->program, pc)->code == SH_RETURN && sh->frames.size == 0);
}

static void complain_of_start(struct task *task, const char *name, int error)
{
    if (error == -ENOMEM) {
        task_out_of_memory(task);
    } else if (error == -ENOENT || error == -ENOTDIR) {
        sh_error(task, *name == '\0' ? "%s: Permission denied" : "%s: not found", name);
        set_status(task, 127);
    } else if (error == -EAGAIN) {
        sh_error(task, "Cannot fork");
        set_status(task, 2);
    } else {
        sh_error(task, "%s: %s", name, ramfs_error_text(error));
        set_status(task, 126);
    }
}

/* The name that an inner program's messages start with: that of the shell, as dash's do. */
static void rename_inner(struct task *task, struct task *child, const char *name)
{
    const struct sh *sh = task->state;
    char number[12];
    size_t shell = strlen(sh->argv[0]);
    char *text = arena_alloc(&child->arena, shell + strlen(name) + sizeof(number) + 5);
    uint32_t line = sh->line;
    char *digit = number + sizeof(number) - 1;

    if (text == NULL) {
        return; /* then it has only its own */
    }
    *digit = '\0';
    do {
        *--digit = (char)('0' + line % 10);
        line /= 10;
    } while (line > 0);
    memcpy(text, sh->argv[0], shell);
    strcpy(text + shell, ": ");
    strcpy(text + shell + 2, digit);
    strcpy(text + strlen(text), ": ");
    strcpy(text + strlen(text), name);
    child->argv[0] = text;
}

/* Makes the task of a program that is to be run. */
static struct task *start(struct task *task, const struct simple *simple, int *error)
{
    struct sh *sh = task->state;
    const struct applet *inner = inner_applet(simple->argv[0]);
    struct task_program program = {.applet = inner};
    struct vars vars;
    struct task *child = NULL;

    vars_init(&vars, task->agent->platform);
    *error = 0;
    if (simple->assignments != NULL) {
        *error = vars_inherit(&vars, &task->vars, false);
        if (*error == 0) {
            *error = assign(task, &vars, simple->assignments, VARS_EXPORTED);
        }
    }
    if (*error == 0 && inner == NULL) {
        *error = task_find_program(task->agent, &sh->scratch,
                                   simple->assignments != NULL ? &vars : &task->vars,
                                   simple->argv[0], &program);
    }
    if (*error == 0) {
        child = task_create(task->agent, task, &program, simple->argc, simple->argv,
                            simple->assignments != NULL ? &vars : &task->vars, error);
    }
    vars_free(&vars);
    if (child != NULL) {
        child->umask = task->umask;
        task_share_streams(task, child);
        if (inner != NULL) {
            rename_inner(task, child, simple->argv[0]);
        }
    }
    return child;
}

static void run_program(struct task *task, const struct simple *simple)
{
    struct sh *sh = task->state;
    size_t height = sh->saved.size / sizeof(struct sh_saved);
    struct task *child;
    int error;
    int result;

    child = start(task, simple, &error);
    if (child == NULL) {
        /* The message goes where the command's would have gone. */
        result = sh_redirect(task, task, simple->command->redirects);
        if (result == 0) {
            complain_of_start(task, simple->argv[0], error);
        }
        sh_restore(task, height);
        if (result == -ENOMEM) {
            task_out_of_memory(task);
        } else if (result < 0) {
            set_status(task, 2);
        }
        return;
    }
    result = sh_redirect(task, child, simple->command->redirects);
    if (result < 0) {
        child->parent = NULL;
        task_kill(child, (struct task_end){.code = 2});
        if (result == -ENOMEM) {
            task_out_of_memory(task);
        } else {
            set_status(task, 2);
        }
        return;
    }
    if (is_last(sh)) {
        task_replace(task, child);
    } else if (add_child(task, child, true)) {
        sh->wait = SH_WAITS;
    }
}

static void run_function(struct task *task, const struct simple *simple,
                         const struct sh_function *function)
{
    struct sh *sh = task->state;
    uint32_t height = (uint32_t)(sh->saved.size / sizeof(struct sh_saved));
    int result = assign(task, &task->vars, simple->assignments, VARS_LOCAL);

    if (result == 0) {
        result = sh_redirect(task, task, simple->command->redirects);
    }
    if (result == 0) {
        result = call(task, function, simple->argc, simple->argv, height);
    }
    if (result == -ENOMEM) {
        task_out_of_memory(task);
    } else if (result < 0) {
        sh_restore(task, height);
        set_status(task, 2);
    }
}

static void run_command(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct simple simple = {.command = op->data};
    const struct sh_function *function;
    sh_builtin_function *builtin;
    bool is_special;
    int result = expand_all(task, &simple);

    if (result < 0) {
        give_up(task, result);
        return;
    }
    if (sh->traces) {
        trace(task, &simple);
    }
    if (simple.argc == 0) {
        run_assignments(task, &simple);
        return;
    }
    function = sh_find_function(sh, simple.argv[0]);
    while (simple.argc > 1 && strcmp(simple.argv[0], "command") == 0 && simple.argv[1][0] != '-') {
        simple.argv++;
        simple.argc--;
        function = NULL;
    }
    builtin = sh_builtin(simple.argv[0], &is_special);
    if (builtin != NULL && (is_special || function == NULL)) {
        run_builtin(task, &simple, builtin, is_special);
    } else if (function != NULL) {
        run_function(task, &simple, function);
    } else {
        run_program(task, &simple);
    }
}

/* ---- Loops and cases ------------------------------------------------------------------- */

static void run_for(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    const struct sh_command *command = op->data;
    struct sh_word *words = NULL;
    struct sh_word **last = &words;
    struct sh_loop loop = {.at = 0};
    int result = 0;

    buffer_init(&loop.words, task->agent->platform);
    for (const struct sh_word *word = command == NULL ? NULL : command->words;
         word != NULL && result >= 0; word = word->next) {
        result = sh_expand(task, word->text, SH_FIELDS, &last);
    }
    for (int i = 1; command == NULL && i < sh->argc && result >= 0; i++) {
        result = sh_add_word(sh, sh->argv[i], strlen(sh->argv[i]), &last);
    }
    for (; words != NULL && result >= 0; words = words->next) {
        result = buffer_append(&loop.words, words->text, strlen(words->text) + 1);
    }
    if (result >= 0) {
        result = buffer_append(&sh->loops, &loop, sizeof(loop));
    }
    if (result < 0) {
        buffer_free(&loop.words);
        give_up(task, result);
    }
    sh->status = 0;
}

static void run_for_next(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct sh_loop *loop =
        (struct sh_loop *)(void *)sh->loops.data + (sh->loops.size / sizeof(*loop) - 1);
    const char *name = op->data;
    const char *word;
    int result;

    if (loop->at >= loop->words.size) {
        sh->pc = op->target;
        return;
    }
    word = (const char *)loop->words.data + loop->at;
    loop->at += strlen(word) + 1;
    result = vars_set(&task->vars, name, strlen(name), word, VARS_LOCAL);
    if (result == -EACCES) {
        sh_error(task, "%s: is read only", name);
    }
    if (result < 0) {
        give_up(task, result == -ENOMEM ? result : -EINVAL);
    }
}

static void run_case(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    int error;
    const char *word = sh_expand_one(task, op->data, SH_ONE, &error);

    sh->case_word.size = 0;
    if (word != NULL) {
        error = buffer_append(&sh->case_word, word, strlen(word) + 1);
    }
    if (error < 0) {
        give_up(task, error);
    }
}

static void run_case_match(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    int error;
    const char *pattern = sh_expand_one(task, op->data, SH_PATTERN, &error);
    const char *word = (const char *)sh->case_word.data;

    if (pattern == NULL) {
        give_up(task, error);
    } else if (pattern_match(pattern, word, strlen(word))) {
        sh->pc = op->target;
    }
}

/* A redirection around a compound command. */
static void run_redirect(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;
    struct sh_saved mark = {.is_mark = true};
    size_t height = sh->saved.size / sizeof(mark);
    int result;

    if (buffer_append(&sh->saved, &mark, sizeof(mark)) < 0) {
        task_out_of_memory(task);
        return;
    }
    result = sh_redirect(task, task, op->data);
    if (result == 0) {
        return;
    }
    sh_restore(task, height);
    if (result == -ENOMEM) {
        task_out_of_memory(task);
    } else {
        sh->pc = op->target;
        set_status(task, 2);
    }
}

static void run_restore(struct task *task)
{
    struct sh *sh = task->state;
    const struct sh_saved *saved = (void *)sh->saved.data;
    size_t height = sh->saved.size / sizeof(*saved);

    while (height > 0 && !saved[--height].is_mark) {
    }
    sh_restore(task, height);
}

/* ---- One operation --------------------------------------------------------------------- */

/* Operations that are about words, which use up what has been captured. */
static bool run_words(struct task *task, const struct sh_op *op)
{
    struct sh *sh = task->state;

    switch (op->code) {
    case SH_COMMAND:
    case SH_FOR:
    case SH_CASE:
    case SH_CASE_MATCH:
        break;
    default:
        return false;
    }
    arena_reset(&sh->scratch);
    sh->captured_at = 0;
    sh->line = op->line;
    if (op->code == SH_COMMAND) {
        run_command(task, op);
    } else if (op->code == SH_FOR) {
        run_for(task, op);
    } else if (op->code == SH_CASE) {
        run_case(task, op);
    } else {
        run_case_match(task, op);
    }
    buffer_reset(&sh->captured, PLATFORM_PAGE_SIZE);
    return true;
}

static void run_jump(struct sh *sh, const struct sh_op *op)
{
    if (op->code == SH_JUMP || (op->code == SH_JUMP_TRUE) == (sh->status == 0)) {
        sh->pc = op->target;
    }
}

enum step sh_run_op(struct task *task)
{
    struct sh *sh = task->state;
    const struct sh_op *op = sh_program_op(sh->program, sh->pc++);

    if (run_words(task, op)) {
        return STEP_MORE;
    }
    switch (op->code) {
    case SH_JUMP:
    case SH_JUMP_FALSE:
    case SH_JUMP_TRUE:
        run_jump(sh, op);
        break;
    case SH_NOT:
        sh->status = sh->status == 0;
        break;
    case SH_SUCCEED:
        sh->status = 0;
        break;
    case SH_CAPTURE:
        run_capture(task, op);
        break;
    case SH_SUBSHELL:
        run_subshell(task, op);
        break;
    case SH_BACKGROUND:
        run_background(task, op);
        break;
    case SH_PIPELINE:
        run_pipeline(task, op);
        break;
    case SH_REDIRECT:
        arena_reset(&sh->scratch);
        sh->line = op->line;
        run_redirect(task, op);
        break;
    case SH_RESTORE:
        run_restore(task);
        break;
    case SH_FOR_NEXT:
        run_for_next(task, op);
        break;
    case SH_FOR_END:
        sh_forget_loops(sh, sh->loops.size / sizeof(struct sh_loop) - 1);
        break;
    case SH_FUNCTION:
        define(task, op);
        break;
    case SH_EXIT:
        return sh_end(task, sh->status);
    case SH_RETURN:
        if (!sh_leave(task, false) || (sh->is_trapped && sh->frames.size == 0)) {
            return sh_end(task, sh->status);
        }
        break;
    default:
        break;
    }
    return STEP_MORE;
}
