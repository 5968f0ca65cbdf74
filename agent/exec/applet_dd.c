/* SPDX-License-Identifier: BSD-2-Clause */
/* dd: copies in records, and tells how many there were. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "state.h"

#define RECORD_BYTES 512u

enum { CONV_NOTRUNC = 1, CONV_SYNC = 2, CONV_UCASE = 4, CONV_LCASE = 8, CONV_NOCREAT = 16 };

struct dd_state {
    bool has_begun;
    bool is_quiet;     /* status=none */
    bool has_no_rate;  /* status=noxfer */
    bool reads_blocks; /* iflag=fullblock */
    bool counts_bytes; /* iflag=count_bytes */
    bool has_count;
    bool has_output; /* of= */
    unsigned conversions;
    const char *input_name;
    const char *output_name;
    uint64_t in_bytes;  /* of a record */
    uint64_t out_bytes; /* the same for output */
    uint64_t skip;
    uint64_t seek;
    uint64_t count;
    uint64_t record; /* bytes of the current one so far */
    uint64_t full;
    uint64_t partial;
    uint64_t total;
    uint64_t started_ns;
};

/* ---- Operands -------------------------------------------------------------------------- */

/* "4", "4k", "4kB", "2x512", as dd counts bytes; false if it is none. */
static bool read_size(const char *text, uint64_t *size)
{
    static const struct {
        char letter;
        uint64_t factor; /* with "B" behind the letter, powers of 1000 */
    } units[] = {{'k', 1}, {'K', 1}, {'M', 2}, {'G', 3}, {'T', 4}};
    uint64_t product = 1;

    do {
        uint64_t number = 0;
        uint64_t factor = 1;

        if (*text < '0' || *text > '9') {
            return false;
        }
        for (; *text >= '0' && *text <= '9'; text++) {
            number = number * 10 + (uint64_t)(*text - '0');
            if (number > INT64_MAX / 16) {
                return false;
            }
        }
        if (*text == 'c' || *text == 'w' || *text == 'b') {
            factor = *text == 'c' ? 1 : *text == 'w' ? 2 : 512;
            text++;
        }
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && factor == 1; i++) {
            if (*text == units[i].letter) {
                uint64_t base = text[1] == 'B' ? 1000 : 1024;

                for (uint64_t power = 0; power < units[i].factor; power++) {
                    factor *= base;
                }
                text += text[1] == 'i' && text[2] == 'B' ? 3 : text[1] == 'B' ? 2 : 1;
                break;
            }
        }
        if (number != 0 && factor > INT64_MAX / number) {
            return false;
        }
        number *= factor;
        if (number != 0 && product > INT64_MAX / number) {
            return false;
        }
        product *= number;
    } while (*text == 'x' && text++ != NULL);
    *size = product;
    return *text == '\0';
}

/* Looks each word of "a,b" up in "a=x b=y"; the letters that were found, or -1 with the message. */
static int read_words(struct task *task, const char *list, const char *known, const char *what,
                      unsigned *bits)
{
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        unsigned bit = 1;
        bool found = false;

        for (const char *at = known; *at != '\0' && !found; bit *= 2) {
            size_t known_length = strcspn(at, " ");

            found = known_length == length && strncmp(at, list, length) == 0;
            at += known_length;
            at += *at == ' ';
        }
        if (!found) {
            task_error(task, "invalid %s: '%.*s'", what, (int)length, list);
            task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
            return -1;
        }
        *bits |= bit / 2;
        list += length;
        list += *list == ',';
    }
    return 0;
}

static bool read_number(struct task *task, const char *text, bool may_be_zero, uint64_t *number)
{
    if (!read_size(text, number) || (*number == 0 && !may_be_zero)) {
        task_error(task, "invalid number: '%s'", text);
        return false;
    }
    return true;
}

