/* SPDX-License-Identifier: BSD-2-Clause */
/* From tokens to operations (POSIX.1-2017 XCU §2.10). */
#include <string.h>

#include "sh_lexer.h"

static void parse_list(struct sh_parser *parser, const char *wanted);
static void parse_command(struct sh_parser *parser);

/* ---- Operations ------------------------------------------------------------------------ */

static uint32_t here(const struct sh_parser *parser)
{
    return (uint32_t)(parser->program->ops.size / sizeof(struct sh_op));
}

static uint32_t emit(struct sh_parser *parser, enum sh_code code, const void *data)
{
    struct sh_op op = {.code = (uint8_t)code, .line = parser->line, .data = data};
    uint32_t at = here(parser);

    if (buffer_append(&parser->program->ops, &op, sizeof(op)) < 0) {
        parser->out_of_memory = true;
    }
    return at;
}

static struct sh_op *op_at(struct sh_parser *parser, uint32_t at)
{
    static struct sh_op nowhere; /* written when memory was short, and never run */

    return at < here(parser) ? (struct sh_op *)(void *)parser->program->ops.data + at : &nowhere;
}

/* Lets the operation at `at` lead to the next one. */
static void land(struct sh_parser *parser, uint32_t at)
{
    op_at(parser, at)->target = here(parser);
}

/* What has been emitted from `start` on is a condition. */
static void mark_tested(struct sh_parser *parser, uint32_t start)
{
    for (uint32_t i = start; i < here(parser); i++) {
        op_at(parser, i)->is_tested = true;
    }
}

static void jump_to(struct sh_parser *parser, uint32_t target)
{
    op_at(parser, emit(parser, SH_JUMP, NULL))->target = target;
}

/* ---- Errors ---------------------------------------------------------------------------- */

static const char *token_text(struct sh_parser *parser)
{
    static const char *const texts[] = {
        [TOKEN_WORD] = "word",
        [TOKEN_END] = "end of file",
        [TOKEN_NEWLINE] = "newline",
        [TOKEN_SEMICOLON] = "\";\"",
        [TOKEN_AMPERSAND] = "\"&\"",
        [TOKEN_AND] = "\"&&\"",
        [TOKEN_OR] = "\"||\"",
        [TOKEN_PIPE] = "\"|\"",
        [TOKEN_OPEN] = "\"(\"",
        [TOKEN_CLOSE] = "\")\"",
        [TOKEN_DOUBLE_SEMICOLON] = "\";;\"",
        [TOKEN_REDIRECT] = "redirection",
    };

    return texts[sh_peek(parser)];
}

static const char *const reserved[] = {"if",    "then", "elif", "else", "fi",   "while",
                                       "until", "do",   "done", "for",  "case", "in",
                                       "esac",  "{",    "}",    "!"};

static bool is_reserved(struct sh_parser *parser)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (sh_peek_word(parser, reserved[i])) {
            return true;
        }
    }
    return false;
}

static void unexpected(struct sh_parser *parser, const char *wanted)
{
    bool is_word = is_reserved(parser);
    const char *quote = is_word ? "\"" : "";
    const char *found = is_word ? parser->text : token_text(parser);

    if (wanted == NULL) {
        sh_fail(parser, "%s%.32s%s unexpected", quote, found, quote);
    } else {
        sh_fail(parser, "%s%.32s%s unexpected (expecting \"%s\")", quote, found, quote, wanted);
    }
}

static void expect_word(struct sh_parser *parser, const char *word)
{
    if (sh_peek_word(parser, word)) {
        sh_take(parser);
    } else {
        unexpected(parser, word);
    }
}

static bool enter(struct sh_parser *parser)
{
    if (++parser->depth > SH_DEPTH_MAX) {
        sh_fail(parser, "too deeply nested");
    }
    return !sh_failed(parser);
}

static void skip_newlines(struct sh_parser *parser)
{
    while (sh_peek(parser) == TOKEN_NEWLINE) {
        sh_take(parser);
    }
}

/* ---- Redirections ---------------------------------------------------------------------- */

/* A here-document's delimiter without its quotes. */
static const char *unquote(struct sh_parser *parser, const char *text)
{
    char *plain = sh_parser_alloc(parser, strlen(text) + 1);
    char *out = plain;

    while (plain != NULL && *text != '\0') {
        if (*text == '\\' && text[1] != '\0') {
            text++;
            *out++ = *text++;
        } else if (*text == '\'' || *text == '"') {
            text++;
        } else {
            *out++ = *text++;
        }
    }
    return plain;
}

