/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/fdt.c boot/machine_fdt.c tests/fake/fake_platform.c
/* Device trees: microvm's as recorded, crafted ones with each kind of damage. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fdt.h"
#include "machine_fdt.h"
#include "recorded.h"

RECORDED(microvm, "microvm.dtb");
RECORDED(plain, "microvm-plain.dtb");
RECORDED(pcie, "microvm-pcie.dtb");
RECORDED(aarch64, "aarch64-virt.dtb");
RECORDED(gicv3, "aarch64-virt-gicv3.dtb");
RECORDED(riscv64, "riscv64-virt.dtb");
RECORDED(imsic, "riscv64-virt-imsic.dtb");

/* --- recorded -------------------------------------------------------------------------------- */

static void read_machine(const uint8_t *blob, size_t bytes, struct machine *machine)
{
    struct fdt fdt;

    assert_int_equal(fdt_extent(blob), bytes);
    assert_int_equal(fdt_open(&fdt, blob, bytes), 0);
    machine->time.has_rtc = false;
    machine_read_fdt(&fdt, machine);
}

static void test_microvm(void **state)
{
    struct machine machine = {0};

    (void)state;
    /* As after a MADT: the controllers are known already. */
    machine.irq_controller_count = 2;
    machine.irq_controllers[0].address = 0xfec00000;
    machine.irq_controllers[1].address = 0xfec10000;
    machine.irq_controllers[1].gsi_base = 24;
    read_machine(microvm, RECORDED_BYTES(microvm), &machine);
    assert_int_equal(machine.irq_controller_count, 2);
    assert_int_equal(machine.virtio_mmio_count, 2);
    assert_int_equal(machine.virtio_mmio[0].address, 0xfeb02c00);
    assert_int_equal(machine.virtio_mmio[0].bytes, 0x200);
    assert_int_equal(machine.virtio_mmio[0].irq.gsi, 24 + 22);
    assert_true(machine.virtio_mmio[0].irq.level_triggered);
    assert_int_equal(machine.virtio_mmio[1].address, 0xfeb02e00);
    assert_int_equal(machine.virtio_mmio[1].irq.gsi, 24 + 23);
    assert_int_equal(machine.pci_host_count, 0);
    assert_true(machine.time.has_rtc);
}

static void check_lines(const struct machine_irq_line *lines, uint32_t first)
{
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(lines[i].gsi, first + i);
        assert_true(lines[i].level_triggered);
    }
}

static void test_aarch64(void **state)
{
    struct machine machine = {0};
    const struct machine_pci_host *host = &machine.pci_hosts[0];

    (void)state;
    read_machine(aarch64, RECORDED_BYTES(aarch64), &machine);
    assert_int_equal(machine.irq_controller_count, 1);
    assert_int_equal(machine.irq_controllers[0].kind, MACHINE_IRQ_GICV2);
    assert_int_equal(machine.irq_controllers[0].address, 0x8000000);
    assert_int_equal(machine.irq_controllers[0].cpu_address, 0x8010000);
    assert_int_equal(machine.cpu_count, 1);
    /* SPI 16 on, an edge; the controller is named by the root alone. */
    assert_int_equal(machine.virtio_mmio_count, 32);
    assert_int_equal(machine.virtio_mmio[0].address, 0xa000000);
    assert_int_equal(machine.virtio_mmio[0].irq.gsi, 32 + 16);
    assert_false(machine.virtio_mmio[0].irq.level_triggered);
    /* Rows of ten cells, because the GIC's addresses have two. */
    assert_int_equal(machine.pci_host_count, 1);
    assert_int_equal(host->ecam_address, 0x4010000000);
    assert_true(host->intx_by_swizzle);
    check_lines(host->intx, 32 + 3);
    assert_int_equal(host->io.address, 0x3eff0000);
    assert_int_equal(host->mmio32.address, 0x10000000);
    assert_int_equal(host->mmio64.address, 0x8000000000);
}

