/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The byte stream of a console port, virtio 1.2 §5.3.6: receive and transmit queue.
 *
 * Input.  Buffers of 4 KiB wait with the device; each that comes back is lent to the reader as it
 * is and goes back when it is read.  A device that finds no buffer loses nothing as long as none
 * is withdrawn (QEMU asks for room before it reads from the host,
 * hw/char/virtio-serial-bus.c:virtio_serial_guest_ready), so none ever is.
 *
 * Output.  One ring of bytes: the writer fills it at the head, flush() or a full piece hands the
 * part since the last piece to the device, and the tail follows when pieces come back.  A host
 * that does not read makes QEMU keep the pieces (virtio-console.c:flush_buf); then reserve() has no
 * room and nothing waits.
 *
 * Whose bytes?  The host's closing and opening arrive on the control queue, data on another, and
 * queues are not ordered among each other.  What is certain: the device writes in order.  So if
 * first the receive queue is looked at (mark) and then the control queue is empty, every byte
 * below the mark came before any control message that is yet to be seen: it belongs to the session
 * that we know (settle).  Input above the last settled mark is undecided.  When the host closes,
 * settled input is dropped; the rest is dropped too if the port is still closed at the next look.
 * If the port was opened again in between, nothing tells.  A host's first bytes start a buffer of
 * their own, so each undecided buffer with which a session may begin is reported as the beginning
 * of one, and those before the first are dropped: losing a new client's request would be worse
 * than answering an old one's.  Bytes are lent only below a settled mark, and nothing is lent or
 * sent while a control message waits.
 */
#include "virtio_console_parts.h"

#include <errno.h>
#include <stddef.h>

#include <arch/barrier.h>

/* Output goes to the device in a quarter of the ring or sooner, so that both sides work. */
#define PIECES_PER_RING 4u

static void check(struct virtio_console *console, int result)
{
    if (result < 0)
        virtio_console_broken(console);
}

static bool usable(const struct virtio_console *console)
{
    return console->open && console->life == VIRTIO_CONSOLE_RUNNING;
}

static bool control_waits(const struct virtio_console *console)
{
    return console->multiport && virtqueue_waiting(&console->control_rx) != 0;
}

/* --- start ---------------------------------------------------------------------------------- */

static uint8_t *rx_buffer(const struct virtio_console *console, uint16_t token)
{
    return console->rx_memory + token * VIRTIO_CONSOLE_RX_BUFFER_BYTES;
}

static void post(struct virtio_console *console, uint16_t token)
{
    check(console, virtqueue_add(&console->rx, VIRTQUEUE_DEVICE_WRITES, rx_buffer(console, token),
                                 VIRTIO_CONSOLE_RX_BUFFER_BYTES, token));
}

/* §5.3.2: two queues a port, with the control queues between the first port's and the others'. */
static uint16_t rx_queue_of(uint16_t port)
{
    return port == 0 ? 0 : (uint16_t)(2 * port + 2);
}

int virtio_console_port_start(struct virtio_console *console)
{
    const struct virtio_console_config *config = &console->config;
    uint16_t queue = rx_queue_of(console->data_port);
    int error = virtio_queue_start(console->device, &console->rx, queue, config->rx_buffers);
    if (error == 0)
        error = virtio_queue_start(console->device, &console->tx, (uint16_t)(queue + 1),
                                   VIRTIO_CONSOLE_TX_PIECES_MAX);
    if (error != 0)
        return error;

    console->rx_count =
        config->rx_buffers < console->rx.size ? config->rx_buffers : console->rx.size;
    console->piece_count = console->tx.size < VIRTIO_CONSOLE_TX_PIECES_MAX
                               ? console->tx.size
                               : VIRTIO_CONSOLE_TX_PIECES_MAX;
    console->rx_held = false;
    console->rx_reposted = 0;
    console->rx_session_index = 0;
    console->rx_undecided = console->rx_begins = false;
    console->tx_head = console->tx_submitted = console->tx_tail = 0;
    console->piece_head = console->piece_tail = console->pieces_lost = 0;
    for (uint16_t token = 0; token < console->rx_count; token++)
        post(console, token);
    return 0;
}