static void add_here(struct sh_parser *parser, struct sh_redirect *redirect, bool strips_tabs)
{
    struct sh_here *item = sh_parser_alloc(parser, sizeof(*item));

    if (item == NULL) {
        return;
    }
    if (parser->is_quoted) {
        redirect->kind = SH_HERE_LITERAL;
    }
    redirect->word = "";
    *item = (struct sh_here){.redirect = redirect,
                             .delimiter = unquote(parser, parser->text),
                             .strips_tabs = strips_tabs};
    *parser->last_here = item;
    parser->last_here = &item->next;
}

static void parse_redirect(struct sh_parser *parser, struct sh_redirect ***last)
{
    struct sh_redirect *redirect = sh_parser_alloc(parser, sizeof(*redirect));
    bool strips_tabs;
    bool is_here;

    if (redirect == NULL) {
        return;
    }
    sh_take(parser);
    redirect->kind = parser->redirect;
    redirect->fd = (uint8_t)parser->redirect_fd;
    strips_tabs = parser->strips_tabs;
    is_here = parser->is_here;
    if (sh_peek(parser) != TOKEN_WORD) {
        unexpected(parser, NULL);
        return;
    }
    sh_take(parser);
    redirect->word = parser->text;
    if (is_here) {
        add_here(parser, redirect, strips_tabs);
    }
    **last = redirect;
    *last = &redirect->next;
}

/* ---- Simple commands ------------------------------------------------------------------- */

static void add_word(struct sh_parser *parser, struct sh_word ***last)
{
    struct sh_word *word = sh_parser_alloc(parser, sizeof(*word));

    if (word != NULL) {
        word->text = parser->text;
        **last = word;
        *last = &word->next;
    }
}

static bool is_assignment(const char *text)
{
    const char *equals = strchr(text, '=');

    return equals != NULL && sh_is_name(text, (size_t)(equals - text));
}

/* "break" and "continue" are jumps, out of as many loops as they say. */
static bool parse_jump(struct sh_parser *parser, const struct sh_command *command)
{
    bool is_break = strcmp(command->words->text, "break") == 0;
    const struct sh_word *operand = command->words->next;
    struct sh_scope *scope = parser->scope;
    uint64_t levels = 1;
    unsigned redirects = parser->redirects;

    if (!is_break && strcmp(command->words->text, "continue") != 0) {
        return false;
    }
    if (operand != NULL && (!applet_number(operand->text, false, &levels) || levels == 0)) {
        return false; /* to be complained of when it runs */
    }
    if (scope == NULL) {
        emit(parser, SH_SUCCEED, NULL);
        return true;
    }
    emit(parser, SH_SUCCEED, NULL);
    for (;;) {
        for (; redirects > scope->redirects; redirects--) {
            emit(parser, SH_RESTORE, NULL);
        }
        if (--levels == 0 || scope->outer == NULL) {
            break;
        }
        if (scope->is_for) {
            emit(parser, SH_FOR_END, NULL);
        }
        scope = scope->outer;
    }
    if (is_break) {
        uint32_t jump = emit(parser, SH_JUMP, NULL);

        op_at(parser, jump)->target = scope->breaks;
        scope->breaks = jump;
    } else {
        jump_to(parser, scope->start);
    }
    return true;
}

static void parse_function(struct sh_parser *parser, const char *name)
{
    uint32_t function = emit(parser, SH_FUNCTION, name);
    struct sh_scope *scope = parser->scope;
    unsigned redirects = parser->redirects;

    sh_take(parser);
    if (sh_peek(parser) != TOKEN_CLOSE) {
        sh_fail(parser, "%s unexpected (expecting \")\")", token_text(parser));
        return;
    }
    sh_take(parser);
    if (!sh_is_name(name, strlen(name))) {
        sh_fail(parser, "Bad function name");
    }
    skip_newlines(parser);
    parser->scope = NULL;
    parser->redirects = 0;
    if (enter(parser)) {
        parse_command(parser);
    }
    parser->depth--;
    parser->scope = scope;
    parser->redirects = redirects;
    emit(parser, SH_RETURN, NULL);
    land(parser, function);
}

