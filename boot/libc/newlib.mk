# SPDX-License-Identifier: BSD-2-Clause
#
# The C library: the few files of newlib that a kernel without files, processes and locales needs,
# out of Debian's newlib-source, compiled for $(ARCH) with the kernel's own flags.  newlib's own
# configure is not run: it would build all of newlib, and what it finds out for these files are the
# five lines of boot/libc/newlib.h.
#
# Linking takes from the archive what is used; boot/libc/newlib_glue.c is what newlib asks of its
# system.

NEWLIB_ARCHIVE := $(firstword $(wildcard /usr/src/newlib/newlib-*.tar.xz))
NEWLIB := $(BUILD)/newlib
NEWLIB_LIBC := $(NEWLIB)/newlib/libc
LIBC_OUT := $(OUT)/libc
LIBC_MAKE := boot/libc/newlib.mk boot/libc/newlib.h

LIBC_NEED := newlib-source xz-utils
LIBC_SOURCES_C := boot/libc/newlib_glue.c boot/libc/newlib_copy.c
LIBC_READY := $(NEWLIB)/unpacked
LIBC_INCLUDE := boot/libc $(wildcard $(NEWLIB_LIBC)/machine/$(ARCH)) $(NEWLIB_LIBC)/include
LIBC_ARCHIVE := $(LIBC_OUT)/libc.a

LIBC_STRING := memchr memcmp memmem memrchr memset strcasecmp strcat strchr strcmp \
    strcpy strcspn strlcat strlcpy strlen strncasecmp strncat strncmp strncpy strnlen strpbrk \
    strrchr strspn strstr
LIBC_CTYPE := ctype_ isalnum isalpha isblank iscntrl isdigit islower isprint ispunct isspace \
    isupper isxdigit tolower toupper
LIBC_STDLIB := abs atoi bsearch dtoa labs llabs mbtowc_r mprec qsort \
    strtod strtol strtoll strtoul strtoull wcrtomb wcsnrtombs wcsrtombs wctomb_r
LIBC_SOURCES := $(LIBC_STRING:%=libc/string/%) $(LIBC_CTYPE:%=libc/ctype/%) \
    $(filter-out libc/stdlib/bsearch libc/stdlib/qsort,$(LIBC_STDLIB:%=libc/stdlib/%)) \
    libc/search/bsearch libc/search/qsort libc/locale/locale libc/locale/localeconv \
    libc/locale/lnumeric libc/stdio/snprintf libc/stdio/vsnprintf libc/errno/errno \
    libm/math/s_frexp libm/common/s_fpclassify libm/common/s_nan
LIBC_OBJECTS := $(LIBC_SOURCES:%=$(LIBC_OUT)/%.o) \
    $(LIBC_OUT)/libc/stdio/svfprintf.o $(LIBC_OUT)/libc/stdio/svfiprintf.o

# Numbers are converted now and then, bytes are moved all the time.
LIBC_OPTIMIZE = -Oz
$(LIBC_OUT)/libc/string/%.o: LIBC_OPTIMIZE = -O2
# The compiler knows memcpy() when it sees one, and would call it.
$(OUT)/obj/boot/libc/newlib_copy.o: KERNEL_OPTIMIZE = -O2 -fno-unroll-loops \
    $(if $(is_clang),,-fno-tree-loop-distribute-patterns -fno-tree-vectorize)
$(LIBC_OUT)/libc/string/strstr.o: LIBC_OPTIMIZE = -Oz -DPREFER_SIZE_OVER_SPEED
# Decimal numbers only: no 0x1p3, no nan(…).
$(LIBC_OUT)/libc/stdlib/strtod.o: LIBC_OPTIMIZE = -Oz -DNO_HEX_FP -D__NO_INFNAN_CHECK

# newlib's code as it is: its warnings are not ours to mend.
LIBC_CFLAGS = -std=gnu11 $(LIBC_OPTIMIZE) -ffreestanding -fno-builtin -ffunction-sections -fdata-sections \
    -fno-asynchronous-unwind-tables -fno-strict-aliasing -w $(ARCH_CFLAGS) -nostdinc \
    $(LIBC_INCLUDE:%=-isystem %) -isystem $(NEWLIB)/newlib/libm/common $(compiler_include:%=-isystem %)

$(NEWLIB)/unpacked: | need-kernel
	$(call say,UNPACK,$(or $(NEWLIB_ARCHIVE),newlib))
	$(Q)rm -rf $(NEWLIB) && mkdir -p $(NEWLIB) && \
	    tar -xJf /usr/src/newlib/newlib-*.tar.xz -C $(NEWLIB) --strip-components=1 --wildcards \
	        '*/newlib/libc' '*/newlib/libm/math' '*/newlib/libm/common' '*/COPYING.NEWLIB'
	$(Q)touch $@

define compile_libc
$(call say,LIBC,$(@:$(LIBC_OUT)/%.o=%.c))
$(Q)mkdir -p $(@D) && $(KERNEL_CC) $(LIBC_CFLAGS) $(1) -c $(2) -o $@
endef
$(LIBC_OUT)/%.o: $(NEWLIB)/unpacked $(OUT)/flags $(LIBC_MAKE)
	$(call compile_libc,,$(NEWLIB)/newlib/$*.c)
# One source, two functions: with and without floating point; the second holds what both share.
$(LIBC_OUT)/libc/stdio/svfprintf.o: $(NEWLIB)/unpacked $(OUT)/flags $(LIBC_MAKE)
	$(call compile_libc,-DSTRING_ONLY,$(NEWLIB_LIBC)/stdio/vfprintf.c)
$(LIBC_OUT)/libc/stdio/svfiprintf.o: $(NEWLIB)/unpacked $(OUT)/flags $(LIBC_MAKE)
	$(call compile_libc,-DSTRING_ONLY -DINTEGER_ONLY,$(NEWLIB_LIBC)/stdio/vfprintf.c)

$(LIBC_ARCHIVE): $(LIBC_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $^
