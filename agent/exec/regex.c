/* SPDX-License-Identifier: BSD-2-Clause */
#include "regex.h"

#include <errno.h>
#include <string.h>

/* A program this long is refused: its length is the price of every byte. */
#define PROGRAM_MAX 2000u
#define DEPTH_MAX   24
#define REPEAT_MAX  255

enum regex_code {
    RE_BYTE,  /* argument: the byte */
    RE_SET,   /* argument: number of the set */
    RE_SPLIT, /* goes on behind it, and argument places further */
    RE_JUMP,  /* argument places further */
    RE_START, /* the start of the text, and so on */
    RE_END,
    RE_WORD_START,
    RE_WORD_END,
    RE_BOUNDARY,
    RE_NO_BOUNDARY,
    RE_OUTSIDE_BEFORE, /* no byte of a word before, or behind */
    RE_OUTSIDE_BEHIND,
    RE_MATCH,
};

struct regex_op {
    int32_t argument;
    uint8_t code;
};

/* An expression that is being compiled. */
struct compiler {
    struct regex *regex;
    const char *at;
    unsigned flags;
    int depth;
    int groups;
    const char *error;
};

static const char no_memory[] = "";

void regex_init(struct regex *regex, const struct platform *platform)
{
    *regex = (struct regex){.before = -1};
    buffer_init(&regex->program, platform);
    buffer_init(&regex->sets, platform);
    buffer_init(&regex->states, platform);
}

void regex_free(struct regex *regex)
{
    buffer_free(&regex->program);
    buffer_free(&regex->sets);
    buffer_free(&regex->states);
}

/* ---- Compiling ------------------------------------------------------------------------- */

static int32_t here(const struct compiler *c)
{
    return (int32_t)(c->regex->program.size / sizeof(struct regex_op));
}

static struct regex_op *op_at(const struct compiler *c, int32_t at)
{
    return (struct regex_op *)(void *)c->regex->program.data + at;
}

static void fail(struct compiler *c, const char *error)
{
    if (c->error == NULL) {
        c->error = error;
    }
}

static void emit(struct compiler *c, enum regex_code code, int32_t argument)
{
    struct regex_op op = {.argument = argument, .code = (uint8_t)code};

    if (here(c) >= (int32_t)PROGRAM_MAX) {
        fail(c, "Regular expression too big");
    } else if (c->error == NULL && buffer_append(&c->regex->program, &op, sizeof(op)) < 0) {
        fail(c, no_memory);
    }
}

/* Makes room for one operation before what has been emitted since `at`. */
static void insert(struct compiler *c, int32_t at, enum regex_code code, int32_t argument)
{
    emit(c, code, argument);
    if (c->error == NULL) {
        memmove(op_at(c, at + 1), op_at(c, at),
                (size_t)(here(c) - at - 1) * sizeof(struct regex_op));
        *op_at(c, at) = (struct regex_op){.argument = argument, .code = (uint8_t)code};
    }
}

static bool is_word(int byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static uint8_t lower(const struct compiler *c, char byte)
{
    return (uint8_t)((c->flags & REGEX_NO_CASE) != 0 && byte >= 'A' && byte <= 'Z' ? byte + 32
                                                                                   : byte);
}

static void set_byte(uint8_t set[32], int byte)
{
    set[byte / 8] = (uint8_t)(set[byte / 8] | 1u << byte % 8);
}

static bool in_class(const char *name, size_t length, int byte)
{
    static const char *const names[] = {"alpha", "digit", "alnum",  "upper", "lower", "space",
                                        "blank", "punct", "xdigit", "print", "graph", "cntrl"};
    bool is_digit = byte >= '0' && byte <= '9';
    bool is_upper = byte >= 'A' && byte <= 'Z';
    bool is_lower = byte >= 'a' && byte <= 'z';
    bool is_graph = byte > ' ' && byte < 127;
    bool results[] = {is_upper || is_lower,
                      is_digit,
                      is_upper || is_lower || is_digit,
                      is_upper,
                      is_lower,
                      byte == ' ' || (byte >= '\t' && byte <= '\r'),
                      byte == ' ' || byte == '\t',
                      is_graph && !is_upper && !is_lower && !is_digit,
                      is_digit || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F'),
                      is_graph || byte == ' ',
                      is_graph,
                      byte < 32 || byte == 127};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
            return results[i];
        }
    }
    return false;
}

