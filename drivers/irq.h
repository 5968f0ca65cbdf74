/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts as a driver asks for them; boot/ implements this, tests bring a fake.  An interrupt
 * does no work: it acknowledges the device where that is needed to take the line down, and ends
 * the event loop's sleep.
 */
#ifndef DRIVERS_IRQ_H
#define DRIVERS_IRQ_H

#include <stdint.h>

/* A message-signalled interrupt: what the device writes, and where (PCI 3.0 §6.8). */
struct irq_message {
    uint64_t address;
    uint32_t data;
};

/*
 * Reserves a vector for a message-signalled interrupt.  Returns 0 and fills *message, or -ENOTSUP
 * or -ENOSPC (errno.h) when the machine has none or none left.
 */
int irq_message_request(struct irq_message *message);
/* Gives the vector back; the device must not send it any more. */
void irq_message_release(const struct irq_message *message);
/*
 * Enables the interrupt line with global system interrupt number `gsi` (ACPI 6.4 §5.2.13).
 * `acknowledge(ctx)` is called from the interrupt with interrupts off, for every driver that
 * shares the line; it must take the device's request down and do nothing else.
 * Returns 0, -EINVAL for a number that the machine does not have, or -ENOSPC.
 */
int irq_line_request(uint32_t gsi, int level_triggered, int active_low,
                     void (*acknowledge)(void *ctx), void *ctx);
/* Takes back irq_line_request() for that `ctx`; the line is masked with its last driver. */
void irq_line_release(uint32_t gsi, void *ctx);

#endif