static void test_gicv3(void **state)
{
    struct machine machine = {0};

    (void)state;
    read_machine(gicv3, RECORDED_BYTES(gicv3), &machine);
    assert_int_equal(machine.irq_controller_count, 1);
    assert_int_equal(machine.irq_controllers[0].kind, MACHINE_IRQ_GICV3);
    assert_int_equal(machine.irq_controllers[0].cpu_address, 0x80a0000);
    assert_int_equal(machine.irq_controllers[0].cpu_bytes, 0xf60000);
}

static void test_riscv64(void **state)
{
    struct machine machine = {0};

    (void)state;
    read_machine(riscv64, RECORDED_BYTES(riscv64), &machine);
    assert_int_equal(machine.irq_controller_count, 1);
    assert_int_equal(machine.irq_controllers[0].kind, MACHINE_IRQ_PLIC);
    assert_int_equal(machine.irq_controllers[0].address, 0xc000000);
    assert_int_equal(machine.irq_controllers[0].context, 1);
    assert_int_equal(machine.cpu_count, 2);
    assert_int_equal(machine.virtio_mmio_count, 8);
    assert_int_equal(machine.virtio_mmio[0].address, 0x10008000);
    assert_int_equal(machine.virtio_mmio[0].irq.gsi, 8);
    assert_true(machine.pci_hosts[0].intx_by_swizzle);
    check_lines(machine.pci_hosts[0].intx, 32);

    /* The other hart's outputs are two contexts further. */
    machine = (struct machine){.boot_cpu = 1};
    read_machine(riscv64, RECORDED_BYTES(riscv64), &machine);
    assert_int_equal(machine.irq_controllers[0].context, 3);
}

static void test_imsic(void **state)
{
    struct machine machine = {.boot_cpu = 1};

    (void)state;
    read_machine(imsic, RECORDED_BYTES(imsic), &machine);
    /* Not the one of machine mode. */
    assert_int_equal(machine.irq_controller_count, 1);
    assert_int_equal(machine.irq_controllers[0].kind, MACHINE_IRQ_APLIC);
    assert_int_equal(machine.irq_controllers[0].address, 0xd000000);
    assert_int_equal(machine.irq_controllers[0].context, 1);
    assert_int_equal(machine.irq_controllers[0].cpu_address, 0x28001000);
    /* That one can delegate lines. */
    assert_int_equal(machine.irq_controllers[0].parent_address, 0xc000000);
    assert_int_equal(machine.irq_controllers[0].child, 0);
    check_lines(machine.pci_hosts[0].intx, 32);
}

static void test_path(void **state)
{
    static const char *const absent[] = {
        "/so", "/soc/serial", "/soc/serial@10000000/x", "/serial@10000000", "soc",
        "",    "//soc",       "/poweroff/soc"};
    struct fdt fdt;
    struct fdt_node node;
    struct fdt_property type;

    (void)state;
    assert_int_equal(fdt_open(&fdt, riscv64, RECORDED_BYTES(riscv64)), 0);
    assert_true(fdt_by_path(&fdt, "/", &node));
    assert_int_equal(node.depth, 0);
    assert_true(fdt_by_path(&fdt, "/soc", &node));
    assert_string_equal(fdt_name(&fdt, &node), "soc");
    assert_true(fdt_by_path(&fdt, "/soc/serial@10000000:115200n8", &node));
    assert_true(fdt_compatible(&fdt, &node, "ns16550a"));
    assert_true(fdt_available(&fdt, &node));
    assert_true(fdt_by_path(&fdt, "/cpus/cpu@1", &node));
    assert_true(fdt_available(&fdt, &node)); /* status = "okay" */
    assert_true(fdt_get(&fdt, &node, "device_type", &type));
    assert_true(fdt_is_text(&type, "cpu"));
    assert_false(fdt_is_text(&type, "cp"));
    assert_false(fdt_is_text(&type, "cpus"));
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_false(fdt_by_path(&fdt, absent[i], &node));
}

