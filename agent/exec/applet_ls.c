/* SPDX-License-Identifier: BSD-2-Clause */
/* ls.  A directory is taken in at once, and then sorted and shown in pieces, as a heap. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "civil.h"
#include "state.h"

/* Entries that one piece of work sorts or shows. */
#define AT_ONCE 64

/* Older than half of a Gregorian year: the year is shown instead of the time. */
#define RECENT_SECONDS (31556952 / 2)

struct ls_entry {
    struct ramfs_node *node; /* held */
    const char *name;        /* an operand, "." or "..", else NULL: the node's */
};

struct ls_state {
    struct applet_options options;
    bool has_begun;
    bool is_showing;
    bool names_directories;
    bool has_shown; /* something, so that an empty line comes before the next directory */
    int code;
    struct buffer heap;    /* of struct ls_entry */
    struct buffer stack;   /* directories to be shown: paths, the next one last */
    struct buffer found;   /* ls -R: directories in the one that is shown */
    struct buffer current; /* its path */
    size_t sift;           /* entries that are not in order yet */
    int size_width;
    int link_width;
};

static size_t count_of(const struct ls_state *state)
{
    return state->heap.size / sizeof(struct ls_entry);
}

static struct ls_entry *entries_of(const struct ls_state *state)
{
    return (void *)state->heap.data;
}

static void ls_clean_up(struct task *task)
{
    struct ls_state *state = task->state;

    for (size_t i = 0; i < count_of(state); i++) {
        ramfs_release(&task->agent->fs, entries_of(state)[i].node);
    }
    buffer_free(&state->heap);
    buffer_free(&state->stack);
    buffer_free(&state->found);
    buffer_free(&state->current);
}

/* ---- Order ----------------------------------------------------------------------------- */

static const char *name_of(const struct ls_entry *entry, size_t *length)
{
    if (entry->name != NULL) {
        *length = strlen(entry->name);
        return entry->name;
    }
    *length = entry->node->name_length;
    return entry->node->name;
}