/* --- input ---------------------------------------------------------------------------------- */

static void repost(struct virtio_console *console, uint16_t token)
{
    post(console, token);
    console->rx_reposted++;
    /* With EVENT_IDX the device says exactly when it ran dry; without, each notification is an
     * exit, so they are saved up. */
    if (console->rx.event_idx || console->rx_reposted >= console->rx_count / 4) {
        console->rx_reposted = 0;
        virtio_kick(console->device, &console->rx);
    }
}

static void release_held(struct virtio_console *console)
{
    if (!console->rx_held)
        return;
    console->rx_held = false;
    repost(console, console->rx_token);
}

/*
 * virtqueue_take() for input.  A device that claims more than the buffer holds has not written
 * what it says, and what it will write where is anybody's guess (virtio 1.2 §2.7.8.2).
 */
static int take_input(struct virtio_console *console, struct virtqueue_completion *completion)
{
    int taken = virtqueue_take(&console->rx, completion);
    if (taken == 1 && completion->claimed > VIRTIO_CONSOLE_RX_BUFFER_BYTES)
        taken = -EPROTO;
    check(console, taken);
    return taken;
}

/* Gives back unread input up to used index `end`.  Returns whether there was some. */
static bool drop_until(struct virtio_console *console, uint16_t end)
{
    bool dropped = false;
    while (console->rx.used_index != end) {
        struct virtqueue_completion completion;
        if (take_input(console, &completion) != 1)
            break;
        console->counters.rx_dropped += completion.bytes;
        repost(console, completion.token);
        dropped = true;
    }
    return dropped;
}

uint16_t virtio_console_port_mark(const struct virtio_console *console)
{
    uint16_t mark = (uint16_t)(console->rx.used_index + virtqueue_waiting(&console->rx));
    /* The receive queue before the control queue: pairs with the device's write order. */
    dma_rmb();
    return mark;
}

bool virtio_console_port_settle(struct virtio_console *console, uint16_t mark)
{
    console->rx_session_index = mark;
    if (console->open)
        return false;
    console->rx_undecided = false;
    return drop_until(console, mark);
}

/*
 * Whether this buffer, which comes next, is left over from the session before.  Where nothing
 * tells, each buffer with which a session may begin is taken for one that does; the last that can
 * be its first is the one behind those that were there when we heard of it.
 */
static bool is_left_over(struct virtio_console *console,
                         const struct virtqueue_completion *completion)
{
    bool (*may_begin)(const uint8_t *, size_t) = console->config.may_begin;
    if (!console->rx_undecided || may_begin == NULL)
        return false;
    /* The used index counts this buffer already. */
    bool certainly_new =
        (int16_t)(uint16_t)(console->rx_undecided_end - console->rx.used_index) < 0;
    console->rx_undecided = !certainly_new;
    console->rx_begins = may_begin(rx_buffer(console, completion->token), completion->bytes);
    console->rx_begun |= console->rx_begins || certainly_new;
    if (!console->rx_begun)
        console->counters.rx_dropped += completion->bytes;
    return !console->rx_begun;
}

/* Takes the next buffer that has bytes.  Returns whether there is one. */
static bool hold_next(struct virtio_console *console)
{
    uint16_t mark = virtio_console_port_mark(console);
    if (control_waits(console))
        return false;
    virtio_console_port_settle(console, mark);
    while (console->rx.used_index != mark) {
        struct virtqueue_completion completion;
        if (take_input(console, &completion) != 1)
            return false;
        if (completion.bytes == 0 || is_left_over(console, &completion)) {
            repost(console, completion.token);
            continue;
        }
        console->rx_held = true;
        console->rx_token = completion.token;
        console->rx_bytes = completion.bytes;
        console->rx_offset = 0;
        console->session_used = true;
        console->failures = 0;
        return true;
    }
    return false;
}

