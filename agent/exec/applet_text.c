/* SPDX-License-Identifier: BSD-2-Clause */
/* cat, tee, wc: bytes go by. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "state.h"

/* ---- cat ------------------------------------------------------------------------------- */

struct cat_state {
    struct applet_input input;
    struct applet_options options;
    bool has_begun;
    bool is_plain;
    bool in_line;    /* the last byte was no newline */
    bool was_blank;  /* the last line was empty */
    uint64_t number; /* of the last line */
};

static void cat_clean_up(struct task *task)
{
    applet_close(task, &((struct cat_state *)task->state)->input);
}

/* A byte as -v shows it: ^X, M-x. */
static void show_byte(struct task *task, const struct cat_state *state, uint8_t byte)
{
    char text[4];
    size_t length = 0;

    if (byte == '\t' && !applet_has(&state->options, 'T')) {
        task_write(task, 1, &byte, 1);
        return;
    }
    if ((byte != '\t' || applet_has(&state->options, 'T')) &&
        (byte == '\t' || applet_has(&state->options, 'v'))) {
        if (byte >= 128) {
            text[length++] = 'M';
            text[length++] = '-';
            byte = (uint8_t)(byte - 128);
        }
        if (byte < 32 || byte == 127) {
            text[length++] = '^';
            byte ^= 64;
        }
    }
    text[length++] = (char)byte;
    task_write(task, 1, text, length);
}

/* Returns how much of `bytes` has been written, up to one line. */
static size_t cat_line(struct task *task, struct cat_state *state, const uint8_t *bytes,
                       size_t count)
{
    const struct applet_options *options = &state->options;
    const uint8_t *newline = memchr(bytes, '\n', count);
    size_t length = newline == NULL ? count : (size_t)(newline - bytes);

    if (!state->in_line) {
        bool is_blank = length == 0;

        if (is_blank && state->was_blank && applet_has(options, 's')) {
            return 1;
        }
        state->was_blank = is_blank;
        if (applet_has(options, 'b') ? !is_blank : applet_has(options, 'n')) {
            task_print(task, 1, "%6" PRIu64 "\t", ++state->number);
        }
    }
    for (size_t i = 0; i < length; i++) {
        show_byte(task, state, bytes[i]);
    }
    state->in_line = newline == NULL;
    if (newline == NULL) {
        return length;
    }
    if (applet_has(options, 'E')) {
        task_write(task, 1, "$", 1);
    }
    task_write(task, 1, "\n", 1);
    return length + 1;
}

static bool cat_begin(struct task *task, struct cat_state *state)
{
    struct applet_options *options = &state->options;

    if (!applet_options(task, "AbeEnstTuv",
                        "number=n number-nonblank=b show-all=A show-ends=E show-tabs=T "
                        "squeeze-blank=s show-nonprinting=v",
                        options)) {
        return false;
    }
    state->is_plain = options->given == 0;
    if (applet_has(options, 'A')) {
        applet_give(options, "vET");
    }
    if (applet_has(options, 'e')) {
        applet_give(options, "vE");
    }
    if (applet_has(options, 't')) {
        applet_give(options, "vT");
    }
    state->has_begun = true;
    applet_next(task, &state->input);
    return true;
}

static enum step step_cat(struct task *task)
{
    struct cat_state *state = task->state;
    const uint8_t *bytes;
    int64_t count;

    if (!state->has_begun && !cat_begin(task, state)) {
        return task_exit(task, 1);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count == 0) {
        return applet_next(task, &state->input) ? STEP_MORE : task_exit(task, state->input.failed);
    }
    if (state->is_plain) {
        task_write(task, 1, bytes, (size_t)count);
        applet_consume(&state->input, (size_t)count);
        return STEP_MORE;
    }
    for (int64_t done = 0; done < count;) {
        done += (int64_t)cat_line(task, state, bytes + done, (size_t)(count - done));
    }
    applet_consume(&state->input, (size_t)count);
    return STEP_MORE;
}

const struct applet applet_cat = {.name = "cat",
                                  .step = step_cat,
                                  .state_size = sizeof(struct cat_state),
                                  .clean_up = cat_clean_up};

/* ---- tee ------------------------------------------------------------------------------- */

struct tee_state {
    struct applet_input input;
    struct stream **files;
    int count;
    bool failed;
};

static void tee_clean_up(struct task *task)
{
    struct tee_state *state = task->state;

    applet_close(task, &state->input);
    for (int i = 0; i < state->count; i++) {
        stream_release(&task->agent->tasks.streams, state->files[i]);
    }
}

static bool tee_begin(struct task *task, struct tee_state *state)
{
    struct applet_options options;
    bool appends;

    if (!applet_options(task, "ai", "append=a ignore-interrupts=i", &options)) {
        return false;
    }
    appends = applet_has(&options, 'a');
    state->files = arena_alloc(&task->arena, sizeof(*state->files) * (size_t)task->argc);
    if (state->files == NULL) {
        task_out_of_memory(task);
        return true;
    }
    for (int i = 1; i < task->argc; i++) {
        unsigned flags = RAMFS_WRITE | RAMFS_CREATE | (appends ? 0 : RAMFS_TRUNCATE);
        int result = task_open(task, task->argv[i], flags, appends, &state->files[state->count]);

        if (result < 0) {
            task_error(task, "%s: %s", task->argv[i], ramfs_error_text(result));
            state->failed = true;
        } else {
            state->count++;
        }
    }
    task->argc = 1; /* input is descriptor 0 */
    applet_next(task, &state->input);
    return true;
}

