/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam between boot/virt/, which serves every machine that is described by a device tree
 * alone, and the folder of an architecture: what each calls in the other.  Besides these functions
 * an architecture brings the headers <arch/access.h>, <arch/layout.h> and <arch/page_table.h>, and
 * the first instructions, which take the stacks of stacks.S.
 */
#ifndef BOOT_VIRT_VIRT_H
#define BOOT_VIRT_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/machine.h"

struct fdt;
struct regions;

/* --- boot/virt/, called by an architecture --------------------------------------------------- */

/*
 * The start in C, on the main stack, with traps set up and the first part of RAM and the serial
 * port reachable; .bss is not zero yet.  `tree` is where the loader said that the device tree is,
 * `cpu` the number of the processor that runs us, `protocol` a word for the log.
 */
_Noreturn void virt_start(uintptr_t tree, uint64_t cpu, const char *protocol);

/* What a trap was, decoded. */
struct virt_trap {
    const char *name; /* "page fault" … */
    uint64_t code;    /* the architecture's own number for it */
    enum { VIRT_TRAP_OTHER, VIRT_TRAP_READ, VIRT_TRAP_WRITE, VIRT_TRAP_FETCH } access;
    bool mapped; /* a page is there, but does not allow this access */
    uint64_t address;
    uintptr_t pc;
    uintptr_t frame;
    /* The return address of a function that may not have saved it; 0 where all do. */
    uintptr_t link;
    /* Register names, of VIRT_NAME_WIDTH characters each, and as many values. */
#define VIRT_NAME_WIDTH 4u
    const char *register_names;
    const uint64_t *registers;
    uint32_t register_count;
};
/* Reports on the serial line, then machine_crash(). */
_Noreturn void virt_trap_report(const struct virt_trap *trap);

/* boot/virt/paging.c: tables with the rights of everything in `ram`, not in use yet.  0 or
 * -ENOMEM. */
int paging_init(const struct regions *ram);
/* Whether a page is at this address; works inside a trap. */
bool paging_is_mapped(uintptr_t address);

/* Chooses the port for serial_write(); false if nobody here knows such a device. */
bool serial_use(const char *compatible, volatile void *registers);
/* Its registers' address. */
uintptr_t serial_address(void);

/* The device at this address (0: none) gives QEMU its exit code; called while memory for page
 * tables is to be had, because a crash may come when it is not. */
void power_use_test_device(uint64_t address);

/* As arch_irq_chip_start(), for a PLIC. */
struct virt_irq_chip;
int plic_start(const struct machine_irq_controller *controller, struct virt_irq_chip *chip);

/* Counts per second of arch_counter(), before the first clock_monotonic_ns(). */
void clock_set_frequency(uint64_t hz);

/* --- an architecture, called by boot/virt/ --------------------------------------------------- */

/* A counter that never stops, and its frequency (0: the tree must say it). */
uint64_t arch_counter(void);
uint64_t arch_counter_hz(void);
/* An interrupt when the counter reaches `count`; UINT64_MAX: none. */
void arch_timer_set(uint64_t count);
/*
 * An interrupt controller.  Interrupts are never taken: they wake arch_wait(), and handle() fetches
 * them, calls back for each that is pending, and lets the controller forget it.
 */
struct virt_irq_chip {
    int (*enable)(uint32_t number, bool level_triggered); /* 0, or -EINVAL: there is no such one */
    void (*disable)(uint32_t number);
    void (*handle)(void (*handle)(uint32_t number));
    /* Numbers that devices can raise by writing them to an address; none: a count of 0. */
    uint64_t message_address;
    uint32_t message_first, message_count;
};
/* Starts it with everything masked, if it is of a kind that the architecture knows, and fills
 * *chip.  0 or -ENODEV. */
int arch_irq_chip_start(const struct machine_irq_controller *controller,
                        struct virt_irq_chip *chip);
/* From now on the controller's interrupts and the timer's end arch_wait(); false if the timer needs
 * a controller and has none. */
bool arch_interrupts_open(const struct virt_irq_chip *chip);
/* Sleeps until an interrupt is pending; returns at once if one is. */
void arch_wait(void);

/* Firmware's calls.  They return if there is no such call. */
void arch_power_off(const struct machine *machine);
void arch_power_reset(const struct machine *machine);
/* Ends QEMU with this exit code if the processor has a call for it; may trap if nobody listens,
 * after which arch_stop() must be the end. */
void arch_exit(uint8_t code);
/* Stops this processor for good. */
_Noreturn void arch_stop(void);

#endif
