/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control queue of a console device with many ports, virtio 1.2 §5.3.6.2: which ports there
 * are, which of them bears the name that we serve, and when the host has it open.
 *
 * QEMU's habits (hw/char/virtio-serial-bus.c):
 * - Control messages for which no buffer is posted are lost for ever (send_control_msg).  So each
 *   buffer goes back before its message is handled, and at most a quarter as many answers are sent
 *   at once as there are buffers, because one PORT_READY brings up to three messages.
 * - More ports than buffers means that some are never announced.  Those are asked directly.
 * - Messages come in any order and repeatedly: PORT_OPEN may precede the name.  Each port has bits,
 *   not a state.
 * - The name ends with a NUL that the specification does not have, and the length that is
 *   reported may exceed the buffer (virtqueue.c clamps it).
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "dma.h"
#include "le.h"
#include "virtio_console_parts.h"
#include "virtio_console_regs.h"

/* QEMU's control queues have 32 entries. */
#define CONTROL_QUEUE_SIZE 32u
/* Room for a header, the longest name that can be ours, and a NUL. */
#define CONTROL_RX_BYTES (sizeof(struct virtio_console_control) + VIRTIO_CONSOLE_NAME_MAX + 1)
/* QEMU tells the length of the whole message even where only a part found room
 * (virtio-serial-bus.c:send_control_msg); nobody's name is this long. */
#define CLAIMED_MAX      65536u
#define CONTROL_TX_BYTES sizeof(struct virtio_console_control)
/* Messages that one answer may bring: PORT_NAME, CONSOLE_PORT, PORT_OPEN, and one to spare. */
#define CONTROL_RX_PER_ANSWER 4u
#define CONTROL_TX_BATCH      (CONTROL_QUEUE_SIZE / CONTROL_RX_PER_ANSWER)
#define CONTROL_MEMORY_BYTES                                                                       \
    (CONTROL_QUEUE_SIZE * CONTROL_RX_BYTES + CONTROL_TX_BATCH * CONTROL_TX_BYTES)

/* What is known of a port, and what it is owed. */
enum {
    PORT_ADDED = 1,     /* PORT_ADD was seen */
    PORT_HOST_OPEN = 2, /* the host side is open */
    PORT_READY_DUE = 4, /* PORT_READY is to be sent */
    PORT_OPEN_DUE = 8,  /* PORT_OPEN is to be sent */
    PORT_DUE = PORT_READY_DUE | PORT_OPEN_DUE
};

/* --- sessions ------------------------------------------------------------------------------- */

void virtio_console_tell(struct virtio_console *console, enum virtio_console_event event)
{
    console->config.event(console->config.ctx, console, event);
}

void virtio_console_end_session(struct virtio_console *console, enum virtio_console_event event)
{
    if (!console->open)
        return;
    virtio_console_port_end(console);
    virtio_console_tell(console, event);
}

/* Begins the session when the port is known by name, has queues, and the host has it open. */
void virtio_console_begin_session(struct virtio_console *console)
{
    uint16_t port = console->named_port;
    if (console->open || console->shut || port == VIRTIO_CONSOLE_NO_PORT ||
        port != console->data_port || (console->ports[port] & PORT_HOST_OPEN) == 0)
        return;
    virtio_console_port_begin(console);
    virtio_console_tell(console, VIRTIO_CONSOLE_OPENED);
}

/* --- what is owed to the device --------------------------------------------------------------- */

static void owe(struct virtio_console *console, uint16_t port, uint8_t answer)
{
    if ((console->ports[port] & PORT_DUE) == 0)
        console->answers_due++;
    console->ports[port] |= answer;
}

static void forget_port(struct virtio_console *console, uint16_t port)
{
    if ((console->ports[port] & PORT_DUE) != 0)
        console->answers_due--;
    console->ports[port] = 0;
}

static struct virtio_console_control *control_tx_slot(struct virtio_console *console, uint16_t slot)
{
    return (void *)(console->control_memory + CONTROL_QUEUE_SIZE * CONTROL_RX_BYTES +
                    slot * CONTROL_TX_BYTES);
}

static void send_control(struct virtio_console *console, uint16_t slot, uint32_t id, uint16_t event)
{
    struct virtio_console_control *message = control_tx_slot(console, slot);
    bool closes = event == VIRTIO_CONSOLE_PORT_OPEN && id == console->named_port && console->shut;
    *message = (struct virtio_console_control){
        .id = le32(id), .event = le16(event), .value = le16(closes ? 0 : 1)};
    if (virtqueue_add(&console->control_tx, VIRTQUEUE_DEVICE_READS, message, CONTROL_TX_BYTES,
                      slot) != 0)
        virtio_console_broken(console);
}

/* Takes back what was sent.  True when the device has handled all of it, and so has written all
 * messages that answer it. */
