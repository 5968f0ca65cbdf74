/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What newlib asks of its system.  Only the conversion of floating point numbers allocates
 * (newlib's libc/stdlib/mprec.c:_Balloc), and it keeps every block for the next time, so a small
 * arena that never takes back is enough: it holds the bignums of numbers with up to some hundred
 * digits.  Callers of strtod() bound the digits that they pass.
 */
#include <assert.h>
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/platform.h"

#define ARENA_SIZE 16384

/* newlib's state of a thread (errno, the spare bignums); its own initial value is for stdio. */
static struct _reent reent;
struct _reent *_impure_ptr = &reent;

static uint8_t arena[ARENA_SIZE] __attribute__((aligned(16)));
static size_t arena_used;

void *_malloc_r(struct _reent *state, size_t size)
{
    (void)state;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded < size || rounded > sizeof arena - arena_used)
        panic("libc: no room for %zu bytes", size);
    void *memory = arena + arena_used;
    arena_used += rounded;
    return memory;
}

void *_calloc_r(struct _reent *state, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        panic("libc: calloc of %zu times %zu", count, size);
    return memset(_malloc_r(state, bytes), 0, bytes);
}

void _free_r(struct _reent *state, void *memory)
{
    (void)state;
    (void)memory;
}

/* Only growing output strings (asprintf) would come here, and nobody makes any. */
void *_realloc_r(struct _reent *state, void *memory, size_t size)
{
    (void)state;
    (void)memory;
    panic("libc: realloc to %zu bytes", size);
}

/* What assert() of newlib's headers and its own checks come to. */
void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    panic("%s:%d: %s: %s", file, line, function, expression);
}
