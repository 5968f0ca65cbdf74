/* SPDX-License-Identifier: BSD-2-Clause */
/* $((…)): C's integer expressions (POSIX.1-2017 XCU §2.6.4), in 64 bits that wrap around. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

/* Parentheses and unary operators in one another: each takes some of the stack. */
#define DEPTH_MAX 40

struct arithmetic {
    struct task *task;
    const char *at;
    const char *text;
    unsigned depth;
    bool discards; /* the side that && or || or ?: does not take */
    const char *error;
    bool out_of_memory;
};

static int64_t parse_assignment(struct arithmetic *a);

static void fail(struct arithmetic *a, const char *error)
{
    if (a->error == NULL) {
        a->error = error;
    }
    a->at += strlen(a->at);
}

static void skip_blanks(struct arithmetic *a)
{
    a->at += strspn(a->at, " \t\n");
}

/* Takes an operator that is not the start of one of the longer ones in `but`. */
static bool take(struct arithmetic *a, const char *operator, const char * but)
{
    size_t length = strlen(operator);

    skip_blanks(a);
    if (strncmp(a->at, operator, length) != 0 ||
        (a->at[length] != '\0' && strchr(but, a->at[length]) != NULL)) {
        return false;
    }
    a->at += length;
    return true;
}

static size_t name_length(const char *text)
{
    size_t length = 0;

    while ((text[length] >= 'a' && text[length] <= 'z') ||
           (text[length] >= 'A' && text[length] <= 'Z') || text[length] == '_' ||
           (length > 0 && text[length] >= '0' && text[length] <= '9')) {
        length++;
    }
    return length;
}

static int64_t parse_number(const char *text, char **end)
{
    bool is_negative = *text == '-';

    uint64_t value = strtoull(text + (is_negative || *text == '+'), end, 0);

    return (int64_t)(is_negative ? 0 - value : value);
}

static int64_t variable(struct arithmetic *a, const char *name, size_t length)
{
    const char *value = vars_get(&a->task->vars, name, length);
    char *end;
    int64_t number;

    if (value == NULL || *value == '\0') {
        return 0;
    }
    value += strspn(value, " \t\n");
    number = parse_number(value, &end);
    end += strspn(end, " \t\n");
    if (*end != '\0') {
        fail(a, "Illegal number");
        return 0;
    }
    return number;
}

static void assign(struct arithmetic *a, const char *name, size_t length, int64_t value)
{
    char text[24];

    if (a->error == NULL && !a->discards) {
        snprintf(text, sizeof(text), "%" PRId64, value);
        a->out_of_memory |= vars_set(&a->task->vars, name, length, text, VARS_LOCAL) == -ENOMEM;
    }
}

static int64_t parse_primary(struct arithmetic *a)
{
    int64_t value = 0;
    size_t length;

    skip_blanks(a);
    length = name_length(a->at);
    if (take(a, "(", "")) {
        value = parse_assignment(a);
        if (!take(a, ")", "")) {
            fail(a, "expecting ')'");
        }
    } else if (length > 0) {
        a->at += length;
        value = variable(a, a->at - length, length);
    } else if (*a->at >= '0' && *a->at <= '9') {
        char *end;

        value = parse_number(a->at, &end);
        a->at = end;
        if (name_length(end) > 0 || (*end >= '0' && *end <= '9')) {
            fail(a, "expecting EOF");
        }
    } else {
        fail(a, "expecting primary");
    }
    return value;
}

static int64_t parse_unary(struct arithmetic *a)
{
    int64_t value;

    if (++a->depth > DEPTH_MAX) {
        fail(a, "too deep");
    }
    if (take(a, "-", "")) {
        value = (int64_t)(0 - (uint64_t)parse_unary(a));
    } else if (take(a, "+", "")) {
        value = parse_unary(a);
    } else if (take(a, "!", "=")) {
        value = parse_unary(a) == 0;
    } else if (take(a, "~", "")) {
        value = ~parse_unary(a);
    } else {
        value = parse_primary(a);
    }
    a->depth--;
    return value;
}

static int64_t divide(struct arithmetic *a, int64_t left, int64_t right, bool wants_rest)
{
    if (right == 0) {
        if (!a->discards) {
            fail(a, "division by zero");
        }
        return 0;
    }
    if (right == -1) { /* the smallest number has no opposite */
        return wants_rest ? 0 : (int64_t)(0 - (uint64_t)left);
    }
    return wants_rest ? left % right : left / right;
}

