/* SPDX-License-Identifier: BSD-2-Clause */
/* xargs: builds command lines from its input, and runs one after the other. */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "state.h"

/* Of one command line; more becomes another one. */
#define BATCH_BYTES (64u << 10)
#define BATCH_WORDS 4096u

struct xargs_state {
    bool has_begun;
    bool is_running;
    bool has_run;
    bool is_at_end;
    bool has_item;    /* one has begun */
    bool is_escaped;  /* by a backslash */
    bool needs_input; /* -r */
    bool tells;       /* -t */
    char quote;       /* the one that the item is in, or 0 */
    int separator;    /* -0, -d; -1: blanks and newlines */
    uint64_t at_most; /* items, or lines with -L, of one command line */
    bool counts_lines;
    uint64_t lines;
    const char *replaced; /* -I */
    struct buffer items;  /* each with its NUL */
    uint64_t count;
    int64_t pid;
    struct task_end end;
    int code;
};

static void xargs_clean_up(struct task *task)
{
    struct xargs_state *state = task->state;

    if (state->has_begun) {
        buffer_free(&state->items);
    }
}

static void xargs_child_ended(struct task *task, int64_t pid, struct task_end end)
{
    struct xargs_state *state = task->state;

    if (pid == state->pid) {
        state->is_running = false;
        state->end = end;
    }
}

/* ---- Running --------------------------------------------------------------------------- */

/* `word` with the item in place of each `replaced`; NULL: no memory. */
static char *replace(struct arena *arena, const char *word, const char *replaced, const char *item)
{
    size_t length = strlen(replaced);
    size_t item_length = strlen(item);
    size_t times = 0;
    char *made;
    char *out;

    for (const char *at = strstr(word, replaced); at != NULL; at = strstr(at + length, replaced)) {
        times++;
    }
    made = out = arena_alloc(arena, strlen(word) + times * item_length + 1);
    if (made == NULL) {
        return NULL;
    }
    for (const char *at = strstr(word, replaced); at != NULL; at = strstr(word, replaced)) {
        while (word < at) {
            *out++ = *word++;
        }
        for (size_t i = 0; i < item_length; i++) {
            *out++ = item[i];
        }
        word += length;
    }
    strcpy(out, word);
    return made;
}

/* The words of the next command line, in `arena`; NULL: no memory. */
static char **build(struct task *task, struct arena *arena, int *argc)
{
    static char echo[] = "echo";
    struct xargs_state *state = task->state;
    size_t fixed = task->argc > 1 ? (size_t)task->argc - 1 : 1;
    char **argv = arena_alloc(arena, (fixed + (size_t)state->count + 1) * sizeof(*argv));
    char *item = (char *)state->items.data;

    if (argv == NULL) {
        return NULL;
    }
    argv[0] = echo;
    for (int i = 1; i < task->argc; i++) {
        argv[i - 1] = state->replaced == NULL
                          ? task->argv[i]
                          : replace(arena, task->argv[i], state->replaced, item);
        if (argv[i - 1] == NULL) {
            return NULL;
        }
    }
    *argc = (int)fixed;
    for (uint64_t i = 0; i < state->count && state->replaced == NULL; i++) {
        argv[(*argc)++] = item;
        item += strlen(item) + 1;
    }
    argv[*argc] = NULL;
    return argv;
}

static enum step run(struct task *task)
{
    struct xargs_state *state = task->state;
    struct streams *streams = &task->agent->tasks.streams;
    struct arena arena;
    struct task *child = NULL;
    int error = -ENOMEM;
    int argc = 0;
    char **argv;

    arena_init(&arena, task->agent->platform);
    argv = build(task, &arena, &argc);
    for (int i = 0; argv != NULL && state->tells && i < argc; i++) {
        task_print(task, 2, "%s", argv[i]);
        task_print(task, 2, "%s", i + 1 < argc ? " " : "\n");
    }
    if (argv != NULL) {
        child = applet_start(task, task, argc, argv, &task->vars, &error);
    }
    if (child == NULL) {
        if (error != -ENOMEM) {
            task_error(task, "%s: %s", argv[0], ramfs_error_text(error));
        }
        arena_free(&arena);
        return error == -ENOMEM ? task_out_of_memory(task)
                                : task_exit(task, error == -ENOENT ? 127 : 126);
    }
    /* What is left of the input is not for the program. */
    task_set_stream(child, 0, stream_create(streams, STREAM_NULL, NULL));
    arena_free(&arena);
    state->pid = child->pid;
    state->is_running = state->has_run = true;
    state->items.size = 0;
    state->count = state->lines = 0;
    return STEP_BLOCKED;
}

/* What the end of a command line means; false: it is the end of all. */
static bool judge(struct task *task, struct xargs_state *state)
{
    const char *name = task->argc > 1 ? task->argv[1] : "echo";

    state->pid = 0;
    if (state->end.signal != 0) {
        task_error(task, "%s: terminated by signal %d", name, state->end.signal);
        state->code = 125;
        return false;
    }
    if (state->end.code == 255) {
        task_error(task, "%s: exited with status 255; aborting", name);
        state->code = 124;
        return false;
    }
    state->code = state->end.code != 0 ? 123 : state->code;
    return true;
}

