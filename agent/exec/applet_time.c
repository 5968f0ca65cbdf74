/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times as people write them: those forms of GNU's date(1) that stand in scripts.  The guest lives
 * in UTC.
 */
#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "civil.h"

#define SECOND_NS INT64_C(1000000000)
/* What a relative item may count: no sum of such runs over. */
#define COUNT_MAX 1000000000

struct reading {
    const char *at;
    struct civil civil;
    int64_t fraction_ns;
    bool has_date;
    bool has_clock;
    int64_t months; /* relative items */
    int64_t seconds;
    int64_t zone_seconds;
};

/* Up to `digits` digits; how many there were. */
static int read_digits(const char **text, int digits, int *value)
{
    int count = 0;

    *value = 0;
    while (count < digits && **text >= '0' && **text <= '9') {
        *value = *value * 10 + (*(*text)++ - '0');
        count++;
    }
    return count;
}

/* What stands behind the point of seconds, of which only nanoseconds count. */
static void read_fraction(const char **text, int64_t *fraction_ns)
{
    int64_t scale = SECOND_NS;

    if ((**text == '.' || **text == ',') && (*text)[1] >= '0' && (*text)[1] <= '9') {
        *fraction_ns = 0;
        for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
            scale /= 10;
            *fraction_ns += scale * (**text - '0');
        }
    }
}

/* "12:34", "12:34:56", "12:34:56.789" */
static bool read_clock(struct reading *r)
{
    const char *at = r->at;

    if (read_digits(&at, 2, &r->civil.hour) == 0 || *at++ != ':' ||
        read_digits(&at, 2, &r->civil.minute) == 0) {
        return false;
    }
    r->civil.second = 0;
    r->fraction_ns = 0;
    if (*at == ':') {
        at++;
        if (read_digits(&at, 2, &r->civil.second) == 0) {
            return false;
        }
        read_fraction(&at, &r->fraction_ns);
    }
    r->at = at;
    r->has_clock = true;
    return true;
}

/* "2026-11-27", "2026/11/27", "20261127" */
static bool read_date(struct reading *r)
{
    const char *at = r->at;
    size_t digits = strspn(at, "0123456789");
    int year;
    char separator;

    if (digits != 4 && digits != 8) {
        return false;
    }
    read_digits(&at, 4, &year);
    separator = *at;
    if (digits == 4 && separator != '-' && separator != '/') {
        return false;
    }
    at += digits == 4;
    if (read_digits(&at, 2, &r->civil.month) == 0 || (digits == 4 && *at++ != separator) ||
        read_digits(&at, 2, &r->civil.day) == 0) {
        return false;
    }
    r->civil.year = year;
    r->at = at;
    r->has_date = true;
    if (*r->at == 'T' && r->at[1] >= '0' && r->at[1] <= '9') {
        r->at++;
    }
    return true;
}

/* "+02:00", "-0500": only behind a clock time. */
static bool read_zone(struct reading *r)
{
    const char *at = r->at + 1;
    int hours;
    int minutes = 0;

    if (!r->has_clock || read_digits(&at, 2, &hours) != 2) {
        return false;
    }
    at += *at == ':';
    if ((*at >= '0' && *at <= '9' && read_digits(&at, 2, &minutes) != 2) ||
        at[strspn(at, " ")] != '\0') {
        return false;
    }
    r->zone_seconds = (*r->at == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    r->at = at;
    return true;
}

/* Whether the letters at `word` are the first of `name`, in small letters or large. */
static bool begins(const char *name, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((name[i] | 0x20) != (word[i] | 0x20)) {
            return false; /* at the end of `name` at the latest: no letter is 0 | 0x20 */
        }
    }
    return true;
}

/* Adds `count` of a unit; false if there is no such unit. */
static bool add_unit(struct reading *r, const char *unit, size_t length, int64_t count)
{
    static const struct {
        const char *name;
        int seconds; /* 0: months */
        int months;
    } units[] = {
        {"sec", 1, 0},     {"second", 1, 0},  {"min", 60, 0},         {"minute", 60, 0},
        {"hour", 3600, 0}, {"day", 86400, 0}, {"week", 7 * 86400, 0}, {"fortnight", 14 * 86400, 0},
        {"month", 0, 1},   {"year", 0, 12},
    };

    if (length > 3 && (unit[length - 1] == 's' || unit[length - 1] == 'S')) {
        length--;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) == length && begins(units[i].name, unit, length)) {
            r->seconds += count * units[i].seconds;
            r->months += count * units[i].months;
            return true;
        }
    }
    return false;
}

