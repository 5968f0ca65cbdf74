/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: boot/pages.c boot/regions.c */
/*
 * The page allocator and the sets of regions that it starts from.  RAM is memory of this process
 * at low addresses, filled with garbage first, as it is after a reset of the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "boot/pages.h"
#include "boot/regions.h"

#define RAM_BASE  UINT64_C(0x10000000)
#define RAM_PAGES 4096u
#define RAM_END   (RAM_BASE + RAM_PAGES * PAGE_SIZE)

static uint8_t *page_at(unsigned int index)
{
    return (uint8_t *)(uintptr_t)(RAM_BASE + (uint64_t)index * PAGE_SIZE);
}

static int setup(void **state)
{
    (void)state;
    void *ram = mmap(page_at(0), RAM_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (ram != page_at(0))
        return -1;
    memset(ram, 0xa5, RAM_PAGES * PAGE_SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return munmap(page_at(0), RAM_PAGES * PAGE_SIZE);
}

static struct regions ram_of(unsigned int first, unsigned int count)
{
    struct regions ram = {.count = 0};
    regions_add(&ram, (uintptr_t)page_at(first), (uint64_t)count * PAGE_SIZE);
    return ram;
}

/* --- regions ------------------------------------------------------------------------------- */

static void test_regions_merge_and_split(void **state)
{
    (void)state;
    struct regions r = {.count = 0};
    regions_add(&r, 0x5000, 0x2000);
    regions_add(&r, 0x1001, 0x1fff); /* partial page at the start: not ours */
    regions_add(&r, 0x3000, 0x2000); /* joins both */
    assert_int_equal(r.count, 1);
    assert_int_equal(r.items[0].base, 0x2000);
    assert_int_equal(r.items[0].size, 0x5000);
    regions_remove(&r, 0x3fff, 2); /* touches two pages */
    assert_int_equal(r.count, 2);
    assert_int_equal(r.items[0].size, 0x1000);
    assert_int_equal(r.items[1].base, 0x5000);
    assert_int_equal(regions_total(&r), 0x3000);
    regions_remove(&r, 0x6000, 0);
    assert_int_equal(regions_total(&r), 0x3000);
    regions_remove(&r, 0, UINT64_MAX);
    assert_int_equal(r.count, 0);
}

static void test_regions_nonsense(void **state)
{
    (void)state;
    struct regions r = {.count = 0};
    regions_add(&r, UINT64_MAX - 5, 4096);
    regions_add(&r, 0x1234, 0x100);
    regions_add(&r, REGIONS_ADDRESS_END, 0x10000);
    assert_int_equal(r.count, 0);
    regions_add(&r, 0x1000, UINT64_MAX);
    assert_int_equal(r.count, 1);
    assert_true(r.items[0].base + r.items[0].size == REGIONS_ADDRESS_END);
    /* A full set neither overflows nor loses its order. */
    for (unsigned int i = 0; i < 2 * REGIONS_MAX; i++)
        regions_remove(&r, 0x100000 + i * UINT64_C(0x2000), 0x1000);
    assert_int_equal(r.count, REGIONS_MAX);
    for (unsigned int i = 1; i < r.count; i++)
        assert_true(r.items[i - 1].base + r.items[i - 1].size < r.items[i].base);
}

/* --- pages --------------------------------------------------------------------------------- */

static void test_every_page_once(void **state)
{
    (void)state;
    struct regions ram = ram_of(0, 100);
    regions_add(&ram, (uintptr_t)page_at(200), 50 * PAGE_SIZE);
    assert_int_equal(pages_init(&ram, RAM_END), 0);
    uint64_t total = pages_free_count();
    assert_true(total > 100 && total < 150);
    uint8_t *pages[150];
    for (unsigned int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < total; i++) {
            pages[i] = page_alloc();
            assert_non_null(pages[i]);
            memset(pages[i], (int)i, PAGE_SIZE);
        }
        assert_null(page_alloc());
        assert_int_equal(pages_free_count(), 0);
        for (uint64_t i = 0; i < total; i++) {
            assert_int_equal(pages[i][0], (uint8_t)i);
            assert_int_equal(pages[i][PAGE_SIZE - 1], (uint8_t)i);
        }
        for (uint64_t i = 0; i < total; i += 2)
            page_free(pages[i]);
        for (uint64_t i = 1; i < total; i += 2)
            page_free(pages[i]);
        assert_int_equal(pages_free_count(), total);
    }
}

