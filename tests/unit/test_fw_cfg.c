/* SPDX-License-Identifier: BSD-2-Clause */
// sources: boot/fw_cfg.c
/* fw_cfg against a fake device, by DMA and by the data port, and with devices that misbehave. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arch/pio.h>

#include "drivers/dma.h"
#include "fw_cfg.h"

/* --- the device ------------------------------------------------------------------------------ */

struct item {
    uint16_t key;
    const void *bytes;
    size_t size;
};

static struct {
    bool present;
    bool dma_works;
    uint8_t id;
    struct item items[8];
    size_t item_count;
    const struct item *selected;
    size_t offset;
    uint32_t dma_high;
    unsigned int port_reads;
} device;

uint64_t dma_addr(const void *memory)
{
    return (uintptr_t)memory;
}

static void device_select(uint16_t key)
{
    device.selected = NULL;
    device.offset = 0;
    for (size_t i = 0; i < device.item_count; i++) {
        if (device.items[i].key == key)
            device.selected = &device.items[i];
    }
}

/* Past the end an item reads 0. */
static uint8_t device_read(void)
{
    const struct item *item = device.selected;
    size_t at = device.offset++;

    return item != NULL && at < item->size ? ((const uint8_t *)item->bytes)[at] : 0;
}

static uint64_t get_be(const volatile uint8_t *bytes, size_t count)
{
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void device_dma(uint64_t address)
{
    uint8_t *request = (uint8_t *)(uintptr_t)address;
    uint32_t control = (uint32_t)get_be(request, 4);
    uint32_t length = (uint32_t)get_be(request + 4, 4);
    uint8_t *buffer = (uint8_t *)(uintptr_t)get_be(request + 8, 8);

    if (!device.dma_works) {
        request[3] |= 1;
        return;
    }
    if ((control & 8) != 0)
        device_select((uint16_t)(control >> 16));
    for (uint32_t i = 0; i < length; i++) {
        uint8_t byte = device_read();

        if ((control & 2) != 0)
            buffer[i] = byte;
    }
    memset(request, 0, 4);
}

uint32_t fake_pio_read(uint16_t port, unsigned int bytes)
{
    assert_int_equal(bytes, 1);
    if (!device.present)
        return 0xff;
    assert_int_equal(port, 0x511);
    device.port_reads++;
    return device_read();
}

void fake_pio_write(uint16_t port, unsigned int bytes, uint32_t value)
{
    if (port == 0x510 && bytes == 2) {
        device_select((uint16_t)value);
    } else if (port == 0x514 && bytes == 4) {
        device.dma_high = __builtin_bswap32(value);
    } else {
        assert_int_equal(port, 0x518);
        device_dma((uint64_t)device.dma_high << 32 | __builtin_bswap32(value));
    }
}

static void add_item(uint16_t key, const void *bytes, size_t size)
{
    device.items[device.item_count++] = (struct item){key, bytes, size};
}

static uint8_t directory[4 + 64 * 3];

static void add_file(size_t index, const char *name, uint16_t key, const char *content)
{
    uint8_t *entry = directory + 4 + 64 * index;
    size_t size = strlen(content);

    entry[2] = (uint8_t)(size >> 8);
    entry[3] = (uint8_t)size;
    entry[4] = (uint8_t)(key >> 8);
    entry[5] = (uint8_t)key;
    memcpy(entry + 8, name, strlen(name) < 56 ? strlen(name) : 56);
    add_item(key, content, size);
}

static int set_up(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    memset(directory, 0, sizeof(directory));
    device.present = true;
    device.dma_works = true;
    device.id = 3;
    add_item(0, "QEMU", 4);
    add_item(1, &device.id, 1);
    add_item(0x19, directory, sizeof(directory));
    directory[3] = 3;
    add_file(0, "etc/e820", 0x20, "aaaa");
    add_file(1, "opt/bare-qga/cmdline", 0x21, "log=off hostname=h\n");
    add_file(2, "a-name-that-fills-its-field-without-any-room-for-a-NUL!!!", 0x22, "x");
    return 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void check_files(void)
{
    struct fw_cfg_file file;
    char text[64];

    assert_int_equal(fw_cfg_init(0), 0);
    assert_int_equal(fw_cfg_find("opt/bare-qga/cmdline", &file), 0);
    assert_int_equal(file.size, 19);
    assert_int_equal(file.selector, 0x21);
    assert_int_equal(fw_cfg_find("opt/bare-qga/cmdlin", &file), -ENOENT);
    assert_int_equal(fw_cfg_find("opt/bare-qga/cmdline2", &file), -ENOENT);
    assert_int_equal(fw_cfg_find("etc/e820", &file), 0);
    assert_int_equal(fw_cfg_find("opt/bare-qga/cmdline", &file), 0);
    memset(text, '#', sizeof(text));
    assert_int_equal(fw_cfg_read(&file, 4, text, 3), 0);
    assert_memory_equal(text, "off#", 4);
    assert_int_equal(fw_cfg_read(&file, 17, text, 3), -EINVAL);
    assert_int_equal(fw_cfg_read(&file, 20, text, 0), -EINVAL);
    assert_int_equal(fw_cfg_read(&file, 0xffffffff, text, 2), -EINVAL);
    assert_int_equal(fw_cfg_read_text("opt/bare-qga/cmdline", text, sizeof(text)), 18);
    assert_string_equal(text, "log=off hostname=h");
    assert_int_equal(fw_cfg_read_text("etc/e820", text, 5), 4);
    assert_string_equal(text, "aaaa");
    assert_int_equal(fw_cfg_read_text("etc/e820", text, 4), -E2BIG);
    assert_int_equal(fw_cfg_read_text("etc/none", text, 4), -ENOENT);
}

static void test_dma(void **state)
{
    (void)state;
    check_files();
    assert_int_equal(device.port_reads, 8); /* signature and id only */
}

static void test_port(void **state)
{
    (void)state;
    device.id = 1;
    check_files();
    assert_true(device.port_reads > 8);
}

static void test_absent(void **state)
{
    struct fw_cfg_file file;

    (void)state;
    device.present = false;
    assert_int_equal(fw_cfg_init(0), -ENODEV);
    assert_int_equal(fw_cfg_find("etc/e820", &file), -ENOENT);
    device.present = true;
    device.items[0].bytes = "qemu";
    assert_int_equal(fw_cfg_init(0), -ENODEV);
}

static void test_dma_error(void **state)
{
    struct fw_cfg_file file;
    char byte;

    (void)state;
    assert_int_equal(fw_cfg_init(0), 0);
    assert_int_equal(fw_cfg_find("etc/e820", &file), 0);
    device.dma_works = false;
    assert_int_equal(fw_cfg_read(&file, 0, &byte, 1), -EIO);
    assert_int_equal(fw_cfg_find("etc/e820", &file), -ENOENT);
}

/* A count without end is not believed, a name without NUL matches nothing. */
static void test_directory(void **state)
{
    struct fw_cfg_file file;

    (void)state;
    memset(directory, 0xff, 4);
    assert_int_equal(fw_cfg_init(0), 0);
    assert_int_equal(fw_cfg_find("nothing", &file), -ENOENT);
    assert_true(device.offset <= 4 + 64 * 4096);
    assert_int_equal(fw_cfg_find("a-name-that-fills-its-field-without-any-room-for-a-NUL!!", &file),
                     -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_dma, set_up),
        cmocka_unit_test_setup(test_port, set_up),
        cmocka_unit_test_setup(test_absent, set_up),
        cmocka_unit_test_setup(test_dma_error, set_up),
        cmocka_unit_test_setup(test_directory, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