static void test_reservations(void **state)
{
    uint8_t blob[40 + 4 * 16] = {0};
    uint64_t address, size;

    (void)state;
    blob[19] = 40; /* off_mem_rsvmap */
    blob[40 + 3] = 1;
    blob[40 + 15] = 0x10;
    blob[56 + 7] = 2;
    blob[56 + 14] = 0x20;
    assert_true(fdt_reservation(blob, sizeof(blob), 0, &address, &size));
    assert_true(address == UINT64_C(1) << 32 && size == 0x10);
    assert_true(fdt_reservation(blob, sizeof(blob), 1, &address, &size));
    assert_true(address == 2 && size == 0x2000);
    assert_false(fdt_reservation(blob, sizeof(blob), 2, &address, &size));
    /* Not past the end, nor from behind it. */
    assert_false(fdt_reservation(blob, 56 + 15, 1, &address, &size));
    blob[18] = 0xff;
    assert_false(fdt_reservation(blob, sizeof(blob), 0, &address, &size));
}

static void test_without_acpi(void **state)
{
    struct machine machine = {0};

    (void)state;
    read_machine(plain, RECORDED_BYTES(plain), &machine);
    assert_int_equal(machine.irq_controller_count, 1);
    assert_int_equal(machine.irq_controllers[0].address, 0xfec00000);
    assert_int_equal(machine.irq_controllers[0].gsi_base, 0);
    assert_int_equal(machine.virtio_mmio_count, 1);
    assert_int_equal(machine.virtio_mmio[0].address, 0xfeb00e00);
    assert_int_equal(machine.virtio_mmio[0].irq.gsi, 12);
}

static void test_pcie(void **state)
{
    struct machine machine = {0};

    (void)state;
    read_machine(pcie, RECORDED_BYTES(pcie), &machine);
    assert_int_equal(machine.irq_controller_count, 2);
    assert_int_equal(machine.pci_host_count, 1);
    assert_int_equal(machine.pci_hosts[0].ecam_address, 0xe0000000);
    assert_int_equal(machine.pci_hosts[0].bus_first, 0);
    assert_int_equal(machine.pci_hosts[0].bus_last, 255);
    assert_int_equal(machine.pci_hosts[0].io.bytes, 0);
    assert_int_equal(machine.pci_hosts[0].mmio32.address, 0xc0000000);
    assert_int_equal(machine.pci_hosts[0].mmio32.bus_address, 0xc0000000);
    assert_int_equal(machine.pci_hosts[0].mmio32.bytes, 0x20000000);
    assert_int_equal(machine.pci_hosts[0].mmio64.address, 0xc000000000);
    assert_int_equal(machine.pci_hosts[0].mmio64.bytes, 0x4000000000);
}

/* --- crafted --------------------------------------------------------------------------------- */

enum { BEGIN = 1, END = 2, PROP = 3, NOP = 4, FINISH = 9 };

struct builder {
    uint8_t blob[4096];
    size_t used; /* of the structure block, which starts behind header and reservations */
};

#define STRUCTURE 56u
#define NAMES     "reg\0#address-cells\0#size-cells\0compatible\0phandle\0other"
enum name {
    REG = 0,
    ADDRESS_CELLS = 4,
    SIZE_CELLS = 19,
    COMPATIBLE = 31,
    PHANDLE = 42,
    OTHER = 50
};

static void put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void word(struct builder *builder, uint32_t value)
{
    put32(builder->blob + STRUCTURE + builder->used, value);
    builder->used += 4;
}

static void bytes(struct builder *builder, const void *data, size_t count)
{
    memcpy(builder->blob + STRUCTURE + builder->used, data, count);
    builder->used += (count + 3) / 4 * 4;
}

static void begin(struct builder *builder, const char *name)
{
    word(builder, BEGIN);
    bytes(builder, name, strlen(name) + 1);
}

static void property(struct builder *builder, enum name name, const void *data, size_t count)
{
    word(builder, PROP);
    word(builder, (uint32_t)count);
    word(builder, name);
    bytes(builder, data, count);
}

static void cell(struct builder *builder, enum name name, uint32_t value)
{
    uint8_t data[4];

    put32(data, value);
    property(builder, name, data, 4);
}