static int64_t apply(struct arithmetic *a, int operator, int64_t left, int64_t right)
{
    uint64_t l = (uint64_t)left;
    uint64_t r = (uint64_t)right;

    switch (operator) {
    case 0:
        return (int64_t)(l * r);
    case 1:
    case 2:
        return divide(a, left, right, operator== 2);
    case 3:
        return (int64_t)(l + r);
    case 4:
        return (int64_t)(l - r);
    case 5:
        return (int64_t)(l << (r & 63));
    case 6:
        return left >> (r & 63);
    case 7:
        return left <= right;
    case 8:
        return left >= right;
    case 9:
        return left < right;
    case 10:
        return left > right;
    case 11:
        return left == right;
    case 12:
        return left != right;
    case 13:
        return left & right;
    case 14:
        return left ^ right;
    default:
        return left | right;
    }
}

/* The operators by their rank, the strongest first. */
static const struct {
    const char *text;
    const char *but;
    int rank;
} operators[] = {
    {"*", "=", 0},  {"/", "=", 0},  {"%", "=", 0}, {"+", "=", 1},  {"-", "=", 1},  {"<<", "=", 2},
    {">>", "=", 2}, {"<=", "", 3},  {">=", "", 3}, {"<", "<=", 3}, {">", ">=", 3}, {"==", "", 4},
    {"!=", "", 4},  {"&", "&=", 5}, {"^", "=", 6}, {"|", "|=", 7},
};

/* Operators up to `rank` between operands; only stronger ones on a right side need a call. */
static int64_t parse_binary(struct arithmetic *a, int rank)
{
    int64_t left = parse_unary(a);

    for (;;) {
        int operator= - 1;

        for (int i = 0; i < (int)(sizeof(operators) / sizeof(operators[0])); i++) {
            if (operators[i].rank <= rank && take(a, operators[i].text, operators[i].but)) {
                operator= i;
                break;
            }
        }
        if (operator<0) {
            return left;
        }
        left = apply(a, operator, left,
                     operators[operator].rank == 0
                         ? parse_unary(a)
                         : parse_binary(a, operators[operator].rank - 1));
    }
}

#define RANK_LAST 7

static int64_t parse_and(struct arithmetic *a)
{
    int64_t left = parse_binary(a, RANK_LAST);

    while (take(a, "&&", "")) {
        bool discarded = a->discards;
        int64_t right;

        a->discards |= left == 0;
        right = parse_binary(a, RANK_LAST);
        a->discards = discarded;
        left = left != 0 && right != 0;
    }
    return left;
}

static int64_t parse_or(struct arithmetic *a)
{
    int64_t left = parse_and(a);

    while (take(a, "||", "")) {
        bool discarded = a->discards;
        int64_t right;

        a->discards |= left != 0;
        right = parse_and(a);
        a->discards = discarded;
        left = left != 0 || right != 0;
    }
    return left;
}

static int64_t parse_conditional(struct arithmetic *a)
{
    int64_t condition = parse_or(a);
    bool discarded = a->discards;
    int64_t yes;
    int64_t no;

    if (!take(a, "?", "")) {
        return condition;
    }
    a->discards = discarded || condition == 0;
    yes = parse_assignment(a);
    if (!take(a, ":", "")) {
        fail(a, "expecting ':'");
    }
    a->discards = discarded || condition != 0;
    no = parse_assignment(a);
    a->discards = discarded;
    return condition != 0 ? yes : no;
}

static int64_t parse_assignment(struct arithmetic *a)
{
    static const char *const texts[] = {"*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "",
                                        "",   "",   "",   "",   "",   "&=",  "^=",  "|="};
    const char *start;
    size_t length;
    int64_t value;

    if (++a->depth > DEPTH_MAX) {
        fail(a, "too deep");
        return 0;
    }
    skip_blanks(a);
    start = a->at;
    length = name_length(start);
    a->at += length;
    if (length > 0 && take(a, "=", "=")) {
        value = parse_assignment(a);
        assign(a, start, length, value);
        a->depth--;
        return value;
    }
    for (int i = 0; length > 0 && i < (int)(sizeof(texts) / sizeof(texts[0])); i++) {
        if (*texts[i] != '\0' && take(a, texts[i], "")) {
            value = apply(a, i, variable(a, start, length), parse_assignment(a));
            assign(a, start, length, value);
            a->depth--;
            return value;
        }
    }
    a->at = a->error == NULL ? start : a->at;
    value = parse_conditional(a);
    a->depth--;
    return value;
}

bool sh_arithmetic(struct task *task, const char *text, int64_t *value)
{
    struct arithmetic a = {.task = task, .at = text, .text = text};

    skip_blanks(&a);
    *value = *a.at == '\0' ? 0 : parse_assignment(&a);
    skip_blanks(&a);
    if (a.error == NULL && *a.at != '\0') {
        fail(&a, "expecting EOF");
    }
    if (a.out_of_memory) {
        task_out_of_memory(task);
        return false;
    }
    if (a.error != NULL) {
        if (strncmp(a.error, "Illegal", 7) == 0) {
            sh_error(task, "%s: %s", a.error, text);
        } else {
            sh_error(task, "arithmetic expression: %s: \"%s\"", a.error, text);
        }
        return false;
    }
    return true;
}