/* One "name=value". */
static bool read_operand(struct task *task, struct dd_state *state, const char *word)
{
    const char *value = strchr(word, '=');
    size_t length = value == NULL ? 0 : (size_t)(value - word);
    const struct {
        const char *name;
        uint64_t *number;
        bool may_be_zero;
    } numbers[] = {{"bs", &state->in_bytes, false},   {"ibs", &state->in_bytes, false},
                   {"obs", &state->out_bytes, false}, {"skip", &state->skip, true},
                   {"iseek", &state->skip, true},     {"seek", &state->seek, true},
                   {"oseek", &state->seek, true},     {"count", &state->count, true}};
    unsigned flags = 0;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strlen(numbers[i].name) == length && strncmp(word, numbers[i].name, length) == 0) {
            if (!read_number(task, value + 1, numbers[i].may_be_zero, numbers[i].number)) {
                return false;
            }
            state->has_count = state->has_count || *word == 'c';
            if (*word == 'b') {
                state->out_bytes = state->in_bytes;
            }
            return true;
        }
    }
    if (strncmp(word, "if=", 3) == 0) {
        state->input_name = value + 1;
    } else if (strncmp(word, "of=", 3) == 0) {
        state->output_name = value + 1;
    } else if (strncmp(word, "conv=", 5) == 0) {
        return read_words(task, value + 1,
                          "notrunc sync ucase lcase nocreat noerror fsync fdatasync", "conversion",
                          &state->conversions) == 0;
    } else if (strncmp(word, "iflag=", 6) == 0 || strncmp(word, "oflag=", 6) == 0) {
        if (read_words(task, value + 1,
                       "fullblock count_bytes direct sync dsync append nonblock nocache",
                       *word == 'i' ? "input flag" : "output flag", &flags) < 0) {
            return false;
        }
        state->reads_blocks = state->reads_blocks || (flags & 1) != 0;
        state->counts_bytes = state->counts_bytes || (flags & 2) != 0;
    } else if (strncmp(word, "status=", 7) == 0) {
        state->is_quiet = strcmp(value + 1, "none") == 0;
        state->has_no_rate = strcmp(value + 1, "noxfer") == 0;
    } else {
        task_error(task, "unrecognized operand '%s'", word);
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return false;
    }
    return true;
}

/* ---- Beginning ------------------------------------------------------------------------- */

/* What cannot be opened is told; the descriptor is then as it was. */
static bool open_as(struct task *task, unsigned fd, const char *name, unsigned flags)
{
    struct stream *stream;
    int result = task_open(task, name, flags, false, &stream);

    if (result < 0) {
        task_error(task, "failed to open '%s': %s", name, ramfs_error_text(result));
        return false;
    }
    task_set_stream(task, fd, stream);
    return true;
}

static bool open_output(struct task *task, struct dd_state *state)
{
    bool keeps = (state->conversions & CONV_NOTRUNC) != 0;
    unsigned flags = RAMFS_WRITE | ((state->conversions & CONV_NOCREAT) != 0 ? 0 : RAMFS_CREATE);
    uint64_t position;
    struct stream *out;

    if (!keeps && state->seek == 0) {
        flags |= RAMFS_TRUNCATE;
    }
    if (state->output_name != NULL && !open_as(task, 1, state->output_name, flags)) {
        return false;
    }
    out = task->fds[1];
    if (state->seek > 0 && out != NULL && out->kind == STREAM_FILE) {
        if (state->seek > INT64_MAX / state->out_bytes) {
            task_error(task, "'%s': cannot seek: %s",
                       state->output_name == NULL ? "standard output" : state->output_name,
                       ramfs_error_text(EINVAL));
            return false;
        }
        position = state->seek * state->out_bytes;
        if (!keeps && state->output_name != NULL) {
            ramfs_resize(&task->agent->fs, out->file, position);
        }
        out->position = position;
    }
    return true;
}

static bool dd_begin(struct task *task, struct dd_state *state)
{
    state->in_bytes = state->out_bytes = RECORD_BYTES;
    for (int i = 1; i < task->argc; i++) {
        if (strcmp(task->argv[i], "--") != 0 && !read_operand(task, state, task->argv[i])) {
            return false;
        }
    }
    if (state->input_name != NULL && !open_as(task, 0, state->input_name, 0)) {
        return false;
    }
    if (!open_output(task, state)) {
        return false;
    }
    state->skip =
        state->skip > INT64_MAX / state->in_bytes ? INT64_MAX : state->skip * state->in_bytes;
    if (state->has_count && !state->counts_bytes) {
        state->count = state->count > INT64_MAX / state->in_bytes ? INT64_MAX : state->count;
    }
    state->started_ns = task_now_ns(task);
    state->has_begun = true;
    return true;
}

/* ---- Copying --------------------------------------------------------------------------- */

/* A size with its unit, to be read by people: "4.1 kB". */
static void human(uint64_t size, uint64_t base, const char *units, char text[32])
{
    uint64_t scale = 1;
    size_t unit = 0;

    while (size / scale >= base && units[unit + 1] != '\0') {
        scale *= base;
        unit++;
    }
    if (unit == 0) {
        snprintf(text, 32, "%" PRIu64 " ", size);
        return;
    }
    /* Below ten with a tenth; `scale` has at least ten parts then. */
    if ((size + scale / 20) / (scale / 10) < 100) {
        uint64_t tenths = (size + scale / 20) / (scale / 10);

        snprintf(text, 32, "%" PRIu64 ".%" PRIu64 " %c", tenths / 10, tenths % 10, units[unit]);
    } else {
        snprintf(text, 32, "%" PRIu64 " %c", size / scale + (size % scale >= scale / 2),
                 units[unit]);
    }
}

