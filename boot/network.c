/* SPDX-License-Identifier: BSD-2-Clause */
/* The network controllers and the network, brought together: see network.h. */
#include "network.h"

#include <arch/random.h>

#include <string.h>

#include "clock.h"
#include "drivers/clock.h"
#include "drivers/e1000.h"
#include "drivers/klog.h"
#include "fw_cfg.h"
#include "net/net.h"
#include "net/random.h"
#include "nics.h"
#include "platform.h"

#define SEED_FILE      "opt/bare-qga/seed"
#define SEED_BYTES_MAX 256u

static struct net_config config;

/* --- random numbers ------------------------------------------------------------------------ */

static bool stir_processor(void)
{
    uint64_t seed[2];

    if (!arch_random(&seed[0]) || !arch_random(&seed[1]))
        return false;
    net_random_stir(seed, sizeof seed);
    return true;
}

static bool stir_seed_file(void)
{
    uint8_t seed[SEED_BYTES_MAX];
    struct fw_cfg_file file;

    if (fw_cfg_find(SEED_FILE, &file))
        return false;
    uint32_t bytes = file.size < sizeof seed ? file.size : (uint32_t)sizeof seed;
    if (!bytes || fw_cfg_read(&file, 0, seed, bytes))
        return false;
    net_random_stir(seed, bytes);
    return true;
}

/*
 * For port and sequence numbers.  Time alone makes them differ from start to start, but whoever
 * knows when the machine started can guess them, and under -icount they repeat: that is said.
 */
static void seed_random(const struct e1000 *nic)
{
    uint64_t times[2] = {(uint64_t)clock_realtime_ns(), clock_monotonic_ns()};
    bool has_file = stir_seed_file();
    bool has_processor = stir_processor();

    net_random_stir(times, sizeof times);
    net_random_stir(nic->mac, sizeof nic->mac);
    klog("network: random numbers from %s%s", has_processor ? "the processor" : "",
         has_file ? (has_processor ? " and " SEED_FILE : SEED_FILE)
                  : (has_processor ? "" : "the clock only, which can be guessed"));
}

/* --- the controllers' user ----------------------------------------------------------------- */

static void *attach(void *ctx, struct e1000 *nic)
{
    static bool is_seeded;

    (void)ctx;
    if (!is_seeded) {
        is_seeded = true;
        seed_random(nic);
    }
    return net_attach(nic);
}

static const struct nic_user user = {
    .attach = attach,
    .link_changed = net_link_changed,
    .detach = net_detach,
    .poll = net_receive,
};

const struct nic_user *network_init(const struct options *options)
{
    const struct options_net *net = &options->net;

    if (net->mode == OPTIONS_NET_OFF)
        return NULL;
    if (net->mode == OPTIONS_NET_STATIC) {
        memcpy(config.address, net->address, sizeof config.address);
        memcpy(config.gateway, net->gateway, sizeof config.gateway);
        config.prefix_length = net->prefix_length;
    }
    config.hostname = options->hostname[0] ? options->hostname : "bare-qga";
    config.services = net->services;
    net_init(&config);
    return &user;
}

void net_broken(int line)
{
    panic("lwIP: what must hold does not, line %d", line);
}
