/* SPDX-License-Identifier: BSD-2-Clause */
#include "ramfs.h"

#include <errno.h>
#include <string.h>

#define PAGE_SHIFT     12
#define POINTERS_SHIFT 9 /* pointers in a page, as a power of two */
#define POINTERS       (1u << POINTERS_SHIFT)
#define HEIGHT_MAX     6 /* 12 + 6 * 9 bits cover every 64-bit offset */
#define BUCKETS_MIN    64u
#define NODES_PER_PAGE ((PLATFORM_PAGE_SIZE - sizeof(void *)) / sizeof(struct ramfs_node))

_Static_assert(1u << PAGE_SHIFT == PLATFORM_PAGE_SIZE, "pages are pages");

/* Never written; not const, because constants take room in the image. */
static uint8_t zero_page[PLATFORM_PAGE_SIZE];

const char *ramfs_error_text(int error)
{
    switch (error < 0 ? -error : error) {
    case ENOENT:
        return "No such file or directory";
    case ENOTDIR:
        return "Not a directory";
    case EISDIR:
        return "Is a directory";
    case ENAMETOOLONG:
        return "File name too long";
    case ENOSPC:
        return "No space left on device";
    case ENOMEM:
        return "Cannot allocate memory";
    case EFBIG:
        return "File too large";
    case EBADF:
        return "Bad file descriptor";
    case EMFILE:
        return "Too many open files";
    case EOVERFLOW:
        return "Value too large for defined data type";
    default:
        return "Invalid argument";
    }
}

/* ---- Pages of a file ------------------------------------------------------------------- */

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

void ramfs_truncate(struct ramfs *fs, struct ramfs_node *file)
{
    file->size = 0;
    cut_pages(fs, file, 0);
}

/* ---- Nodes ----------------------------------------------------------------------------- */

static size_t hash_name(const struct ramfs *fs, const struct ramfs_node *parent, const char *name,
                        size_t length)
{
    uint64_t hash = fs->seed ^ (uint64_t)(uintptr_t)parent;

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001B3u;
        hash ^= hash >> 29;
    }
    return (size_t)(hash ^ hash >> 32);
}

static struct ramfs_node *find_child(const struct ramfs *fs, const struct ramfs_node *parent,
                                     const char *name, size_t length)
{
    size_t bucket = hash_name(fs, parent, name, length) & (fs->bucket_count - 1);
    struct ramfs_node *node = fs->buckets[bucket];

    while (node != NULL && (node->parent != parent || node->name_length != length ||
                            memcmp(node->name, name, length) != 0)) {
        node = node->chain;
    }
    return node;
}

static void add_to_buckets(struct ramfs *fs, struct ramfs_node *node)
{
    size_t bucket =
        hash_name(fs, node->parent, node->name, node->name_length) & (fs->bucket_count - 1);

    node->chain = fs->buckets[bucket];
    fs->buckets[bucket] = node;
}

/* Twice the buckets; the tree works on, only more slowly, when there is no memory for them. */
static void grow_buckets(struct ramfs *fs)
{
    const struct platform *platform = fs->platform;
    struct ramfs_node **old = fs->buckets;
    size_t old_count = fs->bucket_count;
    size_t bytes = old_count * 2 * sizeof(*old);
    struct ramfs_node **grown = platform->resize(platform->ctx, NULL, 0, bytes);

    if (grown == NULL) {
        return;
    }
    memset(grown, 0, bytes);
    fs->buckets = grown;
    fs->bucket_count = old_count * 2;
    for (size_t i = 0; i < old_count; i++) {
        struct ramfs_node *node = old[i];

        while (node != NULL) {
            struct ramfs_node *next = node->chain;

            add_to_buckets(fs, node);
            node = next;
        }
    }
    platform->resize(platform->ctx, old, old_count * sizeof(*old), 0);
}

/* Takes a page and cuts it into nodes. */
static int add_spare_nodes(struct ramfs *fs)
{
    void **page = allocate_zeroed(fs);
    struct ramfs_node *nodes;

    if (page == NULL) {
        return -ENOSPC;
    }
    page[0] = fs->node_pages;
    fs->node_pages = page;
    nodes = (void *)(page + 1);
    for (size_t i = 0; i < NODES_PER_PAGE; i++) {
        nodes[i].chain = fs->spare;
        fs->spare = &nodes[i];
    }
    return 0;
}

static int add_node(struct ramfs *fs, struct ramfs_node *parent, const char *name, size_t length,
                    bool is_directory, struct ramfs_node **added)
{
    struct ramfs_node *node;

    if (fs->spare == NULL && add_spare_nodes(fs) < 0) {
        return -ENOSPC;
    }
    node = fs->spare;
    fs->spare = node->chain;
    *node = (struct ramfs_node){
        .parent = parent, .is_directory = is_directory, .name_length = (uint8_t)length};
    memcpy(node->name, name, length);
    if (++fs->node_count > fs->bucket_count) {
        grow_buckets(fs);
    }
    add_to_buckets(fs, node);
    *added = node;
    return 0;
}

