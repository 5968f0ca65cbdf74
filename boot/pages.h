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

struct regions;

/*
 * Takes over this RAM, already without whatever must stay.  The allocator's own bookkeeping (one
 * bit per page below `address_end`, the end of everything that is ever given to it) comes out of
 * the first region that has room.  Returns 0, or -ENOMEM when none has.
 */
int pages_init(const struct regions *ram, uint64_t address_end);
/* Adds whole pages [base, base + size) that are used no longer (the initrd after unpacking). */
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
