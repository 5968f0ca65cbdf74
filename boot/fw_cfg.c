/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's fw_cfg device (QEMU docs/specs/fw_cfg).  The data port costs an exit per byte, so
 * everything goes by DMA where the device has it; the port remains for those that have not.
 */
#include "fw_cfg.h"

#include <errno.h>
#include <string.h>

#include <arch/barrier.h>
#include <arch/fw_cfg.h>

#include "drivers/dma.h"

enum fw_cfg_key { FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_FILE_DIR = 0x19 };

#define FW_CFG_ID_DMA UINT32_C(0x2)

/* The directory's count is the host's; QEMU's own limit is far lower (x-file-slots). */
#define FW_CFG_FILES_MAX 4096u
/* Entries per request; a request costs more than what it carries. */
#define FW_CFG_FILES_ONCE 16u

/* Bits of a request's control word; its upper half is the selector. */
enum fw_cfg_dma_control {
    FW_CFG_DMA_ERROR = 1u << 0,
    FW_CFG_DMA_READ = 1u << 1,
    FW_CFG_DMA_SKIP = 1u << 2,
    FW_CFG_DMA_SELECT = 1u << 3
};

/* A request, all big-endian. */
struct fw_cfg_dma_request {
    uint32_t control;
    uint32_t length;
    uint64_t address;
};

/* An entry of the file directory, big-endian. */
struct fw_cfg_directory_entry {
    uint32_t size;
    uint16_t selector;
    uint16_t reserved;
    char name[FW_CFG_NAME_BYTES];
};
_Static_assert(sizeof(struct fw_cfg_directory_entry) == 64, "QEMU docs/specs/fw_cfg");

static struct {
    bool present;
    bool dma;
    uint64_t base;
    volatile struct fw_cfg_dma_request request;
} fw_cfg;

static uint32_t big_endian32(const void *field)
{
    const uint8_t *bytes = field;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_big_endian(volatile void *field, size_t count, uint64_t value)
{
    volatile uint8_t *bytes = field;

    while (count-- > 0) {
        bytes[count] = (uint8_t)value;
        value >>= 8;
    }
}

/* QEMU carries a request out before the write that starts it returns (fw_cfg_dma_transfer()). */
static int dma_transfer(uint32_t control, const void *buffer, uint32_t bytes)
{
    uint32_t result;

    store_big_endian(&fw_cfg.request.address, 8, buffer != NULL ? dma_addr(buffer) : 0);
    store_big_endian(&fw_cfg.request.length, 4, bytes);
    store_big_endian(&fw_cfg.request.control, 4, control);
    dma_wmb(); /* the request before the write that starts it */
    arch_fw_cfg_start_dma(fw_cfg.base, dma_addr((const void *)(uintptr_t)&fw_cfg.request));
    dma_rmb(); /* the start before what came of it */
    result = fw_cfg.request.control;
    return result == 0 ? 0 : -EIO;
}

/* Reads on from where the last read ended, or from the item's start with a key. */
static int read_by_port(void *buffer, uint32_t bytes)
{
    uint8_t *out = buffer;

    for (uint32_t i = 0; i < bytes; i++)
        out[i] = arch_fw_cfg_read8(fw_cfg.base);
    return 0;
}

static int read_item(uint16_t key, uint32_t offset, void *buffer, uint32_t bytes)
{
    int result;

    if (!fw_cfg.dma) {
        arch_fw_cfg_select(fw_cfg.base, key);
        while (offset-- > 0)
            (void)arch_fw_cfg_read8(fw_cfg.base);
        return read_by_port(buffer, bytes);
    }
    result = dma_transfer((uint32_t)key << 16 | FW_CFG_DMA_SELECT | FW_CFG_DMA_SKIP, NULL, offset);
    return result < 0 ? result : dma_transfer(FW_CFG_DMA_READ, buffer, bytes);
}

static int read_on(void *buffer, uint32_t bytes)
{
    return fw_cfg.dma ? dma_transfer(FW_CFG_DMA_READ, buffer, bytes) : read_by_port(buffer, bytes);
}

int fw_cfg_init(uint64_t base)
{
    char signature[4];
    uint8_t id[4] = {0}; /* little-endian, unlike the rest */

    fw_cfg.present = false;
    fw_cfg.dma = false;
    fw_cfg.base = base;
    (void)read_item(FW_CFG_SIGNATURE, 0, signature, sizeof(signature));
    if (memcmp(signature, "QEMU", sizeof(signature)) != 0)
        return -ENODEV;
    (void)read_item(FW_CFG_ID, 0, id, sizeof(id));
    fw_cfg.present = true;
    fw_cfg.dma = (id[0] & FW_CFG_ID_DMA) != 0;
    return 0;
}

static bool entry_matches(const struct fw_cfg_directory_entry *entry, const char *name)
{
    return memchr(entry->name, '\0', sizeof(entry->name)) != NULL && strcmp(entry->name, name) == 0;
}

int fw_cfg_find(const char *name, struct fw_cfg_file *file)
{
    struct fw_cfg_directory_entry entries[FW_CFG_FILES_ONCE] = {0};
    uint8_t count_field[4] = {0};
    uint32_t count;

    if (!fw_cfg.present || read_item(FW_CFG_FILE_DIR, 0, count_field, sizeof(count_field)) < 0)
        return -ENOENT;
    count = big_endian32(count_field);
    if (count > FW_CFG_FILES_MAX)
        count = FW_CFG_FILES_MAX;
    while (count > 0) {
        uint32_t once = count < FW_CFG_FILES_ONCE ? count : FW_CFG_FILES_ONCE;

        if (read_on(entries, once * (uint32_t)sizeof(entries[0])) < 0)
            return -ENOENT;
        for (uint32_t i = 0; i < once; i++) {
            if (entry_matches(&entries[i], name)) {
                file->size = big_endian32(&entries[i].size);
                file->selector = (uint16_t)(big_endian32(&entries[i].selector) >> 16);
                return 0;
            }
        }
        count -= once;
    }
    return -ENOENT;
}

int fw_cfg_read(const struct fw_cfg_file *file, uint32_t offset, void *buffer, uint32_t bytes)
{
    if (offset > file->size || bytes > file->size - offset)
        return -EINVAL;
    return read_item(file->selector, offset, buffer, bytes);
}

int fw_cfg_read_text(const char *name, char *buffer, size_t capacity)
{
    struct fw_cfg_file file;
    int result = fw_cfg_find(name, &file);

    if (result < 0)
        return result;
    if (file.size >= capacity || file.size > INT32_MAX)
        return -E2BIG;
    result = fw_cfg_read(&file, 0, buffer, file.size);
    if (result < 0)
        return result;
    if (file.size > 0 && buffer[file.size - 1] == '\n')
        file.size--;
    buffer[file.size] = '\0';
    return (int)file.size;
}
