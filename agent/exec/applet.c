/* SPDX-License-Identifier: BSD-2-Clause */
#include "applet.h"

#include <errno.h>
#include <string.h>

#include "state.h"

const struct applet *applet_by_name(const char *name)
{
    for (size_t i = 0; i < applet_count; i++) {
        if (strcmp(applets[i]->name, name) == 0) {
            return applets[i];
        }
    }
    return NULL;
}

/* ---- Options --------------------------------------------------------------------------- */

static uint64_t bit_of(char letter)
{
    if (letter >= 'a' && letter <= 'z') {
        return UINT64_C(1) << (letter - 'a');
    }
    if (letter >= 'A' && letter <= 'Z') {
        return UINT64_C(1) << (26 + letter - 'A');
    }
    return UINT64_C(1) << (52 + (letter - '0') % 12);
}

bool applet_has(const struct applet_options *options, char letter)
{
    return (options->given & bit_of(letter)) != 0;
}

void applet_give(struct applet_options *options, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        options->given |= bit_of(*letters);
    }
}

/* Where the value of `letter` goes, or APPLET_VALUES if it has none. */
static unsigned value_index(const char *letters, const char *letter)
{
    unsigned index = 0;

    if (letter[1] != ':') {
        return APPLET_VALUES;
    }
    for (; letters < letter; letters++) {
        index += *letters == ':';
    }
    return index;
}

static bool complain(struct task *task, const char *format, const char *about)
{
    task_print(task, 2, "%s: ", task->argv[0]);
    task_print(task, 2, "%s", format);
    task_print(task, 2, "%s'\n", about);
    task_print(task, 2, "Try '%s --help' for more information.\n", task->argv[0]);
    return false;
}

/* One bundle of letters, "-rf" or "-n5"; *next is the argument behind it. */
static bool take_letters(struct task *task, const char *letters, const char *bundle, int *next,
                         struct applet_options *options)
{
    for (; *bundle != '\0'; bundle++) {
        const char *letter = *bundle == ':' || *bundle == '+' ? NULL : strchr(letters, *bundle);
        char text[2] = {*bundle, '\0'};
        unsigned index;

        if (letter == NULL) {
            return complain(task, "invalid option -- '", text);
        }
        options->given |= bit_of(*letter);
        index = value_index(letters, letter);
        if (index == APPLET_VALUES) {
            continue;
        }
        if (bundle[1] == '\0' && *next == task->argc) {
            return complain(task, "option requires an argument -- '", text);
        }
        options->values[index] = bundle[1] != '\0' ? bundle + 1 : task->argv[(*next)++];
        break;
    }
    return true;
}

/* The letter that `name` stands for in "name=x name=y"; 0 if there is none. */
static char long_letter(const char *longs, const char *name, size_t length)
{
    while (longs != NULL && *longs != '\0') {
        const char *equals = strchr(longs, '=');

        if ((size_t)(equals - longs) == length && strncmp(longs, name, length) == 0) {
            return equals[1];
        }
        longs = equals + 2;
        longs += *longs == ' ';
    }
    return '\0';
}

static bool take_long(struct task *task, const char *letters, const char *longs, char *word,
                      int *next, struct applet_options *options)
{
    const char *equals = strchr(word, '=');
    size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    char name = long_letter(longs, word, length);
    const char *letter = name == '\0' ? NULL : strchr(letters, name);
    unsigned index;

    if (letter == NULL) {
        return complain(task, "unrecognized option '--", word);
    }
    options->given |= bit_of(*letter);
    index = value_index(letters, letter);
    if (index == APPLET_VALUES) {
        return equals == NULL || complain(task, "option doesn't allow an argument '--", word);
    }
    if (equals == NULL && *next == task->argc) {
        return complain(task, "option requires an argument '--", word);
    }
    options->values[index] = equals != NULL ? equals + 1 : task->argv[(*next)++];
    return true;
}

bool applet_options(struct task *task, const char *letters, const char *longs,
                    struct applet_options *options)
{
    bool stops = *letters == '+';
    int kept = 1;
    int next = 1;

    *options = (struct applet_options){0};
    letters += stops;
    while (next < task->argc) {
        char *word = task->argv[next++];

        if (strcmp(word, "--") == 0) {
            break;
        }
        if (word[0] != '-' || word[1] == '\0') {
            task->argv[kept++] = word;
            if (stops) {
                break;
            }
        } else if (word[1] == '-') {
            if (!take_long(task, letters, longs, word + 2, &next, options)) {
                return false;
            }
        } else if (!take_letters(task, letters, word + 1, &next, options)) {
            return false;
        }
    }
    while (next < task->argc) {
        task->argv[kept++] = task->argv[next++];
    }
    task->argc = kept;
    task->argv[kept] = NULL;
    return true;
}

