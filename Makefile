# SPDX-License-Identifier: BSD-2-Clause
#
# Everything that can be made here; `make help` prints the targets.
#
#   ARCH=x86_64       the machine that the kernel is built for (one folder per machine: boot/$(ARCH)/)
#   LIBC=newlib       or picolibc; which ones there are for a machine, boot/libc/libc.mk says
#   CC=gcc | clang    both build without a warning
#   BUILD=build       where everything that is made goes; nothing is written elsewhere
#   V=1               print the commands instead of one short line per step
#
# Some files are read here, so that the pieces that know a thing say it:
#   boot/$(ARCH)/arch.mk       CROSS (tool prefix), ARCH_CFLAGS, ARCH_LDFLAGS, ARCH_LINKER_SCRIPT,
#                              ARCH_FOLDERS (shared with other machines), ARCH_FORMS (files besides
#                              the ELF), ARCH_BOOTS (what -kernel gets), QEMU, MACHINE, LIBC, and
#                              the packages ARCH_NEED (to build) and ARCH_NEED_qemu (to run)
#   boot/libc/libc.mk          LIBC_ARCHIVE, LIBC_INCLUDE (folders), LIBC_READY (before any object),
#                              LIBC_SOURCES_C (what it asks of its system), LIBC_NEED
#   net/lwip.mk                LWIP_ARCHIVE, LWIP_INCLUDE, LWIP_READY, likewise
#   agent/mbedtls/mbedtls.mk   MBEDTLS_INCLUDE, MBEDTLS_READY; libmbedtls.a in each folder of objects
# They may add rules of their own.

SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

ARCH ?= x86_64
BUILD ?= build
# Source packages of Debian's that were fetched; what is made from them is in $(BUILD).
SOURCES ?= $(BUILD)/sources
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON := /usr/bin/python3
OUT := $(BUILD)/$(ARCH)
GEN := $(BUILD)/gen
KERNEL := $(OUT)/bare-qga.elf
HOSTED := $(BUILD)/hosted/bare-qga
HOSTED_ASAN := $(BUILD)/hosted-asan/bare-qga
RESULTS := $(BUILD)/results

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(2)
endif

all: $(KERNEL) kernel-forms ## build/$(ARCH)/bare-qga.elf, the kernel
.PHONY: all kernel-forms

# ---------------------------------------------------------------------------------------------
# What a step needs installed.  `need` does nothing when all is there, and it is an order-only
# prerequisite: it never makes anything out of date.

NEED := tests/tools/need
NEED_source := dpkg-dev xz-utils ca-certificates
NEED_kernel = $(ARCH_NEED) $(LIBC_NEED) libc6-dev libjsmn-dev $(NEED_source) python3
NEED_hosted := gcc libc6-dev libjsmn-dev $(NEED_source) python3
NEED_qemu = $(ARCH_NEED_qemu) python3
NEED_unit := $(NEED_hosted) libcmocka-dev
NEED_fuzz := $(NEED_hosted) clang libclang-rt-14-dev
NEED_pytest = $(NEED_qemu) python3-pytest curl
# tests/exec compares with this machine's own programs, tests/schema with the house style.
NEED_python = $(NEED_pytest) procps clang-format
NEED_boot = $(NEED_pytest) openssl tshark qemu-utils grub-common grub-pc-bin xorriso
# Where these cannot be had, the suite is skipped and says so; .ci/run insists.
NEED_clients = $(NEED_pytest) libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients \
    python3-libvirt ansible
NEED_test = $(NEED_kernel) $(NEED_unit) $(NEED_fuzz) $(NEED_python) $(NEED_boot)
NEED_bench = $(NEED_kernel) $(NEED_pytest)
NEED_lint = $(NEED_kernel) $(NEED_unit) $(NEED_fuzz) clang-format clang-tidy cppcheck shellcheck \
    pyflakes3
need-%:
	@$(NEED) $* $(sort $(NEED_$*) $(if $(findstring clang,$(CC)),clang))
# CC=clang builds need clang wherever gcc would do.
.PHONY: FORCE

