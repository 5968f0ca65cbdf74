/* SPDX-License-Identifier: BSD-2-Clause */
/* The console driver against a device with QEMU's habits, and against broken ones. */
/* sources: drivers/virtio_console*.c drivers/virtio.c drivers/virtqueue.c tests/fake/fake_*.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/clock.h"
#include "drivers/virtio_console.h"
#include "drivers/virtio_console_regs.h"
#include "drivers/virtio_regs.h"
#include "tests/fake/fake_console.h"
#include "tests/fake/fake_platform.h"

#define NAME "org.qemu.guest_agent.0"

struct bench {
    struct fake_console device;
    struct virtio_console console;
    char events[256]; /* O C R X, one letter each */
};

static void on_event(void *ctx, struct virtio_console *console, enum virtio_console_event event)
{
    struct bench *bench = ctx;
    size_t length = strlen(bench->events);
    assert_ptr_equal(console, &bench->console);
    assert_true(length + 1 < sizeof(bench->events));
    bench->events[length] = "OCRX"[event];
}

/* Polls until nothing moves; a driver that never settles is a failure. */
static void settle(struct bench *bench)
{
    for (unsigned int turns = 0; virtio_console_poll(&bench->console); turns++)
        assert_true(turns < 2000);
}

static void expect_events(struct bench *bench, const char *events)
{
    settle(bench);
    assert_string_equal(bench->events, events);
    memset(bench->events, 0, sizeof(bench->events));
}

static int start_with(struct bench *bench, uint16_t rx_buffers, uint32_t tx_bytes)
{
    struct virtio_console_config config = {
        .port_name = NAME,
        .serve_single_port = true,
        .rx_buffers = rx_buffers,
        .tx_bytes = tx_bytes,
        .event = on_event,
        .ctx = bench,
    };
    return virtio_console_start(&bench->console, &bench->device.virtio.device, &config);
}

static void make(struct bench *bench, uint32_t max_ports)
{
    memset(bench, 0, sizeof(*bench));
    fake_console_init(&bench->device, max_ports, true);
}

/* A device with the agent's port at `port`, open on the host side, and a running session. */
static void make_running(struct bench *bench, uint32_t port)
{
    make(bench, 31);
    bench->device.ports[port] = (struct fake_port){.exists = true, .host_open = true, .name = NAME};
    assert_int_equal(start_with(bench, 16, 65536), 0);
    expect_events(bench, "O");
    assert_true(bench->device.ports[port].guest_open);
}

static void finish(struct bench *bench)
{
    virtio_console_stop(&bench->console);
    assert_int_equal(fake_dma_live, 0);
}

static size_t read_some(struct bench *bench, char *to, size_t room)
{
    const uint8_t *bytes;
    size_t total = 0;
    size_t count;
    while ((count = virtio_console_port_peek(&bench->console, &bytes)) != 0) {
        assert_true(count <= room - total);
        memcpy(to + total, bytes, count);
        total += count;
        virtio_console_port_consume(&bench->console, count);
    }
    return total;
}

static void expect_input(struct bench *bench, const char *expected)
{
    char text[65536];
    size_t count = read_some(bench, text, sizeof(text) - 1);
    text[count] = '\0';
    assert_string_equal(text, expected);
}

static void host_writes(struct bench *bench, uint32_t port, const char *text)
{
    assert_int_equal(fake_console_host_write(&bench->device, port, text, strlen(text)),
                     strlen(text));
}

static bool write_text(struct bench *bench, const char *text)
{
    size_t length = strlen(text);
    while (length != 0) {
        uint8_t *room;
        size_t count = virtio_console_port_reserve(&bench->console, &room);
        if (count == 0)
            return false;
        count = count < length ? count : length;
        memcpy(room, text, count);
        virtio_console_port_commit(&bench->console, count);
        text += count;
        length -= count;
    }
    return true;
}

static void expect_output(struct bench *bench, const char *expected)
{
    assert_int_equal(bench->device.output_bytes, strlen(expected));
    assert_memory_equal(bench->device.output, expected, strlen(expected));
    bench->device.output_bytes = 0;
}

/* --- the handshake -------------------------------------------------------------------------- */

