/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three tables of a split virtqueue as they lie in memory (virtio 1.2 §2.7).  Fields are
 * little-endian; so is every machine that this kernel runs on, and a legacy device's "guest
 * endianness" (§2.4.3) is then the same.
 */
#ifndef DRIVERS_VIRTQUEUE_REGS_H
#define DRIVERS_VIRTQUEUE_REGS_H

#include <stdint.h>

/* §2.7: queue size limit, and the alignment of each table. */
#define VIRTQUEUE_SIZE_MAX              32768u
#define VIRTQUEUE_DESCRIPTORS_ALIGNMENT 16u
#define VIRTQUEUE_AVAILABLE_ALIGNMENT   2u
#define VIRTQUEUE_USED_ALIGNMENT        4u
/* §2.7.2: a legacy device finds the used ring at the next multiple of this. */
#define VIRTQUEUE_LEGACY_PAGE 4096u

/* Descriptor table, §2.7.5. */
struct virtqueue_descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags;
#define VIRTQUEUE_DESCRIPTOR_NEXT  1u
#define VIRTQUEUE_DESCRIPTOR_WRITE 2u /* the device writes, else it reads */
    uint16_t next;
};

/* Available ring, §2.7.6; the driver writes, the device reads. */
struct virtqueue_available {
    uint16_t flags;
#define VIRTQUEUE_AVAILABLE_NO_INTERRUPT 1u
    uint16_t index;
    uint16_t ring[]; /* `size` heads, then used_event (§2.7.10) */
};

struct virtqueue_used_element {
    uint32_t id;
    uint32_t bytes;
};

/* Used ring, §2.7.8; the device writes, the driver reads. */
struct virtqueue_used {
    uint16_t flags;
#define VIRTQUEUE_USED_NO_NOTIFY 1u
    uint16_t index;
    struct virtqueue_used_element ring[]; /* `size` elements, then avail_event (§2.7.10) */
};

_Static_assert(sizeof(struct virtqueue_descriptor) == 16, "§2.7.5");
_Static_assert(sizeof(struct virtqueue_available) == 4, "§2.7.6");
_Static_assert(sizeof(struct virtqueue_used_element) == 8, "§2.7.8");
_Static_assert(sizeof(struct virtqueue_used) == 4, "§2.7.8");

#endif