static void parse_simple(struct sh_parser *parser)
{
    struct sh_command *command = sh_parser_alloc(parser, sizeof(*command));
    struct sh_word **last_assignment;
    struct sh_word **last_word;
    struct sh_redirect **last_redirect;
    uint32_t line = parser->line;
    bool captures = false; /* a redirection, whose word is expanded after all others */

    if (command == NULL) {
        return;
    }
    last_assignment = &command->assignments;
    last_word = &command->words;
    last_redirect = &command->redirects;
    for (;;) {
        enum sh_token token = sh_peek(parser);

        if (token == TOKEN_REDIRECT) {
            parse_redirect(parser, &last_redirect);
            captures |= parser->text != NULL && strchr(parser->text, SH_SUBSTITUTE) != NULL;
        } else if (token == TOKEN_WORD) {
            bool assigns = command->words == NULL && is_assignment(parser->text);

            if (captures && strchr(parser->text, SH_SUBSTITUTE) != NULL) {
                sh_fail(parser, "command substitution in a redirection before another one");
            }
            sh_take(parser);
            add_word(parser, assigns ? &last_assignment : &last_word);
        } else if (token == TOKEN_OPEN && command->words != NULL && command->words->next == NULL &&
                   command->assignments == NULL && command->redirects == NULL) {
            parse_function(parser, command->words->text);
            return;
        } else {
            break;
        }
    }
    if (command->words == NULL && command->assignments == NULL && command->redirects == NULL) {
        unexpected(parser, NULL);
        return;
    }
    if (command->words != NULL && command->redirects == NULL && parse_jump(parser, command)) {
        return;
    }
    op_at(parser, emit(parser, SH_COMMAND, command))->line = line;
}

/* ---- Compound commands ----------------------------------------------------------------- */

static void parse_if(struct sh_parser *parser)
{
    uint32_t start = here(parser);
    uint32_t to_else;
    uint32_t to_end;

    parse_list(parser, "then");
    mark_tested(parser, start);
    expect_word(parser, "then");
    to_else = emit(parser, SH_JUMP_FALSE, NULL);
    parse_list(parser, "fi");
    to_end = emit(parser, SH_JUMP, NULL);
    land(parser, to_else);
    if (sh_peek_word(parser, "elif")) {
        sh_take(parser);
        if (enter(parser)) {
            parse_if(parser);
        }
        parser->depth--;
        land(parser, to_end);
        return;
    }
    if (sh_peek_word(parser, "else")) {
        sh_take(parser);
        parse_list(parser, "fi");
    } else {
        emit(parser, SH_SUCCEED, NULL);
    }
    expect_word(parser, "fi");
    land(parser, to_end);
}

/* Lets every "break" of the loop lead here. */
static void land_breaks(struct sh_parser *parser, const struct sh_scope *scope)
{
    uint32_t jump = scope->breaks;

    while (jump != 0) {
        uint32_t next = op_at(parser, jump)->target;

        land(parser, jump);
        jump = next;
    }
}

static void parse_while(struct sh_parser *parser, bool is_until)
{
    struct sh_scope scope = {.outer = parser->scope, .redirects = parser->redirects};
    uint32_t to_end;
    uint32_t to_start;

    /* The status of a loop whose body never ran is 0, else that of the body. */
    to_start = emit(parser, SH_JUMP, NULL);
    scope.start = emit(parser, SH_NOTHING, NULL);
    land(parser, to_start);
    parser->scope = &scope;
    parse_list(parser, "do");
    mark_tested(parser, scope.start);
    to_end = emit(parser, is_until ? SH_JUMP_TRUE : SH_JUMP_FALSE, NULL);
    expect_word(parser, "do");
    parse_list(parser, "done");
    expect_word(parser, "done");
    jump_to(parser, scope.start);
    land(parser, to_end);
    emit(parser, SH_SUCCEED, NULL);
    land_breaks(parser, &scope);
    parser->scope = scope.outer;
}

