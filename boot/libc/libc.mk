# SPDX-License-Identifier: BSD-2-Clause
#
# The C library, which the kernel sees through standard headers alone, so that either can serve:
#
#   LIBC=newlib     any machine: compiled here from Debian's newlib-source; the default of x86_64
#   LIBC=picolibc   where Debian has it compiled (PICOLIBC in boot/$(ARCH)/arch.mk names the
#                   package): aarch64 and riscv64, and their default
#
# Each says, in boot/libc/$(LIBC).mk: LIBC_ARCHIVE, LIBC_INCLUDE, LIBC_READY, LIBC_SOURCES_C,
# LIBC_NEED.

LIBCS := newlib $(if $(PICOLIBC),picolibc)
$(if $(filter $(LIBC),$(LIBCS)),,$(error LIBC=$(LIBC): for $(ARCH) there are: $(LIBCS)))
include boot/libc/$(LIBC).mk