static enum step step_tee(struct task *task)
{
    struct tee_state *state = task->state;
    const uint8_t *bytes;
    int64_t count;

    if (state->files == NULL && !tee_begin(task, state)) {
        return task_exit(task, 1);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count == 0) {
        return task_exit(task, state->failed || state->input.failed);
    }
    for (int i = 0; i < state->count; i++) {
        int64_t written =
            stream_write(&task->agent->tasks.streams, state->files[i], bytes, (size_t)count);

        if (written < 0) {
            task_error(task, "%s", ramfs_error_text((int)written));
            state->failed = true;
        }
    }
    task_write(task, 1, bytes, (size_t)count);
    applet_consume(&state->input, (size_t)count);
    return STEP_MORE;
}

const struct applet applet_tee = {.name = "tee",
                                  .step = step_tee,
                                  .state_size = sizeof(struct tee_state),
                                  .clean_up = tee_clean_up};

/* ---- wc -------------------------------------------------------------------------------- */

enum { WC_LINES, WC_WORDS, WC_BYTES, WC_COUNTS };

struct wc_state {
    struct applet_input input;
    struct applet_options options;
    bool has_begun;
    bool in_word;
    int width;
    int files;
    uint64_t counts[WC_COUNTS];
    uint64_t totals[WC_COUNTS];
};

static void wc_clean_up(struct task *task)
{
    applet_close(task, &((struct wc_state *)task->state)->input);
}

/* The width of the columns: that of the sum of all sizes, 7 where a size is not known. */
static int wc_width(struct task *task, const struct wc_state *state)
{
    int columns = applet_has(&state->options, 'l') + applet_has(&state->options, 'w') +
                  applet_has(&state->options, 'c');
    uint64_t bytes = 0;
    int width = 1;
    int minimum = 1;

    if (columns == 1 && task->argc <= 2) {
        return 1;
    }
    for (int i = 1; i < task->argc || i == 1; i++) {
        struct ramfs_node *node;

        if (i >= task->argc || strcmp(task->argv[i], "-") == 0) {
            node = task->fds[0] != NULL ? task->fds[0]->file : NULL;
        } else if (task_lookup(task, task->argv[i], &node) < 0) {
            continue;
        }
        if (node == NULL || node->is_directory) {
            minimum = 7;
        } else {
            bytes += node->size;
        }
    }
    for (; bytes >= 10; bytes /= 10) {
        width++;
    }
    return width < minimum ? minimum : width;
}

static bool wc_begin(struct task *task, struct wc_state *state)
{
    if (!applet_options(task, "clmw", "bytes=c chars=m lines=l words=w", &state->options)) {
        return false;
    }
    if (applet_has(&state->options, 'm')) {
        applet_give(&state->options, "c"); /* a character is a byte in the C locale */
    }
    if (state->options.given == 0) {
        applet_give(&state->options, "lwc");
    }
    state->width = wc_width(task, state);
    state->has_begun = true;
    applet_next(task, &state->input);
    return true;
}

static void wc_line(struct task *task, const struct wc_state *state, const uint64_t *counts,
                    const char *name)
{
    static const char letters[] = "lwc";
    const char *space = "";

    for (int i = 0; i < WC_COUNTS; i++) {
        if (applet_has(&state->options, letters[i])) {
            task_print(task, 1, "%s%*" PRIu64, space, state->width, counts[i]);
            space = " ";
        }
    }
    task_print(task, 1, name == NULL ? "\n" : " %s\n", name);
}

static void wc_count(struct wc_state *state, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_space = bytes[i] == ' ' || (bytes[i] >= '\t' && bytes[i] <= '\r');

        state->counts[WC_LINES] += bytes[i] == '\n';
        state->counts[WC_WORDS] += !is_space && !state->in_word && bytes[i] > ' ' && bytes[i] < 127;
        state->in_word = is_space ? false : state->in_word || (bytes[i] > ' ' && bytes[i] < 127);
    }
    state->counts[WC_BYTES] += count;
}

static enum step step_wc(struct task *task)
{
    struct wc_state *state = task->state;
    const uint8_t *bytes;
    int64_t count;

    if (!state->has_begun && !wc_begin(task, state)) {
        return task_exit(task, 1);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count > 0) {
        wc_count(state, bytes, (size_t)count);
        applet_consume(&state->input, (size_t)count);
        return STEP_MORE;
    }
    if (state->input.name != NULL || state->input.stream != NULL) {
        wc_line(task, state, state->counts, task->argc < 2 ? NULL : state->input.name);
    } else if (state->input.is_directory) {
        wc_line(task, state, state->counts, task->argv[state->input.index]);
    }
    state->files++;
    for (int i = 0; i < WC_COUNTS; i++) {
        state->totals[i] += state->counts[i];
        state->counts[i] = 0;
    }
    state->in_word = false;
    if (applet_next(task, &state->input)) {
        return STEP_MORE;
    }
    if (state->files > 1) {
        wc_line(task, state, state->totals, "total");
    }
    return task_exit(task, state->input.failed);
}

const struct applet applet_wc = {
    .name = "wc", .step = step_wc, .state_size = sizeof(struct wc_state), .clean_up = wc_clean_up};
