/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/cpio.c tests/fake/fake_platform.c
/* cpio archives: what they hold, how they may be put together, and every way to be broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpio.h"
#include "tests/fake/fake_platform.h"

#define FILE_MODE      0100644u
#define DIRECTORY_MODE 0040755u
#define LINK_MODE      0120777u

struct archive {
    uint8_t bytes[8192];
    size_t used;
};

static void pad(struct archive *archive)
{
    while (archive->used % 4 != 0)
        archive->bytes[archive->used++] = 0;
}

static uint32_t sum(const char *data, size_t size)
{
    uint32_t total = 0;

    for (size_t i = 0; i < size; i++)
        total += (uint8_t)data[i];
    return total;
}

static void add(struct archive *archive, const char *magic, uint32_t mode, uint32_t links,
                const char *name, const char *data)
{
    size_t size = strlen(data);
    uint32_t check = strcmp(magic, "070702") == 0 ? sum(data, size) : 0;

    archive->used += (size_t)sprintf(
        (char *)archive->bytes + archive->used,
        "%s%08x%08x%08x%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x", magic, 1u, mode, 0u, 0u, links,
        0x12345678u, (unsigned int)size, 0u, 0u, 0u, 0u, (unsigned int)strlen(name) + 1, check);
    strcpy((char *)archive->bytes + archive->used, name);
    archive->used += strlen(name) + 1;
    pad(archive);
    memcpy(archive->bytes + archive->used, data, size);
    archive->used += size;
    pad(archive);
}

static void add_file(struct archive *archive, const char *name, const char *data)
{
    add(archive, "070701", FILE_MODE, 1, name, data);
}

static void add_trailer(struct archive *archive)
{
    add(archive, "070701", 0, 1, "TRAILER!!!", "");
}

/* What was visited, as text. */
static char seen[2048];
static int visit_result;

static int visit(void *ctx, const struct cpio_entry *entry)
{
    size_t used = strlen(seen);

    assert_ptr_equal(ctx, seen);
    if (visit_result < 0)
        return visit_result;
    snprintf(seen + used, sizeof(seen) - used, "%s%s=%.*s;", entry->path,
             entry->kind == CPIO_DIRECTORY ? "/" : "", (int)entry->size, (const char *)entry->data);
    return 0;
}

/* Reads it from memory of exactly its size. */
static int read_bytes(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    int result;

    assert_non_null(exact);
    memcpy(exact, bytes, size);
    seen[0] = '\0';
    fake_log_lines = 0;
    result = cpio_read(exact, size, visit, seen);
    free(exact);
    return result;
}

static int read_archive(const struct archive *archive)
{
    return read_bytes(archive->bytes, archive->used);
}

static int reset(void **state)
{
    (void)state;
    visit_result = 0;
    return 0;
}

static void test_files(void **state)
{
    struct archive archive = {.used = 0};

    (void)state;
    add(&archive, "070701", DIRECTORY_MODE, 2, ".", "");
    add(&archive, "070701", DIRECTORY_MODE, 2, "etc", "");
    add_file(&archive, "etc/motd", "hello");
    add_file(&archive, "./empty", "");
    add_file(&archive, "four", "1234");
    add_trailer(&archive);
    assert_int_equal(read_archive(&archive), 0);
    assert_string_equal(seen, "etc/=;etc/motd=hello;./empty=;four=1234;");
    assert_int_equal(fake_log_lines, 0);
}

static void test_nothing(void **state)
{
    static const uint8_t zeros[1024];

    (void)state;
    assert_int_equal(read_bytes(zeros, 0), 0);
    assert_int_equal(read_bytes(zeros, sizeof(zeros)), 0);
    assert_string_equal(seen, "");
}

static void test_concatenated(void **state)
{
    struct archive archive = {.used = 0};

    (void)state;
    add_file(&archive, "a", "1");
    add_trailer(&archive);
    archive.used = 512; /* as cpio pads */
    add_file(&archive, "b", "2");
    add_trailer(&archive);
    add_file(&archive, "c", "3"); /* with no padding at all */
    add_trailer(&archive);
    archive.used += 3; /* an archive that starts off the grid counts from its own start */
    memmove(archive.bytes + 1, archive.bytes, archive.used);
    archive.bytes[0] = 0;
    archive.used++;
    assert_int_equal(read_archive(&archive), 0);
    assert_string_equal(seen, "a=1;b=2;c=3;");
}

