/* SPDX-License-Identifier: BSD-2-Clause */
#include "buffer.h"

#include <errno.h>
#include <string.h>

void buffer_init(struct buffer *buffer, const struct platform *platform)
{
    *buffer = (struct buffer){.platform = platform};
}

static int buffer_resize(struct buffer *buffer, size_t capacity)
{
    const struct platform *platform = buffer->platform;
    void *data = platform->resize(platform->ctx, buffer->data, buffer->capacity, capacity);

    if (data == NULL && capacity != 0) {
        return -ENOMEM;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

void buffer_free(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        buffer_resize(buffer, 0);
    }
    buffer->size = 0;
}

static size_t round_up_to_page(size_t size)
{
    return (size + PLATFORM_PAGE_SIZE - 1) & ~(size_t)(PLATFORM_PAGE_SIZE - 1);
}

int buffer_reserve(struct buffer *buffer, size_t extra)
{
    size_t needed;
    size_t wanted;

    if (extra <= buffer->capacity - buffer->size) {
        return 0;
    }
    if (extra > SIZE_MAX / 2 - buffer->size) {
        return -ENOMEM;
    }
    needed = round_up_to_page(buffer->size + extra);
    /* Growing by a share of the size keeps the number of steps small for platforms that copy. */
    wanted = round_up_to_page(buffer->capacity + buffer->capacity / 2);
    if (wanted > needed && buffer_resize(buffer, wanted) == 0) {
        return 0;
    }
    return buffer_resize(buffer, needed);
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t count)
{
    int result = buffer_reserve(buffer, count);

    if (result < 0) {
        return result;
    }
    if (count != 0) {
        memcpy(buffer->data + buffer->size, bytes, count);
        buffer->size += count;
    }
    return 0;
}

void buffer_reset(struct buffer *buffer, size_t keep)
{
    buffer->size = 0;
    if (buffer->capacity > keep) {
        buffer_resize(buffer, round_up_to_page(keep));
    }
}
