# SPDX-License-Identifier: BSD-2-Clause
# What the Makefile has to know about aarch64.

CROSS ?= aarch64-linux-gnu-
MACHINE ?= virt
LIBC ?= picolibc
PICOLIBC := picolibc-aarch64-linux-gnu
ARCH_FOLDERS := boot/virt
ARCH_NEED := gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu
ARCH_NEED_qemu := qemu-system-arm

# Frame pointers for the backtrace; one canary for all in a variable (clang's own default here).
ARCH_CFLAGS = -march=armv8-a -mcmodel=small -fno-pic -fno-pie -fno-omit-frame-pointer \
    -mno-outline-atomics -mbranch-protection=none -fstack-protector-strong \
    $(if $(is_clang),,-mstack-protector-guard=global)
ARCH_LDFLAGS := -m aarch64elf -z max-page-size=64 --build-id=none

# Traps come with floating point registers that belong to others.
$(BUILD)/aarch64/obj/boot/aarch64/%.o: ARCH_CFLAGS += -mgeneral-regs-only

# -kernel takes both; only of an Image does QEMU say where the device tree is, and load an initrd.
ARCH_FORMS := $(OUT)/bare-qga.img
ARCH_BOOTS := $(OUT)/bare-qga.img
