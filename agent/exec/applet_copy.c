/* SPDX-License-Identifier: BSD-2-Clause */
/* cp, mv and rm. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "state.h"
#include "walk.h"

/* Names that one piece of work removes or renames. */
#define AT_ONCE 32

struct copy_state {
    struct applet_options options;
    bool has_begun;
    bool failed;
    bool into_directory; /* the target is one */
    bool is_walking;
    int next; /* operand */
    int last; /* the operands before this one are sources */
    const char *target;
    char *path;       /* what is made: RAMFS_PATH_MAX + 1 bytes */
    size_t base;      /* length of the part that stands for the start of the walk */
    size_t skip;      /* length of the walk's start */
    struct walk walk; /* cp -r; rm -r uses its path only */
    struct stream *in;
    struct stream *out;
    int64_t mtime_ns;
    uint32_t made; /* the number of the directory that stands for the start of the walk */
};

static void copy_clean_up(struct task *task)
{
    struct copy_state *state = task->state;

    if (state->has_begun) {
        walk_free(&state->walk);
        stream_release(&task->agent->tasks.streams, state->in);
        stream_release(&task->agent->tasks.streams, state->out);
    }
}

/* "a/b/" gives "b"; *length is its length. */
static const char *last_component(const char *path, size_t *length)
{
    size_t end = strlen(path);
    size_t start;

    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    *length = end - start;
    return path + start;
}

static bool begin(struct task *task, const char *letters, const char *longs, bool has_target)
{
    struct copy_state *state = task->state;
    struct ramfs_node *node;

    walk_init(&state->walk, &task->agent->fs, task->agent->platform);
    state->has_begun = true;
    state->next = 1;
    if (!applet_options(task, letters, longs, &state->options)) {
        return false;
    }
    state->last = task->argc;
    state->path = arena_alloc(&task->arena, RAMFS_PATH_MAX + 1);
    if (state->path == NULL) {
        task_out_of_memory(task);
        return true;
    }
    if (task->argc < 2 && !(applet_has(&state->options, 'f') && !has_target)) {
        task_error(task, has_target ? "missing file operand" : "missing operand");
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return false;
    }
    if (!has_target) {
        return true;
    }
    state->target = state->options.values[0];
    if (state->target == NULL) {
        if (task->argc < 3) {
            task_error(task, "missing destination file operand after '%s'", task->argv[1]);
            task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
            return false;
        }
        state->target = task->argv[--state->last];
    }
    state->into_directory = !applet_has(&state->options, 'T') &&
                            task_lookup(task, state->target, &node) == 0 && node->is_directory;
    if (!state->into_directory && (state->last > 2 || state->options.values[0] != NULL)) {
        task_error(task, "target '%s': %s", state->target,
                   task_lookup(task, state->target, &node) < 0 ? "No such file or directory"
                                                               : "Not a directory");
        return false;
    }
    return true;
}

/* Where `source` goes, in state->path; false if that is too long. */
static bool make_target(struct task *task, const char *source)
{
    struct copy_state *state = task->state;
    size_t length;
    const char *name = last_component(source, &length);
    size_t target = strlen(state->target);
    const char *slash = target > 0 && state->target[target - 1] == '/' ? "" : "/";
    int count = state->into_directory
                    ? snprintf(state->path, RAMFS_PATH_MAX + 1, "%s%s%.*s", state->target, slash,
                               (int)length, name)
                    : snprintf(state->path, RAMFS_PATH_MAX + 1, "%s", state->target);

    state->base = (size_t)count;
    return count <= (int)RAMFS_PATH_MAX;
}

/* ---- mv -------------------------------------------------------------------------------- */

