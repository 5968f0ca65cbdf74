/* SPDX-License-Identifier: BSD-2-Clause */
/* tr. */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "state.h"

struct tr_state {
    struct applet_options options;
    struct applet_input input;
    bool has_begun;
    int last; /* byte that was written, for -s */
    uint8_t table[256];
    uint8_t is_first[256];  /* in the first set */
    uint8_t is_second[256]; /* in the set that -s is about */
};

/* A set of bytes in the order in which it was given. */
struct tr_set {
    uint8_t bytes[512];
    size_t count;
};

static void tr_clean_up(struct task *task)
{
    applet_close(task, &((struct tr_state *)task->state)->input);
}

static void add_byte(struct tr_set *set, int byte)
{
    if (set->count < sizeof(set->bytes)) {
        set->bytes[set->count++] = (uint8_t)byte;
    }
}

static bool add_class(struct tr_set *set, const char **text)
{
    static const char *const names[] = {"[:upper:]", "[:lower:]", "[:digit:]",
                                        "[:alpha:]", "[:alnum:]", "[:space:]",
                                        "[:blank:]", "[:punct:]", "[:xdigit:]"};

    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (strncmp(*text, names[i], strlen(names[i])) != 0) {
            continue;
        }
        for (int byte = 0; byte < 128; byte++) {
            bool is_digit = byte >= '0' && byte <= '9';
            bool is_upper = byte >= 'A' && byte <= 'Z';
            bool is_lower = byte >= 'a' && byte <= 'z';
            bool is_in =
                i == 0   ? is_upper
                : i == 1 ? is_lower
                : i == 2 ? is_digit
                : i == 3 ? is_upper || is_lower
                : i == 4 ? is_upper || is_lower || is_digit
                : i == 5 ? byte == ' ' || (byte >= '\t' && byte <= '\r')
                : i == 6 ? byte == ' ' || byte == '\t'
                : i == 7 ? byte > ' ' && byte < 127 && !is_upper && !is_lower && !is_digit
                         : is_digit || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');

            if (is_in) {
                add_byte(set, byte);
            }
        }
        *text += strlen(names[i]);
        return true;
    }
    return false;
}

static uint8_t read_byte(const char **text)
{
    char byte = **text;

    if (byte == '\\' && applet_unescape(text, APPLET_OCTAL, &byte)) {
        if (byte == '\\' && **text != '\0' && (*text)[-1] != '\\') {
            byte = *(*text)++; /* an escape that says nothing: the byte itself */
        }
        return (uint8_t)byte;
    }
    (*text)++;
    return (uint8_t)byte;
}

static void read_set(struct tr_set *set, const char *text)
{
    set->count = 0;
    while (*text != '\0') {
        uint8_t low;

        if (*text == '[' && add_class(set, &text)) {
            continue;
        }
        low = read_byte(&text);
        if (*text == '-' && text[1] != '\0') {
            uint8_t high;

            text++;
            high = read_byte(&text);
            for (int byte = low; byte <= high; byte++) {
                add_byte(set, byte);
            }
        } else {
            add_byte(set, low);
        }
    }
}

static void complement(struct tr_set *set)
{
    uint8_t is_in[256] = {0};

    for (size_t i = 0; i < set->count; i++) {
        is_in[set->bytes[i]] = 1;
    }
    set->count = 0;
    for (int byte = 0; byte < 256; byte++) {
        if (!is_in[byte]) {
            add_byte(set, byte);
        }
    }
}

static bool tr_begin(struct task *task)
{
    struct tr_state *state = task->state;
    struct tr_set first;
    struct tr_set second = {.count = 0};
    bool deletes;
    bool squeezes;

    state->has_begun = true;
    state->last = -1;
    if (!applet_options(task, "+Ccdst", "complement=c delete=d squeeze-repeats=s truncate-set1=t",
                        &state->options)) {
        return false;
    }
    deletes = applet_has(&state->options, 'd');
    squeezes = applet_has(&state->options, 's');
    if (task->argc < 2 || (task->argc < 3 && !deletes && !squeezes)) {
        task_error(task, task->argc < 2 ? "missing operand" : "missing operand after '%s'",
                   task->argv[task->argc - 1]);
        if (task->argc == 2) {
            task_print(task, 2, "Two strings must be given when translating.\n");
        }
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return false;
    }
    read_set(&first, task->argv[1]);
    if (applet_has(&state->options, 'c') || applet_has(&state->options, 'C')) {
        complement(&first);
    }
    if (task->argc > 2) {
        read_set(&second, task->argv[2]);
    }
    for (int byte = 0; byte < 256; byte++) {
        state->table[byte] = (uint8_t)byte;
    }
    for (size_t i = 0; i < first.count; i++) {
        state->is_first[first.bytes[i]] = 1;
        if (!deletes && second.count > 0) {
            state->table[first.bytes[i]] = second.bytes[i < second.count ? i : second.count - 1];
        }
    }
    for (size_t i = 0; i < second.count; i++) {
        state->is_second[second.bytes[i]] = 1;
    }
    if (squeezes && second.count == 0) {
        memcpy(state->is_second, state->is_first, sizeof(state->is_second));
    }
    task->argc = 1; /* input is descriptor 0 */
    applet_next(task, &state->input);
    return true;
}

static enum step step_tr(struct task *task)
{
    struct tr_state *state = task->state;
    uint8_t out[TASK_PIECE];
    const uint8_t *bytes;
    size_t length = 0;
    int64_t count;

    if (!state->has_begun && !tr_begin(task)) {
        return task_exit(task, 1);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count == 0) {
        return task_exit(task, state->input.failed);
    }
    for (int64_t i = 0; i < count; i++) {
        uint8_t byte = state->table[bytes[i]];

        if (applet_has(&state->options, 'd') && state->is_first[bytes[i]]) {
            continue;
        }
        if (applet_has(&state->options, 's') && state->is_second[byte] && byte == state->last) {
            continue;
        }
        state->last = byte;
        out[length++] = byte;
    }
    task_write(task, 1, out, length);
    applet_consume(&state->input, (size_t)count);
    return STEP_MORE;
}

const struct applet applet_tr = {
    .name = "tr", .step = step_tr, .state_size = sizeof(struct tr_state), .clean_up = tr_clean_up};
