/* SPDX-License-Identifier: BSD-2-Clause */
/* date, and reading times for others.  The guest lives in UTC. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "civil.h"
#include "state.h"

/* ---- Reading --------------------------------------------------------------------------- */

/* Up to `digits` digits at *text. */
static bool read_digits(const char **text, int digits, int *value)
{
    int count = 0;

    *value = 0;
    while (count < digits && **text >= '0' && **text <= '9') {
        *value = *value * 10 + (*(*text)++ - '0');
        count++;
    }
    return count > 0;
}

/* "12:34", "12:34:56", "12:34:56.789" */
static bool read_clock(const char **text, struct civil *civil)
{
    int fraction;

    if (!read_digits(text, 2, &civil->hour) || **text != ':') {
        return false;
    }
    (*text)++;
    if (!read_digits(text, 2, &civil->minute)) {
        return false;
    }
    civil->second = 0;
    if (**text == ':') {
        (*text)++;
        if (!read_digits(text, 2, &civil->second)) {
            return false;
        }
    }
    if (**text == '.' || **text == ',') {
        (*text)++;
        return read_digits(text, 9, &fraction);
    }
    return true;
}

/* "2026-11-27", with or without a time behind it. */
static bool read_date(const char **text, struct civil *civil)
{
    int year;

    if (!read_digits(text, 4, &year) || **text != '-') {
        return false;
    }
    (*text)++;
    if (!read_digits(text, 2, &civil->month) || **text != '-') {
        return false;
    }
    (*text)++;
    if (!read_digits(text, 2, &civil->day)) {
        return false;
    }
    civil->year = year;
    return true;
}

static bool skip_zone(const char **text)
{
    static const char *const zones[] = {"Z", "UTC", "GMT", "+00:00", "+0000", "-0000"};

    while (**text == ' ') {
        (*text)++;
    }
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        if (strcmp(*text, zones[i]) == 0) {
            *text += strlen(zones[i]);
        }
    }
    return **text == '\0';
}

bool applet_read_time(const char *text, int64_t now_ns, int64_t *time_ns)
{
    struct civil civil;
    int64_t rest;

    if (*text == '@') {
        bool is_negative = text[1] == '-';
        uint64_t number;

        if (!applet_number(text + 1 + is_negative, false, &number) ||
            number > INT64_MAX / 1000000000) {
            return false;
        }
        *time_ns = (int64_t)number * (is_negative ? -1000000000 : 1000000000);
        return true;
    }
    if (strcmp(text, "now") == 0 || *text == '\0') {
        *time_ns = now_ns;
        return true;
    }
    civil = civil_from_seconds(civil_floor(now_ns, &rest));
    civil.hour = civil.minute = civil.second = 0;
    if (strcmp(text, "today") != 0) {
        const char *at = text;

        if (read_date(&at, &civil)) {
            text = at;
            text += *text == 'T' || *text == ' ';
        }
        if (*text != '\0' && strcmp(text, "Z") != 0 && !read_clock(&text, &civil)) {
            return false;
        }
        if (!skip_zone(&text) || civil.month < 1 || civil.month > 12 || civil.day < 1 ||
            civil.day > 31 || civil.hour > 23 || civil.minute > 59 || civil.second > 60) {
            return false;
        }
    }
    /* Years to 2262 are what nanoseconds in 64 bits can say. */
    if (civil.year > 2261 || civil.year < 1678) {
        return false;
    }
    *time_ns = civil_to_seconds(&civil) * 1000000000;
    return true;
}

/* ---- Writing --------------------------------------------------------------------------- */

/* The formats of strftime(3) that are made of others. */
static const char *composite(char letter)
{
    switch (letter) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'r':
        return "%I:%M:%S %p";
    case 'R':
        return "%H:%M";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    default:
        return NULL;
    }
}

