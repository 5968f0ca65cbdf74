/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar: whether a token may stand where it stands, and the document's text as far as it
 * is well-formed.  It reports what the recursive parser of qobject/json-parser.c would meet
 * first, without its recursion.
 */
#include <errno.h>

#include "framer_parts.h"

enum expectation {
    EXPECT_VALUE,
    EXPECT_FIRST_ITEM, /* a value or ] */
    EXPECT_FIRST_KEY,  /* a key or } */
    EXPECT_KEY,
    EXPECT_COLON,
    EXPECT_SEPARATOR, /* a comma or the container's end */
};

static struct framer_level *framer_top(struct framer *framer)
{
    return &framer->levels[framer->depth - 1];
}

/* A token that cannot stand here; the messages are those of json-parser.c. */
static void grammar_reject(struct framer *framer)
{
    switch (framer->expect) {
    case EXPECT_COLON:
        framer_fail(framer, "JSON parse error, missing : in object pair");
        break;
    case EXPECT_SEPARATOR:
        framer_fail(framer, "JSON parse error, expected separator in %s",
                    framer_top(framer)->container == FRAMER_OBJECT ? "dict" : "list");
        break;
    default:
        framer_fail(framer, "JSON parse error, expecting value");
        break;
    }
}

static bool grammar_in_key_position(const struct framer *framer)
{
    return framer->expect == EXPECT_FIRST_KEY || framer->expect == EXPECT_KEY;
}

/* Whether a value or key may begin here. */
bool grammar_allows_value(struct framer *framer)
{
    if (framer->failed) {
        return false;
    }
    if (framer->expect == EXPECT_COLON || framer->expect == EXPECT_SEPARATOR) {
        grammar_reject(framer);
        return false;
    }
    return true;
}

/* A whole value has been read in a place where values belong. */
static void grammar_value_done(struct framer *framer)
{
    struct framer_level *level;
    int result;

    if (framer->depth == 0) {
        return;
    }
    framer->expect = EXPECT_SEPARATOR;
    level = framer_top(framer);
    if (level->container != FRAMER_OBJECT) {
        return;
    }
    result = keyset_add(&framer->keys, framer->strings.data, &level->key);
    if (result == -EEXIST) {
        framer_fail(framer, "JSON parse error, duplicate key");
    } else if (result < 0) {
        framer_out_of_memory(framer);
    }
}

static void grammar_not_a_key(struct framer *framer)
{
    framer_fail(framer, "JSON parse error, key is not a string in object");
}

static void grammar_open(struct framer *framer, enum framer_container container)
{
    struct framer_level *level;

    if (!grammar_allows_value(framer)) {
        return;
    }
    if (framer->depth == 0) {
        framer->top_is_object = container == FRAMER_OBJECT;
    }
    /* The nesting limit was checked, and only balanced messages get here: depth < the maximum. */
    level = &framer->levels[framer->depth++];
    level->container = (uint8_t)container;
    level->in_key_position = grammar_in_key_position(framer);
    level->key = (struct keyset_key){.object = framer->object_count++};
    framer->expect = container == FRAMER_OBJECT ? EXPECT_FIRST_KEY : EXPECT_FIRST_ITEM;
    framer->token_count++;
    framer_put(framer, container == FRAMER_OBJECT ? "{" : "[", 1);
}

static void grammar_close(struct framer *framer, enum framer_container container)
{
    uint8_t if_empty = container == FRAMER_OBJECT ? EXPECT_FIRST_KEY : EXPECT_FIRST_ITEM;
    bool in_key_position;

    if (framer->failed) {
        return;
    }
    if (framer->depth == 0 || framer_top(framer)->container != container ||
        (framer->expect != if_empty && framer->expect != EXPECT_SEPARATOR)) {
        grammar_reject(framer);
        return;
    }
    framer_put(framer, container == FRAMER_OBJECT ? "}" : "]", 1);
    in_key_position = framer_top(framer)->in_key_position;
    framer->depth--;
    if (in_key_position) {
        grammar_not_a_key(framer);
    } else {
        grammar_value_done(framer);
    }
}

static void grammar_comma(struct framer *framer)
{
    if (framer->failed) {
        return;
    }
    if (framer->depth == 0 || framer->expect != EXPECT_SEPARATOR) {
        grammar_reject(framer);
        return;
    }
    framer->expect = framer_top(framer)->container == FRAMER_OBJECT ? EXPECT_KEY : EXPECT_VALUE;
    framer_put(framer, ",", 1);
}

static void grammar_colon(struct framer *framer)
{
    if (framer->failed) {
        return;
    }
    if (framer->expect != EXPECT_COLON) {
        grammar_reject(framer);
        return;
    }
    framer->expect = EXPECT_VALUE;
    framer_put(framer, ":", 1);
}

/* A number or keyword, whose text is in place. */
void grammar_scalar(struct framer *framer)
{
    if (framer->failed) {
        return;
    }
    framer->token_count++;
    if (grammar_in_key_position(framer)) {
        grammar_not_a_key(framer);
    } else {
        grammar_value_done(framer);
    }
}

void grammar_string(struct framer *framer)
{
    static const char digits[] = "0123456789abcdef";
    struct keyset_key key;
    char reference[2 + 8 + 1 + 8];
    size_t length = 0;
    uint32_t numbers[2];

    if (framer->failed) {
        return;
    }
    key.offset = (uint32_t)framer->string_start;
    key.length = (uint32_t)(framer->strings.size - framer->string_start);
    if (buffer_append(&framer->strings, "", 1) < 0) {
        framer_out_of_memory(framer);
        return;
    }
    numbers[0] = key.offset;
    numbers[1] = key.length;
    reference[length++] = '"';
    for (int i = 0; i < 2; i++) {
        int shift = 28;

        while (shift > 0 && numbers[i] >> shift == 0) {
            shift -= 4;
        }
        for (; shift >= 0; shift -= 4) {
            reference[length++] = digits[numbers[i] >> shift & 15];
        }
        reference[length++] = i == 0 ? ':' : '"';
    }
    framer_put(framer, reference, length);
    framer->token_count++;
    if (grammar_in_key_position(framer)) {
        key.object = framer_top(framer)->key.object;
        framer_top(framer)->key = key;
        framer->expect = EXPECT_COLON;
    } else {
        grammar_value_done(framer);
    }
}

void grammar_punctuation(struct framer *framer, uint8_t byte)
{
    if (byte == '{' || byte == '[') {
        grammar_open(framer, byte == '{' ? FRAMER_OBJECT : FRAMER_ARRAY);
    } else if (byte == '}' || byte == ']') {
        grammar_close(framer, byte == '}' ? FRAMER_OBJECT : FRAMER_ARRAY);
    } else if (byte == ',') {
        grammar_comma(framer);
    } else {
        grammar_colon(framer);
    }
}

void grammar_begin(struct framer *framer)
{
    framer->expect = EXPECT_VALUE;
    framer->depth = 0;
    framer->object_count = 0;
    framer->top_is_object = false;
    framer->token_count = 0;
}
