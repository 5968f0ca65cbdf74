/* SPDX-License-Identifier: BSD-2-Clause */
// sources: net/acks.c
/* Which acknowledgement may take the place of one that waits: only one that says the same and more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lwip/prot/tcp.h"
#include "lwip/tcp.h"
#include "net/acks.h"
#include "net/port/lwip_hooks.h"

#define IPV4 54u
#define IPV6 74u
/* Places in a frame; those of TCP from its header on. */
#define PROTOCOL   23u
#define IPV6_NEXT  20u
#define ACK_NUMBER 8u
#define FLAGS      13u
#define WINDOW     14u

static uint8_t waiting[80], frame[80];

/* Both frames: an acknowledgement of TCP, the same. */
static void make(size_t bytes)
{
    static const uint8_t ipv4[] = {8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6};
    static const uint8_t ipv6[] = {0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64};
    uint8_t *tcp = frame + bytes - 20;

    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)i;
    if (bytes == IPV4)
        memcpy(frame + 12, ipv4, sizeof(ipv4));
    else
        memcpy(frame + 12, ipv6, sizeof(ipv6));
    tcp[12] = 0x50;
    tcp[FLAGS] = 0x10;
    memcpy(waiting, frame, sizeof(waiting));
}

static void acknowledge(uint8_t *of, size_t bytes, uint32_t number)
{
    for (size_t i = 0; i < 4; i++)
        of[bytes - 20 + ACK_NUMBER + i] = (uint8_t)(number >> (24 - 8 * i));
}

static bool supersedes(size_t bytes, uint32_t before, uint32_t now)
{
    acknowledge(waiting, bytes, before);
    acknowledge(frame, bytes, now);
    return acks_supersede(frame, bytes, waiting, bytes < 60 ? 60 : bytes);
}

static void test_the_later_one_holds(void **state)
{
    (void)state;
    for (size_t bytes = IPV4; bytes <= IPV6; bytes += IPV6 - IPV4) {
        make(bytes);
        assert_true(supersedes(bytes, 1000, 1001));
        assert_true(supersedes(bytes, 0xffffff00, 0x100));
        /* Twice the same is how a lost segment is told (RFC 5681 §3.2). */
        assert_false(supersedes(bytes, 1000, 1000));
        assert_false(supersedes(bytes, 1001, 1000));
        assert_false(supersedes(bytes, 0x100, 0xffffff00));
        /* The window, the sums and IPv4's number may be others. */
        frame[bytes - 20 + WINDOW] ^= 1;
        frame[bytes - 20 + 17] ^= 1;
        if (bytes == IPV4)
            frame[19] ^= 1;
        assert_true(supersedes(bytes, 1000, 1001));
    }
}

/* One bit anywhere that says who talks to whom, or that there is more to it. */
static void test_what_else_differs(void **state)
{
    static const struct {
        size_t bytes, from, to;
    } ranges[] = {
        {IPV4, 0, 15},  {IPV4, 16, 18}, {IPV4, 23, 24}, {IPV4, 26, 42},
        {IPV4, 46, 48}, {IPV6, 0, 14},  {IPV6, 18, 21}, {IPV6, 22, 62},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        size_t bytes = ranges[i].bytes;
        for (size_t at = ranges[i].from; at < ranges[i].to; at++) {
            for (unsigned int side = 0; side < 2; side++) {
                make(bytes);
                (side ? waiting : frame)[at] ^= 1;
                assert_false(supersedes(bytes, 1000, 1001));
            }
        }
    }
    for (unsigned int flag = 1; flag < 0x100; flag <<= 1) {
        make(IPV4);
        frame[34 + FLAGS] ^= (uint8_t)flag;
        assert_false(supersedes(IPV4, 1000, 1001));
        waiting[34 + FLAGS] ^= (uint8_t)flag;
        assert_false(supersedes(IPV4, 1000, 1001));
    }
}

static void test_lengths(void **state)
{
    (void)state;
    make(IPV4);
    acknowledge(frame, IPV4, 7);
    for (size_t bytes = 0; bytes < sizeof(frame); bytes++) {
        if (bytes != IPV4)
            assert_false(acks_supersede(frame, bytes, waiting, sizeof(waiting)));
        assert_false(acks_supersede(frame, IPV4, waiting, bytes < IPV4 ? bytes : IPV4 - 1));
    }
    make(IPV6);
    assert_false(acks_supersede(frame, IPV6, waiting, 60));
    /* Padding may hide a payload: the header says how long it is. */
    make(IPV4);
    waiting[17] = 41;
    assert_false(supersedes(IPV4, 1000, 1001));
}

/* What says that more comes is acknowledged as a second segment would be: at once. */
static void test_what_does_not_wait(void **state)
{
    static const struct {
        enum tcp_state state;
        uint16_t bytes;
        uint8_t flags;
        bool is_soon;
    } cases[] = {
        {ESTABLISHED, 1460, TCP_ACK, true}, {ESTABLISHED, 1460, TCP_ACK | TCP_PSH, false},
        {ESTABLISHED, 0, TCP_ACK, false},   {ESTABLISHED, 1, TCP_ACK, true},
        {TIME_WAIT, 1460, TCP_ACK, false},  {LISTEN, 1460, TCP_ACK, false},
        {SYN_RCVD, 1460, TCP_ACK, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tcp_pcb pcb = {.state = cases[i].state};
        struct tcp_hdr header = {0};

        TCPH_HDRLEN_FLAGS_SET(&header, 5, cases[i].flags);
        acks_soon(&pcb, &header, cases[i].bytes);
        assert_int_equal((pcb.flags & TF_ACK_DELAY) != 0, cases[i].is_soon);
        assert_int_equal(pcb.flags & ~TF_ACK_DELAY, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_later_one_holds),
        cmocka_unit_test(test_what_else_differs),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_what_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
