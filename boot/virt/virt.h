/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam between boot/virt/, which serves every machine that is described by a device tree
 * alone, and the folder of an architecture: what each calls in the other.  Besides these functions
 * an architecture brings irq_message_request() and irq_message_release() (drivers/irq.h), the
 * headers <arch/barrier.h>, <arch/layout.h>, <arch/mmio.h> and <arch/page_table.h>, and the stacks
 * with their guard pages: main, trap and fault.
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
 * The start in C, on the main stack, with the image's .bss zeroed, traps set up and the first part
 * of RAM and the serial port reachable.  `tree` is where the loader said that the device tree is,
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
    /* Register names, of `name_width` characters each, and as many values. */
    const char *register_names;
    uint32_t name_width;
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

/* Counts per second of arch_counter(), before the first clock_monotonic_ns(). */
void clock_set_frequency(uint64_t hz);

/* --- an architecture, called by boot/virt/ --------------------------------------------------- */

/* A counter that never stops, and its frequency (0: the tree must say it). */
uint64_t arch_counter(void);
uint64_t arch_counter_hz(void);
/* An interrupt when the counter reaches `count`; UINT64_MAX: none. */
void arch_timer_set(uint64_t count);
/*
 * The interrupt controllers, every line masked.  0, or -ENODEV.  Interrupts are never taken: they
 * wake arch_wait(), and arch_interrupts_handle() fetches them.
 */
int arch_interrupts_init(const struct machine *machine);
/* 0, or -EINVAL for a line that does not exist. */
int arch_interrupt_enable(uint32_t line, bool level_triggered);
void arch_interrupt_disable(uint32_t line);
/* Sleeps until an interrupt is pending; returns at once if one is. */
void arch_wait(void);
/* Calls handle() for each line that is pending, then lets the controller forget it. */
void arch_interrupts_handle(void (*handle)(uint32_t line));

/* Firmware's calls.  They return if there is no such call. */
void arch_power_off(const struct machine *machine);
void arch_power_reset(const struct machine *machine);
/* Ends QEMU with this exit code if the machine has a device for it; may trap if it has none, after
 * which arch_stop() must be the end. */
void arch_exit(const struct machine *machine, uint8_t code);
/* Stops this processor for good. */
_Noreturn void arch_stop(void);

#endif
