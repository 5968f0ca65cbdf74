/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo, discard and chargen of the Linux peer, by TCP and UDP, in one process: as fast as it can be
 * done with poll(), so that the comparison is one of network stacks.
 */
#define _GNU_SOURCE /* accept4() */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define FIRST           4 /* of the connections in polled[] */
#define PLACES          (FIRST + CONNECTIONS_MAX)

static const unsigned short ports[FIRST] = {7, 9, 19, 7};
static struct pollfd polled[PLACES];
static unsigned short service[PLACES];
static char buffer[1 << 16];
static char text[1 << 16];

static int open_port(int type, unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        (type == SOCK_STREAM && listen(fd, 16) < 0))
        perror("services");
    return fd;
}

static void take(int listener, unsigned short port)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | (port == 19 ? SOCK_NONBLOCK : 0));
    int one = 1;

    for (int i = FIRST; i < PLACES && fd >= 0; i++) {
        if (polled[i].fd >= 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        polled[i] = (struct pollfd){.fd = fd, .events = port == 19 ? POLLOUT : POLLIN};
        service[i] = port;
        return;
    }
    close(fd);
}

static void answer_datagram(int fd)
{
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    ssize_t count = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &size);

    if (count >= 0)
        sendto(fd, buffer, (size_t)count, 0, (struct sockaddr *)&from, size);
}

/* Blocking for echo: whoever sends must read. */
static int echo(int fd, ssize_t count)
{
    for (ssize_t sent = 0; sent < count;) {
        ssize_t part = send(fd, buffer + sent, (size_t)(count - sent), MSG_NOSIGNAL);

        if (part <= 0)
            return -1;
        sent += part;
    }
    return 0;
}

static int serve(int fd, unsigned short port)
{
    ssize_t count = port == 19 ? send(fd, text, sizeof(text), MSG_NOSIGNAL)
                               : recv(fd, buffer, sizeof(buffer), 0);

    if (count < 0 && errno == EAGAIN)
        return 0;
    if (count <= 0)
        return -1;
    return port == 7 ? echo(fd, count) : 0;
}

int main(void)
{
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < PLACES; i++)
        polled[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    for (int i = 0; i < FIRST; i++)
        polled[i].fd = open_port(i < 3 ? SOCK_STREAM : SOCK_DGRAM, ports[i]);
    while (poll(polled, PLACES, -1) > 0) {
        for (int i = 0; i < PLACES; i++) {
            if (!polled[i].revents)
                continue;
            if (i < 3) {
                take(polled[i].fd, ports[i]);
            } else if (i < FIRST) {
                answer_datagram(polled[i].fd);
            } else if (serve(polled[i].fd, service[i]) < 0) {
                close(polled[i].fd);
                polled[i].fd = -1;
            }
        }
    }
    return 1;
}
