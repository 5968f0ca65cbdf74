/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a word of a script to the words of a command (POSIX.1-2017 XCU §2.6).  What was quoted, or
 * must not count as a pattern for other reasons, is marked with a backslash until the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pattern.h"
#include "sh.h"
#include "state.h"

struct expansion {
    struct task *task;
    struct sh *sh;
    enum sh_expand how;
    struct buffer field;
    bool has_field;   /* there is one, even if it is empty */
    bool after_blank; /* the last field ended at a blank of IFS */
    bool in_quotes;
    bool discards; /* what is expanded is not wanted */
    unsigned depth;
    int count;
    struct sh_word **last;
    int error; /* the first one */
};

static void fail(struct expansion *e, int error)
{
    if (e->error == 0) {
        e->error = error;
    }
}

static void expand_text(struct expansion *e, const char *text, const char *end);

/* ---- Output ---------------------------------------------------------------------------- */

static void put_byte(struct expansion *e, char byte)
{
    if (!e->discards && buffer_append(&e->field, &byte, 1) < 0) {
        fail(e, -ENOMEM);
    }
    e->has_field = e->has_field || !e->discards;
}

static bool keeps_marks(const struct expansion *e)
{
    return e->how == SH_FIELDS || e->how == SH_PATTERN;
}

/* A byte that stands for itself. */
static void put_literal(struct expansion *e, char byte)
{
    if (keeps_marks(e) && strchr("\\*?[]-!^", byte) != NULL && byte != '\0') {
        put_byte(e, '\\');
    }
    put_byte(e, byte);
}

/* A byte that may be part of a pattern; a backslash never is, when it comes from a value. */
static void put_active(struct expansion *e, char byte)
{
    if (byte == '\\') {
        put_literal(e, byte);
    } else {
        put_byte(e, byte);
    }
}

/* Takes the marks out again, in place; returns the length. */
static size_t unmark(char *text, size_t length)
{
    size_t out = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' && i + 1 < length) {
            i++;
        }
        text[out++] = text[i];
    }
    return out;
}

int sh_add_word(struct sh *sh, const char *text, size_t length, struct sh_word ***last)
{
    struct sh_word *word = arena_alloc(&sh->scratch, sizeof(*word));

    if (word == NULL) {
        return -ENOMEM;
    }
    word->text = arena_copy(&sh->scratch, text, length);
    if (word->text == NULL) {
        return -ENOMEM;
    }
    **last = word;
    *last = &word->next;
    return 0;
}

static void add_field(struct expansion *e)
{
    size_t length = e->field.size;
    char *text;

    if (buffer_append(&e->field, "", 1) < 0) {
        fail(e, -ENOMEM);
        return;
    }
    text = (char *)e->field.data;
    if (e->how == SH_FIELDS && !e->sh->no_globbing && pattern_is_special(text)) {
        int found = sh_glob(e->task, text, &e->last);

        if (found < 0) {
            fail(e, found);
        }
        if (found != 0) {
            e->count += found > 0 ? found : 0;
            return;
        }
    }
    if (e->how == SH_FIELDS) {
        length = unmark(text, length);
    }
    if (sh_add_word(e->sh, text, length, &e->last) < 0) {
        fail(e, -ENOMEM);
    }
    e->count++;
}

static void end_field(struct expansion *e)
{
    if (e->has_field && e->error == 0) {
        add_field(e);
    }
    e->field.size = 0;
    e->has_field = false;
}

/* ---- Values ---------------------------------------------------------------------------- */

static const char *separators(const struct expansion *e)
{
    const char *ifs = vars_get(&e->task->vars, "IFS", 3);

    return ifs == NULL ? " \t\n" : ifs;
}