/* The transcript of QEMU with a virtconsole at 0 and the agent's port at 1. */
static void handshake_as_recorded(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 31);
    bench.device.ports[0] = (struct fake_port){.exists = true, .console = true, .host_open = true};
    bench.device.ports[1] = (struct fake_port){.exists = true, .host_open = true, .name = NAME};
    assert_int_equal(start_with(&bench, 16, 65536), 0);
    expect_events(&bench, "O");
    const uint16_t expected[][2] = {
        {0xffff, VIRTIO_CONSOLE_DEVICE_READY}, {0, VIRTIO_CONSOLE_PORT_READY},
        {1, VIRTIO_CONSOLE_PORT_READY},        {0, VIRTIO_CONSOLE_PORT_OPEN},
        {1, VIRTIO_CONSOLE_PORT_OPEN},
    };
    assert_int_equal(bench.device.said_count, 5);
    for (unsigned int i = 0; i < 5; i++) {
        assert_int_equal((uint16_t)bench.device.said[i].id, expected[i][0]);
        assert_int_equal(bench.device.said[i].event, expected[i][1]);
        assert_int_equal(bench.device.said[i].value, 1);
    }
    assert_int_equal(bench.device.virtio.resets, 1);
    assert_int_equal(bench.device.lost, 0);
    finish(&bench);
}

static void name_without_nul(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 31);
    bench.device.name_without_nul = true;
    bench.device.ports[1] = (struct fake_port){.exists = true, .host_open = true, .name = NAME};
    assert_int_equal(start_with(&bench, 16, 65536), 0);
    expect_events(&bench, "O");
    finish(&bench);
}

static void similar_names_are_other_names(void **state)
{
    (void)state;
    const char *names[] = {"org.qemu.guest_agent.1", "org.qemu.guest_agent.", "", "o",
                           "org.qemu.guest_agent.0x"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bench bench;
        make(&bench, 31);
        bench.device.ports[1] =
            (struct fake_port){.exists = true, .host_open = true, .name = names[i]};
        assert_int_equal(start_with(&bench, 16, 65536), 0);
        expect_events(&bench, "");
        assert_false(bench.device.ports[1].guest_open);
        finish(&bench);
    }
}

static void any_port_number(void **state)
{
    (void)state;
    for (uint32_t port = 0; port < 31; port++) {
        struct bench bench;
        make_running(&bench, port);
        assert_int_equal(bench.device.virtio.resets, port == 1 ? 1 : 3);
        host_writes(&bench, port, "hello");
        expect_input(&bench, "hello");
        assert_true(write_text(&bench, "there"));
        virtio_console_port_flush(&bench.console);
        expect_output(&bench, "there");
        finish(&bench);
    }
}

/* Every port with a name, a console's mark and an open host: nothing is lost on the way. */
static void among_many_ports(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 31);
    for (uint32_t id = 0; id < 31; id++)
        bench.device.ports[id] = (struct fake_port){
            .exists = true, .console = true, .host_open = true, .name = id == 30 ? NAME : "other"};
    assert_int_equal(start_with(&bench, 16, 65536), 0);
    expect_events(&bench, "O");
    assert_int_equal(bench.device.lost, 0);
    for (uint32_t id = 0; id < 31; id++)
        assert_true(bench.device.ports[id].guest_open);
    finish(&bench);
}

/* More ports than control buffers: QEMU loses announcements. */
static void among_more_ports_than_buffers(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 64);
    for (uint32_t id = 1; id < 61; id++)
        bench.device.ports[id] = (struct fake_port){
            .exists = true, .host_open = true, .name = id == 60 ? NAME : "other"};
    assert_int_equal(start_with(&bench, 16, 65536), 0);
    expect_events(&bench, "O");
    finish(&bench);
}

/* PORT_ADD, PORT_NAME and PORT_OPEN in every order, each once or twice. */
static void messages_in_any_order(void **state)
{
    (void)state;
    static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (unsigned int variant = 0; variant < 6 * 8; variant++) {
        struct bench bench;
        make(&bench, 4);
        bench.device.passive = true;
        bench.device.ports[1].exists = true;
        assert_int_equal(start_with(&bench, 16, 65536), 0);
        for (unsigned int i = 0; i < 3; i++) {
            unsigned int what = orders[variant / 8][i];
            for (unsigned int times = 0; times <= (variant % 8 >> what & 1); times++) {
                if (what == 0)
                    fake_console_say(&bench.device, 1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL, 0, 0);
                else if (what == 1)
                    fake_console_say(&bench.device, 1, VIRTIO_CONSOLE_PORT_NAME, 1, NAME,
                                     sizeof(NAME), 0);
                else
                    fake_console_say(&bench.device, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL, 0, 0);
                settle(&bench);
            }
        }
        /* An announcement starts anew; the device then repeats name and state when asked. */
        bool announced_last = orders[variant / 8][0] != 0;
        if (announced_last) {
            fake_console_say(&bench.device, 1, VIRTIO_CONSOLE_PORT_NAME, 1, NAME, sizeof(NAME), 0);
            fake_console_say(&bench.device, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL, 0, 0);
        }
        settle(&bench);
        assert_true(bench.console.open);
        finish(&bench);
    }
}