static void tell_rate(struct task *task, const struct dd_state *state)
{
    uint64_t ns = task_now_ns(task) - state->started_ns + 1;
    uint64_t rate = state->total < UINT64_MAX / 1000000000 ? state->total * 1000000000 / ns
                                                           : state->total / (ns / 1000000000 + 1);
    char text[32];

    task_print(task, 2, "%" PRIu64 " byte%s", state->total, state->total == 1 ? "" : "s");
    if (state->total >= 1000) {
        human(state->total, 1000, " kMGTPE", text);
        task_print(task, 2, " (%sB", text);
        if (state->total >= 1024) {
            human(state->total, 1024, " KMGTPE", text);
            task_print(task, 2, ", %siB", text);
        }
        task_print(task, 2, ")");
    }
    human(rate, 1000, " kMGTPE", text);
    task_print(task, 2, " copied, %" PRIu64 ".%06" PRIu64 " s, %sB/s\n", ns / 1000000000,
               ns % 1000000000 / 1000, text);
}

static enum step dd_end(struct task *task, struct dd_state *state, int code)
{
    uint64_t full = state->full;
    uint64_t partial = state->partial;

    if (state->skip > 0) {
        task_error(task, "%s: cannot skip to specified offset",
                   state->input_name == NULL ? "'standard input'"
                                             : applet_quote(task, state->input_name));
    }
    if (state->is_quiet) {
        return task_exit(task, code);
    }
    task_print(task, 2, "%" PRIu64 "+%" PRIu64 " records in\n", full, partial);
    if ((state->conversions & CONV_SYNC) != 0) {
        full += partial;
        partial = 0;
    }
    if (state->in_bytes != state->out_bytes) {
        full = state->total / state->out_bytes;
        partial = state->total % state->out_bytes != 0;
    }
    task_print(task, 2, "%" PRIu64 "+%" PRIu64 " records out\n", full, partial);
    if (!state->has_no_rate) {
        tell_rate(task, state);
    }
    return task_exit(task, code);
}

/* The current record is over. */
static void end_record(struct task *task, struct dd_state *state)
{
    static const uint8_t zeros[64];

    if (state->record == 0) {
        return;
    }
    if (state->record == state->in_bytes) {
        state->full++;
    } else {
        state->partial++;
        while ((state->conversions & CONV_SYNC) != 0 && state->record < state->in_bytes) {
            uint64_t left = state->in_bytes - state->record;
            size_t piece = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

            task_write(task, 1, zeros, piece);
            state->record += piece;
            state->total += piece;
        }
    }
    state->record = 0;
}

static bool has_enough(const struct dd_state *state)
{
    return state->has_count && (state->counts_bytes ? state->total >= state->count
                                                    : state->full + state->partial >= state->count);
}

static void copy(struct task *task, struct dd_state *state, const uint8_t *bytes, size_t count)
{
    bool lowers = (state->conversions & CONV_LCASE) != 0;

    if ((state->conversions & (CONV_UCASE | CONV_LCASE)) == 0) {
        task_write(task, 1, bytes, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char byte = (char)bytes[i];
        bool is_letter = lowers ? byte >= 'A' && byte <= 'Z' : byte >= 'a' && byte <= 'z';

        byte = (char)(is_letter ? byte ^ 0x20 : byte);
        task_write(task, 1, &byte, 1);
    }
}

static enum step step_dd(struct task *task)
{
    struct dd_state *state = task->state;
    const uint8_t *bytes;
    uint64_t wanted;
    int64_t count;

    if (!state->has_begun && !dd_begin(task, state)) {
        return task_exit(task, 1);
    }
    if (has_enough(state)) {
        return dd_end(task, state, 0);
    }
    count = task->fds[0] == NULL ? -EBADF : stream_peek(task->fds[0], &bytes);
    if (count == -EAGAIN) {
        if (!state->reads_blocks) {
            end_record(task, state); /* what a pipe holds is what one read gives */
        }
        return STEP_BLOCKED;
    }
    if (count < 0) {
        task_error(task, "error reading '%s': %s",
                   state->input_name == NULL ? "standard input" : state->input_name,
                   ramfs_error_text((int)count));
        return dd_end(task, state, 1);
    }
    if (count == 0) {
        end_record(task, state);
        return dd_end(task, state, 0);
    }
    wanted = state->skip > 0 ? state->skip : state->in_bytes - state->record;
    if (state->skip == 0 && state->counts_bytes && state->has_count &&
        wanted > state->count - state->total) {
        wanted = state->count - state->total;
    }
    wanted = wanted > TASK_PIECE ? TASK_PIECE : wanted;
    count = (uint64_t)count > wanted ? (int64_t)wanted : count;
    if (state->skip > 0) {
        state->skip -= (uint64_t)count;
    } else {
        copy(task, state, bytes, (size_t)count);
        state->record += (uint64_t)count;
        state->total += (uint64_t)count;
    }
    stream_consume(task->fds[0], (size_t)count);
    if (state->record == state->in_bytes || has_enough(state)) {
        end_record(task, state);
    }
    return STEP_MORE;
}

const struct applet applet_dd = {
    .name = "dd", .step = step_dd, .state_size = sizeof(struct dd_state)};