static void parse_for(struct sh_parser *parser)
{
    struct sh_scope scope = {
        .outer = parser->scope, .redirects = parser->redirects, .is_for = true};
    struct sh_command *words = NULL;
    const char *name;
    uint32_t to_end;

    if (sh_peek(parser) != TOKEN_WORD || !sh_is_name(parser->text, strlen(parser->text))) {
        sh_fail(parser, "Bad for loop variable");
        return;
    }
    sh_take(parser);
    name = parser->text;
    skip_newlines(parser);
    if (sh_peek_word(parser, "in")) {
        struct sh_word **last;

        sh_take(parser);
        words = sh_parser_alloc(parser, sizeof(*words));
        if (words == NULL) {
            return;
        }
        last = &words->words;
        while (sh_peek(parser) == TOKEN_WORD) {
            sh_take(parser);
            add_word(parser, &last);
        }
        if (sh_peek(parser) != TOKEN_SEMICOLON && sh_peek(parser) != TOKEN_NEWLINE) {
            unexpected(parser, NULL);
        }
        sh_take(parser);
    } else if (sh_peek(parser) == TOKEN_SEMICOLON) {
        sh_take(parser);
    }
    skip_newlines(parser);
    emit(parser, SH_FOR, words);
    scope.start = emit(parser, SH_FOR_NEXT, name);
    to_end = scope.start;
    expect_word(parser, "do");
    parser->scope = &scope;
    parse_list(parser, "done");
    expect_word(parser, "done");
    jump_to(parser, scope.start);
    land(parser, to_end);
    land_breaks(parser, &scope);
    parser->scope = scope.outer;
    emit(parser, SH_FOR_END, NULL);
}

/* One "pattern | pattern) commands ;;" of a case; returns the jump to its end. */
static uint32_t parse_case_item(struct sh_parser *parser, uint32_t ends)
{
    uint32_t matches = 0;
    uint32_t to_next;
    uint32_t to_end;

    if (sh_peek(parser) == TOKEN_OPEN) {
        sh_take(parser);
    }
    for (;;) {
        uint32_t match;

        if (sh_peek(parser) != TOKEN_WORD) {
            unexpected(parser, sh_peek(parser) == TOKEN_END ? ")" : NULL);
            return ends;
        }
        sh_take(parser);
        match = emit(parser, SH_CASE_MATCH, parser->text);
        op_at(parser, match)->count = matches; /* linked, until the body's place is known */
        matches = match;
        if (sh_peek(parser) != TOKEN_PIPE) {
            break;
        }
        sh_take(parser);
    }
    if (sh_peek(parser) != TOKEN_CLOSE) {
        unexpected(parser, ")");
        return ends;
    }
    sh_take(parser);
    to_next = emit(parser, SH_JUMP, NULL);
    while (matches != 0) {
        land(parser, matches);
        matches = op_at(parser, matches)->count;
    }
    emit(parser, SH_SUCCEED, NULL);
    parse_list(parser, ";;");
    to_end = emit(parser, SH_JUMP, NULL);
    op_at(parser, to_end)->target = ends;
    land(parser, to_next);
    if (sh_peek(parser) == TOKEN_DOUBLE_SEMICOLON) {
        sh_take(parser);
    } else if (!sh_peek_word(parser, "esac")) {
        unexpected(parser, ";;");
    }
    return to_end;
}

static void parse_case(struct sh_parser *parser)
{
    uint32_t ends = 0;

    if (sh_peek(parser) != TOKEN_WORD) {
        unexpected(parser, NULL);
        return;
    }
    sh_take(parser);
    emit(parser, SH_CASE, parser->text);
    skip_newlines(parser);
    expect_word(parser, "in");
    skip_newlines(parser);
    while (!sh_failed(parser) && !sh_peek_word(parser, "esac")) {
        ends = parse_case_item(parser, ends);
        skip_newlines(parser);
    }
    sh_take(parser);
    emit(parser, SH_SUCCEED, NULL);
    while (ends != 0) {
        uint32_t next = op_at(parser, ends)->target;

        land(parser, ends);
        ends = next;
    }
}

/* What runs by itself must not jump out of it. */
static void parse_apart(struct sh_parser *parser, const char *wanted)
{
    struct sh_scope *scope = parser->scope;
    unsigned redirects = parser->redirects;

    parser->scope = NULL;
    parser->redirects = 0;
    parse_list(parser, wanted);
    parser->scope = scope;
    parser->redirects = redirects;
    emit(parser, SH_EXIT, NULL);
}

static void parse_subshell(struct sh_parser *parser)
{
    uint32_t subshell = emit(parser, SH_SUBSHELL, NULL);

    parse_apart(parser, ")");
    if (sh_peek(parser) != TOKEN_CLOSE) {
        unexpected(parser, ")");
    }
    sh_take(parser);
    land(parser, subshell);
}

