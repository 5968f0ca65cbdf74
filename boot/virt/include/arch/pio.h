/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers in I/O space, which processors without in and out instructions reach through a
 * window of memory of the PCI host.  Without such a window nobody answers: all ones are read.
 */
#ifndef ARCH_PIO_H
#define ARCH_PIO_H

#include <stdint.h>

#include <arch/mmio.h>

/* The window, mapped; NULL until the host has been found (boot/virt/machine.c). */
extern volatile uint8_t *pio_window;

#define ARCH_PIO_ACCESS(bits)                                                                      \
    static inline uint##bits##_t pio_read##bits(uint16_t port)                                     \
    {                                                                                              \
        return pio_window ? mmio_read##bits(pio_window + port) : (uint##bits##_t) - 1;             \
    }                                                                                              \
    static inline void pio_write##bits(uint16_t port, uint##bits##_t value)                        \
    {                                                                                              \
        if (pio_window)                                                                            \
            mmio_write##bits(pio_window + port, value);                                            \
    }

ARCH_PIO_ACCESS(8)
ARCH_PIO_ACCESS(16)
ARCH_PIO_ACCESS(32)

#undef ARCH_PIO_ACCESS

#endif
