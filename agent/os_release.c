/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU qga/commands-posix.c reads the file as GLib's key files: lines KEY=VALUE, white space around
 * both cut, "#" begins a comment.  Then ga_osrelease_replace_special() works on the value: double
 * quotes come off with their escapes; anything else, single quotes included, ends at the first
 * space or semicolon.
 */
#include "os_release.h"

#include <errno.h>

static bool is_escapable(char byte)
{
    return byte == '$' || byte == '\'' || byte == '"' || byte == '\\' || byte == '`';
}

/* What stands between double quotes; `raw` begins with the first. */
static int append_quoted(struct buffer *value, struct text_span raw)
{
    for (size_t i = 1; i < raw.length && raw.bytes[i] != '"'; i++) {
        if (raw.bytes[i] == '\\' && i + 1 < raw.length && is_escapable(raw.bytes[i + 1])) {
            i++;
        }
        if (buffer_append(value, raw.bytes + i, 1) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int append_plain(struct buffer *value, struct text_span raw)
{
    raw = text_next_field(&raw, ' ');
    raw = text_next_field(&raw, ';');
    return buffer_append(value, raw.bytes, raw.length);
}

int os_release_find(struct text_span content, const char *key, struct buffer *value)
{
    struct text_span line;
    struct text_span found = {NULL, 0};
    int result;

    while (text_next_line(&content, &line)) {
        size_t length = line.length;
        struct text_span name = text_next_field(&line, '=');

        if (name.length < length && text_is(text_trim(name), key)) {
            found = text_trim(line);
        }
    }
    value->size = 0;
    if (found.bytes == NULL) {
        return 0;
    }
    result = found.length > 0 && found.bytes[0] == '"' ? append_quoted(value, found)
                                                       : append_plain(value, found);
    return result < 0 ? result : 1;
}