static void test_skipped(void **state)
{
    struct archive archive = {.used = 0};

    (void)state;
    add(&archive, "070701", LINK_MODE, 1, "link", "target");
    add(&archive, "070701", 0020600, 1, "console", "");
    add(&archive, "070701", FILE_MODE, 2, "first", "");
    add(&archive, "070701", FILE_MODE, 2, "second", "content");
    add_trailer(&archive);
    assert_int_equal(read_archive(&archive), 0);
    assert_string_equal(seen, "second=content;");
    assert_int_equal(fake_log_lines, 3);
}

static void test_checksum(void **state)
{
    struct archive archive = {.used = 0};

    (void)state;
    add(&archive, "070702", FILE_MODE, 1, "f", "abc");
    add_trailer(&archive);
    assert_int_equal(read_archive(&archive), 0);
    assert_string_equal(seen, "f=abc;");
    *(uint8_t *)memchr(archive.bytes + 110, 'b', 32) = 'x';
    assert_int_equal(read_archive(&archive), -EINVAL);
    assert_string_equal(seen, "");
    assert_non_null(strstr(fake_log_last, "checksum"));
}

static void test_truncated(void **state)
{
    struct archive archive = {.used = 0};

    (void)state;
    add_file(&archive, "name", "some data");
    add_file(&archive, "other", "more");
    add_trailer(&archive);
    for (size_t size = 1; size < archive.used; size++) {
        int result = read_bytes(archive.bytes, size);

        /* The padding at the very end may be missing. */
        if (size + 3 < archive.used) {
            assert_int_equal(result, -EINVAL);
            assert_non_null(strstr(fake_log_last, "truncated"));
        }
    }
}

static void test_visit_ends(void **state)
{
    struct archive archive = {.used = 0};

    (void)state;
    add_file(&archive, "a", "1");
    add_trailer(&archive);
    visit_result = -ENOSPC;
    assert_int_equal(read_archive(&archive), -ENOSPC);
}

static void test_damaged(void **state)
{
    static const struct {
        size_t offset;
        const char *bytes;
        const char *message;
    } damages[] = {
        {0, "070707", "no cpio header"},
        {6 + 8, "0000zzzz", "not hexadecimal"},
        {6 + 6 * 8, "ffffffff", "truncated"},
        {6 + 6 * 8, "7fffffff", "truncated"},
        {6 + 11 * 8, "00000000", "impossible length"},
        {6 + 11 * 8, "00000001", "impossible length"},
        {6 + 11 * 8, "ffffffff", "impossible length"},
        {6 + 11 * 8, "00000800", "truncated"},
        {6 + 11 * 8, "00000004", "end where"},
        {6 + 11 * 8, "00000006", "end where"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        struct archive archive = {.used = 0};

        add_file(&archive, "name", "data");
        add_trailer(&archive);
        memcpy(archive.bytes + damages[i].offset, damages[i].bytes, strlen(damages[i].bytes));
        assert_int_equal(read_archive(&archive), -EINVAL);
        assert_non_null(strstr(fake_log_last, damages[i].message));
        assert_string_equal(seen, "");
    }
}

static void test_compressed(void **state)
{
    static const struct {
        const char *name;
        const char *magic;
        size_t length;
    } formats[] = {
        {"gzip", "\x1f\x8b\x08", 3},
        {"zstd", "\x28\xb5\x2f\xfd", 4},
        {"xz",
         "\xfd"
         "7zXZ\0",
         6},
        {"bzip2", "BZh9", 4},
        {"lz4", "\x02\x21\x4c\x18", 4},
        {"lzma", "]\0\0\x80", 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct archive archive = {.used = 0};

        memcpy(archive.bytes, formats[i].magic, formats[i].length);
        archive.used = 600;
        assert_int_equal(read_archive(&archive), -ENOTSUP);
        assert_non_null(strstr(fake_log_last, formats[i].name));
        /* The same behind a plain archive, as distributions put microcode first. */
        archive.used = 0;
        add_file(&archive, "early", "x");
        add_trailer(&archive);
        memcpy(archive.bytes + archive.used, formats[i].magic, formats[i].length);
        archive.used += 100;
        assert_int_equal(read_archive(&archive), -ENOTSUP);
        assert_string_equal(seen, "early=x;");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_files, reset),
        cmocka_unit_test_setup(test_nothing, reset),
        cmocka_unit_test_setup(test_concatenated, reset),
        cmocka_unit_test_setup(test_skipped, reset),
        cmocka_unit_test_setup(test_checksum, reset),
        cmocka_unit_test_setup(test_truncated, reset),
        cmocka_unit_test_setup(test_visit_ends, reset),
        cmocka_unit_test_setup(test_damaged, reset),
        cmocka_unit_test_setup(test_compressed, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
