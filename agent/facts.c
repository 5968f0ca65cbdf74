/* SPDX-License-Identifier: BSD-2-Clause */
#include "facts.h"

#include <stdio.h>
#include <string.h>

#include "personality.h"
#include "state.h"
#include "text_file.h"

/* A file in /etc that is longer than this is none of the small texts that are read here. */
#define ETC_FILE_BYTES_MAX 65536u

void facts_init(struct agent *agent)
{
    buffer_init(&agent->facts.offline_vcpus, agent->platform);
}

void facts_free(struct agent *agent)
{
    buffer_free(&agent->facts.offline_vcpus);
}

const char *facts_agent_version(const struct agent *agent)
{
    const struct personality *claimed = personality_of(agent);

    return claimed != NULL && claimed->agent.has_version ? claimed->agent.version.bytes
                                                         : AGENT_VERSION;
}

void facts_host_name(struct agent *agent, char name[FACTS_HOST_NAME_BYTES])
{
    struct text_span line;
    struct text_span rest;
    struct buffer content;

    /* What systemd calls a machine whose name nothing tells. */
    memcpy(name, "localhost", sizeof("localhost"));
    buffer_init(&content, agent->platform);
    (void)text_file_read(&agent->fs, "/etc/hostname", ETC_FILE_BYTES_MAX, &content);
    rest = (struct text_span){(const char *)content.data, content.size};
    while (text_next_line(&rest, &line)) {
        line = text_trim(line);
        if (line.length > 0 && line.bytes[0] != '#') {
            if (line.length > FACTS_HOST_NAME_BYTES - 1) {
                line.length = FACTS_HOST_NAME_BYTES - 1;
            }
            memcpy(name, line.bytes, line.length);
            name[line.length] = '\0';
            break;
        }
    }
    buffer_free(&content);
}

struct facts_kernel facts_kernel(const struct agent *agent)
{
    const struct personality *claimed = personality_of(agent);
    struct facts_kernel kernel = {
        .name = "bare-qga",
        .release = AGENT_RELEASE,
        .version = "#1 bare-qga " AGENT_RELEASE,
        .machine = agent->platform->machine->name,
    };

    if (claimed != NULL && claimed->os.has_kernel_release) {
        kernel.name = "Linux"; /* what uname(1) says where anybody asks */
        kernel.release = claimed->os.kernel_release.bytes;
    }
    if (claimed != NULL && claimed->os.has_kernel_version) {
        kernel.version = claimed->os.kernel_version.bytes;
    }
    if (claimed != NULL && claimed->os.has_machine) {
        kernel.machine = claimed->os.machine.bytes;
    }
    return kernel;
}

void facts_os_release(struct agent *agent, struct buffer *content)
{
    if (text_file_read(&agent->fs, "/etc/os-release", ETC_FILE_BYTES_MAX, content) < 0) {
        (void)text_file_read(&agent->fs, "/usr/lib/os-release", ETC_FILE_BYTES_MAX, content);
    }
}

/* The clock is UTC, and nothing here keeps another time, whatever is claimed. */
void facts_timezone(struct agent *agent, struct facts_timezone *timezone)
{
    const struct personality *claimed = personality_of(agent);

    *timezone = (struct facts_timezone){.name = "UTC"};
    if (claimed != NULL && claimed->has_timezone) {
        snprintf(timezone->name, sizeof(timezone->name), "%s",
                 claimed->timezone.has_zone ? claimed->timezone.zone.bytes : "");
        timezone->offset = claimed->timezone.offset;
    }
}

/* There is nothing to log in to. */
bool facts_user(struct agent *agent, size_t index, struct facts_user *user)
{
    (void)agent;
    (void)index;
    (void)user;
    return false;
}

bool facts_filesystem(struct agent *agent, size_t index, struct facts_filesystem *filesystem)
{
    const struct platform *platform = agent->platform;
    uint64_t total = platform->memory_total(platform->ctx);
    uint64_t left = platform->memory_free(platform->ctx);
    const struct personality *claimed = personality_of(agent);

    if (claimed != NULL && claimed->has_file_systems) {
        return personality_filesystem(agent, index, filesystem);
    }
    *filesystem = (struct facts_filesystem){
        .name = "rootfs",
        .mountpoint = "/",
        .type = "ramfs",
        .used_bytes = left < total ? total - left : 0,
        .total_bytes = total,
    };
    return index == 0;
}
