/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the guest claims to be: the file that schema/personality.json describes. */
#ifndef AGENT_PERSONALITY_H
#define AGENT_PERSONALITY_H

#include <stdbool.h>
#include <stddef.h>

#include "qga_commands.h"

struct agent;
struct facts_filesystem;
struct reply;

/* Forgets who the guest claims to be, if anybody. */
void personality_destroy(struct agent *agent);
/* Writes the members of PersonalityStatus that tell of the file. */
void personality_report(const struct agent *agent, struct reply *reply);

/* The file, or NULL if there is none that is in effect. */
const struct personality *personality_of(const struct agent *agent);
/* Whether the guest claims to have this command; without a file it has qemu-ga's. */
bool personality_has_command(const struct agent *agent, const struct command *command);
/* Writes what the command returns, if the file has it in so many words; only with a file. */
bool personality_answers(const struct agent *agent, const struct command *command,
                         struct reply *reply);
/* File system or processor number `index`, where personality_of() has any; false behind the last.
 */
bool personality_filesystem(const struct agent *agent, size_t index,
                            struct facts_filesystem *filesystem);
bool personality_vcpu(const struct agent *agent, size_t index, bool *can_offline);

/* What the schema cannot express: 0, or -EINVAL with the error set in `reply`. */
int personality_check(const struct personality *file, struct reply *reply);

#endif
