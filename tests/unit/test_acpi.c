/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/acpi.c boot/aml.c tests/fake/fake_platform.c
/* ACPI tables: recorded ones of each machine, crafted ones with each kind of damage. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acpi.h"
#include "aml.h"
#include "recorded.h"

RECORDED(pc_facp, "pc-facp.bin");
RECORDED(pc_apic, "pc-apic.bin");
RECORDED(pc_dsdt, "pc-dsdt.bin");
RECORDED(q35_facp, "q35-facp.bin");
RECORDED(q35_apic, "q35-apic.bin");
RECORDED(q35_hpet, "q35-hpet.bin");
RECORDED(q35_mcfg, "q35-mcfg.bin");
RECORDED(q35_dsdt, "q35-dsdt.bin");
RECORDED(microvm_facp, "microvm-facp.bin");
RECORDED(microvm_apic, "microvm-apic.bin");
RECORDED(microvm_dsdt, "microvm-dsdt.bin");

#define RSDP_ADDRESS UINT64_C(0x7000)
#define ROOT_ADDRESS UINT64_C(0x8000)
#define BLOCKS_MAX   16

/* --- memory that ends where the test says ---------------------------------------------------- */

struct block {
    uint64_t address;
    size_t bytes;
    uint8_t *content; /* of exactly that size, so that the sanitizer sees every step outside */
};

static struct block blocks[BLOCKS_MAX];
static size_t block_count;

static uint8_t *place(uint64_t address, const void *content, size_t bytes)
{
    struct block *block = &blocks[block_count++];

    assert_true(block_count <= BLOCKS_MAX);
    block->address = address;
    block->bytes = bytes;
    block->content = malloc(bytes);
    assert_non_null(block->content);
    memcpy(block->content, content, bytes);
    return block->content;
}

static const void *map(void *ctx, uint64_t address, size_t bytes)
{
    (void)ctx;
    for (size_t i = 0; i < block_count; i++) {
        if (address >= blocks[i].address && address - blocks[i].address <= blocks[i].bytes &&
            bytes <= blocks[i].bytes - (address - blocks[i].address))
            return blocks[i].content + (address - blocks[i].address);
    }
    return NULL;
}

static const struct acpi_memory memory = {.map = map};

static int forget(void **state)
{
    (void)state;
    while (block_count > 0)
        free(blocks[--block_count].content);
    return 0;
}

/* --- tables ---------------------------------------------------------------------------------- */

