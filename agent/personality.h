/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the guest claims to be: the file that schema/personality.json describes. */
#ifndef AGENT_PERSONALITY_H
#define AGENT_PERSONALITY_H

struct agent;
struct reply;

void personality_destroy(struct agent *agent);
/* Writes the members of PersonalityStatus that tell of the file. */
void personality_report(const struct agent *agent, struct reply *reply);

#endif