/* Writes header and strings and opens the tree in memory of exactly its size. */
static int finish(struct builder *builder, struct fdt *fdt, uint8_t **exact)
{
    uint32_t strings = (uint32_t)(STRUCTURE + builder->used);
    uint32_t total = strings + (uint32_t)sizeof(NAMES);
    const uint32_t header[] = {
        0xd00dfeed, total, STRUCTURE, strings,       40,
        17,         16,    0,         sizeof(NAMES), (uint32_t)builder->used};

    for (size_t i = 0; i < 10; i++)
        put32(builder->blob + 4 * i, header[i]);
    memcpy(builder->blob + strings, NAMES, sizeof(NAMES));
    *exact = malloc(total);
    assert_non_null(*exact);
    memcpy(*exact, builder->blob, total);
    return fdt_open(fdt, *exact, total);
}

static void test_walk(void **state)
{
    struct builder builder = {0};
    struct fdt_property found;
    struct fdt_node node, other;
    uint64_t address, size;
    struct fdt fdt;
    uint8_t *exact;

    (void)state;
    word(&builder, NOP);
    begin(&builder, "");
    cell(&builder, ADDRESS_CELLS, 1);
    cell(&builder, SIZE_CELLS, 0);
    begin(&builder, "a@5");
    word(&builder, NOP);
    cell(&builder, REG, 5);
    cell(&builder, PHANDLE, 7);
    property(&builder, COMPATIBLE, "one\0two", 8);
    begin(&builder, "inner@100000002");
    property(&builder, REG, "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6", 24);
    word(&builder, END);
    word(&builder, END);
    begin(&builder, "b");
    property(&builder, OTHER, "x", 1);
    word(&builder, END);
    word(&builder, END);
    word(&builder, FINISH);
    assert_int_equal(finish(&builder, &fdt, &exact), 0);

    assert_true(fdt_root(&fdt, &node));
    assert_string_equal(fdt_name(&fdt, &node), "");
    assert_false(fdt_reg(&fdt, &node, 0, &address, &size));
    assert_true(fdt_next(&fdt, &node));
    assert_string_equal(fdt_name(&fdt, &node), "a@5");
    assert_int_equal(node.depth, 1);
    assert_true(fdt_reg(&fdt, &node, 0, &address, &size));
    assert_int_equal(address, 5);
    assert_int_equal(size, 0);
    assert_false(fdt_reg(&fdt, &node, 1, &address, &size));
    assert_true(fdt_compatible(&fdt, &node, "one"));
    assert_true(fdt_compatible(&fdt, &node, "two"));
    assert_false(fdt_compatible(&fdt, &node, "on"));
    assert_false(fdt_compatible(&fdt, &node, "twoo"));
    assert_int_equal(fdt_u32(&fdt, &node, "phandle", 0), 7);
    assert_int_equal(fdt_u32(&fdt, &node, "compatible", 1), 1);
    assert_false(fdt_get(&fdt, &node, "other", &found));

    /* The inner node counts by the defaults: two cells of address, one of size (§2.3.5). */
    assert_true(fdt_next(&fdt, &node));
    assert_string_equal(fdt_name(&fdt, &node), "inner@100000002");
    assert_true(fdt_reg(&fdt, &node, 0, &address, &size));
    assert_int_equal(address, 0x100000002);
    assert_int_equal(size, 3);
    assert_true(fdt_reg(&fdt, &node, 1, &address, &size));
    assert_int_equal(address, 0x400000005);
    assert_int_equal(size, 6);
    assert_false(fdt_reg(&fdt, &node, 2, &address, &size));

    assert_true(fdt_next(&fdt, &node));
    assert_string_equal(fdt_name(&fdt, &node), "b");
    assert_int_equal(node.depth, 1);
    assert_true(fdt_get(&fdt, &node, "other", &found));
    assert_int_equal(found.bytes, 1);
    assert_false(fdt_next(&fdt, &node));

    assert_true(fdt_by_phandle(&fdt, 7, &other));
    assert_string_equal(fdt_name(&fdt, &other), "a@5");
    assert_false(fdt_by_phandle(&fdt, 8, &other));
    assert_false(fdt_by_phandle(&fdt, 0, &other));
    free(exact);
}