# ---------------------------------------------------------------------------------------------
# Flags.  Every object also depends on a stamp that holds its flags, so that another compiler or
# option rebuilds what it must.

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Werror
COMMON := -std=c11 -g $(WARNINGS) -MMD -MP

ARCHES := $(patsubst boot/%/arch.mk,%,$(sort $(wildcard boot/*/arch.mk)))
$(if $(filter $(ARCH),$(ARCHES)),,$(error ARCH=$(ARCH): there are $(ARCHES)))
include boot/$(ARCH)/arch.mk
include boot/libc/libc.mk
-include net/lwip.mk
MBEDTLS_INCLUDE := $(BUILD)/mbedtls/include

is_clang = $(findstring clang,$(CC))
ARCH_INCLUDE := $(patsubst %,-I%/include,boot/$(ARCH) $(ARCH_FOLDERS))
KERNEL_CC = $(if $(is_clang),$(CC) --target=$(ARCH)-linux-gnu,$(CROSS)$(CC))
KERNEL_LD ?= $(CROSS)ld
# The compiler's own headers (stdint.h, stdarg.h …) and the libc's, never the host's.
compiler_include = $(shell $(KERNEL_CC) -print-file-name=include 2>/dev/null) $(ARCH_INCLUDE_MORE)
KERNEL_CPPFLAGS = -nostdinc $(LIBC_INCLUDE:%=-isystem %) $(LWIP_INCLUDE:%=-isystem %) $(compiler_include:%=-isystem %) \
    -isystem $(BUILD)/include -isystem $(MBEDTLS_INCLUDE) -iquote . -iquote agent -iquote $(GEN) \
    $(ARCH_INCLUDE)
# For size, but what sees each byte or each request for speed.
KERNEL_OPTIMIZE = -Oz
KERNEL_FAST := $(wildcard agent/framer*.c agent/base64.c agent/session.c agent/json.c \
    drivers/virtqueue.c drivers/virtio_console_port.c drivers/e1000_rx.c drivers/e1000_tx.c)
$(KERNEL_FAST:%.c=$(OUT)/obj/%.o): KERNEL_OPTIMIZE = -O2 -fno-unroll-loops
# Standard headers and functions are those of a libc that is ours, and the compiler may know what
# they do: a memcpy() of eight bytes is a load and a store.  (clang takes no -fbuiltin back.)
KERNEL_DIALECT = -ffreestanding $(if $(is_clang),,-fbuiltin)
KERNEL_CFLAGS = $(COMMON) $(KERNEL_OPTIMIZE) $(KERNEL_DIALECT) -ffunction-sections -fdata-sections \
    -fno-asynchronous-unwind-tables $(ARCH_CFLAGS)

HOSTED_CPPFLAGS := -D_DEFAULT_SOURCE -isystem $(BUILD)/include -isystem $(MBEDTLS_INCLUDE) \
    -iquote . -iquote agent -iquote boot -iquote drivers -iquote $(GEN)
HOSTED_CFLAGS := $(COMMON) -O2
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_CFLAGS := $(COMMON) -O1 $(SANITIZE)
# Quote folders, not -I: a header of ours must never stand in for one of libc's.
UNIT_CPPFLAGS := -D_DEFAULT_SOURCE -isystem $(BUILD)/include -isystem $(MBEDTLS_INCLUDE) \
    $(LWIP_INCLUDE:%=-isystem %) -Itests/fake/include -iquote . -iquote agent -iquote drivers \
    -iquote boot -iquote $(GEN) -iquote tests/unit -iquote tests/hosted
FUZZ_CC := clang
FUZZ_CFLAGS := $(COMMON) -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

# $(call stamp,file,text): a file that changes only when the text does.
define stamp
$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$$(strip $(2))' | cmp -s - $$@ || printf '%s\n' '$$(strip $(2))' >$$@
endef
$(eval $(call stamp,$(OUT)/flags,$$(KERNEL_CC) $$(KERNEL_CPPFLAGS) $$(KERNEL_CFLAGS)))
$(eval $(call stamp,$(BUILD)/hosted/flags,$$(CC) $$(HOSTED_CPPFLAGS) $$(HOSTED_CFLAGS)))
$(eval $(call stamp,$(BUILD)/hosted-asan/flags,$$(CC) $$(HOSTED_CPPFLAGS) $$(ASAN_CFLAGS)))
$(eval $(call stamp,$(BUILD)/unit/flags,$$(CC) $$(UNIT_CPPFLAGS) $$(ASAN_CFLAGS)))
$(eval $(call stamp,$(BUILD)/fuzz/flags,$$(FUZZ_CC) $$(UNIT_CPPFLAGS) $$(FUZZ_CFLAGS)))
FORCE:

include agent/mbedtls/mbedtls.mk

# ---------------------------------------------------------------------------------------------
# jsmn and the generated code

JSMN := $(BUILD)/include/jsmn.h
# A copy, so that no other header of the host can be found beside it.
$(JSMN): | need-hosted
	$(call say,COPY,$@)
	$(Q)mkdir -p $(@D) && cp /usr/include/jsmn.h $@

# SCHEMA itself is the user's, for coverage-of.
SCHEMA_SOURCES := $(wildcard schema/*.json schema/*.py schema/qapi/*.py)
GENERATED_C := $(GEN)/qga_commands.c
GENERATED := $(GENERATED_C) $(GEN)/qga_commands.h $(GEN)/qga.dict
$(GENERATED) &: $(SCHEMA_SOURCES) | need-hosted
	$(call say,GEN,$(GEN))
	$(Q)$(PYTHON) schema/generate.py build --out $(GEN)

AGENT := $(sort $(wildcard agent/*.c agent/exec/*.c))
BEFORE_OBJECTS := $(JSMN) $(GENERATED) $(MBEDTLS_READY)

# $(call objects,folder,sources): the objects of sources that stand in the tree or in $(GEN).
objects = $(patsubst %,$(1)/%.o,$(basename $(patsubst $(GEN)/%,gen/%,$(2))))

# ---------------------------------------------------------------------------------------------
# The kernel

KERNEL_SOURCES := $(AGENT) $(GENERATED_C) $(LIBC_SOURCES_C) $(sort $(wildcard drivers/*.c net/*.c \
    boot/*.c $(foreach folder,boot/$(ARCH) $(ARCH_FOLDERS),$(folder)/*.c $(folder)/*.S)))
KERNEL_OBJECTS := $(call objects,$(OUT)/obj,$(KERNEL_SOURCES))
LINKER_SCRIPT := $(or $(ARCH_LINKER_SCRIPT),linker.ld)
compiler_runtime = $(shell $(or $(ARCH_RUNTIME_CC),$(KERNEL_CC)) -print-libgcc-file-name 2>/dev/null)

define compile_kernel
$(call say,CC,$<)
$(Q)mkdir -p $(@D) && $(KERNEL_CC) $(KERNEL_CPPFLAGS) $(KERNEL_CFLAGS) -c $< -o $@
endef
$(OUT)/obj/gen/%.o: $(GEN)/%.c $(OUT)/flags $(LIBC_READY) $(LWIP_READY) | need-kernel $(BEFORE_OBJECTS)
	$(compile_kernel)
$(OUT)/obj/%.o: %.c $(OUT)/flags $(LIBC_READY) $(LWIP_READY) | need-kernel $(BEFORE_OBJECTS)
	$(compile_kernel)
$(OUT)/obj/%.o: %.S $(OUT)/flags | need-kernel
	$(compile_kernel)

$(OUT)/linker.ld: $(LINKER_SCRIPT) $(OUT)/flags | need-kernel
	$(call say,CPP,$<)
	$(Q)$(KERNEL_CC) -E -P -x assembler-with-cpp -MMD -MP -MT $@ -MF $@.d -nostdinc -iquote . \
	    $(ARCH_INCLUDE) -D__LINKER_SCRIPT__ $< -o $@

# Linked twice: the first link tells the addresses of the functions, whose names the second one
# brings along for backtraces (boot/symbols.h).  The table stands last, so nothing moves.
SYMBOLS := awk -f boot/symbols.awk
$(OUT)/symbols-none.S: boot/symbols.awk | need-kernel
	$(Q)mkdir -p $(@D) && $(SYMBOLS) </dev/null >$@
$(OUT)/symbols.S: $(OUT)/unnamed.elf boot/symbols.awk
	$(Q)$(CROSS)nm --numeric-sort --defined-only $< | $(SYMBOLS) >$@
$(OUT)/symbols.o $(OUT)/symbols-none.o: %.o: %.S $(OUT)/flags
	$(compile_kernel)

define link_kernel
$(call say,LINK,$@)
$(Q)$(KERNEL_LD) -static -nostdlib --gc-sections --fatal-warnings -z noexecstack $(ARCH_LDFLAGS) \
    -T $(OUT)/linker.ld -Map=$(@:.elf=.map) $(filter %.o,$^) $(LWIP_ARCHIVE) $(OUT)/libmbedtls.a \
    $(LIBC_ARCHIVE) $(compiler_runtime) -o $@
endef
LINK_FROM := $(KERNEL_OBJECTS) $(OUT)/linker.ld $(LWIP_ARCHIVE) $(OUT)/libmbedtls.a $(LIBC_ARCHIVE)
$(OUT)/unnamed.elf: $(LINK_FROM) $(OUT)/symbols-none.o
	$(link_kernel)
# Everything that a debugger wants is in bare-qga.debug.elf, and nothing of it in the image.
$(OUT)/bare-qga.debug.elf: $(LINK_FROM) $(OUT)/symbols.o
	$(link_kernel)
	$(Q)$(CROSS)nm --numeric-sort --defined-only $@ | $(SYMBOLS) | cmp - $(OUT)/symbols.S
$(KERNEL): $(OUT)/bare-qga.debug.elf
	$(call say,STRIP,$@)
	$(Q)$(CROSS)objcopy --strip-all $< $@

# The other forms that the machine's loaders want, as arch.mk names them: the image as it lies in
# memory.
kernel-forms: $(ARCH_FORMS)
$(OUT)/bare-qga.img: $(KERNEL)
	$(call say,OBJCOPY,$@)
	$(Q)$(CROSS)objcopy -O binary $< $@

# ---------------------------------------------------------------------------------------------
# The same agent as a Linux process

# Options and the initial file tree are read as the kernel reads them.
HOSTED_SOURCES := $(AGENT) $(GENERATED_C) boot/cpio.c boot/log_ring.c boot/options.c \
    $(sort $(wildcard tests/hosted/*.c))
hosted: $(HOSTED) ## build/hosted/bare-qga, the agent as a Linux process (a mock agent for clients)
hosted-asan: $(HOSTED_ASAN) ## the same with AddressSanitizer and UBSan, for tests
.PHONY: hosted hosted-asan

# $(call hosted_rules,folder,cflags)
define hosted_rules
$(BUILD)/$(1)/obj/gen/%.o: $(GEN)/%.c $(BUILD)/$(1)/flags | need-hosted $(BEFORE_OBJECTS)
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(HOSTED_CPPFLAGS) $(2) -c $$< -o $$@
$(BUILD)/$(1)/obj/%.o: %.c $(BUILD)/$(1)/flags | need-hosted $(BEFORE_OBJECTS)
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(HOSTED_CPPFLAGS) $(2) -c $$< -o $$@
$(BUILD)/$(1)/bare-qga: $(call objects,$(BUILD)/$(1)/obj,$(HOSTED_SOURCES)) $(BUILD)/$(1)/libmbedtls.a
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $(2) $$^ -o $$@
endef
$(eval $(call hosted_rules,hosted,$$(HOSTED_CFLAGS)))
$(eval $(call hosted_rules,hosted-asan,$$(ASAN_CFLAGS)))

# ---------------------------------------------------------------------------------------------
# Unit tests and fuzz targets: each tests/unit/test_*.c and tests/fuzz/fuzz_*.c is a program; a line
#     /* sources: agent/framer.c gen/commands.c … */
# near its top names what else it is made of (gen/ is the generated folder; patterns are allowed).

sources_of = $(sort $(foreach s,$(shell sed -n '1,40s,.*sources: *\([^*]*.*\.c\).*,\1,p' $(1)), \
    $(if $(filter gen/%,$(s)),$(s:gen/%=$(GEN)/%),$(or $(wildcard $(s)),$(s)))))

UNIT_TESTS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_PROGRAMS := $(UNIT_TESTS:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_TARGETS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:tests/fuzz/%.c=$(BUILD)/fuzz/%)

# $(call program_rules,kind,compiler,cflags)
define program_rules
$(BUILD)/$(1)/obj/gen/%.o: $(GEN)/%.c $(BUILD)/$(1)/flags | need-$(1) $(BEFORE_OBJECTS) $(LWIP_READY)
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D) && $(2) $$(UNIT_CPPFLAGS) $(3) -c $$< -o $$@
$(BUILD)/$(1)/obj/%.o: %.c $(BUILD)/$(1)/flags | need-$(1) $(BEFORE_OBJECTS) $(LWIP_READY)
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D) && $(2) $$(UNIT_CPPFLAGS) $(3) -c $$< -o $$@
endef
$(eval $(call program_rules,unit,$$(CC),$$(ASAN_CFLAGS)))
$(eval $(call program_rules,fuzz,$$(FUZZ_CC),$$(FUZZ_CFLAGS)))

# $(call program,kind,name): its own link rule, because each has its own sources.
define program
$(BUILD)/$(1)/$(2): $(call objects,$(BUILD)/$(1)/obj,tests/$(1)/$(2).c $(call sources_of,tests/$(1)/$(2).c)) \
    $(BUILD)/$(1)/libmbedtls.a
	$$(call say,LINK,$$@)
	$$(Q)$(3) $$^ $(4) -o $$@
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call program,unit,$(basename $(notdir $(t))),$$(CC) $$(ASAN_CFLAGS),-lcmocka)))
$(foreach t,$(FUZZ_TARGETS),$(eval $(call program,fuzz,$(basename $(notdir $(t))),$$(FUZZ_CC) \
    -fsanitize=fuzzer$$(comma)address$$(comma)undefined,)))
