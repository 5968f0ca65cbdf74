# SPDX-License-Identifier: BSD-2-Clause
#
# lwIP: TCP/IP in C, out of Debian's source package, compiled for $(ARCH) with what is in net/port/.
# The package is fetched once and stays in $(SOURCES), which `make clean` leaves alone; without a
# network, put the three files of the package there.

LWIP_SHA256 := 0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24
LWIP := $(BUILD)/lwip
LWIP_OUT := $(OUT)/lwip
LWIP_READY := $(LWIP)/unpacked
LWIP_INCLUDE := net/port $(LWIP)/src/include
LWIP_ARCHIVE := $(LWIP_OUT)/liblwip.a
LWIP_PORT := net/port/lwipopts.h net/port/lwip_hooks.h net/port/arch/cc.h

LWIP_SOURCES := $(addprefix core/,def inet_chksum init ip mem memp netif pbuf stats tcp tcp_in \
    tcp_out timeouts udp) $(addprefix core/ipv4/,dhcp etharp icmp ip4 ip4_addr ip4_frag) \
    $(addprefix core/ipv6/,ethip6 icmp6 ip6 ip6_addr ip6_frag mld6 nd6) netif/ethernet
LWIP_OBJECTS := $(LWIP_SOURCES:%=$(LWIP_OUT)/%.o)

# What each byte passes is made for speed.
LWIP_OPTIMIZE = -Oz
$(LWIP_OUT)/core/inet_chksum.o: LWIP_OPTIMIZE = -O2
# lwIP's code as it is: its warnings are not ours to mend.  It takes the address of a member of a
# null pointer and asks afterwards (src/core/ipv6/icmp6.c:icmp6_send_response).
LWIP_DIALECT := -w -fno-strict-aliasing -fno-delete-null-pointer-checks
LWIP_CFLAGS = -std=gnu11 -g $(LWIP_DIALECT) $(LWIP_OPTIMIZE) -ffreestanding -ffunction-sections -fdata-sections \
    -fno-asynchronous-unwind-tables $(ARCH_CFLAGS) -nostdinc \
    $(LIBC_INCLUDE:%=-isystem %) $(LWIP_INCLUDE:%=-isystem %) $(compiler_include:%=-isystem %)

$(LWIP_READY): tests/tools/fetch-source | need-source
	$(Q)tests/tools/fetch-source lwip $(LWIP_SHA256) $(SOURCES)/lwip $(LWIP)
	$(Q)touch $@
$(LWIP_OUT)/%.o: $(LWIP_READY) $(LIBC_READY) $(OUT)/flags net/lwip.mk $(LWIP_PORT)
	$(call say,LWIP,$(@:$(LWIP_OUT)/%.o=%.c))
	$(Q)mkdir -p $(@D) && $(KERNEL_CC) $(LWIP_CFLAGS) -c $(LWIP)/src/$*.c -o $@
# What comes by -isystem is in no dependency file.
$(patsubst %.c,$(OUT)/obj/%.o,$(wildcard net/*.c)): $(LWIP_PORT)
$(LWIP_ARCHIVE): $(LWIP_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $^

# The same for the fuzz target, with its sanitizers.
LWIP_FUZZ := $(BUILD)/fuzz/lwip
$(LWIP_FUZZ)/%.o: $(LWIP_READY) $(BUILD)/fuzz/flags net/lwip.mk $(LWIP_PORT) | need-fuzz
	$(call say,LWIP,$(@:$(LWIP_FUZZ)/%.o=%.c))
	$(Q)mkdir -p $(@D) && $(FUZZ_CC) $(FUZZ_CFLAGS) $(LWIP_DIALECT) -fno-sanitize=null $(LWIP_INCLUDE:%=-isystem %) \
	    -c $(LWIP)/src/$*.c -o $@
$(BUILD)/fuzz/fuzz_network: $(LWIP_SOURCES:%=$(LWIP_FUZZ)/%.o)