int ramfs_init(struct ramfs *fs, const struct platform *platform)
{
    *fs = (struct ramfs){
        .platform = platform,
        .root = {.is_directory = true},
        .bucket_count = BUCKETS_MIN,
        .seed = platform->monotonic_ns(platform->ctx) * 0x9E3779B97F4A7C15u,
    };
    fs->root.parent = &fs->root;
    fs->buckets = platform->resize(platform->ctx, NULL, 0, fs->bucket_count * sizeof(*fs->buckets));
    if (fs->buckets == NULL) {
        return -ENOMEM;
    }
    memset(fs->buckets, 0, fs->bucket_count * sizeof(*fs->buckets));
    return 0;
}

void ramfs_free(struct ramfs *fs)
{
    for (size_t i = 0; i < fs->bucket_count; i++) {
        for (struct ramfs_node *node = fs->buckets[i]; node != NULL; node = node->chain) {
            ramfs_truncate(fs, node);
        }
    }
    while (fs->node_pages != NULL) {
        void **page = fs->node_pages;

        fs->node_pages = page[0];
        release_page(fs, page);
    }
    fs->platform->resize(fs->platform->ctx, fs->buckets, fs->bucket_count * sizeof(*fs->buckets),
                         0);
}

/* ---- Paths ----------------------------------------------------------------------------- */

/* One step of a walk: the component that starts at `path`. */
struct component {
    const char *name;
    size_t length;
    bool is_last;
    bool has_slash; /* a slash follows it */
};

static struct component next_component(const char **path)
{
    struct component component;

    while (**path == '/') {
        (*path)++;
    }
    component.name = *path;
    while (**path != '\0' && **path != '/') {
        (*path)++;
    }
    component.length = (size_t)(*path - component.name);
    component.has_slash = **path == '/';
    while (**path == '/') {
        (*path)++;
    }
    component.is_last = **path == '\0';
    return component;
}

static bool component_is(const struct component *component, const char *name)
{
    return component->length == strlen(name) &&
           memcmp(component->name, name, component->length) == 0;
}

/* Goes from *node to what `component` names there. */
static int walk_step(struct ramfs *fs, const struct component *component, unsigned flags,
                     struct ramfs_node **node)
{
    struct ramfs_node *child;

    if (!(*node)->is_directory) {
        return -ENOTDIR;
    }
    if (component->length == 0 || component_is(component, ".")) {
        return 0;
    }
    if (component_is(component, "..")) {
        *node = (*node)->parent;
        return 0;
    }
    if (component->length > RAMFS_NAME_MAX) {
        return -ENAMETOOLONG;
    }
    if (component->is_last && component->has_slash && (flags & RAMFS_CREATE) != 0) {
        return -EISDIR; /* as Linux does before it looks whether the name exists */
    }
    child = find_child(fs, *node, component->name, component->length);
    if (child != NULL) {
        *node = child;
        return component->has_slash && !child->is_directory ? -ENOTDIR : 0;
    }
    if (!component->is_last || (flags & RAMFS_CREATE) == 0) {
        return -ENOENT;
    }
    return add_node(fs, *node, component->name, component->length, false, node);
}

int ramfs_open(struct ramfs *fs, const char *path, unsigned flags, struct ramfs_node **node)
{
    struct component component;

    if (*path == '\0') {
        return -ENOENT;
    }
    if (strlen(path) > RAMFS_PATH_MAX) {
        return -ENAMETOOLONG;
    }
    *node = &fs->root;
    do {
        int result;

        component = next_component(&path);
        result = walk_step(fs, &component, flags, node);
        if (result < 0) {
            return result;
        }
    } while (!component.is_last);
    if ((*node)->is_directory && (flags & RAMFS_WRITE) != 0) {
        return -EISDIR;
    }
    if ((flags & RAMFS_TRUNCATE) != 0) {
        ramfs_truncate(fs, *node);
    }
    return 0;
}

int ramfs_make_directory(struct ramfs *fs, const char *path)
{
    struct ramfs_node *node = &fs->root;

    if (strlen(path) > RAMFS_PATH_MAX) {
        return -ENAMETOOLONG;
    }
    while (*path != '\0') {
        struct component component = next_component(&path);
        int result = walk_step(fs, &component, 0, &node);

        if (result == -ENOENT) {
            result = add_node(fs, node, component.name, component.length, true, &node);
        }
        if (result < 0) {
            return result;
        }
    }
    return node->is_directory ? 0 : -ENOTDIR;
}