comma := ,

unit: $(UNIT_PROGRAMS) ## build the unit tests; one alone: make build/unit/test_framer
# tests/fuzz/seeds_x.py FOLDER makes inputs of fuzz_x from what else there is.
FUZZ_SEEDS := $(patsubst tests/fuzz/seeds_%.py,$(BUILD)/fuzz/seeds/%.made, \
    $(wildcard tests/fuzz/seeds_*.py))
$(BUILD)/fuzz/seeds/%.made: tests/fuzz/seeds_%.py $(wildcard tests/conformance/open/*.jsonl)
	$(call say,SEEDS,$(@:.made=))
	$(Q)rm -rf $(@:.made=) && mkdir -p $(@:.made=) && $(PYTHON) $< $(@:.made=) && touch $@

fuzzers: $(FUZZ_PROGRAMS) $(FUZZ_SEEDS) ## build the fuzz targets
.PHONY: unit fuzzers

# ---------------------------------------------------------------------------------------------
# Running it

MEMORY ?= 64M
# As tests/boot/qemu.py names machines, and what QEMU's -kernel gets there.
RUN := --kernel $(or $(ARCH_BOOTS),$(KERNEL)) --memory $(MEMORY) \
    --machine $(if $(filter x86_64,$(ARCH)),,$(ARCH):)$(MACHINE)
run: need-qemu all ## boot the kernel in QEMU and show one whole session with it
	$(Q)$(PYTHON) tests/tools/session.py $(RUN)
shell: need-qemu all ## boot the kernel and type commands at it; MACHINE=pc, MEMORY=64M
	$(Q)$(PYTHON) tests/tools/shell.py $(RUN)
lab-e1000: need-qemu $(KERNEL) ## try the shapes of old e1000 defects on this QEMU (docs/lab-e1000.md)
	$(Q)BARE_QGA_IMAGE=$(abspath $(KERNEL)) $(PYTHON) tests/lab/lab_e1000.py $(LAB_FLAGS)
.PHONY: run shell lab-e1000

# ---------------------------------------------------------------------------------------------
# Tests.  Each suite leaves its numbers in $(RESULTS); the sum is the last line.

RESULT := $(PYTHON) tests/tools/results.py
PROGRAM := $(PYTHON) tests/tools/programs.py
TEST_ENVIRONMENT := BARE_QGA_HOSTED=$(abspath $(HOSTED_ASAN)) PYTHONDONTWRITEBYTECODE=1 \
    $(if $(filter x86_64,$(ARCH)),,BARE_QGA_MACHINE=$(ARCH):$(MACHINE))
export BUILD
SUITES := test-unit test-fuzz test-python test-hosted test-kernel test-boot test-faults test-clients
# The kernels of the other machines, which share the tests that are the same for all.
OTHER_ARCHES := $(filter-out $(ARCH),$(ARCHES))
kernels: $(KERNEL) $(OTHER_ARCHES:%=kernel-%) ## the kernel of every architecture
kernel-%: $(KERNEL)
	$(Q)$(MAKE) --no-print-directory ARCH=$* need-qemu all
.PHONY: kernels

# $(call pytest,suite,folders): Debian's pytest, whatever python stands first in PATH.
# With AGAIN=1 (.ci/run), what failed is run once more: a machine that QEMU emulates on two shared
# cores misses a deadline now and then.  What passes only then is named in the sum.
run_pytest = $(TEST_ENVIRONMENT) $(PYTHON) -m pytest -q -o cache_dir=$(abspath $(BUILD))/pytest/$(1) \
    $(PYTEST_FLAGS) --junit-xml=$(BUILD)/junit/$(1)$(2).xml $(3)
ifdef AGAIN
pytest = $(call run_pytest,$(1),,$(2)) || { echo "  AGAIN    what failed of $(1)"; \
    $(call run_pytest,$(1),-again,--last-failed $(2)); \
    $(RESULT) junit $(1) $(BUILD)/junit/$(1).xml $(BUILD)/junit/$(1)-again.xml; exit; }; \
    $(RESULT) junit $(1) $(BUILD)/junit/$(1).xml
else
pytest = $(call run_pytest,$(1),,$(2)); $(RESULT) junit $(1) $(BUILD)/junit/$(1).xml
endif

test: need-test ## everything: unit, conformance (hosted and booted), boot, fuzz regression
	$(Q)rm -rf $(if $(KEEP_RESULTS),,$(RESULTS))
	$(Q)$(MAKE) all hosted hosted-asan unit fuzzers kernels
	$(Q)$(MAKE) --no-print-directory --keep-going $(SUITES) \
	    $(foreach arch,$(OTHER_ARCHES),test-kernel-$(arch) test-boot-$(arch)); \
	    $(RESULT) tally
test-unit: need-unit $(UNIT_PROGRAMS) ## the cmocka programs of tests/unit/, under ASan and UBSan
	$(Q)$(PROGRAM) unit $(UNIT_PROGRAMS)
test-fuzz: need-fuzz $(FUZZ_PROGRAMS) $(FUZZ_SEEDS) ## the fuzz targets once over their stored inputs
	$(Q)$(PROGRAM) replay $(FUZZ_PROGRAMS)
test-python: need-python $(KERNEL) $(HOSTED_ASAN) ## pytest on the host: generator, tools, TCP
	$(Q)$(call pytest,python,$(PYTHON_TESTS))
test-hosted: need-hosted $(HOSTED_ASAN) ## the recorded conversations against the hosted agent
	$(Q)$(TEST_ENVIRONMENT) $(PYTHON) tests/conformance/conformance.py hosted
test-kernel: need-qemu all ## the recorded conversations against the booted kernel
	$(Q)$(TEST_ENVIRONMENT) $(PYTHON) tests/conformance/conformance.py kernel
test-kernel-%:
	$(Q)$(MAKE) --no-print-directory ARCH=$* test-kernel
# Of another machine, what names no machine; a part of it is enough for `make test`, where tests that
# name them all have run already.
BOOT_TESTS ?= $(if $(filter x86_64,$(ARCH)),tests/boot,$(patsubst %,tests/boot/test_%.py, \
    stream memory idle machine_state facts))
test-boot: need-boot kernels ## pytest with QEMU: machines, memory sizes, devices, hotplug
	$(Q)$(call pytest,boot$(if $(filter x86_64,$(ARCH)),,-$(ARCH)),$(BOOT_TESTS))
test-boot-%:
	$(Q)$(MAKE) --no-print-directory ARCH=$* BOOT_TESTS=tests/boot/test_stream.py test-boot
test-faults: need-pytest $(KERNEL) $(HOSTED_ASAN) ## personalities and faults, hosted and booted, and the recipes of docs/
	$(Q)$(call pytest,faults,tests/faults)
test-clients: need-pytest $(KERNEL) $(HOSTED_ASAN) ## virsh, Ansible and other clients with a libvirtd of their own
	$(Q)$(NEED) clients $(NEED_clients) || true
	$(Q)$(call pytest,clients,tests/clients)
.PHONY: test $(SUITES)

PYTHON_TESTS := $(sort $(filter-out tests/boot/% tests/faults/% tests/clients/%,$(wildcard tests/*/test_*.py schema/test_*.py)))

