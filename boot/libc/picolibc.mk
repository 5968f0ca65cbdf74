# SPDX-License-Identifier: BSD-2-Clause
#
# picolibc as Debian compiled it, for size.  It asks nothing of its system for what the kernel
# uses: numbers are converted without memory.  errno is a variable of the thread (.tdata in
# linker.ld; the entry code points the thread's register at it).
#
# PICOLIBC is Debian's package, PICOLIBC_MULTILIB the folder for this instruction set and ABI.

PICOLIBC_HOME := /usr/lib/picolibc/$(PICOLIBC:picolibc-%=%)

LIBC_NEED := $(PICOLIBC)
LIBC_SOURCES_C :=
LIBC_READY :=
LIBC_INCLUDE := $(PICOLIBC_HOME)/include
LIBC_ARCHIVE := $(PICOLIBC_HOME)/lib/release/$(if $(PICOLIBC_MULTILIB),$(PICOLIBC_MULTILIB)/)libc.a
# There as soon as its package is.
$(LIBC_ARCHIVE): | need-kernel