static void bad_messages_are_refused(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    fake_console_say(&bench.device, 31, VIRTIO_CONSOLE_PORT_ADD, 1, NULL, 0, 0);
    fake_console_say(&bench.device, UINT32_MAX, VIRTIO_CONSOLE_PORT_NAME, 1, NAME, 22, 0);
    fake_console_say(&bench.device, 1, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL, 0, 7); /* too short */
    fake_console_say(&bench.device, 1, 77, 0, NULL, 0, 0);
    expect_events(&bench, "");
    assert_int_equal(bench.console.counters.control_refused, 4);
    fake_console_say(&bench.device, 1, VIRTIO_CONSOLE_RESIZE, 0, "abcd", 4, 0);
    /* A name that is longer than the buffer, and a length that is even longer. */
    char name[300];
    memset(name, 'x', sizeof(name));
    fake_console_say(&bench.device, 2, VIRTIO_CONSOLE_PORT_NAME, 1, name, sizeof(name), 4096);
    expect_events(&bench, "");
    assert_int_equal(bench.console.control_rx.clamped_lengths, 1);
    host_writes(&bench, 1, "alive");
    expect_input(&bench, "alive");
    /* No name is that long: whatever the device wrote, it was no message. */
    fake_console_say(&bench.device, 2, VIRTIO_CONSOLE_PORT_NAME, 1, name, sizeof(name), UINT32_MAX);
    expect_events(&bench, "RO");
    finish(&bench);
}

/* Nor is there more input than its buffer holds. */
static void impossible_input_resets(void **state)
{
    (void)state;
    struct bench bench;
    struct fake_buffer buffer;
    make_running(&bench, 1);
    assert_true(fake_queue_pop(&bench.device.virtio.queues[4], &buffer));
    fake_queue_push(&bench.device.virtio.queues[4], buffer.id, buffer.bytes + 1);
    expect_input(&bench, "");
    expect_events(&bench, "RO");
    host_writes(&bench, 1, "alive");
    expect_input(&bench, "alive");
    finish(&bench);
}

static void without_multiport_port_0_is_ours(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 1);
    bench.device.ports[0] = (struct fake_port){.exists = true, .host_open = true};
    assert_int_equal(start_with(&bench, 16, 65536), 0);
    expect_events(&bench, "O");
    host_writes(&bench, 0, "hello");
    expect_input(&bench, "hello");
    assert_true(write_text(&bench, "there"));
    virtio_console_port_flush(&bench.console);
    expect_output(&bench, "there");
    finish(&bench);
}

static void refusals_are_errors(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 4);
    bench.device.virtio.refuse_features = true;
    assert_int_equal(start_with(&bench, 16, 65536), -EPROTO);
    assert_true((bench.device.virtio.status & VIRTIO_STATUS_FAILED) == 0); /* reset afterwards */
    bench.device.virtio.refuse_features = false;
    bench.device.virtio.offered &= ~VIRTIO_F_VERSION_1;
    assert_int_equal(start_with(&bench, 16, 65536), -EPROTO);
    bench.device.virtio.offered |= VIRTIO_F_VERSION_1;
    bench.device.virtio.refuse_driver_ok = true;
    assert_int_equal(start_with(&bench, 16, 65536), -EPROTO);
    bench.device.virtio.refuse_driver_ok = false;
    bench.device.virtio.queue_sizes[3] = 0;
    assert_int_equal(start_with(&bench, 16, 65536), -ENOENT);
    bench.device.virtio.gone = true;
    assert_int_equal(start_with(&bench, 16, 65536), -ENODEV);
    assert_int_equal(start_with(&bench, 15, 65536), -EINVAL);
    assert_int_equal(start_with(&bench, 16, 65535), -EINVAL);
    assert_int_equal(start_with(&bench, 16, 2048), -EINVAL);
    assert_int_equal(fake_dma_live, 0);
}

static void out_of_memory_leaves_nothing(void **state)
{
    (void)state;
    int error = -ENOMEM;
    for (int budget = 0; error != 0; budget++) {
        struct bench bench;
        make(&bench, 4);
        fake_dma_budget = budget;
        error = start_with(&bench, 16, 65536);
        assert_true(error == 0 ? budget == 7 : error == -ENOMEM);
        fake_dma_budget = -1;
        finish(&bench);
    }
}

/* Unknown offers are not taken: bits 30 and 34 (RING_PACKED) here; ACCESS_PLATFORM is. */
static void features_are_chosen_one_by_one(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 4);
    bench.device.virtio.offered = UINT64_MAX;
    assert_int_equal(start_with(&bench, 16, 65536), 0);
    assert_int_equal(bench.device.virtio.accepted, VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_F_EVENT_IDX |
                                                       VIRTIO_F_VERSION_1 |
                                                       VIRTIO_F_ACCESS_PLATFORM);
    finish(&bench);
}

