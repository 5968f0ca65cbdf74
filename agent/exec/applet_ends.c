/* SPDX-License-Identifier: BSD-2-Clause */
/* head and tail. */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "state.h"

struct ends_state {
    struct applet_input input;
    bool has_begun;
    bool counts_bytes;
    bool from_other_end; /* head -n -N: all but the last; tail -n +N: from there on */
    bool shows_names;
    bool has_shown;  /* a name */
    bool is_started; /* with the current input */
    uint64_t wanted;
    uint64_t left;
    struct stream *spool; /* what came from a pipe and may have to be shown */
};

static void ends_clean_up(struct task *task)
{
    struct ends_state *state = task->state;

    applet_close(task, &state->input);
    stream_release(&task->agent->tasks.streams, state->spool);
}

/* "-5": the old way of giving the number, in the first place only. */
static void take_old_number(struct task *task)
{
    const char *word = task->argc > 1 ? task->argv[1] : "";
    size_t digits = word[0] == '-' ? strspn(word + 1, "0123456789") : 0;
    char *letters;

    if (digits == 0 || word[1 + digits] != '\0') {
        return;
    }
    letters = arena_alloc(&task->arena, digits + 3);
    if (letters == NULL) {
        task_out_of_memory(task);
        return;
    }
    letters[0] = '-';
    letters[1] = 'n';
    memcpy(letters + 2, word + 1, digits);
    task->argv[1] = letters;
}

static bool ends_begin(struct task *task, struct ends_state *state, char other_end)
{
    struct applet_options options;
    const char *number;

    take_old_number(task);
    if (!applet_options(task, "n:c:qv", "lines=n bytes=c quiet=q silent=q verbose=v", &options)) {
        return false;
    }
    state->counts_bytes = applet_has(&options, 'c');
    number = options.values[state->counts_bytes ? 1 : 0];
    number = number == NULL ? "10" : number;
    state->from_other_end = *number == other_end;
    if (!applet_number(number + (*number == '-' || *number == '+'), true, &state->wanted)) {
        task_error(task, "invalid number of %s: '%s'", state->counts_bytes ? "bytes" : "lines",
                   number);
        return false;
    }
    state->shows_names =
        applet_has(&options, 'v') || (task->argc > 2 && !applet_has(&options, 'q'));
    state->has_begun = true;
    state->input.says_cannot_open = true;
    applet_next(task, &state->input);
    return true;
}

static void show_name(struct task *task, struct ends_state *state)
{
    if (state->shows_names) {
        const char *name = state->input.name;

        task_print(task, 1, "%s==> %s <==\n", state->has_shown ? "\n" : "",
                   strcmp(name, "-") == 0 ? "standard input" : name);
        state->has_shown = true;
    }
}

static enum step next_input(struct task *task, struct ends_state *state)
{
    state->is_started = false;
    stream_release(&task->agent->tasks.streams, state->spool);
    state->spool = NULL;
    return applet_next(task, &state->input) ? STEP_MORE : task_exit(task, state->input.failed);
}

/* How many of the bytes lie before the end of unit number *left, which counts down. */
static size_t count_units(const struct ends_state *state, const uint8_t *bytes, size_t count,
                          uint64_t *left)
{
    size_t at = 0;

    if (state->counts_bytes) {
        at = count < *left ? count : (size_t)*left;
        *left -= at;
        return at;
    }
    while (at<count && * left> 0) {
        const uint8_t *newline = memchr(bytes + at, '\n', count - at);

        at = newline == NULL ? count : (size_t)(newline - bytes) + 1;
        *left -= newline != NULL;
    }
    return at;
}

/* ---- Reading all of it, to show a part ------------------------------------------------- */

/*
 * Takes in what a pipe gives, so that it can be looked at from its end.  1 when all is there, in
 * state->spool; -EAGAIN; 0 while there is more to do.
 */
static int spool_input(struct task *task, struct ends_state *state)
{
    struct streams *streams = &task->agent->tasks.streams;
    const uint8_t *bytes;
    int64_t count = applet_peek(task, &state->input, &bytes);

    if (count == -EAGAIN || (count == 0 && state->input.name == NULL)) {
        return count == 0 ? 1 : -EAGAIN;
    }
    if (state->spool == NULL && state->input.stream->kind == STREAM_FILE) {
        state->spool = stream_hold(state->input.stream);
        return 1;
    }
    if (state->spool == NULL) {
        struct ramfs_node *file = ramfs_anonymous(&task->agent->fs);

        state->spool = file == NULL ? NULL : stream_create(streams, STREAM_FILE, file);
        if (state->spool == NULL) {
            if (file != NULL) {
                ramfs_release(&task->agent->fs, file);
            }
            task_out_of_memory(task);
            return 0;
        }
    }
    if (count == 0) {
        state->spool->position = 0;
        return 1;
    }
    if (stream_write(streams, state->spool, bytes, (size_t)count) < 0) {
        task_out_of_memory(task);
    }
    applet_consume(&state->input, (size_t)count);
    return 0;
}