static size_t word_length(const char *at)
{
    size_t length = 0;

    while ((at[length] | 0x20) >= 'a' && (at[length] | 0x20) <= 'z') {
        length++;
    }
    return length;
}

static void skip_blanks(struct reading *r)
{
    r->at += strspn(r->at, " \t,");
}

/* "3 days ago", "+1 hour", "-2 weeks" */
static bool read_relative(struct reading *r)
{
    const char *start = r->at;
    int sign = *r->at == '-' ? -1 : 1;
    struct reading before;
    int count;
    size_t length;

    r->at += *r->at == '-' || *r->at == '+';
    skip_blanks(r);
    if (read_digits(&r->at, 9, &count) == 0) {
        r->at = start;
        return false;
    }
    skip_blanks(r);
    length = word_length(r->at);
    before = *r;
    if (length == 0 || !add_unit(r, r->at, length, (int64_t)sign * count)) {
        r->at = start;
        return false;
    }
    r->at += length;
    skip_blanks(r);
    if (word_length(r->at) == 3 && begins("ago", r->at, 3)) {
        r->seconds = 2 * before.seconds - r->seconds;
        r->months = 2 * before.months - r->months;
        r->at += 3;
    }
    return true;
}

/* The place of a word in a list of names, of which three letters are enough; -1: it is none. */
static int find_name(const char *const *names, int count, const char *word, size_t length)
{
    for (int i = 0; i < count && length >= 3; i++) {
        if (length <= strlen(names[i]) && begins(names[i], word, length)) {
            return i;
        }
    }
    return -1;
}

/* "Nov 27 2026", "Nov 27"; with `day` it was before: "27 Nov 2026". */
static bool read_month(struct reading *r, int month, int day)
{
    const char *at;
    int year;

    r->civil.month = month + 1;
    skip_blanks(r);
    if (day == 0 && read_digits(&r->at, 2, &day) == 0) {
        return false;
    }
    r->civil.day = day;
    r->has_date = true;
    skip_blanks(r);
    at = r->at;
    if (read_digits(&at, 4, &year) == 4 && *at != ':') {
        r->civil.year = year;
        r->at = at;
    }
    return true;
}

static bool read_word(struct reading *r)
{
    static const struct {
        const char *name;
        int days;
    } words[] = {{"now", 0}, {"today", 0}, {"yesterday", -1}, {"tomorrow", 1}, {"Z", 0},
                 {"UTC", 0}, {"GMT", 0},   {"last", -1},      {"next", 1},     {"midnight", 0}};
    const char *word = r->at;
    size_t length = word_length(word);
    int found = find_name(civil_months, 12, word, length);

    r->at += length;
    if (found >= 0) {
        return read_month(r, found, 0);
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) != length || !begins(words[i].name, word, length)) {
            continue;
        }
        if (*word == 'm' || *word == 'M') {
            r->civil.hour = r->civil.minute = r->civil.second = 0;
            r->fraction_ns = 0;
            r->has_clock = true;
        } else if (length == 4) { /* last, next */
            skip_blanks(r);
            word = r->at;
            length = word_length(word);
            r->at += length;
            return add_unit(r, word, length, words[i].days);
        }
        r->seconds += words[i].days * 86400;
        return true;
    }
    /* A weekday beside a date says nothing new; alone it would be the next such day. */
    return find_name(civil_days, 7, word, length) >= 0;
}

/* "27 Nov 2026" */
static bool read_day_first(struct reading *r)
{
    const char *at = r->at;
    int day;
    int month;

    if (read_digits(&at, 2, &day) == 0 || day == 0 || (*at != ' ' && *at != '-')) {
        return false;
    }
    at += strspn(at, " -");
    month = find_name(civil_months, 12, at, word_length(at));
    if (month < 0) {
        return false;
    }
    r->at = at + word_length(at);
    return read_month(r, month, day);
}

