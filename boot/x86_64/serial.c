/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first serial port, a 16550A at 0x3f8 (National Semiconductor PC16550D §8): for the log and
 * for the report of a trap, so it needs nothing else to work.
 */
#include <arch/pio.h>

#include <stdbool.h>
#include <string.h>

#include "boot/platform.h"

enum {
    UART_BASE = 0x3f8,
    UART_THR = 0,
    UART_IER = 1,
    UART_FCR = 2,
    UART_LCR = 3,
    UART_LSR = 5,
};
#define UART_FCR_ENABLE  0x01u
#define UART_LCR_8N1     0x03u
#define UART_LSR_THRE    0x20u
#define UART_FIFO_LENGTH 16
/* A host that does not read must not hold the kernel: after so many looks a byte is dropped. */
#define UART_PATIENCE 100000

static bool initialised;
static bool absent;

static void uart_init(void)
{
    initialised = true;
    pio_write8(UART_BASE + UART_IER, 0);
    pio_write8(UART_BASE + UART_LCR, UART_LCR_8N1);
    pio_write8(UART_BASE + UART_FCR, UART_FCR_ENABLE);
    /* Nothing there: the bus floats. */
    absent = pio_read8(UART_BASE + UART_LSR) == 0xff;
}

static bool uart_wait_empty(void)
{
    for (int i = 0; i < UART_PATIENCE; i++)
        if (pio_read8(UART_BASE + UART_LSR) & UART_LSR_THRE)
            return true;
    return false;
}

static void uart_put(char byte)
{
    /* Room for a whole FIFO after each look at the status: every access is an exit to the host. */
    static int room;
    if (room == 0) {
        if (!uart_wait_empty())
            return;
        room = UART_FIFO_LENGTH;
    }
    pio_write8(UART_BASE + UART_THR, (uint8_t)byte);
    room--;
}

void serial_write(const char *bytes, size_t count)
{
    if (!initialised)
        uart_init();
    if (absent)
        return;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n')
            uart_put('\r');
        uart_put(bytes[i]);
    }
}