void sh_parse_capture(struct sh_parser *parser, bool to_parenthesis)
{
    uint32_t capture = emit(parser, SH_CAPTURE, NULL);
    struct sh_here *heres = parser->heres;
    struct sh_here **last_here = parser->last_here;

    parser->heres = NULL;
    parser->last_here = &parser->heres;
    skip_newlines(parser);
    if (sh_peek(parser) != (to_parenthesis ? TOKEN_CLOSE : TOKEN_END)) {
        parse_apart(parser, to_parenthesis ? ")" : NULL);
    } else {
        emit(parser, SH_SUCCEED, NULL);
        emit(parser, SH_EXIT, NULL);
    }
    if (sh_peek(parser) != (to_parenthesis ? TOKEN_CLOSE : TOKEN_END)) {
        unexpected(parser, to_parenthesis ? ")" : NULL);
    }
    sh_take(parser);
    parser->heres = heres;
    parser->last_here = heres == NULL ? &parser->heres : last_here;
    land(parser, capture);
}

/* The compound command that the next word begins; false if it begins none. */
static bool parse_compound(struct sh_parser *parser)
{
    if (sh_peek(parser) == TOKEN_OPEN) {
        sh_take(parser);
        parse_subshell(parser);
        return true;
    }
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (!sh_peek_word(parser, reserved[i])) {
            continue;
        }
        switch (i) {
        case 0:
            sh_take(parser);
            parse_if(parser);
            return true;
        case 5:
        case 6:
            sh_take(parser);
            parse_while(parser, i == 6);
            return true;
        case 9:
            sh_take(parser);
            parse_for(parser);
            return true;
        case 10:
            sh_take(parser);
            parse_case(parser);
            return true;
        case 13:
            sh_take(parser);
            parse_list(parser, "}");
            expect_word(parser, "}");
            return true;
        case 11:
            return false; /* "in" is a name like any other here */
        default:
            unexpected(parser, NULL);
            return true;
        }
    }
    return false;
}

static void parse_command(struct sh_parser *parser)
{
    struct sh_redirect *redirects = NULL;
    struct sh_redirect **last = &redirects;
    uint32_t redirect = emit(parser, SH_NOTHING, NULL);

    parser->redirects++; /* in case there are some behind it */
    if (!parse_compound(parser)) {
        parser->redirects--;
        parse_simple(parser);
        return;
    }
    parser->redirects--;
    while (sh_peek(parser) == TOKEN_REDIRECT) {
        parse_redirect(parser, &last);
    }
    for (const struct sh_redirect *item = redirects; item != NULL; item = item->next) {
        if (item->word != NULL && strchr(item->word, SH_SUBSTITUTE) != NULL) {
            /* It would have to run before the command, behind which it stands. */
            sh_fail(parser, "command substitution in a redirection of a compound command");
        }
    }
    if (sh_peek(parser) == TOKEN_WORD && !is_reserved(parser)) {
        unexpected(parser, NULL);
    }
    op_at(parser, redirect)->code = SH_REDIRECT;
    op_at(parser, redirect)->data = redirects;
    emit(parser, SH_RESTORE, NULL);
    land(parser, redirect);
}

/* ---- Lists ----------------------------------------------------------------------------- */

/* The parts of a pipeline run by themselves once there are two of them. */
static void parse_pipeline(struct sh_parser *parser)
{
    uint32_t starts[SH_DEPTH_MAX];
    uint32_t count = 1;
    uint32_t pipeline;
    uint32_t *data;
    bool negates = false;

    while (sh_peek_word(parser, "!")) {
        sh_take(parser);
        negates = !negates;
    }
    pipeline = emit(parser, SH_NOTHING, NULL);
    starts[0] = here(parser);
    parse_command(parser);
    while (sh_peek(parser) == TOKEN_PIPE && !sh_failed(parser)) {
        sh_take(parser);
        emit(parser, SH_EXIT, NULL);
        if (count == SH_DEPTH_MAX) {
            sh_fail(parser, "too many commands in a pipeline");
            return;
        }
        starts[count++] = here(parser);
        skip_newlines(parser);
        parse_command(parser);
    }
    if (count > 1) {
        emit(parser, SH_EXIT, NULL);
        data = sh_parser_alloc(parser, sizeof(*data) * (count + 1));
        if (data == NULL) {
            return;
        }
        memcpy(data, starts, sizeof(*data) * count);
        op_at(parser, pipeline)->code = SH_PIPELINE;
        op_at(parser, pipeline)->data = data;
        op_at(parser, pipeline)->count = count;
        land(parser, pipeline);
    }
    if (negates) {
        mark_tested(parser, pipeline);
        emit(parser, SH_NOT, NULL);
    }
}

