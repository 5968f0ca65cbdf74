/* SPDX-License-Identifier: BSD-2-Clause */
/* The network controllers and the network, brought together as the options say. */
#ifndef BOOT_NETWORK_H
#define BOOT_NETWORK_H

#include "options.h"

struct nic_user;

/* Who takes the controllers' frames, for nics_init(); NULL with net=off.  `options` must stay
 * valid. */
const struct nic_user *network_init(const struct options *options);

#endif
