/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts about processors and memory. */
#include <string.h>

#include "facts.h"
#include "personality.h"
#include "state.h"

/* Linux arch/x86/mm/init_64.c:probe_memory_block_size() */
#define BLOCK_BYTES_MIN    (UINT64_C(128) << 20)
#define BLOCK_BYTES_MAX    (UINT64_C(2) << 30)
#define LARGE_MEMORY_BYTES (UINT64_C(64) << 30)

/* Linux kernel/sched/loadavg.c: an average moves every five seconds, by these shares of 2^11. */
#define LOAD_SHIFT   11
#define LOAD_ONE     (1u << LOAD_SHIFT)
#define LOAD_STEP_NS UINT64_C(5000000000)
#define NS_PER_MS    UINT64_C(1000000)
static const uint64_t load_decay[3] = {1884, 2014, 2037};

/* ---- Processors ------------------------------------------------------------------------ */

static uint8_t *offline_bit(struct agent *agent, size_t index, uint8_t *mask)
{
    struct buffer *bits = &agent->facts.offline_vcpus;

    *mask = (uint8_t)(1u << index % 8);
    return index / 8 < bits->size ? &bits->data[index / 8] : NULL;
}

/*
 * The agent runs on the boot processor alone; the others wait where firmware has left them.  So
 * the first cannot be taken out, and whether another is on line is only noted.
 */
bool facts_vcpu(struct agent *agent, size_t index, struct facts_vcpu *vcpu)
{
    const struct personality *claimed = personality_of(agent);
    uint8_t mask;
    const uint8_t *bits = offline_bit(agent, index, &mask);

    *vcpu = (struct facts_vcpu){
        .id = (uint32_t)index,
        .online = bits == NULL || (*bits & mask) == 0,
        .can_offline = index != 0,
    };
    if (claimed != NULL && claimed->has_vcpus) {
        return personality_vcpu(agent, index, &vcpu->can_offline);
    }
    return index < agent->platform->machine->cpu_count;
}

int facts_set_vcpu(struct agent *agent, size_t index, bool online)
{
    struct buffer *bits = &agent->facts.offline_vcpus;
    uint8_t mask;
    uint8_t *bit = offline_bit(agent, index, &mask);

    if (bit == NULL && !online) {
        size_t wanted = index / 8 + 1;
        int result = buffer_reserve(bits, wanted - bits->size);

        if (result < 0) {
            return result;
        }
        memset(bits->data + bits->size, 0, wanted - bits->size);
        bits->size = wanted;
        bit = offline_bit(agent, index, &mask);
    }
    if (bit != NULL) {
        *bit = (uint8_t)(online ? *bit & ~mask : *bit | mask);
    }
    return 0;
}

void facts_cpu_time(const struct agent *agent, uint32_t id, struct facts_cpu_time *time)
{
    const struct platform *platform = agent->platform;
    uint64_t all_ns = platform->monotonic_ns(platform->ctx);
    uint64_t idle_ns = id == 0 ? platform->idle_ns(platform->ctx) : all_ns;

    idle_ns = idle_ns < all_ns ? idle_ns : all_ns;
    time->idle_ms = idle_ns / NS_PER_MS;
    time->system_ms = (all_ns - idle_ns) / NS_PER_MS;
}

/* `share` to the power of `steps`, both as fractions of LOAD_ONE. */
static uint64_t load_power(uint64_t share, uint64_t steps)
{
    uint64_t power = LOAD_ONE;

    for (; steps > 0 && power > 0; steps >>= 1) {
        if ((steps & 1) != 0) {
            power = (power * share) >> LOAD_SHIFT;
        }
        share = (share * share) >> LOAD_SHIFT;
    }
    return power;
}

/*
 * The averages are brought up to date when they are asked for: no timer wakes an idle guest for
 * them.  What the processor worked since the last time counts as spread evenly over it.
 */
void facts_load(struct agent *agent, double load[3])
{
    const struct platform *platform = agent->platform;
    struct facts *facts = &agent->facts;
    uint64_t passed_ns = platform->monotonic_ns(platform->ctx) - facts->load_at_ns;
    uint64_t slept_ns = platform->idle_ns(platform->ctx) - facts->load_idle_ns;
    uint64_t steps = passed_ns / LOAD_STEP_NS;

    if (steps > 0) {
        uint64_t asleep = slept_ns / (passed_ns / LOAD_ONE);
        uint64_t active = asleep < LOAD_ONE ? LOAD_ONE - asleep : 0;

        for (int i = 0; i < 3; i++) {
            uint64_t old = load_power(load_decay[i], steps);

            facts->load[i] = (facts->load[i] * old + active * (LOAD_ONE - old)) >> LOAD_SHIFT;
        }
        facts->load_at_ns += steps * LOAD_STEP_NS;
        facts->load_idle_ns += steps * LOAD_STEP_NS / LOAD_ONE * asleep;
    }
    for (int i = 0; i < 3; i++) {
        load[i] = (double)facts->load[i] / LOAD_ONE;
    }
}

/* ---- Memory ---------------------------------------------------------------------------- */

uint64_t facts_memory_block_bytes(const struct agent *agent)
{
    const struct platform_machine *machine = agent->platform->machine;
    uint64_t bytes = BLOCK_BYTES_MAX;
    uint64_t end = 0;

    if (machine->memory_count > 0) {
        const struct platform_range *last = &machine->memory[machine->memory_count - 1];

        end = last->base + last->size;
    }
    if (end < LARGE_MEMORY_BYTES) {
        return BLOCK_BYTES_MIN;
    }
    while (bytes > BLOCK_BYTES_MIN && end % bytes != 0) {
        bytes /= 2;
    }
    return bytes;
}

bool facts_memory_block(const struct agent *agent, uint64_t *block)
{
    const struct platform_machine *machine = agent->platform->machine;
    uint64_t bytes = facts_memory_block_bytes(agent);

    for (size_t i = 0; i < machine->memory_count; i++) {
        const struct platform_range *range = &machine->memory[i];

        if (range->size > 0 && (range->base + range->size - 1) / bytes >= *block) {
            *block = range->base / bytes > *block ? range->base / bytes : *block;
            return true;
        }
    }
    return false;
}
