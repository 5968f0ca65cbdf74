# SPDX-License-Identifier: BSD-2-Clause
# What the Makefile has to know about riscv64.

CROSS ?= riscv64-unknown-elf-
MACHINE ?= virt
LIBC ?= picolibc
PICOLIBC := picolibc-riscv64-unknown-elf
PICOLIBC_MULTILIB := rv64imac/lp64
ARCH_FOLDERS := boot/virt
ARCH_NEED := gcc-riscv64-unknown-elf binutils-riscv64-unknown-elf
ARCH_NEED_qemu := qemu-system-misc opensbi

# Without floating point registers: nobody computes, and no trap has to mind them.
RISCV_ABI = -march=rv64imac$(if $(is_clang),,_zicsr_zifencei) -mabi=lp64
# Frame pointers for the backtrace; no relaxation, so that the second link moves nothing; one canary
# for all in a variable (clang's own default here).
ARCH_CFLAGS = $(RISCV_ABI) -mcmodel=medany -fno-pic -fno-pie -mno-relax -fno-omit-frame-pointer \
    -fstack-protector-strong $(if $(is_clang),,-mstack-protector-guard=global)
ARCH_LDFLAGS := -m elf64lriscv -z max-page-size=64 --build-id=none
# clang's choice would be of another ABI.
ARCH_RUNTIME_CC = $(CROSS)gcc -march=rv64imac -mabi=lp64

# Debian's compiler for bare metal keeps its limits.h beside its other headers.
ARCH_INCLUDE_MORE = $(if $(is_clang),,$(wildcard \
    $(patsubst %/include,%/include-fixed,$(shell $(CROSS)gcc -print-file-name=include))))

# The ELF is for OpenSBI; the image starts itself wherever it is put, -bios none included.
ARCH_FORMS := $(OUT)/bare-qga.img
