/* SPDX-License-Identifier: BSD-2-Clause */
// sources: agent/*.c agent/exec/*.c gen/qga_commands.c tests/hosted/linux_platform.c
/*
 * The shell, its programs and the file tree on any script: the first byte says how much memory
 * there is and when it ends, the rest is what "sh -c" gets.  Nothing may be left behind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "exec/applet.h"
#include "linux_platform.h"
#include "state.h"

/* Pieces of work that a script may have: it may also want to run for ever. */
#define POLLS_MAX 400

extern const struct applet applet_sh;

static void run(struct agent *agent, char *script)
{
    const struct task_program program = {.applet = &applet_sh};
    char name[] = "sh";
    char option[] = "-c";
    char *argv[] = {name, option, script, NULL};
    struct vars vars;
    int error;

    vars_init(&vars, agent->platform);
    if (vars_set_cwd(&vars, "/tmp") == 0) {
        struct task *task = task_create(agent, NULL, &program, 3, argv, &vars, &error);

        for (unsigned fd = 0; task != NULL && fd < 3; fd++) {
            task_set_stream(task, fd, stream_create(&agent->tasks.streams, STREAM_NULL, NULL));
        }
    }
    vars_free(&vars);
    for (int i = 0; i < POLLS_MAX && agent_poll(agent); i++) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct linux_platform platform;
    struct agent *agent;
    char *script;

    if (size == 0) {
        return 0;
    }
    linux_platform_init(&platform, (data[0] & 1) != 0 ? 512u << 10 : 4u << 20);
    platform.is_quiet = true;
    agent = agent_create(&platform.platform);
    script = malloc(size);
    if (agent != NULL && script != NULL) {
        memcpy(script, data + 1, size - 1);
        script[size - 1] = '\0';
        if (data[0] >= 128) {
            platform.fail_after = data[0] & 127;
        }
        run(agent, script);
        agent_destroy(agent);
    }
    free(script);
    if (platform.used != 0) {
        abort();
    }
    return 0;
}