FUZZ_SECONDS ?= 600
fuzz: need-fuzz $(FUZZ_PROGRAMS) $(FUZZ_SEEDS) ## run each fuzz target for FUZZ_SECONDS (600)
	$(Q)$(PROGRAM) fuzz $(FUZZ_SECONDS) $(BUILD)/fuzzing $(FUZZ_PROGRAMS)
bench: need-bench kernels hosted ## the figures of the README, side by side with Linux and qemu-ga
	$(Q)$(PYTHON) tests/bench/machines.py
	$(Q)$(PYTHON) tests/bench/bench.py $(BENCH_FLAGS)
.PHONY: fuzz bench

# ---------------------------------------------------------------------------------------------
# What must hold for the source.  Each check counts like a test.

CHECK = $(RESULT) check
C_FILES := $(sort $(shell find agent boot drivers net schema tests -name '*.[ch]' 2>/dev/null))
PY_FILES := $(sort $(shell find schema tests -name '*.py' 2>/dev/null)) tools/qga-tcp
SH_FILES := $(sort $(shell find .ci tests -type f -perm -u+x ! -name '*.py' 2>/dev/null))
LINTS := lint-format lint-layers lint-image lint-agent lint-python lint-shell lint-tidy-hosted \
    lint-tidy-kernel lint-tidy-machines lint-cppcheck lint-docs lint-compilers