static void move_one(struct task *task, const char *source)
{
    struct copy_state *state = task->state;
    char from[RAMFS_PATH_MAX + 1];
    char to[RAMFS_PATH_MAX + 1];
    struct ramfs_node *node;
    struct ramfs_node *old;
    int result = task_lookup(task, source, &node);

    if (result < 0) {
        task_error(task, "cannot stat '%s': %s", source, ramfs_error_text(result));
        state->failed = true;
        return;
    }
    result = make_target(task, source) ? 0 : -ENAMETOOLONG;
    if (result == 0 && task_lookup(task, state->path, &old) == 0) {
        if (old == node) {
            task_error(task, "'%s' and '%s' are the same file", source, state->path);
            state->failed = true;
            return;
        }
        if (applet_has(&state->options, 'n')) {
            return;
        }
        if (old->is_directory && !node->is_directory) {
            task_error(task, "cannot overwrite directory '%s' with non-directory '%s'", state->path,
                       source);
            state->failed = true;
            return;
        }
        if (!old->is_directory && node->is_directory) {
            task_error(task, "cannot overwrite non-directory '%s' with directory '%s'", state->path,
                       source);
            state->failed = true;
            return;
        }
    }
    result = result < 0 ? result : task_path(task, source, from);
    result = result < 0 ? result : task_path(task, state->path, to);
    result = result < 0 ? result : ramfs_rename(&task->agent->fs, from, to);
    if (result == -EINVAL) {
        task_error(task, "cannot move '%s' to a subdirectory of itself, '%s'", source, state->path);
    } else if (result < 0) {
        task_error(task, "cannot move '%s' to '%s': %s", source, state->path,
                   ramfs_error_text(result));
    } else if (applet_has(&state->options, 'v')) {
        task_print(task, 1, "renamed '%s' -> '%s'\n", source, state->path);
    }
    state->failed |= result < 0;
}

static enum step step_mv(struct task *task)
{
    struct copy_state *state = task->state;

    if (!state->has_begun &&
        !begin(task, "t:Tfinuv",
               "target-directory=t no-target-directory=T force=f interactive=i no-clobber=n "
               "update=u verbose=v",
               true)) {
        return task_exit(task, 1);
    }
    for (int i = 0; i < AT_ONCE && state->next < state->last && !task->is_out_of_memory; i++) {
        move_one(task, task->argv[state->next++]);
    }
    return state->next < state->last ? STEP_MORE : task_exit(task, state->failed);
}

/* ---- rm -------------------------------------------------------------------------------- */

static void complain_of_rm(struct task *task, const char *name, int error)
{
    struct copy_state *state = task->state;

    task_error(task, "cannot remove '%s': %s", name, ramfs_error_text(error));
    state->failed = true;
}

/*
 * Removes the one thing at the bottom of state->path: goes down to a first child that has none,
 * and takes the name off again once it is gone.  Returns whether the operand itself is gone.
 */
static bool remove_deepest(struct task *task)
{
    struct copy_state *state = task->state;
    struct ramfs_node *node;
    size_t length = strlen(state->path);
    bool is_directory = false;
    int result = ramfs_open(&task->agent->fs, state->path, 0, &node);

    if (result == 0 && node->is_directory && node->children != NULL) {
        const struct ramfs_node *child = node->children;

        if (length + 1 + child->name_length <= RAMFS_PATH_MAX) {
            state->path[length++] = '/';
            memcpy(state->path + length, child->name, child->name_length);
            state->path[length + child->name_length] = '\0';
            return false;
        }
        result = -ENAMETOOLONG;
    }
    if (result == 0) {
        is_directory = node->is_directory;
        result = is_directory ? ramfs_rmdir(&task->agent->fs, state->path)
                              : ramfs_unlink(&task->agent->fs, state->path);
    }
    if (result < 0 && result != -ENOENT) {
        complain_of_rm(task, task->argv[state->next - 1], result);
        return true;
    }
    if (applet_has(&state->options, 'v')) {
        task_print(task, 1, "removed %s'%s%s'\n", is_directory ? "directory " : "",
                   task->argv[state->next - 1], state->path + state->base);
    }
    if (length <= state->base) {
        return true;
    }
    *strrchr(state->path, '/') = '\0';
    return false;
}

static void remove_one(struct task *task, const char *name)
{
    struct copy_state *state = task->state;
    size_t length;
    const char *last = last_component(name, &length);
    struct ramfs_node *node;
    int result = task_lookup(task, name, &node);

    if (result < 0) {
        if ((result != -ENOENT && result != -ENOTDIR) || !applet_has(&state->options, 'f')) {
            complain_of_rm(task, name, result);
        }
        return;
    }
    if (node->is_directory && !applet_has(&state->options, 'r') &&
        !(applet_has(&state->options, 'd') && node->children == NULL)) {
        complain_of_rm(task, name, applet_has(&state->options, 'd') ? ENOTEMPTY : EISDIR);
        return;
    }
    if (node == &task->agent->fs.root) {
        task_error(task, "it is dangerous to operate recursively on '/'");
        task_error(task, "use --no-preserve-root to override this failsafe");
        state->failed = true;
        return;
    }
    if ((length == 1 && *last == '.') || (length == 2 && strncmp(last, "..", 2) == 0)) {
        task_error(task, "refusing to remove '.' or '..' directory: skipping '%s'", name);
        state->failed = true;
        return;
    }
    result = task_path(task, name, state->path);
    if (result < 0) {
        complain_of_rm(task, name, result);
        return;
    }
    state->base = strlen(state->path);
    while (state->base > 1 && state->path[state->base - 1] == '/') {
        state->path[--state->base] = '\0';
    }
    state->is_walking = true;
}

