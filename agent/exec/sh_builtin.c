/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that are the shell's own (POSIX.1-2017 XCU §2.14 and dash's). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sh_run.h"
#include "state.h"

bool sh_is_name(const char *text, size_t length)
{
    if (length == 0 || (*text >= '0' && *text <= '9')) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
              (text[i] >= '0' && text[i] <= '9') || text[i] == '_')) {
            return false;
        }
    }
    return true;
}

static int illegal_number(struct task *task, const char *name, const char *text)
{
    sh_error(task, "%s: Illegal number: %s", name, text);
    return -EINVAL;
}

/* ---- Nothing, evaluation --------------------------------------------------------------- */

static int builtin_colon(struct task *task, int argc, char **argv)
{
    (void)task;
    (void)argc;
    (void)argv;
    return 0;
}

static int builtin_eval(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    size_t length = 1;
    char *text;
    int result;

    for (int i = 1; i < argc; i++) {
        length += strlen(argv[i]) + 1;
    }
    text = arena_alloc(&sh->scratch, length);
    if (text == NULL) {
        return -ENOMEM;
    }
    for (int i = 1; i < argc; i++) {
        strcpy(text + strlen(text), argv[i]);
        strcpy(text + strlen(text), i + 1 < argc ? " " : "");
    }
    sh->status = 0;
    result = sh_enter(task, text);
    return result < 0 ? result : sh->status;
}

static int builtin_dot(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    struct ramfs_node *node;
    char *text;
    int result;

    if (argc < 2) {
        sh_error(task, ".: filename argument required");
        return 2;
    }
    result = task_lookup(task, argv[1], &node);
    if (result < 0 || node->is_directory || node->size > TASK_ARGUMENTS_MAX) {
        sh_error(task, ".: cannot open %s: %s", argv[1],
                 result == -ENOENT ? "No such file" : "Is not a script");
        return -EINVAL;
    }
    text = arena_alloc(&sh->scratch, (size_t)node->size + 1);
    if (text == NULL) {
        return -ENOMEM;
    }
    ramfs_read(node, 0, text, (size_t)node->size);
    sh->status = 0;
    result = sh_enter(task, text);
    return result < 0 ? result : sh->status;
}

static int builtin_exec(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    struct task *child;
    int error;

    if (argc < 2) {
        return 0;
    }
    child = applet_start(task, NULL, argc - 1, argv + 1, &task->vars, &error);
    if (child == NULL) {
        if (error == -ENOMEM) {
            return error;
        }
        sh_error(task,
                 error == -ENOENT || error == -ENOTDIR ? "exec: %s: not found" : "exec: %s: %s",
                 argv[1], ramfs_error_text(error));
        sh->is_ending = true;
        return error == -ENOENT || error == -ENOTDIR ? 127 : 126;
    }
    task_replace(task, child);
    return 0;
}

/* ---- exit, return, shift, set ---------------------------------------------------------- */

/* The status that exit and return are given. */
static int read_status(struct task *task, int argc, char **argv)
{
    const struct sh *sh = task->state;
    uint64_t number;

    if (argc < 2) {
        return sh->is_trapped ? sh->exit_status : sh->status;
    }
    if (!applet_number(argv[1], false, &number)) {
        return illegal_number(task, argv[0], argv[1]);
    }
    return (int)(number & 255);
}

static int builtin_exit(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    int status = read_status(task, argc, argv);

    sh->is_ending = true;
    return status;
}

static int builtin_return(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    int status = read_status(task, argc, argv);

    if (status >= 0 && !sh_leave(task, true)) {
        sh->is_ending = true;
    }
    return status;
}

static int builtin_shift(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    uint64_t count = 1;

    if (argc > 1 && !applet_number(argv[1], false, &count)) {
        return illegal_number(task, argv[0], argv[1]);
    }
    if (count >= (uint64_t)sh->argc) {
        if (count == (uint64_t)sh->argc - 1 || count == 0) {
            sh->argc = 1;
            return 0;
        }
        sh_error(task, "shift: can't shift that many");
        return -EINVAL;
    }
    for (int i = 1; i + (int)count < sh->argc; i++) {
        sh->argv[i] = sh->argv[i + (int)count];
    }
    sh->argc -= (int)count;
    return 0;
}

