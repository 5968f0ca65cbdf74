/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest-exec and guest-exec-status: programs as qga/commands.c runs them, with GLib's messages
 * (gspawn.c) where one does not start.
 */
#include <errno.h>
#include <string.h>

#include "exec/applet.h"
#include "qga_commands.h"
#include "state.h"

/* ---- guest-exec-status ----------------------------------------------------------------- */

void process_reap(struct agent *agent, struct process *process)
{
    struct process **link = &agent->tasks.processes;

    while (*link != process) {
        link = &(*link)->next;
    }
    *link = process->next;
    stream_release(&agent->tasks.streams, process->out);
    stream_release(&agent->tasks.streams, process->err);
    agent->platform->resize(agent->platform->ctx, process, sizeof(*process), 0);
}

/* Whether somebody, a child of the program perhaps, can still write to it. */
static bool is_open(const struct stream *stream)
{
    return stream != NULL && stream->holds > 1;
}

static bool is_empty(const struct stream *stream)
{
    return stream == NULL || stream->file->size == 0;
}

/* One of the outputs; the larger one is encoded while it is sent, the other at once. */
static void reply_output(struct agent *agent, struct reply *reply, const char *name,
                         const struct stream *stream, bool is_larger)
{
    if (is_empty(stream)) {
        return;
    }
    reply_key(reply, name);
    if (is_larger) {
        reply_file(reply, &agent->fs, stream->file, 0, (size_t)stream->file->size);
    } else {
        reply_base64(reply, stream->file);
    }
}

static void reply_truncated(struct reply *reply, const char *name, const struct stream *stream)
{
    if (!is_empty(stream) && stream->truncated) {
        reply_key(reply, name);
        reply_bool(reply, true);
    }
}

static void reply_end(struct agent *agent, struct reply *reply, const struct process *process)
{
    bool out_is_larger =
        is_empty(process->err) ||
        (process->out != NULL && process->out->file->size >= process->err->file->size);

    if (process->end.signal != 0) {
        reply_key(reply, "signal");
        reply_int(reply, process->end.signal);
    } else {
        reply_key(reply, "exitcode");
        reply_int(reply, process->end.code);
    }
    reply_output(agent, reply, "out-data", process->out, out_is_larger);
    reply_output(agent, reply, "err-data", process->err, !out_is_larger);
    reply_truncated(reply, "out-truncated", process->out);
    reply_truncated(reply, "err-truncated", process->err);
}

int qmp_guest_exec_status(struct agent *agent, const struct args_guest_exec_status *arguments,
                          struct reply *reply)
{
    struct process *process = agent->tasks.processes;
    bool has_exited;

    while (process != NULL && process->pid != arguments->pid) {
        process = process->next;
    }
    if (process == NULL) {
        return reply_error(reply, "PID ld does not exist"); /* sic: qemu-ga 10.0 says that */
    }
    has_exited = process->is_finished && !is_open(process->out) && !is_open(process->err);
    reply_object_begin(reply);
    if (has_exited) {
        reply_end(agent, reply, process);
    }
    reply_key(reply, "exited");
    reply_bool(reply, has_exited);
    reply_object_end(reply);
    if (reply->out_of_memory) {
        return reply_error(reply, "Out of memory");
    }
    if (has_exited) {
        process_reap(agent, process);
    }
    return 0;
}

/* ---- guest-exec ------------------------------------------------------------------------ */

/* What a new program is made of, and what is given back if it cannot be started. */
struct start {
    struct arena arena;
    struct vars vars;
    int argc;
    char **argv;
    struct stream *in;
    struct stream *out;
    struct stream *err;
    struct process *process;
};

static const struct args_type string_type = {.kind = ARGS_STR, .size = sizeof(struct args_string)};