lint: need-lint ## formatting, static analysis, layering, the image's shape, both compilers
	$(Q)rm -rf $(RESULTS)/lint-*
	$(Q)$(MAKE) --no-print-directory --keep-going $(LINTS) && echo "lint: no findings"
lint-format:
	$(Q)$(CHECK) $@ clang-format --dry-run --Werror $(C_FILES)
lint-layers: $(GENERATED)
	$(Q)$(CHECK) $@ $(PYTHON) tests/tools/check_layers.py
lint-image: kernels
	$(Q)$(CHECK) $@ $(PYTHON) tests/tools/check_image.py \
	    $(ARCHES:%=$(BUILD)/%/bare-qga.elf) $(wildcard $(BUILD)/*/bare-qga.img)
# What the agent asks of the world, once its own parts are joined: only libc's memory, strings and
# formatted output, and what the compiler calls on its own.
AGENT_OBJECTS := $(call objects,$(OUT)/obj,$(AGENT) $(GENERATED_C))
lint-agent: $(AGENT_OBJECTS)
	$(Q)$(CHECK) $@ tests/tools/check_undefined tests/tools/agent-may-use.txt $(AGENT_OBJECTS)
lint-python:
	$(Q)$(CHECK) $@ sh -c 'pyflakes3 $(PY_FILES) && $(PYTHON) tests/tools/check_python.py $(PY_FILES)'
lint-docs:
	$(Q)$(CHECK) $@ $(PYTHON) schema/generate.py docs --check
lint-shell:
	$(Q)$(CHECK) $@ shellcheck --severity=warning $(SH_FILES)
# One clang-tidy a file, two at a time: it is the slowest of all.
tidy = printf '%s\n' $(1) | xargs -P 2 -I{} sh -c 'clang-tidy --quiet {} -- $(2) 2>&1 || exit 1'
HOSTED_TIDY := $(AGENT) $(wildcard tests/hosted/*.c)
KERNEL_TIDY := $(filter-out $(AGENT) $(GENERATED_C) %.S,$(KERNEL_SOURCES))
lint-tidy-hosted: $(BEFORE_OBJECTS)
	$(Q)$(CHECK) $@ sh -c "$(call tidy,$(HOSTED_TIDY),-std=c11 $(HOSTED_CPPFLAGS))"
lint-tidy-kernel: $(BEFORE_OBJECTS) $(LIBC_READY) $(LWIP_READY)
	$(Q)$(CHECK) $@ sh -c "$(call tidy,$(KERNEL_TIDY),-std=c11 -ffreestanding $(KERNEL_CPPFLAGS))"
# What the other machines have of their own, as their own compiler flags have it read.
lint-tidy-machines: $(OTHER_ARCHES:%=lint-tidy-machine-%)
lint-tidy-machine-%: kernels
	$(Q)$(MAKE) --no-print-directory ARCH=$* lint-tidy-folders
lint-tidy-folders: $(BEFORE_OBJECTS) $(LIBC_READY) $(LWIP_READY)
	$(Q)$(CHECK) lint-tidy-$(ARCH) sh -c "$(call tidy,$(filter boot/$(ARCH)/% $(ARCH_FOLDERS:%=%/%),$(KERNEL_TIDY)),\
	    --target=$(ARCH)-linux-gnu -std=c11 -ffreestanding $(KERNEL_CPPFLAGS))"
lint-cppcheck: $(BEFORE_OBJECTS)
	$(Q)$(CHECK) $@ cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	    --inline-suppr --suppressions-list=tests/tools/cppcheck.txt --error-exitcode=1 \
	    -D__GNUC__=12 -D__x86_64__ -I. -Iagent $(ARCH_INCLUDE) -I$(GEN) -I$(BUILD)/include \
	    agent drivers net boot tests/hosted
# The other compiler must be as content as the one that builds everything else.
OTHER_CC := $(if $(is_clang),gcc,clang)
lint-compilers: kernels $(HOSTED)
	$(Q)$(CHECK) lint-build-with-$(OTHER_CC) $(MAKE) BUILD=$(BUILD)/$(OTHER_CC) SOURCES=$(SOURCES) \
	    CC=$(OTHER_CC) kernels hosted
.PHONY: lint $(LINTS)

# ---------------------------------------------------------------------------------------------
docs: docs/commands.md ## docs/commands.md, the command reference, from the schema
docs/commands.md: $(SCHEMA_SOURCES) | need-hosted
	$(call say,GEN,$@)
	$(Q)$(PYTHON) schema/generate.py docs --out $@
coverage-of: need-hosted ## SCHEMA=file: which commands of another schema exist here
	$(Q)test -n "$(SCHEMA)" || { echo "usage: make coverage-of SCHEMA=file.json"; exit 2; }
	$(Q)$(PYTHON) schema/generate.py coverage $(SCHEMA)
clean: ## remove everything that was made; what was fetched stays in build/sources
	$(Q)test ! -d $(BUILD) || find $(BUILD) -mindepth 1 -maxdepth 1 ! -path $(SOURCES) -exec rm -rf {} +
distclean: ## remove that too
	$(Q)rm -rf $(BUILD)
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
	    sed 's/$$(ARCH)/$(ARCH)/g' | \
	    while IFS=$$'\t' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done
.PHONY: docs coverage-of clean distclean help

-include $(shell find $(addprefix $(BUILD)/,$(ARCH) hosted hosted-asan unit fuzz) -name '*.d' 2>/dev/null)
