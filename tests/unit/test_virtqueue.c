/* SPDX-License-Identifier: BSD-2-Clause */
/* Split virtqueues against a device that behaves, and against one that lies. */
/* sources: drivers/virtqueue.c tests/fake/fake_virtio.c tests/fake/fake_platform.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/dma.h"
#include "drivers/virtqueue.h"
#include "tests/fake/fake_platform.h"
#include "tests/fake/fake_virtio.h"

#define BUFFER_BYTES 64u

struct pair {
    struct virtqueue vq;
    struct fake_queue device;
    uint8_t *memory;
};

static void pair_make(struct pair *pair, uint16_t size, bool event_idx)
{
    assert_int_equal(virtqueue_init(&pair->vq, 7, size, event_idx), 0);
    fake_queue_attach(&pair->device, &pair->vq);
    pair->memory = dma_alloc(size * BUFFER_BYTES);
    assert_non_null(pair->memory);
}

static void pair_free(struct pair *pair)
{
    dma_free(pair->memory, pair->vq.size * BUFFER_BYTES);
    virtqueue_free(&pair->vq);
    assert_int_equal(fake_dma_live, 0);
}

static int add_writable(struct pair *pair, uint16_t token)
{
    return virtqueue_add(&pair->vq, VIRTQUEUE_DEVICE_WRITES, pair->memory + token * BUFFER_BYTES,
                         BUFFER_BYTES, token);
}

static void size_must_be_a_power_of_two(void **state)
{
    (void)state;
    struct virtqueue vq;
    assert_int_equal(virtqueue_init(&vq, 0, 0, true), -EINVAL);
    assert_int_equal(virtqueue_init(&vq, 0, 3, true), -EINVAL);
    assert_int_equal(virtqueue_init(&vq, 0, 65535, true), -EINVAL);
    assert_int_equal(virtqueue_init(&vq, 0, 32768, true), 0);
    virtqueue_free(&vq);
    virtqueue_free(&vq);
    fake_dma_budget = 0;
    assert_int_equal(virtqueue_init(&vq, 0, 8, true), -ENOMEM);
    fake_dma_budget = -1;
    assert_int_equal(fake_dma_live, 0);
}

static void a_buffer_goes_and_comes_back(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    struct virtqueue_completion done;
    pair_make(&pair, 4, true);
    assert_int_equal(virtqueue_take(&pair.vq, &done), 0);
    assert_int_equal(add_writable(&pair, 2), 0);
    assert_true(fake_queue_pop(&pair.device, &buffer));
    assert_true(buffer.device_writes);
    assert_ptr_equal(buffer.memory, pair.memory + 2 * BUFFER_BYTES);
    assert_int_equal(buffer.bytes, BUFFER_BYTES);
    assert_false(fake_queue_pop(&pair.device, &buffer));
    assert_int_equal(virtqueue_waiting(&pair.vq), 0);
    fake_queue_push(&pair.device, buffer.id, 5);
    assert_int_equal(virtqueue_waiting(&pair.vq), 1);
    assert_int_equal(virtqueue_take(&pair.vq, &done), 1);
    assert_int_equal(done.token, 2);
    assert_int_equal(done.bytes, 5);
    assert_int_equal(virtqueue_take(&pair.vq, &done), 0);
    pair_free(&pair);
}

/* Legacy devices put anything into the length of buffers that they read (§2.7.8.2). */
static void length_of_a_read_buffer_is_nothing(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    struct virtqueue_completion done;
    pair_make(&pair, 4, true);
    assert_int_equal(virtqueue_add(&pair.vq, VIRTQUEUE_DEVICE_READS, pair.memory, 8, 1), 0);
    assert_true(fake_queue_pop(&pair.device, &buffer));
    assert_false(buffer.device_writes);
    fake_queue_push(&pair.device, buffer.id, 0xdeadbeef);
    assert_int_equal(virtqueue_take(&pair.vq, &done), 1);
    assert_int_equal(done.bytes, 0);
    assert_int_equal(pair.vq.clamped_lengths, 0);
    pair_free(&pair);
}

static void full_is_full(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 4, false);
    for (uint16_t token = 0; token < 4; token++)
        assert_int_equal(add_writable(&pair, token), 0);
    assert_int_equal(add_writable(&pair, 0), -ENOSPC);
    pair_free(&pair);
}

