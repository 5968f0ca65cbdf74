/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that look at files: stat, find, du, readlink, realpath. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "civil.h"
#include "pattern.h"
#include "state.h"
#include "walk.h"

#define TIME_FORMAT "%Y-%m-%d %H:%M:%S.%N %z"

/* ---- stat ------------------------------------------------------------------------------ */

static const char *kind_of(const struct ramfs_node *node)
{
    return node->is_directory ? "directory"
           : node->size == 0  ? "regular empty file"
                              : "regular file";
}

static uint64_t sectors_of(const struct ramfs_node *node)
{
    return (node->size + PLATFORM_PAGE_SIZE - 1) / PLATFORM_PAGE_SIZE * 8;
}

static unsigned links_of(const struct ramfs_node *node)
{
    unsigned links = node->is_directory ? 2 : 1;

    for (const struct ramfs_node *child = node->children; child != NULL; child = child->sibling) {
        links += child->is_directory;
    }
    return links;
}

/* The number that a letter of stat's format stands for; false if it stands for none. */
static bool stat_number(const struct ramfs_node *node, char letter, uint64_t *number)
{
    switch (letter) {
    case 's':
        *number = node->size;
        return true;
    case 'b':
        *number = sectors_of(node);
        return true;
    case 'B':
        *number = 512;
        return true;
    case 'o':
        *number = PLATFORM_PAGE_SIZE;
        return true;
    case 'i':
        *number = node->number;
        return true;
    case 'h':
        *number = links_of(node);
        return true;
    case 'd':
    case 'u':
    case 'g':
    case 't':
    case 'T':
        *number = 0;
        return true;
    default:
        return false;
    }
}

static void stat_letter(struct task *task, const char *name, const struct ramfs_node *node,
                        char letter)
{
    uint64_t number;
    int64_t rest;
    char mode[11];

    if (stat_number(node, letter, &number)) {
        task_print(task, 1, "%" PRIu64, number);
        return;
    }
    switch (letter) {
    case 'n':
        task_print(task, 1, "%s", name);
        break;
    case 'N':
        task_print(task, 1, "'%s'", name);
        break;
    case 'a':
        task_print(task, 1, "%o", node->mode);
        break;
    case 'f':
        task_print(task, 1, "%x", node->mode | (node->is_directory ? 0x4000u : 0x8000u));
        break;
    case 'A':
        applet_mode_text(node, mode);
        task_print(task, 1, "%s", mode);
        break;
    case 'F':
        task_print(task, 1, "%s", kind_of(node));
        break;
    case 'U':
    case 'G':
        task_print(task, 1, "root");
        break;
    case 'm':
        task_print(task, 1, "/");
        break;
    case 'X':
    case 'Y':
    case 'Z':
        task_print(task, 1, "%" PRId64, civil_floor(node->mtime_ns, &rest));
        break;
    case 'W':
        task_print(task, 1, "0");
        break;
    case 'w':
        task_print(task, 1, "-");
        break;
    case 'x':
    case 'y':
    case 'z':
        applet_print_time(task, TIME_FORMAT, node->mtime_ns);
        break;
    case '%':
        task_print(task, 1, "%%");
        break;
    default:
        task_print(task, 1, "?");
        break;
    }
}

static void stat_format(struct task *task, const char *name, const struct ramfs_node *node,
                        const char *format, bool escapes)
{
    while (*format != '\0') {
        if (*format == '%' && format[1] != '\0') {
            stat_letter(task, name, node, format[1]);
            format += 2;
        } else if (*format == '\\' && escapes) {
            char byte;

            if (!applet_unescape(&format, APPLET_OCTAL | APPLET_HEX, &byte)) {
                return;
            }
            task_write(task, 1, &byte, 1);
        } else {
            task_write(task, 1, format++, 1);
        }
    }
}

static void stat_long(struct task *task, const char *name, const struct ramfs_node *node)
{
    char mode[11];

    applet_mode_text(node, mode);
    task_print(task, 1, "  File: %s\n", name);
    task_print(task, 1, "  Size: %-10" PRIu64 "\tBlocks: %-10" PRIu64 " IO Block: %-6u %s\n",
               node->size, sectors_of(node), PLATFORM_PAGE_SIZE, kind_of(node));
    task_print(task, 1, "Device: 0,1\tInode: %-11" PRIu32 " Links: %u\n", node->number,
               links_of(node));
    task_print(task, 1, "Access: (%04o/%s)  Uid: (%5u/%8s)   Gid: (%5u/%8s)\n", node->mode, mode,
               0u, "root", 0u, "root");
    applet_print_time(task,
                      "Access: " TIME_FORMAT "\nModify: " TIME_FORMAT "\nChange: " TIME_FORMAT
                      "\n Birth: -\n",
                      node->mtime_ns);
}