static enum step step_rm(struct task *task)
{
    struct copy_state *state = task->state;

    if (!state->has_begun) {
        if (!begin(task, "Rdfirv",
                   "recursive=r force=f dir=d verbose=v interactive=i no-preserve-root=v", false)) {
            return task_exit(task, 1);
        }
        if (applet_has(&state->options, 'R')) {
            applet_give(&state->options, "r");
        }
    }
    for (int i = 0; i < AT_ONCE && !task->is_out_of_memory; i++) {
        if (state->is_walking) {
            state->is_walking = !remove_deepest(task);
        } else if (state->next < task->argc) {
            remove_one(task, task->argv[state->next++]);
        } else {
            return task_exit(task, state->failed);
        }
    }
    return STEP_MORE;
}

/* ---- cp -------------------------------------------------------------------------------- */

static enum step give_up_file(struct task *task, const char *what, const char *name, int error)
{
    struct copy_state *state = task->state;

    task_error(task, "%s '%s': %s", what, name, ramfs_error_text(error));
    state->failed = true;
    return STEP_MORE;
}

/* Begins to copy the file `source` to state->path. */
static enum step begin_file(struct task *task, const char *source, struct ramfs_node *node)
{
    struct copy_state *state = task->state;
    struct streams *streams = &task->agent->tasks.streams;
    struct ramfs_node *old;
    bool exists = task_lookup(task, state->path, &old) == 0;
    int result;

    if (exists && applet_has(&state->options, 'n')) {
        return STEP_MORE;
    }
    if (exists && old == node) {
        task_error(task, "'%s' and '%s' are the same file", source, state->path);
        state->failed = true;
        return STEP_MORE;
    }
    if (exists && old->is_directory) {
        task_error(task, "cannot overwrite directory '%s' with non-directory", state->path);
        state->failed = true;
        return STEP_MORE;
    }
    if (exists && applet_has(&state->options, 'u') && old->mtime_ns >= node->mtime_ns) {
        return STEP_MORE;
    }
    result = task_open(task, source, 0, false, &state->in);
    if (result < 0) {
        return give_up_file(task, "cannot open", source, result);
    }
    result = task_open(task, state->path, RAMFS_WRITE | RAMFS_CREATE | RAMFS_TRUNCATE, false,
                       &state->out);
    if (result < 0) {
        stream_release(streams, state->in);
        state->in = NULL;
        return give_up_file(task, "cannot create regular file", state->path,
                            result == -EISDIR ? -ENOTDIR : result);
    }
    if (!exists && state->out->file != NULL) {
        state->out->file->mode = (uint16_t)(node->mode & ~task->umask);
    }
    if (applet_has(&state->options, 'p') && state->out->file != NULL) {
        state->out->file->mode = node->mode;
    }
    state->mtime_ns = node->mtime_ns;
    if (applet_has(&state->options, 'v')) {
        task_print(task, 1, "'%s' -> '%s'\n", source, state->path);
    }
    return STEP_MORE;
}

static enum step copy_piece(struct task *task)
{
    struct copy_state *state = task->state;
    struct streams *streams = &task->agent->tasks.streams;
    const uint8_t *bytes;
    int64_t count = stream_peek(state->in, &bytes);

    if (count == -EAGAIN) {
        return STEP_BLOCKED;
    }
    if (count > 0) {
        int64_t written = stream_write(streams, state->out, bytes, (size_t)count);

        if (written >= 0) {
            stream_consume(state->in, (size_t)count);
            return STEP_MORE;
        }
        give_up_file(task, "error writing", state->path, (int)written);
    }
    if (applet_has(&state->options, 'p') && state->out->file != NULL) {
        state->out->file->mtime_ns = state->mtime_ns;
    }
    stream_release(streams, state->in);
    stream_release(streams, state->out);
    state->in = state->out = NULL;
    return STEP_MORE;
}

static enum step copy_directory(struct task *task, const char *source, struct ramfs_node *node)
{
    struct copy_state *state = task->state;
    char absolute[RAMFS_PATH_MAX + 1];
    struct ramfs_node *made;
    int result = task_path(task, state->path, absolute);