static void test_untouched_until_used(void **state)
{
    (void)state;
    struct regions ram = ram_of(0, RAM_PAGES);
    assert_int_equal(pages_init(&ram, RAM_END), 0);
    page_free(page_alloc());
    for (unsigned int i = 64; i < RAM_PAGES; i++)
        assert_int_equal(*page_at(i), 0xa5);
}

static void test_rows_come_back(void **state)
{
    (void)state;
    struct regions ram = ram_of(10, 600);
    assert_int_equal(pages_init(&ram, RAM_END), 0);
    uint64_t total = pages_free_count();
    uint8_t *row = pages_alloc(64);
    assert_non_null(row);
    /* Use everything up and give it back in an order that leaves the list well shuffled. */
    uint8_t *pages[600];
    uint64_t count = 0;
    while ((pages[count] = page_alloc()))
        count++;
    assert_int_equal(count + 64, total);
    assert_null(pages_alloc(2));
    for (uint64_t i = 0; i < count; i += 2)
        page_free(pages[i]);
    assert_null(pages_alloc(2)); /* every second page is taken */
    for (uint64_t i = 1; i < count; i += 2)
        page_free(pages[i]);
    uint8_t *again = pages_alloc(200);
    assert_non_null(again);
    memset(again, 1, 200 * PAGE_SIZE);
    assert_true(again + 200 * PAGE_SIZE <= row || again >= row + 64 * PAGE_SIZE);
    pages_free(again, 200);
    pages_free(row, 64);
    assert_int_equal(pages_free_count(), total);
    assert_non_null(pages_alloc(total)); /* one piece again */
    assert_int_equal(pages_free_count(), 0);
}

static void test_row_skips_short_region(void **state)
{
    (void)state;
    struct regions ram = ram_of(0, 20);
    regions_add(&ram, (uintptr_t)page_at(100), 20 * PAGE_SIZE);
    regions_add(&ram, (uintptr_t)page_at(1000), 500 * PAGE_SIZE);
    assert_int_equal(pages_init(&ram, RAM_END), 0);
    uint64_t total = pages_free_count();
    assert_null(pages_alloc(501));
    assert_null(pages_alloc(SIZE_MAX));
    assert_null(pages_alloc(0));
    assert_ptr_equal(pages_alloc(300), page_at(1000));
    for (uint64_t i = 0; i < total - 300; i++)
        assert_non_null(page_alloc());
    assert_null(page_alloc());
}

static void test_release(void **state)
{
    (void)state;
    /* Ahead of the frontier and behind it. */
    struct regions ram = ram_of(100, 100);
    regions_add(&ram, (uintptr_t)page_at(300), 100 * PAGE_SIZE);
    assert_int_equal(pages_init(&ram, RAM_END), 0);
    uint64_t total = pages_free_count();
    assert_non_null(page_alloc());
    pages_release((uintptr_t)page_at(200), 100 * PAGE_SIZE);
    pages_release((uintptr_t)page_at(50), 10 * PAGE_SIZE);
    assert_int_equal(pages_free_count(), total - 1 + 110);
    assert_int_equal(pages_total_count(), total + 110);
    assert_non_null(pages_alloc(250));
    for (uint64_t i = 0; i < total - 1 + 110 - 250; i++)
        assert_non_null(page_alloc());
    assert_null(page_alloc());
}

static void test_too_small(void **state)
{
    (void)state;
    struct regions none = {.count = 0};
    struct regions one = ram_of(0, 1);
    assert_true(pages_init(&none, RAM_END) < 0);
    assert_true(pages_init(&one, RAM_END) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions_merge_and_split),
        cmocka_unit_test(test_regions_nonsense),
        cmocka_unit_test_setup_teardown(test_every_page_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_untouched_until_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_row_skips_short_region, setup, teardown),
        cmocka_unit_test_setup_teardown(test_release, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_small, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
