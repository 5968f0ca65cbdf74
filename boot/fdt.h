/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounded reader of flattened device trees (Devicetree Specification v0.4 §5).  It allocates
 * nothing, keeps no state besides offsets, and no read leaves the blob, whatever the blob says.
 */
#ifndef BOOT_FDT_H
#define BOOT_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deeper trees are not followed: QEMU's have four levels. */
#define FDT_DEPTH_MAX 16u
/* The size of the header, which is all that fdt_extent() needs (§5.2). */
#define FDT_HEADER_BYTES 40u

struct fdt {
    const uint8_t *structure; /* §5.4 */
    uint32_t structure_bytes;
    const char *strings; /* §5.5 */
    uint32_t strings_bytes;
};

/*
 * A node: the offset of its FDT_BEGIN_NODE token, its depth (the root has 0), and how many cells
 * addresses and sizes have in the children of each of its ancestors and of itself (§2.3.5).
 */
struct fdt_node {
    uint32_t offset;
    uint32_t depth;
    struct {
        uint32_t address;
        uint32_t size;
    } cells[FDT_DEPTH_MAX];
};

struct fdt_property {
    const uint8_t *value;
    uint32_t bytes;
};

/*
 * How many bytes from the start of a blob are in use, from its first FDT_HEADER_BYTES; QEMU pads
 * its blob to 1 MiB.  0 if this is no blob of a version that we read.
 */
size_t fdt_extent(const void *header);
/*
 * Checks the header against the `bytes` that are there.  Returns 0, -EINVAL for what is not a
 * device tree or one whose blocks leave it, -ENOTSUP for a version that is not compatible with 17.
 */
int fdt_open(struct fdt *fdt, const void *blob, size_t bytes);

/* The index-th entry of the memory reservation block (§5.3); false behind the last one. */
bool fdt_reservation(const void *blob, size_t bytes, uint32_t index, uint64_t *address,
                     uint64_t *size);

/*
 * Walks all nodes, parents before children.  Start with fdt_root(); fdt_next() steps on and
 * returns false at the end or at the first damaged token.
 */
bool fdt_root(const struct fdt *fdt, struct fdt_node *node);
bool fdt_next(const struct fdt *fdt, struct fdt_node *node);

/* The node's name with its unit address ("" for the root); NUL-terminated inside the blob. */
const char *fdt_name(const struct fdt *fdt, const struct fdt_node *node);
/* A property of the node; false if it has none of that name. */
bool fdt_get(const struct fdt *fdt, const struct fdt_node *node, const char *name,
             struct fdt_property *property);
/* Whether `compatible` names this device; its list is searched (§2.3.1). */
bool fdt_compatible(const struct fdt *fdt, const struct fdt_node *node, const char *name);
/* Whether the node is there for us: without `status`, or with "okay" (§2.3.4). */
bool fdt_available(const struct fdt *fdt, const struct fdt_node *node);
/* Whether a property is this text, the NUL included. */
bool fdt_is_text(const struct fdt_property *property, const char *text);
/* The node with this full path, as /chosen's stdout-path has it; what follows a colon is not part
 * of it (§3.6).  False if there is none. */
bool fdt_by_path(const struct fdt *fdt, const char *path, struct fdt_node *node);
/* The node with this phandle (§2.3.3); false if there is none. */
bool fdt_by_phandle(const struct fdt *fdt, uint32_t phandle, struct fdt_node *node);
/* A property of exactly one cell; `otherwise` if it is missing or of another size. */
uint32_t fdt_u32(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                 uint32_t otherwise);
/* The cell with this index of a property, big-endian; false past its end. */
bool fdt_cell(const struct fdt_property *property, uint32_t index, uint32_t *value);
/* A number of `cells` (0, 1 or 2) cells from this index; false past the end or if more cells. */
bool fdt_number(const struct fdt_property *property, uint32_t index, uint32_t cells,
                uint64_t *value);
/* The index-th address and size of `reg`; false if it is not there. */
bool fdt_reg(const struct fdt *fdt, const struct fdt_node *node, uint32_t index, uint64_t *address,
             uint64_t *bytes);

#endif
