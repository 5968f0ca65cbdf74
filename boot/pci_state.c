/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers that firmware and hotplug have set: addresses, a bridge's buses and windows,
 * interrupt lines (PCI 3.0 §6.1, PCI-to-PCI Bridge 1.2 §3.2).  Of the ISA bridges of PC chipsets
 * also the interrupt routing (82371SB §4.1.8; ICH9 §13.1.17, §13.1.20), and where ICH9 has its ACPI
 * registers (§13.1.13, §13.1.14), which SeaBIOS 1.16 sets at a start but not after a sleep.
 */
#include "pci_state.h"

#include <errno.h>
#include <stdbool.h>

#include "pages.h"
#include "pci_hosts.h"

#define HEADER_FIRST     0x10u /* of the registers that are kept, in steps of four */
#define HEADER_WORDS     12u
#define COMMAND          0x04u
#define CLASS_ISA_BRIDGE 0x0601u

static const uint16_t isa_bridge_words[] = {0x40, 0x44, 0x60, 0x64, 0x68};
#define ISA_BRIDGE_WORDS (sizeof(isa_bridge_words) / sizeof(isa_bridge_words[0]))

struct saved_function {
    struct pci_function function;
    uint16_t command;
    uint32_t header[HEADER_WORDS];
    uint32_t isa_bridge[ISA_BRIDGE_WORDS];
};

struct saved_page {
    struct saved_page *next;
    size_t count;
    struct saved_function functions[(PAGE_SIZE - 16) / sizeof(struct saved_function)];
};
_Static_assert(sizeof(struct saved_page) <= PAGE_SIZE, "a page holds it");

static struct {
    struct saved_page *first;
    struct saved_page *last;
    bool failed;
} saved;

static struct saved_function *take_place(void)
{
    struct saved_page *page = saved.last;

    if (page == NULL || page->count == sizeof(page->functions) / sizeof(page->functions[0])) {
        page = page_alloc();
        if (page == NULL)
            return NULL;
        page->next = NULL;
        page->count = 0;
        if (saved.last == NULL)
            saved.first = page;
        else
            saved.last->next = page;
        saved.last = page;
    }
    return &page->functions[page->count++];
}

static void save(void *ctx, const struct pci_function *function)
{
    struct saved_function *place = take_place();

    (void)ctx;
    if (place == NULL) {
        saved.failed = true;
        return;
    }
    place->function = *function;
    place->command = pci_read16(function, COMMAND);
    for (uint16_t i = 0; i < HEADER_WORDS; i++)
        place->header[i] = pci_read32(function, (uint16_t)(HEADER_FIRST + 4 * i));
    for (size_t i = 0; function->class == CLASS_ISA_BRIDGE && i < ISA_BRIDGE_WORDS; i++)
        place->isa_bridge[i] = pci_read32(function, isa_bridge_words[i]);
}

static void restore(const struct saved_function *place)
{
    const struct pci_function *function = &place->function;

    for (uint16_t i = 0; i < HEADER_WORDS; i++)
        pci_write32(function, (uint16_t)(HEADER_FIRST + 4 * i), place->header[i]);
    for (size_t i = 0; function->class == CLASS_ISA_BRIDGE && i < ISA_BRIDGE_WORDS; i++)
        pci_write32(function, isa_bridge_words[i], place->isa_bridge[i]);
    pci_write16(function, COMMAND, place->command);
}

static void forget(void)
{
    while (saved.first != NULL) {
        struct saved_page *page = saved.first;

        saved.first = page->next;
        page_free(page);
    }
    saved.last = NULL;
    saved.failed = false;
}

int pci_state_save(void)
{
    uint32_t count;
    const struct pci_host *hosts = pci_hosts_get(&count);

    for (uint32_t i = 0; i < count; i++)
        pci_scan(&hosts[i], save, NULL);
    if (!saved.failed)
        return 0;
    forget();
    return -ENOMEM;
}

void pci_state_restore(void)
{
    for (const struct saved_page *page = saved.first; page != NULL; page = page->next) {
        for (size_t i = 0; i < page->count; i++)
            restore(&page->functions[i]);
    }
    forget();
}
