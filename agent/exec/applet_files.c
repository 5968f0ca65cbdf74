/* SPDX-License-Identifier: BSD-2-Clause */
/* mkdir, rmdir, touch, chmod, chown, mv, truncate, mktemp: names and their properties. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "state.h"
#include "walk.h"

/* Operands that one piece of work does. */
#define AT_ONCE 16

/* What all of them remember. */
struct files_state {
    struct applet_options options;
    bool has_begun;
    bool failed;
    int next; /* operand */
    uint32_t mode;
    struct walk walk;
    bool is_walking;
};

static void files_clean_up(struct task *task)
{
    struct files_state *state = task->state;

    if (state->has_begun) {
        walk_free(&state->walk);
    }
}

static bool files_begin(struct task *task, const char *letters, const char *longs, int operands)
{
    struct files_state *state = task->state;

    walk_init(&state->walk, &task->agent->fs, task->agent->platform);
    state->has_begun = true;
    state->next = 1;
    if (!applet_options(task, letters, longs, &state->options)) {
        return false;
    }
    if (task->argc - 1 < operands) {
        if (task->argc == 2) {
            task_error(task, "missing operand after '%s'", task->argv[1]);
        } else {
            task_error(task, "missing operand");
        }
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return false;
    }
    return true;
}

/* ---- Modes ----------------------------------------------------------------------------- */

static bool octal_mode(const char *text, uint32_t *mode)
{
    uint32_t value = 0;

    if (*text == '\0' || strlen(text) > 5) {
        return false;
    }
    for (; *text >= '0' && *text <= '7'; text++) {
        value = value * 8 + (uint32_t)(*text - '0');
    }
    *mode = value;
    return *text == '\0' && value <= 07777;
}

/* The bits that "rwxXst" stand for, in all three places. */
static uint32_t permission_bits(char letter, uint32_t old, bool is_directory, uint32_t *special)
{
    switch (letter) {
    case 'r':
        return 0444;
    case 'w':
        return 0222;
    case 'x':
        return 0111;
    case 'X':
        return is_directory || (old & 0111) != 0 ? 0111 : 0;
    case 's':
        *special |= 06000;
        return 0;
    case 't':
        *special |= 01000;
        return 0;
    default:
        return UINT32_MAX;
    }
}

bool applet_mode(const char *text, uint32_t umask, bool is_directory, uint32_t *mode)
{
    if (*text >= '0' && *text <= '9') {
        return octal_mode(text, mode);
    }
    for (;;) {
        uint32_t who = 0;

        for (; *text != '\0' && strchr("ugoa", *text) != NULL; text++) {
            who |= *text == 'u' ? 04700u : *text == 'g' ? 02070u : *text == 'o' ? 01007u : 07777u;
        }
        if (*text == '\0' || strchr("+-=", *text) == NULL) {
            return false;
        }
        while (*text != '\0' && strchr("+-=", *text) != NULL) {
            char operation = *text++;
            uint32_t mask = who == 0 ? 07777 & ~umask : who;
            uint32_t special = 0;
            uint32_t bits = 0;

            for (; *text != '\0' && strchr("+-=,", *text) == NULL; text++) {
                uint32_t bit = permission_bits(*text, *mode, is_directory, &special);

                if (bit == UINT32_MAX) {
                    return false;
                }
                bits |= bit;
            }
            bits = (bits | special) & mask;
            *mode = operation == '+'   ? *mode | bits
                    : operation == '-' ? *mode & ~bits
                                       : (*mode & ~((who == 0 ? 07777 : who) & 0777)) | bits;
        }
        if (*text == '\0') {
            return true;
        }
        text++; /* the comma */
    }
}

/* ---- mkdir, rmdir ---------------------------------------------------------------------- */

