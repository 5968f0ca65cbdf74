# SPDX-License-Identifier: BSD-2-Clause
# What the Makefile has to know about x86_64.

CROSS ?=
MACHINE ?= q35
LIBC ?= newlib
ARCH_NEED := gcc binutils
ARCH_NEED_qemu := qemu-system-x86

# Frame pointers for the backtrace, no red zone because interrupts use the running stack, and one
# canary for all in a variable instead of at %fs:0x28, which would need a segment base.  The entries
# of a jump table would have eight bytes; gcc's choice for copies in small code would be "rep movsb",
# which an emulator carries out byte by byte.
ARCH_CFLAGS = -m64 -march=x86-64 -mcmodel=small -fno-pic -fno-pie -mno-red-zone \
    -fno-omit-frame-pointer -fcf-protection=none \
    -fstack-protector-strong -mstack-protector-guard=global \
    -falign-functions=1 -falign-loops=1 -fno-jump-tables \
    $(if $(is_clang),,-fno-align-jumps -fno-align-labels -mstringop-strategy=libcall)
ARCH_LDFLAGS := -m elf_x86_64 -z max-page-size=64 -z norelro --build-id=none

# Entry, traps and interrupts find SSE registers that belong to others.
$(BUILD)/x86_64/obj/boot/x86_64/%.o: ARCH_CFLAGS += -mgeneral-regs-only