/* The number that a letter stands for, with its width and what it is padded with. */
static bool numeric(char letter, const struct civil *civil, int64_t *value, int *width, char *pad)
{
    *width = 2;
    *pad = '0';
    switch (letter) {
    case 'Y':
        *width = 1;
        *value = civil->year;
        return true;
    case 'C':
        *value = civil->year / 100;
        return true;
    case 'y':
        *value = civil->year % 100;
        return true;
    case 'm':
        *value = civil->month;
        return true;
    case 'd':
    case 'e':
        *pad = letter == 'e' ? ' ' : '0';
        *value = civil->day;
        return true;
    case 'H':
    case 'k':
        *pad = letter == 'k' ? ' ' : '0';
        *value = civil->hour;
        return true;
    case 'I':
    case 'l':
        *pad = letter == 'l' ? ' ' : '0';
        *value = civil->hour % 12 == 0 ? 12 : civil->hour % 12;
        return true;
    case 'M':
        *value = civil->minute;
        return true;
    case 'S':
        *value = civil->second;
        return true;
    case 'j':
        *width = 3;
        *value = civil->year_day + 1;
        return true;
    case 'u':
        *width = 1;
        *value = civil->weekday == 0 ? 7 : civil->weekday;
        return true;
    case 'w':
        *width = 1;
        *value = civil->weekday;
        return true;
    case 'U':
        *value = (civil->year_day + 7 - civil->weekday) / 7;
        return true;
    case 'W':
        *value = (civil->year_day + 7 - (civil->weekday + 6) % 7) / 7;
        return true;
    default:
        return false;
    }
}

/* ISO 8601 weeks: the first one has the year's first Thursday in it. */
static int64_t iso_week(const struct civil *civil, int64_t *year)
{
    int64_t seconds = civil_to_seconds(civil);
    struct civil thursday = civil_from_seconds(
        seconds + (int64_t)(4 - (civil->weekday == 0 ? 7 : civil->weekday)) * 86400);

    *year = thursday.year;
    return thursday.year_day / 7 + 1;
}

static void format_words(struct task *task, char letter, const struct civil *civil)
{
    bool is_short = letter == 'a' || letter == 'b' || letter == 'h';
    const char *word = letter == 'a' || letter == 'A' ? civil_days[civil->weekday]
                                                      : civil_months[civil->month - 1];

    task_write(task, 1, word, is_short ? 3 : strlen(word));
}

static void format_one(struct task *task, char letter, char flag, int width, int64_t ns)
{
    int64_t rest;
    int64_t seconds = civil_floor(ns, &rest);
    struct civil civil = civil_from_seconds(seconds);
    int64_t value;
    int natural;
    char pad;

    if (numeric(letter, &civil, &value, &natural, &pad)) {
        pad = (char)(flag == '_' ? ' ' : flag == '0' ? '0' : pad);
        natural = flag == '-' ? 1 : width > 0 ? width : natural;
        task_print(task, 1, pad == '0' ? "%0*" PRId64 : "%*" PRId64, natural, value);
        return;
    }
    switch (letter) {
    case 'a':
    case 'A':
    case 'b':
    case 'B':
    case 'h':
        format_words(task, letter, &civil);
        break;
    case 'G':
        (void)iso_week(&civil, &value);
        task_print(task, 1, "%" PRId64, value);
        break;
    case 'V':
        task_print(task, 1, "%02" PRId64, iso_week(&civil, &value));
        break;
    case 'N':
        for (int digits = 9; width > 0 && digits > width; digits--) {
            rest /= 10;
        }
        task_print(task, 1, "%0*" PRId64, width > 0 && width < 9 ? width : 9, rest);
        break;
    case 's':
        task_print(task, 1, "%" PRId64, seconds);
        break;
    case 'p':
    case 'P':
        task_write(
            task, 1,
            letter == 'p' ? (civil.hour < 12 ? "AM" : "PM") : (civil.hour < 12 ? "am" : "pm"), 2);
        break;
    case 'z':
        task_write(task, 1, "+0000", 5);
        break;
    case 'Z':
        task_write(task, 1, "UTC", 3);
        break;
    case 'n':
        task_write(task, 1, "\n", 1);
        break;
    case 't':
        task_write(task, 1, "\t", 1);
        break;
    case '%':
        task_write(task, 1, "%", 1);
        break;
    default:
        task_print(task, 1, "%%%c", letter);
        break;
    }
}

