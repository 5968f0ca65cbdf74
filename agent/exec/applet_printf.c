/* SPDX-License-Identifier: BSD-2-Clause */
/* printf (POSIX.1-2017 XCU printf): the format is used again as long as there are operands. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "state.h"

/* Nobody needs wider columns, and a width is memory. */
#define WIDTH_MAX 4096

struct printf_state {
    bool has_begun;
    int code;
    int next; /* operand */
};

/* One "%-5.3s". */
struct directive {
    char flags[6];
    int width; /* -1: none */
    int precision;
    char letter;
};

/* The one inside the shell is dash's, whose words and escapes are others. */
static bool is_inner(const struct task *task)
{
    return task->applet == &applet_shell_printf;
}

static unsigned hex_of(const struct task *task)
{
    return is_inner(task) ? 0 : APPLET_HEX;
}

/* Complains of a number: `is_partial` if its start is one. */
static void bad_number(struct task *task, struct printf_state *state, const char *text,
                       bool is_partial)
{
    const char *quote = is_inner(task) ? "" : "'";

    task_error(task, "%s%s%s: %s%s", quote, text, quote,
               is_partial ? (is_inner(task) ? "not completely " : "value not completely ")
                          : (is_inner(task) ? "expected " : "expected a "),
               is_partial ? "converted" : "numeric value");
    state->code = 1;
}

static const char *operand(struct task *task, struct printf_state *state)
{
    return state->next < task->argc ? task->argv[state->next++] : NULL;
}

static int64_t read_number(struct task *task, struct printf_state *state, const char *text)
{
    char *end;
    uint64_t magnitude;
    bool is_negative;
    const char *digits = text == NULL ? "0" : text;

    if (*digits == '"' || *digits == '\'') {
        return (uint8_t)digits[1];
    }
    is_negative = *digits == '-';
    digits += is_negative || *digits == '+';
    magnitude = strtoull(digits, &end, 0);
    if (end == digits || *digits == '-') {
        if (text != NULL && !(is_inner(task) && *text == '\0')) {
            bad_number(task, state, text, false);
        }
        return 0;
    }
    if (*end != '\0') {
        bad_number(task, state, text, true);
    }
    return is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
}

/* "*" or digits at *format. */
static int read_width(struct task *task, struct printf_state *state, const char **format)
{
    int width = 0;

    if (**format == '*') {
        int64_t number = read_number(task, state, operand(task, state));

        (*format)++;
        return number > WIDTH_MAX ? WIDTH_MAX : number < -WIDTH_MAX ? -WIDTH_MAX : (int)number;
    }
    while (**format >= '0' && **format <= '9') {
        width = width * 10 + (*(*format)++ - '0');
        width = width > WIDTH_MAX ? WIDTH_MAX : width;
    }
    return width;
}

static const char *read_directive(struct task *task, struct printf_state *state, const char *format,
                                  struct directive *directive)
{
    size_t flags = 0;

    *directive = (struct directive){.width = -1, .precision = -1};
    while (*format != '\0' && strchr("-+ #0", *format) != NULL) {
        if (flags < sizeof(directive->flags) - 1) {
            directive->flags[flags++] = *format;
        }
        format++;
    }
    if (*format == '*' || (*format >= '0' && *format <= '9')) {
        directive->width = read_width(task, state, &format);
        if (directive->width < 0) {
            directive->width = -directive->width;
            directive->flags[0] = '-';
        }
    }
    if (*format == '.') {
        format++;
        directive->precision = read_width(task, state, &format);
    }
    while (*format != '\0' && strchr("hlLjzt", *format) != NULL) {
        format++;
    }
    directive->letter = *format;
    return *format == '\0' ? format : format + 1;
}

/* `length` bytes in a column. */
static void print_padded(struct task *task, const struct directive *directive, const char *text,
                         size_t length)
{
    size_t width = directive->width < 0 ? 0 : (size_t)directive->width;
    bool is_left = strchr(directive->flags, '-') != NULL;

    if (directive->precision >= 0 && length > (size_t)directive->precision) {
        length = (size_t)directive->precision;
    }
    if (is_left) {
        task_write(task, 1, text, length);
    }
    for (size_t i = length; i < width; i++) {
        task_write(task, 1, " ", 1);
    }
    if (!is_left) {
        task_write(task, 1, text, length);
    }
}