static bool multiply(uint64_t *number, uint64_t factor)
{
    if (*number > UINT64_MAX / factor) {
        return false;
    }
    *number *= factor;
    return true;
}

bool applet_number(const char *text, bool sizes, uint64_t *number)
{
    static const char suffixes[] = "KMGTPE";
    const char *suffix;

    *number = 0;
    if (*text < '0' || *text > '9') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (!multiply(number, 10) || *number > UINT64_MAX - digit) {
            return false;
        }
        *number += digit;
    }
    if (*text == '\0' || !sizes) {
        return *text == '\0';
    }
    if (*text == 'b' && text[1] == '\0') {
        return multiply(number, 512);
    }
    suffix = strchr(suffixes, *text == 'k' ? 'K' : *text);
    if (suffix == NULL || *suffix == '\0') {
        return false;
    }
    for (const char *s = suffixes; s <= suffix; s++) {
        if (!multiply(number, strcmp(text + 1, "B") == 0 ? 1000 : 1024)) {
            return false;
        }
    }
    return text[1] == '\0' || strcmp(text + 1, "B") == 0 || strcmp(text + 1, "iB") == 0;
}

/* ---- Order ----------------------------------------------------------------------------- */

static void sift_string(char **strings, size_t at, size_t count)
{
    for (;;) {
        size_t last = at;
        char *moved = strings[at];

        for (size_t child = at * 2 + 1; child <= at * 2 + 2 && child < count; child++) {
            if (strcmp(strings[child], strings[last]) > 0) {
                last = child;
            }
        }
        if (last == at) {
            return;
        }
        strings[at] = strings[last];
        strings[last] = moved;
        at = last;
    }
}

void applet_sort_strings(char **strings, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        sift_string(strings, i, count);
    }
    while (count > 1) {
        char *last = strings[--count];

        strings[count] = strings[0];
        strings[0] = last;
        sift_string(strings, 0, count);
    }
}

/* ---- Input ----------------------------------------------------------------------------- */

void applet_close(struct task *task, struct applet_input *input)
{
    stream_release(&task->agent->tasks.streams, input->stream);
    input->stream = NULL;
}

bool applet_next(struct task *task, struct applet_input *input)
{
    applet_close(task, input);
    input->is_directory = false;
    if (input->index == 0 && task->argc < 2) {
        input->index = task->argc; /* only descriptor 0 */
        input->name = "-";
        return true;
    }
    if (input->index + 1 >= task->argc) {
        return false;
    }
    input->name = task->argv[++input->index];
    return true;
}

static void complain_of_input(struct task *task, struct applet_input *input, int error)
{
    if (input->is_silent) {
        input->failed = true;
    } else if (input->says_cannot_read) {
        task_error(task, "cannot read: %s: %s", input->name, ramfs_error_text(error));
    } else if (!input->says_cannot_open) {
        task_error(task, "%s: %s", input->name, ramfs_error_text(error));
    } else if (error == -EISDIR) {
        task_error(task, "error reading '%s': %s", input->name, ramfs_error_text(error));
    } else {
        task_error(task, "cannot open '%s' for reading: %s", input->name, ramfs_error_text(error));
    }
    input->failed = true;
    input->is_directory = error == -EISDIR;
    applet_close(task, input);
    input->name = NULL;
}

int64_t applet_peek(struct task *task, struct applet_input *input, const uint8_t **bytes)
{
    int64_t count;

    if (input->name == NULL) {
        return 0;
    }
    if (input->stream == NULL) {
        int result = 0;

        if (strcmp(input->name, "-") != 0) {
            result = task_open(task, input->name, 0, false, &input->stream);
        } else if (task->fds[0] == NULL) {
            result = -EBADF;
        } else {
            input->stream = stream_hold(task->fds[0]);
        }
        if (result < 0) {
            complain_of_input(task, input, result);
            return 0;
        }
    }
    count = stream_peek(input->stream, bytes);
    if (count < 0 && count != -EAGAIN) {
        complain_of_input(task, input, (int)count);
        return 0;
    }
    return count > TASK_PIECE ? TASK_PIECE : count;
}

void applet_consume(struct applet_input *input, size_t count)
{
    stream_consume(input->stream, count);
}
