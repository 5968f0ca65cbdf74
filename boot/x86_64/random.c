/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RDRAND (Intel SDM volume 1 §7.3.17).  QEMU's default model qemu64 has none; a time stamp counter
 * is no substitute, as it is the same in each run under -icount.
 */
#include "boot/random.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"

/* Intel SDM volume 2, CPUID: leaf 1, ECX. */
#define CPUID_FEATURES        1u
#define CPUID_FEATURES_RDRAND (UINT32_C(1) << 30)

/* How often the generator is asked before it counts as broken (§7.3.17.1). */
#define RDRAND_TRIES 10

static bool rdrand(uint64_t *value)
{
    for (int i = 0; i < RDRAND_TRIES; i++) {
        bool is_valid;

        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(is_valid));
        if (is_valid)
            return true;
    }
    return false;
}

int random_bytes(void *buffer, size_t bytes)
{
    uint8_t *at = buffer;

    if ((cpuid(CPUID_FEATURES, 0).ecx & CPUID_FEATURES_RDRAND) == 0)
        return -ENODEV;
    while (bytes > 0) {
        size_t piece = bytes < sizeof(uint64_t) ? bytes : sizeof(uint64_t);
        uint64_t value;

        if (!rdrand(&value))
            return -ENODEV;
        memcpy(at, &value, piece);
        at += piece;
        bytes -= piece;
    }
    return 0;
}
