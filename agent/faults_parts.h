/* SPDX-License-Identifier: BSD-2-Clause */
/* Between faults.c (the list), faults_meet.c (a call meets it), faults_send.c (what the host gets)
 * and faults_clock.c (what is due by the clock) only. */
#ifndef AGENT_FAULTS_PARTS_H
#define AGENT_FAULTS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "document.h"
#include "faults.h"
#include "qga_commands.h"

#define FAULTS_EFFECTS   (FAULT_EFFECT_CLOCK_JUMP + 1)
#define FAULTS_NS_PER_MS UINT64_C(1000000)
/* Of faults that calls meet, and of those by the clock that are over. */
#define FAULTS_NEVER UINT64_MAX
#define FAULTS_SPENT (UINT64_MAX - 1)

/* A fault that is set. */
struct faults_item {
    struct fault spec; /* points into the list's document */
    uint64_t met;
    uint64_t fired;
    uint64_t random; /* the generator's state */
    uint64_t not_before_ns;
    uint64_t next_ns; /* by the clock: when; FAULTS_NEVER for a fault that calls meet */
};

/* The agent's part. */
struct faults {
    struct document document;
    struct faults_item *items;
    uint32_t count;
    bool keeps_replies;       /* a fault may send them again */
    uint64_t closed_until_ns; /* when sessions to come may open their ports; 0: at once */
};

/* A session's part. */
struct faults_session {
    /* What meets the call that is carried out: by effect, NULL for none. */
    const struct faults_item *plan[FAULTS_EFFECTS];

    /* The call waits, and then is dispatched once more. */
    bool is_waiting;
    bool is_resumed;
    uint64_t due_ns;

    /* What is sent in place of the session's reply. */
    bool is_shaped;
    bool is_stalled; /* the host does not take what it has */
    struct buffer out;
    size_t sent;
    size_t pad_at;      /* where white space comes in */
    uint64_t pad_bytes; /* how much of it is still to come */
    uint32_t drip_bytes;
    uint64_t drip_ns;
    uint64_t next_ns;
    struct buffer previous; /* the last reply, if it may be wanted again */

    /* What comes after it: the fault, and whether it is due. */
    const struct faults_item *leaving;
    bool is_leaving;
    uint64_t closed_until_ns; /* 0: the port is open */
};

/* The platform's monotonic time. */
uint64_t faults_now_ns(const struct agent *agent);
/* The next 64 random bits of a fault. */
uint64_t faults_random(struct faults_item *item);
/* A meeting of `item`: counts it, and tells whether the fault fires. */
bool faults_fires(struct faults_item *item);
/* Does what a fault does to the agent as a whole: disconnect, crash, restart, clock-jump. */
void faults_strike(struct agent *agent, struct session *only, const struct faults_item *item);
/* Closes the port until then; what the session was about to do is forgotten. */
void faults_close(struct session *session, uint64_t until_ns);
/* Forgets what the session's faults were about to do: they are no more. */
void faults_forget(struct session *session);

#endif
