/* SPDX-License-Identifier: BSD-2-Clause */
/* sort, uniq and cut: a line after the other. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "state.h"

/* Lines that one piece of work sorts or shows. */
#define AT_ONCE 64

/* Takes in a line without its newline: 1, 0 at the end of all input, -EAGAIN, -EINPROGRESS. */
static int read_line(struct task *task, struct applet_input *input, struct buffer *line,
                     bool *in_line)
{
    const uint8_t *bytes;
    const uint8_t *newline;
    int64_t count = applet_peek(task, input, &bytes);
    size_t length;

    if (count == -EAGAIN) {
        return -EAGAIN;
    }
    if (count == 0) {
        if (*in_line) {
            *in_line = false;
            return 1;
        }
        return applet_next(task, input) ? -EINPROGRESS : 0;
    }
    newline = memchr(bytes, '\n', (size_t)count);
    length = newline == NULL ? (size_t)count : (size_t)(newline - bytes);
    if (buffer_append(line, bytes, length) < 0) {
        task_out_of_memory(task);
        return -EINPROGRESS;
    }
    *in_line = newline == NULL;
    applet_consume(input, length + (newline != NULL));
    return newline == NULL ? -EINPROGRESS : 1;
}

/* ---- sort ------------------------------------------------------------------------------ */

struct sort_line {
    size_t at; /* in the text */
    size_t length;
    double key; /* sort -n */
};

struct sort_state {
    struct applet_options options;
    struct applet_input input;
    struct buffer text;
    struct buffer lines; /* of struct sort_line; a heap once all are there */
    bool has_begun;
    bool in_line;
    bool is_sorting;
    bool has_last;
    size_t start; /* of the line that is being read */
    size_t sift;
    struct sort_line last; /* the one that was shown last */
};

static void sort_clean_up(struct task *task)
{
    struct sort_state *state = task->state;

    applet_close(task, &state->input);
    if (state->has_begun) {
        buffer_free(&state->text);
        buffer_free(&state->lines);
    }
}

/* The part of a line that counts: from the field on that -k says. */
static const char *sort_key(const struct sort_state *state, const struct sort_line *line,
                            size_t *length)
{
    const char *text = (const char *)state->text.data + line->at;
    const char *separator = state->options.values[1];
    uint64_t field = 1;
    size_t at = 0;

    if (state->options.values[0] != NULL) {
        field = strtoull(state->options.values[0], NULL, 10);
    }
    for (; field > 1 && at < line->length; field--) {
        if (separator != NULL) {
            const char *found = memchr(text + at, *separator, line->length - at);

            at = found == NULL ? line->length : (size_t)(found - text) + 1;
        } else {
            while (at < line->length && (text[at] == ' ' || text[at] == '\t')) {
                at++;
            }
            while (at < line->length && text[at] != ' ' && text[at] != '\t') {
                at++;
            }
        }
    }
    *length = line->length - at;
    return text + at;
}

static int fold(char byte, bool folds)
{
    return (uint8_t)(folds && byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
}

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length, bool folds)
{
    for (size_t i = 0; i < a_length && i < b_length; i++) {
        int order = fold(a[i], folds) - fold(b[i], folds);

        if (order != 0) {
            return order;
        }
    }
    return (a_length > b_length) - (a_length < b_length);
}

static int compare_keys(const struct sort_state *state, const struct sort_line *a,
                        const struct sort_line *b)
{
    size_t a_length;
    size_t b_length;
    const char *a_key;
    const char *b_key;
    int order;

    if (applet_has(&state->options, 'n')) {
        order = (a->key > b->key) - (a->key < b->key);
    } else {
        a_key = sort_key(state, a, &a_length);
        b_key = sort_key(state, b, &b_length);
        order = compare_bytes(a_key, a_length, b_key, b_length, applet_has(&state->options, 'f'));
    }
    return applet_has(&state->options, 'r') ? -order : order;
}

