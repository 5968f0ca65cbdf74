/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio consoles of the machine: found on PCI and in memory-mapped transports, started,
 * polled, and let go when they are pulled.  What is done with their bytes is the user's business.
 */
#ifndef BOOT_CONSOLES_H
#define BOOT_CONSOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;
struct pci_function;
struct virtio_console;

/* Called from consoles_scan() and consoles_poll(). */
struct console_user {
    /* A console was started.  Returns what the other calls get as `session`, NULL to refuse it. */
    void *(*attach)(void *ctx, struct virtio_console *console);
    /* The host end of the stream went away, or another one came: drop what is half done. */
    void (*restart)(void *session);
    /* The console goes away now and its stream with it. */
    void (*detach)(void *session);
    /* Moves bytes; returns whether any moved. */
    bool (*poll)(void *session);
    /* Whether a stream may begin with these bytes, and what stands for bytes that are taken back
     * (struct virtio_console_config). */
    bool (*may_begin)(const uint8_t *bytes, size_t count);
    uint8_t filler;
    void *ctx;
};

/* Takes note of where devices can be, and looks there; all three must stay valid.  After
 * consoles_stop() it begins anew. */
void consoles_init(const struct machine *machine, const char *port_name,
                   const struct console_user *user);
/* Looks for consoles that are not there yet. */
void consoles_scan(void);
/* One turn for each: control messages first, then bytes.  Returns whether anything happened. */
bool consoles_poll(void);
/* Before sleeping.  Returns true when something waits already. */
bool consoles_arm(void);
/* When consoles_poll() wants to be called even if no interrupt came, on clock_monotonic_ns();
 * UINT64_MAX: never. */
uint64_t consoles_deadline_ns(void);
/* Whether every device has taken all output. */
bool consoles_drained(void);
/* Lets go of all of them: their hosts see the ports close.  Returns whether a host was there. */
bool consoles_stop(void);
/* Lets go of those in this slot: the host is about to take the device out. */
void consoles_remove(uint8_t bus, uint8_t slot);

/* Where the console numbered `index` is, of those that run on PCI now; NULL beyond the last. */
const struct pci_function *consoles_function(size_t index);

#endif
