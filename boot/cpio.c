/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading cpio archives (Linux Documentation/driver-api/early-userspace/buffer-format).  Offsets
 * are padded to four bytes, counted from the archive's own start.
 */
#include "cpio.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "drivers/klog.h"

#define CPIO_HEADER_BYTES 110u
#define CPIO_MAGIC_BYTES  6u
#define CPIO_FIELD_DIGITS 8u
#define CPIO_NAME_MAX     4096u
#define CPIO_TRAILER      "TRAILER!!!"

/* The order of the fields after the magic number. */
enum cpio_field {
    CPIO_FIELD_MODE = 1,
    CPIO_FIELD_NLINK = 4,
    CPIO_FIELD_MTIME = 5,
    CPIO_FIELD_FILESIZE = 6,
    CPIO_FIELD_NAMESIZE = 11,
    CPIO_FIELD_CHECK = 12
};

enum cpio_mode {
    CPIO_MODE_TYPE = 0170000,
    CPIO_MODE_FILE = 0100000,
    CPIO_MODE_DIRECTORY = 0040000,
    CPIO_MODE_PERMISSIONS = 07777
};

struct cpio_reader {
    const uint8_t *bytes;
    size_t size;
    size_t offset; /* of the header that is read next */
    size_t base;   /* where the present archive starts */
    int (*visit)(void *ctx, const struct cpio_entry *entry);
    void *ctx;
};

/* A header whose every size has been checked against the archive. */
struct cpio_header {
    struct cpio_entry entry;
    uint32_t type;
    uint32_t links;
    bool has_check;
    uint32_t check;
    size_t next;
};

static int damaged(const struct cpio_reader *reader, const char *what)
{
    klog("initrd: %s at byte %lu of %lu", what, (unsigned long)reader->offset,
         (unsigned long)reader->size);
    return -EINVAL;
}

/* `length` bytes from `start` padded to four, or false if they are not all there; the padding of
 * the last piece may be missing. */
static bool take(const struct cpio_reader *reader, size_t start, size_t length, size_t *next)
{
    size_t end;

    if (start > reader->size || length > reader->size - start)
        return false;
    end = start + length;
    end += (4 - (end - reader->base) % 4) % 4;
    *next = end < reader->size ? end : reader->size;
    return true;
}

static bool read_field(const uint8_t *header, enum cpio_field field, uint32_t *value)
{
    const uint8_t *digits = header + CPIO_MAGIC_BYTES + (size_t)field * CPIO_FIELD_DIGITS;
    uint32_t number = 0;

    for (size_t i = 0; i < CPIO_FIELD_DIGITS; i++) {
        uint32_t digit;

        if (digits[i] >= '0' && digits[i] <= '9')
            digit = (uint32_t)digits[i] - '0';
        else if (digits[i] >= 'a' && digits[i] <= 'f')
            digit = (uint32_t)digits[i] - 'a' + 10;
        else if (digits[i] >= 'A' && digits[i] <= 'F')
            digit = (uint32_t)digits[i] - 'A' + 10;
        else
            return false;
        number = number << 4 | digit;
    }
    *value = number;
    return true;
}

static int read_name(const struct cpio_reader *reader, uint32_t name_bytes, size_t *data,
                     const char **name)
{
    size_t start = reader->offset + CPIO_HEADER_BYTES;

    if (name_bytes < 2 || name_bytes > CPIO_NAME_MAX)
        return damaged(reader, "a name of impossible length");
    if (!take(reader, start, name_bytes, data))
        return damaged(reader, "truncated: a name runs past the end");
    *name = (const char *)reader->bytes + start;
    if (memchr(*name, '\0', name_bytes) != *name + name_bytes - 1)
        return damaged(reader, "a name that does not end where it should");
    return 0;
}

