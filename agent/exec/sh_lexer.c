/* SPDX-License-Identifier: BSD-2-Clause */
#include "sh_lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Errors and memory ----------------------------------------------------------------- */

bool sh_failed(const struct sh_parser *parser)
{
    return parser->message != NULL || parser->out_of_memory;
}

void sh_fail(struct sh_parser *parser, const char *format, ...)
{
    char text[128];
    va_list arguments;

    if (sh_failed(parser)) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    parser->message = arena_copy(parser->errors, text, strlen(text));
    parser->out_of_memory = parser->message == NULL;
}

void *sh_parser_alloc(struct sh_parser *parser, size_t size)
{
    void *block = arena_alloc(&parser->program->arena, size);

    if (block == NULL) {
        parser->out_of_memory = true;
    }
    return block;
}

static void put(struct sh_parser *parser, char byte)
{
    if (buffer_append(&parser->word, &byte, 1) < 0) {
        parser->out_of_memory = true;
    }
}

/* Takes one byte of the text into the word. */
static void keep(struct sh_parser *parser)
{
    if (*parser->at == '\n') {
        parser->line++;
    }
    if (*parser->at == SH_SUBSTITUTE) {
        sh_fail(parser, "control character");
    }
    put(parser, *parser->at++);
}

/* ---- Parts of words -------------------------------------------------------------------- */

static void read_dollar(struct sh_parser *parser);
static void read_backquote(struct sh_parser *parser, bool in_quotes);

static void unterminated(struct sh_parser *parser)
{
    sh_fail(parser, "Unterminated quoted string");
}

static void read_single(struct sh_parser *parser)
{
    keep(parser);
    while (*parser->at != '\'' && !sh_failed(parser)) {
        if (*parser->at == '\0') {
            unterminated(parser);
            return;
        }
        keep(parser);
    }
    keep(parser);
}

/* A backslash and what it quotes; a backslash at the end of a line joins it with the next. */
static void read_backslash(struct sh_parser *parser)
{
    if (parser->at[1] == '\n') {
        parser->at += 2;
        parser->line++;
        return;
    }
    keep(parser);
    if (*parser->at != '\0') {
        keep(parser);
    }
}

static void read_double(struct sh_parser *parser)
{
    keep(parser);
    while (*parser->at != '"' && !sh_failed(parser)) {
        switch (*parser->at) {
        case '\0':
            unterminated(parser);
            return;
        case '\\':
            read_backslash(parser);
            break;
        case '$':
            read_dollar(parser);
            break;
        case '`':
            read_backquote(parser, true);
            break;
        default:
            keep(parser);
            break;
        }
    }
    if (!sh_failed(parser)) {
        keep(parser);
    }
}

/* Up to the brace or the parentheses that end "${" or "$((". */
static void read_nested(struct sh_parser *parser, bool is_arithmetic)
{
    unsigned depth = 0;

    while (!sh_failed(parser)) {
        char byte = *parser->at;

        if (byte == '\0') {
            sh_fail(parser, is_arithmetic ? "Missing '))'" : "Missing '}'");
        } else if (byte == '\\') {
            read_backslash(parser);
        } else if (byte == '\'' && !is_arithmetic) {
            read_single(parser);
        } else if (byte == '"') {
            read_double(parser);
        } else if (byte == '$') {
            read_dollar(parser);
        } else if (byte == '`') {
            read_backquote(parser, false);
        } else if (!is_arithmetic && byte == '}') {
            keep(parser);
            return;
        } else if (is_arithmetic && byte == ')' && depth == 0) {
            keep(parser);
            if (*parser->at != ')') {
                sh_fail(parser, "Missing '))'");
                return;
            }
            keep(parser);
            return;
        } else {
            depth += is_arithmetic && byte == '(';
            depth -= is_arithmetic && byte == ')';
            keep(parser);
        }
    }
}

static bool enter(struct sh_parser *parser)
{
    if (++parser->depth > SH_DEPTH_MAX) {
        sh_fail(parser, "too deeply nested");
        return false;
    }
    return true;
}

/* Compiles a command whose output belongs here; the word being read is kept aside meanwhile. */
static void capture(struct sh_parser *parser, bool to_parenthesis)
{
    struct buffer word = parser->word;
    bool is_quoted = parser->is_quoted;

    buffer_init(&parser->word, word.platform);
    sh_parse_capture(parser, to_parenthesis);
    buffer_free(&parser->word);
    parser->word = word;
    parser->is_quoted = is_quoted;
    put(parser, SH_SUBSTITUTE);
}