static bool read_item(struct reading *r)
{
    if (*r->at >= '0' && *r->at <= '9') {
        return read_clock(r) || read_date(r) || read_day_first(r) || read_relative(r);
    }
    if (*r->at == '+' || *r->at == '-') {
        return read_zone(r) || read_relative(r);
    }
    return word_length(r->at) > 0 && read_word(r);
}

/* "@1234567890.5" */
static bool read_seconds(const char *text, int64_t *time_ns)
{
    bool is_negative = *text == '-';
    int64_t fraction = 0;
    int64_t seconds = 0;

    text += is_negative;
    if (*text < '0' || *text > '9') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        seconds = seconds * 10 + (*text - '0');
        if (seconds > INT64_MAX / SECOND_NS - 1) {
            return false;
        }
    }
    read_fraction(&text, &fraction);
    *time_ns = (seconds * SECOND_NS + fraction) * (is_negative ? -1 : 1);
    return *text == '\0';
}

/* Sums up what was read; a month that is too short makes the date run over, as in GNU's. */
static bool finish(struct reading *r, int64_t *time_ns)
{
    struct civil *civil = &r->civil;
    int64_t months;
    int64_t seconds;

    if (civil->month < 1 || civil->month > 12 || civil->day < 1 || civil->day > 31 ||
        civil->hour > 23 || civil->minute > 59 || civil->second > 60) {
        return false;
    }
    if (civil_from_seconds(civil_to_seconds(civil)).month != civil->month) {
        return false; /* there is no such day */
    }
    months = civil->year * 12 + civil->month - 1 + r->months;
    if (months < 1678 * 12 || months >= 2262 * 12) {
        return false; /* what nanoseconds in 64 bits cannot say */
    }
    civil->year = months / 12;
    civil->month = (int)(months % 12) + 1;
    seconds = civil_to_seconds(civil) + r->seconds - r->zone_seconds;
    if (seconds > INT64_MAX / SECOND_NS - 1 || seconds < INT64_MIN / SECOND_NS + 1) {
        return false;
    }
    *time_ns = seconds * SECOND_NS + r->fraction_ns;
    return true;
}

bool applet_read_time(const char *text, int64_t now_ns, int64_t *time_ns)
{
    struct reading r = {.at = text};

    text += strspn(text, " ");
    if (*text == '@') {
        return read_seconds(text + 1, time_ns);
    }
    r.civil = civil_from_seconds(civil_floor(now_ns, &r.fraction_ns));
    if (*text == '\0') {
        r.has_date = true; /* midnight */
    }
    for (skip_blanks(&r); *r.at != '\0'; skip_blanks(&r)) {
        int64_t sum = r.seconds;

        if (!read_item(&r) || r.seconds - sum > (int64_t)COUNT_MAX * 1000 ||
            sum - r.seconds > (int64_t)COUNT_MAX * 1000 || r.months > COUNT_MAX ||
            r.months < -COUNT_MAX) {
            return false;
        }
    }
    if (r.has_date && !r.has_clock) {
        r.civil.hour = r.civil.minute = r.civil.second = 0;
        r.fraction_ns = 0;
    }
    return finish(&r, time_ns);
}

/* "[[CC]YY]MMDDhhmm[.ss]" (touch -t). */
bool applet_read_stamp(const char *text, int64_t now_ns, int64_t *time_ns)
{
    struct reading r = {.at = text, .has_clock = true};
    size_t digits = strspn(text, "0123456789");
    int64_t rest;
    int year;

    r.civil = civil_from_seconds(civil_floor(now_ns, &rest));
    if (digits != 8 && digits != 10 && digits != 12) {
        return false;
    }
    if (digits > 8) {
        read_digits(&r.at, (int)digits - 8, &year);
        r.civil.year = digits == 12 ? year : year + (year < 69 ? 2000 : 1900);
    }
    read_digits(&r.at, 2, &r.civil.month);
    read_digits(&r.at, 2, &r.civil.day);
    read_digits(&r.at, 2, &r.civil.hour);
    read_digits(&r.at, 2, &r.civil.minute);
    r.civil.second = 0;
    if (*r.at == '.') {
        r.at++;
        if (read_digits(&r.at, 2, &r.civil.second) != 2) {
            return false;
        }
    }
    return *r.at == '\0' && finish(&r, time_ns);
}
