/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel options: a table of names, each with the form of its value and the function that checks
 * and stores it.  A new option is a row here, a field in options.h and a line in the README.
 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/klog.h"

#define OPTIONS_WORD_BYTES (OPTIONS_RPCS_BYTES + 32u)
#define OPTIONS_LIST_BYTES 200u

/* I/O space of x86. */
#define OPTIONS_PORT_MAX 0xffffu

/* A day. */
#define OPTIONS_NIC_LOG_MAX 86400u

/* ISA and I/O APIC lines; the largest that microvm hands out is 47. */
#define OPTIONS_IRQ_MAX 1023u

/* Reads digits in base 10, or 16 after "0x"; *end is the first character after them. */
static bool read_number(const char *text, const char **end, uint64_t *value)
{
    unsigned int base = 10;
    uint64_t number = 0;
    const char *start;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    for (start = text;; text++) {
        unsigned int digit;

        if (*text >= '0' && *text <= '9')
            digit = (unsigned int)(*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            digit = (unsigned int)(*text - 'a') + 10;
        else if (*text >= 'A' && *text <= 'F')
            digit = (unsigned int)(*text - 'A') + 10;
        else
            break;
        if (digit >= base)
            break;
        if (number > (UINT64_MAX - digit) / base)
            return false;
        number = number * base + digit;
    }
    *end = text;
    *value = number;
    return text != start;
}

/* A number with an optional K, M or G for powers of 1024. */
static bool read_size(const char *text, const char **end, uint64_t *value)
{
    static const char suffixes[] = "KkMmGg";
    const char *suffix;
    unsigned int shift;

    if (!read_number(text, end, value))
        return false;
    suffix = **end != '\0' ? strchr(suffixes, **end) : NULL;
    if (suffix == NULL)
        return true;
    shift = 10 * ((unsigned int)(suffix - suffixes) / 2 + 1);
    if (*value > UINT64_MAX >> shift)
        return false;
    *value <<= shift;
    (*end)++;
    return true;
}

static int copy_text(char *field, size_t capacity, const char *value)
{
    size_t length = strlen(value);

    if (length == 0 || length >= capacity)
        return -EINVAL;
    memcpy(field, value, length + 1);
    return 0;
}

static int set_agent_port(struct options *options, const char *value)
{
    return copy_text(options->agent_port, sizeof(options->agent_port), value);
}

static int set_agent_tcp(struct options *options, const char *value)
{
    const char *end;
    uint64_t port;

    if (!read_number(value, &end, &port) || *end != '\0' || port == 0 || port > UINT16_MAX)
        return -EINVAL;
    options->agent_tcp_port = (uint16_t)port;
    return 0;
}

/* Words with commas between them; each says all of what it permits. */
static int set_agent_tcp_allow(struct options *options, const char *value)
{
    bool files = false, danger = false;

    for (;;) {
        size_t length = strcspn(value, ",");

        if (length == 2 && memcmp(value, "rw", 2) == 0)
            files = true;
        else if (length == 6 && memcmp(value, "danger", 6) == 0)
            danger = true;
        else if (length != 2 || memcmp(value, "ro", 2) != 0)
            return -EINVAL;
        if (value[length] == '\0')
            break;
        value += length + 1;
    }
    options->agent_tcp_files = files;
    options->agent_tcp_danger = danger;
    return 0;
}

static int set_hostname(struct options *options, const char *value)
{
    /* RFC 1123 §2.1, and the dots of a fully qualified one. */
    if (value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")] !=
        '\0')
        return -EINVAL;
    return copy_text(options->hostname, sizeof(options->hostname), value);
}

static int set_crash(struct options *options, const char *value)
{
    return copy_text(options->crash, sizeof(options->crash), value);
}

/* Behind the list that is there already, as qemu-ga does when an option is given twice. */
static int add_list(char *field, size_t capacity, const char *value)
{
    size_t used = strlen(field);
    size_t comma = used > 0 ? 1 : 0;

    if (used + comma >= capacity || copy_text(field + used + comma, capacity - used - comma, value))
        return -EINVAL;
    if (comma != 0)
        field[used] = ',';
    return 0;
}

static int add_block_rpcs(struct options *options, const char *value)
{
    return add_list(options->block_rpcs, sizeof(options->block_rpcs), value);
}

static int add_allow_rpcs(struct options *options, const char *value)
{
    return add_list(options->allow_rpcs, sizeof(options->allow_rpcs), value);
}

static int set_lab(struct options *options, const char *value)
{
    return copy_text(options->lab, sizeof(options->lab), value);
}

static int set_nic_log(struct options *options, const char *value)
{
    const char *end;
    uint64_t seconds;

    if (!read_number(value, &end, &seconds) || *end != '\0' || seconds > OPTIONS_NIC_LOG_MAX)
        return -EINVAL;
    options->nic_log_seconds = (uint32_t)seconds;
    return 0;
}

static int set_log(struct options *options, const char *value)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return -EINVAL;
    options->log = strcmp(value, "on") == 0;
    return 0;
}

