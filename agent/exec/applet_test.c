/* SPDX-License-Identifier: BSD-2-Clause */
/* test and [ (POSIX.1-2017 XCU test). */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "state.h"

#define DEPTH_MAX 64

struct test {
    struct task *task;
    int at;
    int end;
    int depth;
    bool failed;
};

static bool fail(struct test *test, const char *format, const char *about)
{
    if (!test->failed) {
        task_error(test->task, format, about);
    }
    test->failed = true;
    return false;
}

/* The one inside the shell is dash's, whose words are others. */
static bool is_inner(const struct test *test)
{
    const struct applet *applet = test->task->applet;

    return applet == &applet_shell_test || applet == &applet_shell_bracket;
}

static const char *word(const struct test *test, int offset)
{
    return test->at + offset < test->end ? test->task->argv[test->at + offset] : NULL;
}

static bool read_number(struct test *test, const char *text, int64_t *number)
{
    const char *at = text;
    bool is_negative;
    uint64_t magnitude = 0;

    while (*at == ' ' || *at == '\t' || *at == '\n') {
        at++;
    }
    is_negative = *at == '-';
    at += is_negative || *at == '+';
    if (*at < '0' || *at > '9') {
        return fail(test, is_inner(test) ? "Illegal number: %s" : "invalid integer '%s'", text);
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        if (magnitude > (INT64_MAX - 9) / 10) {
            return fail(test, is_inner(test) ? "Illegal number: %s" : "invalid integer '%s'", text);
        }
        magnitude = magnitude * 10 + (uint64_t)(*at - '0');
    }
    at += strspn(at, " \t\n");
    if (*at != '\0') {
        return fail(test, is_inner(test) ? "Illegal number: %s" : "invalid integer '%s'", text);
    }
    *number = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* ---- Primaries ------------------------------------------------------------------------- */

static bool is_unary(const char *text)
{
    return text[0] == '-' && text[1] != '\0' && text[2] == '\0' &&
           strchr("bcdefghknprstuwxzGLOS", text[1]) != NULL;
}

static bool test_file(struct test *test, char letter, const char *path)
{
    struct ramfs_node *node;
    int result = task_lookup(test->task, path, &node);

    if (result < 0) {
        bool is_device = strcmp(path, "/dev/null") == 0 || strcmp(path, "/dev/zero") == 0;
        bool is_applet = task_is_applet_path(test->task, path);

        return is_device   ? strchr("cerw", letter) != NULL
               : is_applet ? strchr("efrsx", letter) != NULL
                           : false;
    }
    switch (letter) {
    case 'd':
        return node->is_directory;
    case 'f':
        return !node->is_directory;
    case 's':
        return node->is_directory || node->size > 0;
    case 'x':
        return node->is_directory || (node->mode & 0111) != 0;
    case 'u':
        return (node->mode & 04000) != 0;
    case 'g':
        return (node->mode & 02000) != 0;
    case 'k':
        return (node->mode & 01000) != 0;
    case 'b':
    case 'c':
    case 'h':
    case 'L':
    case 'p':
    case 'S':
        return false;
    default: /* e, r, w, O, G: it is there, and root may do everything */
        return true;
    }
}

static bool test_unary(struct test *test, char letter, const char *operand)
{
    switch (letter) {
    case 'n':
        return *operand != '\0';
    case 'z':
        return *operand == '\0';
    case 't': /* nothing here is a terminal */
        return false;
    default:
        return test_file(test, letter, operand);
    }
}

enum binary {
    EQUAL,
    UNEQUAL,
    BEFORE,
    BEHIND,
    EQ,
    NE,
    LT,
    LE,
    GT,
    GE,
    NEWER,
    OLDER,
    SAME,
    BINARIES
};

static enum binary find_binary(const char *text)
{
    static const char *const names[BINARIES] = {"=",   "!=",  "<",   ">",   "-eq", "-ne", "-lt",
                                                "-le", "-gt", "-ge", "-nt", "-ot", "-ef"};
    int i = 0;

    while (i < BINARIES && strcmp(text, names[i]) != 0) {
        i++;
    }
    return i == BINARIES && strcmp(text, "==") == 0 ? EQUAL : (enum binary)i;
}

static bool test_files(struct test *test, enum binary binary, const char *a, const char *b)
{
    struct ramfs_node *first;
    struct ramfs_node *second;

    if (task_lookup(test->task, a, &first) < 0 || task_lookup(test->task, b, &second) < 0) {
        return false;
    }
    return binary == NEWER   ? first->mtime_ns > second->mtime_ns
           : binary == OLDER ? first->mtime_ns < second->mtime_ns
                             : first == second;
}

static bool test_binary(struct test *test, const char *a, enum binary binary, const char *b)
{
    int64_t first = 0;
    int64_t second = 0;

    switch (binary) {
    case EQUAL:
        return strcmp(a, b) == 0;
    case UNEQUAL:
        return strcmp(a, b) != 0;
    case BEFORE:
        return strcmp(a, b) < 0;
    case BEHIND:
        return strcmp(a, b) > 0;
    case NEWER:
    case OLDER:
    case SAME:
        return test_files(test, binary, a, b);
    default:
        break;
    }
    if (!read_number(test, a, &first) || !read_number(test, b, &second)) {
        return false;
    }
    return binary == EQ   ? first == second
           : binary == NE ? first != second
           : binary == LT ? first < second
           : binary == LE ? first <= second
           : binary == GT ? first > second
                          : first >= second;
}

/* ---- Expressions ----------------------------------------------------------------------- */

static bool test_or(struct test *test);

static bool test_primary(struct test *test)
{
    const char *first = word(test, 0);
    const char *second = word(test, 1);
    bool result;

    if (first == NULL) {
        return fail(test, "argument expected%s", "");
    }
    if (second != NULL && find_binary(second) != BINARIES && word(test, 2) != NULL) {
        result = test_binary(test, first, find_binary(second), word(test, 2));
        test->at += 3;
        return result;
    }
    if (strcmp(first, "!") == 0 && second != NULL) {
        test->at++;
        if (++test->depth > DEPTH_MAX) {
            return fail(test, "too deep%s", "");
        }
        return !test_primary(test);
    }
    if (strcmp(first, "(") == 0 && second != NULL) {
        test->at++;
        if (++test->depth > DEPTH_MAX) {
            return fail(test, "too deep%s", "");
        }
        result = test_or(test);
        if (word(test, 0) == NULL || strcmp(word(test, 0), ")") != 0) {
            return fail(test, "closing paren expected%s", "");
        }
        test->at++;
        return result;
    }
    if (is_unary(first) && second != NULL) {
        test->at += 2;
        return test_unary(test, first[1], second);
    }
    test->at++;
    return *first != '\0';
}

static bool test_and(struct test *test)
{
    bool result = test_primary(test);

    while (word(test, 0) != NULL && strcmp(word(test, 0), "-a") == 0) {
        test->at++;
        result = test_primary(test) && result;
    }
    return result;
}

static bool test_or(struct test *test)
{
    bool result = test_and(test);

    while (word(test, 0) != NULL && strcmp(word(test, 0), "-o") == 0) {
        test->at++;
        result = test_and(test) || result;
    }
    return result;
}

/* Three words and fewer have meanings of their own, whatever the words are. */
static bool test_all(struct test *test)
{
    int count = test->end - test->at;

    if (count == 0) {
        return false;
    }
    if (count == 3 && find_binary(word(test, 1)) == BINARIES && strcmp(word(test, 0), "(") == 0 &&
        strcmp(word(test, 2), ")") == 0) {
        test->at += 3;
        return *test->task->argv[test->at - 2] != '\0';
    }
    return test_or(test);
}

static void complain_of_rest(struct test *test)
{
    if (is_inner(test)) {
        fail(test, "%s: unexpected operator", word(test, -1));
    } else if (test->end == 3) {
        fail(test, "missing argument after '%s'", test->task->argv[2]);
    } else if (test->end == 4) {
        fail(test, "'%s': binary operator expected", test->task->argv[2]);
    } else {
        fail(test, "extra argument '%s'", word(test, 0));
    }
}

static enum step test_step(struct task *task, int end)
{
    struct test test = {.task = task, .at = 1, .end = end};
    bool result = test_all(&test);

    if (!test.failed && test.at < test.end) {
        complain_of_rest(&test);
    }
    return task_exit(task, test.failed ? 2 : !result);
}

static enum step step_test(struct task *task)
{
    return test_step(task, task->argc);
}

static enum step step_bracket(struct task *task)
{
    if (strcmp(task->argv[task->argc - 1], "]") != 0 || task->argc < 2) {
        task_error(task, task->applet == &applet_shell_bracket ? "missing ]" : "missing ']'");
        return task_exit(task, 2);
    }
    return test_step(task, task->argc - 1);
}

const struct applet applet_shell_test = {.name = "test", .step = step_test};
const struct applet applet_shell_bracket = {.name = "[", .step = step_bracket};
const struct applet applet_test = {.name = "test", .step = step_test};
const struct applet applet_test_bracket = {.name = "[", .step = step_bracket};