/* The offset at which the last `wanted` units of the file begin, not before `start`. */
static uint64_t find_last(const struct ends_state *state, const struct ramfs_node *file,
                          uint64_t start)
{
    uint64_t at = file->size;
    uint64_t left = state->wanted;

    if (state->counts_bytes) {
        return file->size - start > left ? file->size - left : start;
    }
    if (left == 0) {
        return file->size;
    }
    while (at > start) {
        const uint8_t *bytes;
        uint64_t page = (at - 1) / PLATFORM_PAGE_SIZE * PLATFORM_PAGE_SIZE;

        page = page < start ? start : page;
        ramfs_peek(file, page, &bytes);
        while (at > page) {
            /* A newline at the very end ends the last line, and begins none. */
            if (bytes[at - 1 - page] == '\n' && at != file->size && --left == 0) {
                return at;
            }
            at--;
        }
    }
    return start;
}

/* Shows the part of the spooled input that is wanted; 0 at its end. */
static enum step show_spool(struct task *task, struct ends_state *state)
{
    struct stream *spool = state->spool;
    const uint8_t *bytes;
    int64_t count = stream_peek(spool, &bytes);

    if (count <= 0 || state->left == 0) {
        return next_input(task, state);
    }
    if ((uint64_t)count > state->left) {
        count = (int64_t)state->left;
    }
    task_write(task, 1, bytes, (size_t)count);
    stream_consume(spool, (size_t)count);
    state->left -= (uint64_t)count;
    return STEP_MORE;
}

static enum step step_spooled(struct task *task, struct ends_state *state, bool shows_end)
{
    uint64_t start;
    uint64_t split;
    int result;

    if (state->is_started) {
        return show_spool(task, state);
    }
    result = spool_input(task, state);
    if (result <= 0) {
        return result < 0 ? STEP_BLOCKED : STEP_MORE;
    }
    if (state->spool == NULL) {
        return next_input(task, state); /* it could not be read */
    }
    show_name(task, state);
    start = state->spool->position;
    split = start < state->spool->file->size ? find_last(state, state->spool->file, start) : start;
    state->left = shows_end ? UINT64_MAX : split - start;
    state->spool->position = shows_end ? split : start;
    state->is_started = true;
    return STEP_MORE;
}

/* ---- head ------------------------------------------------------------------------------ */

static enum step step_head(struct task *task)
{
    struct ends_state *state = task->state;
    const uint8_t *bytes;
    int64_t count;
    size_t shown;

    if (!state->has_begun && !ends_begin(task, state, '-')) {
        return task_exit(task, 1);
    }
    if (state->from_other_end) {
        return step_spooled(task, state, false);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN && !(state->is_started && state->left == 0)) {
        return STEP_BLOCKED;
    }
    if (!state->is_started && state->input.name != NULL) {
        show_name(task, state);
        state->left = state->wanted;
        state->is_started = true;
    }
    if (count <= 0 || state->left == 0) {
        return next_input(task, state);
    }
    shown = count_units(state, bytes, (size_t)count, &state->left);
    task_write(task, 1, bytes, shown);
    applet_consume(&state->input, shown);
    return STEP_MORE;
}

/* ---- tail ------------------------------------------------------------------------------ */

/* tail -n +N: everything from unit N on. */
static enum step step_from(struct task *task, struct ends_state *state)
{
    const uint8_t *bytes;
    int64_t count = applet_peek(task, &state->input, &bytes);
    size_t skipped = 0;

    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (!state->is_started && state->input.name != NULL) {
        show_name(task, state);
        state->left = state->wanted > 0 ? state->wanted - 1 : 0;
        state->is_started = true;
    }
    if (count == 0) {
        return next_input(task, state);
    }
    if (state->left > 0) {
        skipped = count_units(state, bytes, (size_t)count, &state->left);
    }
    task_write(task, 1, bytes + skipped, (size_t)count - skipped);
    applet_consume(&state->input, (size_t)count);
    return STEP_MORE;
}

static enum step step_tail(struct task *task)
{
    struct ends_state *state = task->state;

    if (!state->has_begun && !ends_begin(task, state, '+')) {
        return task_exit(task, 1);
    }
    return state->from_other_end ? step_from(task, state) : step_spooled(task, state, true);
}

const struct applet applet_head = {.name = "head",
                                   .step = step_head,
                                   .state_size = sizeof(struct ends_state),
                                   .clean_up = ends_clean_up};
const struct applet applet_tail = {.name = "tail",
                                   .step = step_tail,
                                   .state_size = sizeof(struct ends_state),
                                   .clean_up = ends_clean_up};
