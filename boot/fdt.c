/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading flattened device trees, Devicetree Specification v0.4 §5. */
#include "fdt.h"

#include <errno.h>
#include <string.h>

#define FDT_MAGIC          0xd00dfeedu
#define FDT_VERSION        17u
#define FDT_ADDRESS_CELLS  2u /* what holds where a parent says nothing (§2.3.5) */
#define FDT_SIZE_CELLS     1u
#define FDT_PHANDLE_ABSENT 0u
/* No tree is that large; it keeps every offset plus its padding inside 32 bits. */
#define FDT_EXTENT_MAX (64u << 20)

/* Offsets in the header (§5.2). */
enum fdt_header {
    FDT_HEADER_MAGIC = 0,
    FDT_HEADER_TOTALSIZE = 4,
    FDT_HEADER_OFF_STRUCT = 8,
    FDT_HEADER_OFF_STRINGS = 12,
    FDT_HEADER_OFF_RESERVATIONS = 16,
    FDT_HEADER_VERSION = 20,
    FDT_HEADER_LAST_COMPATIBLE = 24,
    FDT_HEADER_SIZE_STRINGS = 32,
    FDT_HEADER_SIZE_STRUCT = 36
};

/* §5.4.1 */
enum fdt_token_type {
    FDT_BEGIN_NODE = 1,
    FDT_END_NODE = 2,
    FDT_PROP = 3,
    FDT_NOP = 4,
    FDT_END = 9
};

struct fdt_token {
    uint32_t type;
    uint32_t offset; /* where it starts */
    uint32_t next;   /* where the next one starts */
    const char *name;
    struct fdt_property property;
};

static uint32_t big_endian32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool string_ends(const void *start, uint32_t bytes)
{
    return memchr(start, '\0', bytes) != NULL;
}

size_t fdt_extent(const void *header)
{
    const uint8_t *bytes = header;
    uint64_t structure = (uint64_t)big_endian32(bytes + FDT_HEADER_OFF_STRUCT) +
                         big_endian32(bytes + FDT_HEADER_SIZE_STRUCT);
    uint64_t strings = (uint64_t)big_endian32(bytes + FDT_HEADER_OFF_STRINGS) +
                       big_endian32(bytes + FDT_HEADER_SIZE_STRINGS);
    uint64_t end = structure > strings ? structure : strings;

    if (big_endian32(bytes + FDT_HEADER_MAGIC) != FDT_MAGIC ||
        big_endian32(bytes + FDT_HEADER_VERSION) < FDT_VERSION ||
        big_endian32(bytes + FDT_HEADER_LAST_COMPATIBLE) > FDT_VERSION || end < FDT_HEADER_BYTES ||
        end > big_endian32(bytes + FDT_HEADER_TOTALSIZE))
        return 0;
    return (size_t)end;
}

int fdt_open(struct fdt *fdt, const void *blob, size_t bytes)
{
    const uint8_t *header = blob;
    uint32_t structure;

    if (bytes < FDT_HEADER_BYTES || big_endian32(header + FDT_HEADER_MAGIC) != FDT_MAGIC)
        return -EINVAL;
    if (big_endian32(header + FDT_HEADER_VERSION) < FDT_VERSION ||
        big_endian32(header + FDT_HEADER_LAST_COMPATIBLE) > FDT_VERSION)
        return -ENOTSUP;
    structure = big_endian32(header + FDT_HEADER_OFF_STRUCT);
    if (structure % 4 != 0 || fdt_extent(blob) == 0 || fdt_extent(blob) > bytes)
        return -EINVAL;
    fdt->structure = header + structure;
    fdt->structure_bytes = big_endian32(header + FDT_HEADER_SIZE_STRUCT);
    fdt->strings = (const char *)header + big_endian32(header + FDT_HEADER_OFF_STRINGS);
    fdt->strings_bytes = big_endian32(header + FDT_HEADER_SIZE_STRINGS);
    return 0;
}

bool fdt_reservation(const void *blob, size_t bytes, uint32_t index, uint64_t *address,
                     uint64_t *size)
{
    const uint8_t *header = blob;
    struct fdt_property block;
    uint32_t start = big_endian32(header + FDT_HEADER_OFF_RESERVATIONS);

    if (start > bytes || bytes > UINT32_MAX)
        return false;
    block = (struct fdt_property){.value = header + start, .bytes = (uint32_t)bytes - start};
    return index < block.bytes / 16 && fdt_number(&block, 4 * index, 2, address) &&
           fdt_number(&block, 4 * index + 2, 2, size) && *size != 0;
}

