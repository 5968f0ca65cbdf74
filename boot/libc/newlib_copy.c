/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy() and memmove() in words of eight bytes however the two sides lie to each other.  newlib's
 * own go byte by byte unless both are aligned, and its assembler counts on instructions that repeat
 * themselves, which an emulator takes one at a time.
 */
#include <stdint.h>
#include <string.h>

static uint64_t load(const uint8_t *from)
{
    uint64_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

static void store(uint8_t *to, uint64_t word)
{
    __builtin_memcpy(to, &word, sizeof word);
}

/* All of a piece is read before any of it is written, so that the sides may overlap. */
__attribute__((hot)) static void copy_up(uint8_t *to, const uint8_t *from, size_t count)
{
    for (; count >= 32; count -= 32, to += 32, from += 32) {
        uint64_t a = load(from);
        uint64_t b = load(from + 8);
        uint64_t c = load(from + 16);
        uint64_t d = load(from + 24);
        store(to, a);
        store(to + 8, b);
        store(to + 16, c);
        store(to + 24, d);
    }
    for (; count >= 8; count -= 8, to += 8, from += 8)
        store(to, load(from));
    if (count & 4) {
        uint32_t word;
        __builtin_memcpy(&word, from, sizeof word);
        __builtin_memcpy(to, &word, sizeof word);
        to += 4;
        from += 4;
    }
    for (count &= 3; count; count--)
        *to++ = *from++;
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t count)
{
    to += count;
    from += count;
    for (; count >= 8; count -= 8) {
        to -= 8;
        from -= 8;
        store(to, load(from));
    }
    for (; count; count--)
        *--to = *--from;
}

__attribute__((hot)) void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    copy_up(to, from, count);
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    if ((uintptr_t)to - (uintptr_t)from < count)
        copy_down(to, from, count);
    else
        copy_up(to, from, count);
    return to;
}
