/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest programs: they say something, or wait. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "state.h"

#define NS_PER_S UINT64_C(1000000000)

/* ---- true, false, sync, yes ------------------------------------------------------------ */

static enum step step_true(struct task *task)
{
    return task_exit(task, 0);
}

static enum step step_false(struct task *task)
{
    return task_exit(task, 1);
}

static enum step step_yes(struct task *task)
{
    for (int lines = 0; lines < 32; lines++) {
        for (int i = 1; i < task->argc; i++) {
            task_print(task, 1, i + 1 < task->argc ? "%s " : "%s\n", task->argv[i]);
        }
        if (task->argc == 1) {
            task_write(task, 1, "y\n", 2);
        }
    }
    return STEP_MORE;
}

const struct applet applet_true = {.name = "true", .step = step_true};
const struct applet applet_false = {.name = "false", .step = step_false};
const struct applet applet_sync = {.name = "sync", .step = step_true};
const struct applet applet_yes = {.name = "yes", .step = step_yes};

/* ---- echo ------------------------------------------------------------------------------ */

/* An octal number of up to `digits` digits at *text, which moves behind it. */
static uint8_t read_octal(const char **text, int digits)
{
    unsigned value = 0;

    while (digits-- > 0 && **text >= '0' && **text <= '7') {
        value = value * 8 + (unsigned)(*(*text)++ - '0');
    }
    return (uint8_t)value;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool applet_unescape(const char **text, unsigned numbers, char *byte)
{
    static const char letters[] = "abfnrtv\\e";
    static const char bytes[] = "\a\b\f\n\r\t\v\\\033";
    const char *found;

    (*text)++; /* the backslash */
    if (**text == '\0') {
        *byte = '\\';
        return true;
    }
    found = strchr(letters, **text);
    if (found != NULL) {
        *byte = bytes[found - letters];
        (*text)++;
    } else if (**text == '0' && (numbers & APPLET_ZERO_OCTAL) != 0) {
        (*text)++;
        *byte = (char)read_octal(text, 3);
    } else if ((numbers & APPLET_OCTAL) != 0 && **text >= '0' && **text <= '7') {
        *byte = (char)read_octal(text, 3);
    } else if ((numbers & APPLET_HEX) != 0 && **text == 'x' && hex_digit((*text)[1]) >= 0) {
        int value = hex_digit((*text)[1]);

        *text += 2;
        if (hex_digit(**text) >= 0) {
            value = value * 16 + hex_digit(*(*text)++);
        }
        *byte = (char)value;
    } else if (**text == 'c') {
        return false;
    } else {
        *byte = '\\';
    }
    return true;
}

/* Writes `text` with its escapes carried out; false once "\c" has ended all output. */
static bool echo_escaped(struct task *task, const char *text, unsigned numbers)
{
    while (*text != '\0') {
        const char *backslash = strchr(text, '\\');
        char byte;

        if (backslash == NULL) {
            task_write(task, 1, text, strlen(text));
            return true;
        }
        task_write(task, 1, text, (size_t)(backslash - text));
        text = backslash;
        if (!applet_unescape(&text, numbers, &byte)) {
            return false;
        }
        task_write(task, 1, &byte, 1);
    }
    return true;
}

/* With `numbers`, escapes are carried out. */
static enum step echo(struct task *task, int first, unsigned numbers, bool newline)
{
    for (int i = first; i < task->argc; i++) {
        if (numbers == 0) {
            task_write(task, 1, task->argv[i], strlen(task->argv[i]));
        } else if (!echo_escaped(task, task->argv[i], numbers)) {
            return task_exit(task, 0);
        }
        if (i + 1 < task->argc) {
            task_write(task, 1, " ", 1);
        }
    }
    if (newline) {
        task_write(task, 1, "\n", 1);
    }
    return task_exit(task, 0);
}

static enum step step_echo(struct task *task)
{
    bool escapes = false;
    bool newline = true;
    int first = 1;

    for (; first < task->argc; first++) {
        const char *word = task->argv[first];

        if (word[0] != '-' || word[1] == '\0' || word[1 + strspn(word + 1, "neE")] != '\0') {
            break;
        }
        for (word++; *word != '\0'; word++) {
            newline = newline && *word != 'n';
            escapes = *word == 'e' || (escapes && *word != 'E');
        }
    }
    return echo(task, first, escapes ? APPLET_ZERO_OCTAL | APPLET_HEX : 0, newline);
}

/* The one inside the shell, which is Debian's: escapes always count, and -n is the only option. */
static enum step step_shell_echo(struct task *task)
{
    bool newline = task->argc < 2 || strcmp(task->argv[1], "-n") != 0;

    return echo(task, newline ? 1 : 2, APPLET_ZERO_OCTAL | APPLET_OCTAL, newline);
}

const struct applet applet_echo = {.name = "echo", .step = step_echo};
const struct applet applet_shell_echo = {.name = "echo", .step = step_shell_echo};

/* ---- sleep ----------------------------------------------------------------------------- */

struct sleep_state {
    bool is_sleeping;
};

/* "1.5", "2m": adds to *ns; false if it is no time. */
static bool add_duration(const char *text, uint64_t *ns)
{
    static const char units[] = "smhd";
    static const double seconds[] = {1, 60, 3600, 86400};
    char *end;
    double value;
    const char *unit = units;

    if (strcmp(text, "infinity") == 0 || strcmp(text, "inf") == 0) {
        *ns = UINT64_MAX;
        return true;
    }
    if ((*text < '0' || *text > '9') && *text != '.') {
        return false;
    }
    value = strtod(text, &end);
    if (end == text) {
        return false;
    }
    if (*end != '\0') {
        unit = strchr(units, *end);
        if (unit == NULL || end[1] != '\0') {
            return false;
        }
    }
    value *= seconds[unit - units] * 1e9;
    *ns = value >= 9e18 || *ns > UINT64_MAX / 2 ? UINT64_MAX : *ns + (uint64_t)value;
    return true;
}

bool applet_duration(const char *text, uint64_t *ns)
{
    *ns = 0;
    return add_duration(text, ns);
}

static enum step step_sleep(struct task *task)
{
    struct sleep_state *state = task->state;
    struct applet_options options;
    uint64_t ns = 0;
    uint64_t now = task_now_ns(task);

    if (state->is_sleeping) {
        return task_exit(task, 0);
    }
    if (!applet_options(task, "", NULL, &options)) {
        return task_exit(task, 1);
    }
    if (task->argc < 2) {
        task_error(task, "missing operand");
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 1);
    }
    for (int i = 1; i < task->argc; i++) {
        if (!add_duration(task->argv[i], &ns)) {
            task_error(task, "invalid time interval '%s'", task->argv[i]);
            task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
            return task_exit(task, 1);
        }
    }
    state->is_sleeping = true;
    task_sleep_until(task, ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + ns);
    return STEP_MORE;
}

