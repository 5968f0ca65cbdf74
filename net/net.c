/* SPDX-License-Identifier: BSD-2-Clause */
/* The network as a whole: memory, interfaces coming and going, time. */
#include "net.h"

#include <stdio.h>
#include <string.h>

#include "drivers/clock.h"
#include "drivers/dma.h"
#include "drivers/e1000.h"
#include "drivers/klog.h"
#include "interface.h"
#include "lwip/dhcp.h"
#include "lwip/init.h"
#include "lwip/mem.h"
#include "lwip/nd6.h"
#include "lwip/stats.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "services.h"
#include "tcp_agent.h"

/* lwIP's heap, its end mark, and what aligning costs (lwIP src/core/mem.c). */
#define HEAP_BYTES (MEM_SIZE + 64u)
#define NS_PER_MS  UINT64_C(1000000)

uint8_t *net_heap;
struct net_interface *net_interfaces[NET_INTERFACES_MAX];

static const struct net_config *config;
static uint32_t interface_count;

void net_init(const struct net_config *its_config)
{
    config = its_config;
}

/* --- time ---------------------------------------------------------------------------------- */

u32_t sys_now(void)
{
    return (u32_t)(clock_monotonic_ns() / NS_PER_MS);
}

void net_poll(void)
{
    if (!interface_count)
        return;
    sys_check_timeouts();
    for (size_t i = 0; i < NET_INTERFACES_MAX; i++)
        if (net_interfaces[i])
            e1000_flush(net_interfaces[i]->nic);
}

uint64_t net_deadline_ns(void)
{
    u32_t milliseconds =
        interface_count ? sys_timeouts_sleeptime() : SYS_TIMEOUTS_SLEEPTIME_INFINITE;
    if (milliseconds == SYS_TIMEOUTS_SLEEPTIME_INFINITE)
        return UINT64_MAX;
    /* sys_now() counts whole ones. */
    return (clock_monotonic_ns() / NS_PER_MS + milliseconds) * NS_PER_MS;
}

/* --- interfaces ---------------------------------------------------------------------------- */

/* lwIP, with the first interface. */
static bool start_stack(void)
{
    if (net_heap)
        return true;
    net_heap = dma_alloc(HEAP_BYTES);
    if (!net_heap)
        return false;
    lwip_init();
    services_start(config->services);
    tcp_agent_listen();
    return true;
}

static struct net_interface **free_place(void)
{
    for (size_t i = 0; i < NET_INTERFACES_MAX; i++)
        if (!net_interfaces[i])
            return &net_interfaces[i];
    return NULL;
}

static void set_static_address(struct netif *netif)
{
    ip4_addr_t address, gateway;
    ip4_addr_t mask = {
        lwip_htonl(config->prefix_length ? UINT32_MAX << (32 - config->prefix_length) : 0)};
    memcpy(&address, config->address, sizeof address);
    memcpy(&gateway, config->gateway, sizeof gateway);
    netif_set_addr(netif, &address, &mask, &gateway);
}

/* Addresses: IPv6 by router advertisements, and IPv4 as the user wants it. */
static void start_interface(struct net_interface *self, bool is_first)
{
    struct netif *netif = &self->netif;
    bool wants_dhcp = !config->address[0];

    netif_set_hostname(netif, config->hostname);
    if (!netif_default)
        netif_set_default(netif);
    netif_create_ip6_linklocal_address(netif, 1);
    netif_set_ip6_autoconfig_enabled(netif, 1);
    if (!wants_dhcp && is_first)
        set_static_address(netif);
    if (self->nic->link_up)
        netif_set_link_up(netif);
    netif_set_up(netif);
    if (wants_dhcp && dhcp_start(netif) != ERR_OK)
        klog("%s: no memory for DHCP", self->name);
}

void *net_attach(struct e1000 *nic)
{
    struct net_interface **place = free_place();
    struct net_interface *self = place && start_stack() ? dma_alloc(sizeof *self) : NULL;
    if (!self) {
        klog("%s: no memory for the network", nic->name);
        return NULL;
    }
    self->nic = nic;
    snprintf(self->name, sizeof self->name, "eth%u", (unsigned int)(place - net_interfaces));
    netif_add_noaddr(&self->netif, self, net_interface_init, ethernet_input);
    *place = self;
    interface_count++;
    klog("%s: nic %s", self->name, nic->name);
    start_interface(self, place == net_interfaces);
    e1000_flush(nic);
    return self;
}

void net_link_changed(void *interface)
{
    struct net_interface *self = interface;
    bool is_up = self->nic->link_up;
    if (is_up == (netif_is_link_up(&self->netif) != 0))
        return;
    klog("%s: link %s", self->name, is_up ? "up" : "down");
    if (is_up)
        netif_set_link_up(&self->netif);
    else
        netif_set_link_down(&self->netif);
    e1000_flush(self->nic);
}

void net_detach(void *interface)
{
    struct net_interface *self = interface;
    self->nic = NULL; /* what lwIP has to say in parting is heard by nobody */
    netif_set_status_callback(&self->netif, NULL);
    if (netif_dhcp_data(&self->netif)) {
        dhcp_stop(&self->netif);
        dhcp_cleanup(&self->netif);
    }
    netif_remove(&self->netif);
    for (size_t i = 0; i < NET_INTERFACES_MAX; i++)
        if (net_interfaces[i] == self)
            net_interfaces[i] = NULL;
    for (size_t i = 0; i < NET_INTERFACES_MAX && !netif_default; i++)
        if (net_interfaces[i])
            netif_set_default(&net_interfaces[i]->netif);
    interface_count--;
    klog("%s: removed, the network holds %u bytes", self->name, (unsigned int)lwip_stats.mem.used);
    dma_free(self, sizeof *self);
}