static bool comes_first(const struct sort_state *state, const struct sort_line *a,
                        const struct sort_line *b)
{
    const char *text = (const char *)state->text.data;
    int order = compare_keys(state, a, b);

    if (order == 0 && !applet_has(&state->options, 's') && !applet_has(&state->options, 'u')) {
        order = compare_bytes(text + a->at, a->length, text + b->at, b->length, false);
        order = applet_has(&state->options, 'r') ? -order : order;
    }
    return order != 0 ? order < 0 : a->at < b->at;
}

static void sift_down(const struct sort_state *state, size_t at)
{
    struct sort_line *lines = (void *)state->lines.data;
    size_t count = state->lines.size / sizeof(*lines);

    for (;;) {
        size_t first = at;
        struct sort_line moved = lines[at];

        for (size_t child = at * 2 + 1; child <= at * 2 + 2 && child < count; child++) {
            if (comes_first(state, &lines[child], &lines[first])) {
                first = child;
            }
        }
        if (first == at) {
            return;
        }
        lines[at] = lines[first];
        lines[first] = moved;
        at = first;
    }
}

static enum step sort_show(struct task *task)
{
    struct sort_state *state = task->state;
    struct sort_line *lines = (void *)state->lines.data;

    for (int i = 0; i < AT_ONCE; i++) {
        size_t count = state->lines.size / sizeof(*lines);
        struct sort_line line;

        if (state->sift > 0) {
            sift_down(state, --state->sift);
            continue;
        }
        if (count == 0) {
            return task_exit(task, state->input.failed ? 2 : 0);
        }
        line = lines[0];
        lines[0] = lines[count - 1];
        state->lines.size -= sizeof(line);
        sift_down(state, 0);
        if (applet_has(&state->options, 'u') && state->has_last &&
            compare_keys(state, &state->last, &line) == 0) {
            continue;
        }
        state->last = line;
        state->has_last = true;
        task_write(task, 1, state->text.data + line.at, line.length);
        task_write(task, 1, "\n", 1);
    }
    return STEP_MORE;
}

static bool sort_begin(struct task *task)
{
    struct sort_state *state = task->state;

    state->has_begun = true;
    buffer_init(&state->text, task->agent->platform);
    buffer_init(&state->lines, task->agent->platform);
    if (!applet_options(task, "bfgk:nrst:uV",
                        "ignore-case=f numeric-sort=n general-numeric-sort=g reverse=r key=k "
                        "field-separator=t unique=u stable=s version-sort=V "
                        "ignore-leading-blanks=b",
                        &state->options)) {
        return false;
    }
    if (applet_has(&state->options, 'g') ||
        (state->options.values[0] != NULL && strchr(state->options.values[0], 'n') != NULL)) {
        applet_give(&state->options, "n");
    }
    if (state->options.values[0] != NULL && strchr(state->options.values[0], 'r') != NULL) {
        applet_give(&state->options, "r");
    }
    state->input.says_cannot_read = true;
    applet_next(task, &state->input);
    return true;
}

static enum step step_sort(struct task *task)
{
    struct sort_state *state = task->state;
    struct sort_line line;
    int result;

    if (!state->has_begun && !sort_begin(task)) {
        return task_exit(task, 2);
    }
    if (state->is_sorting) {
        return sort_show(task);
    }
    result = read_line(task, &state->input, &state->text, &state->in_line);
    if (result == -EAGAIN || task->is_out_of_memory) {
        return STEP_BLOCKED;
    }
    if (result == -EINPROGRESS) {
        return STEP_MORE;
    }
    if (result == 0) {
        state->is_sorting = true;
        state->sift = state->lines.size / sizeof(line) / 2;
        return STEP_MORE;
    }
    line = (struct sort_line){.at = state->start, .length = state->text.size - state->start};
    if (buffer_append(&state->text, "", 1) < 0) {
        return task_out_of_memory(task);
    }
    if (applet_has(&state->options, 'n')) {
        size_t length;

        line.key = strtod(sort_key(state, &line, &length), NULL);
    }
    if (buffer_append(&state->lines, &line, sizeof(line)) < 0) {
        return task_out_of_memory(task);
    }
    state->start = state->text.size;
    return STEP_MORE;
}

