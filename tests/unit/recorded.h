/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blobs recorded from a running QEMU 7.2 (tests/unit/data), as part of the test program:
 *
 *   pc         -M pc -device virtio-serial-pci -device pci-bridge,chassis_nr=1,addr=9
 *   q35        -M q35 with two pcie-root-ports
 *   microvm    -M microvm with two virtio-mmio devices; plain: acpi=off, one; pcie: pcie=on, one
 *   aarch64    -M virt,dtb-randomness=off -cpu cortex-a57; gicv3: gic-version=3
 *   riscv64    -M virt -smp 2; imsic: aia=aplic-imsic
 *
 * ACPI tables as SeaBIOS placed them in memory; device trees as read from fw_cfg, up to the end of
 * what is in use.
 */
#ifndef TESTS_RECORDED_H
#define TESTS_RECORDED_H

#include <stdint.h>

/* Declares `name`[] and `name_end`[], the content of a file in tests/unit/data. */
#define RECORDED(name, file)                                                                       \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global " #name "\n.global " #name "_end\n" #name ":\n"                               \
            ".incbin \"tests/unit/data/" file "\"\n" #name "_end:\n.byte 0\n"                      \
            ".popsection");                                                                        \
    extern const uint8_t name[];                                                                   \
    extern const uint8_t name##_end[]

#define RECORDED_BYTES(name) ((size_t)(name##_end - (name)))

#endif
