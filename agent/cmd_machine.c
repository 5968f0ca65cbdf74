/* SPDX-License-Identifier: BSD-2-Clause */
/* Processors and memory; errors as QEMU qga/commands-linux.c has them. */
#include <errno.h>
#include <inttypes.h>

#include "qga_commands.h"
#include "state.h"

/* ---- Processors ------------------------------------------------------------------------ */

int qmp_guest_get_vcpus(struct agent *agent, struct reply *reply)
{
    struct facts_vcpu vcpu;

    reply_array_begin(reply);
    for (size_t i = 0; facts_vcpu(agent, i, &vcpu); i++) {
        reply_object_begin(reply);
        reply_key(reply, "online");
        reply_bool(reply, vcpu.online);
        reply_key(reply, "can-offline");
        reply_bool(reply, vcpu.can_offline);
        reply_key(reply, "logical-id");
        reply_int(reply, vcpu.id);
        reply_object_end(reply);
    }
    reply_array_end(reply);
    return 0;
}

/* transfer_vcpu(): what is as it shall be is a success, whatever could be done about it. */
static int set_vcpu(struct agent *agent, const struct guest_logical_processor *wanted,
                    struct reply *reply)
{
    int64_t id = wanted->logical_id;
    struct facts_vcpu vcpu;

    if (id < 0 || !facts_vcpu(agent, (size_t)id, &vcpu)) {
        return reply_error(reply, "open(\"/sys/devices/system/cpu/cpu%" PRId64 "/\"): %s", id,
                           ramfs_error_text(ENOENT));
    }
    if (!vcpu.can_offline && !wanted->online) {
        return reply_error(reply, "logical processor #%" PRId64 " can't be offlined", id);
    }
    if (facts_set_vcpu(agent, (size_t)id, wanted->online) < 0) {
        return reply_error(reply, "pwrite(\"/sys/devices/system/cpu/cpu%" PRId64 "/online\"): %s",
                           id, ramfs_error_text(ENOMEM));
    }
    return 0;
}

int qmp_guest_set_vcpus(struct agent *agent, const struct args_guest_set_vcpus *arguments,
                        struct reply *reply)
{
    uint32_t cursor = 0;
    uint32_t done = 0;

    while (done < arguments->vcpus.count) {
        struct guest_logical_processor wanted = {0};

        args_array_next(&arguments->vcpus, &cursor, &wanted);
        if (set_vcpu(agent, &wanted, reply) < 0) {
            if (done == 0) {
                return -EINVAL;
            }
            reply_forget_error(reply); /* how far it came is the answer */
            break;
        }
        done++;
    }
    reply_int(reply, done);
    return 0;
}

int qmp_guest_get_cpustats(struct agent *agent, struct reply *reply)
{
    /* What /proc/stat of Linux counts besides, in the places where nothing of the kind happens. */
    static const char *const none[] = {"user",    "nice",  "iowait", "irq",
                                       "softirq", "steal", "guest",  "guestnice"};
    struct facts_vcpu vcpu;

    reply_array_begin(reply);
    for (size_t i = 0; facts_vcpu(agent, i, &vcpu); i++) {
        struct facts_cpu_time time;

        if (!vcpu.online) {
            continue;
        }
        facts_cpu_time(agent, vcpu.id, &time);
        reply_object_begin(reply);
        reply_key(reply, "cpu");
        reply_int(reply, vcpu.id);
        reply_key(reply, "type");
        reply_c_string(reply, "linux");
        reply_key(reply, "system");
        reply_uint(reply, time.system_ms);
        reply_key(reply, "idle");
        reply_uint(reply, time.idle_ms);
        for (size_t n = 0; n < sizeof(none) / sizeof(none[0]); n++) {
            reply_key(reply, none[n]);
            reply_uint(reply, 0);
        }
        reply_object_end(reply);
    }
    reply_array_end(reply);
    return 0;
}