/* mkdir -p: every directory on the way. */
static int make_parents(struct task *task, char *path, uint32_t mode, size_t *failed_at)
{
    struct ramfs_node *node;
    int result = 0;
    char *slash = path;

    while (result == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
        *slash = '\0';
        result = ramfs_mkdir(&task->agent->fs, path);
        *slash = '/';
        result = result == -EEXIST ? 0 : result;
        *failed_at = (size_t)(slash - path);
    }
    if (result == 0) {
        *failed_at = strlen(path);
    }
    if (result == 0) {
        result = ramfs_mkdir(&task->agent->fs, path);
        if (result == 0 && ramfs_open(&task->agent->fs, path, 0, &node) == 0) {
            node->mode = (uint16_t)mode;
        } else if (result == -EEXIST && ramfs_open(&task->agent->fs, path, 0, &node) == 0 &&
                   node->is_directory) {
            result = 0;
        }
    }
    return result;
}

/* On failure, *shown is how much of the name it was about. */
static int make_directory(struct task *task, const char *name, size_t *shown)
{
    const struct files_state *state = task->state;
    char path[RAMFS_PATH_MAX + 1];
    struct ramfs_node *node;
    int result = task_path(task, name, path);

    if (result < 0) {
        return result;
    }
    if (applet_has(&state->options, 'p')) {
        size_t failed_at = 0;
        size_t before = strlen(path) - strlen(name);

        result = make_parents(task, path, state->mode, &failed_at);
        *shown = failed_at > before ? failed_at - before : strlen(name);
        if (result == -ENOTDIR && failed_at == strlen(path)) {
            /* What stands in the way is the file above. */
            while (*shown > 1 && name[*shown - 1] != '/') {
                (*shown)--;
            }
            *shown -= *shown > 1;
        }
        return result;
    }
    result = ramfs_mkdir(&task->agent->fs, path);
    if (result == 0 && ramfs_open(&task->agent->fs, path, 0, &node) == 0) {
        node->mode = (uint16_t)state->mode;
    }
    return result;
}

static enum step step_mkdir(struct task *task)
{
    struct files_state *state = task->state;

    if (!state->has_begun) {
        if (!files_begin(task, "m:pv", "mode=m parents=p verbose=v", 1)) {
            return task_exit(task, 1);
        }
        state->mode = 0777u & ~(uint32_t)task->umask;
        if (state->options.values[0] != NULL) {
            state->mode = 0777;
            if (!applet_mode(state->options.values[0], task->umask, true, &state->mode)) {
                task_error(task, "invalid mode '%s'", state->options.values[0]);
                return task_exit(task, 1);
            }
        }
    }
    for (int i = 0; i < AT_ONCE && state->next < task->argc; i++) {
        const char *name = task->argv[state->next++];
        size_t shown = strlen(name);
        int result = make_directory(task, name, &shown);

        if (result < 0) {
            task_error(task, "cannot create directory '%.*s': %s", (int)shown, name,
                       ramfs_error_text(result));
            state->failed = true;
        } else if (applet_has(&state->options, 'v')) {
            task_print(task, 1, "%s: created directory '%s'\n", task->argv[0], name);
        }
    }
    return state->next < task->argc ? STEP_MORE : task_exit(task, state->failed);
}

static enum step step_rmdir(struct task *task)
{
    struct files_state *state = task->state;
    char path[RAMFS_PATH_MAX + 1];

    if (!state->has_begun &&
        !files_begin(task, "pv", "parents=p verbose=v ignore-fail-on-non-empty=p", 1)) {
        return task_exit(task, 1);
    }
    for (int i = 0; i < AT_ONCE && state->next < task->argc; i++) {
        char *name = task->argv[state->next++];
        int result;
        char *slash;

        do {
            result = task_path(task, name, path);
            if (result == 0) {
                result = ramfs_rmdir(&task->agent->fs, path);
            }
            if (result < 0) {
                task_error(task, "failed to remove '%s': %s", name, ramfs_error_text(result));
                state->failed = true;
            }
            slash = strrchr(name, '/');
            if (slash != NULL) {
                *slash = '\0';
            }
        } while (result == 0 && applet_has(&state->options, 'p') && slash != NULL && *name != '\0');
    }
    return state->next < task->argc ? STEP_MORE : task_exit(task, state->failed);
}