static enum step step_stat(struct task *task)
{
    struct applet_options options;
    int code = 0;

    for (int i = 1; i < task->argc; i++) {
        if (strncmp(task->argv[i], "--printf=", 9) == 0) {
            task->argv[i] += 1; /* "-printf=…" is "-p" with a value here */
            memmove(task->argv[i] + 2, task->argv[i] + 8, strlen(task->argv[i] + 8) + 1);
        }
    }
    if (!applet_options(task, "c:p:Lft", "format=c dereference=L file-system=f terse=t",
                        &options)) {
        return task_exit(task, 1);
    }
    if (task->argc < 2) {
        task_error(task, "missing operand");
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 1);
    }
    for (int i = 1; i < task->argc; i++) {
        const char *name = task->argv[i];
        struct ramfs_node *node;
        int result = task_lookup(task, name, &node);

        if (result < 0) {
            task_error(task, "cannot statx '%s': %s", name, ramfs_error_text(result));
            code = 1;
        } else if (options.values[1] != NULL) {
            stat_format(task, name, node, options.values[1], true);
        } else if (options.values[0] != NULL) {
            stat_format(task, name, node, options.values[0], false);
            task_write(task, 1, "\n", 1);
        } else {
            stat_long(task, name, node);
        }
    }
    return task_exit(task, code);
}

const struct applet applet_stat = {.name = "stat", .step = step_stat};

/* ---- readlink, realpath ---------------------------------------------------------------- */

/* The path without ".", ".." and double slashes; there are no links that could be followed. */
static int canonical(struct task *task, const char *name, char path[RAMFS_PATH_MAX + 1])
{
    char absolute[RAMFS_PATH_MAX + 1];
    size_t length = 0;
    const char *at = absolute;
    int result = task_path(task, name, absolute);

    if (result < 0) {
        return result;
    }
    while (*at != '\0') {
        size_t span = strcspn(at, "/");

        if (span == 2 && strncmp(at, "..", 2) == 0) {
            while (length > 0 && path[--length] != '/') {
            }
        } else if (span > 0 && !(span == 1 && *at == '.')) {
            path[length++] = '/';
            memcpy(path + length, at, span);
            length += span;
        }
        at += span;
        at += strspn(at, "/");
    }
    if (length == 0) {
        path[length++] = '/';
    }
    path[length] = '\0';
    return 0;
}

int applet_canonical(struct task *task, const char *name, char path[RAMFS_PATH_MAX + 1])
{
    return canonical(task, name, path);
}

static enum step canonical_step(struct task *task, bool needs_option)
{
    struct applet_options options;
    char path[RAMFS_PATH_MAX + 1];
    int code = 0;

    if (!applet_options(task, "efmnqsz",
                        "canonicalize=f canonicalize-existing=e "
                        "canonicalize-missing=m quiet=q",
                        &options)) {
        return task_exit(task, 1);
    }
    for (int i = 1; i < task->argc; i++) {
        struct ramfs_node *node;
        int result = canonical(task, task->argv[i], path);

        if (result == 0 && !applet_has(&options, 'm')) {
            /* The last component may be missing, unless -e wants it. */
            char *slash = strrchr(path, '/');
            bool may_miss = !applet_has(&options, 'e') && slash != path;

            result = ramfs_open(&task->agent->fs, path, 0, &node);
            if (result == -ENOENT && may_miss) {
                *slash = '\0';
                result = ramfs_open(&task->agent->fs, path, 0, &node);
                *slash = '/';
            } else if (result == -ENOENT && !applet_has(&options, 'e')) {
                result = 0;
            }
        }
        if (result < 0 || (needs_option && options.given == 0)) {
            if (!needs_option && !applet_has(&options, 'q')) {
                task_error(task, "%s: %s", task->argv[i], ramfs_error_text(result));
            }
            code = 1;
            continue;
        }
        task_print(task, 1, applet_has(&options, 'n') ? "%s" : "%s\n", path);
    }
    return task_exit(task, code);
}

static enum step step_readlink(struct task *task)
{
    return canonical_step(task, true);
}

static enum step step_realpath(struct task *task)
{
    return canonical_step(task, false);
}

const struct applet applet_readlink = {.name = "readlink", .step = step_readlink};
const struct applet applet_realpath = {.name = "realpath", .step = step_realpath};

/* ---- du -------------------------------------------------------------------------------- */

struct du_state {
    struct applet_options options;
    bool has_begun;
    bool is_walking;
    bool failed;
    int next;
    struct walk walk;
    struct buffer sums; /* of uint64_t: KiB of the directories that are open */
};

static void du_clean_up(struct task *task)
{
    struct du_state *state = task->state;

    if (state->has_begun) {
        walk_free(&state->walk);
        buffer_free(&state->sums);
    }
}