static void put_le(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void set_checksum(uint8_t *table, size_t bytes, size_t field)
{
    uint8_t sum = 0;

    table[field] = 0;
    for (size_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + table[i]);
    table[field] = (uint8_t)-sum;
}

static void finish(uint8_t *table, size_t bytes)
{
    put_le(table + 4, bytes, 4);
    set_checksum(table, bytes, 9);
}

static void place_rsdp(uint64_t address, uint8_t revision)
{
    uint8_t rsdp[36] = "RSD PTR ";

    rsdp[15] = revision;
    if (revision < 2) {
        put_le(rsdp + 16, ROOT_ADDRESS, 4);
    } else {
        put_le(rsdp + 20, 36, 4);
        put_le(rsdp + 24, ROOT_ADDRESS, 8);
    }
    set_checksum(rsdp, 20, 8);
    set_checksum(rsdp, 36, 32);
    place(address, rsdp, revision < 2 ? 20 : 36);
}

/* A root table that leads to `count` tables. */
static uint8_t *place_root(size_t entry_bytes, const uint64_t *tables, size_t count)
{
    uint8_t root[256] = {0};

    memcpy(root, entry_bytes == 8 ? "XSDT" : "RSDT", 4);
    for (size_t i = 0; i < count; i++)
        put_le(root + 36 + i * entry_bytes, tables[i], entry_bytes);
    finish(root, 36 + count * entry_bytes);
    return place(ROOT_ADDRESS, root, 36 + count * entry_bytes);
}

static int discover(struct machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    machine->power.has_8042 = true;
    machine->time.has_rtc = true;
    return acpi_discover(&memory, RSDP_ADDRESS, machine);
}

/* One crafted table behind good ones. */
static int discover_one(const uint8_t *table, size_t bytes, struct machine *machine)
{
    static const uint64_t address = 0x10000;
    int result;

    place_rsdp(RSDP_ADDRESS, 0);
    place_root(4, &address, 1);
    place(address, table, bytes);
    result = discover(machine);
    forget(NULL);
    return result;
}

/* --- recorded machines ----------------------------------------------------------------------- */

static void test_pc(void **state)
{
    static const uint64_t tables[] = {0x3fe24fe, 0x3fe2572};
    struct machine machine;

    (void)state;
    place_rsdp(RSDP_ADDRESS, 0);
    place_root(4, tables, 2);
    place(tables[0], pc_facp, RECORDED_BYTES(pc_facp));
    place(tables[1], pc_apic, RECORDED_BYTES(pc_apic));
    place(0x3fe0040, pc_dsdt, RECORDED_BYTES(pc_dsdt));
    assert_int_equal(discover(&machine), 0);
    assert_int_equal(machine.cpu_count, 1);
    assert_int_equal(machine.local_irq_address, 0xfee00000);
    assert_int_equal(machine.irq_controller_count, 1);
    assert_int_equal(machine.irq_controllers[0].address, 0xfec00000);
    assert_true(machine.has_8259);
    assert_int_equal(machine.isa_irq[0].gsi, 2);
    assert_int_equal(machine.isa_irq[11].gsi, 11);
    assert_true(machine.isa_irq[11].level_triggered);
    assert_false(machine.isa_irq[11].active_low);
    assert_false(machine.isa_irq[4].level_triggered);
    assert_int_equal(machine.power.pm1a_control.space, MACHINE_SPACE_PORT);
    assert_int_equal(machine.power.pm1a_control.address, 0x604);
    assert_int_equal(machine.power.pm1a_event.address, 0x600);
    assert_int_equal(machine.power.pm1a_event.bytes, 4);
    assert_int_equal(machine.power.pm1b_control.space, MACHINE_SPACE_NONE);
    assert_int_equal(machine.power.gpe0.address, 0xafe0);
    assert_int_equal(machine.power.gpe0.bytes, 4);
    assert_int_equal(machine.power.smi_command_port, 0xb2);
    assert_int_equal(machine.power.acpi_enable_value, 0xf1);
    assert_int_equal(machine.power.reset.space, MACHINE_SPACE_NONE);
    assert_true(machine.power.has_s5);
    assert_int_equal(machine.power.s5_type_a, 0);
    assert_true(machine.power.has_s3);
    assert_int_equal(machine.power.s3_type_a, 1);
    assert_int_equal(machine.power.s3_type_b, 1);
    assert_int_equal(machine.power.facs_address % 64, 0);
    assert_true(machine.power.facs_address != 0);
    assert_true(machine.power.has_8042); /* revision 1 says nothing about it */
    assert_int_equal(machine.power.sci.gsi, 9);
    assert_true(machine.power.sci.level_triggered);
    assert_false(machine.power.sci.active_low);
    assert_int_equal(machine.time.pm_timer.address, 0x608);
    assert_false(machine.time.pm_timer_32bit);
    assert_int_equal(machine.time.rtc_century, 0x32);
    assert_int_equal(machine.hotplug.port, 0xae00);
    assert_int_equal(machine.hotplug.bus_count, 2);
    assert_int_equal(machine.hotplug.buses[0].selector, 0);
    assert_int_equal(machine.hotplug.buses[0].bridge_count, 0);
    assert_int_equal(machine.hotplug.buses[1].selector, 1);
    assert_int_equal(machine.hotplug.buses[1].bridge_count, 1);
    assert_int_equal(machine.hotplug.buses[1].bridges[0], 9 << 3);
}

static void test_q35(void **state)
{
    static const uint64_t tables[] = {0x3fe2174, 0x3fe2268, 0x3fe22e0, 0x3fe2318};
    struct machine machine;

    (void)state;
    place_rsdp(RSDP_ADDRESS, 0);
    place_root(4, tables, 4);
    place(tables[0], q35_facp, RECORDED_BYTES(q35_facp));
    place(tables[1], q35_apic, RECORDED_BYTES(q35_apic));
    place(tables[2], q35_hpet, RECORDED_BYTES(q35_hpet));
    place(tables[3], q35_mcfg, RECORDED_BYTES(q35_mcfg));
    place(0x3fe0040, q35_dsdt, RECORDED_BYTES(q35_dsdt));
    assert_int_equal(discover(&machine), 0);
    assert_int_equal(machine.time.hpet_address, 0xfed00000);
    assert_int_equal(machine.pci_host_count, 1);
    assert_int_equal(machine.pci_hosts[0].ecam_address, 0xb0000000);
    assert_int_equal(machine.pci_hosts[0].bus_last, 255);
    assert_int_equal(machine.power.reset.space, MACHINE_SPACE_PORT);
    assert_int_equal(machine.power.reset.address, 0xcf9);
    assert_int_equal(machine.power.reset_value, 0xf);
    assert_int_equal(machine.power.gpe0.address, 0x620);
    assert_int_equal(machine.power.gpe0.bytes, 16);
    assert_int_equal(machine.hotplug.port, 0xcc0);
    assert_int_equal(machine.hotplug.bus_count, 2);
    assert_int_equal(machine.hotplug.buses[0].selector, 1);
    assert_int_equal(machine.hotplug.buses[0].bridges[0], 1 << 3);
    assert_int_equal(machine.hotplug.buses[1].selector, 0);
    assert_int_equal(machine.hotplug.buses[1].bridges[0], 2 << 3);
}

static void test_microvm(void **state)
{
    static const uint64_t tables[] = {0xefe60, 0xeff6c};
    struct machine machine;

    (void)state;
    place_rsdp(RSDP_ADDRESS, 2);
    place_root(8, tables, 2);
    place(tables[0], microvm_facp, RECORDED_BYTES(microvm_facp));
    place(tables[1], microvm_apic, RECORDED_BYTES(microvm_apic));
    place(0xefd00, microvm_dsdt, RECORDED_BYTES(microvm_dsdt));
    assert_int_equal(discover(&machine), 0);
    assert_int_equal(machine.irq_controller_count, 2);
    assert_int_equal(machine.irq_controllers[1].address, 0xfec10000);
    assert_int_equal(machine.irq_controllers[1].gsi_base, 24);
    assert_int_equal(machine.power.sleep_control.space, MACHINE_SPACE_MEMORY);
    assert_int_equal(machine.power.sleep_control.address, 0xfea00200);
    assert_int_equal(machine.power.reset.address, 0xfea00202);
    assert_int_equal(machine.power.reset_value, 0x42);
    assert_int_equal(machine.power.s5_type_a, 5);
    assert_false(machine.power.has_s3);
    assert_int_equal(machine.power.ged_address, 0xfea00000);
    assert_false(machine.power.has_sci);
    assert_false(machine.power.has_8042);
    assert_int_equal(machine.power.pm1a_control.space, MACHINE_SPACE_NONE);
    assert_int_equal(machine.time.pm_timer.space, MACHINE_SPACE_NONE);
}

/* --- the way to the tables ------------------------------------------------------------------- */

static void test_search(void **state)
{
    static uint8_t bios[0x20000];
    uint64_t none = 0;
    struct machine machine = {0};
    uint8_t *found;

    (void)state;
    found = place(0xe0000, bios, sizeof(bios));
    assert_int_equal(acpi_discover(&memory, 0, &machine), -ENOENT);
    place_rsdp(0x1000000, 0);
    memcpy(found + 0x15a30, blocks[block_count - 1].content, 20);
    place_root(4, &none, 0);
    assert_int_equal(acpi_discover(&memory, 0, &machine), 0);
    /* A wrong address from the loader does not stop the search. */
    assert_int_equal(acpi_discover(&memory, 0xdead0000, &machine), 0);
    found[0x15a30 + 8]++;
    assert_int_equal(acpi_discover(&memory, 0, &machine), -ENOENT);
    found[0x15a30 + 8]--;
    /* Only 16-byte boundaries count. */
    memmove(found + 0x15a38, found + 0x15a30, 20);
    found[0x15a30] = 0;
    assert_int_equal(acpi_discover(&memory, 0, &machine), -ENOENT);
}

static void test_root_damaged(void **state)
{
    uint64_t none = 0;
    struct machine machine;
    uint8_t *root;

    (void)state;
    place_rsdp(RSDP_ADDRESS, 0);
    root = place_root(4, &none, 1);
    assert_int_equal(discover(&machine), 0);
    root[20]++;
    assert_int_equal(discover(&machine), -EINVAL);
    root[20]--;
    put_le(root + 4, 35, 4);
    set_checksum(root, 40, 9);
    assert_int_equal(discover(&machine), -EINVAL);
    put_le(root + 4, 0xffffffff, 4);
    set_checksum(root, 40, 9);
    assert_int_equal(discover(&machine), -EINVAL);
    memcpy(root, "XSDT", 4);
    finish(root, 40);
    assert_int_equal(discover(&machine), -EINVAL);
}

static void test_table_damaged_is_skipped(void **state)
{
    static const uint64_t tables[] = {0x3fe22e0, 0x9990000, 0x3fe2268};
    struct machine machine;
    uint8_t *hpet;

    (void)state;
    place_rsdp(RSDP_ADDRESS, 0);
    place_root(4, tables, 3);
    hpet = place(tables[0], q35_hpet, RECORDED_BYTES(q35_hpet));
    place(tables[2], q35_apic, RECORDED_BYTES(q35_apic));
    hpet[50]++;
    assert_int_equal(discover(&machine), 0);
    assert_int_equal(machine.time.hpet_address, 0);
    assert_int_equal(machine.irq_controller_count, 1);
}

/* --- single tables --------------------------------------------------------------------------- */

static void test_madt_entries(void **state)
{
    uint8_t madt[44 + 12 * 20] = "APIC";
    struct machine machine;

    (void)state;
    /* More I/O APICs than there is room for. */
    for (size_t i = 0; i < 20; i++) {
        uint8_t *entry = madt + 44 + 12 * i;

        entry[0] = 1;
        entry[1] = 12;
        entry[2] = (uint8_t)i;
        put_le(entry + 4, 0xfec00000 + 0x1000 * i, 4);
        put_le(entry + 8, 24 * i, 4);
    }
    finish(madt, sizeof(madt));
    assert_int_equal(discover_one(madt, sizeof(madt), &machine), 0);
    assert_int_equal(machine.irq_controller_count, MACHINE_IRQ_CONTROLLERS_MAX);
    assert_int_equal(machine.irq_controllers[7].gsi_base, 168);

    /* An entry of length 0 ends the walk, and so does one that is longer than the table. */
    madt[44 + 12 + 1] = 0;
    finish(madt, sizeof(madt));
    assert_int_equal(discover_one(madt, sizeof(madt), &machine), 0);
    assert_int_equal(machine.irq_controller_count, 1);
    madt[44 + 12 + 1] = 255;
    finish(madt, sizeof(madt));
    assert_int_equal(discover_one(madt, sizeof(madt), &machine), 0);
    assert_int_equal(machine.irq_controller_count, 1);
}

static void test_madt_kinds(void **state)
{
    static const uint8_t entries[] = {
        0, 8,  0, 0,   1,  0, 0, 0,                              /* a processor */
        0, 8,  1, 1,   0,  0, 0, 0,                              /* one that is not there */
        9, 16, 0, 0,   2,  0, 0, 0,    1,   0, 0, 0, 0, 0, 0, 0, /* an x2APIC */
        2, 10, 0, 9,   20, 0, 0, 0,    0xf, 0,                   /* IRQ 9: GSI 20, level, low */
        2, 10, 0, 200, 21, 0, 0, 0,    0,   0,                   /* no ISA interrupt */
        5, 12, 0, 0,   0,  0, 0, 0xfe, 1,   0, 0, 0,             /* the local APIC is elsewhere */
    };
    uint8_t madt[44 + sizeof(entries)] = "APIC";
    struct machine machine;

    (void)state;
    memcpy(madt + 44, entries, sizeof(entries));
    finish(madt, sizeof(madt));
    assert_int_equal(discover_one(madt, sizeof(madt), &machine), 0);
    assert_int_equal(machine.cpu_count, 2);
    assert_int_equal(machine.isa_irq[9].gsi, 20);
    assert_true(machine.isa_irq[9].level_triggered);
    assert_true(machine.isa_irq[9].active_low);
    assert_int_equal(machine.local_irq_address, 0x1fe000000);
    assert_false(machine.has_8259);
}

static void test_mcfg_bounds(void **state)
{
    uint8_t mcfg[44 + 16 * 6] = "MCFG";
    struct machine machine;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        put_le(mcfg + 44 + 16 * i, 0xb0000000 + (i << 28), 8);
        mcfg[44 + 16 * i + 11] = 255;
    }
    mcfg[44 + 10] = 2; /* buses 2 to 1: none */
    mcfg[44 + 11] = 1;
    finish(mcfg, sizeof(mcfg));
    assert_int_equal(discover_one(mcfg, sizeof(mcfg), &machine), 0);
    assert_int_equal(machine.pci_host_count, MACHINE_PCI_HOSTS_MAX);
    assert_int_equal(machine.pci_hosts[0].ecam_address, 0xc0000000);
    /* Half an entry is none. */
    finish(mcfg, 44 + 16 + 15);
    assert_int_equal(discover_one(mcfg, 44 + 16 + 15, &machine), 0);
    assert_int_equal(machine.pci_host_count, 0);
}

