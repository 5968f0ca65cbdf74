/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files of the tree, read and replaced as a whole, and their lines. */
#ifndef AGENT_TEXT_FILE_H
#define AGENT_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "ramfs.h"

/*
 * Appends the content of the file `path`, at most `limit` bytes, to `content`, an initialized
 * buffer.  Returns 0, an error of ramfs_open(), -EISDIR, -EFBIG or -ENOMEM.
 */
int text_file_read(struct ramfs *fs, const char *path, size_t limit, struct buffer *content);
/*
 * Makes `size` bytes at `data` the whole content of the file `path`, which is made if it is
 * missing.  Returns 0 or an error of ramfs_open() or ramfs_write(), and then nothing has changed.
 */
int text_file_replace(struct ramfs *fs, const char *path, const void *data, size_t size);

/* A piece of a text. */
struct text_span {
    const char *bytes;
    size_t length;
};

/* Takes the next line off `rest`, without its newline; false when there is none left. */
bool text_next_line(struct text_span *rest, struct text_span *line);
/* Takes what stands before `separator` off `rest`, and the separator; all of it if there is none.
 */
struct text_span text_next_field(struct text_span *rest, char separator);
/* Whether it says exactly `text`. */
bool text_is(struct text_span span, const char *text);
/* Without the white space at its ends. */
struct text_span text_trim(struct text_span span);

#endif