static int set_poweroff(struct options *options, const char *value)
{
    static const char *const names[] = {
        [OPTIONS_POWEROFF_AUTO] = "auto",
        [OPTIONS_POWEROFF_DEBUG_EXIT] = "debug-exit",
        [OPTIONS_POWEROFF_RESET] = "reset",
        [OPTIONS_POWEROFF_HALT] = "halt",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i]) == 0) {
            options->poweroff = (enum options_poweroff)i;
            return 0;
        }
    }
    return -EINVAL;
}

static int set_debug_exit(struct options *options, const char *value)
{
    const char *end;
    uint64_t port;

    if (!read_number(value, &end, &port) || *end != '\0' || port == 0 || port > OPTIONS_PORT_MAX)
        return -EINVAL;
    options->debug_exit_port = (uint16_t)port;
    return 0;
}

static int set_memory(struct options *options, const char *value)
{
    const char *end;
    uint64_t bytes;

    if (!read_size(value, &end, &bytes) || *end != '\0' || bytes == 0)
        return -EINVAL;
    options->memory_bytes = bytes;
    return 0;
}

/* SIZE@ADDRESS:IRQ, as Linux reads it (Documentation/admin-guide/kernel-parameters). */
static int add_virtio_mmio(struct options *options, const char *value)
{
    struct options_virtio_mmio *device = &options->virtio_mmio[options->virtio_mmio_count];
    uint64_t bytes, address, irq;
    const char *end;

    if (!read_size(value, &end, &bytes) || *end != '@' || !read_number(end + 1, &end, &address) ||
        *end != ':' || !read_number(end + 1, &end, &irq) || *end != '\0' || bytes == 0 ||
        irq > OPTIONS_IRQ_MAX || address > UINT64_MAX - bytes)
        return -EINVAL;
    if (options->virtio_mmio_count == OPTIONS_VIRTIO_MMIO_MAX)
        return -ENOSPC;
    device->address = address;
    device->bytes = bytes;
    device->irq = (uint32_t)irq;
    options->virtio_mmio_count++;
    return 0;
}

/* Four numbers with dots between them (RFC 6943 §3.1.1, the strict form). */
static bool read_ipv4(const char *text, const char **end, uint8_t address[4])
{
    for (size_t i = 0; i < 4; i++) {
        unsigned int number = 0;
        size_t digits = 0;

        if (i != 0 && *text++ != '.')
            return false;
        for (; *text >= '0' && *text <= '9' && digits < 3; digits++)
            number = 10 * number + (unsigned int)(*text++ - '0');
        if (digits == 0 || number > 255)
            return false;
        address[i] = (uint8_t)number;
    }
    *end = text;
    return true;
}

