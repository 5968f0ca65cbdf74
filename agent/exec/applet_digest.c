/* SPDX-License-Identifier: BSD-2-Clause */
/* sha256sum and base64: bytes turned into other bytes. */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "base64.h"
#include "sha256.h"
#include "state.h"

/* ---- sha256sum ------------------------------------------------------------------------- */

#define HEX_BYTES (2u * SHA256_BYTES)

struct digest_state {
    struct applet_input input;
    struct applet_options options;
    bool has_begun;
    bool failed;
    struct sha256 sha256;
    /* -c: a list of digests, a line at a time, and the file that one of them is about. */
    struct buffer line;
    struct stream *checked;
    char *name;
    unsigned mismatches;
    unsigned unreadable;
    unsigned bad_lines;
    unsigned good_lines;
};

static void digest_clean_up(struct task *task)
{
    struct digest_state *state = task->state;

    applet_close(task, &state->input);
    stream_release(&task->agent->tasks.streams, state->checked);
    if (state->has_begun) {
        buffer_free(&state->line);
    }
}

static void finish_digest(struct digest_state *state, char text[HEX_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_BYTES];

    sha256_final(&state->sha256, digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        text[i * 2] = digits[digest[i] >> 4];
        text[i * 2 + 1] = digits[digest[i] & 15];
    }
    text[HEX_BYTES] = '\0';
    sha256_init(&state->sha256);
}

/* ---- sha256sum -c ---------------------------------------------------------------------- */

/* "DIGEST  NAME": opens NAME; false if there is nothing to do for this line. */
static bool open_checked(struct task *task, struct digest_state *state)
{
    char *line = (char *)state->line.data;
    int result;

    if (state->line.size <= HEX_BYTES + 3 || strspn(line, "0123456789abcdefABCDEF") != HEX_BYTES ||
        line[HEX_BYTES] != ' ') {
        state->bad_lines += state->line.size > 1;
        return false;
    }
    state->good_lines++;
    state->name = line + HEX_BYTES + 2;
    result = task_open(task, state->name, 0, false, &state->checked);
    if (result < 0) {
        task_error(task, "%s: %s", state->name, ramfs_error_text(result));
        task_print(task, 1, "%s: FAILED open or read\n", state->name);
        state->unreadable++;
        return false;
    }
    return true;
}

static enum step check_piece(struct task *task, struct digest_state *state)
{
    const uint8_t *bytes;
    int64_t count = stream_peek(state->checked, &bytes);
    char text[HEX_BYTES + 1];
    bool matches = true;

    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count > 0) {
        sha256_update(&state->sha256, bytes, (size_t)count);
        stream_consume(state->checked, (size_t)count);
        return STEP_MORE;
    }
    finish_digest(state, text);
    for (size_t i = 0; i < HEX_BYTES; i++) {
        matches = matches &&
                  text[i] == (char)(state->line.data[i] | (state->line.data[i] >= 'A' ? 0x20 : 0));
    }
    state->mismatches += !matches;
    if (!matches || !(applet_has(&state->options, 'q') || applet_has(&state->options, 's'))) {
        task_print(task, 1, "%s: %s\n", state->name, matches ? "OK" : "FAILED");
    }
    stream_release(&task->agent->tasks.streams, state->checked);
    state->checked = NULL;
    state->line.size = 0;
    return STEP_MORE;
}

static enum step end_check(struct task *task, struct digest_state *state)
{
    if (applet_next(task, &state->input)) {
        return STEP_MORE;
    }
    if (state->good_lines == 0) {
        task_error(task, "%s: no properly formatted checksum lines found",
                   task->argc > 1 ? task->argv[task->argc - 1] : "'standard input'");
        return task_exit(task, 1);
    }
    if (state->bad_lines > 0) {
        task_error(task,
                   state->bad_lines == 1 ? "WARNING: %u line is improperly formatted"
                                         : "WARNING: %u lines are improperly formatted",
                   state->bad_lines);
    }
    if (state->unreadable > 0) {
        task_error(task,
                   state->unreadable == 1 ? "WARNING: %u listed file could not be read"
                                          : "WARNING: %u listed files could not be read",
                   state->unreadable);
    }
    if (state->mismatches > 0) {
        task_error(task,
                   state->mismatches == 1 ? "WARNING: %u computed checksum did NOT match"
                                          : "WARNING: %u computed checksums did NOT match",
                   state->mismatches);
    }
    return task_exit(task, state->unreadable > 0 || state->mismatches > 0);
}

static enum step check_step(struct task *task, struct digest_state *state)
{
    const uint8_t *bytes;
    const uint8_t *newline;
    int64_t count;

    if (state->checked != NULL) {
        return check_piece(task, state);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count == 0) {
        return end_check(task, state);
    }
    newline = memchr(bytes, '\n', (size_t)count);
    count = newline == NULL ? count : newline - bytes;
    if (buffer_append(&state->line, bytes, (size_t)count) < 0 ||
        (newline != NULL && buffer_append(&state->line, "", 1) < 0)) {
        return task_out_of_memory(task);
    }
    applet_consume(&state->input, (size_t)count + (newline != NULL));
    if (newline != NULL && !open_checked(task, state)) {
        state->line.size = 0;
    }
    return STEP_MORE;
}