static uint32_t align4(uint64_t offset)
{
    return (uint32_t)((offset + 3) & ~(uint64_t)3);
}

static bool read_begin_node(const struct fdt *fdt, struct fdt_token *token)
{
    uint32_t start = token->offset + 4;

    token->name = (const char *)fdt->structure + start;
    if (!string_ends(token->name, fdt->structure_bytes - start))
        return false;
    token->next = align4((uint64_t)start + strlen(token->name) + 1);
    return true;
}

static bool read_property(const struct fdt *fdt, struct fdt_token *token)
{
    uint32_t left = fdt->structure_bytes - token->offset - 4;
    const uint8_t *start = fdt->structure + token->offset + 4;
    uint32_t name;

    if (left < 8)
        return false;
    token->property.bytes = big_endian32(start);
    token->property.value = start + 8;
    name = big_endian32(start + 4);
    if (token->property.bytes > left - 8 || name >= fdt->strings_bytes ||
        !string_ends(fdt->strings + name, fdt->strings_bytes - name))
        return false;
    token->name = fdt->strings + name;
    token->next = align4((uint64_t)token->offset + 12 + token->property.bytes);
    return true;
}

/* The token at `offset`, NOPs left out; false at the end of the block and for what is damaged. */
static bool read_token(const struct fdt *fdt, uint32_t offset, struct fdt_token *token)
{
    do {
        if (offset > fdt->structure_bytes || fdt->structure_bytes - offset < 4)
            return false;
        token->offset = offset;
        token->type = big_endian32(fdt->structure + offset);
        offset += 4;
        token->next = offset;
    } while (token->type == FDT_NOP);

    switch (token->type) {
    case FDT_BEGIN_NODE:
        return read_begin_node(fdt, token);
    case FDT_PROP:
        return read_property(fdt, token);
    case FDT_END_NODE:
        return true;
    default: /* FDT_END among them */
        return false;
    }
}

bool fdt_root(const struct fdt *fdt, struct fdt_node *node)
{
    struct fdt_token token;

    if (!read_token(fdt, 0, &token) || token.type != FDT_BEGIN_NODE)
        return false;
    node->offset = token.offset;
    node->depth = 0;
    node->cells[0].address = FDT_ADDRESS_CELLS;
    node->cells[0].size = FDT_SIZE_CELLS;
    return true;
}

/* Enters the node at `token`, `depth` levels down. */
static void enter_node(struct fdt_node *node, const struct fdt_token *token, uint32_t depth)
{
    node->offset = token->offset;
    node->depth = depth;
    node->cells[depth].address = FDT_ADDRESS_CELLS;
    node->cells[depth].size = FDT_SIZE_CELLS;
}

static void note_cells(struct fdt_node *node, const struct fdt_token *token)
{
    uint32_t value;

    if (!fdt_cell(&token->property, 0, &value))
        return;
    if (strcmp(token->name, "#address-cells") == 0)
        node->cells[node->depth].address = value;
    else if (strcmp(token->name, "#size-cells") == 0)
        node->cells[node->depth].size = value;
}

bool fdt_next(const struct fdt *fdt, struct fdt_node *node)
{
    struct fdt_token token;
    uint32_t depth = node->depth;
    bool inside = true; /* of the node where we started, whose own properties count */

    if (!read_token(fdt, node->offset, &token))
        return false;
    while (read_token(fdt, token.next, &token)) {
        if (token.type == FDT_PROP) {
            if (inside)
                note_cells(node, &token);
        } else if (token.type == FDT_BEGIN_NODE) {
            inside = false;
            depth++;
            if (depth < FDT_DEPTH_MAX) {
                enter_node(node, &token, depth);
                return true;
            }
        } else {
            inside = false;
            if (depth == 0)
                return false;
            depth--;
        }
    }
    return false;
}

const char *fdt_name(const struct fdt *fdt, const struct fdt_node *node)
{
    struct fdt_token token;

    return read_token(fdt, node->offset, &token) && token.type == FDT_BEGIN_NODE ? token.name : "";
}

bool fdt_get(const struct fdt *fdt, const struct fdt_node *node, const char *name,
             struct fdt_property *property)
{
    struct fdt_token token;