const struct applet applet_sleep = {
    .name = "sleep", .step = step_sleep, .state_size = sizeof(struct sleep_state)};

/* ---- basename, dirname ----------------------------------------------------------------- */

static enum step missing_operand(struct task *task)
{
    task_error(task, "missing operand");
    task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
    return task_exit(task, 1);
}

static enum step step_basename(struct task *task)
{
    struct applet_options options;
    char *name;
    size_t length;
    size_t suffix;

    if (!applet_options(task, "+", NULL, &options)) {
        return task_exit(task, 1);
    }
    if (task->argc < 2) {
        return missing_operand(task);
    }
    if (task->argc > 3) {
        task_error(task, "extra operand '%s'", task->argv[3]);
        task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
        return task_exit(task, 1);
    }
    name = task->argv[1];
    length = strlen(name);
    while (length > 1 && name[length - 1] == '/') {
        name[--length] = '\0';
    }
    if (strrchr(name, '/') != NULL && length > 1) {
        name = strrchr(name, '/') + 1;
        length = strlen(name);
    }
    suffix = task->argc > 2 ? strlen(task->argv[2]) : 0;
    if (suffix > 0 && suffix < length && strcmp(name + length - suffix, task->argv[2]) == 0) {
        length -= suffix;
    }
    task_print(task, 1, "%.*s\n", (int)length, name);
    return task_exit(task, 0);
}

static enum step step_dirname(struct task *task)
{
    struct applet_options options;

    if (!applet_options(task, "", NULL, &options)) {
        return task_exit(task, 1);
    }
    if (task->argc < 2) {
        return missing_operand(task);
    }
    for (int i = 1; i < task->argc; i++) {
        const char *path = task->argv[i];
        size_t length = strlen(path);
        bool is_absolute = *path == '/';

        while (length > 0 && path[length - 1] == '/') {
            length--;
        }
        while (length > 0 && path[length - 1] != '/') {
            length--;
        }
        while (length > 0 && path[length - 1] == '/') {
            length--;
        }
        task_print(task, 1, "%.*s\n", length == 0 ? 1 : (int)length,
                   length > 0    ? path
                   : is_absolute ? "/"
                                 : ".");
    }
    return task_exit(task, 0);
}

const struct applet applet_basename = {.name = "basename", .step = step_basename};
const struct applet applet_dirname = {.name = "dirname", .step = step_dirname};

/* ---- seq ------------------------------------------------------------------------------- */

struct seq_state {
    bool has_begun;
    bool pads;
    int width;
    int64_t next;
    int64_t step;
    int64_t last;
    const char *separator;
    bool any;
};

static bool read_integer(const char *text, int64_t *value)
{
    bool is_negative = *text == '-';
    uint64_t number;

    if (!applet_number(text + (is_negative || *text == '+'), false, &number) ||
        number > INT64_MAX / 2) {
        return false;
    }
    *value = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}

