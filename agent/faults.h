/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Misbehaviour on purpose, as schema/personality.json defines it (struct Fault): what is set, when
 * it fires, and what it does to a call.  An agent without a personality has no struct faults, and
 * everything here costs it the test of one pointer.
 *
 * Deterministic: which calls a fault fires on, and every byte that it makes up, follow from the
 * list of faults, their seeds and the calls alone.  Each fault draws from a generator of its own
 * (splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
 */
#ifndef AGENT_FAULTS_H
#define AGENT_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"

struct agent;
struct command;
struct reply;
struct session;

/* What a fault does to a call that is about to be carried out. */
enum faults_verdict {
    FAULTS_RUN,    /* nothing, for now */
    FAULTS_WAIT,   /* it is to be dispatched again, by session_resume() */
    FAULTS_SILENT, /* neither the command nor a reply */
    FAULTS_VALUE,  /* faults_value() answers instead of the command */
    FAULTS_FAILED, /* the error is in the reply */
};

/* Makes room for faults, in the agent and in the sessions that it has.  0 or -ENOMEM. */
int faults_create(struct agent *agent);
/* Undoes faults_create(): the faults and every session's part. */
void faults_destroy(struct agent *agent);
/* A session's own part; nothing if the agent has no faults or the session is restricted, as what
 * a fault answers instead of a command asks for no leave.  0 or -ENOMEM. */
int faults_attach(struct session *session);
/* Undoes faults_attach(). */
void faults_detach(struct session *session);

/*
 * Replaces the faults by those in `list`, whose elements are of type Fault; `is_boot` permits the
 * faults that only the file can have.  Returns 0 or a negative errno value with the error set in
 * `reply` and the old faults in force.
 */
int faults_set(struct agent *agent, const struct args_array *list, bool is_boot,
               struct reply *reply);
/* Writes an array with the FaultStatus of each. */
void faults_report(const struct agent *agent, struct reply *reply);

/* A call of `name` is about to be carried out. */
enum faults_verdict faults_meet(struct session *session, struct args_string name);
/* After FAULTS_REPLY: writes the value; what a command's run() returns. */
int faults_value(struct session *session, const struct command *command, uint32_t arguments);
/* Writes an id that is not the request's; false if the right one is due. */
bool faults_write_id(struct session *session, uint32_t id);

/* Whether the session's request is not to be forgotten, because it waits to be dispatched. */
bool faults_waits(const struct session *session);
/* The reply to a request is complete: makes of it what is to be sent. */
void faults_shape(struct session *session);
/* Sends what faults_shape() made; true when the session may go on with what is in its reply. */
bool faults_send(struct session *session);
/* The host's end went away. */
void faults_closed(struct session *session);

/* What is due by the clock: see agent_poll() and agent_deadline_ns(). */
bool faults_poll(struct agent *agent);
uint64_t faults_deadline_ns(const struct agent *agent);

#endif
