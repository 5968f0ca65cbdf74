/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk over AML (ACPI 6.4 §20.2) that enters scopes and devices, steps over methods and data,
 * and notes a handful of names:
 *
 *   _S3_, _S5_  Package whose first two elements are the SLP_TYP values (§7.4.2.4, §7.4.2.6)
 *   _ADR        of a device on PCI: slot << 16 | function (§6.1.1)
 *   BSEL        the number by which QEMU's hotplug registers select the bus (hw/i386/acpi-build.c,
 *               build_append_pci_bus_devices())
 *   PCST        the operation region of those registers (build_piix4_pci_hotplug())
 *   EREG        the operation region of the generic event device (build_ged_aml())
 *
 * Opcodes that are not needed are stepped over byte by byte, so data inside an expression may look
 * like a name; the walk therefore takes a name only with a plausible value behind it.
 */
#include "aml.h"

#include <stdbool.h>
#include <string.h>

/* §20.3 */
enum aml_opcode {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_STRING = 0x0d,
    AML_QWORD = 0x0e,
    AML_SCOPE = 0x10,
    AML_BUFFER = 0x11,
    AML_PACKAGE = 0x12,
    AML_VAR_PACKAGE = 0x13,
    AML_METHOD = 0x14,
    AML_DUAL_NAME = 0x2e,
    AML_MULTI_NAME = 0x2f,
    AML_EXTENDED = 0x5b,
    AML_EXTENDED_REGION = 0x80,
    AML_EXTENDED_DEVICE = 0x82,
    AML_ROOT = 0x5c,
    AML_PARENT = 0x5e
};

#define AML_NAME_BYTES    4u
#define AML_DEPTH_MAX     16u /* of scopes inside scopes; QEMU's bridges in bridges need two each */
#define AML_SYSTEM_MEMORY 0u
#define AML_SYSTEM_IO     1u
#define AML_DEVFN(adr)    ((uint8_t)(((adr) >> 16 & 0x1f) << 3 | ((adr)&7)))
#define AML_STRING_MAX    256 /* of a step, so that damaged AML costs linear time */
#define AML_SLP_TYP_MASK  7u

/* A stretch of AML and a position in it. */
struct aml_cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* What is known of the device that is being walked: the way to its bus, and its selector. */
struct aml_bus {
    uint32_t bridge_count;
    uint8_t bridges[MACHINE_BRIDGES_MAX];
    bool too_deep;
};