static void test_too_deep(void **state)
{
    struct builder builder = {0};
    struct fdt_node node;
    struct fdt fdt;
    uint8_t *exact;
    uint32_t deepest = 0, count = 0;

    (void)state;
    for (uint32_t i = 0; i < FDT_DEPTH_MAX + 5; i++)
        begin(&builder, "n");
    for (uint32_t i = 0; i < FDT_DEPTH_MAX + 4; i++)
        word(&builder, END);
    begin(&builder, "after");
    word(&builder, END);
    word(&builder, END);
    word(&builder, FINISH);
    assert_int_equal(finish(&builder, &fdt, &exact), 0);
    for (bool more = fdt_root(&fdt, &node); more; more = fdt_next(&fdt, &node)) {
        count++;
        if (node.depth > deepest)
            deepest = node.depth;
    }
    assert_int_equal(deepest, FDT_DEPTH_MAX - 1);
    assert_int_equal(count, FDT_DEPTH_MAX + 1);
    assert_string_equal(fdt_name(&fdt, &node), "after");
    free(exact);
}

static void test_header(void **state)
{
    uint8_t blob[2048];
    struct fdt fdt;
    size_t size = RECORDED_BYTES(microvm);

    (void)state;
    memcpy(blob, microvm, size);
    assert_int_equal(fdt_open(&fdt, blob, size), 0);
    assert_int_equal(fdt_open(&fdt, blob, size - 1), -EINVAL);
    assert_int_equal(fdt_open(&fdt, blob, 39), -EINVAL);
    blob[0]++;
    assert_int_equal(fdt_open(&fdt, blob, size), -EINVAL);
    assert_int_equal(fdt_extent(blob), 0);
    blob[0]--;
    put32(blob + 24, 18); /* compatible with 18 only */
    assert_int_equal(fdt_open(&fdt, blob, size), -ENOTSUP);
    put32(blob + 24, 16);
    put32(blob + 20, 16); /* without the structure block's size */
    assert_int_equal(fdt_open(&fdt, blob, size), -ENOTSUP);
    put32(blob + 20, 17);
    put32(blob + 8, 0xfffffffc); /* blocks that wrap around */
    assert_int_equal(fdt_open(&fdt, blob, size), -EINVAL);
    put32(blob + 8, 62); /* not aligned */
    assert_int_equal(fdt_open(&fdt, blob, size), -EINVAL);
}

/* Everything that a caller does, on a blob of exactly that size. */
static void exercise(const uint8_t *blob, size_t size)
{
    struct machine machine = {0};
    uint8_t *exact = malloc(size > 0 ? size : 1);
    struct fdt fdt;

    assert_non_null(exact);
    memcpy(exact, blob, size);
    if (fdt_open(&fdt, exact, size) == 0)
        machine_read_fdt(&fdt, &machine);
    free(exact);
}

static void test_damaged(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x03, 0x09, 0x7f, 0x80, 0xff};
    uint8_t blob[2048];
    size_t size = RECORDED_BYTES(pcie);

    (void)state;
    for (size_t i = 0; i <= size; i++)
        exercise(pcie, i);
    memcpy(blob, pcie, size);
    for (size_t i = 0; i < size; i++) {
        for (size_t v = 0; v < sizeof(values); v++) {
            blob[i] = values[v];
            exercise(blob, size);
        }
        blob[i] = pcie[i];
    }
}

static void test_many_transports(void **state)
{
    struct machine machine = {0};
    struct fdt fdt;

    (void)state;
    machine.virtio_mmio_count = MACHINE_VIRTIO_MMIO_MAX - 1;
    assert_int_equal(fdt_open(&fdt, microvm, RECORDED_BYTES(microvm)), 0);
    machine_read_fdt(&fdt, &machine);
    assert_int_equal(machine.virtio_mmio_count, MACHINE_VIRTIO_MMIO_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_microvm),  cmocka_unit_test(test_without_acpi),
        cmocka_unit_test(test_aarch64),  cmocka_unit_test(test_gicv3),
        cmocka_unit_test(test_riscv64),  cmocka_unit_test(test_imsic),
        cmocka_unit_test(test_path),     cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_pcie),     cmocka_unit_test(test_walk),
        cmocka_unit_test(test_too_deep), cmocka_unit_test(test_header),
        cmocka_unit_test(test_damaged),  cmocka_unit_test(test_many_transports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