static bool control_tx_idle(struct virtio_console *console)
{
    struct virtqueue_completion completion;
    int taken;
    while ((taken = virtqueue_take(&console->control_tx, &completion)) == 1)
        ;
    if (taken < 0)
        virtio_console_broken(console);
    return taken == 0 && console->control_tx.in_flight == 0;
}

/*
 * Everything is answered, the name was not among the ports, and so many were announced that more
 * may have been lost: asks the others.
 */
static bool ask_around(struct virtio_console *console)
{
    if (console->asked_around || console->named_port != VIRTIO_CONSOLE_NO_PORT ||
        console->ports_added < console->control_count)
        return false;
    console->asked_around = true;
    for (uint16_t port = 0; port < console->port_count; port++) {
        if (console->ports[port] == 0)
            owe(console, port, PORT_READY_DUE);
    }
    return true;
}

/* Sends a batch of what is owed, when the last one has been dealt with. */
bool virtio_console_control_answer(struct virtio_console *console)
{
    if (!control_tx_idle(console) || virtqueue_waiting(&console->control_rx) != 0)
        return false;
    if (!console->device_ready_due && console->answers_due == 0)
        return ask_around(console);
    uint16_t batch = console->control_count / CONTROL_RX_PER_ANSWER;
    if (batch == 0)
        batch = 1;
    if (batch > console->control_tx.size)
        batch = console->control_tx.size;
    uint16_t slot = 0;
    bool opened = false;
    if (console->device_ready_due) {
        console->device_ready_due = false;
        send_control(console, slot++, UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY);
    }
    for (uint16_t port = 0; port < console->port_count && console->answers_due != 0; port++) {
        uint8_t due = console->ports[port] & PORT_DUE;
        if (due == 0)
            continue;
        if (slot == batch)
            break;
        /* A port that is owed both gets its PORT_READY first and the other in the next batch. */
        uint8_t answer = (due & PORT_READY_DUE) != 0 ? PORT_READY_DUE : PORT_OPEN_DUE;
        console->ports[port] &= (uint8_t)~answer;
        if (due == answer)
            console->answers_due--;
        opened |= answer == PORT_OPEN_DUE && port == console->data_port;
        send_control(console, slot++, port,
                     answer == PORT_READY_DUE ? VIRTIO_CONSOLE_PORT_READY
                                              : VIRTIO_CONSOLE_PORT_OPEN);
    }
    virtio_kick(console->device, &console->control_tx);
    /* QEMU looks for input only when its main loop turns, and opening the port does not turn it,
     * but a doorbell of the open port does (handle_input).  A machine without a periodic timer
     * would otherwise never read what the host had sent before. */
    if (opened)
        console->device->transport->notify(console->device, &console->rx);
    return true;
}

/* --- what the device says (§5.3.6.2) -------------------------------------------------------- */

static void on_port_gone(struct virtio_console *console, uint16_t port)
{
    forget_port(console, port);
    if (port != console->named_port)
        return;
    console->named_port = VIRTIO_CONSOLE_NO_PORT;
    virtio_console_end_session(console, VIRTIO_CONSOLE_CLOSED);
}

static void on_port_add(struct virtio_console *console, uint16_t port)
{
    on_port_gone(console, port); /* Announced again: everything about it starts anew. */
    console->ports[port] = PORT_ADDED;
    console->ports_added++;
    owe(console, port, PORT_READY_DUE);
}

static void on_port_name(struct virtio_console *console, uint16_t port, const char *name,
                         size_t length)
{
    if (length != 0 && name[length - 1] == '\0')
        length--;
    if (length != strlen(console->config.port_name) ||
        memcmp(name, console->config.port_name, length) != 0)
        return;
    if (console->named_port != VIRTIO_CONSOLE_NO_PORT)
        return; /* A repetition, or a second port with the name: the first one keeps it. */
    console->named_port = port;
    if (port == console->data_port) {
        /* A port that was never opened needs no closing. */
        if (!console->shut)
            owe(console, port, PORT_OPEN_DUE);
        return;
    }
    console->data_port = port;
    console->life = VIRTIO_CONSOLE_RESTART_DUE;
}

static void on_port_open(struct virtio_console *console, uint16_t port, bool open)
{
    if (!open) {
        console->ports[port] &= (uint8_t)~PORT_HOST_OPEN;
        if (port == console->named_port)
            virtio_console_end_session(console, VIRTIO_CONSOLE_CLOSED);
        return;
    }
    /* Opened while open: the same opening reported twice, if nothing has passed since; else the
     * host came anew and the message of its closing was lost. */
    if (port == console->named_port && console->session_used)
        virtio_console_end_session(console, VIRTIO_CONSOLE_CLOSED);
    console->ports[port] |= PORT_HOST_OPEN;
}