static void du_line(struct task *task, uint64_t kib, const char *path)
{
    struct du_state *state = task->state;
    char text[24];

    if (applet_has(&state->options, 'h')) {
        applet_human_size(kib * 1024, text);
    } else if (applet_has(&state->options, 'b')) {
        snprintf(text, sizeof(text), "%" PRIu64, kib);
    } else {
        snprintf(text, sizeof(text), "%" PRIu64,
                 applet_has(&state->options, 'm') ? (kib + 1023) / 1024 : kib);
    }
    task_print(task, 1, "%s\t%s\n", text, path);
}

static enum step du_walk(struct task *task)
{
    struct du_state *state = task->state;
    enum walk_event event = walk_next(&state->walk);
    const struct ramfs_node *node = state->walk.node;
    uint64_t *sums = (void *)state->sums.data;
    size_t depth = state->sums.size / sizeof(*sums);
    bool is_silent = applet_has(&state->options, 's') && depth > 1;
    uint64_t kib = 0;

    if (event == WALK_END) {
        state->is_walking = false;
        return STEP_MORE;
    }
    if (event == WALK_NO_MEMORY) {
        return task_out_of_memory(task);
    }
    if (event == WALK_ENTER) {
        kib = applet_has(&state->options, 'b') ? node->size : sectors_of(node) / 2;
        if (node->is_directory) {
            return buffer_append(&state->sums, &kib, sizeof(kib)) < 0 ? task_out_of_memory(task)
                                                                      : STEP_MORE;
        }
        if (depth == 0 || (applet_has(&state->options, 'a') && !applet_has(&state->options, 's'))) {
            du_line(task, kib, (const char *)state->walk.path.data);
        }
    } else {
        kib = sums[--depth];
        state->sums.size -= sizeof(kib);
        if (!is_silent) {
            du_line(task, kib, (const char *)state->walk.path.data);
        }
    }
    if (depth > 0) {
        sums[depth - 1] += kib;
    }
    return STEP_MORE;
}

static enum step step_du(struct task *task)
{
    struct du_state *state = task->state;

    if (!state->has_begun) {
        walk_init(&state->walk, &task->agent->fs, task->agent->platform);
        buffer_init(&state->sums, task->agent->platform);
        state->has_begun = true;
        if (!applet_options(task, "abhkms", "all=a bytes=b human-readable=h summarize=s",
                            &state->options)) {
            return task_exit(task, 1);
        }
        state->next = task->argc < 2 ? 0 : 1;
    }
    if (state->is_walking) {
        return du_walk(task);
    }
    if (state->next < task->argc) {
        const char *name = state->next == 0 ? "." : task->argv[state->next];
        struct ramfs_node *node;
        int result = task_lookup(task, name, &node);

        state->next++;
        if (result < 0) {
            task_error(task, "cannot access '%s': %s", name, ramfs_error_text(result));
            state->failed = true;
        } else {
            walk_start(&state->walk, name, node);
            state->is_walking = true;
        }
        return STEP_MORE;
    }
    return task_exit(task, state->failed);
}

const struct applet applet_du = {
    .name = "du", .step = step_du, .state_size = sizeof(struct du_state), .clean_up = du_clean_up};

/* ---- find ------------------------------------------------------------------------------ */

struct find_state {
    bool has_begun;
    bool is_walking;
    bool failed;
    int next;
    int tests; /* the first word that is no starting point */
    uint64_t max_depth;
    uint64_t min_depth;
    struct walk walk;
};

static void find_clean_up(struct task *task)
{
    struct find_state *state = task->state;

    if (state->has_begun) {
        walk_free(&state->walk);
    }
}

/* "+5", "-5", "5k": whether `value`, in units rounded up, fits; -1 if it is no number. */
static int compare_count(const char *text, uint64_t value)
{
    static const char letters[] = "cwbkMG";
    static const uint64_t units[] = {1, 2, 512, 1024, 1 << 20, 1 << 30};
    char digits[24];
    size_t length;
    const char *letter;
    char sign = (char)(*text == '+' || *text == '-' ? *text++ : '=');
    uint64_t unit = 512;
    uint64_t number;

    length = strlen(text);
    if (length == 0 || length >= sizeof(digits)) {
        return -1;
    }
    memcpy(digits, text, length + 1);
    letter = strchr(letters, digits[length - 1]);
    if (letter != NULL) {
        unit = units[letter - letters];
        digits[length - 1] = '\0';
    }
    if (!applet_number(digits, false, &number)) {
        return -1;
    }
    value = (value + unit - 1) / unit;
    return sign == '+' ? value > number : sign == '-' ? value < number : value == number;
}

