/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.  The expression is looked at anew for each node.  A program of -exec takes its time: then
 * the whole expression is looked at again when it has ended, and what its actions came to before is
 * remembered by their numbers.
 */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "pattern.h"
#include "state.h"
#include "walk.h"

#define ACTIONS_MAX 64u
#define DEPTH_MAX   32u
#define DAY_NS      INT64_C(86400000000000)
#define MINUTE_NS   INT64_C(60000000000)
/* Names that one program of "-exec … +" is given. */
#define BATCH_WORDS 1024u

struct find_state {
    bool has_begun;
    bool is_walking;
    bool is_judging; /* the current node */
    bool is_depth;   /* what is in a directory comes before it */
    bool has_action;
    bool failed;
    bool quits;
    int next;
    int tests; /* the first word that is no starting point */
    uint64_t max_depth;
    uint64_t min_depth;
    struct walk walk;
    /* Actions for the current node: how many are done, and their results, a bit each. */
    unsigned done;
    uint64_t results;
    int64_t pid;
    bool has_ended;
    bool is_batch; /* the program that runs is one of "-exec … +" */
    struct task_end end;
    struct buffer batch; /* names for "-exec … +", each with its NUL */
    unsigned batch_count;
    int batch_from; /* its words; 0: there is none */
    int batch_to;
    struct buffer deleted; /* what -delete removes once the walk has gone on */
    bool deletes_directory;
};

/* One look at the expression. */
struct look {
    struct task *task;
    int at;
    unsigned action;
    unsigned depth;
    bool is_pending; /* a program has to end first */
    bool is_wrong;   /* and the message is written */
};

static void find_clean_up(struct task *task)
{
    struct find_state *state = task->state;

    if (state->has_begun) {
        walk_free(&state->walk);
        buffer_free(&state->batch);
        buffer_free(&state->deleted);
    }
}

static void find_child_ended(struct task *task, int64_t pid, struct task_end end)
{
    struct find_state *state = task->state;

    if (pid == state->pid) {
        state->has_ended = true;
        state->end = end;
    }
}

static const char *path_of(const struct find_state *state)
{
    return (const char *)state->walk.path.data;
}

/* ---- Tests ----------------------------------------------------------------------------- */

/* "+5", "-5", "5": whether `value` fits; -1 if it is no number. */
static int compare_number(const char *text, uint64_t value)
{
    char sign = (char)(*text == '+' || *text == '-' ? *text++ : '=');
    uint64_t number;

    if (!applet_number(text, false, &number)) {
        return -1;
    }
    return sign == '+' ? value > number : sign == '-' ? value < number : value == number;
}

/* "5k": in units, rounded up. */
static int compare_size(const char *text, uint64_t value)
{
    static const char letters[] = "cwbkMG";
    static const uint64_t units[] = {1, 2, 512, 1024, 1 << 20, 1 << 30};
    char digits[24];
    size_t length = strlen(text);
    const char *letter;
    uint64_t unit = 512;

    if (length == 0 || length >= sizeof(digits)) {
        return -1;
    }
    memcpy(digits, text, length + 1);
    letter = strchr(letters, digits[length - 1]);
    if (letter != NULL) {
        unit = units[letter - letters];
        digits[length - 1] = '\0';
    }
    return compare_number(digits, (value + unit - 1) / unit);
}

/* "644", "-644": all of these bits, "/111": any. */
static int compare_mode(const char *text, uint32_t mode)
{
    char sign = (char)(*text == '-' || *text == '/' ? *text++ : '=');
    uint32_t wanted = 0;

    if (!applet_mode(text, 0, false, &wanted)) {
        return -1;
    }
    return sign == '-'   ? (mode & wanted) == wanted
           : sign == '/' ? wanted == 0 || (mode & wanted) != 0
                         : (mode & 07777) == wanted;
}

