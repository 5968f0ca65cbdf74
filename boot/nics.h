/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network controllers of the machine: found on PCI, started, polled, and let go when they are
 * pulled.  What is done with their frames is the user's business.
 */
#ifndef BOOT_NICS_H
#define BOOT_NICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct e1000;
struct pci_function;

/* Called from nics_start(), nics_poll() and nics_remove(). */
struct nic_user {
    /* A controller was started.  Returns what the other calls get as `session`, NULL to refuse. */
    void *(*attach)(void *ctx, struct e1000 *nic);
    /* nic->link_up has changed. */
    void (*link_changed)(void *session);
    /* The controller goes away now; no frame can be sent any more. */
    void (*detach)(void *session);
    /* Moves frames; returns whether any moved. */
    bool (*poll)(void *session);
    void *ctx;
};

/*
 * Says who takes the frames (NULL: nobody), and every how many seconds a line with the counters of
 * each controller that has moved a frame goes to the log (0: never).  With neither, controllers are
 * left as they were found.  `user` must stay valid.
 */
void nics_init(const struct nic_user *user, uint32_t log_seconds);
/* A function was found: remembers it if it is a network controller that is not there yet. */
void nics_note(const struct pci_function *function);
/* Starts those that were found since the last call. */
void nics_start(void);
/* One turn for each: the controller first, then its frames.  Returns whether anything happened. */
bool nics_poll(void);
/* Before sleeping.  Returns true when something waits already. */
bool nics_arm(void);
/* Whether one of them has to be looked at every few milliseconds. */
bool nics_need_polling(void);
/* When to call nics_poll() even without an interrupt; UINT64_MAX: not. */
uint64_t nics_deadline_ns(void);
/* Lets go of all of them; nics_start() takes them again, in the same order. */
void nics_stop(void);
/* Lets go of those in this slot: the host is about to take the device out. */
void nics_remove(uint8_t bus, uint8_t slot);
/* The controllers that run now, in the order in which they were found; NULL beyond the last. */
struct e1000 *nics_get(size_t index);

#endif
