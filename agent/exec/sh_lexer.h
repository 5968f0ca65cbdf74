/* SPDX-License-Identifier: BSD-2-Clause */
/* From a script's text to tokens (POSIX.1-2017 XCU §2.3). */
#ifndef AGENT_SH_LEXER_H
#define AGENT_SH_LEXER_H

#include "sh.h"

enum sh_token {
    TOKEN_WORD,
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_SEMICOLON,
    TOKEN_AMPERSAND,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_PIPE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_DOUBLE_SEMICOLON,
    TOKEN_REDIRECT,
};

/* A here-document whose text has not come yet. */
struct sh_here {
    struct sh_here *next;
    struct sh_redirect *redirect;
    const char *delimiter;
    bool strips_tabs;
};

/* A loop that is being compiled. */
struct sh_scope {
    struct sh_scope *outer;
    uint32_t start;
    uint32_t breaks; /* the last jump to its end, linked through their targets; 0: none */
    unsigned redirects;
    bool is_for;
};

struct sh_parser {
    const char *at;
    uint32_t line;
    struct sh_program *program;
    struct arena *errors;
    const char *message; /* the first thing that is wrong */
    bool out_of_memory;
    unsigned depth;
    unsigned redirects; /* SH_REDIRECTs around what is being compiled */
    struct sh_scope *scope;
    struct sh_here *heres;
    struct sh_here **last_here;
    struct buffer word; /* the one that is being read */
    /* The next token, once it has been looked at. */
    bool has_token;
    enum sh_token token;
    const char *text; /* of a word */
    bool is_quoted;   /* some part of it */
    enum sh_redirect_kind redirect;
    int redirect_fd; /* -1: not given */
    bool strips_tabs;
    bool is_here;
};

/* Looks at the next token, or takes it. */
enum sh_token sh_peek(struct sh_parser *parser);
enum sh_token sh_take(struct sh_parser *parser);
/* Whether the next token is that word, without quotes. */
bool sh_peek_word(struct sh_parser *parser, const char *word);
/* Notes an error, unless there is one. */
void sh_fail(struct sh_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether there is an error, or no memory was left: nothing that is parsed then counts. */
bool sh_failed(const struct sh_parser *parser);
/* Compiles commands up to the closing parenthesis (or the end of the text) as a SH_CAPTURE. */
void sh_parse_capture(struct sh_parser *parser, bool to_parenthesis);
/* Memory that lives as long as the program; NULL and a failed parser if there is none. */
void *sh_parser_alloc(struct sh_parser *parser, size_t size);

#endif