/* -iname and -ipath: both sides in small letters; names are no longer than that. */
static int match_any_case(struct task *task, const char *pattern, const char *text)
{
    size_t length = strlen(pattern) + strlen(text) + 2;
    struct arena arena;
    char *copy;
    int result;

    arena_init(&arena, task->agent->platform);
    copy = arena_alloc(&arena, length);
    if (copy == NULL) {
        return -1;
    }
    strcpy(copy, pattern);
    strcpy(copy + strlen(pattern) + 1, text);
    for (size_t i = 0; i < length; i++) {
        copy[i] = (char)(copy[i] >= 'A' && copy[i] <= 'Z' ? copy[i] + 0x20 : copy[i]);
    }
    result = pattern_match(copy, copy + strlen(pattern) + 1, strlen(text));
    arena_free(&arena);
    return result;
}

/* A test with a value: 0, 1, -1 for a wrong value, -2 for no such test, -3 for no such type. */
static int run_test(struct task *task, const char *test, const char *value)
{
    const struct find_state *state = task->state;
    const struct ramfs_node *node = state->walk.node;
    const char *path = path_of(state);
    const char *name =
        strrchr(path, '/') != NULL && strcmp(path, "/") != 0 ? strrchr(path, '/') + 1 : path;
    int64_t age = agent_realtime_ns(task->agent) - node->mtime_ns;

    age = age < 0 ? 0 : age;
    if (strcmp(test, "-name") == 0) {
        return pattern_match(value, name, strlen(name));
    }
    if (strcmp(test, "-iname") == 0) {
        return match_any_case(task, value, name);
    }
    if (strcmp(test, "-path") == 0 || strcmp(test, "-wholename") == 0) {
        return pattern_match(value, path, strlen(path));
    }
    if (strcmp(test, "-ipath") == 0) {
        return match_any_case(task, value, path);
    }
    if (strcmp(test, "-type") == 0) {
        return strchr("bcdpflsD", *value) == NULL || value[0] == '\0'
                   ? -3
                   : *value == (node->is_directory ? 'd' : 'f');
    }
    if (strcmp(test, "-size") == 0) {
        return compare_size(value, node->size);
    }
    if (strcmp(test, "-perm") == 0) {
        return compare_mode(value, node->mode);
    }
    if (strcmp(test, "-mtime") == 0) {
        return compare_number(value, (uint64_t)(age / DAY_NS));
    }
    if (strcmp(test, "-mmin") == 0) {
        return compare_number(value, (uint64_t)((age + MINUTE_NS - 1) / MINUTE_NS));
    }
    if (strcmp(test, "-user") == 0 || strcmp(test, "-group") == 0) {
        return strcmp(value, "root") == 0 || strcmp(value, "0") == 0;
    }
    if (strcmp(test, "-newer") == 0) {
        struct ramfs_node *other;

        return task_lookup(task, value, &other) < 0 ? -1 : node->mtime_ns > other->mtime_ns;
    }
    if (strcmp(test, "-maxdepth") == 0 || strcmp(test, "-mindepth") == 0) {
        return 1;
    }
    return -2;
}

/* ---- Actions --------------------------------------------------------------------------- */

/* Starts the words from `from` to `to` with "{}" replaced by `name`, or the batch behind them. */
static bool start(struct task *task, int from, int to, const char *name)
{
    struct find_state *state = task->state;
    size_t most = (size_t)(to - from) + state->batch_count + 1;
    struct arena arena;
    struct task *child = NULL;
    int error = -ENOMEM;
    int argc = 0;
    char **argv;

    arena_init(&arena, task->agent->platform);
    argv = arena_alloc(&arena, most * sizeof(*argv));
    for (int i = from; argv != NULL && i < to; i++) {
        argv[argc++] = name != NULL && strcmp(task->argv[i], "{}") == 0
                           ? arena_copy(&arena, name, strlen(name))
                           : task->argv[i];
    }
    if (argv != NULL && name == NULL) {
        char *word = (char *)state->batch.data;

        for (unsigned i = 0; i < state->batch_count; i++) {
            argv[argc++] = word;
            word += strlen(word) + 1;
        }
    }
    if (argv != NULL) {
        argv[argc] = NULL;
        child = applet_start(task, task, argc, argv, &task->vars, &error);
    }
    arena_free(&arena);
    if (child == NULL && error == -ENOMEM) {
        task_out_of_memory(task);
    } else if (child == NULL) {
        task_error(task, "'%s': %s", task->argv[from], ramfs_error_text(error));
        state->failed = true;
    }
    state->pid = child != NULL ? child->pid : 0;
    state->has_ended = false;
    state->is_batch = name == NULL;
    return child != NULL;
}