const struct applet applet_mkdir = {.name = "mkdir",
                                    .step = step_mkdir,
                                    .state_size = sizeof(struct files_state),
                                    .clean_up = files_clean_up};
const struct applet applet_rmdir = {.name = "rmdir",
                                    .step = step_rmdir,
                                    .state_size = sizeof(struct files_state),
                                    .clean_up = files_clean_up};

/* ---- touch, truncate ------------------------------------------------------------------- */

static enum step step_touch(struct task *task)
{
    struct files_state *state = task->state;
    const struct platform *platform = task->agent->platform;
    int64_t now = platform->realtime_ns(platform->ctx);
    struct stream *stream;

    if (!state->has_begun) {
        if (!files_begin(task, "acmd:r:t:h", "no-create=c date=d reference=r", 0)) {
            return task_exit(task, 1);
        }
        if (task->argc < 2) {
            task_error(task, "missing file operand");
            task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
            return task_exit(task, 1);
        }
    }
    if (state->options.values[0] != NULL &&
        !applet_read_time(state->options.values[0], now, &now)) {
        task_error(task, "invalid date format '%s'", state->options.values[0]);
        return task_exit(task, 1);
    }
    if (state->options.values[1] != NULL) {
        struct ramfs_node *node;
        int result = task_lookup(task, state->options.values[1], &node);

        if (result < 0) {
            task_error(task, "failed to get attributes of '%s': %s", state->options.values[1],
                       ramfs_error_text(result));
            return task_exit(task, 1);
        }
        now = node->mtime_ns;
    }
    for (int i = 0; i < AT_ONCE && state->next < task->argc; i++) {
        const char *name = task->argv[state->next++];
        struct ramfs_node *node;
        int result = task_lookup(task, name, &node);

        if (result == -ENOENT && applet_has(&state->options, 'c')) {
            continue;
        }
        if (result == -ENOENT) {
            result = task_open(task, name, RAMFS_WRITE | RAMFS_CREATE, false, &stream);
            if (result == 0) {
                stream_release(&task->agent->tasks.streams, stream);
                result = task_lookup(task, name, &node);
            }
            if (result == -EISDIR) { /* a name that ends with a slash */
                task_error(task, "setting times of '%s': %s", name, ramfs_error_text(ENOENT));
                state->failed = true;
                continue;
            }
        }
        if (result < 0) {
            task_error(task, "cannot touch '%s': %s", name, ramfs_error_text(result));
            state->failed = true;
        } else {
            node->mtime_ns = now;
        }
    }
    return state->next < task->argc ? STEP_MORE : task_exit(task, state->failed);
}

/* truncate -s SIZE, with "+" and "-" for changes. */
static int set_size(struct task *task, const char *name, char sign, uint64_t size)
{
    const struct files_state *state = task->state;
    struct ramfs_node *node;
    struct stream *stream;
    unsigned flags = RAMFS_WRITE | (applet_has(&state->options, 'c') ? 0 : RAMFS_CREATE);
    int result = task_open(task, name, flags, false, &stream);

    if (result < 0) {
        return result == -ENOENT && applet_has(&state->options, 'c') ? 0 : result;
    }
    node = stream->file;
    if (node != NULL) {
        uint64_t old = node->size;

        size = sign == '+' ? old + size : sign == '-' ? (size > old ? 0 : old - size) : size;
        if (size > INT64_MAX) {
            result = -EFBIG;
        } else {
            ramfs_resize(&task->agent->fs, node, size);
        }
    }
    stream_release(&task->agent->tasks.streams, stream);
    return result;
}

static enum step step_truncate(struct task *task)
{
    struct files_state *state = task->state;
    const char *text;
    uint64_t size;
    char sign;