static enum step step_sha256sum(struct task *task)
{
    struct digest_state *state = task->state;
    char text[HEX_BYTES + 1];
    const uint8_t *bytes;
    int64_t count;

    if (!state->has_begun) {
        buffer_init(&state->line, task->agent->platform);
        state->has_begun = true;
        if (!applet_options(task, "bcqstw", "check=c quiet=q status=s binary=b text=t warn=w",
                            &state->options)) {
            return task_exit(task, 1);
        }
        sha256_init(&state->sha256);
        applet_next(task, &state->input);
    }
    if (applet_has(&state->options, 'c')) {
        return check_step(task, state);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count > 0) {
        sha256_update(&state->sha256, bytes, (size_t)count);
        applet_consume(&state->input, (size_t)count);
        return STEP_MORE;
    }
    finish_digest(state, text);
    if (state->input.name != NULL) {
        task_print(task, 1, "%s %c%s\n", text, applet_has(&state->options, 'b') ? '*' : ' ',
                   state->input.name);
    }
    return applet_next(task, &state->input) ? STEP_MORE : task_exit(task, state->input.failed);
}

const struct applet applet_sha256sum = {.name = "sha256sum",
                                        .step = step_sha256sum,
                                        .state_size = sizeof(struct digest_state),
                                        .clean_up = digest_clean_up};

/* ---- base64 ---------------------------------------------------------------------------- */

struct base64_state {
    struct applet_input input;
    struct applet_options options;
    bool has_begun;
    uint64_t wrap;
    uint64_t column;
    uint8_t group[4];
    size_t grouped;
};

static void base64_clean_up(struct task *task)
{
    applet_close(task, &((struct base64_state *)task->state)->input);
}

static void encode_group(struct task *task, struct base64_state *state)
{
    uint8_t text[4];

    base64_encode(NULL, state->group, state->grouped, text);
    state->grouped = 0;
    for (int i = 0; i < 4; i++) {
        task_write(task, 1, text + i, 1);
        if (++state->column == state->wrap) {
            task_write(task, 1, "\n", 1);
            state->column = 0;
        }
    }
}

/* A group of four characters; false if they are none of the alphabet. */
static bool decode_group(struct task *task, struct base64_state *state)
{
    struct base64_decoder decoder;
    uint8_t bytes[3];
    int64_t count;

    base64_decoder_init(&decoder, NULL, (const char *)state->group, 4);
    count = base64_decode(&decoder, bytes, sizeof(bytes));
    state->grouped = 0;
    if (count < 0 || memchr(state->group, '=', 2) != NULL) {
        return false;
    }
    count = state->group[2] == '=' ? 1 : state->group[3] == '=' ? 2 : 3;
    task_write(task, 1, bytes, (size_t)count);
    return true;
}

static bool base64_bytes(struct task *task, struct base64_state *state, const uint8_t *bytes,
                         size_t count)
{
    bool decodes = applet_has(&state->options, 'd');

    for (size_t i = 0; i < count; i++) {
        if (decodes && bytes[i] == '\n') {
            continue;
        }
        state->group[state->grouped++] = bytes[i];
        if (decodes && state->grouped == 4) {
            if (!decode_group(task, state)) {
                return false;
            }
        } else if (!decodes && state->grouped == 3) {
            encode_group(task, state);
        }
    }
    return true;
}

static enum step base64_end(struct task *task, struct base64_state *state)
{
    if (applet_has(&state->options, 'd')) {
        if (state->grouped > 0) {
            task_error(task, "invalid input");
            return task_exit(task, 1);
        }
        return task_exit(task, state->input.failed);
    }
    if (state->grouped > 0) {
        encode_group(task, state);
    }
    if (state->wrap > 0 && state->column > 0) {
        task_write(task, 1, "\n", 1);
    }
    return task_exit(task, state->input.failed);
}

static enum step step_base64(struct task *task)
{
    struct base64_state *state = task->state;
    const uint8_t *bytes;
    int64_t count;

    if (!state->has_begun) {
        state->has_begun = true;
        state->wrap = 76;
        if (!applet_options(task, "diw:", "decode=d ignore-garbage=i wrap=w", &state->options)) {
            return task_exit(task, 1);
        }
        if (state->options.values[0] != NULL &&
            !applet_number(state->options.values[0], false, &state->wrap)) {
            task_error(task, "invalid wrap size: '%s'", state->options.values[0]);
            return task_exit(task, 1);
        }
        applet_next(task, &state->input);
    }
    count = applet_peek(task, &state->input, &bytes);
    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count == 0) {
        return base64_end(task, state);
    }
    if (!base64_bytes(task, state, bytes, (size_t)count)) {
        task_error(task, "invalid input");
        return task_exit(task, 1);
    }
    applet_consume(&state->input, (size_t)count);
    return STEP_MORE;
}

const struct applet applet_base64 = {.name = "base64",
                                     .step = step_base64,
                                     .state_size = sizeof(struct base64_state),
                                     .clean_up = base64_clean_up};
