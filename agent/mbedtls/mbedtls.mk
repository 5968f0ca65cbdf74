# SPDX-License-Identifier: BSD-2-Clause
#
# SHA-256 out of Debian's source package of Mbed TLS: <mbedtls/sha256.h>, <mbedtls/platform_util.h>
# and <mbedtls/constant_time.h>, in an archive for each way of building, from which linking takes
# what is used.  The code is compiled as it is: its warnings are not ours to mend.

MBEDTLS := $(BUILD)/mbedtls
MBEDTLS_SHA256 := 3b4953aa55a681e084d31892d9904cc5328d6b4958ea57b90ae4b4f94ae69a8d
MBEDTLS_READY := $(MBEDTLS)/unpacked
MBEDTLS_OBJECTS := sha256.o constant_time.o platform_util.o

$(MBEDTLS_READY): agent/mbedtls/config.h agent/mbedtls/mbedtls.mk | need-source
	$(Q)tests/tools/fetch-source mbedtls $(MBEDTLS_SHA256) $(SOURCES)/mbedtls $(MBEDTLS)
	$(Q)cp $< $(MBEDTLS_INCLUDE)/mbedtls/config.h && touch $@

# $(call mbedtls_rules,folder,tools,compiler,flags,order): folder/libmbedtls.a; `flags` and `order`
# as the objects of that folder have them, less the list of headers, which come and go as one.
define mbedtls_rules
$(1)/mbedtls/%.o: $(MBEDTLS_READY) $(1)/flags $(5)
	$$(call say,CC,$(MBEDTLS)/library/$$*.c)
	$$(Q)mkdir -p $$(@D) && $(3) $$(filter-out -MMD -MP,$(4)) -w -c $(MBEDTLS)/library/$$*.c -o $$@
$(1)/libmbedtls.a: $(MBEDTLS_OBJECTS:%=$(1)/mbedtls/%)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $(2)ar rcs $$@ $$^
endef
$(eval $(call mbedtls_rules,$(OUT),$$(CROSS),$$(KERNEL_CC),$$(KERNEL_CPPFLAGS) $$(KERNEL_CFLAGS),$$(LIBC_READY)))
$(eval $(call mbedtls_rules,$(BUILD)/hosted,,$$(CC),$$(HOSTED_CPPFLAGS) $$(HOSTED_CFLAGS)))
$(eval $(call mbedtls_rules,$(BUILD)/hosted-asan,,$$(CC),$$(HOSTED_CPPFLAGS) $$(ASAN_CFLAGS)))
$(eval $(call mbedtls_rules,$(BUILD)/unit,,$$(CC),$$(UNIT_CPPFLAGS) $$(ASAN_CFLAGS)))
$(eval $(call mbedtls_rules,$(BUILD)/fuzz,,$$(FUZZ_CC),$$(UNIT_CPPFLAGS) $$(FUZZ_CFLAGS)))