/* New positional parameters, in memory of their own. */
static int set_parameters(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    struct arena fresh;
    char **copy;
    bool failed;

    arena_init(&fresh, task->agent->platform);
    copy = arena_alloc(&fresh, ((size_t)argc + 2) * sizeof(*copy));
    failed = copy == NULL;
    for (int i = 0; i < argc && !failed; i++) {
        copy[i + 1] = arena_copy(&fresh, argv[i], strlen(argv[i]));
        failed = copy[i + 1] == NULL;
    }
    if (failed) {
        arena_free(&fresh);
        return -ENOMEM;
    }
    copy[0] = sh->argv[0];
    if (sh->frames.size == 0) {
        arena_free(&sh->own); /* in a function, the parameters to come back to may be there */
        sh->own = fresh;
    } else {
        struct sh_frame *frame = (struct sh_frame *)(void *)sh->frames.data +
                                 (sh->frames.size / sizeof(struct sh_frame) - 1);

        arena_free(&frame->arguments);
        frame->arguments = fresh;
    }
    sh->argv = copy;
    sh->argc = argc + 1;
    return 0;
}

static int print_variables(struct task *task)
{
    for (const char *entry = vars_next(&task->vars, NULL); entry != NULL;
         entry = vars_next(&task->vars, entry)) {
        const char *equals = strchr(entry, '=');

        if (*entry != VARS_CWD) {
            task_print(task, 1, "%.*s='%s'\n", (int)(equals - entry) - 1, entry + 1, equals + 1);
        }
    }
    return 0;
}

static int builtin_set(struct task *task, int argc, char **argv)
{
    int i = 1;

    if (argc == 1) {
        return print_variables(task);
    }
    for (; i < argc && (*argv[i] == '-' || *argv[i] == '+') && argv[i][1] != '\0'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            return set_parameters(task, argc - i - 1, argv + i + 1);
        }
        if (strcmp(argv[i] + 1, "o") == 0 && i + 1 < argc) {
            bool on = *argv[i++] == '-';

            if (!sh_set_named_option(task, argv[i], on)) {
                return -EINVAL;
            }
        } else if (!sh_set_options(task, argv[i], NULL)) {
            return -EINVAL;
        }
    }
    return i < argc ? set_parameters(task, argc - i, argv + i) : 0;
}

/* ---- Variables ------------------------------------------------------------------------- */

static int print_marked(struct task *task, const char *name, enum vars_kind kind)
{
    for (const char *entry = vars_next(&task->vars, NULL); entry != NULL;
         entry = vars_next(&task->vars, entry)) {
        if (*entry == (char)kind) {
            const char *equals = strchr(entry, '=');

            task_print(task, 1, "%s %.*s='%s'\n", name, (int)(equals - entry) - 1, entry + 1,
                       equals + 1);
        }
    }
    return 0;
}

static int mark(struct task *task, int argc, char **argv, enum vars_kind kind)
{
    if (argc == 1 || (argc == 2 && strcmp(argv[1], "-p") == 0)) {
        return print_marked(task, argv[0], kind);
    }
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t length = equals == NULL ? strlen(argv[i]) : (size_t)(equals - argv[i]);

        if (!sh_is_name(argv[i], length)) {
            sh_error(task, "%s: %s: bad variable name", argv[0], argv[i]);
            return -EINVAL;
        }
        if (equals != NULL) {
            int result = vars_set(&task->vars, argv[i], length, equals + 1,
                                  kind == VARS_LOCAL ? VARS_LOCAL : VARS_EXPORTED);

            if (result == -EACCES) {
                sh_error(task, "%.*s: is read only", (int)length, argv[i]);
                return -EINVAL;
            }
            if (result < 0) {
                return result;
            }
        } else if (vars_get(&task->vars, argv[i], length) == NULL &&
                   vars_set(&task->vars, argv[i], length, "", VARS_LOCAL) < 0) {
            return -ENOMEM;
        }
        if (kind != VARS_LOCAL) {
            vars_mark(&task->vars, argv[i], length, kind);
        }
    }
    return 0;
}

static int builtin_export(struct task *task, int argc, char **argv)
{
    return mark(task, argc, argv, VARS_EXPORTED);
}

