/* SPDX-License-Identifier: BSD-2-Clause */
#include "unicode.h"

bool unicode_is_valid(uint32_t codepoint)
{
    if (codepoint > 0x10FFFF) {
        return false;
    }
    if (codepoint >= 0xD800 && codepoint <= 0xDFFF) {
        return false; /* surrogates, Unicode §3.9 D76 */
    }
    if (codepoint >= 0xFDD0 && codepoint <= 0xFDEF) {
        return false; /* noncharacters, Unicode §23.7 */
    }
    return (codepoint & 0xFFFE) != 0xFFFE;
}

size_t unicode_encode(uint32_t codepoint, uint8_t bytes[UNICODE_SEQUENCE_MAX])
{
    if (codepoint >= 0x10000) {
        bytes[0] = (uint8_t)(0xF0 | codepoint >> 18);
        bytes[1] = (uint8_t)(0x80 | (codepoint >> 12 & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (codepoint >> 6 & 0x3F));
        bytes[3] = (uint8_t)(0x80 | (codepoint & 0x3F));
        return 4;
    }
    if (codepoint >= 0x800) {
        bytes[0] = (uint8_t)(0xE0 | codepoint >> 12);
        bytes[1] = (uint8_t)(0x80 | (codepoint >> 6 & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (codepoint & 0x3F));
        return 3;
    }
    if (codepoint >= 0x80 || codepoint == 0) {
        bytes[0] = (uint8_t)(0xC0 | codepoint >> 6);
        bytes[1] = (uint8_t)(0x80 | (codepoint & 0x3F));
        return 2;
    }
    bytes[0] = (uint8_t)codepoint;
    return 1;
}

/* The first byte of a sequence.  Lengths 5 and 6 exist only to be taken as one invalid unit. */
static enum unicode_result decode_first(struct unicode_decoder *decoder, uint8_t byte)
{
    static const uint32_t minimum[] = {0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    uint8_t length = 2; /* the two upper bits are set */

    if (byte < 0x80) {
        decoder->codepoint = byte;
        return UNICODE_DONE;
    }
    if (byte >= 0xFE || (byte & 0x40) == 0) {
        return UNICODE_INVALID;
    }
    while ((byte << length & 0x80) != 0) {
        length++;
    }
    decoder->codepoint = byte & (0x7Fu >> length);
    decoder->minimum = minimum[length - 2];
    decoder->missing = (uint8_t)(length - 1);
    return UNICODE_MORE;
}

enum unicode_result unicode_decode(struct unicode_decoder *decoder, uint8_t byte)
{
    if (decoder->missing == 0) {
        return decode_first(decoder, byte);
    }
    if ((byte & 0xC0) != 0x80) {
        decoder->missing = 0;
        return UNICODE_BROKEN;
    }
    decoder->codepoint = decoder->codepoint << 6 | (byte & 0x3F);
    if (--decoder->missing != 0) {
        return UNICODE_MORE;
    }
    if (decoder->codepoint == 0 && decoder->minimum == 0x80) {
        return UNICODE_DONE; /* C0 80 is how U+0000 is written */
    }
    if (decoder->codepoint < decoder->minimum || !unicode_is_valid(decoder->codepoint)) {
        return UNICODE_INVALID;
    }
    return UNICODE_DONE;
}
