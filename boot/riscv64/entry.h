/* SPDX-License-Identifier: BSD-2-Clause */
/* What entry.S, machine_mode.S and the C files beside them have in common. */
#ifndef BOOT_RISCV64_ENTRY_H
#define BOOT_RISCV64_ENTRY_H

/* Of struct trap_frame: x1 to x31, pc, status, cause, value. */
#define TRAP_FRAME_WORDS 36

/* Supervisor Binary Interface 2.0: extensions, and what we call of them. */
#define SBI_BASE          0x10 /* §4 */
#define SBI_BASE_VERSION  0
#define SBI_TIME          0x54494d45 /* §6 */
#define SBI_TIME_SET      0
#define SBI_HSM           0x48534d /* §9 */
#define SBI_HSM_STOP      1
#define SBI_SRST          0x53525354 /* §10 */
#define SBI_SRST_RESET    0
#define SBI_SRST_SHUTDOWN 0
#define SBI_SRST_COLD     1
#define SBI_NOT_SUPPORTED -2

/* RISC-V privileged 1.12 §3.1.9, §4.1.3: bits of the interrupt registers. */
#define INTERRUPT_SUPERVISOR_TIMER    (1 << 5)
#define INTERRUPT_MACHINE_TIMER       (1 << 7)
#define INTERRUPT_SUPERVISOR_EXTERNAL (1 << 9)

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Whether supervisor mode has a timer of its own (Sstc). */
extern uint64_t has_timer;

#endif
#endif
