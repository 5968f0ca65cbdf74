/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller, a GICv2 or a GICv3, and the virtual timer of the architecture.  A GICv3
 * takes messages through tables in memory (ITS); devices fall back to their lines there.
 */
#include <arch/mmio.h>

#include <errno.h>
#include <stddef.h>

#include "boot/platform.h"
#include "boot/virt/virt.h"
#include "gic.h"

/* Arm BSA §3.8.1: the interrupt of the EL1 virtual timer. */
#define TIMER_LINE    27u
#define TIMER_ENABLE  1u
#define LOOKS_MAX     1000000u
#define AFFINITY_MASK UINT64_C(0xff00ffffff)

/* A system register by its name. */
#define system_read(name)                                                                          \
    __extension__({                                                                                \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_) : : "memory");                             \
        value_;                                                                                    \
    })
#define system_write(name, value)                                                                  \
    __asm__ volatile("msr " name ", %0\n\tisb" : : "r"((uint64_t)(value)) : "memory")

static struct {
    volatile uint8_t *distributor;
    volatile uint8_t *cpu;           /* GICv2 */
    volatile uint8_t *redistributor; /* GICv3: the frame of the processor's own interrupts */
    uint32_t line_end;
} gic;

/* A processor's own interrupts are the redistributor's in a GICv3. */
static volatile uint8_t *bank_of(uint32_t line)
{
    return line < GIC_SPI_FIRST && gic.redistributor != NULL ? gic.redistributor : gic.distributor;
}

static void set_bit(uint32_t offset, uint32_t line)
{
    mmio_write32(bank_of(line) + offset + line / 32 * 4, 1u << line % 32);
}

static void distributor_control(uint32_t value)
{
    mmio_write32(gic.distributor + GICD_CTLR, value);
    for (uint32_t i = 0; i < LOOKS_MAX; i++) {
        if ((mmio_read32(gic.distributor + GICD_CTLR) & GICD_CTLR_PENDING) == 0)
            return;
    }
}

static int gic_enable(uint32_t line, bool level_triggered)
{
    volatile uint8_t *bank = bank_of(line);
    uint32_t shift = line % 16 * 2;

    if (line < GIC_SPI_FIRST / 2 || line >= gic.line_end)
        return -EINVAL;
    if (line >= GIC_SPI_FIRST) {
        volatile uint8_t *config = bank + GIC_ICFGR + line / 16 * 4;
        uint32_t others = mmio_read32(config) & ~(3u << shift);

        mmio_write32(config, others | (level_triggered ? 0 : GIC_ICFGR_EDGE << shift));
        if (gic.redistributor != NULL)
            mmio_write64(bank + GICD_IROUTER + line * 8, system_read("mpidr_el1") & AFFINITY_MASK);
        else
            mmio_write8(bank + GICD_ITARGETSR + line, mmio_read8(gic.distributor + GICD_ITARGETSR));
    }
    if (gic.redistributor != NULL) {
        volatile uint8_t *group = bank + GIC_IGROUPR + line / 32 * 4;

        mmio_write32(group, mmio_read32(group) | 1u << line % 32);
    }
    mmio_write8(bank + GIC_IPRIORITYR + line, GIC_PRIORITY);
    set_bit(GIC_ICPENDR, line);
    set_bit(GIC_ISENABLER, line);
    return 0;
}

static void gic_disable(uint32_t line)
{
    set_bit(GIC_ICENABLER, line);
}

/* --- the two kinds --------------------------------------------------------------------------- */

static int start_v2(const struct machine_irq_controller *controller)
{
    gic.cpu = mmio_map(controller->cpu_address, GICC_BYTES);
    if (gic.cpu == NULL)
        return -ENODEV;
    mmio_write32(gic.distributor + GICD_CTLR, GICD_CTLR_GROUP0);
    mmio_write32(gic.cpu + GICC_PMR, GIC_PRIORITY_LEAST);
    mmio_write32(gic.cpu + GICC_CTLR, GICD_CTLR_GROUP0);
    return 0;
}

