/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_platform.h. */
#include "tests/fake/fake_platform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/clock.h"
#include "drivers/dma.h"
#include "drivers/irq.h"
#include "drivers/klog.h"

#define PAGE 4096u

/* --- DMA memory ----------------------------------------------------------------------------- */

struct block {
    struct block *next;
    uint8_t *memory;
    size_t bytes;
    uint64_t bus_address;
};

static struct block *blocks;
static uint64_t next_bus_address = FAKE_DMA_START;
unsigned int fake_dma_live;
int fake_dma_budget = -1;

void *dma_alloc(size_t bytes)
{
    if (fake_dma_budget == 0)
        return NULL;
    if (fake_dma_budget > 0)
        fake_dma_budget--;
    bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    struct block *block = malloc(sizeof(*block));
    uint8_t *memory = aligned_alloc(PAGE, bytes);
    if (block == NULL || memory == NULL)
        abort();
    memset(memory, 0, bytes);
    *block = (struct block){
        .next = blocks, .memory = memory, .bytes = bytes, .bus_address = next_bus_address};
    next_bus_address += bytes + PAGE;
    blocks = block;
    fake_dma_live++;
    return memory;
}

void dma_free(void *memory, size_t bytes)
{
    bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    for (struct block **at = &blocks; *at != NULL; at = &(*at)->next) {
        struct block *block = *at;
        if (block->memory != memory)
            continue;
        if (block->bytes != bytes)
            abort(); /* freed with another size */
        *at = block->next;
        free(block->memory);
        free(block);
        if (--fake_dma_live == 0)
            next_bus_address = FAKE_DMA_START;
        return;
    }
    abort(); /* freed twice, or never allocated */
}

uint64_t dma_addr(const void *memory)
{
    uintptr_t address = (uintptr_t)memory;
    for (const struct block *block = blocks; block != NULL; block = block->next) {
        uintptr_t start = (uintptr_t)block->memory;
        if (address >= start && address - start < block->bytes)
            return block->bus_address + (address - start);
    }
    abort(); /* not memory for devices */
}

void *fake_dma_pointer(uint64_t address, size_t bytes)
{
    for (const struct block *block = blocks; block != NULL; block = block->next) {
        uint64_t offset = address - block->bus_address;
        if (address >= block->bus_address && offset <= block->bytes &&
            bytes <= block->bytes - offset)
            return block->memory + offset;
    }
    return NULL;
}

void fake_dma_reset(void)
{
    while (blocks != NULL)
        dma_free(blocks->memory, blocks->bytes);
    fake_dma_budget = -1;
    next_bus_address = FAKE_DMA_START;
}

/* --- time ----------------------------------------------------------------------------------- */

uint64_t fake_clock_step_ns = 1000000;

uint64_t clock_monotonic_ns(void)
{
    static uint64_t now;
    now += fake_clock_step_ns;
    return now;
}

/* --- interrupts ----------------------------------------------------------------------------- */

int fake_irq_message_result;
int fake_irq_line_result;
unsigned int fake_irq_messages_held;
unsigned int fake_irq_lines_held;
uint32_t fake_irq_last_gsi;
static void (*line_acknowledge)(void *ctx);
static void *line_ctx;

int irq_message_request(struct irq_message *message)
{
    if (fake_irq_message_result != 0)
        return fake_irq_message_result;
    fake_irq_messages_held++;
    *message = (struct irq_message){.address = UINT64_C(0x1fee00000), .data = 0x41};
    return 0;
}

void irq_message_release(const struct irq_message *message)
{
    (void)message;
    fake_irq_messages_held--;
}

int irq_line_request(uint32_t gsi, int level_triggered, int active_low,
                     void (*acknowledge)(void *ctx), void *ctx)
{
    (void)level_triggered;
    (void)active_low;
    if (fake_irq_line_result != 0)
        return fake_irq_line_result;
    fake_irq_lines_held++;
    fake_irq_last_gsi = gsi;
    line_acknowledge = acknowledge;
    line_ctx = ctx;
    return 0;
}

void irq_line_release(uint32_t gsi, void *ctx)
{
    (void)gsi;
    (void)ctx;
    fake_irq_lines_held--;
    line_acknowledge = NULL;
}

void fake_irq_raise(void)
{
    if (line_acknowledge != NULL)
        line_acknowledge(line_ctx);
}

/* --- the log -------------------------------------------------------------------------------- */

unsigned int fake_log_lines;
char fake_log_last[256];

void klog(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fake_log_last, sizeof(fake_log_last), format, arguments);
    va_end(arguments);
    fake_log_lines++;
}
