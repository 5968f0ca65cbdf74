/* SPDX-License-Identifier: BSD-2-Clause */
/* One e1000 and its driver, for the tests of the driver. */
#ifndef TESTS_UNIT_E1000_BENCH_H
#define TESTS_UNIT_E1000_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/e1000.h"
#include "tests/fake/fake_e1000.h"

extern struct fake_e1000 fake;
extern struct e1000 nic;

/* A chip alone on its bus; and one that was probed. */
struct pci_function make_chip(uint16_t device);
void make_running(uint16_t device);
/* Lets go of it, and nothing is left. */
void finish(void);

/* A register of the chip, without touching it. */
uint32_t reg(uint32_t offset);
/* A frame whose bytes tell its number and its length. */
const uint8_t *frame_of(unsigned int number, size_t bytes);
void expect_nothing(void);
void expect_frame(unsigned int number, size_t bytes);
/* The driver goes to sleep: at once, or after it has looked for a while (the clock goes on with
 * each look). */
void expect_sleep(void);
/* Commits a frame; false when there is no room. */
bool send_frame(unsigned int number, size_t bytes);
/* Polls until something changed, at a millisecond a look; returns the looks before. */
unsigned int poll_until_changed(void);

#endif
