/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What boot/<arch>/ gives to the rest of boot/.  One implementation per architecture, chosen by
 * the include path and the files that are linked, never by #ifdef.
 */
#ifndef BOOT_PLATFORM_H
#define BOOT_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot_info.h"

/* boot/main.c: called once by the entry code with traps, page tables and stack protector set up
 * and interrupts off. */
_Noreturn void kernel_main(struct boot_info *info);

/* --- console ------------------------------------------------------------------------------- */

/* Writes to the first serial port, waiting for each byte but never for ever; usable from the
 * first instruction on and inside a trap.  '\n' becomes "\r\n". */
void serial_write(const char *bytes, size_t count);

/* --- page tables --------------------------------------------------------------------------- */

/*
 * Makes `size` bytes of device memory at `physical` reachable, uncached, never executable, and
 * returns their (identity-mapped) address; NULL if page tables cannot be had or the range is RAM
 * or beyond what the processor addresses.  Mapping the same range twice is fine.
 */
volatile void *mmio_map(uint64_t physical, size_t size);

/* Maps one page of RAM at a virtual page outside the identity map (boot/windows.c), readable and
 * writable.  0 or -ENOMEM. */
int paging_map_window(uintptr_t virtual_page, void *page);
/* Takes it out again; returns the page that was there. */
void *paging_unmap_window(uintptr_t virtual_page);
/* Where the windows lie: WINDOW_BASE is a multiple of 1 GiB, see <arch/layout.h>. */

/* --- interrupts ---------------------------------------------------------------------------- */

struct machine;

/* Starts the interrupt controllers that `machine` names, every line masked.  Before this,
 * drivers/irq.h refuses and cpu_idle_until() spins.  0, or -ENODEV when there is none. */
int interrupts_init(const struct machine *machine);

/* After a sleep: the same once more, and every line that a driver has is open again. */
void interrupts_resume(const struct machine *machine);

/*
 * Sleeps until an interrupt or until clock_monotonic_ns() reaches `deadline_ns` (UINT64_MAX: no
 * deadline).  Returns at once if an interrupt came since the last return of this function, so a
 * caller that looked for work in between loses none.  Interrupts are on only inside.
 */
void cpu_idle_until(uint64_t deadline_ns);

/* --- panic --------------------------------------------------------------------------------- */

/* One line of reason, a backtrace with function names, then machine_crash() (power.h). */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The end of a stack of ours that holds `address`, so that a walk up its frames knows where to
 * stop; 0 if none does. */
uintptr_t stack_end_of(uintptr_t address);

#endif
