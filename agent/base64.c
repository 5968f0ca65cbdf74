/* SPDX-License-Identifier: BSD-2-Clause */
#include "base64.h"

#include <errno.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define SYMBOL_INVALID 0xFF
#define SYMBOL_NEWLINE 0xFE
#define SYMBOL_PADDING 0xFD

/* The value of each character, or one of the above, all of which have the high bit set. */
static const uint8_t symbols[256] = {
#define INVALID8                                                                                   \
    SYMBOL_INVALID, SYMBOL_INVALID, SYMBOL_INVALID, SYMBOL_INVALID, SYMBOL_INVALID,                \
        SYMBOL_INVALID, SYMBOL_INVALID, SYMBOL_INVALID
    INVALID8,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_NEWLINE,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    INVALID8,
    INVALID8,
    INVALID8,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    62,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    63,
    52,
    53,
    54,
    55,
    56,
    57,
    58,
    59,
    60,
    61,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_PADDING,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    26,
    27,
    28,
    29,
    30,
    31,
    32,
    33,
    34,
    35,
    36,
    37,
    38,
    39,
    40,
    41,
    42,
    43,
    44,
    45,
    46,
    47,
    48,
    49,
    50,
    51,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    SYMBOL_INVALID,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
    INVALID8,
#undef INVALID8
};

/* ---- Tables ---------------------------------------------------------------------------- */

/*
 * Three bytes make two pairs of characters, and each pair depends on two neighbouring bytes: the
 * first pair on bytes 0 and 1, the second on bytes 1 and 2.  So two tables, indexed by two bytes
 * as they lie in memory, give two characters as they go to memory.  The way back is one table
 * from two characters to twelve bits.
 */
struct base64_tables {
    uint16_t first[65536];
    uint16_t second[65536];
    uint16_t values[65536]; /* PAIR_INVALID where a character is no ordinary symbol */
};

#define PAIR_INVALID 0x8000u

static uint16_t character_pair(unsigned twelve_bits)
{
    char pair[2] = {alphabet[twelve_bits >> 6 & 63], alphabet[twelve_bits & 63]};
    uint16_t in_memory;

    memcpy(&in_memory, pair, sizeof(in_memory));
    return in_memory;
}

static uint16_t pair_value(uint8_t first, uint8_t second)
{
    if (((symbols[first] | symbols[second]) & 0x80) != 0) {
        return PAIR_INVALID;
    }
    return (uint16_t)(symbols[first] << 6 | symbols[second]);
}

struct base64_tables *base64_tables_create(const struct platform *platform)
{
    struct base64_tables *tables = platform->resize(platform->ctx, NULL, 0, sizeof(*tables));

    if (tables == NULL) {
        return NULL;
    }
    for (unsigned high = 0; high < 256; high++) {
        for (unsigned low = 0; low < 256; low++) {
            uint8_t bytes[2] = {(uint8_t)high, (uint8_t)low};
            uint16_t index;

            memcpy(&index, bytes, sizeof(index));
            tables->first[index] = character_pair(high << 4 | low >> 4);
            tables->second[index] = character_pair((high & 15) << 8 | low);
            tables->values[index] = pair_value(bytes[0], bytes[1]);
        }
    }
    return tables;
}

void base64_tables_destroy(struct base64_tables *tables, const struct platform *platform)
{
    if (tables != NULL) {
        platform->resize(platform->ctx, tables, sizeof(*tables), 0);
    }
}

/* ---- Encoding -------------------------------------------------------------------------- */

static void encode_group(const struct base64_tables *tables, const uint8_t *bytes,
                         uint8_t *characters)
{
    uint16_t first;
    uint16_t second;

    memcpy(&first, bytes, sizeof(first));
    memcpy(&second, bytes + 1, sizeof(second));
    memcpy(characters, &tables->first[first], sizeof(first));
    memcpy(characters + 2, &tables->second[second], sizeof(second));
}

/* `count` bytes, 1 to 3. */
static void encode_last(const uint8_t *bytes, size_t count, uint8_t *characters)
{
    uint32_t group = (uint32_t)bytes[0] << 16;

    if (count > 1) {
        group |= (uint32_t)bytes[1] << 8;
    }
    if (count > 2) {
        group |= bytes[2];
    }
    characters[0] = (uint8_t)alphabet[group >> 18];
    characters[1] = (uint8_t)alphabet[group >> 12 & 63];
    characters[2] = (uint8_t)(count > 1 ? alphabet[group >> 6 & 63] : '=');
    characters[3] = (uint8_t)(count > 2 ? alphabet[group & 63] : '=');
}

void base64_encode(const struct base64_tables *tables, const uint8_t *bytes, size_t count,
                   uint8_t *characters)
{
    if (tables != NULL) {
        for (; count >= 24; count -= 24, bytes += 24, characters += 32) {
            encode_group(tables, bytes, characters);
            encode_group(tables, bytes + 3, characters + 4);
            encode_group(tables, bytes + 6, characters + 8);
            encode_group(tables, bytes + 9, characters + 12);
            encode_group(tables, bytes + 12, characters + 16);
            encode_group(tables, bytes + 15, characters + 20);
            encode_group(tables, bytes + 18, characters + 24);
            encode_group(tables, bytes + 21, characters + 28);
        }
    }
    while (count > 0) {
        size_t taken = count < 3 ? count : 3;

        encode_last(bytes, taken, characters);
        bytes += taken;
        characters += 4;
        count -= taken;
    }
}

