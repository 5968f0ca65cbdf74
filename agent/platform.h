/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent needs from the machine or the process that it runs in.  The table is passed to
 * agent_init(); the agent reaches for nothing else but libc's string functions and snprintf.
 * Every function takes the table's own `ctx`.
 */
#ifndef AGENT_PLATFORM_H
#define AGENT_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network.h"

/* The unit of file storage, and what page_alloc() gives. */
#define PLATFORM_PAGE_SIZE 4096u

/* The three modes of guest-shutdown (QAPI, guest-shutdown @mode). */
enum platform_power { PLATFORM_POWERDOWN, PLATFORM_HALT, PLATFORM_REBOOT };

/* A range of physical memory. */
struct platform_range {
    uint64_t base;
    uint64_t size;
};

/* What the machine is; it may be filled after agent_create(), but before the first request. */
struct platform_machine {
    const char *name;                    /* of its kind, as uname(2) calls it in `machine` */
    uint32_t cpu_count;                  /* processors that firmware has enabled, at least 1 */
    const struct platform_range *memory; /* usable memory, ascending, not overlapping */
    size_t memory_count;
};

/* A device on PCI, and the driver that runs it. */
struct platform_device {
    const char *driver;
    uint16_t vendor;
    uint16_t device;
};

struct platform {
    /*
     * Tables of some tens of KiB cost more than the computation that they save: so it is where
     * each access to memory is looked up in software, as by QEMU without KVM.
     */
    bool small_caches;
    void *ctx;
    const struct platform_machine *machine;
    /* One page of PLATFORM_PAGE_SIZE bytes, aligned to its size, content undefined; NULL when
     * the byte budget is used up. */
    void *(*page_alloc)(void *ctx);
    void (*page_free)(void *ctx, void *page);
    /*
     * Grows, shrinks or frees a block that is contiguous in the agent's addresses.  `block` is
     * NULL and `old_size` 0 for a new block; `new_size` 0 frees and returns NULL.  The content up
     * to the smaller size stays; the block may move.  Returns NULL when it does not fit, and then
     * the old block is untouched.  Costs time linear in the bytes that are added at most, so that
     * growing step by step stays linear (the kernel maps pages, it never copies).
     */
    void *(*resize)(void *ctx, void *block, size_t old_size, size_t new_size);
    /* Bytes that page_alloc() could still give, and the whole budget. */
    uint64_t (*memory_free)(void *ctx);
    uint64_t (*memory_total)(void *ctx);
    /* Nanoseconds since 1970-01-01 UTC (guest-get-time). */
    int64_t (*realtime_ns)(void *ctx);
    /*
     * Sets the clock of realtime_ns(), and after it the machine's real-time clock, which goes on
     * when the machine stops.  Returns 0, or -ENODEV when only the first could be done.
     */
    int (*set_realtime)(void *ctx, int64_t realtime_ns);
    /* Sets the clock of realtime_ns() by the real-time clock: 0, or -ENODEV if there is none. */
    int (*load_realtime)(void *ctx);
    /* Nanoseconds since start, never backwards. */
    uint64_t (*monotonic_ns)(void *ctx);
    /* Of these, how many the processor slept. */
    uint64_t (*idle_ns)(void *ctx);
    /*
     * Fills `bytes` bytes that nobody can foretell.  Returns 0, or -ENODEV on a machine without a
     * source of them; what the buffer holds then means nothing.
     */
    int (*random)(void *ctx, void *buffer, size_t bytes);
    /*
     * Starts a shutdown; may return before it takes effect, 0, or a negative value if the machine
     * has no way to do it.
     */
    int (*power)(void *ctx, enum platform_power mode);
    /* Starts a suspend to memory in the same way; NULL where no machine is. */
    int (*suspend)(void *ctx);
    /* Ends the guest as a defect in it would; where it returns, that is about to happen. */
    void (*crash)(void *ctx);
    /* Tells of the device numbered `index`; false beyond the last.  NULL where no machine is. */
    bool (*device)(void *ctx, size_t index, struct platform_device *told);
    const struct platform_network *network; /* NULL: the machine has none */
    /* One line of the log, without a newline. */
    void (*log)(void *ctx, const char *line);
    /*
     * Copies up to `size` bytes of the log of this boot from byte *position on, or from the oldest
     * one that is kept, and moves *position behind them; 0 at its end.  NULL: there is no log.
     */
    size_t (*log_read)(void *ctx, uint64_t *position, char *bytes, size_t size);
};

#endif