/* A value, which is split into fields where that is asked for. */
static void put_value(struct expansion *e, const char *value, size_t length)
{
    const char *ifs = separators(e);
    bool splits = e->how == SH_FIELDS && !e->in_quotes;

    for (size_t i = 0; i < length && e->error == 0; i++) {
        bool is_separator = splits && value[i] != '\0' && strchr(ifs, value[i]) != NULL;

        if (!is_separator) {
            e->after_blank = false;
            if (e->in_quotes || e->how == SH_ONE || e->how == SH_BODY) {
                put_literal(e, value[i]);
            } else {
                put_active(e, value[i]);
            }
        } else if (value[i] == ' ' || value[i] == '\t' || value[i] == '\n') {
            e->after_blank = e->has_field || e->after_blank;
            end_field(e);
        } else {
            /* "a :b" has one separator, "a::b" two with nothing between them. */
            e->has_field = e->has_field || !e->after_blank;
            e->after_blank = false;
            end_field(e);
        }
    }
}

/* "$@" and "$*" */
static void put_parameters(struct expansion *e, char letter)
{
    const struct sh *sh = e->sh;
    const char *ifs = separators(e);

    if (e->discards) {
        return;
    }
    for (int i = 1; i < sh->argc && e->error == 0; i++) {
        put_value(e, sh->argv[i], strlen(sh->argv[i]));
        if (letter == '@' && e->in_quotes) {
            e->has_field = true;
        }
        if (i + 1 == sh->argc) {
            break;
        }
        if (e->how != SH_FIELDS || (letter == '*' && e->in_quotes)) {
            if (letter == '@') {
                put_literal(e, ' ');
            } else if (*ifs != '\0') {
                put_literal(e, *ifs);
            }
        } else {
            end_field(e);
        }
    }
}

static const char *special_value(struct expansion *e, char letter, char number[24])
{
    const struct sh *sh = e->sh;

    switch (letter) {
    case '?':
        snprintf(number, 24, "%d", sh->status);
        return number;
    case '#':
        snprintf(number, 24, "%d", sh->argc - 1);
        return number;
    case '$':
        snprintf(number, 24, "%" PRId64, sh->own_pid);
        return number;
    case '!':
        snprintf(number, 24, "%" PRId64, sh->background);
        return sh->background == 0 ? "" : number;
    case '-':
        snprintf(number, 24, "%s%s%s%s", sh->stops_on_error ? "e" : "", sh->no_globbing ? "f" : "",
                 sh->stops_on_unset ? "u" : "", sh->traces ? "x" : "");
        return number;
    default:
        return NULL;
    }
}

/* The value of the parameter whose name is `length` bytes, or NULL if it is not set. */
static const char *parameter(struct expansion *e, const char *name, size_t length, char number[24])
{
    uint64_t index = 0;

    if (*name >= '0' && *name <= '9') {
        for (size_t i = 0; i < length && index < 1000000; i++) {
            index = index * 10 + (uint64_t)(name[i] - '0');
        }
        return index < (uint64_t)e->sh->argc ? e->sh->argv[index] : NULL;
    }
    if (length == 1 && strchr("?#$!-", *name) != NULL) {
        return special_value(e, *name, number);
    }
    return vars_get(&e->task->vars, name, length);
}

static bool is_name_byte(char byte, bool first)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (!first && byte >= '0' && byte <= '9');
}

/* The length of the parameter's name that `text` starts with; 0 if there is none. */
static size_t name_length(const char *text, bool in_braces)
{
    size_t length = 0;

    if (*text >= '0' && *text <= '9') {
        length = in_braces ? strspn(text, "0123456789") : 1;
    } else if (is_name_byte(*text, true)) {
        while (is_name_byte(text[length], false)) {
            length++;
        }
    } else if (*text != '\0' && strchr("@*#?-$!", *text) != NULL) {
        length = 1;
    }
    return length;
}

/* ---- ${…} ------------------------------------------------------------------------------ */

/* The byte behind the quoted part, the substitution or the single byte at `text`. */
static const char *skip_part(const char *text, const char *end);

/* The "}" that ends what starts at `text`. */
static const char *find_brace(const char *text, const char *end)
{
    while (text < end && *text != '}') {
        text = skip_part(text, end);
    }
    return text;
}

