/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI: the search, capabilities, addresses and interrupts, on buses of all shapes. */
/* sources: drivers/pci*.c tests/fake/fake_pci.c tests/fake/fake_platform.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci.h"
#include "drivers/pci_regs.h"
#include "tests/fake/fake_pci.h"
#include "tests/fake/fake_platform.h"

#define MULTIFUNCTION PCI_HEADER_MULTIFUNCTION
#define BRIDGE        PCI_HEADER_BRIDGE

/* What a scan found, as "bus:slot.function " in the order of visits. */
struct found {
    char text[1024];
    struct pci_function last;
};

static void note(void *ctx, const struct pci_function *function)
{
    struct found *found = ctx;
    size_t length = strlen(found->text);
    assert_true(length + 16 < sizeof(found->text));
    snprintf(found->text + length, 16, "%x:%x.%x ", function->bus, function->slot,
             function->function);
    found->last = *function;
}

static struct found scan(const struct pci_host *host)
{
    struct found found = {.text = ""};
    pci_scan(host, note, &found);
    return found;
}

static struct fake_function *add_bridge(const struct fake_function *parent, uint8_t slot,
                                        uint8_t primary, uint8_t secondary, uint8_t subordinate)
{
    struct fake_function *bridge = fake_pci_add(parent, slot, 0, 0x1b36, 0x0001, BRIDGE);
    fake_pci_set_config(bridge, PCI_CLASS, 2, PCI_CLASS_BRIDGE_PCI);
    fake_pci_set_config(bridge, PCI_PRIMARY_BUS, 1, primary);
    fake_pci_set_config(bridge, PCI_SECONDARY_BUS, 1, secondary);
    fake_pci_set_config(bridge, PCI_SUBORDINATE_BUS, 1, subordinate);
    return bridge;
}

static void make_express(struct fake_function *bridge, uint8_t type)
{
    uint8_t at = fake_pci_capability(bridge, PCI_CAPABILITY_PCIE, 0x3c);
    fake_pci_set_config(bridge, (uint16_t)(at + PCIE_FLAGS), 2,
                        (uint32_t)type << PCIE_TYPE_SHIFT | 2);
}

/* --- the search ----------------------------------------------------------------------------- */

static void functions_of_one_bus(void **state)
{
    (void)state;
    for (int ecam = 0; ecam < 2; ecam++) {
        fake_pci_reset();
        struct pci_host host = fake_pci_host(ecam != 0);
        fake_pci_add(NULL, 0, 0, 0x8086, 0x1237, 0);
        fake_pci_add(NULL, 1, 0, 0x8086, 0x7000, MULTIFUNCTION);
        fake_pci_add(NULL, 1, 1, 0x8086, 0x7010, MULTIFUNCTION);
        fake_pci_add(NULL, 1, 7, 0x8086, 0x7113, MULTIFUNCTION);
        fake_pci_add(NULL, 2, 0, 0x1af4, 0x1003, 0);
        fake_pci_add(NULL, 2, 1, 0x1af4, 0x1003, 0); /* not there: function 0 is alone */
        fake_pci_add(NULL, 5, 3, 0x1af4, 0x1003, 0); /* not there: no function 0 */
        fake_pci_add(NULL, 31, 0, 0x1af4, 0x1003, 0);
        assert_string_equal(scan(&host).text, "0:0.0 0:1.0 0:1.1 0:1.7 0:2.0 0:1f.0 ");
    }
}

/* A root port, a switch of two levels, a conventional bridge behind it. */
static void behind_ports_switches_and_bridges(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *port = add_bridge(NULL, 3, 0, 1, 5);
    make_express(port, PCIE_TYPE_ROOT_PORT);
    struct fake_function *upstream = add_bridge(port, 0, 1, 2, 5);
    make_express(upstream, 5);
    struct fake_function *downstream = add_bridge(upstream, 1, 2, 3, 4);
    make_express(downstream, PCIE_TYPE_DOWNSTREAM);
    struct fake_function *conventional = add_bridge(downstream, 0, 3, 4, 4);
    fake_pci_add(conventional, 9, 0, 0x1af4, 0x1003, 0);
    fake_pci_add(port, 1, 0, 0xdead, 0xdead, 0); /* a link has one device only */
    struct found found = scan(&host);
    assert_string_equal(found.text, "0:3.0 1:0.0 2:1.0 3:0.0 4:9.0 ");
    assert_true(found.last.behind_bridge);
    assert_int_equal(found.last.bridge_bus, 3);
    assert_int_equal(found.last.root_slot, 3);
    /* Bridge 1.2 §9.1: slots on the way are 0 (below the root port), 1 and 0. */
    assert_int_equal(found.last.pin_shift, 1);
}

