/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio console device (virtio 1.2 §5.3) as a carrier of one byte stream: the port with a
 * given name among however many the device has.  Other ports are answered as the protocol asks
 * and otherwise left alone.
 *
 * Nothing here blocks and nothing is copied: received bytes are read where the device put them,
 * output is written where the device fetches it.
 *
 * The event loop:
 *
 *     for (;;) {
 *         while (virtio_console_poll(console) | session_poll(session))
 *             ;
 *         if (!virtio_console_arm(console))
 *             sleep until an interrupt that came since the last sleep or comes now
 *     }
 */
#ifndef DRIVERS_VIRTIO_CONSOLE_H
#define DRIVERS_VIRTIO_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio.h"
#include "virtqueue.h"

#define VIRTIO_CONSOLE_TYPE 3u /* virtio 1.2 §5.3.1 */
/* QEMU's devices have at most 511 ports (two queues each of VIRTIO_QUEUE_MAX 1024). */
#define VIRTIO_CONSOLE_PORTS_MAX 512u
/* The longest port name that can be asked for, without its NUL. */
#define VIRTIO_CONSOLE_NAME_MAX 127u
/* QEMU hands over at most this much at once (hw/char/virtio-console.c:chr_can_read). */
#define VIRTIO_CONSOLE_RX_BUFFER_BYTES 4096u
/* Least room for output. */
#define VIRTIO_CONSOLE_TX_BYTES_MIN 4096u
/* Pieces of output that can be on their way at once. */
#define VIRTIO_CONSOLE_TX_PIECES_MAX 128u

struct virtio_console;

enum virtio_console_event {
    /* The host opened the port, or may have done so here: a new session begins, nothing of an
     * earlier one is left. */
    VIRTIO_CONSOLE_OPENED,
    /* The host closed it: unread input and unsent output are gone; what peek() and reserve()
     * lent is void. */
    VIRTIO_CONSOLE_CLOSED,
    /* The device was reset after an error; as CLOSED, and OPENED follows if the host is there. */
    VIRTIO_CONSOLE_RESET,
    /* The device cannot be used any more (pulled, or broken beyond retry): call
     * virtio_console_stop() after virtio_console_poll() has returned. */
    VIRTIO_CONSOLE_REMOVED
};

struct virtio_console_config {
    /* Name of the port to serve; must stay valid. */
    const char *port_name;
    /* Serve port 0 of a device that has only one port and hence no names (§5.3.5). */
    bool serve_single_port;
    /* Receive buffers of 4 KiB: a power of two; more than the queue has entries are not used. */
    uint16_t rx_buffers;
    /* Bytes of output that may be on their way: a power of two, at least 4096. */
    uint32_t tx_bytes;
    /*
     * What takes the place of output that its reader left behind: the next one may be there before
     * the device hears of it, and gets this instead of the end of a stranger's reply.
     */
    uint8_t tx_filler;
    /*
     * Whether a session may begin with these bytes, asked where nothing else tells whether input
     * was meant for the last session or for this one; NULL: all of it is taken for this one's.
     */
    bool (*may_begin)(const uint8_t *bytes, size_t count);
    /* Called from virtio_console_poll() only. */
    void (*event)(void *ctx, struct virtio_console *console, enum virtio_console_event event);
    void *ctx;
};

/* Counted for the log and for tests. */
struct virtio_console_counters {
    uint32_t resets;          /* new handshakes after an error */
    uint32_t control_refused; /* control messages that were too short, or for no port of ours */
    uint32_t rx_dropped;      /* bytes received outside a session */
};

/* One piece of output that the device has. */
struct virtio_console_piece {
    uint32_t bytes;
    bool done;
    bool left; /* its session has ended */
};

/* All of a device; the caller provides the memory and looks at nothing in it. */
struct virtio_console {
    struct virtio_device *device;
    struct virtio_console_config config;
    struct virtio_console_counters counters;

    /* The device's life. */
    enum { VIRTIO_CONSOLE_RUNNING, VIRTIO_CONSOLE_RESTART_DUE, VIRTIO_CONSOLE_DEAD } life;
    uint8_t failures; /* errors in a row without a byte received in between */
    bool slept;       /* armed since the last poll */
    bool multiport;   /* §5.3.3 */
    bool status_due;  /* a configuration interrupt may have come with others */
    uint64_t status_due_ns;

    /* The control queues (§5.3.6.2) and what we still have to say on them. */
    struct virtqueue control_rx;
    struct virtqueue control_tx;
    uint8_t *control_memory;
    uint16_t control_count; /* receive buffers that circulate */
    bool device_ready_due;
    uint16_t answers_due;                    /* ports with an answer outstanding */
    uint16_t port_count;                     /* ports whose numbers we accept */
    uint16_t ports_added;                    /* announced since the handshake */
    bool asked_around;                       /* ports that were not announced were asked */
    uint8_t ports[VIRTIO_CONSOLE_PORTS_MAX]; /* bits per port, see virtio_console.c */