int qmp_guest_get_load(struct agent *agent, struct reply *reply)
{
    static const char *const names[] = {"load1m", "load5m", "load15m"};
    double load[3];

    facts_load(agent, load);
    reply_object_begin(reply);
    for (int i = 0; i < 3; i++) {
        reply_key(reply, names[i]);
        reply_double(reply, load[i]);
    }
    reply_object_end(reply);
    return 0;
}

/* ---- Memory ---------------------------------------------------------------------------- */

int qmp_guest_get_memory_blocks(struct agent *agent, struct reply *reply)
{
    reply_array_begin(reply);
    for (uint64_t block = 0; facts_memory_block(agent, &block); block++) {
        reply_object_begin(reply);
        reply_key(reply, "online");
        reply_bool(reply, true);
        reply_key(reply, "can-offline");
        reply_bool(reply, false);
        reply_key(reply, "phys-index");
        reply_uint(reply, block);
        reply_object_end(reply);
    }
    reply_array_end(reply);
    return 0;
}

/* All memory is in use by the one allocator of pages, so a block can only stay as it is. */
static void reply_block_result(struct agent *agent, const struct guest_memory_block *wanted,
                               struct reply *reply)
{
    uint64_t block = wanted->phys_index;
    bool exists = facts_memory_block(agent, &block) && block == wanted->phys_index;
    enum guest_memory_block_response_type response =
        !exists           ? GUEST_MEMORY_BLOCK_RESPONSE_TYPE_NOT_FOUND
        : !wanted->online ? GUEST_MEMORY_BLOCK_RESPONSE_TYPE_OPERATION_FAILED
                          : GUEST_MEMORY_BLOCK_RESPONSE_TYPE_SUCCESS;

    reply_object_begin(reply);
    if (response != GUEST_MEMORY_BLOCK_RESPONSE_TYPE_SUCCESS) {
        reply_key(reply, "error-code");
        reply_int(reply, exists ? EBUSY : ENOENT);
    }
    reply_key(reply, "phys-index");
    reply_uint(reply, wanted->phys_index);
    reply_key(reply, "response");
    reply_c_string(reply, guest_memory_block_response_type_values[response]);
    reply_object_end(reply);
}

int qmp_guest_set_memory_blocks(struct agent *agent,
                                const struct args_guest_set_memory_blocks *arguments,
                                struct reply *reply)
{
    uint32_t cursor = 0;

    reply_array_begin(reply);
    for (uint32_t i = 0; i < arguments->mem_blks.count; i++) {
        struct guest_memory_block wanted = {0};

        args_array_next(&arguments->mem_blks, &cursor, &wanted);
        reply_block_result(agent, &wanted, reply);
    }
    reply_array_end(reply);
    return 0;
}

int qmp_guest_get_memory_block_info(struct agent *agent, struct reply *reply)
{
    reply_object_begin(reply);
    reply_key(reply, "size");
    reply_uint(reply, facts_memory_block_bytes(agent));
    reply_object_end(reply);
    return 0;
}

/* ---- Devices --------------------------------------------------------------------------- */

int qmp_guest_get_devices(struct agent *agent, struct reply *reply)
{
    const struct platform *platform = agent->platform;
    struct platform_device device;

    reply_array_begin(reply);
    for (size_t i = 0; platform->device != NULL && platform->device(platform->ctx, i, &device);
         i++) {
        reply_object_begin(reply);
        reply_key(reply, "driver-version");
        reply_c_string(reply, AGENT_RELEASE);
        reply_key(reply, "driver-name");
        reply_c_string(reply, device.driver);
        reply_key(reply, "id");
        reply_object_begin(reply);
        reply_key(reply, "type");
        reply_c_string(reply, "pci");
        reply_key(reply, "vendor-id");
        reply_uint(reply, device.vendor);
        reply_key(reply, "device-id");
        reply_uint(reply, device.device);
        reply_object_end(reply);
        reply_object_end(reply);
    }
    reply_array_end(reply);
    return 0;
}