static void completions_in_any_order(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffers[8];
    struct virtqueue_completion done;
    pair_make(&pair, 8, true);
    for (uint16_t round = 0; round < 100; round++) {
        for (uint16_t token = 0; token < 8; token++)
            assert_int_equal(add_writable(&pair, token), 0);
        for (unsigned int i = 0; i < 8; i++)
            assert_true(fake_queue_pop(&pair.device, &buffers[i]));
        for (unsigned int i = 0; i < 8; i++) {
            unsigned int pick = (i * 5 + round) % 8;
            fake_queue_push(&pair.device, buffers[pick].id, pick);
        }
        for (unsigned int i = 0; i < 8; i++) {
            assert_int_equal(virtqueue_take(&pair.vq, &done), 1);
            assert_int_equal(done.token, (i * 5 + round) % 8);
            assert_int_equal(done.bytes, done.token);
        }
    }
    assert_false(pair.vq.broken);
    pair_free(&pair);
}

/*
 * The notification decision against its definition in whole numbers, over more than twice 2^16
 * buffers: notify if the entry that the device asked for is among those added since last time.
 */
static void notifies_exactly_when_asked(void **state)
{
    (void)state;
    struct pair pair;
    struct virtqueue_completion done;
    struct fake_buffer buffer;
    pair_make(&pair, 16, true);
    uint64_t added = 0;
    uint64_t decided = 0;
    uint64_t event = 0;
    uint32_t random = 1;
    unsigned int notified = 0;
    while (added < 150000) {
        random = random * 1664525 + 1013904223;
        unsigned int batch = (random >> 16) % 5;
        for (unsigned int i = 0; i < batch; i++) {
            if (add_writable(&pair, 3) == 0)
                added++;
        }
        bool expected = decided <= event && event < added;
        assert_int_equal(virtqueue_should_notify(&pair.vq), expected);
        decided = added;
        notified += expected;
        /* A device that wakes takes everything and asks for something near or passed. */
        if (expected || (random >> 8) % 3 == 0) {
            while (fake_queue_pop(&pair.device, &buffer))
                fake_queue_push(&pair.device, buffer.id, 1);
            while (virtqueue_take(&pair.vq, &done) == 1)
                ;
            event = added + (random >> 20) % 20;
            fake_queue_want_kick_after(&pair.device, (uint16_t)event);
        }
    }
    assert_true(notified > 1000);
    pair_free(&pair);
}

static void starts_near_the_wrap(void **state)
{
    (void)state;
    for (unsigned int start = 0xffe0; start <= 0x10000; start++) {
        struct pair pair;
        struct virtqueue_completion done;
        struct fake_buffer buffer;
        pair_make(&pair, 8, true);
        fake_queue_move(&pair.device, &pair.vq, (uint16_t)start);
        for (unsigned int i = 0; i < 64; i++) {
            assert_int_equal(add_writable(&pair, (uint16_t)(i % 8)), 0);
            assert_true(virtqueue_should_notify(&pair.vq));
            assert_false(virtqueue_enable_interrupts(&pair.vq));
            assert_true(fake_queue_pop(&pair.device, &buffer));
            fake_queue_push(&pair.device, buffer.id, i);
            assert_true(fake_queue_should_interrupt(&pair.device));
            assert_int_equal(virtqueue_take(&pair.vq, &done), 1);
            assert_int_equal(done.token, i % 8);
        }
        pair_free(&pair);
    }
}

static void no_notify_flag_counts_without_event_idx(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 8, false);
    assert_false(virtqueue_should_notify(&pair.vq));
    assert_int_equal(add_writable(&pair, 0), 0);
    assert_true(virtqueue_should_notify(&pair.vq));
    assert_false(virtqueue_should_notify(&pair.vq));
    fake_queue_set_no_notify(&pair.device, true);
    assert_int_equal(add_writable(&pair, 1), 0);
    assert_false(virtqueue_should_notify(&pair.vq));
    pair_free(&pair);
}

static void interrupts_only_when_wanted(void **state)
{
    (void)state;
    for (int event_idx = 0; event_idx < 2; event_idx++) {
        struct pair pair;
        struct fake_buffer buffer;
        struct virtqueue_completion done;
        pair_make(&pair, 8, event_idx != 0);
        /* The first one may always interrupt (hw/virtio/virtio.c:virtio_split_should_notify). */
        for (uint16_t i = 0; i < 8; i++)
            assert_int_equal(add_writable(&pair, i), 0);
        assert_true(fake_queue_pop(&pair.device, &buffer));
        fake_queue_push(&pair.device, buffer.id, 1);
        (void)fake_queue_should_interrupt(&pair.device);
        assert_true(fake_queue_pop(&pair.device, &buffer));
        fake_queue_push(&pair.device, buffer.id, 1);
        assert_false(fake_queue_should_interrupt(&pair.device));
        /* Two wait: enabling says so, because no interrupt will. */
        assert_true(virtqueue_enable_interrupts(&pair.vq));
        while (virtqueue_take(&pair.vq, &done) == 1)
            ;
        assert_false(virtqueue_enable_interrupts(&pair.vq));
        assert_true(fake_queue_pop(&pair.device, &buffer));
        fake_queue_push(&pair.device, buffer.id, 1);
        assert_true(fake_queue_should_interrupt(&pair.device));
        virtqueue_disable_interrupts(&pair.vq);
        assert_true(fake_queue_pop(&pair.device, &buffer));
        fake_queue_push(&pair.device, buffer.id, 1);
        assert_false(fake_queue_should_interrupt(&pair.device));
        pair_free(&pair);
    }
}

