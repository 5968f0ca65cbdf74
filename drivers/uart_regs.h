/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a 16550 (NS16550A data sheet §8). */
#ifndef DRIVERS_UART_REGS_H
#define DRIVERS_UART_REGS_H

#define UART_DATA                 0u /* read: received byte, write: byte to send … */
#define UART_DIVISOR_LOW          0u /* … and with LINE_CONTROL_DIVISOR the divisor of 115200 baud */
#define UART_INTERRUPT_ENABLE     1u
#define UART_DIVISOR_HIGH         1u
#define UART_FIFO_CONTROL         2u
#define UART_FIFO_ENABLE          0x01u
#define UART_FIFO_CLEAR           0x06u
#define UART_LINE_CONTROL         3u
#define UART_LINE_CONTROL_8N1     0x03u
#define UART_LINE_CONTROL_DIVISOR 0x80u
#define UART_MODEM_CONTROL        4u
#define UART_MODEM_DTR_RTS        0x03u
#define UART_LINE_STATUS          5u
#define UART_LINE_STATUS_EMPTY    0x20u /* the transmit register takes a byte */
#define UART_SCRATCH              7u

#endif
