/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of the functions in the image, made by boot/symbols.awk from the first of two links;
 * in the first link the table is empty.
 */
#ifndef BOOT_SYMBOLS_H
#define BOOT_SYMBOLS_H

#include <stdint.h>

extern const uint32_t symbols_count;
/* Start of each function, ascending, counted from text_start. */
extern const uint32_t symbols_offset[];
/* Their names in the same order, each with its NUL, without gaps. */
extern const char symbols_names[];

#endif
