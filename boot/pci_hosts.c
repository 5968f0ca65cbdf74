/* SPDX-License-Identifier: BSD-2-Clause */
/* From struct machine to the PCI driver's hosts. */
#include "pci_hosts.h"

#include <errno.h>

#include "chipset.h"
#include "drivers/klog.h"
#include "fw_cfg.h"
#include "platform.h"

#define PCI_BUS_BYTES      (UINT64_C(1) << 20) /* PCIe 4.0 §7.2.2 */
#define PCI_PINS           4u
#define PCI_LINE_UNKNOWN   0xffu /* PCI 3.0 §6.2.4: unknown or no connection */
#define PCI_LINE_UNWRITTEN 0u    /* interrupt 0 is the timer's on every PC */

/* What route() needs. */
struct pci_host_route {
    const struct machine *machine;
    const struct machine_pci_host *host;
};

static struct {
    bool initialized;
    uint32_t count;
    struct pci_host hosts[MACHINE_PCI_HOSTS_MAX];
    struct pci_host_route routes[MACHINE_PCI_HOSTS_MAX];
} pci;

static int route(const struct pci_host *host, uint8_t slot, uint8_t pin, uint8_t register_line,
                 struct pci_line *line)
{
    const struct pci_host_route *known = host->ctx;
    struct machine_irq_line found;

    if (pin < 1 || pin > PCI_PINS)
        return -ENOENT;
    if (known->host->intx_by_swizzle) {
        found = known->host->intx[(slot + pin - 1u) % PCI_PINS];
    } else if (register_line != PCI_LINE_UNKNOWN && register_line != PCI_LINE_UNWRITTEN) {
        if (register_line < MACHINE_ISA_IRQS)
            found = known->machine->isa_irq[register_line];
        else
            found = (struct machine_irq_line){.gsi = register_line, .level_triggered = true};
    } else if (!chipset_route(host, slot, pin, known->machine, &found)) {
        return -ENOENT;
    }
    line->gsi = found.gsi;
    line->level_triggered = found.level_triggered;
    line->active_low = found.active_low;
    return 0;
}

static struct pci_window window_of(const struct machine_window *window)
{
    return (struct pci_window){window->address, window->bus_address, window->bytes};
}

static bool host_init(struct pci_host *host, const struct machine_pci_host *description)
{
    uint64_t first = description->bus_first * PCI_BUS_BYTES;
    uint64_t buses = (uint64_t)description->bus_last - description->bus_first + 1;

    *host = (struct pci_host){
        .bus_first = description->bus_first,
        .bus_last = description->bus_last,
        .io = window_of(&description->io),
        .memory32 = window_of(&description->mmio32),
        .memory64 = window_of(&description->mmio64),
        .map = mmio_map,
        .route = route,
    };
    if (description->config_ports)
        return true;
    host->ecam = mmio_map(description->ecam_address + first, (size_t)(buses * PCI_BUS_BYTES));
    if (host->ecam == NULL) {
        klog("pci: configuration space at %#lx cannot be mapped",
             (unsigned long)description->ecam_address);
        return false;
    }
    host->ecam -= first;
    return true;
}

struct bus_set {
    bool any;
    uint8_t buses[32]; /* one bit each */
};

static void note_bus(void *ctx, const struct pci_function *function)
{
    struct bus_set *set = ctx;
    set->any = true;
    set->buses[function->bus / 8] |= (uint8_t)(1u << function->bus % 8);
}

/* How many root buses QEMU's expander bridges add (pxb; hw/i386/pc.c), which firmware numbers. */
static uint64_t extra_root_count(void)
{
    struct fw_cfg_file file;
    uint8_t bytes[8];
    uint64_t count = 0;
    if (fw_cfg_find("etc/extra-pci-roots", &file) < 0 || file.size != sizeof(bytes) ||
        fw_cfg_read(&file, 0, bytes, sizeof(bytes)) < 0)
        return 0;
    for (unsigned int i = sizeof(bytes); i > 0; i--)
        count = count << 8 | bytes[i - 1];
    return count;
}

/* A root bus answers and is behind no bridge; where it is, only a look at every bus tells. */
static void find_extra_roots(const struct machine *machine)
{
    struct bus_set known = {0};
    uint64_t missing = extra_root_count();
    if (missing == 0)
        return;
    pci_scan(&pci.hosts[0], note_bus, &known);
    for (unsigned int bus = pci.hosts[0].bus_first + 1u;
         bus <= pci.hosts[0].bus_last && missing > 0 && pci.count < MACHINE_PCI_HOSTS_MAX; bus++) {
        struct pci_host *host = &pci.hosts[pci.count];
        if ((known.buses[bus / 8] & 1u << bus % 8) != 0)
            continue;
        *host = pci.hosts[0];
        host->bus_first = (uint8_t)bus;
        known.any = false;
        pci_scan(host, note_bus, &known);
        if (!known.any)
            continue;
        pci.routes[pci.count] = (struct pci_host_route){machine, &machine->pci_hosts[0]};
        host->ctx = &pci.routes[pci.count];
        pci.count++;
        missing--;
    }
}

void pci_hosts_init(const struct machine *machine)
{
    if (pci.initialized)
        return;
    pci.initialized = true;
    for (uint32_t i = 0; i < machine->pci_host_count; i++) {
        struct pci_host *host = &pci.hosts[pci.count];

        if (!host_init(host, &machine->pci_hosts[i]))
            continue;
        pci.routes[pci.count] = (struct pci_host_route){machine, &machine->pci_hosts[i]};
        host->ctx = &pci.routes[pci.count];
        if (!machine->pci_hosts[i].firmware_assigned)
            pci_assign_bridges(host);
        pci.count++;
    }
    if (pci.count == 1 && machine->pci_hosts[0].firmware_assigned)
        find_extra_roots(machine);
}

const struct pci_host *pci_hosts_get(uint32_t *count)
{
    *count = pci.count;
    return pci.hosts;
}
