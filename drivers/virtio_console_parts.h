/* SPDX-License-Identifier: BSD-2-Clause */
/* Between virtio_console.c (the device's life), virtio_console_control.c (its control queue) and
 * virtio_console_port.c (its byte stream) only. */
#ifndef DRIVERS_VIRTIO_CONSOLE_PARTS_H
#define DRIVERS_VIRTIO_CONSOLE_PARTS_H

#include <stdbool.h>

#include "virtio_console.h"

/* No port has this number. */
#define VIRTIO_CONSOLE_NO_PORT VIRTIO_CONSOLE_PORTS_MAX

/* A queue broke the rules: the next poll resets the device. */
void virtio_console_broken(struct virtio_console *console);

/* Tells the user. */
void virtio_console_tell(struct virtio_console *console, enum virtio_console_event event);
/* Begins a session if the port is known by name, has queues, and the host has it open. */
void virtio_console_begin_session(struct virtio_console *console);
/* Ends the session, if one runs, and reports `event`. */
void virtio_console_end_session(struct virtio_console *console, enum virtio_console_event event);

/* Memory for control messages.  0 or -ENOMEM. */
int virtio_console_control_allocate(struct virtio_console *console);
void virtio_console_control_free(struct virtio_console *console);
/* Makes the control queues and owes the device DEVICE_READY.  0 or an error of
 * virtio_queue_start(). */
int virtio_console_control_start(struct virtio_console *console);
/* Without control queues: the one port is ours, and open. */
void virtio_console_control_single(struct virtio_console *console);
/* Handles what waits, and sends what is owed.  Each returns whether there was something. */
bool virtio_console_control_handle(struct virtio_console *console);
bool virtio_console_control_answer(struct virtio_console *console);

/* Makes the data queues of console->data_port and fills the receive queue.  0 or an error of
 * virtio_queue_start(). */
int virtio_console_port_start(struct virtio_console *console);
/* A session begins: nothing waits in either direction. */
void virtio_console_port_begin(struct virtio_console *console);
/* It ends: gives back what was received for it and forgets what was not sent. */
void virtio_console_port_end(struct virtio_console *console);
/*
 * Input that can be seen now belongs to the running session, or to nobody when there is none, if
 * the control queue turns out empty afterwards.  Call mark, then look at the control queue, then
 * settle if it was empty.
 */
uint16_t virtio_console_port_mark(const struct virtio_console *console);
/* Returns whether input was dropped. */
bool virtio_console_port_settle(struct virtio_console *console, uint16_t mark);
/* Takes back output buffers that somebody waits for, sends what flush() had to hold back, and
 * tells the device of receive buffers.  Returns whether reserve() is worth another try. */
bool virtio_console_port_poll(struct virtio_console *console);
/* virtio_console_arm() for the data queues. */
bool virtio_console_port_arm(struct virtio_console *console);

#endif