const struct applet applet_sort = {.name = "sort",
                                   .step = step_sort,
                                   .state_size = sizeof(struct sort_state),
                                   .clean_up = sort_clean_up};

/* ---- uniq ------------------------------------------------------------------------------ */

struct uniq_state {
    struct applet_options options;
    struct applet_input input;
    struct buffer line;
    struct buffer last;
    bool has_begun;
    bool in_line;
    uint64_t count; /* of the last line */
};

static void uniq_clean_up(struct task *task)
{
    struct uniq_state *state = task->state;

    applet_close(task, &state->input);
    if (state->has_begun) {
        buffer_free(&state->line);
        buffer_free(&state->last);
    }
}

static void uniq_show(struct task *task)
{
    struct uniq_state *state = task->state;

    if (state->count == 0 || (applet_has(&state->options, 'd') && state->count == 1) ||
        (applet_has(&state->options, 'u') && state->count > 1)) {
        return;
    }
    if (applet_has(&state->options, 'c')) {
        task_print(task, 1, "%7" PRIu64 " ", state->count);
    }
    task_write(task, 1, state->last.data, state->last.size);
    task_write(task, 1, "\n", 1);
}

static enum step step_uniq(struct task *task)
{
    struct uniq_state *state = task->state;
    struct buffer swapped;
    int result;

    if (!state->has_begun) {
        state->has_begun = true;
        buffer_init(&state->line, task->agent->platform);
        buffer_init(&state->last, task->agent->platform);
        if (!applet_options(task, "cdiu", "count=c repeated=d ignore-case=i unique=u",
                            &state->options)) {
            return task_exit(task, 1);
        }
        applet_next(task, &state->input);
    }
    result = read_line(task, &state->input, &state->line, &state->in_line);
    if (result == -EAGAIN || task->is_out_of_memory) {
        return STEP_BLOCKED;
    }
    if (result == -EINPROGRESS) {
        return STEP_MORE;
    }
    if (result == 0) {
        uniq_show(task);
        return task_exit(task, state->input.failed);
    }
    if (state->count > 0 && compare_bytes((const char *)state->line.data, state->line.size,
                                          (const char *)state->last.data, state->last.size,
                                          applet_has(&state->options, 'i')) == 0) {
        state->count++;
    } else {
        uniq_show(task);
        swapped = state->last;
        state->last = state->line;
        state->line = swapped;
        state->count = 1;
    }
    state->line.size = 0;
    return STEP_MORE;
}

const struct applet applet_uniq = {.name = "uniq",
                                   .step = step_uniq,
                                   .state_size = sizeof(struct uniq_state),
                                   .clean_up = uniq_clean_up};

/* ---- cut ------------------------------------------------------------------------------- */

struct cut_state {
    struct applet_options options;
    struct applet_input input;
    struct buffer line;
    const char *list;
    bool has_begun;
    bool in_line;
    char delimiter;
};

static void cut_clean_up(struct task *task)
{
    struct cut_state *state = task->state;

    applet_close(task, &state->input);
    if (state->has_begun) {
        buffer_free(&state->line);
    }
}

/* Whether position `number` is in a list like "1,3-5,7-"; false in *is_valid if it is no list. */
static bool in_list(const char *list, uint64_t number, bool *is_valid)
{
    bool found = false;

    *is_valid = *list != '\0';
    while (*list != '\0') {
        char *end;
        uint64_t low = 1;
        uint64_t high;
        const char *start = list;

        if (*list != '-') {
            low = strtoull(list, &end, 10);
            *is_valid &= end != list && low > 0;
            list = end;
        }
        high = low;
        if (*list == '-') {
            high = strtoull(++list, &end, 10);
            *is_valid &= end - start > 1 && (end == list || high >= low);
            high = end == list ? UINT64_MAX : high;
            list = end;
        }
        found |= number >= low && number <= high;
        if (*list != ',' && *list != '\0') {
            *is_valid = false;
            return false;
        }
        list += *list == ',';
    }
    return found;
}

