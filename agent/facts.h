/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent knows about its guest: one function per fact, which every command asks that
 * reports it.  Facts come from the machine (struct platform_machine) and, where a qemu-ga on Linux
 * would look there, from the guest's files.
 */
#ifndef AGENT_FACTS_H
#define AGENT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

struct agent;

/* What a fact keeps besides the files and the machine; a part of struct agent. */
struct facts {
    struct buffer offline_vcpus; /* a bit for each processor that guest-set-vcpus took out */
    /* Load averages in the manner of Linux: 1, 5 and 15 minutes, as fractions of 2^LOAD_SHIFT. */
    uint64_t load[3];
    uint64_t load_at_ns;   /* up to when they are counted … */
    uint64_t load_idle_ns; /* … and how long the processor had slept until then */
};

/* Every processor is online, and no load has been counted. */
void facts_init(struct agent *agent);
void facts_free(struct agent *agent);

/* The version of qemu-ga that guest-info tells. */
const char *facts_agent_version(const struct agent *agent);

/* HOST_NAME_MAX of Linux plus the NUL. */
#define FACTS_HOST_NAME_BYTES 65u

/* The host name: the first line of /etc/hostname that is no comment, or "localhost". */
void facts_host_name(struct agent *agent, char name[FACTS_HOST_NAME_BYTES]);

/* What uname(2) tells; the strings live as long as the agent. */
struct facts_kernel {
    const char *name;
    const char *release;
    const char *version;
    const char *machine;
};
struct facts_kernel facts_kernel(const struct agent *agent);

/*
 * Reads the os-release file (/etc/os-release, else /usr/lib/os-release) into `content`, an
 * initialized buffer, to be searched with os_release_find(); empty if there is none.
 */
void facts_os_release(struct agent *agent, struct buffer *content);

struct facts_timezone {
    char name[64];  /* "" if it has none */
    int64_t offset; /* seconds east of UTC */
};
void facts_timezone(struct agent *agent, struct facts_timezone *timezone);

/* Somebody who is logged in. */
struct facts_user {
    const char *name;
    const char *domain; /* NULL: none */
    double login_time;  /* seconds since 1970 */
};
/* User number `index`; false behind the last. */
bool facts_user(struct agent *agent, size_t index, struct facts_user *user);

/* A mounted file system. */
struct facts_filesystem {
    const char *name;
    const char *mountpoint;
    const char *type;
    uint64_t used_bytes;
    uint64_t total_bytes;
    bool is_on_disk;
};
/* File system number `index`; false behind the last. */
bool facts_filesystem(struct agent *agent, size_t index, struct facts_filesystem *filesystem);

struct facts_vcpu {
    uint32_t id;
    bool online;
    bool can_offline;
};
/* Processor number `index`; false behind the last. */
bool facts_vcpu(struct agent *agent, size_t index, struct facts_vcpu *vcpu);
/* Notes that a processor that facts_vcpu() has told is on line or not: 0 or -ENOMEM. */
int facts_set_vcpu(struct agent *agent, size_t index, bool online);

/* The unit in which memory is counted, and the blocks of it that hold any. */
uint64_t facts_memory_block_bytes(const struct agent *agent);
/*
 * The first block from number *block on that holds memory goes to *block; false if there is none.
 */
bool facts_memory_block(const struct agent *agent, uint64_t *block);

/* Milliseconds that a processor has worked and slept since the start. */
struct facts_cpu_time {
    uint64_t system_ms;
    uint64_t idle_ms;
};
void facts_cpu_time(const struct agent *agent, uint32_t id, struct facts_cpu_time *time);
/* The load averages of 1, 5 and 15 minutes. */
void facts_load(struct agent *agent, double load[3]);

#endif
