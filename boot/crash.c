/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for the report of a crash, and panic(). */
#include "crash.h"

#include <arch/layout.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "power.h"
#include "symbols.h"

#define BACKTRACE_MAX 32
#define SYMBOL_MAX    80

extern const uint8_t text_start[], text_end[];

uintptr_t crash_stack_end(const struct crash_stack *stacks, size_t count, uintptr_t address)
{
    for (size_t i = 0; i < count; i++)
        if (address >= (uintptr_t)stacks[i].guard + 4096 && address < (uintptr_t)stacks[i].end)
            return (uintptr_t)stacks[i].end;
    return 0;
}

void crash_text(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    serial_write(text, length);
}

void crash_hex(uint64_t value, int digits)
{
    char text[18] = "0x";
    for (int i = 0; i < digits && i < 16; i++)
        text[2 + i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
    serial_write(text, (size_t)(2 + digits));
}

void crash_decimal(uint64_t value)
{
    char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    serial_write(text + at, sizeof text - at);
}

static uintptr_t read_uleb128(const uint8_t **at)
{
    uintptr_t value = 0;
    unsigned int shift = 0;
    uint8_t byte;
    do {
        byte = *(*at)++;
        value |= (uintptr_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

void crash_symbol(uintptr_t address)
{
    char name[SYMBOL_MAX] = "";
    uintptr_t start = (uintptr_t)text_start;
    const uint8_t *at = symbols_start;
    while (at < symbols_end) {
        uintptr_t next = start + read_uleb128(&at);
        if (next > address)
            break;
        start = next;
        /* What is longer than the room loses its end. */
        size_t length = *at++;
        do {
            if (length < sizeof name - 1) {
                name[length++] = (char)(*at & 0x7f);
                name[length] = '\0';
            }
        } while (!(*at++ & 0x80));
    }
    if (!name[0] || address >= (uintptr_t)text_end) {
        crash_text("?");
        return;
    }
    crash_text(name);
    crash_text("+");
    crash_hex(address - start, 3);
}

void crash_line(uintptr_t address)
{
    crash_text("  ");
    crash_hex(address, 8);
    crash_text(" ");
    crash_symbol(address);
    crash_text("\n");
}

/* Says how often a line came again that was not printed again. */
static void backtrace_repeated(uint64_t count)
{
    if (!count)
        return;
    crash_text("  ... and so ");
    crash_decimal(count);
    crash_text(" times more\n");
}

void crash_backtrace(uintptr_t address, uintptr_t frame)
{
    crash_line(address);
    crash_callers(address, frame);
}

void crash_callers(uintptr_t address, uintptr_t frame)
{
    uintptr_t record = frame - LAYOUT_FRAME_RECORD;
    uintptr_t end = stack_end_of(record);
    uint64_t repeated = 0;
    /* A record is the caller's frame pointer and the return address; each lies above the last. */
    for (int lines = 1; lines < BACKTRACE_MAX;) {
        if (!end || record % sizeof record || record > end - 2 * sizeof record)
            break;
        const uintptr_t *pair = (const uintptr_t *)record;
        if (!pair[1])
            break;
        /* The call, not what follows it: that may belong to the next function. */
        if (pair[1] - 1 == address) {
            repeated++; /* a recursion, and what began it is of more interest */
        } else {
            backtrace_repeated(repeated);
            repeated = 0;
            address = pair[1] - 1;
            crash_line(address);
            lines++;
        }
        if (pair[0] - LAYOUT_FRAME_RECORD <= record)
            break;
        record = pair[0] - LAYOUT_FRAME_RECORD;
    }
    backtrace_repeated(repeated);
}

void panic(const char *format, ...)
{
    char reason[200];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    crash_text("panic: ");
    crash_text(reason);
    crash_text("\n");
    crash_backtrace(
        (uintptr_t)__builtin_return_address(0) - 1,
        *(const uintptr_t *)((uintptr_t)__builtin_frame_address(0) - LAYOUT_FRAME_RECORD));
    machine_crash();
}

/* What -fstack-protector-strong calls when a canary died. */
_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
    panic("stack smashed: the canary of a function is gone");
}
