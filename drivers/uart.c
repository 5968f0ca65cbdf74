/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550 serial port (NS16550A data sheet §8), in I/O space or in memory.
 *
 * No interrupts and no state: it must work inside a trap.  Every wait is bounded, because a line
 * without a reader (QEMU's -serial with a full pipe) may never drain.
 */
#include "uart.h"

#include <errno.h>

#include <arch/mmio.h>
#include <arch/pio.h>

#include "uart_regs.h"

/* Looks at the line status for one byte: some ten thousand times what 115200 baud needs. */
#define LOOKS_MAX 100000u

static uint8_t read_register(const struct uart *uart, unsigned int number)
{
    if (uart->registers != NULL)
        return mmio_read8(uart->registers + number * uart->stride);
    return pio_read8((uint16_t)(uart->port + number));
}

static void write_register(const struct uart *uart, unsigned int number, uint8_t value)
{
    if (uart->registers != NULL)
        mmio_write8(uart->registers + number * uart->stride, value);
    else
        pio_write8((uint16_t)(uart->port + number), value);
}

int uart_init(const struct uart *uart)
{
    /* Nobody there: the bus reads as ones, whatever was written to the scratch register. */
    write_register(uart, UART_SCRATCH, 0x5a);
    if (read_register(uart, UART_SCRATCH) != 0x5a)
        return -ENODEV;
    write_register(uart, UART_INTERRUPT_ENABLE, 0);
    write_register(uart, UART_LINE_CONTROL, UART_LINE_CONTROL_DIVISOR);
    write_register(uart, UART_DIVISOR_LOW, 1);
    write_register(uart, UART_DIVISOR_HIGH, 0);
    write_register(uart, UART_LINE_CONTROL, UART_LINE_CONTROL_8N1);
    write_register(uart, UART_FIFO_CONTROL, UART_FIFO_ENABLE | UART_FIFO_CLEAR);
    write_register(uart, UART_MODEM_CONTROL, UART_MODEM_DTR_RTS);
    return 0;
}

void uart_write(const struct uart *uart, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned int looks = 0;
        while ((read_register(uart, UART_LINE_STATUS) & UART_LINE_STATUS_EMPTY) == 0) {
            if (++looks == LOOKS_MAX)
                return;
        }
        write_register(uart, UART_DATA, (uint8_t)bytes[i]);
    }
}
