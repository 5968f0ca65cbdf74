/* SPDX-License-Identifier: BSD-2-Clause */
#include "base64.h"

#include <errno.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define SYMBOL_INVALID 0xFF
#define SYMBOL_NEWLINE 0xFE
#define SYMBOL_PADDING 0xFD

/* The value of a character, or one of the above, all of which have the high bit set. */
static uint8_t symbol_of(uint8_t character)
{
    if (character >= 'A' && character <= 'Z') {
        return (uint8_t)(character - 'A');
    }
    if (character >= 'a' && character <= 'z') {
        return (uint8_t)(character - 'a' + 26);
    }
    if (character >= '0' && character <= '9') {
        return (uint8_t)(character - '0' + 52);
    }
    switch (character) {
    case '+':
        return 62;
    case '/':
        return 63;
    case '=':
        return SYMBOL_PADDING;
    case '\n':
        return SYMBOL_NEWLINE;
    default:
        return SYMBOL_INVALID;
    }
}

/* ---- Words ----------------------------------------------------------------------------- */

/*
 * Eight characters, or eight values of six bits, are the bytes of one word, and what is computed of
 * the word is computed of all eight at once, with not one look-up.
 */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define EACH_16(x) (UINT64_C(0x0001000100010001) * (x))
#define EACH_32(x) (UINT64_C(0x0000000100000001) * (x))

/* `value` with its bytes in the order in which a big-endian machine has them, or back. */
static inline uint64_t big_endian(uint64_t value)
{
    const uint16_t one = 1;
    uint8_t first;

    memcpy(&first, &one, sizeof(first));
    return first == 1 ? __builtin_bswap64(value) : value;
}

/* The first byte is the most significant. */
static inline uint64_t load_word(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return big_endian(word);
}

static inline void store_word(uint8_t *bytes, uint64_t word)
{
    word = big_endian(word);
    memcpy(bytes, &word, sizeof(word));
}

/* Sets the high bit of each byte that is at least `least`; the bytes of `word` are below 0x80. */
static inline uint64_t reach(uint64_t word, unsigned least)
{
    return word + EACH(0x80 - least);
}

/* 0x80 in each byte that is at least `least`, 0 in the others. */
static inline uint64_t from(uint64_t word, unsigned least)
{
    return reach(word, least) & EACH(0x80);
}

/*
 * Whether all eight are of the alphabet.  It is four ranges, '+', '/' to '9', 'A' to 'Z' and 'a' to
 * 'z': a byte in one of them has reached an odd number of their beginnings and ends.
 */
static inline bool is_alphabet(uint64_t word)
{
    uint64_t odd = reach(word, '+') ^ reach(word, '+' + 1) ^ reach(word, '/') ^
                   reach(word, '9' + 1) ^ reach(word, 'A') ^ reach(word, 'Z' + 1) ^
                   reach(word, 'a') ^ reach(word, 'z' + 1);

    return ((~odd | word) & EACH(0x80)) == 0;
}

/*
 * Characters to values.  What is between the two changes at the beginning of each range: by 3 at
 * '/', 12 at '0', 69 at 'A' and 6 at 'a'.  Three of these are the same number, shifted.
 */
static inline uint64_t to_values(uint64_t word)
{
    uint64_t letters = from(word, 'A');
    uint64_t threes = from(word, '0') | from(word, 'a') >> 1 | from(word, '/') >> 2;

    return word + EACH(62 - '+') - (threes >> 4) - (threes >> 5) - (letters >> 1) - (letters >> 5) -
           (letters >> 7);
}

/* Values to characters: 6 more from 26 on, 75 less from 52 on, 15 less from 62 on, 3 more at 63. */
static inline uint64_t to_characters(uint64_t values)
{
    return values + EACH('A') + (from(values, 26) >> 7) * 6 - (from(values, 52) >> 7) * 75 -
           (from(values, 62) >> 7) * 15 + (from(values, 63) >> 7) * 3;
}

/* Eight values to 48 bits: pairs are put together, and pairs of these. */
static inline uint64_t join(uint64_t values)
{
    uint64_t twelves = (values >> 2 & EACH_16(0x0FC0)) | (values & EACH_16(0x003F));
    uint64_t halves = (twelves >> 4 & EACH_32(0xFFF000)) | (twelves & EACH_32(0x000FFF));

    return (halves >> 8 & UINT64_C(0xFFFFFF000000)) | (halves & 0xFFFFFF);
}

/* The way back. */
static inline uint64_t split(uint64_t bits)
{
    uint64_t halves = (bits & UINT64_C(0xFFFFFF000000)) << 8 | (bits & 0xFFFFFF);
    uint64_t twelves = (halves & EACH_32(0xFFF000)) << 4 | (halves & EACH_32(0x000FFF));

    return (twelves & EACH_16(0x0FC0)) << 2 | (twelves & EACH_16(0x003F));
}

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