static void read_dollar(struct sh_parser *parser)
{
    if (!enter(parser)) {
        return;
    }
    if (parser->at[1] == '{') {
        keep(parser);
        keep(parser);
        read_nested(parser, false);
    } else if (parser->at[1] == '(' && parser->at[2] == '(') {
        keep(parser);
        keep(parser);
        keep(parser);
        read_nested(parser, true);
    } else if (parser->at[1] == '(') {
        parser->at += 2;
        capture(parser, true);
    } else {
        keep(parser);
    }
    parser->depth--;
}

/* `…`: inside, a backslash quotes only itself, "$" and "`", and in double quotes '"'. */
static void read_backquote(struct sh_parser *parser, bool in_quotes)
{
    struct buffer text;
    const char *rest;
    bool failed = false;

    buffer_init(&text, parser->word.platform);
    parser->at++;
    while (*parser->at != '`' && *parser->at != '\0') {
        if (*parser->at == '\\' && (parser->at[1] == '\\' || parser->at[1] == '$' ||
                                    parser->at[1] == '`' || (in_quotes && parser->at[1] == '"'))) {
            parser->at++;
        }
        failed |= buffer_append(&text, parser->at++, 1) < 0;
    }
    failed |= buffer_append(&text, "", 1) < 0;
    parser->out_of_memory |= failed;
    if (*parser->at == '\0') {
        sh_fail(parser, "EOF in backquote substitution");
    } else if (!failed && enter(parser)) {
        uint32_t line = parser->line;

        rest = parser->at + 1;
        parser->at = (const char *)text.data;
        capture(parser, false);
        parser->depth--;
        parser->at = rest;
        parser->line = line;
    }
    buffer_free(&text);
}

/* ---- Here-documents -------------------------------------------------------------------- */

/* Takes a line of a here-document; false if it was the last one. */
static bool read_here_line(struct sh_parser *parser, const struct sh_here *here)
{
    size_t length;

    while (here->strips_tabs && *parser->at == '\t') {
        parser->at++;
    }
    length = strcspn(parser->at, "\n");
    if (strlen(here->delimiter) == length && memcmp(parser->at, here->delimiter, length) == 0) {
        parser->at += length;
        parser->at += *parser->at == '\n';
        parser->line++;
        return false;
    }
    if (*parser->at == '\0') {
        return false; /* dash takes the end of the text for the delimiter */
    }
    if (here->redirect->kind == SH_HERE_LITERAL) {
        while (length-- > 0) {
            keep(parser);
        }
    } else {
        while (*parser->at != '\n' && *parser->at != '\0' && !sh_failed(parser)) {
            if (*parser->at == '\\') {
                read_backslash(parser);
            } else if (*parser->at == '`' ||
                       (*parser->at == '$' && parser->at[1] == '(' && parser->at[2] != '(')) {
                sh_fail(parser, "command substitution in a here-document is not supported");
            } else if (*parser->at == '$') {
                read_dollar(parser);
            } else {
                keep(parser);
            }
        }
    }
    if (*parser->at == '\n') {
        keep(parser);
    }
    return !sh_failed(parser);
}

/* Their texts follow the line that asks for them. */
static void read_heres(struct sh_parser *parser)
{
    for (struct sh_here *here = parser->heres; here != NULL && !sh_failed(parser);
         here = here->next) {
        parser->word.size = 0;
        while (read_here_line(parser, here)) {
        }
        here->redirect->word =
            arena_copy(&parser->program->arena, (const char *)parser->word.data, parser->word.size);
        parser->out_of_memory |= here->redirect->word == NULL;
    }
    parser->heres = NULL;
    parser->last_here = &parser->heres;
}

/* ---- Tokens ---------------------------------------------------------------------------- */

static void skip_blanks(struct sh_parser *parser)
{
    for (;;) {
        if (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\r') {
            parser->at++;
        } else if (parser->at[0] == '\\' && parser->at[1] == '\n') {
            parser->at += 2;
            parser->line++;
        } else if (*parser->at == '#') {
            parser->at += strcspn(parser->at, "\n");
        } else {
            return;
        }
    }
}