/* ---- Taking items ---------------------------------------------------------------------- */

static bool end_item(struct xargs_state *state)
{
    if (!state->has_item) {
        return true;
    }
    if (buffer_append(&state->items, "", 1) < 0) {
        return false;
    }
    state->count++;
    state->has_item = false;
    return true;
}

static bool add_byte(struct xargs_state *state, char byte)
{
    state->has_item = true;
    return buffer_append(&state->items, &byte, 1) == 0;
}

/* One byte of the input; false: no memory. */
static bool take(struct xargs_state *state, char byte)
{
    bool is_blank = byte == ' ' || byte == '\t';

    if (state->separator >= 0) {
        if ((uint8_t)byte != state->separator) {
            return byte == '\0' || add_byte(state, byte);
        }
        state->has_item = true; /* be it an empty one */
        return end_item(state);
    }
    if (state->is_escaped) {
        state->is_escaped = false;
        return add_byte(state, byte);
    }
    if (state->quote != '\0') {
        if (byte == state->quote) {
            state->quote = '\0';
            return true;
        }
        return add_byte(state, byte);
    }
    if (byte == '\n') {
        state->lines += state->has_item || state->count > 0;
        return end_item(state);
    }
    if (is_blank && state->replaced == NULL) {
        return end_item(state);
    }
    if (is_blank && !state->has_item) {
        return true; /* before an item of -I */
    }
    if (byte == '\\') {
        state->is_escaped = state->has_item = true;
        return true;
    }
    if (byte == '"' || byte == '\'') {
        state->quote = byte;
        state->has_item = true;
        return true;
    }
    return byte == '\0' || add_byte(state, byte);
}

/* Whether the items are enough for a command line. */
static bool is_full(const struct xargs_state *state)
{
    return !state->has_item && state->count > 0 &&
           (state->replaced != NULL ||
            (state->counts_lines ? state->lines : state->count) >= state->at_most ||
            state->items.size >= BATCH_BYTES);
}

static bool xargs_begin(struct task *task, struct xargs_state *state)
{
    struct applet_options options;

    buffer_init(&state->items, task->agent->platform);
    state->has_begun = true;
    state->separator = -1;
    state->at_most = BATCH_WORDS;
    /* The options with values are those that APPLET_VALUES has room for. */
    if (!applet_options(task, "+n:I:d:L:0rtx",
                        "null=0 no-run-if-empty=r verbose=t max-args=n "
                        "delimiter=d exit=x max-lines=L replace=I",
                        &options)) {
        return false;
    }
    for (int i = 0; i < 4; i += 3) {
        const char *text = options.values[i];

        if (text != NULL && (!applet_number(text, false, &state->at_most) || state->at_most == 0)) {
            task_error(task, "invalid number \"%s\" for -%c option", text, "nIdL"[i]);
            task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
            return false;
        }
    }
    state->counts_lines = options.values[3] != NULL;
    if (options.values[1] != NULL && *options.values[1] != '\0') {
        state->replaced = options.values[1];
        state->needs_input = true;
    }
    if (options.values[2] != NULL) {
        const char *text = options.values[2];
        char byte = *text;

        if (*text == '\\' && !applet_unescape(&text, APPLET_OCTAL | APPLET_HEX, &byte)) {
            byte = '\\';
        }
        state->separator = (uint8_t)byte;
    }
    state->separator = applet_has(&options, '0') ? 0 : state->separator;
    state->needs_input = state->needs_input || applet_has(&options, 'r');
    state->tells = applet_has(&options, 't');
    return true;
}

static enum step xargs_end(struct task *task, struct xargs_state *state)
{
    if (state->quote != '\0') {
        task_error(task,
                   "unmatched %s quote; by default quotes are special to xargs unless you use "
                   "the -0 option",
                   state->quote == '"' ? "double" : "single");
        return task_exit(task, 1);
    }
    if (!end_item(state)) {
        return task_out_of_memory(task);
    }
    if (state->count > 0 || !(state->has_run || state->needs_input)) {
        return run(task);
    }
    return task_exit(task, state->code);
}

static enum step step_xargs(struct task *task)
{
    struct xargs_state *state = task->state;
    const uint8_t *bytes;
    int64_t count;
    int64_t used = 0;

    if (!state->has_begun && !xargs_begin(task, state)) {
        return task_exit(task, 1);
    }
    if (state->is_running) {
        return STEP_BLOCKED;
    }
    if (state->pid != 0 && !judge(task, state)) {
        return task_exit(task, state->code);
    }
    if (is_full(state)) {
        return run(task);
    }
    count = task->fds[0] == NULL || state->is_at_end ? 0 : stream_peek(task->fds[0], &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count <= 0) {
        state->is_at_end = true;
        return xargs_end(task, state);
    }
    while (used < count && !is_full(state)) {
        if (!take(state, (char)bytes[used++])) {
            return task_out_of_memory(task);
        }
    }
    stream_consume(task->fds[0], (size_t)used);
    return STEP_MORE;
}

const struct applet applet_xargs = {.name = "xargs",
                                    .step = step_xargs,
                                    .state_size = sizeof(struct xargs_state),
                                    .child_ended = xargs_child_ended,
                                    .clean_up = xargs_clean_up};
