/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "personality.h"
#include "state.h"

/* Buffers keep at most this share of memory between requests, within these bounds. */
#define KEEP_SHARE     256
#define KEEP_BYTES_MIN 4096u
#define KEEP_BYTES_MAX (2u << 20)

/* Bytes of file content after which tables for base64 pay, and the memory to afford them. */
#define TABLES_WORTH_BYTES  (256u << 10)
#define TABLES_MEMORY_BYTES (16u << 20)

static const char os_release[] = "NAME=\"bare-qga\"\n"
                                 "ID=bare-qga\n"
                                 "PRETTY_NAME=\"bare-qga (a guest agent and nothing else)\"\n"
                                 "VERSION_ID=" AGENT_RELEASE "\n"
                                 "ANSI_COLOR=\"0\"\n";

/* A number that is this boot's own, as machine-id(5) writes one: 32 hexadecimal digits. */
static void make_machine_id(const struct platform *platform, char id[34])
{
    uint64_t mixed = (uint64_t)platform->realtime_ns(platform->ctx) ^
                     platform->monotonic_ns(platform->ctx) << 40;

    for (int i = 0; i < 4; i++) {
        mixed ^= mixed >> 31;
        mixed *= 0x9E3779B97F4A7C15u;
        snprintf(id + i * 8, 9, "%08x", (unsigned)(mixed >> 32));
    }
    id[32] = '\n';
    id[33] = '\0';
}

static int make_tree(struct agent *agent)
{
    static const char *const directories[] = {"/tmp", "/root", "/var/log", "/etc"};
    static const struct {
        const char *path;
        const char *content;
    } files[] = {
        {"/etc/hostname", "bare-qga\n"},
        {"/etc/os-release", os_release},
        {"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"},
        {"/etc/group", "root:x:0:\n"},
        {"/etc/shadow", "root:*:::::::\n"},
    };
    char machine_id[34];
    struct ramfs_node *tmp;
    int result = 0;

    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]) && result == 0; i++) {
        result = agent_add_directory(agent, directories[i]);
    }
    if (result == 0) {
        result = ramfs_open(&agent->fs, "/tmp", 0, &tmp);
    }
    if (result == 0) {
        tmp->mode = 01777;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && result == 0; i++) {
        result = agent_add_file(agent, files[i].path, files[i].content, strlen(files[i].content));
    }
    make_machine_id(agent->platform, machine_id);
    if (result == 0) {
        result = agent_add_file(agent, "/etc/machine-id", machine_id, 33);
    }
    return result;
}

struct agent *agent_create(const struct platform *platform)
{
    struct agent *agent = platform->resize(platform->ctx, NULL, 0, sizeof(*agent));
    uint64_t keep;

    if (agent == NULL) {
        return NULL;
    }
    memset(agent, 0, sizeof(*agent));
    agent->platform = platform;
    agent->next_handle = 1000; /* qga/commands-posix.c: handles start here and are never reused */
    keep = platform->memory_total(platform->ctx) / KEEP_SHARE;
    agent->keep_bytes = keep < KEEP_BYTES_MIN   ? KEEP_BYTES_MIN
                        : keep > KEEP_BYTES_MAX ? KEEP_BYTES_MAX
                                                : (size_t)keep;
    buffer_init(&agent->handles, platform);
    buffer_init(&agent->rpcs, platform);
    facts_init(agent);
    tasks_init(&agent->tasks, &agent->fs);
    if (ramfs_init(&agent->fs, platform) < 0) {
        platform->resize(platform->ctx, agent, sizeof(*agent), 0);
        return NULL;
    }
    if (make_tree(agent) < 0) {
        agent_destroy(agent);
        return NULL;
    }
    return agent;
}

void agent_destroy(struct agent *agent)
{
    const struct platform *platform = agent->platform;

    while (agent->sessions != NULL) {
        session_destroy(agent->sessions);
    }
    faults_destroy(agent);
    personality_destroy(agent);
    tasks_free(agent);
    agent_close_handles(agent);
    buffer_free(&agent->rpcs);
    facts_free(agent);
    base64_tables_destroy(agent->base64_tables, platform);
    ramfs_free(&agent->fs);
    platform->resize(platform->ctx, agent, sizeof(*agent), 0);
}

const struct base64_tables *agent_base64_tables(struct agent *agent, size_t count)
{
    const struct platform *platform = agent->platform;

    agent->base64_bytes += count;
    if (!platform->small_caches && agent->base64_tables == NULL &&
        agent->base64_bytes >= TABLES_WORTH_BYTES &&
        platform->memory_total(platform->ctx) >= TABLES_MEMORY_BYTES) {
        agent->base64_tables = base64_tables_create(platform);
    }
    return agent->base64_tables;
}

bool agent_poll(struct agent *agent)
{
    bool moved = tasks_poll(agent);

    if (agent->faults != NULL) {
        moved |= faults_poll(agent);
    }
    return moved;
}

uint64_t agent_deadline_ns(const struct agent *agent)
{
    uint64_t deadline_ns = tasks_deadline_ns(agent);
    uint64_t faults_ns = agent->faults != NULL ? faults_deadline_ns(agent) : UINT64_MAX;

    return faults_ns < deadline_ns ? faults_ns : deadline_ns;
}

int64_t agent_realtime_ns(const struct agent *agent)
{
    return agent->platform->realtime_ns(agent->platform->ctx) + agent->clock_jump_ns;
}

void agent_jump_clock(struct agent *agent, int64_t milliseconds)
{
    /* What the clock can show is what fits in 64 bits of nanoseconds. */
    const int64_t limit_ns = INT64_MAX / 2;
    int64_t jump_ns;

    if (__builtin_mul_overflow(milliseconds, INT64_C(1000000), &jump_ns) ||
        __builtin_add_overflow(jump_ns, agent->clock_jump_ns, &jump_ns) || jump_ns > limit_ns ||
        jump_ns < -limit_ns) {
        jump_ns = milliseconds < 0 ? -limit_ns : limit_ns;
    }
    agent->clock_jump_ns = jump_ns;
}

int agent_add_directory(struct agent *agent, const char *path)
{
    return ramfs_make_directory(&agent->fs, path);
}

int agent_set_attributes(struct agent *agent, const char *path, uint32_t mode, uint32_t mtime)
{
    struct ramfs_node *node;
    int result = ramfs_open(&agent->fs, path, 0, &node);

    if (result == 0) {
        node->mode = mode & 07777;
        node->mtime_ns = (int64_t)mtime * 1000000000;
    }
    return result;
}

int agent_add_file(struct agent *agent, const char *path, const void *data, size_t size)
{
    char parent[RAMFS_PATH_MAX + 1];
    const char *slash = strrchr(path, '/');
    struct ramfs_node *file;
    int result;

    if (strlen(path) > RAMFS_PATH_MAX) {
        return -ENAMETOOLONG;
    }
    if (slash != NULL && slash != path) {
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = '\0';
        result = ramfs_make_directory(&agent->fs, parent);
        if (result < 0) {
            return result;
        }
    }
    result = ramfs_open(&agent->fs, path, RAMFS_WRITE | RAMFS_CREATE | RAMFS_TRUNCATE, &file);
    return result < 0 ? result : ramfs_write(&agent->fs, file, 0, data, size);
}

int agent_extend_file(struct agent *agent, const char *path, const void *data, size_t size)
{
    struct ramfs_node *file;
    int result = ramfs_open(&agent->fs, path, RAMFS_WRITE, &file);

    return result < 0 ? result : ramfs_write(&agent->fs, file, file->size, data, size);
}