static void emit_set(struct compiler *c, uint8_t set[32], bool negates)
{
    int32_t number = (int32_t)(c->regex->sets.size / 32);

    if ((c->flags & REGEX_NO_CASE) != 0) {
        for (int byte = 'A'; byte <= 'Z'; byte++) {
            if ((set[byte / 8] >> byte % 8 & 1) != 0) {
                set_byte(set, byte + 32);
            }
        }
    }
    for (int i = 0; i < 32 && negates; i++) {
        set[i] = (uint8_t)~set[i];
    }
    if (buffer_append(&c->regex->sets, set, 32) < 0) {
        fail(c, no_memory);
    }
    emit(c, RE_SET, number);
}

static void compile_bracket(struct compiler *c)
{
    uint8_t set[32] = {0};
    bool negates = *c->at == '^';
    bool is_first = true;

    c->at += negates;
    while (*c->at != '\0' && (*c->at != ']' || is_first)) {
        const char *close = c->at[0] == '[' && c->at[1] == ':' ? strstr(c->at + 2, ":]") : NULL;

        is_first = false;
        if (close != NULL) {
            for (int byte = 0; byte < 256; byte++) {
                if (in_class(c->at + 2, (size_t)(close - c->at) - 2, byte)) {
                    set_byte(set, byte);
                }
            }
            c->at = close + 2;
            continue;
        }
        if (c->at[1] == '-' && c->at[2] != ']' && c->at[2] != '\0') {
            for (int byte = (uint8_t)c->at[0]; byte <= (uint8_t)c->at[2]; byte++) {
                set_byte(set, byte);
            }
            c->at += 3;
        } else {
            set_byte(set, (uint8_t)*c->at++);
        }
    }
    if (*c->at != ']') {
        fail(c, "Unmatched [, [^, [:, [., or [=");
        return;
    }
    c->at++;
    emit_set(c, set, negates);
}

/* "\w" and its like; false if the letter is none of them. */
static bool compile_letter(struct compiler *c, char letter)
{
    static const char letters[] = "<>bBwWsS";
    static const uint8_t codes[] = {RE_WORD_START, RE_WORD_END, RE_BOUNDARY, RE_NO_BOUNDARY};
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    uint8_t set[32] = {0};

    if (found == NULL) {
        return false;
    }
    if (found - letters < 4) {
        emit(c, (enum regex_code)codes[found - letters], 0);
        return true;
    }
    for (int byte = 0; byte < 256; byte++) {
        if (found - letters < 6 ? is_word(byte) : in_class("space", 5, byte)) {
            set_byte(set, byte);
        }
    }
    emit_set(c, set, letter == 'W' || letter == 'S');
    return true;
}

/* Whether the special `byte` stands next, with its backslash where it needs one. */
static bool is_next(const struct compiler *c, char byte)
{
    return (c->flags & REGEX_EXTENDED) != 0 ? *c->at == byte : c->at[0] == '\\' && c->at[1] == byte;
}

static void take(struct compiler *c)
{
    c->at += (c->flags & REGEX_EXTENDED) != 0 ? 1 : 2;
}

static void compile_alternatives(struct compiler *c);

static void compile_any(struct compiler *c)
{
    uint8_t set[32];

    memset(set, 0xFF, sizeof(set));
    emit_set(c, set, false);
}

