/* SPDX-License-Identifier: BSD-2-Clause */
/* Echo (RFC 862), discard (RFC 863) and chargen (RFC 864), by TCP and UDP. */
#ifndef NET_SERVICES_H
#define NET_SERVICES_H

#include <stdint.h>

/* Opens those that are in `which` (enum net_service in net.h). */
void services_start(uint32_t which);

#endif
