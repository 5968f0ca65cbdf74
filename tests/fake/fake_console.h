/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console device for tests that behaves as QEMU's (hw/char/virtio-serial-bus.c): control
 * messages without a buffer are lost, a name ends with a NUL, reported lengths are those of the
 * message and not of the buffer, output of a port that the host has not opened is discarded when
 * the doorbell rings, and a piece that was being written when the host closed never comes back.
 */
#ifndef TESTS_FAKE_CONSOLE_H
#define TESTS_FAKE_CONSOLE_H

#include "tests/fake/fake_virtio.h"

#define FAKE_PORTS       64u
#define FAKE_OUTPUT_MAX  (1u << 20)
#define FAKE_MESSAGE_MAX 512u

struct fake_port {
    bool exists;
    bool console;
    bool host_open;
    bool guest_open;
    const char *name; /* NULL: none */
};

struct fake_message {
    uint32_t id;
    uint16_t event;
    uint16_t value;
};

struct fake_console {
    struct fake_virtio virtio; /* first member */
    struct fake_port ports[FAKE_PORTS];
    uint32_t max_ports;
    bool passive; /* says nothing by itself */
    bool name_without_nul;
    bool host_stalls; /* output stays with the device */
    bool holds;       /* the piece that it tries to write */
    struct fake_buffer held;
    uint32_t held_port;
    unsigned int lost;                          /* control messages for which there was no buffer */
    struct fake_message said[FAKE_MESSAGE_MAX]; /* by the driver */
    unsigned int said_count;
    uint8_t *output; /* what the host read, of any port */
    size_t output_bytes;
};

/* With MULTIPORT if `max_ports` is more than 1. */
void fake_console_init(struct fake_console *console, uint32_t max_ports, bool event_idx);
/* A control message; `name` (may be NULL) follows it.  `reported` is the length in the used ring,
 * 0: the true one. */
void fake_console_say(struct fake_console *console, uint32_t id, uint16_t event, uint16_t value,
                      const char *name, size_t name_bytes, uint32_t reported);
/* The host opens, closes; both are told as QEMU does. */
void fake_console_host_open(struct fake_console *console, uint32_t port);
void fake_console_host_close(struct fake_console *console, uint32_t port);
/* The host writes; returns how many bytes found buffers. */
size_t fake_console_host_write(struct fake_console *console, uint32_t port, const void *bytes,
                               size_t count);
/* The host reads again after a stall. */
void fake_console_host_reads(struct fake_console *console, uint32_t port);

#endif
