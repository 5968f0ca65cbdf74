/* SPDX-License-Identifier: BSD-2-Clause */
/* The content of files: sparse trees of pages.  Names are in ramfs_tree.c. */
#include "ramfs.h"

#include <errno.h>
#include <string.h>

#define PAGE_SHIFT     12
#define POINTERS_SHIFT 9 /* pointers in a page, as a power of two */
#define POINTERS       (1u << POINTERS_SHIFT)
#define HEIGHT_MAX     6 /* 12 + 6 * 9 bits cover every 64-bit offset */

_Static_assert(1u << PAGE_SHIFT == PLATFORM_PAGE_SIZE, "pages are pages");

/* Never written; not const, because constants take room in the image. */
static uint8_t zero_page[PLATFORM_PAGE_SIZE];

static const struct {
    int error;
    const char *text;
} error_texts[] = {
    {ENOENT, "No such file or directory"},
    {ENOTDIR, "Not a directory"},
    {EISDIR, "Is a directory"},
    {ENAMETOOLONG, "File name too long"},
    {ENOSPC, "No space left on device"},
    {ENOMEM, "Cannot allocate memory"},
    {EFBIG, "File too large"},
    {EBADF, "Bad file descriptor"},
    {EMFILE, "Too many open files"},
    {EOVERFLOW, "Value too large for defined data type"},
    {EEXIST, "File exists"},
    {ENOTEMPTY, "Directory not empty"},
    {EBUSY, "Device or resource busy"},
    {EACCES, "Permission denied"},
    {ENOEXEC, "Exec format error"},
    {EPIPE, "Broken pipe"},
    {ENXIO, "No such device or address"},
    {E2BIG, "Argument list too long"},
    {EAGAIN, "Resource temporarily unavailable"},
    {EPERM, "Operation not permitted"},
    {ESRCH, "No such process"},
};

const char *ramfs_error_text(int error)
{
    for (size_t i = 0; i < sizeof(error_texts) / sizeof(error_texts[0]); i++) {
        if (error_texts[i].error == (error < 0 ? -error : error)) {
            return error_texts[i].text;
        }
    }
    return "Invalid argument";
}