    if (!state->has_begun && !files_begin(task, "cs:", "no-create=c size=s", 1)) {
        return task_exit(task, 1);
    }
    text = state->options.values[0];
    if (text == NULL) {
        task_error(task, "you must specify either '--size' or '--reference'");
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 1);
    }
    sign = (char)(*text == '+' || *text == '-' ? *text : '\0');
    if (!applet_number(text + (sign != '\0'), true, &size)) {
        task_error(task, "Invalid number: '%s'", text);
        return task_exit(task, 1);
    }
    for (int i = 0; i < AT_ONCE && state->next < task->argc; i++) {
        const char *name = task->argv[state->next++];
        int result = set_size(task, name, sign, size);

        if (result < 0) {
            task_error(task, "cannot open '%s' for writing: %s", name, ramfs_error_text(result));
            state->failed = true;
        }
    }
    return state->next < task->argc ? STEP_MORE : task_exit(task, state->failed);
}

const struct applet applet_touch = {.name = "touch",
                                    .step = step_touch,
                                    .state_size = sizeof(struct files_state),
                                    .clean_up = files_clean_up};
const struct applet applet_truncate = {.name = "truncate",
                                       .step = step_truncate,
                                       .state_size = sizeof(struct files_state),
                                       .clean_up = files_clean_up};

/* ---- chmod, chown ---------------------------------------------------------------------- */

/* Everything is root's here, so chown only looks whether its operands exist. */
static bool change(struct task *task, struct ramfs_node *node, bool changes_mode)
{
    uint32_t mode = node->mode;

    if (!changes_mode) {
        return true;
    }
    if (!applet_mode(task->argv[1], task->umask, node->is_directory, &mode)) {
        task_error(task, "invalid mode: '%s'", task->argv[1]);
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return false;
    }
    node->mode = (uint16_t)mode;
    return true;
}

static enum step change_step(struct task *task, bool changes_mode)
{
    struct files_state *state = task->state;

    if (state->is_walking) {
        switch (walk_next(&state->walk)) {
        case WALK_ENTER:
            return change(task, state->walk.node, changes_mode) ? STEP_MORE : task_exit(task, 1);
        case WALK_LEAVE:
            return STEP_MORE;
        case WALK_END:
            state->is_walking = false;
            break;
        case WALK_NO_MEMORY:
            return task_out_of_memory(task);
        }
    }
    while (state->next < task->argc) {
        const char *name = task->argv[state->next++];
        struct ramfs_node *node;
        int result = task_lookup(task, name, &node);

        if (result < 0) {
            task_error(task, "cannot access '%s': %s", name, ramfs_error_text(result));
            state->failed = true;
        } else if (applet_has(&state->options, 'R')) {
            walk_start(&state->walk, name, node);
            state->is_walking = true;
            return STEP_MORE;
        } else if (!change(task, node, changes_mode)) {
            return task_exit(task, 1);
        }
    }
    return task_exit(task, state->failed);
}

static enum step step_chmod(struct task *task)
{
    struct files_state *state = task->state;

    if (!state->has_begun) {
        /* "-x" takes a permission away and is no option. */
        if (task->argc > 2 && task->argv[1][0] == '-' && strspn(task->argv[1] + 1, "rwxXst") > 0) {
            char *mode = arena_alloc(&task->arena, strlen(task->argv[1]) + 2);

            if (mode == NULL) {
                return task_out_of_memory(task);
            }
            mode[0] = 'a';
            memcpy(mode + 1, task->argv[1], strlen(task->argv[1]));
            task->argv[1] = mode;
        }
        if (!files_begin(task, "Rcfv", "recursive=R changes=c silent=f quiet=f verbose=v", 2)) {
            return task_exit(task, 1);
        }
        state->next = 2;
    }
    return change_step(task, true);
}

static enum step step_chown(struct task *task)
{
    struct files_state *state = task->state;