static void parse_and_or(struct sh_parser *parser)
{
    uint32_t start = here(parser);

    parse_pipeline(parser);
    while ((sh_peek(parser) == TOKEN_AND || sh_peek(parser) == TOKEN_OR) && !sh_failed(parser)) {
        bool is_and = sh_take(parser) == TOKEN_AND;
        uint32_t jump;

        mark_tested(parser, start);
        jump = emit(parser, is_and ? SH_JUMP_FALSE : SH_JUMP_TRUE, NULL);
        skip_newlines(parser);
        parse_pipeline(parser);
        land(parser, jump);
    }
}

/* Whether a list ends before the next token. */
static bool is_list_end(struct sh_parser *parser)
{
    static const char *const enders[] = {"then", "elif", "else", "fi", "do", "done", "esac", "}"};
    enum sh_token token = sh_peek(parser);

    if (token == TOKEN_END || token == TOKEN_CLOSE || token == TOKEN_DOUBLE_SEMICOLON) {
        return true;
    }
    for (size_t i = 0; i < sizeof(enders) / sizeof(enders[0]); i++) {
        if (sh_peek_word(parser, enders[i])) {
            return true;
        }
    }
    return false;
}

/* Commands up to `wanted`, which an error names; NULL: the end of the text. */
static void parse_list(struct sh_parser *parser, const char *wanted)
{
    if (!enter(parser)) {
        return;
    }
    skip_newlines(parser);
    if (is_list_end(parser) && sh_peek(parser) != TOKEN_DOUBLE_SEMICOLON &&
        !sh_peek_word(parser, "esac")) {
        unexpected(parser, sh_peek(parser) == TOKEN_END ? wanted : NULL);
    }
    while (!sh_failed(parser) && !is_list_end(parser)) {
        uint32_t list = emit(parser, SH_NOTHING, NULL);
        enum sh_token token;

        parse_and_or(parser);
        token = sh_peek(parser);
        if (token == TOKEN_AMPERSAND) {
            emit(parser, SH_EXIT, NULL);
            op_at(parser, list)->code = SH_BACKGROUND;
            land(parser, list);
        }
        if (token != TOKEN_AMPERSAND && token != TOKEN_SEMICOLON && token != TOKEN_NEWLINE) {
            break;
        }
        sh_take(parser);
        skip_newlines(parser);
    }
    parser->depth--;
}

/* ---- Programs -------------------------------------------------------------------------- */

struct sh_program *sh_program_hold(struct sh_program *program)
{
    program->holds++;
    return program;
}

void sh_program_release(struct sh_program *program)
{
    if (program != NULL && --program->holds == 0) {
        buffer_free(&program->ops);
        arena_free(&program->arena);
    }
}

const struct sh_op *sh_program_op(const struct sh_program *program, uint32_t index)
{
    return (const struct sh_op *)(const void *)program->ops.data + index;
}

struct sh_program *sh_parse(const struct platform *platform, const char *text, struct arena *errors,
                            const char **message, uint32_t *line)
{
    struct arena arena;
    struct sh_program *program;
    struct sh_parser parser = {.at = text, .line = *line, .errors = errors};

    *message = NULL;
    arena_init(&arena, platform);
    program = arena_alloc(&arena, sizeof(*program));
    if (program == NULL) {
        return NULL;
    }
    program->arena = arena;
    program->holds = 1;
    buffer_init(&program->ops, platform);
    buffer_init(&parser.word, platform);
    parser.program = program;
    parser.last_here = &parser.heres;
    emit(&parser, SH_NOTHING, NULL); /* so that no place of interest has number 0 */
    skip_newlines(&parser);
    if (sh_peek(&parser) != TOKEN_END) {
        parse_list(&parser, NULL);
    }
    if (sh_peek(&parser) != TOKEN_END) {
        unexpected(&parser, NULL);
    }
    emit(&parser, SH_RETURN, NULL);
    buffer_free(&parser.word);
    if (sh_failed(&parser)) {
        *message = parser.out_of_memory ? NULL : parser.message;
        *line = parser.line;
        sh_program_release(program);
        return NULL;
    }
    return program;
}