/* One atom; `is_first` in its branch, where "*" is itself. */
static void compile_atom(struct compiler *c, bool is_first)
{
    if (is_next(c, '(')) {
        take(c);
        if (++c->depth > DEPTH_MAX) {
            fail(c, "Regular expression too big");
            return;
        }
        c->groups++;
        compile_alternatives(c);
        c->groups--;
        c->depth--;
        if (!is_next(c, ')')) {
            fail(c, "Unmatched ( or \\(");
            return;
        }
        take(c);
        return;
    }
    switch (*c->at) {
    case '.':
        c->at++;
        compile_any(c);
        return;
    case '[':
        c->at++;
        compile_bracket(c);
        return;
    case '^':
        if (is_first || (c->flags & REGEX_EXTENDED) != 0) {
            c->at++;
            emit(c, RE_START, 0);
            return;
        }
        break;
    case '$':
        if ((c->flags & REGEX_EXTENDED) != 0 || c->at[1] == '\0' ||
            (c->at[1] == '\\' && (c->at[2] == ')' || c->at[2] == '|'))) {
            c->at++;
            emit(c, RE_END, 0);
            return;
        }
        break;
    case '\\':
        if (c->at[1] == '\0') {
            fail(c, "Trailing backslash");
            return;
        }
        if (c->at[1] >= '1' && c->at[1] <= '9') {
            fail(c, "Back-references are not supported");
            return;
        }
        c->at++;
        if (compile_letter(c, *c->at)) {
            c->at++;
            return;
        }
        break;
    default:
        break;
    }
    emit(c, RE_BYTE, lower(c, *c->at++));
}

/* "{m,n}" at c->at behind its brace; false if it is none. */
static bool read_bounds(struct compiler *c, int *minimum, int *maximum)
{
    const char *at = c->at;
    int numbers[2] = {0, -1};

    for (int i = 0; i < 2; i++) {
        bool any = false;

        for (; *at >= '0' && *at <= '9'; at++) {
            numbers[i] = (numbers[i] < 0 ? 0 : numbers[i]) * 10 + (*at - '0');
            any = true;
            if (numbers[i] > REPEAT_MAX) {
                fail(c, "Regular expression too big");
                return false;
            }
        }
        if (i == 0 && *at != ',') {
            numbers[1] = any ? numbers[0] : -2;
            break;
        }
        at += i == 0;
    }
    if ((c->flags & REGEX_EXTENDED) == 0) {
        if (*at++ != '\\') {
            fail(c, "Unmatched \\{");
            return false;
        }
    }
    if (*at != '}' || numbers[1] == -2 || (numbers[1] >= 0 && numbers[1] < numbers[0])) {
        fail(c, "Invalid content of \\{\\}");
        return false;
    }
    c->at = at + 1;
    *minimum = numbers[0];
    *maximum = numbers[1];
    return true;
}

/* Lets the atom that was emitted from `start` on be there `minimum` to `maximum` times. */
static void repeat(struct compiler *c, int32_t start, int minimum, int maximum)
{
    int32_t length = here(c) - start;
    struct regex_op *copy;

    if (c->error != NULL) {
        return;
    }
    if (minimum == 0 && maximum < 0) { /* L: split out; atom; jump L */
        insert(c, start, RE_SPLIT, length + 2);
        emit(c, RE_JUMP, -(length + 1));
        return;
    }
    for (int i = 1; i < (maximum < 0 ? minimum : maximum); i++) {
        for (int32_t j = 0; j < length && c->error == NULL; j++) {
            copy = op_at(c, start + j);
            emit(c, (enum regex_code)copy->code, copy->argument);
        }
    }
    if (c->error != NULL) {
        return;
    }
    if (maximum < 0) { /* the last one as often as it likes */
        emit(c, RE_SPLIT, 2);
        emit(c, RE_JUMP, -(length + 1));
        return;
    }
    if (maximum == 0) {
        c->regex->program.size -= (size_t)length * sizeof(struct regex_op);
        return;
    }
    for (int i = maximum; i > minimum; i--) {
        insert(c, start + (i - 1) * length, RE_SPLIT, here(c) - (start + (i - 1) * length) + 1);
    }
}