/* Every table cut at every length: what is gone reads 0, nothing is read outside. */
static void test_cut(void **state)
{
    static const struct {
        const uint8_t *table;
        const uint8_t *end;
    } tables[] = {
        {pc_facp, pc_facp_end},           {pc_apic, pc_apic_end},
        {q35_facp, q35_facp_end},         {q35_hpet, q35_hpet_end},
        {q35_mcfg, q35_mcfg_end},         {microvm_facp, microvm_facp_end},
        {microvm_apic, microvm_apic_end},
    };
    struct machine machine;

    (void)state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (size_t bytes = 36; bytes < (size_t)(tables[i].end - tables[i].table); bytes++) {
            uint8_t cut[512];

            memcpy(cut, tables[i].table, bytes);
            finish(cut, bytes);
            assert_int_equal(discover_one(cut, bytes, &machine), 0);
        }
    }
}

/* --- AML ------------------------------------------------------------------------------------- */

/* In memory of exactly that size. */
static void scan(const uint8_t *aml, size_t bytes, struct machine *machine)
{
    uint8_t *exact = malloc(bytes > 0 ? bytes : 1);

    assert_non_null(exact);
    memcpy(exact, aml, bytes);
    memset(machine, 0, sizeof(*machine));
    aml_scan(exact, bytes, machine);
    free(exact);
}