/* Pages that a tree of this height can hold, less one. */
static uint64_t last_index(unsigned height)
{
    unsigned bits = height * POINTERS_SHIFT;

    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static unsigned slot_at(uint64_t index, unsigned level)
{
    return (unsigned)(index >> ((level - 1) * POINTERS_SHIFT)) & (POINTERS - 1);
}

static uint8_t *find_page(const struct ramfs_node *file, uint64_t index)
{
    void *page = file->pages;

    if (index > last_index(file->height)) {
        return NULL;
    }
    for (unsigned level = file->height; level > 0 && page != NULL; level--) {
        page = ((void **)page)[slot_at(index, level)];
    }
    return page;
}

static void *allocate_zeroed(struct ramfs *fs)
{
    void *page = fs->platform->page_alloc(fs->platform->ctx);

    if (page != NULL) {
        memset(page, 0, PLATFORM_PAGE_SIZE);
    }
    return page;
}

static void release_page(struct ramfs *fs, void *page)
{
    fs->platform->page_free(fs->platform->ctx, page);
}

/* Makes the tree high enough for page `index`. */
static int grow_height(struct ramfs *fs, struct ramfs_node *file, uint64_t index)
{
    while (index > last_index(file->height)) {
        if (file->pages != NULL) {
            void **pointers = allocate_zeroed(fs);

            if (pointers == NULL) {
                return -ENOSPC;
            }
            pointers[0] = file->pages;
            file->pages = pointers;
        }
        file->height++;
    }
    return 0;
}

/*
 * Makes sure that page `index` is there.  A new page is all zeros, unless `overwritten` says that
 * none of its old content will be seen.
 */
static int add_page(struct ramfs *fs, struct ramfs_node *file, uint64_t index, bool overwritten)
{
    void **place = &file->pages;

    if (grow_height(fs, file, index) < 0) {
        return -ENOSPC;
    }
    for (unsigned level = file->height; level > 0; level--) {
        if (*place == NULL) {
            *place = allocate_zeroed(fs);
            if (*place == NULL) {
                return -ENOSPC;
            }
        }
        place = &((void **)*place)[slot_at(index, level)];
    }
    if (*place == NULL) {
        *place = overwritten ? fs->platform->page_alloc(fs->platform->ctx) : allocate_zeroed(fs);
    }
    return *place == NULL ? -ENOSPC : 0;
}

/* Whether no pointer from `first` on is set. */
static bool is_empty(void *const *pointers, unsigned first)
{
    for (unsigned i = first; i < POINTERS; i++) {
        if (pointers[i] != NULL) {
            return false;
        }
    }
    return true;
}

/*
 * Frees the pages of a subtree of the given height from index `first` on, and the subtree's own
 * page when nothing is left in it; returns what stays.  The depth is at most HEIGHT_MAX.
 */
static void *cut_subtree(struct ramfs *fs, void *subtree, unsigned height, uint64_t first)
{
    void **pointers = subtree;

    if (subtree == NULL) {
        return NULL;
    }
    if (height > 0) {
        for (unsigned i = slot_at(first, height); i < POINTERS; i++) {
            bool is_partial = i == slot_at(first, height);

            pointers[i] = cut_subtree(fs, pointers[i], height - 1,
                                      is_partial ? first & last_index(height - 1) : 0);
        }
        if (!is_empty(pointers, 0)) {
            return subtree;
        }
    } else if (first > 0) {
        return subtree;
    }
    release_page(fs, subtree);
    return NULL;
}

/* Frees all pages from index `first` on, and levels of pointers that are not needed any more. */
static void cut_pages(struct ramfs *fs, struct ramfs_node *file, uint64_t first)
{
    if (first > last_index(file->height)) {
        return;
    }
    file->pages = cut_subtree(fs, file->pages, file->height, first);
    while (file->height > 0 && (file->pages == NULL || is_empty(file->pages, 1))) {
        void **pointers = file->pages;

        if (pointers != NULL) {
            file->pages = pointers[0];
            release_page(fs, pointers);
        }
        file->height--;
    }
}

static uint64_t pages_of(uint64_t size)
{
    return (size >> PAGE_SHIFT) + ((size & (PLATFORM_PAGE_SIZE - 1)) != 0);
}

/* Gives back what lies behind the end of the file, and makes the rest of its last page zeros. */
static void trim(struct ramfs *fs, struct ramfs_node *file)
{
    size_t used = file->size & (PLATFORM_PAGE_SIZE - 1);
    uint8_t *last = used == 0 ? NULL : find_page(file, file->size >> PAGE_SHIFT);

    cut_pages(fs, file, pages_of(file->size));
    if (last != NULL) {
        memset(last + used, 0, PLATFORM_PAGE_SIZE - used);
    }
}

int ramfs_reserve(struct ramfs *fs, struct ramfs_node *file, uint64_t offset, uint64_t count)
{
    uint64_t first_new = pages_of(file->size);
    uint64_t end;

    if (offset > INT64_MAX || count > INT64_MAX - offset) {
        return -EFBIG;
    }
    if (count > fs->platform->memory_total(fs->platform->ctx)) {
        return -ENOSPC;
    }
    end = count == 0 ? 0 : pages_of(offset + count);
    for (uint64_t index = offset >> PAGE_SHIFT; index < end; index++) {
        bool whole = index << PAGE_SHIFT >= offset && (index + 1) << PAGE_SHIFT <= offset + count;

        /* A page inside the file may be a gap; it has to read as zeros if this fails later. */
        if (add_page(fs, file, index, whole && index >= first_new) < 0) {
            trim(fs, file);
            return -ENOSPC;
        }
    }
    return 0;
}

void ramfs_written(struct ramfs *fs, struct ramfs_node *file, uint64_t offset, uint64_t reserved,
                   uint64_t count)
{
    if (count > 0) {
        file->mtime_ns = fs->platform->realtime_ns(fs->platform->ctx);
    }
    if (count > 0 && offset + count > file->size) {
        file->size = offset + count;
    }
    if (count < reserved) {
        trim(fs, file);
    }
}

size_t ramfs_span(struct ramfs_node *file, uint64_t offset, uint8_t **bytes)
{
    size_t within = offset & (PLATFORM_PAGE_SIZE - 1);

    *bytes = find_page(file, offset >> PAGE_SHIFT) + within;
    return PLATFORM_PAGE_SIZE - within;
}

size_t ramfs_peek(const struct ramfs_node *file, uint64_t offset, const uint8_t **bytes)
{
    size_t within = offset & (PLATFORM_PAGE_SIZE - 1);
    const uint8_t *page = find_page(file, offset >> PAGE_SHIFT);

    *bytes = (page == NULL ? zero_page : page) + within;
    return PLATFORM_PAGE_SIZE - within;
}

void ramfs_read(const struct ramfs_node *file, uint64_t offset, void *bytes, size_t count)
{
    size_t done = 0;

    while (done < count) {
        const uint8_t *from;
        size_t span = ramfs_peek(file, offset + done, &from);

        if (span > count - done) {
            span = count - done;
        }
        memcpy((uint8_t *)bytes + done, from, span);
        done += span;
    }
}

int ramfs_write(struct ramfs *fs, struct ramfs_node *file, uint64_t offset, const void *bytes,
                size_t count)
{
    size_t done = 0;
    int result = ramfs_reserve(fs, file, offset, count);

    if (result < 0) {
        return result;
    }
    while (done < count) {
        uint8_t *room;
        size_t span = ramfs_span(file, offset + done, &room);

        if (span > count - done) {
            span = count - done;
        }
        memcpy(room, (const uint8_t *)bytes + done, span);
        done += span;
    }
    ramfs_written(fs, file, offset, count, count);
    return 0;
}

void ramfs_resize(struct ramfs *fs, struct ramfs_node *file, uint64_t size)
{
    bool shrinks = size < file->size;

    file->size = size;
    file->mtime_ns = fs->platform->realtime_ns(fs->platform->ctx);
    if (shrinks) {
        trim(fs, file);
    }
}

void ramfs_truncate(struct ramfs *fs, struct ramfs_node *file)
{
    file->size = 0;
    file->mtime_ns = fs->platform->realtime_ns(fs->platform->ctx);
    cut_pages(fs, file, 0);
}