/* --- the byte stream ------------------------------------------------------------------------ */

static void input_is_a_stream(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    char text[10000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 26);
    assert_int_equal(fake_console_host_write(&bench.device, 1, text, sizeof(text)), sizeof(text));
    size_t total = 0;
    const uint8_t *bytes;
    size_t count;
    size_t step = 1;
    while ((count = virtio_console_port_peek(&bench.console, &bytes)) != 0) {
        size_t use = step < count ? step : count;
        assert_memory_equal(bytes, text + total, use);
        virtio_console_port_consume(&bench.console, use);
        total += use;
        step = step % 97 + 3;
    }
    assert_int_equal(total, sizeof(text));
    virtio_console_port_consume(&bench.console, 5); /* nothing is lent: nothing happens */
    finish(&bench);
}

/* More than 65536 buffers each way, the host writing and reading in lumps. */
static void streams_beyond_the_wrap(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    uint32_t sent = 0, echoed = 0, random = 7;
    while (echoed < 70000 * 3) {
        char text[16];
        random = random * 1664525 + 1013904223;
        int length = snprintf(text, sizeof(text), "%u;", sent);
        if (fake_console_host_write(&bench.device, 1, text, (size_t)length) != 0)
            sent++;
        char echo[65536];
        size_t count = read_some(&bench, echo, sizeof(echo) - 1);
        echo[count] = '\0';
        assert_true(write_text(&bench, echo));
        virtio_console_port_flush(&bench.console);
        for (size_t i = 0; i < bench.device.output_bytes;) {
            char expected[16];
            int digits = snprintf(expected, sizeof(expected), "%u;", echoed++);
            assert_memory_equal(bench.device.output + i, expected, (size_t)digits);
            i += (size_t)digits;
        }
        bench.device.output_bytes = 0;
        if (random >> 28 == 0)
            settle(&bench);
    }
    assert_int_equal(bench.device.lost, 0);
    assert_false(bench.console.rx.broken || bench.console.tx.broken);
    finish(&bench);
}

static void a_stalled_host_blocks_nothing(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    bench.device.host_stalls = true;
    char *expected = malloc(65537);
    size_t total = 0;
    uint8_t *room;
    size_t count;
    while ((count = virtio_console_port_reserve(&bench.console, &room)) != 0) {
        size_t use = count > 1000 ? 1000 : count;
        memset(room, (int)('a' + total / 1000 % 26), use);
        memset(expected + total, (int)('a' + total / 1000 % 26), use);
        virtio_console_port_commit(&bench.console, use);
        total += use;
    }
    assert_int_equal(total, 65536);
    expected[total] = '\0';
    /* Nothing to do: the loop may sleep, although input waits that nobody wants now. */
    host_writes(&bench, 1, "x");
    settle(&bench);
    assert_false(virtio_console_arm(&bench.console));
    fake_console_host_reads(&bench.device, 1);
    assert_true(fake_queue_should_interrupt(&bench.device.virtio.queues[5]));
    assert_true(virtio_console_poll(&bench.console));
    assert_true(virtio_console_port_reserve(&bench.console, &room) != 0);
    expect_output(&bench, expected);
    free(expected);
    finish(&bench);
}

/* The machine may end when the host has all that was said. */
static void drained_when_the_host_has_all(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    assert_true(virtio_console_is_open(&bench.console));
    assert_true(virtio_console_port_drained(&bench.console));
    bench.device.host_stalls = true;
    assert_true(write_text(&bench, "last words"));
    assert_false(virtio_console_port_drained(&bench.console));
    virtio_console_port_flush(&bench.console);
    settle(&bench);
    assert_false(virtio_console_port_drained(&bench.console));
    fake_console_host_reads(&bench.device, 1);
    assert_true(virtio_console_port_drained(&bench.console));
    expect_output(&bench, "last words");
    /* Nobody is there to take it. */
    assert_true(write_text(&bench, "to nobody"));
    fake_console_host_close(&bench.device, 1);
    settle(&bench);
    assert_false(virtio_console_is_open(&bench.console));
    assert_true(virtio_console_port_drained(&bench.console));
    finish(&bench);
}

