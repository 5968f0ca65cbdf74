/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user may say on the kernel command line (-append) and in the fw_cfg file
 * opt/bare-qga/cmdline, which is read after it and wins.  Words are separated by white space;
 * "quotes" hold one together; everything after a lone "--" is for nobody.
 */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_NAME_BYTES      128u
#define OPTIONS_HOSTNAME_BYTES  65u /* HOST_NAME_MAX of Linux plus the NUL */
#define OPTIONS_CRASH_BYTES     32u
#define OPTIONS_RPCS_BYTES      1280u /* the names of all commands fit */
#define OPTIONS_LAB_BYTES       48u
#define OPTIONS_VIRTIO_MMIO_MAX 64u

/* How guest-shutdown's powerdown ends the machine. */
enum options_poweroff {
    OPTIONS_POWEROFF_AUTO,       /* ACPI, else what the machine has */
    OPTIONS_POWEROFF_DEBUG_EXIT, /* isa-debug-exit, so that a test runner gets an exit code */
    OPTIONS_POWEROFF_RESET,      /* reset; with -no-reboot QEMU exits 0 */
    OPTIONS_POWEROFF_HALT        /* stop the processor and stay */
};

/* A virtio_mmio.device=SIZE@ADDRESS:IRQ item (microvm with acpi=off writes them). */
struct options_virtio_mmio {
    uint64_t address;
    uint64_t bytes;
    uint32_t irq;
};

/* net=dhcp, net=off, net=ADDRESS/PREFIX,gw=ADDRESS: how the guest gets its IPv4 address. */
enum options_net_mode { OPTIONS_NET_DHCP, OPTIONS_NET_OFF, OPTIONS_NET_STATIC };

struct options_net {
    enum options_net_mode mode;
    uint8_t address[4];
    uint8_t prefix_length;
    uint8_t gateway[4]; /* zeros: none */
    uint32_t services;  /* net.services=, of enum net_service (net/net.h) */
};

struct options {
    char agent_port[OPTIONS_NAME_BYTES];   /* agent.port= */
    uint16_t agent_tcp_port;               /* agent.tcp=, 0: no agent on TCP */
    bool agent_tcp_files;                  /* agent.tcp.allow=rw: guest-file-* on TCP */
    bool agent_tcp_danger;                 /* agent.tcp.allow=danger: everything else on TCP */
    char hostname[OPTIONS_HOSTNAME_BYTES]; /* hostname=, "" when not given */
    char crash[OPTIONS_CRASH_BYTES];       /* crash=, "" when not given: a death test */
    char block_rpcs[OPTIONS_RPCS_BYTES];   /* block-rpcs=, commands to disable */
    char allow_rpcs[OPTIONS_RPCS_BYTES];   /* allow-rpcs=, commands not to disable; "": all */
    char lab[OPTIONS_LAB_BYTES];           /* lab=, "" when not given: an experiment */
    uint32_t nic_log_seconds;              /* nic.log=, 0: no lines with counters */
    bool log;                              /* log=: whether the log reaches the serial line */
    enum options_poweroff poweroff;        /* poweroff= */
    uint16_t debug_exit_port;              /* debug-exit=, 0: look for it */
    uint64_t memory_bytes;                 /* memory=, the byte budget of files; 0: what there is */
    uint32_t virtio_mmio_count;
    struct options_virtio_mmio virtio_mmio[OPTIONS_VIRTIO_MMIO_MAX];
    struct options_net net;
    uint32_t refused; /* words that were unknown or malformed */
};

/* Every option as it is when nobody says anything. */
void options_init(struct options *options);
/*
 * Reads one command line (`length` bytes at `text`; `source` names it for messages) over *options.
 * Each word that is unknown or malformed is named on the log; afterwards one line lists the
 * options that exist.  Such words change nothing; the boot goes on.
 */
void options_parse(struct options *options, const char *text, size_t length, const char *source);

#endif