/* The last ")" of the "))" that ends the arithmetic text that starts at `text`. */
static const char *find_parentheses(const char *text, const char *end)
{
    unsigned depth = 0;

    while (text < end && (*text != ')' || depth > 0)) {
        depth += *text == '(';
        depth -= *text == ')';
        text = *text == '(' || *text == ')' ? text + 1 : skip_part(text, end);
    }
    return text + 1 < end ? text + 1 : end;
}

static const char *skip_part(const char *text, const char *end)
{
    const char *close = NULL;

    switch (*text) {
    case '\\':
        return text + 2 < end ? text + 2 : end;
    case '\'':
        close = memchr(text + 1, '\'', (size_t)(end - text) - 1);
        break;
    case '"':
        for (close = text + 1; close < end && *close != '"';) {
            close = *close == '\'' ? close + 1 : skip_part(close, end);
        }
        break;
    case '$':
        if (text + 1 < end && text[1] == '{') {
            close = find_brace(text + 2, end);
        } else if (text + 2 < end && text[1] == '(' && text[2] == '(') {
            close = find_parentheses(text + 3, end);
        } else {
            return text + 1;
        }
        break;
    default:
        return text + 1;
    }
    return close == NULL || close >= end ? end : close + 1;
}

/* Expands a part of the word into one string of its own. */
static char *expand_apart(struct expansion *e, const char *text, const char *end,
                          enum sh_expand how)
{
    struct expansion inner = {
        .task = e->task, .sh = e->sh, .how = how, .depth = e->depth, .discards = e->discards};
    char *result = NULL;

    buffer_init(&inner.field, e->task->agent->platform);
    expand_text(&inner, text, end);
    if (inner.error == 0) {
        result = arena_copy(&e->sh->scratch, (const char *)inner.field.data, inner.field.size);
    }
    if (result == NULL) {
        fail(e, inner.error == 0 ? -ENOMEM : inner.error);
    }
    buffer_free(&inner.field);
    return result;
}

/* ${name#pattern} and its like: cuts off what matches, as little or as much as can be. */
static void put_trimmed(struct expansion *e, const char *value, const char *pattern, bool at_end,
                        bool as_much)
{
    size_t length = strlen(value);

    for (size_t i = 0; i <= length; i++) {
        size_t cut = as_much ? length - i : i;

        if (at_end ? pattern_match(pattern, value + length - cut, cut)
                   : pattern_match(pattern, value, cut)) {
            put_value(e, at_end ? value : value + cut, length - cut);
            return;
        }
    }
    put_value(e, value, length);
}

static void unset_error(struct expansion *e, const char *name, size_t length, const char *message)
{
    if (e->error == 0 && !e->discards) {
        sh_error(e->task, "%.*s: %s", (int)length, name, message);
        fail(e, -EINVAL);
    }
}

/* What follows the name in ${name:-word}. */
static void put_conditional(struct expansion *e, const char *name, size_t length, const char *value,
                            const char *operator, const char * end)
{
    bool counts_empty = *operator== ':';
    char kind = operator[counts_empty];
    const char *word = operator+ counts_empty + 1;
    bool is_set = value != NULL && !(counts_empty && *value == '\0');
    bool wants_word = kind == '+' ? is_set : !is_set;
    bool discarded = e->discards;

    if (is_set && kind != '+') {
        put_value(e, value, strlen(value));
    }
    if (!wants_word) {
        e->discards = true; /* commands in it have run, and their outputs have to be passed by */
        expand_text(e, word, end);
        e->discards = discarded;
    } else if (kind == '=' || kind == '?') {
        const char *text = expand_apart(e, word, end, SH_ONE);

        if (text == NULL || discarded) {
            return;
        }
        if (kind == '?') {
            unset_error(e, name, length,
                        *text != '\0'  ? text
                        : counts_empty ? "parameter not set or null"
                                       : "parameter not set");
        } else if (!is_name_byte(*name, true)) {
            unset_error(e, name, length, "bad variable name");
        } else if (vars_set(&e->task->vars, name, length, text, VARS_LOCAL) == -ENOMEM) {
            fail(e, -ENOMEM);
        } else {
            put_value(e, text, strlen(text));
        }
    } else {
        expand_text(e, word, end);
    }
}

