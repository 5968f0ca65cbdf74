/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/ramfs.c agent/ramfs_tree.c agent/ramfs_paths.c tests/hosted/linux_platform.c
/* The file tree: open(2)'s rules, sparse files, and that nothing changes when memory runs out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "linux_platform.h"
#include "ramfs.h"

#define CREATE (RAMFS_WRITE | RAMFS_CREATE)

struct fixture {
    struct linux_platform platform;
    struct ramfs fs;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    linux_platform_init(&f->platform, 8u << 20);
    assert_int_equal(ramfs_init(&f->fs, &f->platform.platform), 0);
    assert_int_equal(ramfs_make_directory(&f->fs, "/tmp"), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    ramfs_free(&f->fs);
    assert_int_equal(f->platform.used, 0);
    free(f);
    return 0;
}

static struct ramfs_node *must_open(struct fixture *f, const char *path, unsigned flags)
{
    struct ramfs_node *node = NULL;

    assert_int_equal(ramfs_open(&f->fs, path, flags, &node), 0);
    return node;
}

static void expect_open(struct fixture *f, const char *path, unsigned flags, int wanted)
{
    struct ramfs_node *node;

    assert_int_equal(ramfs_open(&f->fs, path, flags, &node), wanted);
}

static void test_paths(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *file = must_open(f, "/tmp/file", CREATE);

    assert_ptr_equal(must_open(f, "//tmp/./../tmp//file", 0), file);
    assert_ptr_equal(must_open(f, "tmp/file", 0), file);
    assert_ptr_equal(must_open(f, "/../../tmp/file", 0), file);
    assert_ptr_equal(must_open(f, "/", 0), &f->fs.root);
    expect_open(f, "", 0, -ENOENT);
    expect_open(f, "/tmp/none", 0, -ENOENT);
    expect_open(f, "/none/file", CREATE, -ENOENT);
    expect_open(f, "/tmp/file/x", 0, -ENOTDIR);
    expect_open(f, "/tmp/file/", 0, -ENOTDIR);
    expect_open(f, "/tmp/file/..", 0, -ENOTDIR);
    expect_open(f, "/tmp/new/", CREATE, -EISDIR);
    expect_open(f, "/tmp", RAMFS_WRITE, -EISDIR);
    expect_open(f, "/", CREATE, -EISDIR);
    expect_open(f, "/tmp/..", CREATE, -EISDIR);
}

static void test_long_names(void **state)
{
    struct fixture *f = *state;
    char path[RAMFS_PATH_MAX + 2];

    memset(path, 'n', sizeof(path));
    path[0] = '/';
    path[1 + RAMFS_NAME_MAX] = '\0';
    must_open(f, path, CREATE);
    path[1 + RAMFS_NAME_MAX] = 'n';
    path[2 + RAMFS_NAME_MAX] = '\0';
    expect_open(f, path, CREATE, -ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    path[RAMFS_PATH_MAX] = '\0';
    must_open(f, path, 0);
    path[RAMFS_PATH_MAX] = '/';
    path[RAMFS_PATH_MAX + 1] = '\0';
    expect_open(f, path, 0, -ENAMETOOLONG);
}

static void test_many_files(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *nodes[3000];
    char path[32];

    for (int i = 0; i < 3000; i++) {
        snprintf(path, sizeof(path), "/tmp/%d", i);
        nodes[i] = must_open(f, path, CREATE);
    }
    for (int i = 0; i < 3000; i++) {
        snprintf(path, sizeof(path), "/tmp/%d", i);
        assert_ptr_equal(must_open(f, path, 0), nodes[i]);
    }
}

static void expect_bytes(const struct ramfs_node *file, uint64_t offset, const void *wanted,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *byte;

        assert_true(ramfs_peek(file, offset + i, &byte) > 0);
        assert_int_equal(*byte, ((const uint8_t *)wanted)[i]);
    }
}

static void test_gaps(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *file = must_open(f, "/tmp/gap", CREATE);
    static const uint8_t zeros[8192];

    assert_int_equal(ramfs_write(&f->fs, file, 0, "start", 5), 0);
    assert_int_equal(ramfs_write(&f->fs, file, 100000, "middle", 6), 0);
    assert_int_equal(ramfs_write(&f->fs, file, UINT64_C(1) << 40, "far", 3), 0);
    assert_true(file->size == (UINT64_C(1) << 40) + 3);
    expect_bytes(file, 0, "start", 5);
    expect_bytes(file, 5, zeros, sizeof(zeros));
    expect_bytes(file, 99999, "\0middle\0", 8);
    expect_bytes(file, (UINT64_C(1) << 40) - 2, "\0\0far", 5);
    assert_int_equal(ramfs_write(&f->fs, file, INT64_MAX, "x", 1), -EFBIG);
    assert_int_equal(ramfs_write(&f->fs, file, INT64_MAX - 1, "x", 1), 0);
    expect_bytes(file, INT64_MAX - 1, "x", 1);
}

static void test_truncation_gives_memory_back(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *file = must_open(f, "/tmp/t", CREATE);
    uint64_t before = f->platform.used;
    static uint8_t data[1u << 20];

    memset(data, 'x', sizeof(data));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ramfs_write(&f->fs, file, 0, data, sizeof(data)), 0);
        must_open(f, "/tmp/t", CREATE | RAMFS_TRUNCATE);
        assert_int_equal(f->platform.used, before);
    }
    /* What was cut off does not shine through when the file grows again. */
    assert_int_equal(ramfs_write(&f->fs, file, 0, data, 10), 0);
    assert_int_equal(ramfs_write(&f->fs, file, 20, data, 1), 0);
    expect_bytes(file, 9, "x\0\0\0\0\0\0\0\0\0\0x", 12);
}

