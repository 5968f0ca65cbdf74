/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern.h"

#include <string.h>

static bool in_class(const char *name, size_t length, char byte)
{
    static const char *const names[] = {"alpha", "digit", "alnum", "upper", "lower",
                                        "space", "blank", "punct", "xdigit"};
    bool is_digit = byte >= '0' && byte <= '9';
    bool is_upper = byte >= 'A' && byte <= 'Z';
    bool is_lower = byte >= 'a' && byte <= 'z';
    size_t i = 0;

    while (i < sizeof(names) / sizeof(names[0]) &&
           (strlen(names[i]) != length || memcmp(names[i], name, length) != 0)) {
        i++;
    }
    switch (i) {
    case 0:
        return is_upper || is_lower;
    case 1:
        return is_digit;
    case 2:
        return is_upper || is_lower || is_digit;
    case 3:
        return is_upper;
    case 4:
        return is_lower;
    case 5:
        return byte == ' ' || (byte >= '\t' && byte <= '\r');
    case 6:
        return byte == ' ' || byte == '\t';
    case 7:
        return byte > ' ' && byte < 127 && !is_upper && !is_lower && !is_digit;
    case 8:
        return is_digit || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    default:
        return false;
    }
}

/* The end of the bracket expression that `pattern` starts, its "]"; NULL if it has none. */
static const char *bracket_end(const char *pattern)
{
    const char *at = pattern + 1;

    at += *at == '!' || *at == '^';
    at += *at == ']';
    while (*at != '\0' && *at != ']') {
        if (at[0] == '[' && at[1] == ':' && strstr(at + 2, ":]") != NULL) {
            at = strstr(at + 2, ":]") + 2;
        } else {
            at += *at == '\\' && at[1] != '\0' ? 2 : 1;
        }
    }
    return *at == ']' ? at : NULL;
}

static bool in_bracket(const char *pattern, const char *end, char byte)
{
    const char *at = pattern + 1;
    bool negates = *at == '!' || *at == '^';
    bool found = false;

    at += negates;
    while (at < end) {
        unsigned char low;
        unsigned char high;

        if (at[0] == '[' && at[1] == ':' && strstr(at + 2, ":]") != NULL) {
            const char *close = strstr(at + 2, ":]");

            found |= in_class(at + 2, (size_t)(close - at) - 2, byte);
            at = close + 2;
            continue;
        }
        at += *at == '\\' && at + 1 < end;
        low = high = (unsigned char)*at++;
        if (at[0] == '-' && at + 1 < end) {
            at++;
            at += *at == '\\' && at + 1 < end;
            high = (unsigned char)*at++;
        }
        found |= (unsigned char)byte >= low && (unsigned char)byte <= high;
    }
    return found != negates;
}

/* What one element of the pattern takes: whether it matches `byte`; *next is behind it. */
static bool match_one(const char *pattern, char byte, const char **next)
{
    const char *end = *pattern == '[' ? bracket_end(pattern) : NULL;

    if (end != NULL) {
        *next = end + 1;
        return in_bracket(pattern, end, byte);
    }
    if (*pattern == '\\' && pattern[1] != '\0') {
        *next = pattern + 2;
        return pattern[1] == byte;
    }
    *next = pattern + 1;
    return *pattern == '?' || *pattern == byte;
}

bool pattern_match(const char *pattern, const char *text, size_t length)
{
    const char *end = text + length;
    const char *star = NULL;
    const char *star_text = NULL;

    while (text < end) {
        const char *next;

        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (*pattern != '\0' && match_one(pattern, *text, &next)) {
            pattern = next;
            text++;
        } else if (star != NULL) {
            pattern = star; /* the last "*" takes one byte more */
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

bool pattern_is_special(const char *pattern)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*' || *pattern == '?' ||
            (*pattern == '[' && bracket_end(pattern) != NULL)) {
            return true;
        }
        if (*pattern == '\\' && pattern[1] != '\0') {
            pattern++;
        }
    }
    return false;
}
