/* SPDX-License-Identifier: BSD-2-Clause */
#include "text_file.h"

#include <errno.h>
#include <string.h>

int text_file_read(struct ramfs *fs, const char *path, size_t limit, struct buffer *content)
{
    struct ramfs_node *file;
    int result = ramfs_open(fs, path, 0, &file);
    uint64_t offset = 0;

    if (result < 0) {
        return result;
    }
    if (file->is_directory) {
        return -EISDIR;
    }
    if (file->size > limit) {
        return -EFBIG;
    }
    if (buffer_reserve(content, (size_t)file->size) < 0) {
        return -ENOMEM;
    }
    while (offset < file->size) {
        const uint8_t *bytes;
        size_t count = ramfs_peek(file, offset, &bytes);

        if (count > file->size - offset) {
            count = (size_t)(file->size - offset);
        }
        memcpy(content->data + content->size, bytes, count);
        content->size += count;
        offset += count;
    }
    return 0;
}

int text_file_replace(struct ramfs *fs, const char *path, const void *data, size_t size)
{
    struct ramfs_node made = {0};
    struct ramfs_node *file;
    int result = ramfs_write(fs, &made, 0, data, size);

    if (result == 0) {
        result = ramfs_open(fs, path, RAMFS_WRITE | RAMFS_CREATE | RAMFS_TRUNCATE, &file);
    }
    if (result != 0) {
        ramfs_truncate(fs, &made);
        return result;
    }
    file->pages = made.pages;
    file->height = made.height;
    file->size = made.size;
    return 0;
}

struct text_span text_next_field(struct text_span *rest, char separator)
{
    struct text_span field = *rest;
    const char *end = rest->length == 0 ? NULL : memchr(rest->bytes, separator, rest->length);

    if (end == NULL) {
        rest->bytes += rest->length;
        rest->length = 0;
        return field;
    }
    field.length = (size_t)(end - field.bytes);
    rest->bytes = end + 1;
    rest->length -= field.length + 1;
    return field;
}

bool text_next_line(struct text_span *rest, struct text_span *line)
{
    if (rest->length == 0) {
        return false;
    }
    *line = text_next_field(rest, '\n');
    return true;
}

bool text_is(struct text_span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.bytes, text, span.length) == 0;
}

/* g_ascii_isspace() */
static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r';
}

struct text_span text_trim(struct text_span span)
{
    while (span.length > 0 && is_space(span.bytes[0])) {
        span.bytes++;
        span.length--;
    }
    while (span.length > 0 && is_space(span.bytes[span.length - 1])) {
        span.length--;
    }
    return span;
}
