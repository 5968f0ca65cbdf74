/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two commands that qemu-ga does not have.  Their names bear a prefix of their own, as QAPI
 * asks of downstreams (QEMU docs/devel/qapi-code-gen, "Naming rules and reserved names").
 */
#include "faults.h"
#include "personality.h"
#include "qga_commands.h"
#include "state.h"

int qmp___org_bare_qga_status(struct agent *agent, struct reply *reply)
{
    reply_object_begin(reply);
    personality_report(agent, reply);
    reply_key(reply, "faults");
    faults_report(agent, reply);
    reply_object_end(reply);
    return 0;
}

int qmp___org_bare_qga_set_faults(struct agent *agent,
                                  const struct args___org_bare_qga_set_faults *arguments,
                                  struct reply *reply)
{
    return faults_set(agent, &arguments->faults, false, reply);
}
