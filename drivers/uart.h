/* SPDX-License-Identifier: BSD-2-Clause */
/* A 16550 serial port (NS16550A data sheet §8), write only and polled: the log's way out. */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include <stddef.h>
#include <stdint.h>

struct uart {
    uint16_t port; /* first I/O port, when `registers` is NULL */
    volatile uint8_t *registers;
    unsigned int stride; /* bytes from one register to the next, in memory */
};

/* Sets 115200 8N1 with FIFOs and no interrupts.  0, or -ENODEV when no such chip answers. */
int uart_init(const struct uart *uart);
/*
 * Writes, waiting for each byte, but never for ever: after a bounded number of looks at a line
 * that does not drain, the rest is dropped.  Needs nothing but the registers: usable in a trap.
 */
void uart_write(const struct uart *uart, const char *bytes, size_t count);

#endif
