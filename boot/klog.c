/* SPDX-License-Identifier: BSD-2-Clause */
/* The log: lines on the serial port with the time since start in seconds. */
#include "klog.h"

#include <stdarg.h>
#include <stdio.h>

#include "drivers/clock.h"
#include "drivers/klog.h"
#include "platform.h"

#define LINE_MAX_BYTES 256

static bool serial_wanted = true;

void klog_to_serial(bool wanted)
{
    serial_wanted = wanted;
}

void klog(const char *format, ...)
{
    if (!serial_wanted)
        return;
    char line[LINE_MAX_BYTES];
    uint64_t us = clock_monotonic_ns() / 1000;
    int at = snprintf(line, sizeof line, "[%u.%06u] ", (unsigned int)(us / 1000000),
                      (unsigned int)(us % 1000000));
    va_list args;
    va_start(args, format);
    int count = vsnprintf(line + at, sizeof line - (size_t)at, format, args);
    va_end(args);
    if (count < 0)
        return;
    size_t length = (size_t)at + (size_t)count;
    if (length > sizeof line - 1)
        length = sizeof line - 1;
    line[length] = '\n';
    serial_write(line, length + 1);
}