/* Pings: one notification each, none for receive buffers, and an interrupt for the next one. */
/* Looking whether all is taken takes nothing away from whoever waits for room. */
static void asking_whether_it_is_drained(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t *room;
    size_t count;
    make_running(&bench, 1);
    bench.device.host_stalls = true;
    while ((count = virtio_console_port_reserve(&bench.console, &room)) != 0) {
        memset(room, 'x', count);
        virtio_console_port_commit(&bench.console, count);
    }
    virtio_console_port_flush(&bench.console);
    assert_false(virtio_console_port_drained(&bench.console));
    settle(&bench);
    assert_false(virtio_console_port_drained(&bench.console));
    assert_false(virtio_console_arm(&bench.console));
    fake_console_host_reads(&bench.device, 1);
    assert_true(virtio_console_port_drained(&bench.console));
    assert_true(virtio_console_poll(&bench.console));
    assert_int_not_equal(virtio_console_port_reserve(&bench.console, &room), 0);
    finish(&bench);
}

/* Our side closes and opens: the host sees both, and nothing crosses from one time to the next. */
static void our_side_closes(void **state)
{
    (void)state;
    struct bench bench;
    const uint8_t *bytes;
    uint8_t *room;
    make_running(&bench, 1);
    host_writes(&bench, 1, "never read");
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 10);
    virtio_console_port_set_open(&bench.console, false);
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 0);
    assert_int_equal(virtio_console_port_reserve(&bench.console, &room), 0);
    expect_events(&bench, "");
    assert_false(bench.device.ports[1].guest_open);
    virtio_console_port_set_open(&bench.console, true);
    expect_events(&bench, "O");
    assert_true(bench.device.ports[1].guest_open);
    host_writes(&bench, 1, "new");
    expect_input(&bench, "new");
    finish(&bench);
}

/* A host that comes and goes meanwhile finds the port closed. */
static void the_host_comes_while_our_side_is_closed(void **state)
{
    (void)state;
    struct bench bench;
    make(&bench, 31);
    bench.device.ports[1] = (struct fake_port){.exists = true, .host_open = true, .name = NAME};
    assert_int_equal(start_with(&bench, 16, 65536), 0);
    virtio_console_port_set_open(&bench.console, false);
    expect_events(&bench, "");
    assert_false(bench.device.ports[1].guest_open);
    fake_console_host_close(&bench.device, 1);
    fake_console_host_open(&bench.device, 1);
    expect_events(&bench, "");
    virtio_console_port_set_open(&bench.console, true);
    expect_events(&bench, "O");
    assert_true(bench.device.ports[1].guest_open);
    finish(&bench);
}

static void a_reply_costs_one_notification(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    struct fake_queue *rx = &bench.device.virtio.queues[4];
    struct fake_queue *tx = &bench.device.virtio.queues[5];
    unsigned int rx_kicks = rx->kicks;
    (void)fake_queue_should_interrupt(rx);
    (void)fake_queue_should_interrupt(tx);
    for (unsigned int i = 0; i < 1000; i++) {
        settle(&bench);
        assert_false(virtio_console_arm(&bench.console));
        host_writes(&bench, 1, "ping");
        if (i != 0)
            assert_true(fake_queue_should_interrupt(rx));
        else
            (void)fake_queue_should_interrupt(rx);
        settle(&bench);
        unsigned int tx_kicks = tx->kicks;
        expect_input(&bench, "ping");
        assert_true(write_text(&bench, "pong"));
        virtio_console_port_flush(&bench.console);
        virtio_console_port_flush(&bench.console);
        assert_int_equal(tx->kicks, tx_kicks + 1);
        if (i != 0)
            assert_false(fake_queue_should_interrupt(tx));
        else
            (void)fake_queue_should_interrupt(tx);
        expect_output(&bench, "pong");
    }
    assert_int_equal(rx->kicks, rx_kicks);
    finish(&bench);
}

/* --- opening and closing -------------------------------------------------------------------- */

static void closing_drops_both_directions(void **state)
{
    (void)state;
    struct bench bench;
    const uint8_t *bytes;
    uint8_t *room;
    make_running(&bench, 1);
    host_writes(&bench, 1, "half a docu");
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 11);
    virtio_console_port_consume(&bench.console, 4);
    host_writes(&bench, 1, "ment");
    assert_true(write_text(&bench, "unsent reply"));
    fake_console_host_close(&bench.device, 1);
    /* Before the event is handled nothing moves any more. */
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 0);
    assert_int_equal(virtio_console_port_reserve(&bench.console, &room), 0);
    virtio_console_port_flush(&bench.console);
    expect_events(&bench, "C");
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 0);
    assert_int_equal(virtio_console_port_reserve(&bench.console, &room), 0);
    fake_console_host_open(&bench.device, 1);
    host_writes(&bench, 1, "new");
    expect_events(&bench, "O");
    expect_input(&bench, "new");
    virtio_console_port_flush(&bench.console);
    expect_output(&bench, "");
    assert_true(write_text(&bench, "answer"));
    virtio_console_port_flush(&bench.console);
    expect_output(&bench, "answer");
    finish(&bench);
}