/* Fewer bytes than reserved: the rest is given back and reads as zeros later. */
static void test_short_write(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *file = must_open(f, "/tmp/s", CREATE);
    uint64_t before;
    uint8_t *room;

    assert_int_equal(ramfs_write(&f->fs, file, 0, "ab", 2), 0);
    before = f->platform.used;
    assert_int_equal(ramfs_reserve(&f->fs, file, 2, 20000), 0);
    assert_int_equal(ramfs_span(file, 2, &room), PLATFORM_PAGE_SIZE - 2);
    memset(room, 'z', PLATFORM_PAGE_SIZE - 2);
    ramfs_written(&f->fs, file, 2, 20000, 3);
    assert_int_equal(file->size, 5);
    assert_int_equal(f->platform.used, before);
    assert_int_equal(ramfs_write(&f->fs, file, 8, "c", 1), 0);
    expect_bytes(file, 0, "abzzz\0\0\0c", 9);
}

/* Every allocation of a write fails once: the file is as it was each time. */
static void test_no_memory(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *file = must_open(f, "/tmp/m", CREATE);
    static uint8_t data[40000];
    int result = -ENOSPC;

    memset(data, 'n', sizeof(data));
    assert_int_equal(ramfs_write(&f->fs, file, 0, "old content", 11), 0);
    for (uint64_t nth = 0; result < 0; nth++) {
        uint64_t used = f->platform.used;

        f->platform.fail_after = nth;
        result = ramfs_write(&f->fs, file, 5000000, data, sizeof(data));
        f->platform.fail_after = UINT64_MAX;
        if (result < 0) {
            assert_int_equal(result, -ENOSPC);
            assert_int_equal(file->size, 11);
            expect_bytes(file, 0, "old content\0\0", 13);
            assert_int_equal(f->platform.used, used);
        }
        assert_true(nth < 1000);
    }
    assert_int_equal(file->size, 5000000 + sizeof(data));
    assert_int_equal(ramfs_write(&f->fs, file, 0, data, UINT64_C(1) << 40), -ENOSPC);
}

static size_t count_children(const struct ramfs_node *directory)
{
    size_t count = 0;

    for (const struct ramfs_node *child = directory->children; child != NULL;
         child = child->sibling) {
        assert_ptr_equal(child->parent, directory);
        count++;
    }
    return count;
}

static void test_unlink(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *tmp = must_open(f, "/tmp", 0);
    struct ramfs_node *file = must_open(f, "/tmp/u", CREATE);
    uint64_t before = f->platform.used;

    must_open(f, "/tmp/v", CREATE);
    must_open(f, "/tmp/w", CREATE);
    assert_int_equal(count_children(tmp), 3);
    assert_int_equal(ramfs_write(&f->fs, file, 0, "kept", 4), 0);
    ramfs_hold(file);
    assert_int_equal(ramfs_unlink(&f->fs, "/tmp/u"), 0);
    assert_int_equal(ramfs_unlink(&f->fs, "/tmp/u"), -ENOENT);
    assert_int_equal(count_children(tmp), 2);
    /* Another file of the same name is another file. */
    assert_ptr_not_equal(must_open(f, "/tmp/u", CREATE), file);
    assert_int_equal(ramfs_write(&f->fs, file, 4, " on", 3), 0);
    expect_bytes(file, 0, "kept on", 7);
    ramfs_release(&f->fs, file);
    assert_int_equal(f->platform.used, before);
    assert_int_equal(ramfs_unlink(&f->fs, "/tmp"), -EISDIR);
    assert_int_equal(ramfs_unlink(&f->fs, "/"), -EISDIR);
    assert_int_equal(ramfs_unlink(&f->fs, "/tmp/v/"), -ENOTDIR);
    assert_int_equal(ramfs_unlink(&f->fs, "/tmp/v/x"), -ENOTDIR);
    assert_int_equal(ramfs_unlink(&f->fs, ""), -ENOENT);
}