size_t virtio_console_port_peek(void *ctx, const uint8_t **bytes)
{
    struct virtio_console *console = ctx;
    if (!usable(console) || control_waits(console))
        return 0;
    if (!console->rx_held && !hold_next(console))
        return 0;
    if (console->rx_begins)
        return 0; /* virtio_console_poll() says so first */
    *bytes = rx_buffer(console, console->rx_token) + console->rx_offset;
    return console->rx_bytes - console->rx_offset;
}

void virtio_console_port_consume(void *ctx, size_t count)
{
    struct virtio_console *console = ctx;
    if (!usable(console) || !console->rx_held)
        return;
    uint32_t left = console->rx_bytes - console->rx_offset;
    console->rx_offset += count < left ? (uint32_t)count : left;
    if (console->rx_offset == console->rx_bytes)
        release_held(console);
}

/* --- output --------------------------------------------------------------------------------- */

/*
 * QEMU forgets the piece that it was about to write when the host closes, without giving it back
 * (virtio-serial-bus.c:discard_throttle_data).  It takes pieces in order, so one that its host
 * left and that another has overtaken is such a one.
 */
static bool is_lost(const struct virtio_console *console)
{
    if (!console->pieces[console->piece_tail % console->piece_count].left)
        return false;
    for (uint16_t at = console->piece_tail; at != console->piece_head; at++) {
        if (console->pieces[at % console->piece_count].done)
            return true;
    }
    return false;
}

/* Pieces come back in any order; the tail follows in the order in which they went out. */
static void reclaim(struct virtio_console *console)
{
    struct virtqueue_completion completion;
    int taken;
    while ((taken = virtqueue_take(&console->tx, &completion)) == 1)
        console->pieces[completion.token].done = true;
    check(console, taken);
    while (console->piece_tail != console->piece_head) {
        struct virtio_console_piece *piece =
            &console->pieces[console->piece_tail % console->piece_count];
        if (!piece->done && !is_lost(console))
            return;
        console->pieces_lost += !piece->done;
        console->tx_tail += piece->bytes;
        console->piece_tail++;
    }
}

/* Contiguous room at the head, within the piece that is being filled. */
static uint32_t room(const struct virtio_console *console)
{
    uint32_t ring = console->config.tx_bytes;
    uint32_t free_bytes = ring - (console->tx_head - console->tx_tail);
    uint32_t to_end = ring - (console->tx_head & (ring - 1));
    uint32_t in_piece = ring / PIECES_PER_RING - (console->tx_head - console->tx_submitted);
    uint32_t bytes = free_bytes < to_end ? free_bytes : to_end;
    if ((uint16_t)(console->piece_head - console->piece_tail) >= console->piece_count)
        return 0;
    return bytes < in_piece ? bytes : in_piece;
}

size_t virtio_console_port_reserve(void *ctx, uint8_t **bytes)
{
    struct virtio_console *console = ctx;
    if (!usable(console) || control_waits(console))
        return 0;
    uint32_t count = room(console);
    if (count == 0) {
        reclaim(console);
        count = room(console);
    }
    console->tx_wanted = count == 0;
    *bytes = console->tx_memory + (console->tx_head & (console->config.tx_bytes - 1));
    return count;
}

/* Hands what was committed since the last piece to the device; reserve() saw to a free slot. */
static void submit(struct virtio_console *console)
{
    uint32_t bytes = console->tx_head - console->tx_submitted;
    if (bytes == 0)
        return;
    /* The message that waits may say that the reader of these bytes has left. */
    console->flush_due = control_waits(console);
    if (console->flush_due)
        return;
    uint16_t slot = console->piece_head % console->piece_count;
    const uint8_t *start =
        console->tx_memory + (console->tx_submitted & (console->config.tx_bytes - 1));
    int error = virtqueue_add(&console->tx, VIRTQUEUE_DEVICE_READS, start, bytes, slot);
    check(console, error);
    if (error != 0)
        return;
    console->pieces[slot] = (struct virtio_console_piece){.bytes = bytes};
    console->piece_head++;
    console->tx_submitted = console->tx_head;
    virtio_kick(console->device, &console->tx);
}