    if (!read_token(fdt, node->offset, &token))
        return false;
    while (read_token(fdt, token.next, &token) && token.type == FDT_PROP) {
        if (strcmp(token.name, name) == 0) {
            *property = token.property;
            return true;
        }
    }
    return false;
}

bool fdt_compatible(const struct fdt *fdt, const struct fdt_node *node, const char *name)
{
    struct fdt_property list;
    size_t wanted = strlen(name) + 1;
    uint32_t start = 0;

    if (!fdt_get(fdt, node, "compatible", &list))
        return false;
    while (start < list.bytes) {
        const uint8_t *entry = list.value + start;
        const uint8_t *end = memchr(entry, '\0', list.bytes - start);

        if (end == NULL)
            return false;
        if ((size_t)(end - entry) + 1 == wanted && memcmp(entry, name, wanted) == 0)
            return true;
        start += (uint32_t)(end - entry) + 1;
    }
    return false;
}

bool fdt_is_text(const struct fdt_property *property, const char *text)
{
    size_t bytes = strlen(text) + 1;

    return property->bytes == bytes && memcmp(property->value, text, bytes) == 0;
}

bool fdt_available(const struct fdt *fdt, const struct fdt_node *node)
{
    struct fdt_property status;

    return !fdt_get(fdt, node, "status", &status) || fdt_is_text(&status, "okay") ||
           fdt_is_text(&status, "ok");
}

bool fdt_by_path(const struct fdt *fdt, const char *path, struct fdt_node *node)
{
    uint32_t depth = 0; /* of what the path has led to so far */
    bool more = path[0] == '/' && fdt_root(fdt, node);

    while (more && path[0] == '/' && path[1] != '\0') {
        size_t length = strcspn(path + 1, "/:");

        do
            more = fdt_next(fdt, node);
        while (more && node->depth > depth + 1);
        more = more && node->depth == depth + 1;
        if (more && strlen(fdt_name(fdt, node)) == length &&
            memcmp(fdt_name(fdt, node), path + 1, length) == 0) {
            path += 1 + length;
            depth++;
        }
    }
    return more && (path[0] == '\0' || path[0] == ':' || path[1] == '\0');
}

bool fdt_by_phandle(const struct fdt *fdt, uint32_t phandle, struct fdt_node *node)
{
    bool more = phandle != FDT_PHANDLE_ABSENT && fdt_root(fdt, node);

    while (more && fdt_u32(fdt, node, "phandle", FDT_PHANDLE_ABSENT) != phandle)
        more = fdt_next(fdt, node);
    return more;
}

bool fdt_cell(const struct fdt_property *property, uint32_t index, uint32_t *value)
{
    if (index >= property->bytes / 4)
        return false;
    *value = big_endian32(property->value + (size_t)index * 4);
    return true;
}

uint32_t fdt_u32(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                 uint32_t otherwise)
{
    struct fdt_property property;
    uint32_t value;

    if (!fdt_get(fdt, node, name, &property) || property.bytes != 4 ||
        !fdt_cell(&property, 0, &value))
        return otherwise;
    return value;
}

bool fdt_number(const struct fdt_property *property, uint32_t index, uint32_t cells,
                uint64_t *value)
{
    uint64_t number = 0;

    if (cells > 2)
        return false;
    for (uint32_t i = 0; i < cells; i++) {
        uint32_t cell;

        if (index > UINT32_MAX - i || !fdt_cell(property, index + i, &cell))
            return false;
        number = number << 32 | cell;
    }
    *value = number;
    return true;
}

bool fdt_reg(const struct fdt *fdt, const struct fdt_node *node, uint32_t index, uint64_t *address,
             uint64_t *bytes)
{
    struct fdt_property reg;
    uint32_t address_cells, size_cells;
    uint64_t first;

    if (node->depth == 0 || !fdt_get(fdt, node, "reg", &reg))
        return false;
    address_cells = node->cells[node->depth - 1].address;
    size_cells = node->cells[node->depth - 1].size;
    if (address_cells > 2 || size_cells > 2 || address_cells + size_cells == 0)
        return false;
    first = (uint64_t)index * (address_cells + size_cells);
    return first < reg.bytes && fdt_number(&reg, (uint32_t)first, address_cells, address) &&
           fdt_number(&reg, (uint32_t)first + address_cells, size_cells, bytes);
}
