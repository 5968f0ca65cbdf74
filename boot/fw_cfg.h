/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's firmware configuration device (QEMU docs/specs/fw_cfg): named blobs from the host.  Its
 * absence is normal.  Registers are reached through <arch/fw_cfg.h>.
 */
#ifndef BOOT_FW_CFG_H
#define BOOT_FW_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names are at most 55 characters (QEMU docs/specs/fw_cfg, "File Directory"). */
#define FW_CFG_NAME_BYTES 56u

struct fw_cfg_file {
    uint32_t size;
    uint16_t selector;
};

/*
 * Looks for the device; `base` is its register block where that is not fixed by the architecture
 * (ignored on x86).  Returns 0 or -ENODEV.  Until it has returned 0 there are no files.
 */
int fw_cfg_init(uint64_t base);
/* Finds a file.  Returns 0 and fills *file, or -ENOENT. */
int fw_cfg_find(const char *name, struct fw_cfg_file *file);
/*
 * Reads `bytes` bytes from `offset` of the file into `buffer`.  Returns 0, -EINVAL for a range
 * that leaves the file, -EIO when the device reports an error.
 */
int fw_cfg_read(const struct fw_cfg_file *file, uint32_t offset, void *buffer, uint32_t bytes);
/*
 * Reads a small file as text: at most `capacity` - 1 bytes, NUL added, a trailing newline removed.
 * Returns the length, -ENOENT, or -E2BIG when it does not fit (nothing is read then).
 */
int fw_cfg_read_text(const char *name, char *buffer, size_t capacity);

#endif