static void check_set(struct expansion *e, const char *name, size_t length, const char *value)
{
    if (value == NULL && e->sh->stops_on_unset && !(length == 1 && strchr("@*!", *name) != NULL)) {
        unset_error(e, name, length, "parameter not set");
    }
}

static void bad_substitution(struct expansion *e)
{
    if (e->error == 0) {
        sh_error(e->task, "Bad substitution");
        fail(e, -EINVAL);
    }
}

/* The text between the braces of ${…}. */
static void expand_braces(struct expansion *e, const char *text, const char *end)
{
    bool wants_length = *text == '#' && text + 1 < end && strchr("}:-=?+%#", text[1]) == NULL;
    size_t length = name_length(text + wants_length, true);
    const char *name = text + wants_length;
    const char *operator= name + length;
    char number[24];
    const char *value;

    if (length == 0 || operator> end) {
        bad_substitution(e);
        return;
    }
    value = parameter(e, name, length, number);
    if (wants_length) {
        if (operator!= end) {
            bad_substitution(e);
            return;
        }
        check_set(e, name, length, value);
        snprintf(number, sizeof(number), "%zu", value == NULL ? 0 : strlen(value));
        put_value(e, number, strlen(number));
    } else if (operator== end) {
        if (*name == '@' || *name == '*') {
            put_parameters(e, *name);
            return;
        }
        check_set(e, name, length, value);
        if (value != NULL) {
            put_value(e, value, strlen(value));
        }
    } else if (*operator== '#' || * operator== '%') {
        bool as_much = operator+ 1<end && operator[1] == * operator;
        const char *pattern = expand_apart(e, operator+ 1 + as_much, end, SH_PATTERN);

        check_set(e, name, length, value);
        if (pattern != NULL && value != NULL) {
            put_trimmed(e, value, pattern, *operator== '%', as_much);
        }
    } else if (strchr("-=?+", operator[*operator== ':']) != NULL && operator+ 1 <= end) {
        if ((*name == '@' || *name == '*') && e->sh->argc > 1) {
            value = e->sh->argv[1];
        }
        put_conditional(e, name, length, value, operator, end);
    } else {
        bad_substitution(e);
    }
}

/* ---- Parts of a word ------------------------------------------------------------------- */

/* The output of a command that has run: the next one that was kept. */
static void put_captured(struct expansion *e)
{
    struct sh *sh = e->sh;
    const char *value;

    if (sh->captured_at >= sh->captured.size) {
        return;
    }
    value = (const char *)sh->captured.data + sh->captured_at;
    sh->captured_at += strlen(value) + 1;
    put_value(e, value, strlen(value));
}

static void expand_arithmetic(struct expansion *e, const char *text, const char *end)
{
    char *expression = expand_apart(e, text, end, SH_BODY);
    char number[24];
    int64_t value = 0;

    if (expression == NULL || e->discards) {
        return;
    }
    if (!sh_arithmetic(e->task, expression, &value)) {
        fail(e, -EINVAL);
        return;
    }
    snprintf(number, sizeof(number), "%" PRId64, value);
    put_value(e, number, strlen(number));
}

/* What a "$" begins; returns what is behind it. */
static const char *expand_dollar(struct expansion *e, const char *text, const char *end)
{
    size_t length;
    char number[24];
    const char *value;

    if (text + 1 < end && text[1] == '{') {
        const char *close = find_brace(text + 2, end);

        expand_braces(e, text + 2, close);
        return close < end ? close + 1 : end;
    }
    if (text + 2 < end && text[1] == '(' && text[2] == '(') {
        const char *close = find_parentheses(text + 3, end);

        expand_arithmetic(e, text + 3, close - 1);
        return close < end ? close + 1 : end;
    }
    length = text + 1 < end ? name_length(text + 1, false) : 0;
    if (length == 0) {
        put_literal(e, '$');
        return text + 1;
    }
    if (text[1] == '@' || text[1] == '*') {
        put_parameters(e, text[1]);
        return text + 2;
    }
    value = parameter(e, text + 1, length, number);
    check_set(e, text + 1, length, value);
    if (value != NULL) {
        put_value(e, value, strlen(value));
    }
    return text + 1 + length;
}