static int read_header(const struct cpio_reader *reader, struct cpio_header *header)
{
    const uint8_t *raw = reader->bytes + reader->offset;
    uint32_t mode, size, name_bytes;
    size_t data = 0;
    int result;

    if (reader->size - reader->offset < CPIO_HEADER_BYTES)
        return damaged(reader, "truncated: a header runs past the end");
    if (memcmp(raw, "070701", CPIO_MAGIC_BYTES) != 0 &&
        memcmp(raw, "070702", CPIO_MAGIC_BYTES) != 0)
        return damaged(reader, "no cpio header");
    header->has_check = raw[CPIO_MAGIC_BYTES - 1] == '2';
    if (!read_field(raw, CPIO_FIELD_MODE, &mode) || !read_field(raw, CPIO_FIELD_FILESIZE, &size) ||
        !read_field(raw, CPIO_FIELD_NLINK, &header->links) ||
        !read_field(raw, CPIO_FIELD_MTIME, &header->entry.mtime) ||
        !read_field(raw, CPIO_FIELD_NAMESIZE, &name_bytes) ||
        !read_field(raw, CPIO_FIELD_CHECK, &header->check))
        return damaged(reader, "a header field that is not hexadecimal");
    result = read_name(reader, name_bytes, &data, &header->entry.path);
    if (result < 0)
        return result;
    if (!take(reader, data, size, &header->next))
        return damaged(reader, "truncated: a file runs past the end");
    header->entry.data = reader->bytes + data;
    header->entry.size = size;
    header->entry.mode = mode & CPIO_MODE_PERMISSIONS;
    header->type = mode & CPIO_MODE_TYPE;
    return 0;
}

/* The "crc" format's check is the sum of the file's bytes. */
static bool check_matches(const struct cpio_header *header)
{
    uint32_t sum = 0;

    if (!header->has_check || header->type != CPIO_MODE_FILE)
        return true;
    for (size_t i = 0; i < header->entry.size; i++)
        sum += header->entry.data[i];
    return sum == header->check;
}

static bool names_root(const char *path)
{
    return path[strspn(path, "./")] == '\0' && strstr(path, "..") == NULL;
}

static int visit_entry(const struct cpio_reader *reader, struct cpio_header *header)
{
    if (names_root(header->entry.path))
        return 0;
    if (header->type == CPIO_MODE_DIRECTORY) {
        header->entry.kind = CPIO_DIRECTORY;
        header->entry.size = 0;
        return reader->visit(reader->ctx, &header->entry);
    }
    /* Of the names of one file only the last carries its content. */
    if (header->type == CPIO_MODE_FILE && (header->links < 2 || header->entry.size != 0)) {
        header->entry.kind = CPIO_FILE;
        return reader->visit(reader->ctx, &header->entry);
    }
    klog("initrd: %s skipped: a %s", header->entry.path,
         header->type == CPIO_MODE_FILE ? "hard link" : "link, device or socket");
    return 0;
}

static const char *compression(const uint8_t *bytes, size_t size)
{
    static const struct {
        const char *name;
        uint8_t length;
        uint8_t magic[6];
    } formats[] = {
        {"gzip", 2, {0x1f, 0x8b}},
        {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
        {"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
        {"bzip2", 3, {'B', 'Z', 'h'}},
        {"lz4", 4, {0x02, 0x21, 0x4c, 0x18}},
        {"lzo", 4, {0x89, 'L', 'Z', 'O'}},
        {"lzma", 3, {0x5d, 0, 0}},
    };

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (size >= formats[i].length && memcmp(bytes, formats[i].magic, formats[i].length) == 0)
            return formats[i].name;
    }
    return NULL;
}

/* From a first header to its TRAILER!!!. */
static int read_archive(struct cpio_reader *reader)
{
    struct cpio_header header;

    for (;;) {
        int result;

        if (reader->offset == reader->size)
            return damaged(reader, "truncated: no " CPIO_TRAILER);
        result = read_header(reader, &header);
        if (result < 0)
            return result;
        if (strcmp(header.entry.path, CPIO_TRAILER) == 0) {
            reader->offset = header.next;
            return 0;
        }
        if (!check_matches(&header))
            return damaged(reader, "a file whose checksum does not match");
        result = visit_entry(reader, &header);
        if (result < 0)
            return result;
        reader->offset = header.next;
    }
}

int cpio_read(const void *archive, size_t bytes,
              int (*visit)(void *ctx, const struct cpio_entry *entry), void *ctx)
{
    struct cpio_reader reader = {.bytes = archive, .size = bytes, .visit = visit, .ctx = ctx};

    for (;;) {
        const char *format;
        int result;

        while (reader.offset < bytes && reader.bytes[reader.offset] == 0)
            reader.offset++;
        if (reader.offset == bytes)
            return 0;
        format = compression(reader.bytes + reader.offset, bytes - reader.offset);
        if (format != NULL) {
            klog("initrd: compressed (%s) at byte %lu; only plain cpio newc is read", format,
                 (unsigned long)reader.offset);
            return -ENOTSUP;
        }
        reader.base = reader.offset;
        result = read_archive(&reader);
        if (result < 0)
            return result;
    }
}