/* The loop has seen the first half; then the host closes, opens and writes before the next look. */
static void reopened_between_two_looks(void **state)
{
    (void)state;
    struct bench bench;
    const uint8_t *bytes;
    make_running(&bench, 1);
    host_writes(&bench, 1, "old");
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 3);
    fake_console_host_close(&bench.device, 1);
    fake_console_host_open(&bench.device, 1);
    host_writes(&bench, 1, "new");
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 0);
    expect_events(&bench, "CO");
    expect_input(&bench, "new");
    finish(&bench);
}

/* Input that was never looked at, then a close that is looked at before the next opening. */
static void unread_input_of_a_closed_session(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    host_writes(&bench, 1, "old");
    fake_console_host_close(&bench.device, 1);
    expect_events(&bench, "C");
    fake_console_host_open(&bench.device, 1);
    host_writes(&bench, 1, "new");
    expect_events(&bench, "O");
    expect_input(&bench, "new");
    assert_int_equal(bench.console.counters.rx_dropped, 3);
    finish(&bench);
}

/* A new client's request must never be lost, whatever else happened before the look. */
static void a_new_clients_bytes_survive(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    for (unsigned int i = 0; i < 500; i++) {
        fake_console_host_close(&bench.device, 1);
        fake_console_host_open(&bench.device, 1);
        host_writes(&bench, 1, "new");
        if (i % 3 == 0) {
            expect_events(&bench, "CO");
        } else {
            settle(&bench);
            memset(bench.events, 0, sizeof(bench.events));
        }
        expect_input(&bench, "new");
    }
    finish(&bench);
}

/* PORT_OPEN(0) got lost; the second PORT_OPEN(1) alone shows that somebody else is there. */
static void opened_while_open(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    fake_console_host_open(&bench.device, 1); /* reported twice, nothing has passed */
    expect_events(&bench, "");
    host_writes(&bench, 1, "x");
    expect_input(&bench, "x");
    fake_console_host_open(&bench.device, 1);
    expect_events(&bench, "CO");
    finish(&bench);
}

static bool begins_with_brace(const uint8_t *bytes, size_t count)
{
    return count != 0 && bytes[0] == '{';
}

