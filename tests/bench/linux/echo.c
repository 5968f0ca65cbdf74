/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Linux and its virtio-console driver cost without any agent: answers lines without looking
 * into them, and moves bytes without decoding them.
 *
 *   a line                           {"return": {}} and a newline
 *   a line with guest-sync-delimited 0xFF, {"return": its id} and a newline
 *   'W' and a length (32 bits, little-endian), then so many bytes: takes them, answers "ok\n"
 *   'R' and a length: sends so many bytes
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char pong[] = "{\"return\": {}}\n";
static int port;
static char line[512];
static size_t line_length;
static unsigned char header[5];
static size_t header_length;
static uint32_t to_swallow;

static void put(const char *bytes, size_t count)
{
    while (count) {
        ssize_t written = write(port, bytes, count);
        if (written <= 0) {
            struct pollfd wait = {.fd = port, .events = POLLOUT};
            poll(&wait, 1, -1);
            continue;
        }
        bytes += written;
        count -= (size_t)written;
    }
}

static void end_of_line(void)
{
    line[line_length] = 0;
    line_length = 0;
    const char *id = strstr(line, "guest-sync-delimited") ? strstr(line, "\"id\"") : NULL;
    if (!id) {
        put(pong, sizeof pong - 1);
        return;
    }
    char answer[64];
    id += strcspn(id, ":") + 1;
    int length = sprintf(answer, "\xff{\"return\": %ld}\n", strtol(id, NULL, 10));
    put(answer, (size_t)length);
}

static void end_of_header(void)
{
    static char noise[1 << 20];
    uint32_t count = header[1] | (uint32_t)header[2] << 8 | (uint32_t)header[3] << 16 |
                     (uint32_t)header[4] << 24;
    header_length = 0;
    if (header[0] == 'W') {
        to_swallow = count;
        return;
    }
    memset(noise, 'A', sizeof noise);
    while (count) {
        uint32_t piece = count < sizeof noise ? count : sizeof noise;
        put(noise, piece);
        count -= piece;
    }
}

/* Takes at least one byte of input; returns how many. */
static size_t take(const char *bytes, size_t count)
{
    if (to_swallow) {
        uint32_t piece = count < to_swallow ? (uint32_t)count : to_swallow;
        to_swallow -= piece;
        if (!to_swallow)
            put("ok\n", 3);
        return piece;
    }
    if (header_length || (!line_length && (*bytes == 'W' || *bytes == 'R'))) {
        header[header_length++] = (unsigned char)*bytes;
        if (header_length == sizeof header)
            end_of_header();
    } else if (*bytes == '\n') {
        end_of_line();
    } else if ((unsigned char)*bytes == 0xff) {
        line_length = 0;
    } else if (line_length < sizeof line - 1) {
        line[line_length++] = *bytes;
    }
    return 1;
}

int main(int argc, char **argv)
{
    static char input[1 << 16];
    port = argc > 1 ? open(argv[1], O_RDWR) : -1;
    if (port < 0)
        return 1;
    for (;;) {
        ssize_t count = read(port, input, sizeof input);
        if (count <= 0) {
            /* No host is connected: the port reads as ended until one is. */
            struct pollfd wait = {.fd = port, .events = POLLIN};
            poll(&wait, 1, -1);
            usleep(1000);
            continue;
        }
        for (size_t at = 0; at < (size_t)count;)
            at += take(input + at, (size_t)count - at);
    }
}