/* The batch's program, if there are names for it; whether it was started. */
static bool start_batch(struct task *task)
{
    struct find_state *state = task->state;
    bool started = state->batch_count > 0 && start(task, state->batch_from, state->batch_to, NULL);

    state->batch.size = 0;
    state->batch_count = 0;
    return started;
}

/* -exec WORDS ; or WORDS {} +: look->at stands at its first word, and then behind all. */
static bool run_exec(struct look *look, bool skips)
{
    struct task *task = look->task;
    struct find_state *state = task->state;
    int from = look->at;
    int end = from;
    bool is_batch;

    while (end < task->argc && strcmp(task->argv[end], ";") != 0 &&
           !(strcmp(task->argv[end], "+") == 0 && end > from &&
             strcmp(task->argv[end - 1], "{}") == 0)) {
        end++;
    }
    if (end >= task->argc || end == from) {
        task_error(task, "missing argument to `-exec'");
        look->is_wrong = true;
        return false;
    }
    look->at = end + 1;
    is_batch = *task->argv[end] == '+';
    if (skips) {
        return false;
    }
    if (!is_batch) {
        look->is_pending = start(task, from, end, path_of(state));
        return false;
    }
    state->batch_from = from;
    state->batch_to = end - 1;
    if (buffer_append(&state->batch, path_of(state), strlen(path_of(state)) + 1) < 0) {
        task_out_of_memory(task);
        return false;
    }
    state->batch_count++;
    return true;
}

/* Notes what is to be removed: the walk has to leave it first. */
static bool run_delete(struct task *task)
{
    struct find_state *state = task->state;
    const char *path = path_of(state);

    state->deleted.size = 0;
    if (strcmp(path, ".") != 0 && buffer_append(&state->deleted, path, strlen(path) + 1) < 0) {
        task_out_of_memory(task);
    }
    state->deletes_directory = state->walk.node->is_directory;
    return true;
}

static void delete_now(struct task *task)
{
    struct find_state *state = task->state;
    const char *name = (const char *)state->deleted.data;
    char path[RAMFS_PATH_MAX + 1];
    int result;

    if (state->deleted.size == 0) {
        return;
    }
    result = task_path(task, name, path);
    if (result == 0) {
        result = state->deletes_directory ? ramfs_rmdir(&task->agent->fs, path)
                                          : ramfs_unlink(&task->agent->fs, path);
    }
    if (result < 0) {
        task_error(task, "cannot delete '%s': %s", name, ramfs_error_text(result));
        state->failed = true;
    }
    state->deleted.size = 0;
}