static bool cut_begin(struct task *task)
{
    struct cut_state *state = task->state;
    struct applet_options *options = &state->options;
    bool is_valid = true;
    int lists;

    state->has_begun = true;
    buffer_init(&state->line, task->agent->platform);
    if (!applet_options(task, "b:c:d:f:ns",
                        "bytes=b characters=c delimiter=d fields=f only-delimited=s", options)) {
        return false;
    }
    lists =
        (options->values[0] != NULL) + (options->values[1] != NULL) + (options->values[3] != NULL);
    state->list = options->values[0] != NULL   ? options->values[0]
                  : options->values[1] != NULL ? options->values[1]
                                               : options->values[3];
    state->delimiter = (char)(options->values[2] == NULL ? '\t' : *options->values[2]);
    if (lists != 1) {
        task_error(task, lists == 0 ? "you must specify a list of bytes, characters, or fields"
                                    : "only one list may be specified");
        is_valid = false;
    } else if (options->values[2] != NULL && strlen(options->values[2]) > 1) {
        task_error(task, "the delimiter must be a single character");
        is_valid = false;
    } else {
        (void)in_list(state->list, 1, &is_valid);
        if (!is_valid) {
            size_t digits = strspn(state->list, "0123456789,-");
            const char *what = options->values[3] != NULL ? "field" : "byte/character position";

            if (state->list[digits] != '\0') {
                task_error(task, "invalid %s value '%s'", what, state->list + digits);
            } else if (strtoull(state->list, NULL, 10) == 0 && *state->list == '0') {
                task_error(task, "%s are numbered from 1",
                           options->values[3] != NULL ? "fields" : "byte/character positions");
            } else {
                task_error(task, "invalid %s range", what);
            }
        }
    }
    if (!is_valid) {
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return false;
    }
    applet_next(task, &state->input);
    return true;
}

static void cut_fields(struct task *task, const struct cut_state *state)
{
    const char *text = (const char *)state->line.data;
    const char *end = text + state->line.size;
    bool is_first = true;
    bool is_valid;

    if (state->line.size == 0 || memchr(text, state->delimiter, state->line.size) == NULL) {
        if (!applet_has(&state->options, 's')) {
            task_write(task, 1, text, state->line.size);
            task_write(task, 1, "\n", 1);
        }
        return;
    }
    for (uint64_t field = 1; text <= end; field++) {
        const char *stop = memchr(text, state->delimiter, (size_t)(end - text));

        stop = stop == NULL ? end : stop;
        if (in_list(state->list, field, &is_valid)) {
            if (!is_first) {
                task_write(task, 1, &state->delimiter, 1);
            }
            is_first = false;
            task_write(task, 1, text, (size_t)(stop - text));
        }
        text = stop + 1;
    }
    task_write(task, 1, "\n", 1);
}

static void cut_bytes(struct task *task, const struct cut_state *state)
{
    bool is_valid;

    for (size_t i = 0; i < state->line.size; i++) {
        if (in_list(state->list, i + 1, &is_valid)) {
            task_write(task, 1, state->line.data + i, 1);
        }
    }
    task_write(task, 1, "\n", 1);
}

static enum step step_cut(struct task *task)
{
    struct cut_state *state = task->state;
    int result;

    if (!state->has_begun && !cut_begin(task)) {
        return task_exit(task, 1);
    }
    result = read_line(task, &state->input, &state->line, &state->in_line);
    if (result == -EAGAIN || task->is_out_of_memory) {
        return STEP_BLOCKED;
    }
    if (result == -EINPROGRESS) {
        return STEP_MORE;
    }
    if (result == 0) {
        return task_exit(task, state->input.failed);
    }
    if (state->options.values[3] != NULL) {
        cut_fields(task, state);
    } else {
        cut_bytes(task, state);
    }
    state->line.size = 0;
    return STEP_MORE;
}

const struct applet applet_cut = {.name = "cut",
                                  .step = step_cut,
                                  .state_size = sizeof(struct cut_state),
                                  .clean_up = cut_clean_up};
