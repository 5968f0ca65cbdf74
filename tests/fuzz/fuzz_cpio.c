/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/cpio.c tests/fake/fake_platform.c
/* The initrd reader on any bytes: each entry lies inside the archive, behind the one before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cpio.h"

struct range {
    const uint8_t *at;
    const uint8_t *end;
};

static int visit(void *ctx, const struct cpio_entry *entry)
{
    struct range *left = ctx;
    const uint8_t *path = (const uint8_t *)entry->path;

    if (path < left->at || path >= left->end || entry->data < path || entry->data > left->end ||
        entry->size > (size_t)(left->end - entry->data) ||
        path + strlen(entry->path) >= entry->data + 4)
        abort();
    if (entry->path[0] == '\0' || (entry->kind == CPIO_DIRECTORY && entry->size != 0))
        abort();
    left->at = entry->data + entry->size;
    return entry->path[0] == '!' ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct range left = {data, data + size};
    int result = cpio_read(data, size, visit, &left);

    if (result > 0)
        abort();
    return 0;
}