void virtio_console_port_commit(void *ctx, size_t count)
{
    struct virtio_console *console = ctx;
    if (!usable(console))
        return;
    uint32_t ring = console->config.tx_bytes;
    uint32_t free_bytes = room(console);
    console->tx_head += count < free_bytes ? (uint32_t)count : free_bytes;
    console->session_used = true;
    /* A descriptor is one piece of memory: it ends where the ring does. */
    if (console->tx_head - console->tx_submitted == ring / PIECES_PER_RING ||
        (console->tx_head & (ring - 1)) == 0)
        submit(console);
}

void virtio_console_port_flush(void *ctx)
{
    struct virtio_console *console = ctx;
    if (usable(console))
        submit(console);
}

bool virtio_console_is_open(const struct virtio_console *console)
{
    return console->open;
}

bool virtio_console_port_drained(void *ctx)
{
    const struct virtio_console *console = ctx;
    /* Only a look: what reclaim() took here, port_poll() would no longer see, and whoever waits for
     * room would wait for ever. */
    return !usable(console) || (console->tx_head == console->tx_submitted &&
                                virtqueue_waiting(&console->tx) == console->tx.in_flight);
}

/*
 * Forgets what was not sent.  QEMU throws away what the host left unread only when it next looks
 * at the queue (virtio-serial-bus.c:handle_output), and with EVENT_IDX no doorbell may be due for
 * that, now or ever again; so it gets one.  If another host is there by then, fillers go out.
 */
static void drop_output(struct virtio_console *console)
{
    uint32_t ring = console->config.tx_bytes;
    console->tx_head = console->tx_submitted;
    if (console->life != VIRTIO_CONSOLE_RUNNING)
        return;
    reclaim(console);
    if (console->tx_tail == console->tx_submitted)
        return;
    for (uint32_t at = console->tx_tail; at != console->tx_submitted; at++)
        console->tx_memory[at & (ring - 1)] = console->config.tx_filler;
    for (uint16_t at = console->piece_tail; at != console->piece_head; at++)
        console->pieces[at % console->piece_count].left = true;
    dma_wmb(); /* the fillers before the doorbell that makes the device read them */
    console->device->transport->notify(console->device, &console->tx);
    /* Each lost piece keeps its descriptor until the next handshake; now nobody misses us. */
    if (console->pieces_lost > console->tx.size / 2)
        virtio_console_broken(console);
}

/* --- what the device's poll does for the port ----------------------------------------------- */

void virtio_console_port_begin(struct virtio_console *console)
{
    console->open = true;
    console->rx_undecided_end = virtio_console_port_mark(console);
    console->session_used = false;
    console->tx_wanted = false;
    console->flush_due = false;
}

void virtio_console_port_end(struct virtio_console *console)
{
    console->open = false;
    console->tx_wanted = false;
    console->flush_due = false;
    drop_output(console);
    release_held(console);
    drop_until(console, console->rx_session_index);
    console->rx_undecided = true;
    console->rx_begun = false;
    console->rx_begins = false;
}

bool virtio_console_port_poll(struct virtio_console *console)
{
    bool progress = false;
    if (!usable(console))
        return false;
    if (console->rx_begins) {
        console->rx_begins = false;
        virtio_console_tell(console, VIRTIO_CONSOLE_OPENED);
        progress = true;
    }
    if (console->tx_wanted && virtqueue_waiting(&console->tx) != 0) {
        reclaim(console);
        if (room(console) != 0) {
            console->tx_wanted = false;
            progress = true;
        }
    }
    if (console->flush_due)
        virtio_console_port_flush(console);
    return progress;
}

bool virtio_console_port_arm(struct virtio_console *console)
{
    if (console->rx_reposted != 0) {
        console->rx_reposted = 0;
        virtio_kick(console->device, &console->rx);
    }
    if (console->rx_begins)
        return true;
    /* Whoever waits to write does not read; more input would only wake him in vain. */
    if (console->tx_wanted)
        return virtqueue_enable_interrupts(&console->tx);
    return !console->rx_held && virtqueue_enable_interrupts(&console->rx);
}