static int builtin_readonly(struct task *task, int argc, char **argv)
{
    return mark(task, argc, argv, VARS_READONLY);
}

static int builtin_unset(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    bool functions = argc > 1 && strcmp(argv[1], "-f") == 0;
    int first = argc > 1 && (functions || strcmp(argv[1], "-v") == 0) ? 2 : 1;

    for (int i = first; i < argc; i++) {
        struct sh_function *function = functions ? sh_find_function(sh, argv[i]) : NULL;

        if (function != NULL) {
            function->name = ""; /* no command has that name */
        } else if (!functions) {
            if (vars_kind(&task->vars, argv[i], strlen(argv[i])) == VARS_READONLY) {
                sh_error(task, "unset: %s: is read only", argv[i]);
                return -EINVAL;
            }
            vars_unset(&task->vars, argv[i], strlen(argv[i]));
        }
    }
    return 0;
}

/* ---- cd, umask ------------------------------------------------------------------------- */

static int builtin_cd(struct task *task, int argc, char **argv)
{
    struct vars *vars = &task->vars;
    int operand = argc > 1 && (strcmp(argv[1], "-P") == 0 || strcmp(argv[1], "-L") == 0 ||
                               strcmp(argv[1], "--") == 0)
                      ? 2
                      : 1;
    const char *target = operand < argc ? argv[operand] : vars_get(vars, "HOME", 4);
    char path[RAMFS_PATH_MAX + 1];
    char old[RAMFS_PATH_MAX + 1];
    struct ramfs_node *node = NULL;
    bool tells = false;
    int result;

    if (target == NULL || *target == '\0') {
        return 0; /* as dash without HOME */
    }
    if (strcmp(target, "-") == 0) {
        target = vars_get(vars, "OLDPWD", 6);
        tells = true;
        if (target == NULL) {
            sh_error(task, "cd: OLDPWD not set");
            return 2;
        }
    }
    result = applet_canonical(task, target, path);
    if (result == 0) {
        result = ramfs_open(&task->agent->fs, path, 0, &node);
    }
    if (result < 0 || node == NULL || !node->is_directory) {
        sh_error(task, "cd: can't cd to %s", target);
        return 2;
    }
    strcpy(old, vars_cwd(vars));
    if (vars_set_cwd(vars, path) < 0 || vars_set(vars, "OLDPWD", 6, old, VARS_LOCAL) < 0 ||
        vars_set(vars, "PWD", 3, path, VARS_LOCAL) < 0) {
        return -ENOMEM;
    }
    if (tells) {
        task_print(task, 1, "%s\n", path);
    }
    return 0;
}

static int builtin_umask(struct task *task, int argc, char **argv)
{
    uint32_t mode = 0777u & ~(uint32_t)task->umask;

    if (argc < 2) {
        task_print(task, 1, "%04o\n", task->umask);
        return 0;
    }
    if (!applet_mode(argv[1], 0, false, &mode) || mode > 0777) {
        sh_error(task, "umask: Illegal mode: %s", argv[1]);
        return -EINVAL;
    }
    task->umask = (uint16_t)(*argv[1] >= '0' && *argv[1] <= '9' ? mode : 0777u & ~mode);
    return 0;
}

/* ---- wait, trap ------------------------------------------------------------------------ */

static int builtin_wait(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    size_t count;
    struct sh_child *children = sh_children(sh, &count);
    bool found = argc < 2;

    for (size_t i = 0; i < count; i++) {
        for (int j = 1; j < argc; j++) {
            uint64_t pid;

            if (applet_number(argv[j], false, &pid) && (int64_t)pid == children[i].pid) {
                children[i].is_waited_for = true;
                found = true;
            }
        }
        children[i].is_waited_for |= argc < 2;
    }
    if (!found) {
        return 127;
    }
    sh->status = 0;
    sh->wait = SH_WAITS;
    return 0;
}

