/* SPDX-License-Identifier: BSD-2-Clause */
/* grep: lines are matched while they come in, whatever their length. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "applet.h"
#include "regex.h"
#include "state.h"
#include "walk.h"

struct grep_state {
    struct applet_options options;
    struct applet_input input;
    struct regex regex;
    struct buffer line;
    struct walk walk; /* grep -r */
    bool has_begun;
    bool is_walking;
    bool in_line;
    bool shows_names;
    bool any; /* line was selected */
    int next; /* operand of grep -r */
    uint64_t number;
    uint64_t selected; /* lines of the current input */
    uint64_t limit;
};

static void grep_clean_up(struct task *task)
{
    struct grep_state *state = task->state;

    applet_close(task, &state->input);
    if (state->has_begun) {
        regex_free(&state->regex);
        buffer_free(&state->line);
        walk_free(&state->walk);
    }
}

/* The patterns in `text`, one a line. */
static bool add_patterns(struct task *task, const char *text, unsigned flags)
{
    struct grep_state *state = task->state;

    for (;;) {
        size_t length = strcspn(text, "\n");
        char *pattern = arena_copy(&task->arena, text, length);
        const char *error = pattern == NULL ? "" : regex_add(&state->regex, pattern, flags);

        if (error != NULL) {
            if (*error == '\0') {
                task_out_of_memory(task);
            } else {
                task_error(task, "%s", error);
            }
            return false;
        }
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
}

static bool grep_begin(struct task *task)
{
    struct grep_state *state = task->state;
    struct applet_options *options = &state->options;
    const char *pattern;
    unsigned flags = 0;

    state->has_begun = true;
    regex_init(&state->regex, task->agent->platform);
    buffer_init(&state->line, task->agent->platform);
    walk_init(&state->walk, &task->agent->fs, task->agent->platform);
    if (!applet_options(task, "EFGHRace:hilm:nqrsvwx",
                        "extended-regexp=E fixed-strings=F basic-regexp=G with-filename=H "
                        "count=c regexp=e no-filename=h ignore-case=i files-with-matches=l "
                        "max-count=m line-number=n quiet=q silent=q recursive=r no-messages=s "
                        "invert-match=v word-regexp=w line-regexp=x text=a color=G",
                        options)) {
        return false;
    }
    pattern = options->values[0];
    if (pattern == NULL) {
        if (task->argc < 2) {
            task_print(task, 2,
                       "Usage: %s [OPTION]... PATTERNS [FILE]...\n"
                       "Try '%s --help' for more information.\n",
                       task->argv[0], task->argv[0]);
            return false;
        }
        pattern = task->argv[1];
        memmove(&task->argv[1], &task->argv[2], (size_t)(task->argc - 1) * sizeof(char *));
        task->argc--;
    }
    state->limit = UINT64_MAX;
    if (options->values[1] != NULL && !applet_number(options->values[1], false, &state->limit)) {
        task_error(task, "invalid max count");
        return false;
    }
    flags |= applet_has(options, 'E') ? REGEX_EXTENDED : 0;
    flags |= applet_has(options, 'F') ? REGEX_FIXED : 0;
    flags |= applet_has(options, 'i') ? REGEX_NO_CASE : 0;
    flags |= applet_has(options, 'w') ? REGEX_WORD : 0;
    flags |= applet_has(options, 'x') ? REGEX_LINE : 0;
    if (!add_patterns(task, pattern, flags)) {
        return false;
    }
    if (regex_compile(&state->regex) < 0) {
        task_out_of_memory(task);
        return false;
    }
    if (applet_has(options, 'R')) {
        applet_give(options, "r");
    }
    state->shows_names = !applet_has(options, 'h') &&
                         (task->argc > 2 || applet_has(options, 'H') || applet_has(options, 'r'));
    state->next = 1;
    state->input.is_silent = applet_has(options, 's');
    if (!applet_has(options, 'r')) {
        applet_next(task, &state->input);
    }
    regex_begin(&state->regex);
    return true;
}

static const char *shown_name(const struct grep_state *state)
{
    return strcmp(state->input.name, "-") == 0 ? "(standard input)" : state->input.name;
}

static enum step end_line(struct task *task)
{
    struct grep_state *state = task->state;
    const struct applet_options *options = &state->options;
    bool selects = regex_end(&state->regex) != applet_has(options, 'v');

    state->number++;
    state->in_line = false;
    if (selects && state->selected < state->limit) {
        state->any = true;
        state->selected++;
        if (applet_has(options, 'q')) {
            return task_exit(task, 0);
        }
        if (!applet_has(options, 'c') && !applet_has(options, 'l')) {
            if (state->shows_names) {
                task_print(task, 1, "%s:", shown_name(state));
            }
            if (applet_has(options, 'n')) {
                task_print(task, 1, "%" PRIu64 ":", state->number);
            }
            task_write(task, 1, state->line.data, state->line.size);
            task_write(task, 1, "\n", 1);
        }
    }
    state->line.size = 0;
    regex_begin(&state->regex);
    return STEP_MORE;
}

/* The next file of grep -r becomes the input; false after the last one. */
static bool next_file(struct task *task)
{
    struct grep_state *state = task->state;

    for (;;) {
        const char *name;
        struct ramfs_node *node;
        int result;

        if (state->is_walking) {
            enum walk_event event = walk_next(&state->walk);

            if (event == WALK_NO_MEMORY) {
                task_out_of_memory(task);
                return false;
            }
            state->is_walking = event != WALK_END;
            if (event == WALK_ENTER && !state->walk.node->is_directory) {
                applet_close(task, &state->input);
                state->input.name = (const char *)state->walk.path.data;
                return true;
            }
            continue;
        }
        if (state->next >= task->argc && !(state->next == 1 && task->argc == 1)) {
            return false;
        }
        name = task->argc == 1 ? "." : task->argv[state->next];
        state->next++;
        result = task_lookup(task, name, &node);
        if (result < 0) {
            task_error(task, "%s: %s", name, ramfs_error_text(result));
            state->input.failed = true;
            continue;
        }
        walk_start(&state->walk, name, node);
        state->is_walking = true;
    }
}

static enum step end_input(struct task *task)
{
    struct grep_state *state = task->state;
    const struct applet_options *options = &state->options;

    if (state->input.name != NULL) {
        if (applet_has(options, 'l')) {
            if (state->selected > 0) {
                task_print(task, 1, "%s\n", shown_name(state));
            }
        } else if (applet_has(options, 'c')) {
            if (state->shows_names) {
                task_print(task, 1, "%s:", shown_name(state));
            }
            task_print(task, 1, "%" PRIu64 "\n", state->selected);
        }
    }
    state->selected = 0;
    state->number = 0;
    if (applet_has(options, 'r') ? next_file(task) : applet_next(task, &state->input)) {
        return STEP_MORE;
    }
    if (task->is_out_of_memory) {
        return STEP_BLOCKED;
    }
    return task_exit(task, state->input.failed ? 2 : !state->any);
}

static enum step step_grep(struct task *task)
{
    struct grep_state *state = task->state;
    const uint8_t *bytes;
    const uint8_t *newline;
    int64_t count;
    size_t length;

    if (!state->has_begun && !grep_begin(task)) {
        return task_exit(task, 2);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count == 0) {
        if (state->in_line) {
            return end_line(task);
        }
        return end_input(task);
    }
    newline = memchr(bytes, '\n', (size_t)count);
    length = newline == NULL ? (size_t)count : (size_t)(newline - bytes);
    regex_feed(&state->regex, bytes, length);
    if (buffer_append(&state->line, bytes, length) < 0) {
        return task_out_of_memory(task);
    }
    state->in_line = true;
    applet_consume(&state->input, length + (newline != NULL));
    return newline != NULL ? end_line(task) : STEP_MORE;
}

const struct applet applet_grep = {.name = "grep",
                                   .step = step_grep,
                                   .state_size = sizeof(struct grep_state),
                                   .clean_up = grep_clean_up};