static const char *expand_quoted(struct expansion *e, const char *text, const char *end)
{
    const char *close = skip_part(text, end);
    bool was_quoted = e->in_quotes;
    bool is_parameters = close - text == 4 && strncmp(text, "\"$@\"", 4) == 0;

    if (!is_parameters && !e->discards) {
        e->has_field = true; /* even "" is a word */
    }
    e->in_quotes = true;
    expand_text(e, text + 1, close - 1);
    e->in_quotes = was_quoted;
    e->after_blank = false;
    return close;
}

/* "~" and "~root" at the start of a word. */
static const char *expand_tilde(struct expansion *e, const char *text, const char *end)
{
    const char *home = vars_get(&e->task->vars, "HOME", 4);
    size_t length = strcspn(text + 1, "/");

    if (text + 1 + length > end) {
        length = (size_t)(end - text) - 1;
    }
    if (length == 4 && strncmp(text + 1, "root", 4) == 0) {
        home = "/root";
    } else if (length > 0 || home == NULL) {
        return text;
    }
    for (; *home != '\0'; home++) {
        put_literal(e, *home);
    }
    e->has_field = true;
    return text + 1 + length;
}

/* A backslash, which in quotes counts only before some. */
static const char *expand_backslash(struct expansion *e, const char *text, const char *end)
{
    if (text + 1 >= end) {
        put_literal(e, '\\');
        return end;
    }
    if ((e->in_quotes && strchr("$`\"\\", text[1]) == NULL) ||
        (e->how == SH_BODY && strchr("$`\\", text[1]) == NULL)) {
        put_literal(e, '\\');
    }
    put_literal(e, text[1]);
    return text + 2;
}

static void expand_text(struct expansion *e, const char *text, const char *end)
{
    if (++e->depth > 2 * SH_DEPTH_MAX) {
        bad_substitution(e);
    }
    while (text < end && e->error == 0) {
        if (*text == '\'' && !e->in_quotes && e->how != SH_BODY) {
            const char *close = skip_part(text, end);

            for (text++; text < close - 1; text++) {
                put_literal(e, *text);
            }
            e->has_field = e->has_field || !e->discards;
            e->after_blank = false;
            text = close;
        } else if (*text == '"' && e->how != SH_BODY) {
            if (e->in_quotes) {
                text++; /* quotes in ${…} in quotes */
            } else {
                text = expand_quoted(e, text, end);
            }
        } else if (*text == '\\') {
            text = expand_backslash(e, text, end);
        } else if (*text == '$') {
            text = expand_dollar(e, text, end);
        } else if (*text == SH_SUBSTITUTE) {
            put_captured(e);
            text++;
        } else if (e->in_quotes || e->how == SH_BODY || e->how == SH_ONE) {
            put_literal(e, *text++);
        } else {
            put_byte(e, *text++);
            e->after_blank = false;
        }
    }
    e->depth--;
}

/* ---- Words ----------------------------------------------------------------------------- */

int sh_expand(struct task *task, const char *text, enum sh_expand how, struct sh_word ***last)
{
    struct expansion e = {.task = task, .sh = task->state, .how = how, .last = *last};
    const char *end = text + strlen(text);

    buffer_init(&e.field, task->agent->platform);
    if (*text == '~' && how != SH_BODY) {
        text = expand_tilde(&e, text, end);
    }
    expand_text(&e, text, end);
    if (how != SH_FIELDS) {
        e.has_field = true;
    }
    end_field(&e);
    buffer_free(&e.field);
    *last = e.last;
    return e.error < 0 ? e.error : e.count;
}

const char *sh_expand_one(struct task *task, const char *text, enum sh_expand how, int *error)
{
    struct sh_word *word = NULL;
    struct sh_word **last = &word;
    int result = sh_expand(task, text, how, &last);

    *error = result < 0 ? result : 0;
    return result < 0 ? NULL : word->text;
}
