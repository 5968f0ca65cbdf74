/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Advanced Interrupt Architecture (RISC-V AIA 1.0): an APLIC (§4), which takes lines, and
 * tells the hart directly or by messages through the hart's IMSIC (§3), which also takes those of
 * devices.
 */
#include <arch/mmio.h>

#include <errno.h>
#include <stddef.h>

#include "aia.h"
#include "boot/platform.h"
#include "boot/virt/virt.h"
#include "entry.h"
#include "sbi.h"

/* §4.5 */
#define APLIC_DOMAIN_CONFIG     0x0000u
#define APLIC_DOMAIN_ENABLE     0x100u
#define APLIC_DOMAIN_MESSAGES   0x004u
#define APLIC_SOURCE_CONFIG     0x0004u /* of source 1 */
#define APLIC_SOURCE_DELEGATE   (1u << 10)
#define APLIC_SOURCE_RISING     4u
#define APLIC_SOURCE_HIGH       6u
#define APLIC_MACHINE_MESSAGES  0x1bc0u /* mmsiaddrcfg and its upper half: also of all harts */
#define APLIC_MESSAGES          0x1bc8u /* smsiaddrcfg */
#define APLIC_SET_PENDING       0x1cdcu
#define APLIC_SET_ENABLE        0x1edcu
#define APLIC_CLEAR_ENABLE      0x1fdcu
#define APLIC_TARGET            0x3004u /* of source 1 */
#define APLIC_TARGET_HART_SHIFT 18
#define APLIC_IDC               0x4000u /* one for each hart, §4.8.1 */
#define APLIC_IDC_BYTES         32u
#define APLIC_IDC_DELIVERY      0x00u
#define APLIC_IDC_THRESHOLD     0x08u
#define APLIC_IDC_CLAIM         0x1cu
#define APLIC_BYTES             0x8000u
#define APLIC_LINE_END          1024u
#define CLAIM_NUMBER_SHIFT      16

/* §3.8: behind siselect and sireg. */
#define IMSIC_PAGE_BYTES 0x1000u
#define IMSIC_DELIVERY   0x70u
#define IMSIC_THRESHOLD  0x72u
#define IMSIC_ENABLE     0xc0u

/* Messages carry the number of their line, those of devices the numbers above all lines of
 * QEMU's board. */
#define LINE_MESSAGES_END 128u
#define MESSAGES_END      192u

static struct {
    volatile uint8_t *registers;
    volatile uint8_t *idc; /* NULL: by messages */
    uint32_t hart;
    volatile uint8_t *parent; /* the domain above, if lines are ours to delegate */
    uint32_t child;           /* our number there */
} aia;

static void imsic_write(uint32_t number, uint64_t clear, uint64_t set)
{
    uint64_t value;

    __asm__ volatile("csrw 0x150, %1\n\tcsrr %0, 0x151" : "=r"(value) : "r"((uint64_t)number));
    __asm__ volatile("csrw 0x151, %0" : : "r"((value & ~clear) | set) : "memory");
}

static void imsic_enable(uint32_t message, bool on)
{
    uint64_t bit = UINT64_C(1) << message % 64;

    imsic_write(IMSIC_ENABLE + message / 64 * 2, on ? 0 : bit, on ? bit : 0);
}

/* Whether it is the number of a device's message. */
static bool is_message(uint32_t line)
{
    return aia.idc == NULL && line >= LINE_MESSAGES_END;
}

static int aplic_enable(uint32_t line, bool level_triggered)
{
    volatile uint8_t *config = aia.registers + APLIC_SOURCE_CONFIG + (line - 1) * 4;
    uint32_t mode = level_triggered ? APLIC_SOURCE_HIGH : APLIC_SOURCE_RISING;

    if (line == 0 || line >= (aia.idc != NULL ? APLIC_LINE_END : MESSAGES_END))
        return -EINVAL;
    if (is_message(line)) {
        imsic_enable(line, true);
        return 0;
    }
    /* Where no firmware has done it: from the domain of machine mode down to ours (§4.5.2). */
    if (aia.parent != NULL)
        mmio_write32(aia.parent + APLIC_SOURCE_CONFIG + (line - 1) * 4,
                     APLIC_SOURCE_DELEGATE | aia.child);
    mmio_write32(config, mode);
    if (mmio_read32(config) != mode) /* there is no such line */
        return -EINVAL;
    mmio_write32(aia.registers + APLIC_TARGET + (line - 1) * 4,
                 aia.hart << APLIC_TARGET_HART_SHIFT | (aia.idc != NULL ? 1 : line));
    if (aia.idc == NULL)
        imsic_enable(line, true);
    mmio_write32(aia.registers + APLIC_SET_ENABLE, line);
    return 0;
}