static int read_arguments(struct start *start, const struct args_guest_exec *arguments)
{
    size_t count = arguments->has_arg ? arguments->arg.count : 0;
    uint32_t cursor = 0;

    if (count > TASK_ARGUMENTS_MAX / sizeof(char *)) {
        return -E2BIG;
    }
    start->argc = (int)count + 1;
    start->argv = arena_alloc(&start->arena, (count + 2) * sizeof(char *));
    if (start->argv == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i <= count; i++) {
        struct args_string string = arguments->path;

        if (i > 0) {
            args_array_item(&arguments->arg, &string_type, &cursor, &string);
        }
        start->argv[i] = arena_copy(&start->arena, string.bytes, string.length);
        if (start->argv[i] == NULL) {
            return -ENOMEM;
        }
    }
    return 0;
}

/* The environment, which is the agent's own unless the caller brings another. */
static int read_environment(struct start *start, const struct args_guest_exec *arguments)
{
    uint32_t cursor = 0;
    int result = vars_set_cwd(&start->vars, "/");

    if (!arguments->has_env) {
        return result < 0 ? result : vars_set(&start->vars, "PATH", 4, TASK_PATH, VARS_EXPORTED);
    }
    for (uint32_t i = 0; i < arguments->env.count && result == 0; i++) {
        struct args_string string;
        const char *equals;

        args_array_item(&arguments->env, &string_type, &cursor, &string);
        equals = memchr(string.bytes, '=', string.length);
        if (start->vars.text.size > TASK_ARGUMENTS_MAX) {
            return -E2BIG;
        }
        if (equals != NULL && equals != string.bytes) {
            result = vars_set(&start->vars, string.bytes, (size_t)(equals - string.bytes),
                              equals + 1, VARS_EXPORTED);
        }
    }
    return result;
}

/* A stream over an empty file that has no name. */
static struct stream *create_file(struct agent *agent, enum stream_kind kind)
{
    struct ramfs_node *file = ramfs_anonymous(&agent->fs);
    struct stream *stream;

    if (file == NULL) {
        return NULL;
    }
    stream = stream_create(&agent->tasks.streams, kind, file);
    if (stream == NULL) {
        ramfs_release(&agent->fs, file);
    }
    return stream;
}

static int read_input(struct agent *agent, struct start *start,
                      const struct args_guest_exec *arguments)
{
    const struct args_string *input = &arguments->input_data;
    struct base64_decoder decoder;
    uint8_t piece[768];
    int64_t count;

    start->in = arguments->has_input_data ? create_file(agent, STREAM_FILE)
                                          : stream_create(&agent->tasks.streams, STREAM_NULL, NULL);
    if (start->in == NULL) {
        return -ENOMEM;
    }
    if (!arguments->has_input_data) {
        return 0;
    }
    base64_decoder_init(&decoder, NULL, input->bytes, input->length);
    do {
        count = base64_decode(&decoder, piece, sizeof(piece));
        if (count < 0) {
            return -EINVAL;
        }
        if (ramfs_write(&agent->fs, start->in->file, start->in->file->size, piece, (size_t)count) <
            0) {
            return -ENOMEM;
        }
    } while ((size_t)count == sizeof(piece));
    return 0;
}

/* qga/commands.c:ga_parse_capture_output() */
static enum guest_exec_capture_output_mode capture_mode(const struct args_guest_exec *arguments)
{
    const struct guest_exec_capture_output *capture = &arguments->capture_output;

    if (!arguments->has_capture_output) {
        return GUEST_EXEC_CAPTURE_OUTPUT_MODE_NONE;
    }
    if (capture->branch == GUEST_EXEC_CAPTURE_OUTPUT_FLAG) {
        return capture->u.flag ? GUEST_EXEC_CAPTURE_OUTPUT_MODE_SEPARATED
                               : GUEST_EXEC_CAPTURE_OUTPUT_MODE_NONE;
    }
    return capture->u.mode;
}

static int open_outputs(struct agent *agent, struct start *start,
                        enum guest_exec_capture_output_mode mode)
{
    bool takes_out = mode != GUEST_EXEC_CAPTURE_OUTPUT_MODE_NONE &&
                     mode != GUEST_EXEC_CAPTURE_OUTPUT_MODE_STDERR;
    bool takes_err = mode == GUEST_EXEC_CAPTURE_OUTPUT_MODE_STDERR ||
                     mode == GUEST_EXEC_CAPTURE_OUTPUT_MODE_SEPARATED;
    struct streams *streams = &agent->tasks.streams;