    result = result < 0 ? result : ramfs_mkdir(&task->agent->fs, absolute);
    if (result == -EEXIST && task_lookup(task, state->path, &made) == 0) {
        if (!made->is_directory) {
            task_error(task, "cannot overwrite non-directory '%s' with directory '%s'", state->path,
                       source);
            state->failed = true;
            state->walk.skips = true;
        }
        return STEP_MORE;
    }
    if (result < 0) {
        state->walk.skips = true;
        return give_up_file(task, "cannot create directory", state->path, result);
    }
    if (task_lookup(task, state->path, &made) == 0) {
        made->mode = node->mode;
        if (walk_depth(&state->walk) == 0) {
            state->made = made->number;
        }
    }
    if (applet_has(&state->options, 'v')) {
        task_print(task, 1, "'%s' -> '%s'\n", source, state->path);
    }
    return STEP_MORE;
}

/* cp -r: the next node of the walk. */
static enum step walk_copy(struct task *task)
{
    struct copy_state *state = task->state;
    const char *source;
    size_t length;

    switch (walk_next(&state->walk)) {
    case WALK_ENTER:
        break;
    case WALK_LEAVE:
        return STEP_MORE;
    case WALK_END:
        state->is_walking = false;
        return STEP_MORE;
    default:
        return task_out_of_memory(task);
    }
    source = (const char *)state->walk.path.data;
    if (state->walk.node->number == state->made) {
        /* A copy into itself must end: what is new is not copied. */
        task_error(task, "cannot copy a directory, '%.*s', into itself, '%.*s'", (int)state->skip,
                   source, (int)state->base, state->path);
        state->failed = true;
        state->walk.skips = true;
        return STEP_MORE;
    }
    length = strlen(source + state->skip);
    if (state->base + length > RAMFS_PATH_MAX) {
        state->walk.skips = true;
        return give_up_file(task, "cannot copy", source, ENAMETOOLONG);
    }
    memcpy(state->path + state->base, source + state->skip, length + 1);
    return state->walk.node->is_directory ? copy_directory(task, source, state->walk.node)
                                          : begin_file(task, source, state->walk.node);
}

static enum step copy_operand(struct task *task, const char *source)
{
    struct copy_state *state = task->state;
    struct ramfs_node *node;
    int result = task_lookup(task, source, &node);

    if (result < 0 && (strcmp(source, "/dev/null") == 0 || strcmp(source, "/dev/stdin") == 0)) {
        node = &task->agent->fs.root; /* for its mode, that of nothing */
        return make_target(task, source) ? begin_file(task, source, node) : STEP_MORE;
    }
    if (result < 0) {
        return give_up_file(task, "cannot stat", source, result);
    }
    if (!make_target(task, source)) {
        return give_up_file(task, "cannot copy", source, ENAMETOOLONG);
    }
    if (!node->is_directory) {
        return begin_file(task, source, node);
    }
    if (!applet_has(&state->options, 'r')) {
        task_error(task, "-r not specified; omitting directory '%s'", source);
        state->failed = true;
        return STEP_MORE;
    }
    walk_start(&state->walk, source, node);
    state->skip = strlen(source);
    state->made = 0;
    state->is_walking = true;
    return STEP_MORE;
}

static enum step step_cp(struct task *task)
{
    struct copy_state *state = task->state;

    if (!state->has_begun) {
        if (!begin(task, "t:RTadfinpruvx",
                   "target-directory=t recursive=r archive=a force=f no-clobber=n preserve=p "
                   "update=u verbose=v no-target-directory=T",
                   true)) {
            return task_exit(task, 1);
        }
        if (applet_has(&state->options, 'R') || applet_has(&state->options, 'a')) {
            applet_give(&state->options, applet_has(&state->options, 'a') ? "rp" : "r");
        }
    }
    if (task->is_out_of_memory) {
        return STEP_BLOCKED;
    }
    if (state->in != NULL) {
        return copy_piece(task);
    }
    if (state->is_walking) {
        return walk_copy(task);
    }
    return state->next < state->last ? copy_operand(task, task->argv[state->next++])
                                     : task_exit(task, state->failed);
}

const struct applet applet_mv = {.name = "mv",
                                 .step = step_mv,
                                 .state_size = sizeof(struct copy_state),
                                 .clean_up = copy_clean_up};
const struct applet applet_rm = {.name = "rm",
                                 .step = step_rm,
                                 .state_size = sizeof(struct copy_state),
                                 .clean_up = copy_clean_up};
const struct applet applet_cp = {.name = "cp",
                                 .step = step_cp,
                                 .state_size = sizeof(struct copy_state),
                                 .clean_up = copy_clean_up};