/* Only the end of the shell can be trapped: signals end it here, without a word. */
static int builtin_trap(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    const char *action = argc > 2 ? argv[1] : "-";

    if (argc < 2) {
        if (sh->trap.size > 1) {
            task_print(task, 1, "trap -- '%s' EXIT\n", (const char *)sh->trap.data);
        }
        return 0;
    }
    for (int i = argc > 2 ? 2 : 1; i < argc; i++) {
        if (strcmp(argv[i], "EXIT") != 0 && strcmp(argv[i], "0") != 0) {
            if (applet_signal(argv[i]) < 0) {
                sh_error(task, "trap: %s: bad trap", argv[i]);
                return 1;
            }
            continue;
        }
        sh->trap.size = 0;
        if (strcmp(action, "-") != 0 && buffer_append(&sh->trap, action, strlen(action) + 1) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

/* ---- command -v, type ------------------------------------------------------------------ */

/* What a name is to the shell; 127 if it is nothing. */
static int describe(struct task *task, const char *name, bool is_short)
{
    const struct sh *sh = task->state;
    char path[RAMFS_PATH_MAX + 1];
    bool is_special;

    if (sh_find_function(sh, name) != NULL) {
        task_print(task, 1, is_short ? "%s\n" : "%s is a shell function\n", name);
    } else if (sh_builtin(name, &is_special) != NULL || strcmp(name, "echo") == 0 ||
               strcmp(name, "test") == 0 || strcmp(name, "[") == 0 || strcmp(name, "printf") == 0 ||
               strcmp(name, "kill") == 0 || strcmp(name, "pwd") == 0 || strcmp(name, "true") == 0 ||
               strcmp(name, "false") == 0) {
        task_print(task, 1,
                   is_short     ? "%s\n"
                   : is_special ? "%s is a special shell builtin\n"
                                : "%s is a shell builtin\n",
                   name);
    } else if (applet_find_path(task, name, path)) {
        if (is_short) {
            task_print(task, 1, "%s\n", path);
        } else {
            task_print(task, 1, "%s is %s\n", name, path);
        }
    } else {
        if (!is_short) {
            task_print(task, 1, "%s: not found\n", name);
        }
        return 127;
    }
    return 0;
}

static int builtin_command(struct task *task, int argc, char **argv)
{
    if (argc >= 3 && (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "-V") == 0)) {
        return describe(task, argv[2], argv[1][1] == 'v');
    }
    if (argc == 1) {
        return 0;
    }
    sh_error(task, "command: Illegal option %s", argv[1]);
    return 2;
}

static int builtin_type(struct task *task, int argc, char **argv)
{
    int status = 0;

    for (int i = 1; i < argc; i++) {
        int result = describe(task, argv[i], false);

        status = result != 0 ? result : status;
    }
    return status;
}

/* ---- read ------------------------------------------------------------------------------ */

static int builtin_read(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    struct sh_word **last = &sh->read_names;
    int first = 1;

    arena_reset(&sh->own_names);
    sh->read_names = NULL;
    sh->reads_raw = false;
    if (argc > 1 && strcmp(argv[1], "-r") == 0) {
        sh->reads_raw = true;
        first = 2;
    }
    for (int i = first; i < argc; i++) {
        struct sh_word *word;

        if (!sh_is_name(argv[i], strlen(argv[i]))) {
            sh_error(task, "read: %s: bad variable name", argv[i]);
            return 2;
        }
        word = arena_alloc(&sh->own_names, sizeof(*word));
        if (word == NULL) {
            return -ENOMEM;
        }
        word->text = arena_copy(&sh->own_names, argv[i], strlen(argv[i]));
        if (word->text == NULL) {
            return -ENOMEM;
        }
        *last = word;
        last = &word->next;
    }
    if (sh->read_names == NULL) {
        sh_error(task, "read: arg count");
        return 2;
    }
    if (task->fds[0] == NULL) {
        return 1;
    }
    sh->text.size = 0;
    stream_release(&task->agent->tasks.streams, sh->input.stream);
    sh->input.stream = stream_hold(task->fds[0]);
    sh->wait = SH_READS;
    return 0;
}

static bool is_separator(const char *ifs, char byte)
{
    return byte != '\0' && strchr(ifs, byte) != NULL;
}

static bool is_blank_separator(const char *ifs, char byte)
{
    return (byte == ' ' || byte == '\t' || byte == '\n') && is_separator(ifs, byte);
}

/* Splits the line, in which a byte behind SH_SUBSTITUTE is no separator, among the names. */
static int assign_line(struct task *task)
{
    struct sh *sh = task->state;
    char ifs[64] = " \t\n";
    const char *value = vars_get(&task->vars, "IFS", 3);
    char *at;
    char *end;

    if (value != NULL && strlen(value) < sizeof(ifs)) {
        strcpy(ifs, value);
    }
    if (buffer_append(&sh->text, "", 1) < 0) {
        return -ENOMEM;
    }
    at = (char *)sh->text.data;
    end = at + sh->text.size - 1;
    while (is_blank_separator(ifs, *at)) {
        at++;
    }
    for (const struct sh_word *name = sh->read_names; name != NULL; name = name->next) {
        char *start = at;
        char *out = at;
        char *kept = at; /* behind the last byte that is no blank */

        while (at < end && (name->next == NULL || !is_separator(ifs, *at))) {
            if (*at == SH_SUBSTITUTE) {
                at++;
                *out++ = *at++;
                kept = out;
                continue;
            }
            kept = is_blank_separator(ifs, *at) ? kept : out + 1;
            *out++ = *at++;
        }
        if (at < end) {
            char separator = *at++;

            while (is_blank_separator(ifs, *at)) {
                at++;
            }
            if (is_blank_separator(ifs, separator) && is_separator(ifs, *at) &&
                !is_blank_separator(ifs, *at)) {
                at++;
                while (is_blank_separator(ifs, *at)) {
                    at++;
                }
            }
        }
        *(name->next == NULL ? kept : out) = '\0';
        if (vars_set(&task->vars, name->text, strlen(name->text), start, VARS_LOCAL) == -ENOMEM) {
            return -ENOMEM;
        }
    }
    return 0;
}

static enum step end_read(struct task *task, int status)
{
    struct sh *sh = task->state;

    applet_close(task, &sh->input);
    if (assign_line(task) < 0) {
        return task_out_of_memory(task);
    }
    sh->text.size = 0;
    sh->status = status;
    sh->wait = SH_RUNS;
    sh_judge_status(task);
    return sh->is_ending ? sh_end(task, sh->status) : STEP_MORE;
}

enum step sh_read_some(struct task *task)
{
    struct sh *sh = task->state;
    const uint8_t *bytes;
    int64_t count = stream_peek(sh->input.stream, &bytes);

    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count <= 0) {
        return end_read(task, 1);
    }
    for (int64_t i = 0; i < count; i++) {
        char text[2] = {SH_SUBSTITUTE, (char)bytes[i]};
        bool was_escaped = sh->is_escaped;

        sh->is_escaped = bytes[i] == '\\' && !was_escaped && !sh->reads_raw;
        if (bytes[i] == '\n' && !was_escaped) {
            stream_consume(sh->input.stream, (size_t)i + 1);
            return end_read(task, 0);
        }
        if (sh->is_escaped || bytes[i] == '\0' || (was_escaped && bytes[i] == '\n') ||
            bytes[i] == SH_SUBSTITUTE) {
            continue;
        }
        if (buffer_append(&sh->text, was_escaped ? text : text + 1, was_escaped ? 2 : 1) < 0) {
            return task_out_of_memory(task);
        }
    }
    stream_consume(sh->input.stream, (size_t)count);
    return STEP_MORE;
}

/* ---- The table ------------------------------------------------------------------------- */

sh_builtin_function *sh_builtin(const char *name, bool *is_special)
{
    static const struct {
        const char *name;
        sh_builtin_function *run;
        bool is_special;
    } builtins[] = {
        {":", builtin_colon, true},
        {".", builtin_dot, true},
        {"cd", builtin_cd, false},
        {"chdir", builtin_cd, false},
        {"command", builtin_command, false},
        {"eval", builtin_eval, true},
        {"exec", builtin_exec, true},
        {"exit", builtin_exit, true},
        {"export", builtin_export, true},
        {"read", builtin_read, false},
        {"readonly", builtin_readonly, true},
        {"return", builtin_return, true},
        {"set", builtin_set, true},
        {"shift", builtin_shift, true},
        {"trap", builtin_trap, true},
        {"type", builtin_type, false},
        {"umask", builtin_umask, false},
        {"unset", builtin_unset, true},
        {"wait", builtin_wait, false},
    };

    *is_special = false;
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            *is_special = builtins[i].is_special;
            return builtins[i].run;
        }
    }
    return NULL;
}
