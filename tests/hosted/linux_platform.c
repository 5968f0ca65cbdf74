/* SPDX-License-Identifier: BSD-2-Clause */
#include "linux_platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Takes `bytes` out of the budget; false if they do not fit or a test wants a failure. */
static bool charge(struct linux_platform *self, uint64_t bytes)
{
    if (bytes > self->budget - self->used || self->fail_after == 0) {
        return false;
    }
    if (self->fail_after != UINT64_MAX) {
        self->fail_after--;
    }
    self->used += bytes;
    return true;
}

static void *page_alloc(void *ctx)
{
    struct linux_platform *self = ctx;
    void *page;

    if (!charge(self, PLATFORM_PAGE_SIZE)) {
        return NULL;
    }
    page = aligned_alloc(PLATFORM_PAGE_SIZE, PLATFORM_PAGE_SIZE);
    if (page == NULL) {
        self->used -= PLATFORM_PAGE_SIZE;
    }
    return page;
}

static void page_free(void *ctx, void *page)
{
    struct linux_platform *self = ctx;

    self->used -= PLATFORM_PAGE_SIZE;
    free(page);
}

static void *resize(void *ctx, void *block, size_t old_size, size_t new_size)
{
    struct linux_platform *self = ctx;
    void *resized;

    if (new_size == 0) {
        self->used -= old_size;
        free(block);
        return NULL;
    }
    if (new_size > old_size && !charge(self, new_size - old_size)) {
        return NULL;
    }
    resized = realloc(block, new_size);
    if (new_size < old_size) {
        self->used -= old_size - new_size;
        return resized != NULL ? resized : block;
    }
    if (resized == NULL) {
        self->used -= new_size - old_size;
    }
    return resized;
}

static uint64_t memory_free(void *ctx)
{
    struct linux_platform *self = ctx;

    return self->budget - self->used;
}

static uint64_t memory_total(void *ctx)
{
    return ((struct linux_platform *)ctx)->budget;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t realtime_ns(void *ctx)
{
    return (int64_t)clock_ns(CLOCK_REALTIME) + ((struct linux_platform *)ctx)->realtime_offset_ns;
}

/* The host's clock plays the real-time clock; nobody here may set that. */
static int set_realtime(void *ctx, int64_t wanted_ns)
{
    ((struct linux_platform *)ctx)->realtime_offset_ns =
        wanted_ns - (int64_t)clock_ns(CLOCK_REALTIME);
    return 0;
}

static int load_realtime(void *ctx)
{
    ((struct linux_platform *)ctx)->realtime_offset_ns = 0;
    return 0;
}

static uint64_t idle_ns(void *ctx)
{
    (void)ctx;
    return clock_ns(CLOCK_MONOTONIC) - clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static uint64_t monotonic_ns(void *ctx)
{
    (void)ctx;
    return clock_ns(CLOCK_MONOTONIC);
}

static int random_bytes(void *ctx, void *buffer, size_t bytes)
{
    (void)ctx;
    return getrandom(buffer, bytes, 0) == (ssize_t)bytes ? 0 : -ENODEV;
}

static int power(void *ctx, enum platform_power mode)
{
    ((struct linux_platform *)ctx)->power = (int)mode;
    return 0;
}

static void crash(void *ctx)
{
    ((struct linux_platform *)ctx)->has_crashed = true;
}

static void log_line(void *ctx, const char *line)
{
    if (!((struct linux_platform *)ctx)->is_quiet) {
        fprintf(stderr, "bare-qga: %s\n", line);
    }
}

void linux_platform_init(struct linux_platform *self, uint64_t budget)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct utsname name;

    *self = (struct linux_platform){
        .platform =
            {
                .ctx = self,
                .page_alloc = page_alloc,
                .page_free = page_free,
                .resize = resize,
                .memory_free = memory_free,
                .memory_total = memory_total,
                .machine = &self->machine,
                .realtime_ns = realtime_ns,
                .set_realtime = set_realtime,
                .load_realtime = load_realtime,
                .monotonic_ns = monotonic_ns,
                .random = random_bytes,
                .idle_ns = idle_ns,
                .power = power,
                .crash = crash,
                .log = log_line,
            },
        .budget = budget,
        .fail_after = UINT64_MAX,
        .power = -1,
    };
    self->memory = (struct platform_range){.size = budget};
    self->machine = (struct platform_machine){.name = self->machine_name,
                                              .cpu_count = cpus > 0 ? (uint32_t)cpus : 1,
                                              .memory = &self->memory,
                                              .memory_count = 1};
    if (uname(&name) == 0) {
        snprintf(self->machine_name, sizeof(self->machine_name), "%s", name.machine);
    }
}