    if (!state->has_begun) {
        if (!files_begin(task, "Rcfhv", "recursive=R changes=c silent=f quiet=f verbose=v", 2)) {
            return task_exit(task, 1);
        }
        state->next = 2;
        if (strspn(task->argv[1], "0:.rot") != strlen(task->argv[1])) {
            task_error(task, "invalid user: '%s'", task->argv[1]);
            return task_exit(task, 1);
        }
    }
    return change_step(task, false);
}

const struct applet applet_chmod = {.name = "chmod",
                                    .step = step_chmod,
                                    .state_size = sizeof(struct files_state),
                                    .clean_up = files_clean_up};
const struct applet applet_chown = {.name = "chown",
                                    .step = step_chown,
                                    .state_size = sizeof(struct files_state),
                                    .clean_up = files_clean_up};

/* ---- mktemp ---------------------------------------------------------------------------- */

/* Replaces the last run of X in `path` by something that is not there yet. */
static bool fill_template(struct task *task, char *path)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const struct platform *platform = task->agent->platform;
    uint64_t number =
        platform->monotonic_ns(platform->ctx) * 0x9E3779B97F4A7C15u ^ (uint64_t)task->pid << 32;
    size_t end = strlen(path);
    size_t start;

    start = end;
    while (start > 0 && path[start - 1] == 'X') {
        start--;
    }
    if (end - start < 3) {
        return false;
    }
    for (size_t i = start; i < end; i++) {
        number ^= number >> 29;
        number *= 0xBF58476D1CE4E5B9u;
        path[i] = digits[(number >> 40) % 62];
    }
    return true;
}

static enum step step_mktemp(struct task *task)
{
    struct applet_options options;
    char path[RAMFS_PATH_MAX + 1];
    const char *template = "tmp.XXXXXXXXXX";
    const char *directory = NULL;
    struct stream *stream;
    struct ramfs_node *node;
    int result;

    if (!applet_options(task, "dqtup:", "directory=d quiet=q dry-run=u tmpdir=p", &options)) {
        return task_exit(task, 1);
    }
    directory = options.values[0];
    if (task->argc > 1) {
        template = task->argv[1];
    }
    if (directory == NULL && (task->argc < 2 || applet_has(&options, 't'))) {
        const char *tmpdir = vars_get(&task->vars, "TMPDIR", 6);

        directory = tmpdir == NULL ? "/tmp" : tmpdir;
    }
    if (snprintf(path, sizeof(path), "%s%s%s", directory == NULL ? "" : directory,
                 directory == NULL ? "" : "/", template) >= (int)sizeof(path)) {
        task_error(task, "failed to create file via template '%s': %s", template,
                   ramfs_error_text(ENAMETOOLONG));
        return task_exit(task, 1);
    }
    if (!fill_template(task, path)) {
        task_error(task, "too few X's in template '%s'", template);
        return task_exit(task, 1);
    }
    if (applet_has(&options, 'd')) {
        char absolute[RAMFS_PATH_MAX + 1];

        result = task_path(task, path, absolute);
        result = result < 0 ? result : ramfs_mkdir(&task->agent->fs, absolute);
    } else {
        result = task_open(task, path, RAMFS_WRITE | RAMFS_CREATE, false, &stream);
        if (result == 0) {
            stream_release(&task->agent->tasks.streams, stream);
        }
    }
    if (result < 0) {
        task_error(task, "failed to create %s via template '%s': %s",
                   applet_has(&options, 'd') ? "directory" : "file", template,
                   ramfs_error_text(result));
        return task_exit(task, 1);
    }
    if (task_lookup(task, path, &node) == 0) {
        node->mode = applet_has(&options, 'd') ? 0700 : 0600;
    }
    task_print(task, 1, "%s\n", path);
    return task_exit(task, 0);
}

const struct applet applet_mktemp = {.name = "mktemp", .step = step_mktemp};
