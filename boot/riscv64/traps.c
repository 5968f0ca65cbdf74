/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps: what the vector of entry.S leads to, decoded (RISC-V privileged 1.12 §4.1.8, scause). */
#include <stddef.h>

#include "boot/platform.h"
#include "boot/virt/virt.h"
#include "entry.h"

struct trap_frame {
    uint64_t x[31]; /* x1 to x31 */
    uint64_t pc, status, cause, value;
    uint64_t unused;
};
_Static_assert(sizeof(struct trap_frame) == 8 * TRAP_FRAME_WORDS, "entry.S");

#define REPORTED_REGISTERS 33u
#define FRAME_POINTER      8 /* s0 */

enum cause {
    CAUSE_FETCH_ALIGNMENT = 0,
    CAUSE_FETCH = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_ALIGNMENT = 4,
    CAUSE_LOAD = 5,
    CAUSE_STORE_ALIGNMENT = 6,
    CAUSE_STORE = 7,
    CAUSE_PAGE_FETCH = 12,
    CAUSE_PAGE_LOAD = 13,
    CAUSE_PAGE_STORE = 15
};

/* entry.S */
_Noreturn void trap_entry(const struct trap_frame *frame);

static const char *name_of(uint64_t cause)
{
    switch (cause) {
    case CAUSE_PAGE_FETCH:
    case CAUSE_PAGE_LOAD:
    case CAUSE_PAGE_STORE:
        return "page fault";
    case CAUSE_ILLEGAL:
        return "invalid opcode";
    case CAUSE_BREAKPOINT:
        return "breakpoint";
    case CAUSE_FETCH:
    case CAUSE_LOAD:
    case CAUSE_STORE:
        return "bus error";
    case CAUSE_FETCH_ALIGNMENT:
    case CAUSE_LOAD_ALIGNMENT:
    case CAUSE_STORE_ALIGNMENT:
        return "alignment check";
    default:
        return "exception";
    }
}

void trap_entry(const struct trap_frame *frame)
{
    static const char registers[] =
        " ra  sp  gp  tp  t0  t1  t2  s0  s1  a0  a1  a2  a3  a4  a5  a6 "
        " a7  s2  s3  s4  s5  s6  s7  s8  s9 s10 s11  t3  t4  t5  t6  pc "
        "sts ";
    struct virt_trap trap = {
        .name = name_of(frame->cause),
        .code = frame->cause,
        .address = frame->value,
        .pc = frame->pc,
        .frame = frame->x[FRAME_POINTER - 1],
        .link = frame->x[0],
        .register_names = registers,
        .registers = frame->x,
        .register_count = REPORTED_REGISTERS,
    };

    if (frame->cause == CAUSE_PAGE_FETCH)
        trap.access = VIRT_TRAP_FETCH;
    else if (frame->cause == CAUSE_PAGE_LOAD)
        trap.access = VIRT_TRAP_READ;
    else if (frame->cause == CAUSE_PAGE_STORE)
        trap.access = VIRT_TRAP_WRITE;
    /* The cause does not tell whether the page is there; the tables do. */
    trap.mapped = trap.access != VIRT_TRAP_OTHER && paging_is_mapped(frame->value);
    virt_trap_report(&trap);
}