static bool is_action(const char *word)
{
    static const char *const names[] = {"-print", "-print0", "-exec", "-delete", "-prune", "-quit"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(word, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool run_action(struct look *look, const char *word, bool skips)
{
    struct task *task = look->task;
    struct find_state *state = task->state;
    unsigned number = look->action++;
    bool is_done = number < state->done;
    bool result = true;

    if (number >= ACTIONS_MAX) {
        task_error(task, "too many actions");
        look->is_wrong = true;
        return false;
    }
    skips = skips || look->is_pending || look->is_wrong;
    if (strcmp(word, "-exec") == 0) {
        result = run_exec(look, skips || is_done);
    } else if (skips || is_done) {
        result = true;
    } else if (strcmp(word, "-delete") == 0) {
        result = run_delete(task);
    } else if (strcmp(word, "-prune") == 0) {
        state->walk.skips = true;
    } else if (strcmp(word, "-quit") == 0) {
        state->quits = true;
    } else {
        task_print(task, 1, "%s", path_of(state));
        task_write(task, 1, strcmp(word, "-print0") == 0 ? "\0" : "\n", 1);
    }
    if (is_done) {
        return (state->results >> number & 1) != 0;
    }
    if (!skips && !look->is_pending) {
        state->done = number + 1;
        state->results = (state->results & ~(UINT64_C(1) << number)) | (uint64_t)result << number;
    }
    return result;
}

/* ---- The expression -------------------------------------------------------------------- */

static bool look_or(struct look *look, bool skips);

static const char *word_at(const struct look *look)
{
    return look->at < look->task->argc ? look->task->argv[look->at] : "";
}

static bool is_word(const struct look *look, const char *word, const char *other)
{
    return strcmp(word_at(look), word) == 0 || strcmp(word_at(look), other) == 0;
}

static bool wrong(struct look *look, const char *format, const char *word)
{
    if (!look->is_wrong) {
        task_print(look->task, 2, "find: %s `%s'\n", format, word);
    }
    look->is_wrong = true;
    return false;
}

static bool look_primary(struct look *look, bool skips)
{
    struct task *task = look->task;
    const struct find_state *state = task->state;
    const char *word = word_at(look);
    const char *value = look->at + 1 < task->argc ? task->argv[look->at + 1] : NULL;
    int result;

    if (*word == '\0' && look->at >= task->argc) {
        return wrong(look, "expected an expression after", task->argv[task->argc - 1]);
    }
    look->at++;
    if (strcmp(word, "(") == 0) {
        bool inner;

        if (++look->depth > DEPTH_MAX) {
            return wrong(look, "too deep:", word);
        }
        inner = look_or(look, skips);
        look->depth--;
        if (strcmp(word_at(look), ")") != 0) {
            if (!look->is_wrong) {
                task_error(task, "invalid expression; I was expecting to find a ')' somewhere but "
                                 "did not see one.");
            }
            look->is_wrong = true;
            return false;
        }
        look->at++;
        return inner;
    }
    if (is_action(word)) {
        return run_action(look, word, skips);
    }
    if (strcmp(word, "-empty") == 0) {
        const struct ramfs_node *node = state->walk.node;

        return node->is_directory ? node->children == NULL : node->size == 0;
    }
    if (strcmp(word, "-true") == 0 || strcmp(word, "-depth") == 0 || strcmp(word, "-xdev") == 0 ||
        strcmp(word, "-mount") == 0 || strcmp(word, "-false") == 0) {
        return word[1] != 'f';
    }
    if (*word != '-') {
        return wrong(look, "paths must precede expression:", word);
    }
    result = run_test(task, word, value == NULL ? "" : value);
    if (result == -2) {
        return wrong(look, "unknown predicate", word);
    }
    if (value == NULL) {
        return wrong(look, "missing argument to", word);
    }
    look->at++;
    if (result == -3) {
        task_error(task, "Unknown argument to -type: %c", *value);
        look->is_wrong = true;
        return false;
    }
    return result < 0 ? wrong(look, "invalid argument to", word) : result != 0;
}

static bool look_not(struct look *look, bool skips)
{
    bool negates = false;

    while (is_word(look, "!", "-not")) {
        negates = !negates;
        look->at++;
    }
    return look_primary(look, skips) != negates;
}

static bool look_and(struct look *look, bool skips)
{
    bool result = look_not(look, skips);

    while (!look->is_wrong && look->at < look->task->argc && !is_word(look, "-o", "-or") &&
           strcmp(word_at(look), ")") != 0) {
        look->at += is_word(look, "-a", "-and");
        if (!look_not(look, skips || !result)) {
            result = false;
        }
    }
    return result;
}

static bool look_or(struct look *look, bool skips)
{
    bool result = look_and(look, skips);

    while (!look->is_wrong && is_word(look, "-o", "-or")) {
        look->at++;
        if (look_and(look, skips || result)) {
            result = true;
        }
    }
    return result;
}

/* Judges the current node, as far as can be without waiting. */
static enum step judge(struct task *task)
{
    struct find_state *state = task->state;
    struct look look = {.task = task, .at = state->tests};
    bool matches = true;

    if (look.at < task->argc) {
        matches = look_or(&look, false);
        if (!look.is_wrong && look.at < task->argc) {
            matches = wrong(&look, "paths must precede expression:", word_at(&look));
        }
    }
    if (look.is_wrong) {
        return task_exit(task, 1);
    }
    if (look.is_pending) {
        return STEP_BLOCKED;
    }
    if (matches && !state->has_action) {
        task_print(task, 1, "%s\n", path_of(state));
    }
    state->is_judging = false;
    return state->batch_count >= BATCH_WORDS && start_batch(task) ? STEP_BLOCKED : STEP_MORE;
}

/* ---- The walk -------------------------------------------------------------------------- */

static enum step find_walk(struct task *task)
{
    struct find_state *state = task->state;
    enum walk_event event = walk_next(&state->walk);
    size_t depth;

    delete_now(task);
    if (event == WALK_END) {
        state->is_walking = false;
        return STEP_MORE;
    }
    if (event == WALK_NO_MEMORY) {
        return task_out_of_memory(task);
    }
    depth = walk_depth(&state->walk);
    if (event == WALK_ENTER) {
        state->walk.skips = depth >= state->max_depth;
    }
    if (state->walk.node->is_directory && (event == WALK_LEAVE) != state->is_depth) {
        return STEP_MORE;
    }
    if (depth >= state->min_depth) {
        walk_keep_next(&state->walk);
        state->is_judging = true;
        state->done = 0;
        state->results = 0;
    }
    return STEP_MORE;
}

static enum step find_begin(struct task *task)
{
    struct find_state *state = task->state;

    walk_init(&state->walk, &task->agent->fs, task->agent->platform);
    buffer_init(&state->batch, task->agent->platform);
    buffer_init(&state->deleted, task->agent->platform);
    state->has_begun = true;
    state->max_depth = UINT64_MAX;
    state->next = state->tests = 1;
    while (state->tests < task->argc && task->argv[state->tests][0] != '-' &&
           strcmp(task->argv[state->tests], "!") != 0 &&
           strcmp(task->argv[state->tests], "(") != 0) {
        state->tests++;
    }
    for (int i = state->tests; i < task->argc; i++) {
        const char *word = task->argv[i];
        uint64_t *depth = strcmp(word, "-maxdepth") == 0   ? &state->max_depth
                          : strcmp(word, "-mindepth") == 0 ? &state->min_depth
                                                           : NULL;

        state->is_depth =
            state->is_depth || strcmp(word, "-depth") == 0 || strcmp(word, "-delete") == 0;
        state->has_action = state->has_action || (is_action(word) && strcmp(word, "-prune") != 0);
        if (depth != NULL && i + 1 < task->argc &&
            !applet_number(task->argv[i + 1], false, depth)) {
            task_error(task, "Expected a positive decimal integer argument to %s, but got '%s'",
                       word, task->argv[i + 1]);
            return task_exit(task, 1);
        }
    }
    if (state->tests == 1) {
        state->next = 0; /* "." */
    }
    return STEP_MORE;
}

/* The program has ended: its action counts as done, and the node is looked at again. */
static void take_result(struct find_state *state)
{
    bool result = state->end.signal == 0 && state->end.code == 0;

    state->pid = 0;
    if (state->is_batch) {
        state->failed = state->failed || !result;
        return;
    }
    state->results = (state->results & ~(UINT64_C(1) << state->done)) | (uint64_t)result
                                                                            << state->done;
    state->done++;
}

static enum step step_find(struct task *task)
{
    struct find_state *state = task->state;

    if (!state->has_begun) {
        return find_begin(task);
    }
    if (state->pid != 0) {
        if (!state->has_ended) {
            return STEP_BLOCKED;
        }
        take_result(state);
    }
    if (state->is_judging) {
        return judge(task);
    }
    if (state->is_walking && !state->quits) {
        return find_walk(task);
    }
    if (state->next < state->tests && !state->quits) {
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
    delete_now(task);
    return start_batch(task) ? STEP_BLOCKED : task_exit(task, state->failed);
}

const struct applet applet_find = {.name = "find",
                                   .step = step_find,
                                   .state_size = sizeof(struct find_state),
                                   .child_ended = find_child_ended,
                                   .clean_up = find_clean_up};