void applet_print_time(struct task *task, const char *format, int64_t ns)
{
    while (*format != '\0') {
        const char *percent = strchr(format, '%');
        const char *made_of;
        char flag = '\0';
        int width = 0;

        if (percent == NULL) {
            task_write(task, 1, format, strlen(format));
            return;
        }
        task_write(task, 1, format, (size_t)(percent - format));
        format = percent + 1;
        if (*format != '\0' && strchr("-_0^", *format) != NULL) {
            flag = *format++;
        }
        while (*format >= '0' && *format <= '9' && width < 1000) {
            width = width * 10 + (*format++ - '0');
        }
        if (*format == ':' && format[1] == 'z') {
            task_write(task, 1, "+00:00", 6);
            format += 2;
            continue;
        }
        if (*format == '\0') {
            task_write(task, 1, "%", 1);
            return;
        }
        made_of = composite(*format);
        if (made_of != NULL) {
            applet_print_time(task, made_of, ns);
        } else {
            format_one(task, *format, flag, width, ns);
        }
        format++;
    }
}

/* ---- date ------------------------------------------------------------------------------ */

static const char *iso_format(const char *precision)
{
    static const char *const formats[][2] = {
        {"date", "%Y-%m-%d"},
        {"hours", "%Y-%m-%dT%H%:z"},
        {"minutes", "%Y-%m-%dT%H:%M%:z"},
        {"seconds", "%Y-%m-%dT%H:%M:%S%:z"},
        {"ns", "%Y-%m-%dT%H:%M:%S,%N%:z"},
    };

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (*precision != '\0' && strncmp(formats[i][0], precision, strlen(precision)) == 0) {
            return formats[i][1];
        }
    }
    return *precision == '\0' ? formats[0][1] : NULL;
}

/* "-I" and "--iso-8601" have a value only if it is joined to them: it becomes a format here. */
static const char *take_iso(struct task *task)
{
    const char *format = NULL;

    for (int i = 1; i < task->argc; i++) {
        char *word = task->argv[i];

        if (strncmp(word, "-I", 2) == 0) {
            format = iso_format(word + 2);
        } else if (strncmp(word, "--iso-8601", 10) == 0) {
            format = iso_format(word[10] == '=' ? word + 11 : word + 10);
        } else {
            continue;
        }
        memmove(&task->argv[i], &task->argv[i + 1], (size_t)(task->argc - i) * sizeof(char *));
        task->argc--;
        i--;
    }
    return format;
}

static enum step step_date(struct task *task)
{
    int64_t now = agent_realtime_ns(task->agent);
    struct applet_options options;
    const char *format = take_iso(task);

    if (!applet_options(task, "d:r:s:Ru", "date=d reference=r set=s rfc-email=R utc=u universal=u",
                        &options)) {
        return task_exit(task, 1);
    }
    if (options.values[0] != NULL && !applet_read_time(options.values[0], now, &now)) {
        task_error(task, "invalid date '%s'", options.values[0]);
        return task_exit(task, 1);
    }
    if (options.values[1] != NULL) {
        struct ramfs_node *node;
        int result = task_lookup(task, options.values[1], &node);

        if (result < 0) {
            task_error(task, "%s: %s", options.values[1], ramfs_error_text(result));
            return task_exit(task, 1);
        }
        now = node->mtime_ns;
    }
    if (options.values[2] != NULL || (task->argc > 1 && task->argv[1][0] != '+')) {
        task_error(task, "cannot set date: Operation not permitted");
        return task_exit(task, 1);
    }
    if (applet_has(&options, 'R')) {
        format = "%a, %d %b %Y %H:%M:%S %z";
    }
    if (task->argc > 1) {
        format = task->argv[1] + 1;
    }
    applet_print_time(task, format == NULL ? "%a %b %e %H:%M:%S %Z %Y" : format, now);
    task_write(task, 1, "\n", 1);
    return task_exit(task, 0);
}

const struct applet applet_date = {.name = "date", .step = step_date};