/* Whether the current node passes the tests; 0 or 1, or -1 once a wrong one has been named. */
static int find_matches(struct task *task)
{
    struct find_state *state = task->state;
    const struct ramfs_node *node = state->walk.node;
    const char *path = (const char *)state->walk.path.data;
    const char *name =
        strrchr(path, '/') != NULL && strcmp(path, "/") != 0 ? strrchr(path, '/') + 1 : path;
    bool negates = false;

    for (int i = state->tests; i < task->argc; i++) {
        const char *test = task->argv[i];
        const char *value = i + 1 < task->argc ? task->argv[i + 1] : NULL;
        int result = 1;

        if (strcmp(test, "!") == 0 || strcmp(test, "-not") == 0) {
            negates = !negates;
            continue;
        }
        if (strcmp(test, "-print") == 0 || strcmp(test, "-a") == 0) {
            continue;
        }
        if (strcmp(test, "-empty") == 0) {
            result = node->is_directory ? node->children == NULL : node->size == 0;
        } else if (value == NULL) {
            task_error(task, "unknown predicate or missing argument to `%s'", test);
            return -1;
        } else {
            i++;
            if (strcmp(test, "-name") == 0) {
                result = pattern_match(value, name, strlen(name));
            } else if (strcmp(test, "-path") == 0) {
                result = pattern_match(value, path, strlen(path));
            } else if (strcmp(test, "-type") == 0) {
                result = *value == (node->is_directory ? 'd' : 'f');
            } else if (strcmp(test, "-size") == 0) {
                result = compare_count(value, node->size);
            } else if (strcmp(test, "-maxdepth") != 0 && strcmp(test, "-mindepth") != 0) {
                task_error(task, "unknown predicate `%s'", test);
                return -1;
            }
        }
        if (result < 0) {
            task_error(task, "invalid argument `%s' to `%s'", value, test);
            return -1;
        }
        if ((result != 0) == negates) {
            return 0;
        }
        negates = false;
    }
    return 1;
}

static enum step find_show(struct task *task)
{
    struct find_state *state = task->state;
    const char *path = (const char *)state->walk.path.data;
    size_t depth = walk_depth(&state->walk);
    int matches;

    if (depth < state->min_depth) {
        return STEP_MORE;
    }
    matches = find_matches(task);
    if (matches < 0) {
        return task_exit(task, 1);
    }
    if (matches > 0) {
        task_print(task, 1, "%s\n", path);
    }
    return STEP_MORE;
}

static enum step find_walk(struct task *task)
{
    struct find_state *state = task->state;

    switch (walk_next(&state->walk)) {
    case WALK_ENTER:
        state->walk.skips = walk_depth(&state->walk) >= state->max_depth;
        return find_show(task);
    case WALK_LEAVE:
        return STEP_MORE;
    case WALK_END:
        state->is_walking = false;
        return STEP_MORE;
    default:
        return task_out_of_memory(task);
    }
}

static enum step find_begin(struct task *task)
{
    struct find_state *state = task->state;

    walk_init(&state->walk, &task->agent->fs, task->agent->platform);
    state->has_begun = true;
    state->max_depth = UINT64_MAX;
    state->next = state->tests = 1;
    while (state->tests < task->argc && task->argv[state->tests][0] != '-' &&
           strcmp(task->argv[state->tests], "!") != 0) {
        state->tests++;
    }
    for (int i = state->tests; i + 1 < task->argc; i++) {
        uint64_t *depth = strcmp(task->argv[i], "-maxdepth") == 0   ? &state->max_depth
                          : strcmp(task->argv[i], "-mindepth") == 0 ? &state->min_depth
                                                                    : NULL;

        if (depth != NULL && !applet_number(task->argv[i + 1], false, depth)) {
            task_error(task, "Expected a positive decimal integer argument to %s, but got '%s'",
                       task->argv[i], task->argv[i + 1]);
            return task_exit(task, 1);
        }
    }
    if (state->tests == 1) {
        state->next = 0; /* "." */
    }
    return STEP_MORE;
}

static enum step step_find(struct task *task)
{
    struct find_state *state = task->state;

    if (!state->has_begun) {
        return find_begin(task);
    }
    if (state->is_walking) {
        return find_walk(task);
    }
    if (state->next < state->tests) {
        const char *name = state->next == 0 ? "." : task->argv[state->next];
        struct ramfs_node *node;
        int result = task_lookup(task, name, &node);

        state->next = state->next == 0 ? state->tests : state->next + 1;
        if (result < 0) {
            task_error(task, "'%s': %s", name, ramfs_error_text(result));
            state->failed = true;
        } else {
            walk_start(&state->walk, name, node);
            state->is_walking = true;
        }
        return STEP_MORE;
    }
    return task_exit(task, state->failed);
}

const struct applet applet_find = {.name = "find",
                                   .step = step_find,
                                   .state_size = sizeof(struct find_state),
                                   .clean_up = find_clean_up};