/* The format was put together from checked parts, which no compiler can see. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
static void print_double(struct task *task, const char *format, int width, int precision,
                         double number)
{
    if (precision >= 0) {
        task_print(task, 1, format, width, precision, number);
    } else {
        task_print(task, 1, format, width, number);
    }
}

static void print_integer(struct task *task, const char *format, int width, int precision,
                          int64_t number)
{
    if (precision >= 0) {
        task_print(task, 1, format, width, precision, (long long)number);
    } else {
        task_print(task, 1, format, width, (long long)number);
    }
}
#pragma GCC diagnostic pop

static void print_number(struct task *task, struct printf_state *state,
                         const struct directive *directive)
{
    const char *text = operand(task, state);
    char format[24];
    bool is_float = strchr("eEfFgG", directive->letter) != NULL;
    int width = directive->width < 0 ? 0 : directive->width;

    snprintf(format, sizeof(format), "%%%s*%s%s%c", directive->flags,
             directive->precision >= 0 ? ".*" : "", is_float ? "" : "ll", directive->letter);
    if (is_float) {
        char *end;
        double number = text == NULL ? 0 : strtod(text, &end);

        if (text != NULL && (end == text || *end != '\0')) {
            bad_number(task, state, text, end != text);
        }
        print_double(task, format, width, directive->precision, number);
    } else {
        int64_t number = read_number(task, state, text);

        print_integer(task, format, width, directive->precision, number);
    }
}

/* %b: the operand with its escapes carried out; false for "\c". */
static bool print_escaped(struct task *task, struct printf_state *state,
                          const struct directive *directive)
{
    const char *text = operand(task, state);
    struct buffer out;
    bool goes_on = true;

    buffer_init(&out, task->agent->platform);
    while (text != NULL && *text != '\0' && goes_on) {
        char byte = *text;

        if (byte == '\\') {
            goes_on =
                applet_unescape(&text, APPLET_ZERO_OCTAL | APPLET_OCTAL | hex_of(task), &byte);
        } else {
            text++;
        }
        if (goes_on && buffer_append(&out, &byte, 1) < 0) {
            task_out_of_memory(task);
            goes_on = false;
        }
    }
    print_padded(task, directive, (const char *)out.data, out.size);
    buffer_free(&out);
    return goes_on;
}

/* Carries out one directive; false if output has ended. */
static bool print_directive(struct task *task, struct printf_state *state,
                            const struct directive *directive)
{
    const char *text;

    switch (directive->letter) {
    case 's':
        text = operand(task, state);
        print_padded(task, directive, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
        return true;
    case 'b':
        return print_escaped(task, state, directive);
    case 'c':
        text = operand(task, state);
        print_padded(task, directive, text == NULL ? "" : text, text != NULL && *text != '\0');
        return true;
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        print_number(task, state, directive);
        return true;
    default:
        task_error(task,
                   is_inner(task) ? "%%%c: invalid directive"
                                  : "%%%c: invalid conversion specification",
                   directive->letter);
        state->code = is_inner(task) ? 2 : 1;
        return false;
    }
}

/* The whole format once; false if output has ended. */
static bool print_format(struct task *task, struct printf_state *state, const char *format)
{
    while (*format != '\0') {
        size_t plain = strcspn(format, "%\\");
        struct directive directive;
        char byte;

        task_write(task, 1, format, plain);
        format += plain;
        if (*format == '\\') {
            if (!applet_unescape(&format, APPLET_OCTAL | hex_of(task), &byte)) {
                return false;
            }
            task_write(task, 1, &byte, 1);
        } else if (*format == '%' && format[1] == '%') {
            task_write(task, 1, "%", 1);
            format += 2;
        } else if (*format == '%') {
            format = read_directive(task, state, format + 1, &directive);
            if (!print_directive(task, state, &directive)) {
                return false;
            }
        }
    }
    return true;
}

static enum step step_printf(struct task *task)
{
    struct printf_state *state = task->state;
    int before;

    if (!state->has_begun) {
        if (task->argc > 1 && strcmp(task->argv[1], "--") == 0) {
            memmove(&task->argv[1], &task->argv[2], (size_t)(task->argc - 1) * sizeof(char *));
            task->argc--;
        }
        if (task->argc < 2 && is_inner(task)) {
            task_error(task, "usage: printf format [arg ...]");
            return task_exit(task, 2);
        }
        if (task->argc < 2) {
            task_error(task, "missing operand");
            task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
            return task_exit(task, 1);
        }
        state->has_begun = true;
        state->next = 2;
    }
    before = state->next;
    if (!print_format(task, state, task->argv[1]) || state->next >= task->argc ||
        state->next == before) {
        return task_exit(task, state->code);
    }
    return STEP_MORE;
}

const struct applet applet_shell_printf = {
    .name = "printf", .step = step_printf, .state_size = sizeof(struct printf_state)};
const struct applet applet_printf = {
    .name = "printf", .step = step_printf, .state_size = sizeof(struct printf_state)};