static void test_s5_forms(void **state)
{
    static const uint8_t plain[] = {8, '_', 'S', '5', '_', 0x12, 6, 4, 0xa, 5, 0xa, 7};
    static const uint8_t rooted[] = {8, '\\', '_', 'S', '5', '_', 0x12, 5, 2, 1, 0xa, 3, 0};
    static const uint8_t word[] = {8, '_', 'S', '5', '_', 0x12, 7, 2, 0xb, 5, 1, 0, 0};
    static const uint8_t sleep[] = {8, '_', 'S', '3', '_', 0x12, 6, 4, 0xa, 5, 0xa, 6};
    static const uint8_t cut[] = {8, '_', 'S', '5', '_', 0x12, 6, 4, 0xa};
    static const uint8_t method[] = {0x14, 0x0f, 'F', 'O',  'O', '_', 0, 8, '_',
                                     'S',  '5',  '_', 0x12, 4,   2,   1, 1};
    struct machine machine;

    (void)state;
    scan(plain, sizeof(plain), &machine);
    assert_true(machine.power.has_s5);
    assert_int_equal(machine.power.s5_type_a, 5);
    assert_int_equal(machine.power.s5_type_b, 7);
    scan(rooted, sizeof(rooted), &machine);
    assert_int_equal(machine.power.s5_type_a, 1);
    assert_int_equal(machine.power.s5_type_b, 3);
    scan(word, sizeof(word), &machine);
    assert_int_equal(machine.power.s5_type_a, 5);
    assert_false(machine.power.has_s3);
    scan(sleep, sizeof(sleep), &machine);
    assert_true(machine.power.has_s3);
    assert_false(machine.power.has_s5);
    assert_int_equal(machine.power.s3_type_a, 5);
    assert_int_equal(machine.power.s3_type_b, 6);
    scan(cut, sizeof(cut), &machine);
    assert_false(machine.power.has_s5);
    scan(method, sizeof(method), &machine); /* a name inside a method is none of ours */
    assert_false(machine.power.has_s5);
}

