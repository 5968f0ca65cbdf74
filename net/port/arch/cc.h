/* SPDX-License-Identifier: BSD-2-Clause */
/* What lwIP asks of its compiler and its machine (lwIP's src/include/lwip/arch.h). */
#ifndef NET_ARCH_CC_H
#define NET_ARCH_CC_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* POSIX's, which a freestanding libc need not have; lwIP's own stand-in is an int. */
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
typedef long ssize_t;

/* One instruction each, where lwIP has functions.  Every machine here is little-endian. */
#define lwip_htons(value) __builtin_bswap16(value)
#define lwip_htonl(value) __builtin_bswap32(value)

/* A broken invariant of lwIP's is a broken kernel.  The text stays out of the image: the panic
 * that follows has the names of the functions. */
#define LWIP_PLATFORM_ASSERT(message) net_broken(__LINE__)
/* Nothing is printed from inside lwIP. */
#define LWIP_PLATFORM_DIAG(message)                                                                \
    do {                                                                                           \
    } while (0)

_Noreturn void net_broken(int line);

#endif