/* Of two symbols (symbol_of()). */
static uint16_t pair_value(uint8_t first, uint8_t second)
{
    if (((first | second) & 0x80) != 0) {
        return PAIR_INVALID;
    }
    return (uint16_t)(first << 6 | second);
}

struct base64_tables *base64_tables_create(const struct platform *platform)
{
    struct base64_tables *tables = platform->resize(platform->ctx, NULL, 0, sizeof(*tables));
    uint8_t symbols[256];

    if (tables == NULL) {
        return NULL;
    }
    for (unsigned character = 0; character < 256; character++) {
        symbols[character] = symbol_of((uint8_t)character);
    }
    for (unsigned high = 0; high < 256; high++) {
        for (unsigned low = 0; low < 256; low++) {
            uint8_t bytes[2] = {(uint8_t)high, (uint8_t)low};
            uint16_t index;

            memcpy(&index, bytes, sizeof(index));
            tables->first[index] = character_pair(high << 4 | low >> 4);
            tables->second[index] = character_pair((high & 15) << 8 | low);
            tables->values[index] = pair_value(symbols[high], symbols[low]);
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

/* Six bytes a time, as far as eight can be loaded; returns how many times. */
static size_t encode_by_words(const uint8_t *bytes, size_t count, uint8_t *characters)
{
    size_t times = 0;

    for (; count >= 8; count -= 6, bytes += 6, characters += 8, times++) {
        store_word(characters, to_characters(split(load_word(bytes) >> 16)));
    }
    return times;
}

__attribute__((hot)) void base64_encode(const struct base64_tables *tables, const uint8_t *bytes,
                                        size_t count, uint8_t *characters)
{
    size_t times;

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
    times = encode_by_words(bytes, count, characters);
    bytes += times * 6;
    characters += times * 8;
    count -= times * 6;
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

/*
 * Up to `count` times eight ordinary symbols to six bytes, with room for two more behind them;
 * returns how many times.
 */
static size_t decode_by_tables(const uint16_t *values, const uint8_t *input, size_t count,
                               uint8_t *bytes)
{
    for (size_t i = 0; i < count; i++, input += 8, bytes += 6) {
        uint16_t pairs[4];
        uint64_t a;
        uint64_t b;
        uint64_t c;
        uint64_t d;

        memcpy(pairs, input, sizeof(pairs));
        a = values[pairs[0]];
        b = values[pairs[1]];
        c = values[pairs[2]];
        d = values[pairs[3]];
        if (((a | b | c | d) & PAIR_INVALID) != 0) {
            return i;
        }
        store_word(bytes, a << 52 | b << 40 | c << 28 | d << 16);
    }
    return count;
}

/* The same without tables. */
static size_t decode_by_words(const uint8_t *input, size_t count, uint8_t *bytes)
{
    for (size_t i = 0; i < count; i++, input += 8, bytes += 6) {
        uint64_t word = load_word(input);

        if (!is_alphabet(word)) {
            return i;
        }
        store_word(bytes, join(to_values(word)) << 16);
    }
    return count;
}

/* What goes eight symbols a time; returns the bytes written. */
static size_t decode_plain(struct base64_decoder *decoder, uint8_t *bytes, size_t room)
{
    const uint8_t *input = (const uint8_t *)decoder->input;
    size_t count = decoder->length / 8;
    size_t most = room < 8 ? 0 : (room - 2) / 6;

    if (count > most) {
        count = most;
    }
    if (decoder->tables != NULL) {
        count = decode_by_tables(decoder->tables->values, input, count, bytes);
    } else {
        count = decode_by_words(input, count, bytes);
    }
    decoder->input += count * 8;
    decoder->length -= count * 8;
    return count * 6;
}

/* One character the slow way; completed bytes go to `pending`. */
static int decode_character(struct base64_decoder *decoder)
{
    uint8_t symbol = symbol_of((uint8_t)*decoder->input);

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

__attribute__((hot)) int64_t base64_decode(struct base64_decoder *decoder, uint8_t *bytes,
                                           size_t room)
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
            written += decode_plain(decoder, bytes + written, room - written);
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
        if (decoder.symbols == 0 && decoder.length >= 8 &&
            is_alphabet(load_word((const uint8_t *)decoder.input))) {
            decoder.input += 8;
            decoder.length -= 8;
            total += 6;
            continue;
        }
        if (decode_character(&decoder) < 0) {
            return -EINVAL;
        }
        total += decoder.pending_count;
        decoder.pending_count = 0;
    }
    return total;
}