    /*
     * The port that bears the name (PORTS_MAX: none yet), and the port that the data queues are
     * made for: a guess until the name is known.
     */
    uint16_t named_port;
    uint16_t data_port;
    bool shut;         /* our side of the port is closed, by set_open() */
    bool open;         /* a session runs: the host has the named port open, and so do we */
    bool session_used; /* bytes have passed since it began */
    struct virtqueue rx;
    struct virtqueue tx;

    /* Input: the buffer that is being read. */
    uint8_t *rx_memory;
    uint16_t rx_count;
    uint16_t rx_reposted; /* since the device was last notified */
    bool rx_held;
    uint16_t rx_token;
    uint32_t rx_bytes;
    uint32_t rx_offset;
    /* Used index up to which input certainly is of this session or an earlier one. */
    uint16_t rx_session_index;
    /*
     * A session ended, and input above that index may be its own: up to rx_undecided_end, once
     * the next session runs.  rx_begun: a buffer was found with which that one may have begun;
     * rx_begins: the buffer that is held is such a one, and the user has not been told.
     */
    bool rx_undecided;
    bool rx_begun;
    bool rx_begins;
    uint16_t rx_undecided_end;

    /* Output: a ring of bytes (free-running positions), and the pieces that the device has. */
    uint8_t *tx_memory;
    uint32_t tx_head;      /* committed up to here */
    uint32_t tx_submitted; /* given to the device up to here */
    uint32_t tx_tail;      /* back from the device up to here */
    bool tx_wanted;        /* reserve() found no room: wake up when there is some */
    bool flush_due;
    uint16_t piece_count;
    uint16_t piece_head;
    uint16_t piece_tail;
    uint16_t pieces_lost; /* since the handshake */
    struct virtio_console_piece pieces[VIRTIO_CONSOLE_TX_PIECES_MAX];
};

/*
 * Takes a probed console device and starts the handshake, which virtio_console_poll() carries on.
 * Returns 0; -EINVAL for a bad configuration; -ENOMEM; or what virtio_negotiate() says.  After an
 * error nothing is held but the device, which the caller releases.
 */
int virtio_console_start(struct virtio_console *console, struct virtio_device *device,
                         const struct virtio_console_config *config);
/*
 * Handles control messages, errors and the device's leaving; calls config.event().  Returns
 * whether something happened.
 */
bool virtio_console_poll(struct virtio_console *console);
/*
 * Before sleeping: asks for interrupts for what is of interest.  Returns true when something
 * waits already: poll again instead.
 */
bool virtio_console_arm(struct virtio_console *console);
/* When virtio_console_poll() wants to be called even if nothing has woken the caller, on
 * clock_monotonic_ns(); UINT64_MAX: never. */
uint64_t virtio_console_deadline_ns(const struct virtio_console *console);
/*
 * Lets go of the device: resets it if it is still there, and frees all memory.  The device itself
 * is the caller's to release.  No events come from here.
 */
void virtio_console_stop(struct virtio_console *console);

/*
 * The byte stream of the port; each does nothing or returns 0 while no session runs.  They take
 * the struct virtio_console as a void pointer so that a table of functions can hold them.
 */

/* Lends the oldest received bytes that lie in one piece; *bytes stays valid until consumed or the
 * session ends. */
size_t virtio_console_port_peek(void *console, const uint8_t **bytes);
/* Gives back the first `count` of them. */
void virtio_console_port_consume(void *console, size_t count);
/* Lends room for output in one piece; 0 while the host does not take what it has. */
size_t virtio_console_port_reserve(void *console, uint8_t **room);
/* The first `count` bytes of the room are output; they may wait for flush(). */
void virtio_console_port_commit(void *console, size_t count);
/* Hands everything committed to the device. */
void virtio_console_port_flush(void *console);
/* Whether a session runs. */
bool virtio_console_is_open(const struct virtio_console *console);
/* Whether the device has taken all that was committed; true while no session runs. */
bool virtio_console_port_drained(void *console);
/*
 * Closes our side of the port, which the host sees (QEMU's event VSERPORT_CHANGE), or opens it
 * again; it is open from the start.  While it is closed no session runs and the device delivers
 * nothing.  A session that begins by opening is reported as any other.
 * Where ports are not controlled (§5.3.5) the host sees nothing of it.
 */
void virtio_console_port_set_open(void *console, bool open);

#endif