static void handle_message(struct virtio_console *console, const uint8_t *message, uint32_t bytes)
{
    struct virtio_console_control control;
    if (bytes < sizeof(control)) {
        console->counters.control_refused++;
        return;
    }
    memcpy(&control, message, sizeof(control));
    uint32_t id = le32(control.id);
    if (id >= console->port_count) {
        console->counters.control_refused++;
        return;
    }
    uint16_t port = (uint16_t)id;
    switch (le16(control.event)) {
    case VIRTIO_CONSOLE_PORT_ADD:
        on_port_add(console, port);
        break;
    case VIRTIO_CONSOLE_PORT_REMOVE:
        on_port_gone(console, port);
        break;
    case VIRTIO_CONSOLE_CONSOLE_PORT:
        owe(console, port, PORT_OPEN_DUE); /* §5.3.6.2.2: MUST be answered with PORT_OPEN */
        break;
    case VIRTIO_CONSOLE_PORT_NAME:
        on_port_name(console, port, (const char *)message + sizeof(control),
                     bytes - sizeof(control));
        break;
    case VIRTIO_CONSOLE_PORT_OPEN:
        on_port_open(console, port, control.value != 0);
        break;
    case VIRTIO_CONSOLE_RESIZE:
        break; /* The size of a console that nobody looks at. */
    default:
        console->counters.control_refused++;
    }
    virtio_console_begin_session(console);
}

static void post_control(struct virtio_console *console, uint16_t token)
{
    if (virtqueue_add(&console->control_rx, VIRTQUEUE_DEVICE_WRITES,
                      console->control_memory + token * CONTROL_RX_BYTES, CONTROL_RX_BYTES,
                      token) != 0)
        virtio_console_broken(console);
}

/* Handles what waits on the control queue.  Returns whether something did. */
bool virtio_console_control_handle(struct virtio_console *console)
{
    struct virtqueue_completion completion;
    /* One round of the queue at most: a device that never stops talking stops nothing else. */
    for (uint16_t handled = 0; handled < console->control_count; handled++) {
        int taken = virtqueue_take(&console->control_rx, &completion);
        if (taken < 0 || (taken == 1 && completion.claimed > CLAIMED_MAX)) {
            virtio_console_broken(console);
            return true;
        }
        if (taken != 1)
            return handled != 0;
        uint8_t message[CONTROL_RX_BYTES];
        memcpy(message, console->control_memory + completion.token * CONTROL_RX_BYTES,
               completion.bytes);
        post_control(console, completion.token);
        virtio_kick(console->device, &console->control_rx);
        handle_message(console, message, completion.bytes);
        if (console->life != VIRTIO_CONSOLE_RUNNING)
            return true;
    }
    return true;
}

void virtio_console_port_set_open(void *ctx, bool open)
{
    struct virtio_console *console = ctx;
    if (console->shut == !open || console->life == VIRTIO_CONSOLE_DEAD)
        return;
    console->shut = !open;
    if (console->open)
        virtio_console_port_end(console);
    if (console->life != VIRTIO_CONSOLE_RUNNING)
        return; /* The handshake tells the host. */
    if (console->multiport && console->named_port != VIRTIO_CONSOLE_NO_PORT &&
        console->named_port == console->data_port)
        owe(console, console->named_port, PORT_OPEN_DUE);
    virtio_console_begin_session(console);
}

/* --- start and stop ------------------------------------------------------------------------- */

int virtio_console_control_allocate(struct virtio_console *console)
{
    console->control_memory = dma_alloc(CONTROL_MEMORY_BYTES);
    return console->control_memory != NULL ? 0 : -ENOMEM;
}

void virtio_console_control_free(struct virtio_console *console)
{
    if (console->control_memory != NULL)
        dma_free(console->control_memory, CONTROL_MEMORY_BYTES);
    console->control_memory = NULL;
}

int virtio_console_control_start(struct virtio_console *console)
{
    int error = virtio_queue_start(console->device, &console->control_rx,
                                   VIRTIO_CONSOLE_QUEUE_CONTROL_RX, CONTROL_QUEUE_SIZE);
    if (error == 0)
        error = virtio_queue_start(console->device, &console->control_tx,
                                   VIRTIO_CONSOLE_QUEUE_CONTROL_TX, CONTROL_QUEUE_SIZE);
    if (error != 0)
        return error;
    console->control_count = console->control_rx.size < CONTROL_QUEUE_SIZE
                                 ? console->control_rx.size
                                 : (uint16_t)CONTROL_QUEUE_SIZE;
    for (uint16_t token = 0; token < console->control_count; token++)
        post_control(console, token);
    memset(console->ports, 0, sizeof(console->ports));
    console->answers_due = 0;
    console->ports_added = 0;
    console->asked_around = false;
    console->device_ready_due = true;
    return 0;
}

void virtio_console_control_single(struct virtio_console *console)
{
    console->named_port = 0;
    console->ports[0] = PORT_HOST_OPEN;
}