static void aplic_disable(uint32_t line)
{
    if (is_message(line))
        imsic_enable(line, false);
    else
        mmio_write32(aia.registers + APLIC_CLEAR_ENABLE, line);
}

static void aplic_handle(void (*handle)(uint32_t line))
{
    for (uint32_t i = 0; i < APLIC_LINE_END; i++) {
        uint32_t line = mmio_read32(aia.idc + APLIC_IDC_CLAIM) >> CLAIM_NUMBER_SHIFT;

        if (line == 0)
            return;
        handle(line);
    }
}

static void imsic_handle(void (*handle)(uint32_t line))
{
    for (uint32_t i = 0; i < APLIC_LINE_END; i++) {
        uint64_t top;

        __asm__ volatile("csrrw %0, 0x15c, zero" : "=r"(top) : : "memory"); /* stopei */
        if (top == 0)
            return;
        uint32_t message = (uint32_t)(top >> CLAIM_NUMBER_SHIFT);
        if (is_message(message))
            continue;
        handle(message);
        /* A level that is still there has sent its only message (§4.9.2). */
        mmio_write32(aia.registers + APLIC_SET_PENDING, message);
    }
}

/*
 * Without firmware lines are machine mode's, and nobody has told the APLIC where messages go
 * (§4.5.3, §4.5.4).  There is one hart that takes them, so its number adds nothing to the address
 * of its page.
 */
static bool take_over(const struct machine_irq_controller *controller)
{
    uint64_t page = controller->cpu_address / IMSIC_PAGE_BYTES;

    aia.parent = mmio_map(controller->parent_address, APLIC_BYTES);
    aia.child = controller->child;
    if (aia.parent == NULL)
        return false;
    if (controller->cpu_address != 0) {
        mmio_write32(aia.parent + APLIC_MACHINE_MESSAGES + 4, 0);
        mmio_write32(aia.parent + APLIC_MESSAGES, (uint32_t)page);
        mmio_write32(aia.parent + APLIC_MESSAGES + 4, (uint32_t)(page >> 32));
    }
    return true;
}

int aia_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip)
{
    bool direct = controller->cpu_address == 0;

    if (sbi_call(SBI_BASE, SBI_BASE_VERSION, 0, 0) < 0 && !take_over(controller))
        return -ENODEV;
    aia.registers = mmio_map(controller->address, APLIC_BYTES);
    aia.hart = controller->context;
    if (aia.registers == NULL ||
        (direct && aia.hart >= (APLIC_BYTES - APLIC_IDC) / APLIC_IDC_BYTES))
        return -ENODEV;
    *chip = (struct virt_irq_chip){.enable = aplic_enable, .disable = aplic_disable};
    if (direct) {
        aia.idc = aia.registers + APLIC_IDC + aia.hart * APLIC_IDC_BYTES;
        mmio_write32(aia.idc + APLIC_IDC_THRESHOLD, 0);
        mmio_write32(aia.idc + APLIC_IDC_DELIVERY, 1);
        chip->handle = aplic_handle;
    } else {
        imsic_write(IMSIC_THRESHOLD, UINT64_MAX, 0);
        imsic_write(IMSIC_DELIVERY, UINT64_MAX, 1);
        chip->handle = imsic_handle;
        chip->message_address = controller->cpu_address;
        chip->message_first = LINE_MESSAGES_END;
        chip->message_count = MESSAGES_END - LINE_MESSAGES_END;
    }
    mmio_write32(aia.registers + APLIC_DOMAIN_CONFIG,
                 APLIC_DOMAIN_ENABLE | (direct ? 0 : APLIC_DOMAIN_MESSAGES));
    return 0;
}
