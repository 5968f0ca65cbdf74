/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every double is a whole number times a power of two, so it has a finite decimal expansion: 767
 * digits at most.  They are all computed, in limbs of nine, and then rounded once.
 */
#include "double.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PRECISION     17
#define EXPONENT_LOW  (-4) /* %g's way without an exponent begins here … */
#define LIMB_BASE     1000000000u
#define LIMB_DIGITS   9
#define LIMBS_MAX     88u /* 2^1024 has 309 digits, 2^53 times 5^1074 has 767 */
#define DIGITS_MAX    (LIMBS_MAX * LIMB_DIGITS)
#define MANTISSA_BITS 52
#define EXPONENT_MASK 0x7ffu
#define EXPONENT_BIAS 1075 /* of the mantissa as a whole number */

struct big {
    uint32_t limbs[LIMBS_MAX]; /* the lowest first */
    uint32_t count;
};

static void big_multiply(struct big *big, uint32_t factor)
{
    uint64_t carry = 0;

    for (uint32_t i = 0; i < big->count; i++) {
        carry += (uint64_t)big->limbs[i] * factor;
        big->limbs[i] = (uint32_t)(carry % LIMB_BASE);
        carry /= LIMB_BASE;
    }
    while (carry != 0) {
        big->limbs[big->count++] = (uint32_t)(carry % LIMB_BASE);
        carry /= LIMB_BASE;
    }
}

/* base^exponent, in the largest powers that a factor can hold. */
static void big_multiply_power(struct big *big, uint32_t base, uint32_t exponent)
{
    while (exponent > 0) {
        uint32_t factor = 1;

        while (exponent > 0 && factor <= UINT32_MAX / base) {
            factor *= base;
            exponent--;
        }
        big_multiply(big, factor);
    }
}

/* All digits of mantissa * 2^exponent; returns how many of them stand before the point. */
static int expand(uint64_t mantissa, int exponent, char *digits, size_t *count)
{
    struct big big = {.count = 0};
    char limb[LIMB_DIGITS + 1];
    size_t at = 0;

    while (mantissa != 0) {
        big.limbs[big.count++] = (uint32_t)(mantissa % LIMB_BASE);
        mantissa /= LIMB_BASE;
    }
    big_multiply_power(&big, exponent < 0 ? 5 : 2, (uint32_t)(exponent < 0 ? -exponent : exponent));
    for (uint32_t i = big.count; i-- > 0;) {
        int length =
            snprintf(limb, sizeof(limb), at == 0 ? "%u" : "%09u", (unsigned int)big.limbs[i]);

        memcpy(digits + at, limb, (size_t)length);
        at += (size_t)length;
    }
    *count = at;
    return (int)at + (exponent < 0 ? exponent : 0);
}

static bool has_more(const char *digits, size_t count)
{
    while (count > 0 && digits[count - 1] == '0') {
        count--;
    }
    return count > 0;
}

/* Cuts to the precision, half to even, and the zeroes at the end off. */
static size_t round_digits(char *digits, size_t count, int *point)
{
    size_t kept = count < PRECISION ? count : PRECISION;

    if (count > PRECISION) {
        bool above = digits[kept] > '5' ||
                     (digits[kept] == '5' && has_more(digits + kept + 1, count - kept - 1));
        bool half = digits[kept] == '5' && !above;

        if (above || (half && (digits[kept - 1] - '0') % 2 != 0)) {
            size_t i = kept;

            while (i > 0 && digits[i - 1] == '9') {
                digits[--i] = '0';
            }
            if (i > 0) {
                digits[i - 1]++;
            } else {
                digits[0] = '1';
                ++*point;
            }
        }
    }
    while (kept > 1 && digits[kept - 1] == '0') {
        kept--;
    }
    return kept;
}

static size_t put(char *text, size_t at, const char *bytes, size_t count)
{
    memcpy(text + at, bytes, count);
    return at + count;
}

static size_t layout(char *text, size_t at, const char *digits, size_t count, int point)
{
    static const char zeroes[] = "0000000000000000";
    size_t whole = point > 0 ? (size_t)point : 0;

    if (point - 1 < EXPONENT_LOW || point - 1 >= PRECISION) {
        at = put(text, at, digits, 1);
        if (count > 1) {
            text[at++] = '.';
            at = put(text, at, digits + 1, count - 1);
        }
        return at + (size_t)snprintf(text + at, DOUBLE_TEXT_BYTES - at, "e%+03d", point - 1);
    }
    if (whole >= count) {
        at = put(text, at, digits, count);
        at = put(text, at, zeroes, whole - count);
    } else if (whole > 0) {
        at = put(text, at, digits, whole);
        text[at++] = '.';
        at = put(text, at, digits + whole, count - whole);
    } else {
        at = put(text, at, "0.", 2);
        at = put(text, at, zeroes, (size_t)-point);
        at = put(text, at, digits, count);
    }
    text[at] = '\0';
    return at;
}

size_t double_format(char text[DOUBLE_TEXT_BYTES], double value)
{
    char digits[DIGITS_MAX];
    uint64_t bits, mantissa;
    int exponent, point;
    size_t count, at = 0;

    memcpy(&bits, &value, sizeof(bits));
    mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    exponent = (int)(bits >> MANTISSA_BITS & EXPONENT_MASK);
    if (bits >> 63 != 0) {
        text[at++] = '-';
    }
    if (exponent == EXPONENT_MASK) {
        at = put(text, at, mantissa == 0 ? "inf" : "nan", 3);
        text[at] = '\0';
        return at;
    }
    if (exponent != 0) {
        mantissa |= UINT64_C(1) << MANTISSA_BITS;
    } else {
        exponent = 1;
    }
    if (mantissa == 0) {
        return layout(text, at, "0", 1, 1);
    }
    point = expand(mantissa, exponent - EXPONENT_BIAS, digits, &count);
    count = round_digits(digits, count, &point);
    return layout(text, at, digits, count, point);
}