static int width_of(int64_t value)
{
    return snprintf(NULL, 0, "%" PRId64, value);
}

/* Options are taken by hand: a negative number is an operand. */
static bool begin_seq(struct task *task, struct seq_state *state)
{
    int64_t numbers[3];
    int count = 0;

    state->separator = "\n";
    for (int i = 1; i < task->argc; i++) {
        const char *word = task->argv[i];

        if (strcmp(word, "-w") == 0) {
            state->pads = true;
        } else if (strcmp(word, "-s") == 0 && i + 1 < task->argc) {
            state->separator = task->argv[++i];
        } else if (count == 3 || !read_integer(word, &numbers[count++])) {
            task_error(task, "invalid argument '%s': only integers are known here", word);
            return false;
        }
    }
    if (count == 0) {
        missing_operand(task);
        return false;
    }
    state->next = count > 1 ? numbers[0] : 1;
    state->step = count > 2 ? numbers[1] : 1;
    state->last = numbers[count - 1];
    if (state->step == 0) {
        task_error(task, "invalid Zero increment value: '%s'", task->argv[2]);
        return false;
    }
    if (state->pads) {
        int first = width_of(state->next);
        int last = width_of(state->last);

        state->width = first > last ? first : last;
    }
    state->has_begun = true;
    return true;
}

static enum step step_seq(struct task *task)
{
    struct seq_state *state = task->state;

    if (!state->has_begun && !begin_seq(task, state)) {
        return task_exit(task, 1);
    }
    for (int i = 0; i < 256; i++) {
        if (state->step > 0 ? state->next > state->last : state->next < state->last) {
            if (state->any) {
                task_write(task, 1, "\n", 1);
            }
            return task_exit(task, 0);
        }
        if (state->any) {
            task_write(task, 1, state->separator, strlen(state->separator));
        }
        state->any = true;
        task_print(task, 1, "%0*" PRId64, state->width, state->next);
        state->next += state->step;
    }
    return STEP_MORE;
}

const struct applet applet_seq = {
    .name = "seq", .step = step_seq, .state_size = sizeof(struct seq_state)};

/* ---- kill ------------------------------------------------------------------------------ */

static const char *const signal_names[TASK_SIGNALS] = {
    "EXIT", "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS",
};

int applet_signal(const char *name)
{
    uint64_t number;

    if (applet_number(name, false, &number)) {
        return number < TASK_SIGNALS ? (int)number : -1;
    }
    name += strncmp(name, "SIG", 3) == 0 ? 3 : 0;
    for (int i = 1; i < TASK_SIGNALS; i++) {
        if (strcmp(name, signal_names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static enum step list_signals(struct task *task)
{
    uint64_t number;

    if (task->argc < 3) {
        for (int i = 1; i < TASK_SIGNALS; i++) {
            task_print(task, 1, "%s\n", signal_names[i]);
        }
    } else if (applet_number(task->argv[2], false, &number) && number % 128 < TASK_SIGNALS) {
        task_print(task, 1, "%s\n", signal_names[number % 128]);
    } else if (applet_signal(task->argv[2]) >= 0) {
        task_print(task, 1, "%d\n", applet_signal(task->argv[2]));
    } else {
        task_error(task, "invalid signal number or name: %s", task->argv[2]);
        return task_exit(task, 1);
    }
    return task_exit(task, 0);
}

static enum step step_kill(struct task *task)
{
    int signal = TASK_SIGTERM;
    int first = 1;
    int code = 0;

    if (task->argc > 1 && strcmp(task->argv[1], "-l") == 0) {
        return list_signals(task);
    }
    if (task->argc > 2 && strcmp(task->argv[1], "-s") == 0) {
        signal = applet_signal(task->argv[2]);
        first = 3;
    } else if (task->argc > 1 && task->argv[1][0] == '-' && strcmp(task->argv[1], "--") != 0) {
        signal = applet_signal(task->argv[1] + 1);
        first = 2;
    }
    if (signal < 0) {
        task_error(task, "invalid signal number or name: %s", task->argv[first - 1]);
        return task_exit(task, 1);
    }
    if (first == task->argc) {
        task_print(task, 2,
                   "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\n"
                   "kill -l [exitstatus]\n");
        return task_exit(task, 2);
    }
    for (; first < task->argc; first++) {
        int64_t pid;
        int result;

        if (!read_integer(task->argv[first], &pid)) {
            task_error(task, "Illegal number: %s", task->argv[first]);
            return task_exit(task, 2);
        }
        result = task_signal(task->agent, pid, signal);
        if (result < 0) {
            task_error(task, "%s", ramfs_error_text(result));
            code = 1;
        }
    }
    return task_exit(task, code);
}

const struct applet applet_kill = {.name = "kill", .step = step_kill};