/* --- lies ----------------------------------------------------------------------------------- */

/* Four buffers with the device, one of them (`*buffer`) taken by it. */
static void pair_with_four(struct pair *pair, struct fake_buffer *buffer)
{
    pair_make(pair, 8, true);
    for (uint16_t token = 0; token < 4; token++)
        assert_int_equal(add_writable(pair, token), 0);
    assert_true(fake_queue_pop(&pair->device, buffer));
}

static void assert_broken(struct pair *pair)
{
    struct virtqueue_completion done;
    unsigned int lines = fake_log_lines;
    assert_int_equal(virtqueue_take(&pair->vq, &done), -EPROTO);
    assert_int_equal(fake_log_lines, lines + 1);
    assert_true(pair->vq.broken);
    /* Once broken, always broken, quietly. */
    assert_int_equal(virtqueue_take(&pair->vq, &done), -EPROTO);
    assert_int_equal(add_writable(pair, 5), -EPROTO);
    assert_false(virtqueue_should_notify(&pair->vq));
    assert_int_equal(fake_log_lines, lines + 1);
    pair_free(pair);
}

static void too_long_is_clamped_and_counted(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    struct virtqueue_completion done;
    pair_with_four(&pair, &buffer);
    fake_queue_push(&pair.device, buffer.id, BUFFER_BYTES + 1);
    assert_int_equal(virtqueue_take(&pair.vq, &done), 1);
    assert_int_equal(done.bytes, BUFFER_BYTES);
    assert_int_equal(pair.vq.clamped_lengths, 1);
    pair_free(&pair);
}

static void index_jumps_ahead(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    pair_with_four(&pair, &buffer);
    fake_queue_set_used_index(&pair.device, 5); /* four are in flight */
    assert_broken(&pair);
}

static void index_goes_back(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    struct virtqueue_completion done;
    pair_with_four(&pair, &buffer);
    fake_queue_push(&pair.device, buffer.id, 1);
    assert_int_equal(virtqueue_take(&pair.vq, &done), 1);
    fake_queue_set_used_index(&pair.device, 0);
    assert_broken(&pair);
}

static void id_beyond_the_table(void **state)
{
    (void)state;
    const uint32_t ids[] = {8, 9, 0xffff, 0x10000, 0x10003, UINT32_MAX};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct pair pair;
        struct fake_buffer buffer;
        pair_with_four(&pair, &buffer);
        fake_queue_push(&pair.device, ids[i], 1);
        assert_broken(&pair);
    }
}

static void id_that_is_not_in_flight(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    pair_with_four(&pair, &buffer);
    fake_queue_push(&pair.device, 6, 1);
    assert_broken(&pair);
}

static void id_that_came_back_already(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    struct virtqueue_completion done;
    pair_with_four(&pair, &buffer);
    fake_queue_push(&pair.device, buffer.id, 1);
    fake_queue_push(&pair.device, buffer.id, 1);
    assert_int_equal(virtqueue_take(&pair.vq, &done), 1);
    assert_broken(&pair);
}

static void a_silent_device_is_just_silent(void **state)
{
    (void)state;
    struct pair pair;
    struct fake_buffer buffer;
    struct virtqueue_completion done;
    pair_with_four(&pair, &buffer);
    for (unsigned int i = 0; i < 1000; i++)
        assert_int_equal(virtqueue_take(&pair.vq, &done), 0);
    assert_false(pair.vq.broken);
    pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_must_be_a_power_of_two),
        cmocka_unit_test(a_buffer_goes_and_comes_back),
        cmocka_unit_test(length_of_a_read_buffer_is_nothing),
        cmocka_unit_test(full_is_full),
        cmocka_unit_test(completions_in_any_order),
        cmocka_unit_test(notifies_exactly_when_asked),
        cmocka_unit_test(starts_near_the_wrap),
        cmocka_unit_test(no_notify_flag_counts_without_event_idx),
        cmocka_unit_test(interrupts_only_when_wanted),
        cmocka_unit_test(too_long_is_clamped_and_counted),
        cmocka_unit_test(index_jumps_ahead),
        cmocka_unit_test(index_goes_back),
        cmocka_unit_test(id_beyond_the_table),
        cmocka_unit_test(id_that_is_not_in_flight),
        cmocka_unit_test(id_that_came_back_already),
        cmocka_unit_test(a_silent_device_is_just_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