/* The redistributor that says our affinity; they follow one another. */
static volatile uint8_t *find_redistributor(const struct machine_irq_controller *controller)
{
    uint64_t affinity = system_read("mpidr_el1") & AFFINITY_MASK;
    uint64_t packed = (affinity >> 32 & 0xff) << 24 | (affinity & 0xffffff);

    for (uint64_t at = 0; at < controller->cpu_bytes; at += GICR_FRAMES_BYTES) {
        volatile uint8_t *frames = mmio_map(controller->cpu_address + at, GICR_FRAMES_BYTES);
        uint64_t type = frames != NULL ? mmio_read64(frames + GICR_TYPER) : GICR_TYPER_LAST;

        if (frames != NULL && type >> 32 == packed)
            return frames;
        if ((type & GICR_TYPER_LAST) != 0)
            break;
        if ((type & GICR_TYPER_VIRTUAL_LPIS) != 0)
            at += GICR_FRAMES_BYTES;
    }
    return NULL;
}

static int start_v3(const struct machine_irq_controller *controller)
{
    volatile uint8_t *frames = find_redistributor(controller);

    if (frames == NULL)
        return -ENODEV;
    system_write(ICC_SRE_EL1, system_read(ICC_SRE_EL1) | 1);
    if ((system_read(ICC_SRE_EL1) & 1) == 0)
        return -ENODEV;
    mmio_write32(frames + GICR_WAKER, mmio_read32(frames + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    for (uint32_t i = 0; i < LOOKS_MAX; i++) {
        if ((mmio_read32(frames + GICR_WAKER) & GICR_WAKER_ASLEEP) == 0)
            break;
    }
    gic.redistributor = frames + GICR_SGI_FRAME;
    /* Affinity routing may change only while the groups are off (IHI 0069H §12.9.4). */
    distributor_control(0);
    distributor_control(GICD_CTLR_AFFINITY);
    distributor_control(GICD_CTLR_AFFINITY | GICD_CTLR_GROUP1);
    system_write(ICC_PMR_EL1, GIC_PRIORITY_LEAST);
    system_write(ICC_IGRPEN1_EL1, 1);
    return 0;
}

static void gic_handle(void (*handle)(uint32_t line))
{
    /* Each round completes one; a line that stays up comes again after the next sleep. */
    for (uint32_t i = 0; i < GIC_LINE_END; i++) {
        uint32_t line =
            gic.cpu != NULL ? mmio_read32(gic.cpu + GICC_IAR) : (uint32_t)system_read(ICC_IAR1_EL1);

        if ((line & GIC_LINE_MASK) >= GIC_LINE_END)
            return;
        handle(line & GIC_LINE_MASK);
        if (gic.cpu != NULL)
            mmio_write32(gic.cpu + GICC_EOIR, line);
        else
            system_write(ICC_EOIR1_EL1, line);
    }
}

int arch_irq_chip_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip)
{
    int error = -ENODEV;

    gic.distributor = mmio_map(controller->address, GIC_DISTRIBUTOR_BYTES);
    if (gic.distributor == NULL)
        return -ENODEV;
    if (controller->kind == MACHINE_IRQ_GICV2)
        error = start_v2(controller);
    else if (controller->kind == MACHINE_IRQ_GICV3)
        error = start_v3(controller);
    if (error != 0)
        return error;
    gic.line_end = ((mmio_read32(gic.distributor + GICD_TYPER) & GICD_TYPER_LINES) + 1) * 32;
    if (gic.line_end > GIC_LINE_END)
        gic.line_end = GIC_LINE_END;
    *chip =
        (struct virt_irq_chip){.enable = gic_enable, .disable = gic_disable, .handle = gic_handle};
    return 0;
}

/* The timer's interrupt comes through the controller. */
bool arch_interrupts_open(const struct virt_irq_chip *chip)
{
    return chip->enable(TIMER_LINE, true) == 0;
}

/* --- the timer ------------------------------------------------------------------------------- */

uint64_t arch_counter(void)
{
    __asm__ volatile("isb" ::: "memory"); /* not earlier than what stands before (D11.2.3) */
    return system_read("cntvct_el0");
}

uint64_t arch_counter_hz(void)
{
    return system_read("cntfrq_el0");
}

void arch_timer_set(uint64_t count)
{
    if (count != UINT64_MAX)
        system_write("cntv_cval_el0", count);
    system_write("cntv_ctl_el0", count != UINT64_MAX ? TIMER_ENABLE : 0);
}

void arch_wait(void)
{
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}