/* Every cut of a real block, and every byte of it replaced: no read outside, and it ends. */
static void test_aml_damaged(void **state)
{
    size_t bytes = RECORDED_BYTES(q35_dsdt);
    uint8_t *copy = malloc(bytes);
    struct machine machine;

    (void)state;
    assert_non_null(copy);
    for (size_t cut = 0; cut < bytes; cut += 7)
        scan(q35_dsdt, cut, &machine);
    memcpy(copy, q35_dsdt, bytes);
    for (size_t i = 0; i < bytes; i++) {
        copy[i] = (uint8_t)(i % 2 != 0 ? 0xff : copy[i] ^ 0x5b);
        aml_scan(copy, bytes, &machine);
        copy[i] = q35_dsdt[i];
        machine.hotplug.bus_count = 0;
    }
    free(copy);
}

/* More buses than there is room for, and devices in devices without end. */
static void test_aml_limits(void **state)
{
    static const uint8_t bus[] = {8, 'B', 'S', 'E', 'L', 0xa, 9};
    uint8_t many[sizeof(bus) * 100];
    uint8_t deep[4 * 40 * 2 + 64];
    struct machine machine;

    (void)state;
    for (size_t i = 0; i < 100; i++)
        memcpy(many + i * sizeof(bus), bus, sizeof(bus));
    scan(many, sizeof(many), &machine);
    assert_int_equal(machine.hotplug.bus_count, MACHINE_HOTPLUG_BUSES_MAX);

    for (size_t depth = 1; depth <= 30; depth++) {
        size_t at = sizeof(deep), total;

        at -= sizeof(bus);
        memcpy(deep + at, bus, sizeof(bus));
        for (size_t i = 0; i < depth; i++) {
            total = sizeof(deep) - at + 4 + 2;
            at -= 4;
            memcpy(deep + at, "S08_", 4);
            deep[--at] = (uint8_t)(total >> 4);
            deep[--at] = (uint8_t)(0x40 | (total & 0xf));
            deep[--at] = 0x82;
            deep[--at] = 0x5b;
        }
        scan(deep + at, sizeof(deep) - at, &machine);
        if (depth <= MACHINE_BRIDGES_MAX) {
            assert_int_equal(machine.hotplug.bus_count, 1);
            assert_int_equal(machine.hotplug.buses[0].bridge_count, depth);
        } else if (depth < 15) {
            assert_int_equal(machine.hotplug.bus_count, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pc, forget),
        cmocka_unit_test_teardown(test_q35, forget),
        cmocka_unit_test_teardown(test_microvm, forget),
        cmocka_unit_test_teardown(test_search, forget),
        cmocka_unit_test_teardown(test_root_damaged, forget),
        cmocka_unit_test_teardown(test_table_damaged_is_skipped, forget),
        cmocka_unit_test(test_madt_entries),
        cmocka_unit_test(test_madt_kinds),
        cmocka_unit_test(test_mcfg_bounds),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_s5_forms),
        cmocka_unit_test(test_aml_damaged),
        cmocka_unit_test(test_aml_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