static int compare_names(const struct ls_entry *a, const struct ls_entry *b)
{
    size_t a_length;
    size_t b_length;
    const char *a_name = name_of(a, &a_length);
    const char *b_name = name_of(b, &b_length);
    int order = memcmp(a_name, b_name, a_length < b_length ? a_length : b_length);

    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

/* Whether `a` is shown before `b`. */
static bool comes_first(const struct ls_state *state, const struct ls_entry *a,
                        const struct ls_entry *b)
{
    int64_t a_key = 0;
    int64_t b_key = 0;
    int order;

    if (applet_has(&state->options, 't')) {
        a_key = a->node->mtime_ns;
        b_key = b->node->mtime_ns;
    } else if (applet_has(&state->options, 'S')) {
        a_key = (int64_t)a->node->size;
        b_key = (int64_t)b->node->size;
    }
    order = a_key != b_key ? (a_key > b_key ? -1 : 1) : compare_names(a, b);
    return applet_has(&state->options, 'r') ? order > 0 : order < 0;
}

static void sift_down(struct ls_state *state, size_t at)
{
    struct ls_entry *entries = entries_of(state);
    size_t count = count_of(state);

    for (;;) {
        size_t first = at;
        struct ls_entry moved;

        for (size_t child = at * 2 + 1; child <= at * 2 + 2 && child < count; child++) {
            if (comes_first(state, &entries[child], &entries[first])) {
                first = child;
            }
        }
        if (first == at) {
            return;
        }
        moved = entries[at];
        entries[at] = entries[first];
        entries[first] = moved;
        at = first;
    }
}

/* ---- Taking in ------------------------------------------------------------------------- */

static int digits_of(uint64_t number)
{
    return snprintf(NULL, 0, "%" PRIu64, number);
}

static unsigned links_of(const struct ramfs_node *node)
{
    unsigned links = node->is_directory ? 2 : 1;

    for (const struct ramfs_node *child = node->children; child != NULL; child = child->sibling) {
        links += child->is_directory;
    }
    return links;
}

/* "1.5K", as -h shows sizes: rounded up, one digit behind the point below 10. */
void applet_human_size(uint64_t size, char text[24])
{
    static const char units[] = "KMGTPE";
    int unit = -1;
    uint64_t scale = 1;

    while (size / scale >= 1024 && unit < 5) {
        scale *= 1024;
        unit++;
    }
    if (unit < 0) {
        snprintf(text, 24, "%" PRIu64, size);
        return;
    }
    if ((size / (scale / 1024) * 10 + 1023) / 1024 < 100 && (size + scale / 10 - 1) / scale < 10) {
        uint64_t tenths = (size / (scale / 1024) * 10 + 1023) / 1024;

        snprintf(text, 24, "%u.%u%c", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
                 units[unit]);
    } else {
        snprintf(text, 24, "%" PRIu64 "%c", (size + scale - 1) / scale, units[unit]);
    }
}

static int size_width_of(const struct ls_state *state, uint64_t size)
{
    char text[24];

    if (!applet_has(&state->options, 'h')) {
        return digits_of(size);
    }
    applet_human_size(size, text);
    return (int)strlen(text);
}

static bool add_entry(struct task *task, struct ramfs_node *node, const char *name)
{
    struct ls_state *state = task->state;
    struct ls_entry entry = {.node = node, .name = name};

    if (buffer_append(&state->heap, &entry, sizeof(entry)) < 0) {
        task_out_of_memory(task);
        return false;
    }
    ramfs_hold(node);
    if (applet_has(&state->options, 'l')) {
        int size_width = size_width_of(state, node->size);
        int link_width = digits_of(links_of(node));

        state->size_width = size_width > state->size_width ? size_width : state->size_width;
        state->link_width = link_width > state->link_width ? link_width : state->link_width;
    }
    return true;
}

static uint64_t blocks_of(const struct ramfs_node *node)
{
    return (node->size + PLATFORM_PAGE_SIZE - 1) / PLATFORM_PAGE_SIZE * 4;
}

static bool is_hidden(const struct ls_state *state, const struct ramfs_node *node)
{
    return node->name[0] == '.' && !applet_has(&state->options, 'a') &&
           !applet_has(&state->options, 'A');
}

/* All of a directory into the heap, and what is to be said before it. */
static bool take_directory(struct task *task, struct ramfs_node *node)
{
    struct ls_state *state = task->state;
    uint64_t blocks = 0;

    state->size_width = state->link_width = 1;
    if (applet_has(&state->options, 'a') &&
        (!add_entry(task, node, ".") || !add_entry(task, node->parent, ".."))) {
        return false;
    }
    for (struct ramfs_node *child = node->children; child != NULL; child = child->sibling) {
        if (is_hidden(state, child)) {
            continue;
        }
        blocks += blocks_of(child);
        if (!add_entry(task, child, NULL)) {
            return false;
        }
    }
    if (state->names_directories) {
        task_print(task, 1, "%s%s:\n", state->has_shown ? "\n" : "",
                   (const char *)state->current.data);
    }
    if (applet_has(&state->options, 'l') || applet_has(&state->options, 's')) {
        char text[24];

        applet_human_size(blocks * 1024, text);
        if (applet_has(&state->options, 'h')) {
            task_print(task, 1, "total %s\n", text);
        } else {
            task_print(task, 1, "total %" PRIu64 "\n", blocks);
        }
    }
    state->has_shown = true;
    return true;
}

/* ---- Showing --------------------------------------------------------------------------- */

void applet_mode_text(const struct ramfs_node *node, char text[11])
{
    static const char letters[] = "rwxrwxrwx";

    text[0] = node->is_directory ? 'd' : '-';
    for (int i = 0; i < 9; i++) {
        text[1 + i] = (char)((node->mode & (0400 >> i)) != 0 ? letters[i] : '-');
    }
    for (int i = 0; i < 3; i++) {
        if ((node->mode & (04000 >> i)) != 0) {
            char *at = &text[3 + i * 3];
            bool executes = *at == 'x';

            *at = (i == 2 ? "Tt" : "Ss")[executes];
        }
    }
    text[10] = '\0';
}

static void show_long(struct task *task, const struct ls_entry *entry)
{
    const struct ls_state *state = task->state;
    const struct platform *platform = task->agent->platform;
    const struct ramfs_node *node = entry->node;
    int64_t age_ns = platform->realtime_ns(platform->ctx) - node->mtime_ns;
    bool is_recent = age_ns >= 0 && age_ns / 1000000000 < RECENT_SECONDS;
    const char *owner = applet_has(&state->options, 'n') ? "0" : "root";
    char mode[11];
    char size[24];

    applet_mode_text(node, mode);
    if (applet_has(&state->options, 'h')) {
        applet_human_size(node->size, size);
    } else {
        snprintf(size, sizeof(size), "%" PRIu64, node->size);
    }
    task_print(task, 1, "%s %*u ", mode, state->link_width, links_of(node));
    if (!applet_has(&state->options, 'g')) {
        task_print(task, 1, "%s ", owner);
    }
    if (!applet_has(&state->options, 'o') && !applet_has(&state->options, 'G')) {
        task_print(task, 1, "%s ", owner);
    }
    task_print(task, 1, "%*s ", state->size_width, size);
    applet_print_time(task,
                      applet_has(&state->options, 'u') ? "%Y-%m-%d %H:%M:%S.%N %z "
                      : is_recent                      ? "%b %e %H:%M "
                                                       : "%b %e  %Y ",
                      node->mtime_ns);
}

static void show(struct task *task, const struct ls_entry *entry)
{
    struct ls_state *state = task->state;
    size_t length;
    const char *name = name_of(entry, &length);

    if (applet_has(&state->options, 'i')) {
        task_print(task, 1, "%" PRIu32 " ", entry->node->number);
    }
    if (applet_has(&state->options, 's')) {
        task_print(task, 1, "%" PRIu64 " ", blocks_of(entry->node));
    }
    if (applet_has(&state->options, 'l')) {
        show_long(task, entry);
    }
    task_write(task, 1, name, length);
    if (entry->node->is_directory &&
        (applet_has(&state->options, 'p') || applet_has(&state->options, 'F'))) {
        task_write(task, 1, "/", 1);
    } else if (applet_has(&state->options, 'F') && (entry->node->mode & 0111) != 0) {
        task_write(task, 1, "*", 1);
    }
    task_write(task, 1, "\n", 1);
    state->has_shown = true;
}

/* ls -R: remembers the directory for later. */
static void remember(struct task *task, const struct ls_entry *entry)
{
    struct ls_state *state = task->state;
    const char *path = (const char *)state->current.data;
    size_t length = strlen(path);
    struct buffer *found = &state->found;

    if (buffer_append(found, path, length) < 0 ||
        (path[length - 1] != '/' && buffer_append(found, "/", 1) < 0) ||
        buffer_append(found, entry->node->name, entry->node->name_length) < 0 ||
        buffer_append(found, "", 1) < 0) {
        task_out_of_memory(task);
    }
}

/* Shows some of the heap; returns whether there is more. */
static bool show_some(struct task *task)
{
    struct ls_state *state = task->state;

    for (int i = 0; i < AT_ONCE; i++) {
        struct ls_entry *entries = entries_of(state);
        size_t count = count_of(state);
        struct ls_entry entry;

        if (state->sift > 0) {
            sift_down(state, --state->sift);
            continue;
        }
        if (count == 0) {
            return false;
        }
        entry = entries[0];
        entries[0] = entries[count - 1];
        state->heap.size -= sizeof(entry);
        sift_down(state, 0);
        show(task, &entry);
        if (applet_has(&state->options, 'R') && entry.name == NULL && entry.node->is_directory &&
            state->current.size > 0) {
            remember(task, &entry);
        }
        ramfs_release(&task->agent->fs, entry.node);
    }
    return true;
}

/* Moves the last path of `from` to the end of `to`; false if memory is short. */
static bool move_last(struct buffer *from, struct buffer *to)
{
    size_t start = from->size - 1;

    while (start > 0 && from->data[start - 1] != '\0') {
        start--;
    }
    if (buffer_append(to, from->data + start, from->size - start) < 0) {
        return false;
    }
    from->size = start;
    return true;
}

/* ---- The whole ------------------------------------------------------------------------- */

static bool begin(struct task *task)
{
    struct ls_state *state = task->state;
    const struct platform *platform = task->agent->platform;
    struct applet_options *options = &state->options;

    state->has_begun = true;
    buffer_init(&state->heap, platform);
    buffer_init(&state->stack, platform);
    buffer_init(&state->found, platform);
    buffer_init(&state->current, platform);
    if (!applet_options(task, "1ACFGLRSadfghilnopqrstuwx",
                        "all=a almost-all=A directory=d human-readable=h recursive=R reverse=r "
                        "size=s inode=i classify=F full-time=u color=q numeric-uid-gid=n",
                        options)) {
        return false;
    }
    if (applet_has(options, 'n') || applet_has(options, 'g') || applet_has(options, 'o')) {
        applet_give(options, "l");
    }
    if (task->argc < 2) {
        static char here[] = ".";

        task->argv[1] = here; /* argv has room for the NULL that stood there, and one more */
        task->argc = 2;
    }
    state->names_directories = task->argc > 2 || applet_has(options, 'R');
    return true;
}

/* ls shows its operands in order, too: a heap sort, since there may be many. */
static void sort_operands(struct task *task)
{
    applet_sort_strings(task->argv + 1, (size_t)task->argc - 1);
}

/* Operands: files are shown first, directories one by one afterwards. */
static void take_operands(struct task *task)
{
    struct ls_state *state = task->state;

    state->size_width = state->link_width = 1;
    for (int i = 1; i < task->argc; i++) {
        const char *name = task->argv[i];
        struct ramfs_node *node;
        int result = task_lookup(task, name, &node);

        if (result < 0) {
            task_error(task, "cannot access '%s': %s", name, ramfs_error_text(result));
            state->code = 2;
        } else if (!node->is_directory || applet_has(&state->options, 'd')) {
            if (!add_entry(task, node, name)) {
                return;
            }
        } else if (buffer_append(&state->found, name, strlen(name) + 1) < 0) {
            task_out_of_memory(task);
            return;
        }
    }
    state->sift = count_of(state);
}

static enum step step_ls(struct task *task)
{
    struct ls_state *state = task->state;
    struct ramfs_node *node;
    int result;

    if (!state->has_begun) {
        if (!begin(task)) {
            return task_exit(task, 2);
        }
        sort_operands(task);
        take_operands(task);
        return STEP_MORE;
    }
    if (show_some(task) && !task->is_out_of_memory) {
        return STEP_MORE;
    }
    while (state->found.size > 0 && !task->is_out_of_memory) {
        if (!move_last(&state->found, &state->stack)) {
            task_out_of_memory(task);
        }
    }
    if (task->is_out_of_memory) {
        return STEP_BLOCKED;
    }
    if (state->stack.size == 0) {
        return task_exit(task, state->code);
    }
    state->current.size = 0;
    if (!move_last(&state->stack, &state->current)) {
        return task_out_of_memory(task);
    }
    result = task_lookup(task, (const char *)state->current.data, &node);
    if (result == 0 && take_directory(task, node)) {
        state->sift = count_of(state);
    }
    return STEP_MORE;
}

const struct applet applet_ls = {
    .name = "ls", .step = step_ls, .state_size = sizeof(struct ls_state), .clean_up = ls_clean_up};
