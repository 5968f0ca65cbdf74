/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's local, as dash has it, and getopts (POSIX XCU). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sh.h"

/* ---- local ----------------------------------------------------------------------------- */

static struct sh_frame *innermost_function(const struct sh *sh)
{
    struct sh_frame *frames = (void *)sh->frames.data;

    for (size_t i = sh->frames.size / sizeof(*frames); i > 0; i--) {
        if (frames[i - 1].is_function) {
            return &frames[i - 1];
        }
    }
    return NULL;
}

/* Whether the value that the caller had is kept already. */
static bool is_kept(const struct buffer *locals, const char *name, size_t length)
{
    for (size_t at = 0; at < locals->size;) {
        const char *entry = (const char *)locals->data + at;

        if (strncmp(entry + 1, name, length) == 0 &&
            (entry[1 + length] == '=' || entry[1 + length] == '\0')) {
            return true;
        }
        at += strlen(entry) + 1;
    }
    return false;
}

/* An entry is the variable's kind, NAME=VALUE and a NUL; or "!NAME" where there was none. */
static int keep(struct buffer *locals, const struct vars *vars, const char *name, size_t length)
{
    const char *value = vars_get(vars, name, length);
    char kind = vars_kind(vars, name, length);
    size_t before = locals->size;
    int result = is_kept(locals, name, length) ? 1 : 0;

    if (result != 0) {
        return 0;
    }
    kind = (char)(kind == '\0' ? '!' : kind);
    result = buffer_append(locals, &kind, 1);
    result = result < 0 ? result : buffer_append(locals, name, length);
    if (result == 0 && value != NULL) {
        result = buffer_append(locals, "=", 1);
        result = result < 0 ? result : buffer_append(locals, value, strlen(value));
    }
    result = result < 0 ? result : buffer_append(locals, "", 1);
    if (result < 0) {
        locals->size = before;
    }
    return result;
}

int sh_builtin_local(struct task *task, int argc, char **argv)
{
    struct sh_frame *frame = innermost_function(task->state);

    if (frame == NULL) {
        sh_error(task, "local: not in a function");
        return -EINVAL;
    }
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t length = equals == NULL ? strlen(argv[i]) : (size_t)(equals - argv[i]);
        int result;

        if (!sh_is_name(argv[i], length)) {
            sh_error(task, "%.*s: bad variable name", (int)length, argv[i]);
            return -EINVAL;
        }
        result = keep(&frame->locals, &task->vars, argv[i], length);
        if (result == 0 && equals != NULL) {
            result = vars_set(&task->vars, argv[i], length, equals + 1, VARS_LOCAL);
        }
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

void sh_forget_locals(struct task *task, struct buffer *locals)
{
    for (size_t at = 0; at < locals->size;) {
        char *entry = (char *)locals->data + at;
        size_t length = strcspn(entry + 1, "=");

        at += strlen(entry) + 1;
        vars_unset(&task->vars, entry + 1, length);
        if (*entry != '!' && vars_set(&task->vars, entry + 1, length, entry + length + 2,
                                      (enum vars_kind) * entry) < 0) {
            task->is_out_of_memory = true;
        }
    }
    buffer_free(locals);
}

/* ---- getopts --------------------------------------------------------------------------- */

static int set_number(struct task *task, const char *name, int number)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", number);
    return vars_set(&task->vars, name, strlen(name), text, VARS_LOCAL);
}

/* What one call found. */
struct found {
    char letter[2];
    const char *value; /* NULL: OPTARG is unset */
    int status;
};

/* Takes one option out of the words; `index` and the place in the word move on. */
static void next_option(struct task *task, const char *letters, char **words, int count, int *index,
                        struct found *found)
{
    struct sh *sh = task->state;
    bool is_silent = *letters == ':';
    const char *word = *index <= count ? words[*index - 1] : NULL;
    const char *place;
    char letter;

    if (sh->getopts_at == 0) {
        bool is_end = word != NULL && strcmp(word, "--") == 0;

        if (word == NULL || *word != '-' || word[1] == '\0' || is_end) {
            *index += is_end;
            *found = (struct found){{'?', '\0'}, NULL, 1};
            return;
        }
        sh->getopts_at = 1;
    }
    letter = word[sh->getopts_at++];
    place = letter == ':' ? NULL : strchr(letters + is_silent, letter);
    *found = (struct found){{letter, '\0'}, NULL, 0};
    sh->getopts_letter[0] = letter;
    if (word[sh->getopts_at] == '\0') {
        sh->getopts_at = 0;
        (*index)++;
    }
    if (place == NULL) {
        found->letter[0] = '?';
        found->value = is_silent ? sh->getopts_letter : NULL;
        if (!is_silent) {
            task_print(task, 2, "Illegal option -%c\n", letter);
        }
    } else if (place[1] == ':') {
        if (sh->getopts_at != 0) {
            found->value = word + sh->getopts_at;
            (*index)++;
        } else if (*index <= count) {
            found->value = words[(*index)++ - 1];
        } else {
            found->letter[0] = is_silent ? ':' : '?';
            found->value = is_silent ? sh->getopts_letter : NULL;
            if (!is_silent) {
                task_print(task, 2, "No arg for -%c option\n", letter);
            }
        }
        sh->getopts_at = 0;
    }
}

int sh_builtin_getopts(struct task *task, int argc, char **argv)
{
    struct sh *sh = task->state;
    const char *text = vars_get(&task->vars, "OPTIND", 6);
    char **words = argc > 3 ? argv + 3 : sh->argv + 1;
    int count = argc > 3 ? argc - 3 : sh->argc - 1;
    uint64_t number;
    struct found found;
    int index;
    int result = 0;

    if (argc < 3) {
        sh_error(task, "getopts: Usage: getopts optstring var [arg]");
        return -EINVAL;
    }
    index = text != NULL && applet_number(text, false, &number) && number > 0 && number < INT32_MAX
                ? (int)number
                : 1;
    if (index != sh->getopts_index || index > count || strlen(words[index - 1]) <= sh->getopts_at) {
        sh->getopts_at = 0; /* somebody has set OPTIND, or the words are others */
    }
    next_option(task, argv[1], words, count, &index, &found);
    sh->getopts_index = index;
    if (found.value != NULL) {
        result = vars_set(&task->vars, "OPTARG", 6, found.value, VARS_LOCAL);
    } else {
        vars_unset(&task->vars, "OPTARG", 6);
    }
    result = result < 0 ? result : set_number(task, "OPTIND", index);
    if (result == 0) {
        result = vars_set(&task->vars, argv[2], strlen(argv[2]), found.letter, VARS_LOCAL);
    }
    return result < 0 ? result : found.status;
}
