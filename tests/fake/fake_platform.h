/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot/ gives to drivers, for tests: DMA memory, time, interrupts, the log. */
#ifndef TESTS_FAKE_PLATFORM_H
#define TESTS_FAKE_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bus addresses have nothing in common with pointers, so that a driver that mixes them up is
 * caught, and start above 4 GiB, so that one that drops the upper half is caught too.
 */
#define FAKE_DMA_START UINT64_C(0x1234000000)

/* The memory at a bus address; NULL unless all `bytes` lie in one live allocation. */
void *fake_dma_pointer(uint64_t address, size_t bytes);
/* Live allocations; and how many more succeed (-1: all). */
extern unsigned int fake_dma_live;
extern int fake_dma_budget;
/* Frees what a test left behind. */
void fake_dma_reset(void);

/* How long a look at the clock takes, so that bounded waits end: a millisecond. */
extern uint64_t fake_clock_step_ns;

/* Lines logged so far, and the last of them. */
extern unsigned int fake_log_lines;
extern char fake_log_last[256];

/* What irq_message_request() and irq_line_request() return, and what is held. */
extern int fake_irq_message_result;
extern int fake_irq_line_result;
extern unsigned int fake_irq_messages_held;
extern unsigned int fake_irq_lines_held;
extern uint32_t fake_irq_last_gsi;
/* Calls what the last irq_line_request() registered. */
void fake_irq_raise(void);

#endif