/* Whose bytes they are nothing tells: each buffer that may begin a session is told as one. */
static void undecided_input(void **state)
{
    (void)state;
    static const struct {
        const char *old[3]; /* unread when the host closes */
        const char *new[3];
        const char *read; /* with a '|' where a session begins */
    } cases[] = {
        {{"{old"}, {"{new}"}, "|{old|{new}"},
        {{"tail of old"}, {"{new}"}, "|{new}"},
        {{"tail", "tail", "{old"}, {"{new", "er}"}, "|{old|{newer}"},
        {{"tail"}, {"garbage", "{new}"}, "garbage{new}"},
        {{"{old"}, {"garbage", "{new}"}, "|{oldgarbage{new}"},
        {{NULL}, {"garbage"}, "garbage"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        char text[256] = "";
        make_running(&bench, 1);
        bench.console.config.may_begin = begins_with_brace;
        for (size_t n = 0; n < 3 && cases[i].old[n] != NULL; n++)
            host_writes(&bench, 1, cases[i].old[n]);
        fake_console_host_close(&bench.device, 1);
        fake_console_host_open(&bench.device, 1);
        expect_events(&bench, "CO");
        for (size_t n = 0; n < 3 && cases[i].new[n] != NULL; n++)
            host_writes(&bench, 1, cases[i].new[n]);
        do {
            if (bench.events[0] != '\0') {
                assert_string_equal(bench.events, "O");
                bench.events[0] = '\0';
                strcat(text, "|");
            }
            size_t length = strlen(text);
            length += read_some(&bench, text + length, sizeof(text) - 1 - length);
            text[length] = '\0';
        } while (virtio_console_poll(&bench.console));
        assert_string_equal(text, cases[i].read);
        assert_false(virtio_console_arm(&bench.console));
        /* From here on everything is certain. */
        host_writes(&bench, 1, "{more");
        expect_events(&bench, "");
        expect_input(&bench, "{more");
        finish(&bench);
    }
}

/* A reply that its reader left: the next one sees nothing of it, and there is room for his own. */
static void unread_output_of_a_closed_session(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    bench.console.config.tx_filler = ' ';
    for (unsigned int round = 0; round < 300; round++) {
        uint8_t *room;
        size_t count;
        bench.device.host_stalls = true;
        while ((count = virtio_console_port_reserve(&bench.console, &room)) != 0) {
            memset(room, 'o', count);
            virtio_console_port_commit(&bench.console, count);
        }
        fake_console_host_close(&bench.device, 1);
        if (round % 2 == 0)
            settle(&bench); /* heard before the next one comes: all is discarded */
        bench.device.host_stalls = false;
        fake_console_host_open(&bench.device, 1);
        expect_events(&bench, round % 2 == 0 ? "CO" : bench.events);
        bench.device.output[bench.device.output_bytes] = '\0';
        assert_int_equal(strspn((char *)bench.device.output, " "), bench.device.output_bytes);
        if (round % 2 == 0)
            assert_int_equal(bench.device.output_bytes, 0);
        bench.device.output_bytes = 0;
        for (unsigned int answer = 0; answer < 20; answer++) {
            assert_true(write_text(&bench, "answer"));
            virtio_console_port_flush(&bench.console);
            expect_output(&bench, "answer");
        }
    }
    assert_true(bench.console.counters.resets > 0 && bench.console.counters.resets < 8);
    finish(&bench);
}

/* --- ports that come and go ----------------------------------------------------------------- */

static void unplug(struct bench *bench, uint32_t port)
{
    bench->device.ports[port] = (struct fake_port){0};
    fake_console_say(&bench->device, port, VIRTIO_CONSOLE_PORT_REMOVE, 1, NULL, 0, 0);
}

static void plug(struct bench *bench, uint32_t port, const char *name)
{
    bench->device.ports[port] = (struct fake_port){.exists = true, .host_open = true, .name = name};
    fake_console_say(&bench->device, port, VIRTIO_CONSOLE_PORT_ADD, 1, NULL, 0, 0);
}

static void unplugged_and_replugged(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    for (unsigned int round = 0; round < 200; round++) {
        uint32_t from = round == 0 ? 1 : (round - 1) % 7;
        uint32_t to = round % 7;
        host_writes(&bench, from, "half");
        unplug(&bench, from);
        expect_events(&bench, "C");
        plug(&bench, to, NAME);
        expect_events(&bench, "O");
        host_writes(&bench, to, "hello");
        expect_input(&bench, "hello");
    }
    assert_int_equal(bench.console.counters.resets, 0);
    finish(&bench);
}

static void others_come_and_go(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 3);
    unsigned int resets = bench.device.virtio.resets;
    for (unsigned int round = 0; round < 100; round++) {
        plug(&bench, 1, "other");
        host_writes(&bench, 3, "a");
        plug(&bench, 2, NULL);
        expect_events(&bench, "");
        unplug(&bench, 1);
        unplug(&bench, 2);
        expect_events(&bench, "");
        expect_input(&bench, "a");
    }
    assert_int_equal(bench.device.virtio.resets, resets);
    finish(&bench);
}

/* A second port with the name: the first one keeps it. */
static void the_name_twice(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    plug(&bench, 2, NAME);
    expect_events(&bench, "");
    assert_false(bench.device.ports[2].guest_open);
    host_writes(&bench, 1, "still here");
    expect_input(&bench, "still here");
    finish(&bench);
}

/* --- errors --------------------------------------------------------------------------------- */

static void needs_reset(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    host_writes(&bench, 1, "half");
    settle(&bench);
    const uint8_t *bytes;
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 4);
    virtio_console_port_consume(&bench.console, 4);
    bench.device.virtio.status |= VIRTIO_STATUS_NEEDS_RESET;
    assert_false(virtio_console_arm(&bench.console));
    expect_events(&bench, "RO");
    assert_int_equal(bench.device.virtio.status, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                                     VIRTIO_STATUS_FEATURES_OK |
                                                     VIRTIO_STATUS_DRIVER_OK);
    assert_int_equal(bench.console.counters.resets, 1);
    host_writes(&bench, 1, "again");
    expect_input(&bench, "again");
    finish(&bench);
}

/* One interrupt for data and for the configuration: the status is looked at a little later. */
static void needs_reset_together_with_news(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    expect_events(&bench, "");
    assert_false(virtio_console_arm(&bench.console));
    host_writes(&bench, 1, "news");
    bench.device.virtio.status |= VIRTIO_STATUS_NEEDS_RESET;
    expect_events(&bench, "");
    expect_input(&bench, "news");
    assert_false(virtio_console_arm(&bench.console));
    uint64_t due = virtio_console_deadline_ns(&bench.console);
    assert_true(due > clock_monotonic_ns() && due != UINT64_MAX);
    while (clock_monotonic_ns() < due)
        ;
    expect_events(&bench, "RO");
    assert_true(virtio_console_deadline_ns(&bench.console) == UINT64_MAX);
    finish(&bench);
}