static void only_buses_that_exist_are_looked_at(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    fake_pci_add(NULL, 0, 0, 0x8086, 0x1237, 0);
    scan(&host);
    assert_true(fake_pci_accesses < 40);
}

static void bridges_that_lead_in_circles(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    add_bridge(NULL, 1, 0, 0, 0); /* to itself: never set up */
    struct fake_function *first = add_bridge(NULL, 2, 0, 1, 255);
    add_bridge(first, 4, 1, 1, 255); /* to its own bus */
    add_bridge(NULL, 3, 0, 1, 255);  /* to a bus that another one leads to */
    struct fake_function *back = add_bridge(first, 5, 1, 0, 255);
    (void)back;
    assert_string_equal(scan(&host).text, "0:1.0 0:2.0 1:4.0 1:5.0 0:3.0 ");
    /* A chain that is longer than any real one ends, and says so. */
    fake_pci_reset();
    struct fake_function *bridge = NULL;
    for (uint8_t bus = 0; bus < 40; bus++)
        bridge = add_bridge(bridge, 0, bus, (uint8_t)(bus + 1), 40);
    unsigned int lines = fake_log_lines;
    scan(&host);
    assert_int_equal(fake_log_lines, lines + 1);
}

static void buses_beyond_the_host_are_left_alone(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(true);
    host.bus_last = 1;
    struct fake_function *near = add_bridge(NULL, 1, 0, 1, 1);
    fake_pci_add(near, 0, 0, 0x1af4, 0x1003, 0);
    struct fake_function *far = add_bridge(NULL, 2, 0, 2, 2);
    fake_pci_add(far, 0, 0, 0x1af4, 0x1003, 0);
    assert_string_equal(scan(&host).text, "0:1.0 1:0.0 0:2.0 ");
}

static void pulled_and_replaced(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *device = fake_pci_add(NULL, 4, 0, 0x1af4, 0x1003, 0);
    struct pci_function function = scan(&host).last;
    assert_true(pci_present(&function));
    device->present = false;
    assert_false(pci_present(&function));
    assert_int_equal(pci_read16(&function, PCI_COMMAND), 0xffff);
    device->present = true;
    fake_pci_set_config(device, PCI_DEVICE_ID, 2, 0x1000);
    assert_false(pci_present(&function));
}

/* --- capabilities --------------------------------------------------------------------------- */

static void capability_lists(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *device = fake_pci_add(NULL, 4, 0, 0x1af4, 0x1003, 0);
    struct pci_function function = scan(&host).last;
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_VENDOR, 0), 0);
    uint8_t first = fake_pci_capability(device, PCI_CAPABILITY_VENDOR, 16);
    uint8_t msix = fake_pci_capability(device, PCI_CAPABILITY_MSIX, 12);
    uint8_t second = fake_pci_capability(device, PCI_CAPABILITY_VENDOR, 20);
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_VENDOR, 0), first);
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_VENDOR, first), second);
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_VENDOR, second), 0);
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_MSIX, 0), msix);
    /* A circle, and a pointer into the header. */
    device->config[second + PCI_CAPABILITY_NEXT] = first;
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_PCIE, 0), 0);
    device->config[second + PCI_CAPABILITY_NEXT] = PCI_BAR0;
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_PCIE, 0), 0);
    device->config[PCI_STATUS] = 0;
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_MSIX, 0), 0);
    /* A function that is gone has none, and the walk ends. */
    device->present = false;
    assert_int_equal(pci_capability(&function, PCI_CAPABILITY_VENDOR, 0), 0);
}