static void compile_piece(struct compiler *c, bool is_first)
{
    bool is_extended = (c->flags & REGEX_EXTENDED) != 0;
    int32_t start = here(c);

    compile_atom(c, is_first);
    while (c->error == NULL) {
        int minimum = 0;
        int maximum = -1;

        if (*c->at == '*') {
            c->at++;
        } else if (is_next(c, '+')) {
            take(c);
            minimum = 1;
        } else if (is_next(c, '?')) {
            take(c);
            maximum = 1;
        } else if (is_next(c, '{') &&
                   (!is_extended || (c->at[1] >= '0' && c->at[1] <= '9') || c->at[1] == ',')) {
            take(c);
            if (!read_bounds(c, &minimum, &maximum)) {
                return;
            }
        } else {
            return;
        }
        repeat(c, start, minimum, maximum);
    }
}

static void compile_branch(struct compiler *c)
{
    bool is_first = true;

    while (*c->at != '\0' && c->error == NULL && !is_next(c, '|') &&
           !(c->groups > 0 && is_next(c, ')'))) {
        bool was_anchor = *c->at == '^';

        if (is_first && *c->at == '*') {
            c->at++;
            emit(c, RE_BYTE, '*');
        } else {
            compile_piece(c, is_first);
        }
        is_first = is_first && was_anchor;
    }
}

static void compile_alternatives(struct compiler *c)
{
    int32_t start = here(c);

    compile_branch(c);
    while (is_next(c, '|') && c->error == NULL) {
        int32_t end;

        take(c);
        insert(c, start, RE_SPLIT, here(c) - start + 2);
        end = here(c);
        emit(c, RE_JUMP, 0);
        start = here(c);
        compile_alternatives(c); /* the rest, to the right */
        if (c->error == NULL) {
            op_at(c, end)->argument = here(c) - end;
        }
    }
}

const char *regex_add(struct regex *regex, const char *pattern, unsigned flags)
{
    struct compiler c = {.regex = regex, .at = pattern, .flags = flags};
    int32_t start = here(&c);

    regex->flags = flags;
    if ((flags & REGEX_LINE) != 0) {
        emit(&c, RE_START, 0);
    } else if ((flags & REGEX_WORD) != 0) {
        emit(&c, RE_OUTSIDE_BEFORE, 0);
    }
    if ((flags & REGEX_FIXED) != 0) {
        for (; *c.at != '\0'; c.at++) {
            emit(&c, RE_BYTE, lower(&c, *c.at));
        }
    } else {
        compile_alternatives(&c);
        if (c.error == NULL && *c.at != '\0') {
            fail(&c, "Unmatched ) or \\)");
        }
    }
    if ((flags & REGEX_LINE) != 0) {
        emit(&c, RE_END, 0);
    } else if ((flags & REGEX_WORD) != 0) {
        emit(&c, RE_OUTSIDE_BEHIND, 0);
    }
    emit(&c, RE_MATCH, 0);
    insert(&c, start, RE_SPLIT, here(&c) - start + 1); /* to the next alternative */
    return c.error;
}

int regex_compile(struct regex *regex)
{
    size_t count = regex->program.size / sizeof(struct regex_op) + 1;

    regex->states.size = 0;
    if (buffer_reserve(&regex->states, count * (3 * sizeof(uint16_t) + 1)) < 0) {
        return -ENOMEM;
    }
    return 0;
}

/* ---- Matching -------------------------------------------------------------------------- */

