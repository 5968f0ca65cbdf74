/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/acpi.c boot/aml.c tests/fake/fake_platform.c
/*
 * The ACPI reader on any bytes.  The input is the memory from address 0x1000 on; the RSDP is where
 * it starts.  Checksums are made right on the fly, because guessing them is not the point.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "acpi.h"

#define BASE UINT64_C(0x1000)

static struct {
    uint8_t *bytes;
    size_t size;
} memory;

static void fix_sum(uint8_t *bytes, size_t count, size_t field)
{
    uint8_t sum = 0;

    if (field >= count)
        return;
    bytes[field] = 0;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[field] = (uint8_t)-sum;
}

static const void *map(void *ctx, uint64_t address, size_t count)
{
    uint8_t *at;

    (void)ctx;
    if (address < BASE || address - BASE > memory.size || count > memory.size - (address - BASE))
        return NULL;
    at = memory.bytes + (address - BASE);
    if (count >= 20 && memcmp(at, "RSD PTR ", 8) == 0)
        fix_sum(at, count, count > 20 ? 32 : 8);
    else if (count > 36)
        fix_sum(at, count, 9);
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct acpi_memory reach = {.map = map};
    static struct machine machine;

    memory.bytes = malloc(size + 1);
    if (memory.bytes == NULL)
        return 0;
    memory.size = size;
    memcpy(memory.bytes, data, size);
    memset(&machine, 0, sizeof(machine));
    (void)acpi_discover(&reach, BASE, &machine);
    free(memory.bytes);
    if (machine.irq_controller_count > MACHINE_IRQ_CONTROLLERS_MAX ||
        machine.pci_host_count > MACHINE_PCI_HOSTS_MAX ||
        machine.hotplug.bus_count > MACHINE_HOTPLUG_BUSES_MAX || machine.power.s5_type_a > 7)
        abort();
    for (uint32_t i = 0; i < machine.hotplug.bus_count; i++) {
        if (machine.hotplug.buses[i].bridge_count > MACHINE_BRIDGES_MAX)
            abort();
    }
    return 0;
}
