/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: a keyed hash over a counter (SipHash-2-4, Aumasson and Bernstein 2012).  They are
 * as good as what the key was made of; with nothing but a clock in it, they differ from start to
 * start but can be guessed.
 */
#ifndef NET_RANDOM_H
#define NET_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Stirs `bytes` bytes at `seed` into the key; nothing that was in it before is lost. */
void net_random_stir(const void *seed, size_t bytes);
/* The next 32 bits; the next `bytes` bytes. */
uint32_t net_random32(void);
void net_random_fill(void *buffer, size_t bytes);

#endif
