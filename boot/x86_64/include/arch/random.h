/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor's random numbers: RDRAND (Intel SDM 1 §7.3.17), which QEMU's default model lacks.
 */
#ifndef ARCH_RANDOM_H
#define ARCH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* Intel: ten failures in a row mean that it is broken. */
#define ARCH_RANDOM_TRIES 10

static inline bool arch_random_is_there(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ecx >> 30 & 1;
}

/* One number; false if there is none to be had. */
static inline bool arch_random(uint64_t *value)
{
    if (!arch_random_is_there())
        return false;
    for (int i = 0; i < ARCH_RANDOM_TRIES; i++) {
        uint64_t number;
        bool good;
        __asm__ volatile("rdrand %0" : "=r"(number), "=@ccc"(good));
        if (good) {
            *value = number;
            return true;
        }
    }
    return false;
}

#endif