    start->out =
        takes_out ? create_file(agent, STREAM_CAPTURE) : stream_create(streams, STREAM_NULL, NULL);
    if (start->out == NULL) {
        return -ENOMEM;
    }
    if (mode == GUEST_EXEC_CAPTURE_OUTPUT_MODE_MERGED) {
        start->err = stream_hold(start->out);
    } else {
        start->err = takes_err ? create_file(agent, STREAM_CAPTURE)
                               : stream_create(streams, STREAM_NULL, NULL);
    }
    return start->err == NULL ? -ENOMEM : 0;
}

/* Everything is there: starts it, and remembers it for guest-exec-status. */
static int launch(struct agent *agent, struct start *start, const struct task_program *program)
{
    struct process *process = start->process;
    int error;
    struct task *task =
        task_create(agent, NULL, program, start->argc, start->argv, &start->vars, &error);

    if (task == NULL) {
        return error;
    }
    *process = (struct process){.pid = task->pid, .next = agent->tasks.processes};
    if (start->out->kind == STREAM_CAPTURE) {
        process->out = stream_hold(start->out);
    }
    if (start->err->kind == STREAM_CAPTURE && start->err != start->out) {
        process->err = stream_hold(start->err);
    }
    agent->tasks.processes = process;
    start->process = NULL;
    task->process = process;
    task_set_stream(task, 0, start->in);
    task_set_stream(task, 1, start->out);
    task_set_stream(task, 2, start->err);
    start->in = start->out = start->err = NULL;
    return 0;
}

static void clean_up(struct agent *agent, struct start *start)
{
    struct streams *streams = &agent->tasks.streams;

    stream_release(streams, start->in);
    stream_release(streams, start->out);
    stream_release(streams, start->err);
    if (start->process != NULL) {
        agent->platform->resize(agent->platform->ctx, start->process, sizeof(*start->process), 0);
    }
    vars_free(&start->vars);
    arena_free(&start->arena);
}

static int run(struct agent *agent, struct start *start, const struct args_guest_exec *arguments,
               struct reply *reply)
{
    struct task_program program;
    int result = read_input(agent, start, arguments);

    if (result == -EINVAL) {
        return reply_error(reply, "Base64 data contains invalid characters");
    }
    start->process =
        agent->platform->resize(agent->platform->ctx, NULL, 0, sizeof(*start->process));
    if (result == 0) {
        result = open_outputs(agent, start, capture_mode(arguments));
    }
    if (result == 0) {
        result = read_arguments(start, arguments);
    }
    if (result == 0) {
        result = read_environment(start, arguments);
    }
    if (result == 0 && start->process == NULL) {
        result = -ENOMEM;
    }
    if (result == 0) {
        result = task_find_program(agent, &start->arena, &start->vars, start->argv[0], &program);
    }
    if (result == 0) {
        result = launch(agent, start, &program);
    }
    if (result == -ENOMEM || result == -EAGAIN) {
        return reply_error(reply, "Failed to fork (%s)", ramfs_error_text(result));
    }
    if (result < 0) {
        return reply_error(reply, "Failed to execute child process \xE2\x80\x9C%s\xE2\x80\x9D (%s)",
                           arguments->path.bytes, ramfs_error_text(result));
    }
    reply_object_begin(reply);
    reply_key(reply, "pid");
    reply_int(reply, agent->tasks.processes->pid);
    reply_object_end(reply);
    return 0;
}

int qmp_guest_exec(struct agent *agent, const struct args_guest_exec *arguments,
                   struct reply *reply)
{
    struct start start = {0};
    int result;

    arena_init(&start.arena, agent->platform);
    vars_init(&start.vars, agent->platform);
    result = run(agent, &start, arguments, reply);
    clean_up(agent, &start);
    return result;
}