static void a_lie_on_any_queue_resets(void **state)
{
    (void)state;
    static const uint16_t queues[] = {2, 3, 4, 5};
    for (unsigned int i = 0; i < 8; i++) {
        struct bench bench;
        make_running(&bench, 1);
        struct fake_queue *queue = &bench.device.virtio.queues[queues[i / 2]];
        /* Something has to be in flight for an id to be a lie. */
        bench.device.host_stalls = true;
        assert_true(write_text(&bench, "text"));
        virtio_console_port_flush(&bench.console);
        void (*on_kick)(struct fake_virtio *, uint16_t) = bench.device.virtio.on_kick;
        bench.device.virtio.on_kick = NULL;
        fake_console_say(&bench.device, 2, VIRTIO_CONSOLE_PORT_ADD, 1, NULL, 0, 0);
        expect_events(&bench, "");
        bench.device.virtio.on_kick = on_kick;
        if (i % 2 == 0)
            fake_queue_set_used_index(queue, (uint16_t)(queue->used_index + 200));
        else
            fake_queue_push(queue, 9999, 0);
        uint8_t *room;
        const uint8_t *bytes;
        for (unsigned int turns = 0; turns < 300; turns++) {
            (void)virtio_console_port_peek(&bench.console, &bytes);
            size_t count = virtio_console_port_reserve(&bench.console, &room);
            virtio_console_port_commit(&bench.console, count);
            (void)virtio_console_poll(&bench.console);
        }
        assert_string_equal(bench.events, "RO");
        bench.device.host_stalls = false;
        host_writes(&bench, 1, "again");
        expect_input(&bench, "again");
        finish(&bench);
    }
}

static void given_up_in_the_end(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    unsigned int turns = 0;
    while (bench.console.life != VIRTIO_CONSOLE_DEAD) {
        bench.device.virtio.status |= VIRTIO_STATUS_NEEDS_RESET;
        (void)virtio_console_arm(&bench.console);
        (void)virtio_console_poll(&bench.console);
        assert_true(++turns < 1000);
    }
    assert_true(strchr(bench.events, 'X') != NULL);
    assert_false(virtio_console_poll(&bench.console));
    assert_false(virtio_console_arm(&bench.console));
    finish(&bench);
}

static void pulled_out(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    bench.device.virtio.gone = true;
    assert_false(virtio_console_arm(&bench.console));
    expect_events(&bench, "CX");
    const uint8_t *bytes;
    assert_int_equal(virtio_console_port_peek(&bench.console, &bytes), 0);
    finish(&bench);
}

/* A device that does not stop may still write: its memory is not given to others. */
static void never_stops(void **state)
{
    (void)state;
    struct bench bench;
    make_running(&bench, 1);
    bench.device.virtio.never_resets = true;
    virtio_console_stop(&bench.console);
    assert_true(fake_dma_live != 0);
    fake_dma_reset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_as_recorded),
        cmocka_unit_test(name_without_nul),
        cmocka_unit_test(similar_names_are_other_names),
        cmocka_unit_test(any_port_number),
        cmocka_unit_test(among_many_ports),
        cmocka_unit_test(among_more_ports_than_buffers),
        cmocka_unit_test(messages_in_any_order),
        cmocka_unit_test(bad_messages_are_refused),
        cmocka_unit_test(impossible_input_resets),
        cmocka_unit_test(without_multiport_port_0_is_ours),
        cmocka_unit_test(refusals_are_errors),
        cmocka_unit_test(out_of_memory_leaves_nothing),
        cmocka_unit_test(features_are_chosen_one_by_one),
        cmocka_unit_test(input_is_a_stream),
        cmocka_unit_test(streams_beyond_the_wrap),
        cmocka_unit_test(a_stalled_host_blocks_nothing),
        cmocka_unit_test(drained_when_the_host_has_all),
        cmocka_unit_test(asking_whether_it_is_drained),
        cmocka_unit_test(our_side_closes),
        cmocka_unit_test(the_host_comes_while_our_side_is_closed),
        cmocka_unit_test(a_reply_costs_one_notification),
        cmocka_unit_test(closing_drops_both_directions),
        cmocka_unit_test(reopened_between_two_looks),
        cmocka_unit_test(unread_input_of_a_closed_session),
        cmocka_unit_test(a_new_clients_bytes_survive),
        cmocka_unit_test(opened_while_open),
        cmocka_unit_test(undecided_input),
        cmocka_unit_test(unread_output_of_a_closed_session),
        cmocka_unit_test(unplugged_and_replugged),
        cmocka_unit_test(others_come_and_go),
        cmocka_unit_test(the_name_twice),
        cmocka_unit_test(needs_reset),
        cmocka_unit_test(needs_reset_together_with_news),
        cmocka_unit_test(a_lie_on_any_queue_resets),
        cmocka_unit_test(given_up_in_the_end),
        cmocka_unit_test(pulled_out),
        cmocka_unit_test(never_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
