/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port of the log: a 16550 (drivers/uart.c) or a PL011 (Arm DDI 0183 §3).  No
 * interrupts and next to no state: it must work inside a trap, and a line without a reader must
 * not hold the kernel.
 */
#include <arch/mmio.h>

#include <string.h>

#include "boot/platform.h"
#include "drivers/uart.h"
#include "virt.h"

enum pl011_register {
    PL011_DATA = 0x00,
    PL011_FLAGS = 0x18,
    PL011_LINE_CONTROL = 0x2c,
    PL011_CONTROL = 0x30
};
#define PL011_FLAGS_FULL         (1u << 5)
#define PL011_LINE_CONTROL_FIFOS 0x70u  /* 8 bits */
#define PL011_CONTROL_TRANSMIT   0x301u /* enabled, both directions */
#define PL011_LOOKS_MAX          100000u

static struct uart uart = {.stride = 1};
static void (*write_port)(const char *bytes, size_t count);

static void pl011_write(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned int looks = 0;
        while ((mmio_read32(uart.registers + PL011_FLAGS) & PL011_FLAGS_FULL) != 0) {
            if (++looks == PL011_LOOKS_MAX)
                return;
        }
        mmio_write32(uart.registers + PL011_DATA, (uint8_t)bytes[i]);
    }
}

static void uart_write_port(const char *bytes, size_t count)
{
    uart_write(&uart, bytes, count);
}

bool serial_use(const char *compatible, volatile void *registers)
{
    if (strcmp(compatible, "arm,pl011") == 0) {
        uart.registers = registers;
        mmio_write32(uart.registers + PL011_LINE_CONTROL, PL011_LINE_CONTROL_FIFOS);
        mmio_write32(uart.registers + PL011_CONTROL, PL011_CONTROL_TRANSMIT);
        write_port = pl011_write;
    } else if (strcmp(compatible, "ns16550a") == 0) {
        uart.registers = registers;
        write_port = uart_init(&uart) == 0 ? uart_write_port : NULL;
    } else {
        return false;
    }
    return true;
}

uintptr_t serial_address(void)
{
    return (uintptr_t)uart.registers;
}

void serial_write(const char *bytes, size_t count)
{
    size_t start = 0;
    if (!write_port)
        return;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != '\n')
            continue;
        write_port(bytes + start, i - start);
        write_port("\r\n", 2);
        start = i + 1;
    }
    write_port(bytes + start, count - start);
}