/* --- addresses ------------------------------------------------------------------------------ */

/* BAR 0: 64 ports, BAR 1: 4 KiB, BAR 4: 16 KiB of 64 bits: QEMU's virtio-serial-pci. */
static struct fake_function *add_console(const struct fake_function *parent, uint8_t slot)
{
    struct fake_function *device = fake_pci_add(parent, slot, 0, 0x1af4, 0x1003, 0);
    fake_pci_bar(device, 0, 64, PCI_BAR_IO);
    fake_pci_bar(device, 1, 4096, 0);
    fake_pci_bar(device, 4, 16384, PCI_BAR_TYPE_64BIT | PCI_BAR_PREFETCHABLE);
    return device;
}

static uint64_t memory_address(const struct pci_function *function, unsigned int index)
{
    struct pci_bar bar;
    assert_int_equal(pci_bar_read(function, index, &bar), 0);
    assert_false(bar.io);
    return bar.bus_address;
}

static void what_firmware_did_stays(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *device = add_console(NULL, 4);
    fake_pci_set_config(device, PCI_BAR0 + 4, 4, 0xfebd0000);
    fake_pci_set_config(device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    struct pci_function function = scan(&host).last;
    unsigned int before = fake_pci_accesses;
    assert_int_equal(pci_assign(&function), 0);
    assert_true(fake_pci_accesses - before < 4);
    assert_int_equal(memory_address(&function, 1), 0xfebd0000);
    assert_int_equal(memory_address(&function, 4), 0);
    assert_int_equal(pci_bar_port(&function, 0), 0);
    struct pci_bar bar;
    assert_int_equal(pci_bar_read(&function, 6, &bar), -EINVAL);
    assert_null(pci_bar_map(&function, 0, 0, 4));
    assert_null(pci_bar_map(&function, 4, 0, 4));
    pci_enable(&function);
    assert_int_equal(fake_pci_config(device, PCI_COMMAND, 2), 0x0407);
    pci_disable(&function);
    assert_int_equal(fake_pci_config(device, PCI_COMMAND, 2), 0x0400);
}

/* Ten devices and one that firmware placed in the middle: aligned, inside, nowhere overlapping. */
static void plugged_functions_get_gaps(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *old = add_console(NULL, 20);
    fake_pci_set_config(old, PCI_BAR0, 4, 0xc041);
    fake_pci_set_config(old, PCI_BAR0 + 4, 4, 0xe0003000);
    fake_pci_set_config(old, PCI_BAR0 + 16, 4, 0xe0008000 | 0xc);
    fake_pci_set_config(old, PCI_COMMAND, 2, 7);
    uint64_t starts[11 * 2];
    unsigned int count = 0;
    for (uint8_t slot = 1; slot <= 10; slot++) {
        add_console(NULL, slot);
        struct pci_function function = {.host = &host, .slot = slot};
        assert_int_equal(pci_assign(&function), 0);
        starts[count++] = memory_address(&function, 1);
        starts[count++] = memory_address(&function, 4);
        assert_int_equal(pci_bar_port(&function, 0) % 64, 0);
        assert_true(pci_bar_port(&function, 0) >= 0xc000);
        assert_true(pci_bar_port(&function, 0) != 0xc040);
    }
    starts[count++] = 0xe0003000;
    starts[count++] = 0xe0008000;
    for (unsigned int i = 0; i < count; i++) {
        uint64_t size = i % 2 == 0 ? 4096 : 16384;
        assert_int_equal(starts[i] % size, 0);
        assert_true(starts[i] >= 0xe0000000 && starts[i] + size <= 0xf0000000);
        for (unsigned int j = 0; j < i; j++) {
            uint64_t other = j % 2 == 0 ? 4096 : 16384;
            assert_true(starts[i] + size <= starts[j] || starts[j] + other <= starts[i]);
        }
    }
    /* The one that was in use kept its address and its bus mastering. */
    assert_int_equal(fake_pci_config(old, PCI_BAR0 + 4, 4), 0xe0003000);
    assert_int_equal(fake_pci_config(old, PCI_COMMAND, 2), 7);
}

static void no_room_is_an_error(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    host.memory32.bytes = 0x5000;
    host.memory64.bytes = 0;
    add_console(NULL, 1);
    add_console(NULL, 2);
    struct pci_function function = {.host = &host, .slot = 1};
    /* 4 KiB at the start leave no aligned 16 KiB in 20 KiB. */
    assert_int_equal(pci_assign(&function), -ENOSPC);
    host.memory32.bytes = 0x8000;
    function.slot = 2;
    assert_int_equal(pci_assign(&function), 0);
    /* Above 4 GiB when only there is room. */
    host.memory32.bytes = 0x1000;
    host.memory64.bytes = 0x100000;
    fake_pci_reset();
    add_console(NULL, 3);
    function.slot = 3;
    assert_int_equal(pci_assign(&function), 0);
    assert_int_equal(memory_address(&function, 4), UINT64_C(0x800000000));
}

static void behind_a_bridge_addresses_are_in_its_window(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *bridge = add_bridge(NULL, 2, 0, 1, 1);
    fake_pci_set_config(bridge, PCI_MEMORY_BASE, 2, 0xfe40);
    fake_pci_set_config(bridge, PCI_MEMORY_LIMIT, 2, 0xfe50);
    fake_pci_set_config(bridge, PCI_IO_BASE, 1, 0xd1);
    fake_pci_set_config(bridge, PCI_IO_LIMIT, 1, 0xd1);
    add_console(bridge, 7);
    struct pci_function function = scan(&host).last;
    assert_int_equal(pci_assign(&function), 0);
    assert_int_equal(memory_address(&function, 1), 0xfe400000);
    assert_int_equal(memory_address(&function, 4), 0xfe404000);
    assert_int_equal(pci_bar_port(&function, 0), 0xd000);
}

/* A machine without firmware: two ports, one with a switch and a bridge below. */
static void bridges_without_firmware(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(true);
    struct fake_function *empty = add_bridge(NULL, 1, 0, 0, 0);
    struct fake_function *port = add_bridge(NULL, 2, 0, 0, 0);
    struct fake_function *upstream = add_bridge(port, 0, 0, 0, 0);
    struct fake_function *downstream = add_bridge(upstream, 3, 0, 0, 0);
    struct fake_function *last = add_bridge(NULL, 3, 0, 0, 0);
    add_console(downstream, 0);
    add_console(last, 1);
    pci_assign_bridges(&host);
    const struct fake_function *order[] = {empty, port, upstream, downstream, last};
    const uint8_t expected[][3] = {{0, 1, 1}, {0, 2, 4}, {2, 3, 4}, {3, 4, 4}, {0, 5, 5}};
    for (unsigned int i = 0; i < 5; i++)
        assert_memory_equal(order[i]->config + PCI_PRIMARY_BUS, expected[i], 3);
    assert_string_equal(scan(&host).text, "0:1.0 0:2.0 2:0.0 3:3.0 4:0.0 0:3.0 5:1.0 ");
    /* Windows: inside the parent's, and siblings apart. */
    assert_int_equal(fake_pci_config(empty, PCI_MEMORY_BASE, 4), 0xe010e000);
    assert_int_equal(fake_pci_config(port, PCI_MEMORY_BASE, 4), 0xe070e020);
    assert_int_equal(fake_pci_config(upstream, PCI_MEMORY_BASE, 4), 0xe050e020);
    assert_int_equal(fake_pci_config(downstream, PCI_MEMORY_BASE, 4), 0xe030e020);
    assert_int_equal(fake_pci_config(last, PCI_MEMORY_BASE, 4), 0xe090e080);
    struct pci_function deep = {
        .host = &host, .bus = 4, .behind_bridge = true, .bridge_bus = 3, .bridge_slot = 3};
    assert_int_equal(pci_assign(&deep), 0);
    assert_int_equal(memory_address(&deep, 1), 0xe0200000);
}

/* --- interrupts ----------------------------------------------------------------------------- */

static uint32_t table[4];

static uint32_t table_read(void *ctx, uint32_t offset, unsigned int bytes)
{
    (void)ctx;
    assert_int_equal(bytes, 4);
    return table[offset / 4];
}

static void table_write(void *ctx, uint32_t offset, unsigned int bytes, uint32_t value)
{
    (void)ctx;
    assert_int_equal(bytes, 4);
    table[offset / 4] = value;
}

static void acknowledge(void *ctx)
{
    *(unsigned int *)ctx += 1;
}

static void messages_and_lines(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *device = add_console(NULL, 4);
    fake_pci_set_config(device, PCI_BAR0 + 4, 4, 0xfebd0000);
    fake_pci_set_config(device, PCI_INTERRUPT_PIN, 1, 1);
    struct pci_function function = scan(&host).last;
    pci_enable(&function);
    struct pci_interrupt interrupt;
    assert_int_equal(pci_interrupt_message(&interrupt, &function), -ENOTSUP);

    uint8_t msix = fake_pci_capability(device, PCI_CAPABILITY_MSIX, 12);
    fake_pci_set_config(device, (uint16_t)(msix + PCI_MSIX_CONTROL), 2, 1);
    fake_pci_set_config(device, (uint16_t)(msix + PCI_MSIX_TABLE), 4, 0x800 | 1);
    fake_region_add(&(struct fake_region){
        .start = 0xfebd0800, .bytes = 16, .read = table_read, .write = table_write});
    assert_int_equal(pci_interrupt_message(&interrupt, &function), 0);
    assert_int_equal(table[0], 0xfee00000);
    assert_int_equal(table[1], 1);
    assert_int_equal(table[2], 0x41);
    assert_int_equal(table[3], 0);
    assert_int_equal(fake_pci_config(device, (uint16_t)(msix + 2), 2), PCI_MSIX_ENABLE | 1);
    assert_int_equal(fake_irq_messages_held, 1);
    pci_interrupt_release(&interrupt);
    pci_interrupt_release(&interrupt);
    assert_int_equal(fake_irq_messages_held, 0);
    assert_int_equal(fake_pci_config(device, (uint16_t)(msix + 2), 2), 1);

    fake_irq_message_result = -ENOSPC;
    assert_int_equal(pci_interrupt_message(&interrupt, &function), -ENOSPC);
    fake_irq_message_result = 0;

    unsigned int acknowledged = 0;
    fake_pci_set_config(device, (uint16_t)(msix + 2), 2, PCI_MSIX_ENABLE | 1); /* firmware's */
    assert_int_equal(pci_interrupt_line(&interrupt, &function, acknowledge, &acknowledged), 0);
    assert_int_equal(fake_pci_config(device, (uint16_t)(msix + 2), 2), 1);
    assert_int_equal(fake_pci_config(device, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE, 0);
    assert_int_equal(fake_irq_last_gsi, 141);
    fake_irq_raise();
    assert_int_equal(acknowledged, 1);
    pci_interrupt_release(&interrupt);
    assert_int_equal(fake_irq_lines_held, 0);
    assert_int_equal(fake_pci_config(device, PCI_COMMAND, 2), 0x0407);

    fake_pci_set_config(device, PCI_INTERRUPT_LINE, 1, 0xff);
    assert_int_equal(pci_interrupt_line(&interrupt, &function, acknowledge, &acknowledged),
                     -ENOTSUP);
    fake_pci_set_config(device, PCI_INTERRUPT_LINE, 1, 0);
    fake_pci_set_config(device, PCI_INTERRUPT_PIN, 1, 0);
    assert_int_equal(pci_interrupt_line(&interrupt, &function, acknowledge, &acknowledged),
                     -ENOTSUP);
}

/* PCI 3.0 §6.8.1: with a 64-bit address and without; the kernel's message is above 4 GiB. */
static void plain_messages(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *device = add_console(NULL, 4);
    fake_pci_set_config(device, PCI_INTERRUPT_PIN, 1, 1);
    struct pci_function function = scan(&host).last;
    struct pci_interrupt interrupt;
    assert_int_equal(pci_interrupt_msi(&interrupt, &function), -ENOTSUP);

    uint8_t msi = fake_pci_capability(device, PCI_CAPABILITY_MSI, 16);
    uint16_t control = (uint16_t)(msi + PCI_MSI_CONTROL);
    assert_int_equal(pci_interrupt_msi(&interrupt, &function), -ENOTSUP); /* 32 bits only */
    assert_int_equal(fake_irq_messages_held, 0);

    fake_pci_set_config(device, control, 2, PCI_MSI_64BIT | PCI_MSI_MULTIPLE);
    assert_int_equal(pci_interrupt_msi(&interrupt, &function), 0);
    assert_int_equal(fake_pci_config(device, control, 2), PCI_MSI_64BIT | PCI_MSI_ENABLE);
    assert_int_equal(fake_pci_config(device, (uint16_t)(msi + PCI_MSI_ADDRESS), 4), 0xfee00000);
    assert_int_equal(fake_pci_config(device, (uint16_t)(msi + PCI_MSI_ADDRESS_UP), 4), 1);
    assert_int_equal(fake_pci_config(device, (uint16_t)(msi + PCI_MSI_DATA64), 2), 0x41);
    assert_int_not_equal(fake_pci_config(device, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE, 0);
    assert_int_equal(fake_irq_messages_held, 1);
    pci_interrupt_release(&interrupt);
    pci_interrupt_release(&interrupt);
    assert_int_equal(fake_irq_messages_held, 0);
    assert_int_equal(fake_pci_config(device, control, 2), PCI_MSI_64BIT);

    /* A line works only while messages are off; firmware may have left them on. */
    fake_pci_set_config(device, control, 2, PCI_MSI_64BIT | PCI_MSI_ENABLE);
    assert_int_equal(pci_interrupt_line(&interrupt, &function, acknowledge, NULL), 0);
    assert_int_equal(fake_pci_config(device, control, 2), PCI_MSI_64BIT);
    pci_interrupt_release(&interrupt);

    fake_irq_message_result = -ENOSPC;
    assert_int_equal(pci_interrupt_msi(&interrupt, &function), -ENOSPC);
    fake_irq_message_result = 0;
}

/* Bridge 1.2 §9.1: pin A of slot 7, behind slot 3 of a bus behind slot 5 of the root bus. */
static void pins_turn_at_each_bridge(void **state)
{
    (void)state;
    fake_pci_reset();
    struct pci_host host = fake_pci_host(false);
    struct fake_function *outer = add_bridge(NULL, 5, 0, 1, 2);
    struct fake_function *inner = add_bridge(outer, 3, 1, 2, 2);
    struct fake_function *device = add_console(inner, 7);
    fake_pci_set_config(device, PCI_INTERRUPT_PIN, 1, 1);
    struct pci_function function = scan(&host).last;
    struct pci_interrupt interrupt;
    assert_int_equal(pci_interrupt_line(&interrupt, &function, acknowledge, NULL), 0);
    /* A + 7 = D at slot 3, D + 3 = C at slot 5. */
    assert_int_equal(fake_irq_last_gsi, 100 + 5 * 10 + 3);
    pci_interrupt_release(&interrupt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_one_bus),
        cmocka_unit_test(behind_ports_switches_and_bridges),
        cmocka_unit_test(only_buses_that_exist_are_looked_at),
        cmocka_unit_test(bridges_that_lead_in_circles),
        cmocka_unit_test(buses_beyond_the_host_are_left_alone),
        cmocka_unit_test(pulled_and_replaced),
        cmocka_unit_test(capability_lists),
        cmocka_unit_test(what_firmware_did_stays),
        cmocka_unit_test(plugged_functions_get_gaps),
        cmocka_unit_test(no_room_is_an_error),
        cmocka_unit_test(behind_a_bridge_addresses_are_in_its_window),
        cmocka_unit_test(bridges_without_firmware),
        cmocka_unit_test(messages_and_lines),
        cmocka_unit_test(plain_messages),
        cmocka_unit_test(pins_turn_at_each_bridge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
