/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page allocator: every page of usable RAM that holds neither the image nor what the boot
 * loader left.  A frontier moves through the regions and pages that come back go on a list, so
 * that no page is touched before it is used: start-up costs the same for 4 MiB and for 16 GiB.
 */
#ifndef BOOT_PAGES_H
#define BOOT_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE  4096u
#define PAGE_SHIFT 12

struct boot_region;

/*
 * Takes over `count` regions, sorted and disjoint, already without whatever must stay.  The
 * allocator's own bookkeeping comes out of the first one that has room (one bit per page up to
 * the highest address).  Returns 0, or -ENOMEM when no region has the room.
 */
int pages_init(const struct boot_region *regions, unsigned int count);
/* Adds [base, base + size), whole pages that are used no longer (the initrd after unpacking). */
void pages_release(uint64_t base, uint64_t size);

/* One page, content undefined; NULL when there is none.  Constant time. */
void *page_alloc(void);
void page_free(void *page);
/* `count` pages in a row; the fast path is constant time, the search for a gap linear in RAM. */
void *pages_alloc(size_t count);
void pages_free(void *first, size_t count);

/* In pages. */
uint64_t pages_free_count(void);
uint64_t pages_total_count(void);

#endif