/* ---- Decoding -------------------------------------------------------------------------- */

void base64_decoder_init(struct base64_decoder *decoder, const struct base64_tables *tables,
                         const char *input, size_t length)
{
    *decoder = (struct base64_decoder){.tables = tables, .input = input, .length = length};
}

/* `value` with its bytes in the order in which a big-endian machine has them; costs one swap. */
static uint64_t to_big_endian(uint64_t value)
{
    const uint16_t one = 1;
    uint8_t first;

    memcpy(&first, &one, sizeof(first));
    return first == 1 ? __builtin_bswap64(value) : value;
}

/* Eight ordinary symbols to six bytes, with two more of room behind them; false if they are not. */
static bool decode_eight(const uint16_t *values, const char *input, uint8_t *bytes)
{
    uint16_t pairs[4];
    uint64_t a;
    uint64_t b;
    uint64_t c;
    uint64_t d;
    uint64_t group;

    memcpy(pairs, input, sizeof(pairs));
    a = values[pairs[0]];
    b = values[pairs[1]];
    c = values[pairs[2]];
    d = values[pairs[3]];
    group = a << 52 | b << 40 | c << 28 | d << 16;
    group = to_big_endian(group);
    memcpy(bytes, &group, sizeof(group));
    return ((a | b | c | d) & PAIR_INVALID) == 0;
}

/* Whole groups of four ordinary symbols; returns the bytes written, a multiple of three. */
static size_t decode_plain_groups(struct base64_decoder *decoder, uint8_t *bytes, size_t room)
{
    const char *input = decoder->input;
    const char *end = input + (decoder->length & ~(size_t)3);
    size_t written = 0;

    if (decoder->tables != NULL) {
        const uint16_t *values = decoder->tables->values;
        size_t count = decoder->length / 8;

        /* Each store is of eight bytes, of which six count. */
        if (room < 8) {
            count = 0;
        } else if (count > (room - 2) / 6) {
            count = (room - 2) / 6;
        }
        while (count > 0 && decode_eight(values, input, bytes + written)) {
            input += 8;
            written += 6;
            count--;
        }
    }
    while (input < end && room - written >= 3) {
        uint32_t a = symbols[(uint8_t)input[0]];
        uint32_t b = symbols[(uint8_t)input[1]];
        uint32_t c = symbols[(uint8_t)input[2]];
        uint32_t d = symbols[(uint8_t)input[3]];

        if (((a | b | c | d) & 0x80) != 0) {
            break;
        }
        bytes[written] = (uint8_t)(a << 2 | b >> 4);
        bytes[written + 1] = (uint8_t)(b << 4 | c >> 2);
        bytes[written + 2] = (uint8_t)(c << 6 | d);
        input += 4;
        written += 3;
    }
    decoder->length -= (size_t)(input - decoder->input);
    decoder->input = input;
    return written;
}

/* One character the slow way; completed bytes go to `pending`. */
static int decode_character(struct base64_decoder *decoder)
{
    uint8_t symbol = symbols[(uint8_t)*decoder->input];

    if (symbol == SYMBOL_INVALID) {
        return -EINVAL;
    }
    decoder->input++;
    decoder->length--;
    if (symbol == SYMBOL_NEWLINE) {
        return 0;
    }
    decoder->last[1] = decoder->last[0];
    decoder->last[0] = symbol == SYMBOL_PADDING;
    decoder->group = decoder->group << 6 | (symbol == SYMBOL_PADDING ? 0 : symbol);
    if (++decoder->symbols < 4) {
        return 0;
    }
    decoder->symbols = 0;
    decoder->pending_count = 1;
    decoder->pending[0] = (uint8_t)(decoder->group >> 16);
    if (!decoder->last[1]) {
        decoder->pending[decoder->pending_count++] = (uint8_t)(decoder->group >> 8);
    }
    if (!decoder->last[0]) {
        decoder->pending[decoder->pending_count++] = (uint8_t)decoder->group;
    }
    return 0;
}

int64_t base64_decode(struct base64_decoder *decoder, uint8_t *bytes, size_t room)
{
    size_t written = 0;

    while (written < room) {
        if (decoder->pending_count > 0) {
            bytes[written++] = decoder->pending[0];
            decoder->pending[0] = decoder->pending[1];
            decoder->pending[1] = decoder->pending[2];
            decoder->pending_count--;
            continue;
        }
        if (decoder->symbols == 0) {
            written += decode_plain_groups(decoder, bytes + written, room - written);
        }
        if (decoder->length == 0) {
            break;
        }
        if (written < room && decode_character(decoder) < 0) {
            return -EINVAL;
        }
    }
    return (int64_t)written;
}

int64_t base64_decoded_length(const char *input, size_t length)
{
    struct base64_decoder decoder;
    int64_t total = 0;

    base64_decoder_init(&decoder, NULL, input, length);
    while (decoder.length > 0) {
        if (decode_character(&decoder) < 0) {
            return -EINVAL;
        }
        total += decoder.pending_count;
        decoder.pending_count = 0;
    }
    return total;
}
