/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of the functions in the image, made by boot/symbols.awk from the first of two links;
 * in the first link the table is empty.
 *
 * One record per function, in order of address: how far it starts behind the one before (the
 * first: behind text_start), as DWARF's unsigned LEB128; how many characters its name shares with
 * the name before, 1 byte; the rest of the name, whose last character has the high bit set.
 */
#ifndef BOOT_SYMBOLS_H
#define BOOT_SYMBOLS_H

#include <stdint.h>

extern const uint8_t symbols_start[], symbols_end[];

#endif
