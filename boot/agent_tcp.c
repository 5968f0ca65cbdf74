/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent on TCP: see agent_tcp.h. */
#include "agent_tcp.h"

#include <arch/random.h>

#include <stddef.h>

#include "agent/remote.h"
#include "drivers/klog.h"
#include "fw_cfg.h"
#include "mbedtls/platform_util.h"
#include "net/tcp_agent.h"

#define SECRET_FILE "opt/bare-qga/secret"

static struct remote *remote;

/* The secret's length; 0, with the reason on the log, if there is none to be had. */
static size_t read_secret(uint8_t secret[REMOTE_SECRET_MAX])
{
    struct fw_cfg_file file;

    if (fw_cfg_find(SECRET_FILE, &file)) {
        klog("agent.tcp: NOT STARTED: no secret, give one with -fw_cfg name=%s,file=...",
             SECRET_FILE);
        return 0;
    }
    if (file.size < REMOTE_SECRET_MIN || file.size > REMOTE_SECRET_MAX) {
        klog("agent.tcp: NOT STARTED: %s has %u bytes, a secret has %u to %u", SECRET_FILE,
             (unsigned int)file.size, REMOTE_SECRET_MIN, REMOTE_SECRET_MAX);
        return 0;
    }
    if (fw_cfg_read(&file, 0, secret, file.size)) {
        klog("agent.tcp: NOT STARTED: %s could not be read", SECRET_FILE);
        return 0;
    }
    return file.size;
}

void agent_tcp_init(const struct options *options, struct agent *agent)
{
    uint8_t secret[REMOTE_SECRET_MAX];
    size_t bytes = options->agent_tcp_port ? read_secret(secret) : 0;

    if (!bytes)
        return;
    remote = remote_create(agent, secret, bytes,
                           (options->agent_tcp_files ? REMOTE_ALLOW_FILES : 0) |
                               (options->agent_tcp_danger ? REMOTE_ALLOW_DANGER : 0));
    mbedtls_platform_zeroize(secret, sizeof secret);
    if (!remote)
        return;
    if (tcp_agent_init(remote, options->agent_tcp_port)) {
        klog("agent.tcp: NOT STARTED: out of memory");
        remote_destroy(remote);
        remote = NULL;
        return;
    }
    klog("agent.tcp: authentication by HMAC, numbers from the secret, the clock%s; allowed: "
         "read-only%s%s",
         arch_random_is_there() ? " and the processor" : "",
         options->agent_tcp_files ? ", files" : "",
         options->agent_tcp_danger ? ", and what is dangerous" : "");
    if (options->net.mode == OPTIONS_NET_OFF)
        klog("agent.tcp: NOT STARTED: net=off");
}

bool agent_tcp_poll(void)
{
    return remote && remote_poll(remote);
}

uint64_t agent_tcp_deadline_ns(void)
{
    return remote ? remote_deadline_ns(remote) : UINT64_MAX;
}