/* Whether a place between two bytes is what an assertion wants. */
static bool holds(enum regex_code code, int before, int behind)
{
    switch (code) {
    case RE_START:
        return before < 0;
    case RE_END:
        return behind < 0;
    case RE_WORD_START:
        return !is_word(before) && is_word(behind);
    case RE_WORD_END:
        return is_word(before) && !is_word(behind);
    case RE_BOUNDARY:
        return is_word(before) != is_word(behind);
    case RE_NO_BOUNDARY:
        return is_word(before) == is_word(behind);
    case RE_OUTSIDE_BEFORE:
        return !is_word(before);
    default: /* RE_OUTSIDE_BEHIND */
        return !is_word(behind);
    }
}

/*
 * Follows everything that takes no byte from the places in the list, and from the start, between
 * two bytes; the places that take one are left in the other list, whose length is returned.
 */
static uint32_t follow(struct regex *regex, int behind)
{
    const struct regex_op *program = (const void *)regex->program.data;
    uint32_t size = (uint32_t)(regex->program.size / sizeof(*program));
    uint16_t *list = (void *)regex->states.data;
    uint16_t *reached = list + size + 1;
    uint16_t *stack = reached + size + 1;
    uint8_t *marks = (uint8_t *)(stack + size + 1);
    uint32_t count = 0;

    memset(marks, 0, size + 1);
    for (uint32_t i = 0; i <= regex->count; i++) {
        uint32_t depth = 0;
        uint32_t start = i < regex->count ? list[i] : 0; /* a match may start anywhere */

        if (marks[start] == 0) {
            marks[start] = 1;
            stack[depth++] = (uint16_t)start;
        }
        while (depth > 0) {
            uint32_t at = stack[--depth];
            const struct regex_op *op = &program[at];
            uint32_t next[2];
            int ways = 0;

            if (at == size) {
                continue; /* behind the last alternative */
            }
            switch (op->code) {
            case RE_BYTE:
            case RE_SET:
                reached[count++] = (uint16_t)at;
                break;
            case RE_MATCH:
                regex->matched = true;
                break;
            case RE_SPLIT:
                next[ways++] = at + (uint32_t)op->argument;
                next[ways++] = at + 1;
                break;
            case RE_JUMP:
                next[ways++] = at + (uint32_t)op->argument;
                break;
            default:
                if (holds((enum regex_code)op->code, regex->before, behind)) {
                    next[ways++] = at + 1;
                }
                break;
            }
            while (ways-- > 0) {
                if (marks[next[ways]] == 0) {
                    marks[next[ways]] = 1;
                    stack[depth++] = (uint16_t)next[ways];
                }
            }
        }
    }
    return count;
}

void regex_begin(struct regex *regex)
{
    regex->count = 0;
    regex->before = -1;
    regex->matched = false;
}

static bool in_set(const struct regex *regex, int32_t number, int byte)
{
    return (regex->sets.data[number * 32 + byte / 8] >> byte % 8 & 1) != 0;
}

void regex_feed(struct regex *regex, const uint8_t *bytes, size_t count)
{
    const struct regex_op *program = (const void *)regex->program.data;
    uint32_t size = (uint32_t)(regex->program.size / sizeof(*program));
    uint16_t *list = (void *)regex->states.data;
    const uint16_t *reached = list + size + 1;

    for (size_t i = 0; i < count && !regex->matched; i++) {
        int byte = bytes[i];
        int folded =
            (regex->flags & REGEX_NO_CASE) != 0 && byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
        uint32_t found = follow(regex, byte);

        regex->count = 0;
        for (uint32_t j = 0; j < found; j++) {
            const struct regex_op *op = &program[reached[j]];

            if (op->code == RE_BYTE ? op->argument == folded
                                    : in_set(regex, op->argument, folded)) {
                list[regex->count++] = (uint16_t)(reached[j] + 1);
            }
        }
        regex->before = byte;
    }
}

bool regex_end(struct regex *regex)
{
    if (!regex->matched) {
        (void)follow(regex, -1);
    }
    return regex->matched;
}
