/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/fdt.c boot/machine_fdt.c tests/fake/fake_platform.c
/*
 * The device tree reader on any bytes: the walk must end, stay inside, and see each node once; all
 * that discovery makes of it must fit where it is put.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fdt.h"
#include "machine_fdt.h"

static void check_walk(const struct fdt *fdt)
{
    struct fdt_property property;
    struct fdt_node node, found;
    uint64_t address, bytes;
    uint32_t last = 0, count = 0;

    for (bool more = fdt_root(fdt, &node); more; more = fdt_next(fdt, &node)) {
        if (node.depth >= FDT_DEPTH_MAX || (count > 0 && node.offset <= last))
            abort();
        last = node.offset;
        count++;
        if (strlen(fdt_name(fdt, &node)) >= fdt->structure_bytes)
            abort();
        if (fdt_get(fdt, &node, "reg", &property) && property.bytes > fdt->structure_bytes)
            abort();
        for (uint32_t i = 0; i < 3; i++)
            (void)fdt_reg(fdt, &node, i, &address, &bytes);
        (void)fdt_compatible(fdt, &node, "virtio,mmio");
        if (count < 16)
            (void)fdt_by_phandle(fdt, fdt_u32(fdt, &node, "interrupt-parent", 1), &found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine machine;
    struct fdt_node node;
    struct fdt fdt;
    uint64_t address, bytes;

    if (fdt_open(&fdt, data, size) < 0)
        return 0;
    check_walk(&fdt);
    (void)fdt_by_path(&fdt, "/soc/serial@10000000", &node);
    for (uint32_t i = 0; fdt_reservation(data, size, i, &address, &bytes); i++) {
        if (bytes == 0 || i > size)
            abort();
    }
    memset(&machine, 0, sizeof(machine));
    machine_read_fdt(&fdt, &machine);
    if (machine.virtio_mmio_count > MACHINE_VIRTIO_MMIO_MAX ||
        machine.pci_host_count > MACHINE_PCI_HOSTS_MAX ||
        machine.irq_controller_count > MACHINE_IRQ_CONTROLLERS_MAX)
        abort();
    return 0;
}
