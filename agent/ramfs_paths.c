/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths that lead to the nodes of the file tree, and what unlink(2) and its like do to names. */
#include <errno.h>
#include <string.h>

#include "ramfs_parts.h"

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
    child = ramfs_find_child(fs, *node, component->name, component->length);
    if (child != NULL) {
        *node = child;
        return component->has_slash && !child->is_directory ? -ENOTDIR : 0;
    }
    if (!component->is_last || (flags & RAMFS_CREATE) == 0) {
        return -ENOENT;
    }
    return ramfs_add_node(fs, *node, component->name, component->length, false, node);
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
            result = ramfs_add_node(fs, node, component.name, component.length, true, &node);
        }
        if (result < 0) {
            return result;
        }
    }
    return node->is_directory ? 0 : -ENOTDIR;
}

/* ---- Changes of names ------------------------------------------------------------------ */

/* The directory that the last component of `path` stands in, and that component. */
static int walk_to_parent(struct ramfs *fs, const char *path, struct ramfs_node **parent,
                          struct component *last)
{
    if (*path == '\0') {
        return -ENOENT;
    }
    if (strlen(path) > RAMFS_PATH_MAX) {
        return -ENAMETOOLONG;
    }
    *parent = &fs->root;
    for (;;) {
        int result;

        *last = next_component(&path);
        if (last->is_last) {
            break;
        }
        result = walk_step(fs, last, 0, parent);
        if (result < 0) {
            return result;
        }
    }
    if (!(*parent)->is_directory) {
        return -ENOTDIR;
    }
    return last->length > RAMFS_NAME_MAX ? -ENAMETOOLONG : 0;
}

/* Whether the component names no entry of its own: the root, "." and "..". */
static bool is_special(const struct component *component)
{
    return component->length == 0 || component_is(component, ".") || component_is(component, "..");
}

int ramfs_mkdir(struct ramfs *fs, const char *path)
{
    struct ramfs_node *parent;
    struct component last;
    int result = walk_to_parent(fs, path, &parent, &last);

    if (result < 0) {
        return result;
    }
    if (is_special(&last) || ramfs_find_child(fs, parent, last.name, last.length) != NULL) {
        return -EEXIST;
    }
    return ramfs_add_node(fs, parent, last.name, last.length, true, &parent);
}

int ramfs_unlink(struct ramfs *fs, const char *path)
{
    struct ramfs_node *node;
    struct component last;
    int result = walk_to_parent(fs, path, &node, &last);

    if (result < 0) {
        return result;
    }
    node = is_special(&last) ? &fs->root : ramfs_find_child(fs, node, last.name, last.length);
    if (node == NULL) {
        return -ENOENT;
    }
    if (node->is_directory) {
        return -EISDIR;
    }
    if (last.has_slash) {
        return -ENOTDIR;
    }
    ramfs_unlink_node(fs, node);
    ramfs_drop_node(fs, node);
    return 0;
}

int ramfs_rmdir(struct ramfs *fs, const char *path)
{
    struct ramfs_node *node;
    struct component last;
    int result = walk_to_parent(fs, path, &node, &last);

    if (result < 0) {
        return result;
    }
    if (is_special(&last)) {
        return last.length == 0 ? -EBUSY : last.length == 1 ? -EINVAL : -ENOTEMPTY;
    }
    node = ramfs_find_child(fs, node, last.name, last.length);
    if (node == NULL) {
        return -ENOENT;
    }
    if (!node->is_directory) {
        return -ENOTDIR;
    }
    if (node->children != NULL) {
        return -ENOTEMPTY;
    }
    ramfs_unlink_node(fs, node);
    ramfs_drop_node(fs, node);
    return 0;
}

/* Whether `node` is `other` or stands above it. */
static bool is_above(const struct ramfs *fs, const struct ramfs_node *node,
                     const struct ramfs_node *other)
{
    while (other != node && other != &fs->root) {
        other = other->parent;
    }
    return other == node;
}

/* What rename(2) says of `node` taking the place of `old`. */
static int judge_rename(const struct ramfs *fs, const struct ramfs_node *node,
                        const struct ramfs_node *parent, const struct ramfs_node *old,
                        const struct component *name)
{
    if (name->has_slash && !node->is_directory) {
        return -ENOTDIR;
    }
    if (node->is_directory && is_above(fs, node, parent)) {
        return -EINVAL;
    }
    if (old == NULL) {
        return 0;
    }
    if (node->is_directory && !old->is_directory) {
        return -ENOTDIR;
    }
    if (!node->is_directory && old->is_directory) {
        return -EISDIR;
    }
    return old->children != NULL ? -ENOTEMPTY : 0;
}

int ramfs_rename(struct ramfs *fs, const char *from, const char *to)
{
    struct ramfs_node *source;
    struct ramfs_node *target;
    struct component source_name;
    struct component target_name;
    struct ramfs_node *node;
    struct ramfs_node *old;
    int result = walk_to_parent(fs, from, &source, &source_name);

    if (result == 0) {
        result = walk_to_parent(fs, to, &target, &target_name);
    }
    if (result < 0) {
        return result;
    }
    if (is_special(&source_name) || is_special(&target_name)) {
        return -EBUSY;
    }
    node = ramfs_find_child(fs, source, source_name.name, source_name.length);
    if (node == NULL) {
        return -ENOENT;
    }
    if (source_name.has_slash && !node->is_directory) {
        return -ENOTDIR;
    }
    old = ramfs_find_child(fs, target, target_name.name, target_name.length);
    if (old == node) {
        return 0;
    }
    result = judge_rename(fs, node, target, old, &target_name);
    if (result < 0) {
        return result;
    }
    if (old != NULL) {
        ramfs_unlink_node(fs, old);
        ramfs_drop_node(fs, old);
    }
    ramfs_unlink_node(fs, node);
    memcpy(node->name, target_name.name, target_name.length);
    node->name_length = (uint8_t)target_name.length;
    ramfs_link_node(fs, target, node);
    return 0;
}