static size_t left(const struct aml_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static bool is_name_start(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool is_segment(const uint8_t *bytes)
{
    for (size_t i = 0; i < AML_NAME_BYTES; i++) {
        if (!is_name_start(bytes[i]) && (i == 0 || bytes[i] < '0' || bytes[i] > '9'))
            return false;
    }
    return true;
}

/* §20.2.4.  Returns the end of what the length spans, NULL if that leaves the stretch, and moves
 * the cursor behind the length. */
static const uint8_t *take_length(struct aml_cursor *cursor)
{
    const uint8_t *start = cursor->at;
    uint32_t length;
    uint8_t lead, follow;

    if (left(cursor) < 1)
        return NULL;
    lead = *cursor->at++;
    follow = lead >> 6;
    if (left(cursor) < follow || (follow > 0 && (lead & 0x30) != 0))
        return NULL;
    length = follow == 0 ? lead & 0x3f : lead & 0x0f;
    for (uint32_t i = 0; i < follow; i++)
        length |= (uint32_t)*cursor->at++ << (4 + 8 * i);
    if (length < 1u + follow || length > (size_t)(cursor->end - start))
        return NULL;
    return start + length;
}

/* §20.2.2.  Returns the last segment of a name string, NULL if there is none here. */
static const uint8_t *take_name(struct aml_cursor *cursor)
{
    size_t segments = 1;
    const uint8_t *last;

    while (left(cursor) > 0 && (*cursor->at == AML_ROOT || *cursor->at == AML_PARENT))
        cursor->at++;
    if (left(cursor) > 2 && *cursor->at == AML_DUAL_NAME) {
        segments = 2;
        cursor->at++;
    } else if (left(cursor) > 2 && *cursor->at == AML_MULTI_NAME) {
        segments = cursor->at[1];
        cursor->at += 2;
    }
    if (segments == 0 || left(cursor) < segments * AML_NAME_BYTES)
        return NULL;
    for (size_t i = 0; i < segments; i++) {
        if (!is_segment(cursor->at + i * AML_NAME_BYTES))
            return NULL;
    }
    last = cursor->at + (segments - 1) * AML_NAME_BYTES;
    cursor->at = last + AML_NAME_BYTES;
    return last;
}

/* §20.2.3: a constant of any width. */
static bool take_integer(struct aml_cursor *cursor, uint64_t *value)
{
    uint32_t bytes;

    if (left(cursor) < 1)
        return false;
    switch (*cursor->at++) {
    case AML_ZERO:
        *value = 0;
        return true;
    case AML_ONE:
        *value = 1;
        return true;
    case AML_BYTE:
        bytes = 1;
        break;
    case AML_WORD:
        bytes = 2;
        break;
    case AML_DWORD:
        bytes = 4;
        break;
    case AML_QWORD:
        bytes = 8;
        break;
    default:
        return false;
    }
    if (left(cursor) < bytes)
        return false;
    *value = 0;
    for (uint32_t i = bytes; i-- > 0;)
        *value = *value << 8 | cursor->at[i];
    cursor->at += bytes;
    return true;
}

/* Reads the types of a sleep state; false if what stands here is no such package. */
static bool take_sleep_types(struct aml_cursor cursor, uint8_t *slp_typ_a, uint8_t *slp_typ_b)
{
    uint64_t type_a, type_b;
    const uint8_t *end;

    if (left(&cursor) < 1 || *cursor.at++ != AML_PACKAGE)
        return false;
    end = take_length(&cursor);
    if (end == NULL || end - cursor.at < 1)
        return false;
    cursor.end = end;
    cursor.at++; /* the number of elements */
    if (!take_integer(&cursor, &type_a))
        return false;
    if (!take_integer(&cursor, &type_b))
        type_b = type_a;
    *slp_typ_a = (uint8_t)(type_a & AML_SLP_TYP_MASK);
    *slp_typ_b = (uint8_t)(type_b & AML_SLP_TYP_MASK);
    return true;
}

static void note_s3(struct aml_cursor cursor, struct machine_power *power)
{
    if (take_sleep_types(cursor, &power->s3_type_a, &power->s3_type_b))
        power->has_s3 = true;
}

static void note_s5(struct aml_cursor cursor, struct machine_power *power)
{
    if (take_sleep_types(cursor, &power->s5_type_a, &power->s5_type_b))
        power->has_s5 = true;
}

static void note_bus(const struct aml_bus *bus, uint64_t selector, struct machine_hotplug *hotplug)
{
    struct machine_hotplug_bus *entry = &hotplug->buses[hotplug->bus_count];

    if (bus->too_deep || selector > UINT32_MAX || hotplug->bus_count == MACHINE_HOTPLUG_BUSES_MAX)
        return;
    entry->selector = (uint32_t)selector;
    entry->bridge_count = bus->bridge_count;
    memcpy(entry->bridges, bus->bridges, sizeof(entry->bridges));
    hotplug->bus_count++;
}

/* After a NameOp.  `address_at` is where the device's own devfn goes, NULL outside devices. */
static void note_name(struct aml_cursor *cursor, struct aml_bus *bus, uint8_t *address_at,
                      struct machine *machine)
{
    struct aml_cursor name = *cursor, value;
    const uint8_t *segment = take_name(&name);
    uint64_t number;

    if (segment == NULL)
        return;
    cursor->at = name.at;
    value = name;
    if (memcmp(segment, "_S5_", AML_NAME_BYTES) == 0) {
        note_s5(value, &machine->power);
    } else if (memcmp(segment, "_S3_", AML_NAME_BYTES) == 0) {
        note_s3(value, &machine->power);
    } else if (take_integer(&value, &number)) {
        cursor->at = value.at;
        if (memcmp(segment, "_ADR", AML_NAME_BYTES) == 0 && address_at != NULL)
            *address_at = AML_DEVFN(number);
        else if (memcmp(segment, "BSEL", AML_NAME_BYTES) == 0)
            note_bus(bus, number, &machine->hotplug);
    }
}

/* §20.2.5.2, after the opcode. */
static void note_region(struct aml_cursor cursor, struct machine *machine)
{
    const uint8_t *segment = take_name(&cursor);
    uint64_t address;
    uint8_t space;

    if (segment == NULL || left(&cursor) < 1)
        return;
    space = *cursor.at++;
    if (!take_integer(&cursor, &address))
        return;
    if (memcmp(segment, "PCST", AML_NAME_BYTES) == 0 && space == AML_SYSTEM_IO &&
        address <= UINT16_MAX)
        machine->hotplug.port = (uint16_t)address;
    else if (memcmp(segment, "EREG", AML_NAME_BYTES) == 0 && space == AML_SYSTEM_MEMORY)
        machine->power.ged_address = address;
}

/* What a scope or a device spans, behind its name; false if this is neither. */
static bool take_body(struct aml_cursor *cursor, struct aml_cursor *body)
{
    struct aml_cursor probe = *cursor;
    const uint8_t *end = take_length(&probe);

    if (end == NULL || take_name(&probe) == NULL || probe.at > end)
        return false;
    body->at = probe.at;
    body->end = end;
    cursor->at = end;
    return true;
}

/* §20.2.3: ASCII up to a NUL.  What is none is left alone, its byte was no opcode. */
static void step_over_string(struct aml_cursor *cursor)
{
    const uint8_t *at = cursor->at;

    while (at < cursor->end && at - cursor->at < AML_STRING_MAX && *at >= 0x01 && *at <= 0x7f)
        at++;
    if (at < cursor->end && *at == '\0')
        cursor->at = at + 1;
}

/* Buffers and packages, behind their opcode. */
static void step_over_data(struct aml_cursor *cursor)
{
    const uint8_t *end = take_length(cursor);

    if (end != NULL)
        cursor->at = end;
}

/* The scopes that are open, innermost last. */
struct aml_walk {
    struct machine *machine;
    uint32_t depth;
    struct {
        struct aml_cursor cursor;
        struct aml_bus bus;
        bool is_device;
    } levels[AML_DEPTH_MAX];
};

/* Opens a scope or device; a device is one bridge further away from the root bus. */
static bool open_level(struct aml_walk *walk, bool is_device)
{
    struct aml_cursor *cursor = &walk->levels[walk->depth].cursor;
    struct aml_cursor body;
    struct aml_bus bus = walk->levels[walk->depth].bus;

    if (walk->depth + 1 == AML_DEPTH_MAX || !take_body(cursor, &body))
        return false;
    if (is_device && bus.bridge_count == MACHINE_BRIDGES_MAX)
        bus.too_deep = true;
    else if (is_device)
        bus.bridges[bus.bridge_count++] = 0;
    walk->depth++;
    walk->levels[walk->depth].cursor = body;
    walk->levels[walk->depth].bus = bus;
    walk->levels[walk->depth].is_device = is_device;
    return true;
}

static void step(struct aml_walk *walk)
{
    struct aml_cursor *cursor = &walk->levels[walk->depth].cursor;
    struct aml_bus *bus = &walk->levels[walk->depth].bus;
    bool is_device = walk->levels[walk->depth].is_device && !bus->too_deep;
    struct aml_cursor ignored;
    uint64_t number;
    uint8_t opcode = *cursor->at;

    if (take_integer(cursor, &number))
        return; /* so that its bytes are not taken for opcodes */
    switch (opcode) {
    case AML_NAME:
        note_name(cursor, bus, is_device ? &bus->bridges[bus->bridge_count - 1] : NULL,
                  walk->machine);
        break;
    case AML_SCOPE:
        (void)open_level(walk, false);
        break;
    case AML_METHOD:
        (void)take_body(cursor, &ignored);
        break;
    case AML_STRING:
        step_over_string(cursor);
        break;
    case AML_BUFFER:
    case AML_PACKAGE:
    case AML_VAR_PACKAGE:
        step_over_data(cursor);
        break;
    case AML_EXTENDED:
        if (left(cursor) < 1)
            break;
        opcode = *cursor->at++;
        if (opcode == AML_EXTENDED_DEVICE)
            (void)open_level(walk, true);
        else if (opcode == AML_EXTENDED_REGION)
            note_region(*cursor, walk->machine);
        break;
    default:
        break;
    }
}

void aml_scan(const uint8_t *aml, size_t bytes, struct machine *machine)
{
    struct aml_walk walk = {.machine = machine};

    walk.levels[0].cursor = (struct aml_cursor){aml, aml + bytes};
    for (;;) {
        if (left(&walk.levels[walk.depth].cursor) > 0)
            step(&walk);
        else if (walk.depth > 0)
            walk.depth--;
        else
            return;
    }
}