static enum sh_token read_word(struct sh_parser *parser)
{
    parser->word.size = 0;
    parser->is_quoted = false;
    while (strchr(" \t\r\n;&|<>()", *parser->at) == NULL && !sh_failed(parser)) {
        switch (*parser->at) {
        case '\\':
            parser->is_quoted = true;
            read_backslash(parser);
            break;
        case '\'':
            parser->is_quoted = true;
            read_single(parser);
            break;
        case '"':
            parser->is_quoted = true;
            read_double(parser);
            break;
        case '$':
            read_dollar(parser);
            break;
        case '`':
            read_backquote(parser, false);
            break;
        default:
            keep(parser);
            break;
        }
    }
    parser->text =
        arena_copy(&parser->program->arena, (const char *)parser->word.data, parser->word.size);
    parser->out_of_memory |= parser->text == NULL;
    return TOKEN_WORD;
}

static enum sh_token read_redirect(struct sh_parser *parser)
{
    static const struct {
        const char *text;
        enum sh_redirect_kind kind;
        bool is_here;
        bool strips_tabs;
    } operators[] = {
        {"<<-", SH_HERE, true, true},       {"<<", SH_HERE, true, false},
        {"<&", SH_DUPLICATE, false, false}, {"<>", SH_READ_WRITE, false, false},
        {"<", SH_READ, false, false},       {">>", SH_APPEND, false, false},
        {">&", SH_DUPLICATE, false, true},  {">|", SH_WRITE, false, false},
        {">", SH_WRITE, false, false},
    };
    size_t i = 0;

    while (strncmp(parser->at, operators[i].text, strlen(operators[i].text)) != 0) {
        i++;
    }
    if (parser->redirect_fd < 0) {
        parser->redirect_fd = *parser->at == '>';
    }
    parser->at += strlen(operators[i].text);
    parser->redirect = operators[i].kind;
    parser->is_here = operators[i].is_here;
    parser->strips_tabs = operators[i].strips_tabs;
    return TOKEN_REDIRECT;
}

static enum sh_token take_operator(struct sh_parser *parser, char second, enum sh_token one,
                                   enum sh_token two)
{
    bool is_double = parser->at[1] == second;

    parser->at += is_double ? 2 : 1;
    return is_double ? two : one;
}

static enum sh_token read_token(struct sh_parser *parser)
{
    skip_blanks(parser);
    parser->redirect_fd = -1;
    switch (*parser->at) {
    case '\0':
        return TOKEN_END;
    case '\n':
        parser->at++;
        parser->line++;
        read_heres(parser);
        return TOKEN_NEWLINE;
    case ';':
        return take_operator(parser, ';', TOKEN_SEMICOLON, TOKEN_DOUBLE_SEMICOLON);
    case '&':
        return take_operator(parser, '&', TOKEN_AMPERSAND, TOKEN_AND);
    case '|':
        return take_operator(parser, '|', TOKEN_PIPE, TOKEN_OR);
    case '(':
        return take_operator(parser, '\001', TOKEN_OPEN, TOKEN_OPEN);
    case ')':
        return take_operator(parser, '\001', TOKEN_CLOSE, TOKEN_CLOSE);
    case '<':
    case '>':
        return read_redirect(parser);
    default:
        break;
    }
    if (*parser->at >= '0' && *parser->at <= '9' &&
        (parser->at[1] == '<' || parser->at[1] == '>')) {
        parser->redirect_fd = *parser->at++ - '0';
        return read_redirect(parser);
    }
    return read_word(parser);
}

enum sh_token sh_peek(struct sh_parser *parser)
{
    if (!parser->has_token) {
        enum sh_token token = sh_failed(parser) ? TOKEN_END : read_token(parser);

        /* Reading a word may compile a command in it, which looks at tokens of its own. */
        parser->token = sh_failed(parser) ? TOKEN_END : token;
        parser->has_token = true;
    }
    return parser->token;
}

enum sh_token sh_take(struct sh_parser *parser)
{
    enum sh_token token = sh_peek(parser);

    parser->has_token = false;
    return token;
}

bool sh_peek_word(struct sh_parser *parser, const char *word)
{
    return sh_peek(parser) == TOKEN_WORD && !parser->is_quoted && strcmp(parser->text, word) == 0;
}