/* A host's own address: neither 0.… nor 127.…, and below the groups of 224.… */
static bool is_host(const uint8_t address[4])
{
    return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

static int set_net(struct options *options, const char *value)
{
    struct options_net net = options->net;
    uint64_t prefix;
    const char *end;

    if (strcmp(value, "dhcp") == 0 || strcmp(value, "off") == 0) {
        options->net.mode = value[0] == 'd' ? OPTIONS_NET_DHCP : OPTIONS_NET_OFF;
        return 0;
    }
    memset(net.gateway, 0, sizeof(net.gateway));
    if (!read_ipv4(value, &end, net.address) || *end != '/' ||
        !read_number(end + 1, &end, &prefix) || prefix == 0 || prefix > 32 || !is_host(net.address))
        return -EINVAL;
    if (*end != '\0' && (strncmp(end, ",gw=", 4) != 0 || !read_ipv4(end + 4, &end, net.gateway) ||
                         *end != '\0' || !is_host(net.gateway)))
        return -EINVAL;
    net.mode = OPTIONS_NET_STATIC;
    net.prefix_length = (uint8_t)prefix;
    options->net = net;
    return 0;
}

static int set_net_services(struct options *options, const char *value)
{
    static const char *const names[] = {"echo", "discard", "chargen"};
    uint32_t services = 0;

    for (size_t i = 0; *value != '\0'; i++) {
        size_t length = i < 3 ? strlen(names[i]) : 0;

        if (length == 0)
            return -EINVAL;
        if (strncmp(value, names[i], length) != 0 ||
            (value[length] != ',' && value[length] != '\0'))
            continue;
        services |= UINT32_C(1) << i;
        value += length;
        if (*value == ',' && *++value == '\0')
            return -EINVAL;
        i = SIZE_MAX; /* the next word, from the first name on */
    }
    options->net.services = services;
    return services != 0 ? 0 : -EINVAL;
}

static const struct option {
    const char *name;
    const char *form;
    int (*set)(struct options *options, const char *value);
} option_table[] = {
    {"agent.port", "NAME", set_agent_port},
    {"agent.tcp", "PORT", set_agent_tcp},
    {"agent.tcp.allow", "ro|rw|danger|rw,danger", set_agent_tcp_allow},
    {"hostname", "NAME", set_hostname},
    {"block-rpcs", "NAME,...", add_block_rpcs},
    {"allow-rpcs", "NAME,...", add_allow_rpcs},
    {"memory", "SIZE[K|M|G]", set_memory},
    {"log", "on|off", set_log},
    {"poweroff", "auto|debug-exit|reset|halt", set_poweroff},
    {"debug-exit", "PORT", set_debug_exit},
    {"nic.log", "SECONDS", set_nic_log},
    {"lab", "e1000[:CVE]", set_lab},
    {"net", "dhcp|off|ADDRESS/PREFIX[,gw=ADDRESS]", set_net},
    {"net.services", "echo,discard,chargen", set_net_services},
    {"crash", "TEST", set_crash},
    {"virtio_mmio.device", "SIZE@ADDRESS:IRQ", add_virtio_mmio},
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))

void options_init(struct options *options)
{
    memset(options, 0, sizeof(*options));
    (void)copy_text(options->agent_port, sizeof(options->agent_port), "org.qemu.guest_agent.0");
    options->log = true;
}

static const struct option *find_option(const char *word, size_t name_length)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(option_table[i].name) == name_length &&
            memcmp(option_table[i].name, word, name_length) == 0)
            return &option_table[i];
    }
    return NULL;
}

static void set_option(struct options *options, const char *word, const char *source)
{
    size_t name_length = strcspn(word, "=");
    const struct option *option = find_option(word, name_length);

    if (option == NULL) {
        klog("%s: unknown option \"%s\"", source, word);
    } else if (word[name_length] == '\0') {
        klog("%s: option \"%s\" needs a value: %s=%s", source, word, option->name, option->form);
    } else if (option->set(options, word + name_length + 1) < 0) {
        klog("%s: bad value in \"%s\", expected %s=%s", source, word, option->name, option->form);
    } else {
        return;
    }
    options->refused++;
}

/* In lines that the log does not cut. */
static void list_options(void)
{
    const char *prefix = "options are:";
    char list[OPTIONS_LIST_BYTES];
    size_t used = 0;

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_table[i];

        if (used + strlen(option->name) + strlen(option->form) + 3 > sizeof(list)) {
            klog("%s%s", prefix, list);
            prefix = "and:";
            used = 0;
        }
        used += (size_t)snprintf(list + used, sizeof(list) - used, " %s=%s", option->name,
                                 option->form);
    }
    klog("%s%s", prefix, list);
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/*
 * Takes the next word out of *text, quotes removed, and cut to the buffer (a cut word is longer
 * than any option and will be refused).  Returns false at the end.
 */
static bool next_word(const char **text, const char *end, char word[OPTIONS_WORD_BYTES])
{
    const char *at = *text;
    bool quoted = false;
    size_t length = 0;

    while (at < end && is_space(*at))
        at++;
    if (at == end || *at == '\0')
        return false;
    for (; at < end && *at != '\0' && (quoted || !is_space(*at)); at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (length < OPTIONS_WORD_BYTES - 1)
            word[length++] = *at;
    }
    word[length] = '\0';
    *text = at;
    return true;
}

void options_parse(struct options *options, const char *text, size_t length, const char *source)
{
    const char *end = text + length;
    uint32_t refused = options->refused;
    char word[OPTIONS_WORD_BYTES];

    while (next_word(&text, end, word) && strcmp(word, "--") != 0)
        set_option(options, word, source);
    if (options->refused != refused)
        list_options();
}
