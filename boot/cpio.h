/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads cpio archives of the "newc" and "crc" kinds (070701, 070702; Linux
 * Documentation/driver-api/early-userspace/buffer-format), the format of -initrd.  Archives may
 * follow one another with zero padding between.  Nothing is copied: entries point into the archive.
 */
#ifndef BOOT_CPIO_H
#define BOOT_CPIO_H

#include <stddef.h>
#include <stdint.h>

enum cpio_kind { CPIO_FILE, CPIO_DIRECTORY };

struct cpio_entry {
    enum cpio_kind kind;
    const char *path; /* NUL-terminated, as the archive has it: may start with "./" or "/" */
    const uint8_t *data;
    size_t size;
    uint32_t mode;  /* permission bits */
    uint32_t mtime; /* seconds since 1970-01-01 UTC */
};

/*
 * Calls visit(ctx, entry) for each file and directory in order.  Links, devices and sockets are
 * skipped with a log line.  Returns 0; -EINVAL for a damaged or truncated archive, -ENOTSUP for a
 * compressed one, both named on the log with the offset, after the entries before the damage have
 * been visited; or the first negative value of visit(), which ends the reading.
 */
int cpio_read(const void *archive, size_t bytes,
              int (*visit)(void *ctx, const struct cpio_entry *entry), void *ctx);

#endif