static void test_directories(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *held;

    assert_int_equal(ramfs_mkdir(&f->fs, "/tmp/a"), 0);
    assert_int_equal(ramfs_mkdir(&f->fs, "/tmp/a"), -EEXIST);
    assert_int_equal(ramfs_mkdir(&f->fs, "/"), -EEXIST);
    assert_int_equal(ramfs_mkdir(&f->fs, "/tmp/none/b"), -ENOENT);
    assert_int_equal(ramfs_mkdir(&f->fs, "/tmp/a/b/"), 0);
    assert_int_equal(ramfs_rmdir(&f->fs, "/tmp/a"), -ENOTEMPTY);
    assert_int_equal(ramfs_rmdir(&f->fs, "/tmp/a/."), -EINVAL);
    assert_int_equal(ramfs_rmdir(&f->fs, "/tmp/a/.."), -ENOTEMPTY);
    assert_int_equal(ramfs_rmdir(&f->fs, "/"), -EBUSY);
    must_open(f, "/tmp/a/file", CREATE);
    assert_int_equal(ramfs_rmdir(&f->fs, "/tmp/a/file"), -ENOTDIR);
    /* A directory that is held outlives its parent without pointing at it. */
    held = must_open(f, "/tmp/a/b", 0);
    ramfs_hold(held);
    assert_int_equal(ramfs_rmdir(&f->fs, "/tmp/a/b"), 0);
    assert_int_equal(ramfs_unlink(&f->fs, "/tmp/a/file"), 0);
    assert_int_equal(ramfs_rmdir(&f->fs, "/tmp/a"), 0);
    assert_ptr_equal(held->parent, &f->fs.root);
    ramfs_release(&f->fs, held);
}

static void test_rename(void **state)
{
    struct fixture *f = *state;
    struct ramfs_node *file = must_open(f, "/tmp/from", CREATE);

    assert_int_equal(ramfs_rename(&f->fs, "/tmp/from", "/tmp/to"), 0);
    assert_ptr_equal(must_open(f, "/tmp/to", 0), file);
    expect_open(f, "/tmp/from", 0, -ENOENT);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/from", "/tmp/x"), -ENOENT);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/to", "/tmp/to"), 0);
    must_open(f, "/tmp/old", CREATE);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/to", "/tmp/old"), 0);
    assert_ptr_equal(must_open(f, "/tmp/old", 0), file);
    assert_int_equal(ramfs_make_directory(&f->fs, "/tmp/d/e/f"), 0);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/d", "/tmp/d/e/f/g"), -EINVAL);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/d", "/tmp/d/g"), -EINVAL);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/d", "/tmp/old"), -ENOTDIR);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/old", "/tmp/d"), -EISDIR);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/old", "/tmp/new/"), -ENOTDIR);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/.", "/tmp/x"), -EBUSY);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/old", "/"), -EBUSY);
    assert_int_equal(ramfs_rename(&f->fs, "/tmp/d", "/moved"), 0);
    must_open(f, "/moved/e/f", 0);
    assert_int_equal(ramfs_mkdir(&f->fs, "/tmp/empty"), 0);
    assert_int_equal(ramfs_rename(&f->fs, "/moved", "/tmp/empty"), 0);
    assert_int_equal(ramfs_mkdir(&f->fs, "/other"), 0);
    assert_int_equal(ramfs_rename(&f->fs, "/other", "/tmp/empty"), -ENOTEMPTY);
}

/* Names that come and go cost no memory in the end. */
static void test_names_give_memory_back(void **state)
{
    struct fixture *f = *state;
    uint64_t before = 0;
    char path[32];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 500; i++) {
            snprintf(path, sizeof(path), "/tmp/%d", i);
            assert_int_equal(ramfs_write(&f->fs, must_open(f, path, CREATE), 0, path, 8), 0);
        }
        for (int i = 0; i < 500; i++) {
            snprintf(path, sizeof(path), "/tmp/%d", i);
            assert_int_equal(ramfs_unlink(&f->fs, path), 0);
        }
        assert_true(round == 0 || f->platform.used == before);
        before = f->platform.used;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gaps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncation_gives_memory_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unlink, setup, teardown),
        cmocka_unit_test_setup_teardown(test_directories, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rename, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_give_memory_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
