/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps: what the vectors of entry.S lead to, decoded (Arm ARM D17.2.37, ESR_EL1). */
#include <stddef.h>

#include "boot/platform.h"
#include "boot/virt/virt.h"
#include "entry.h"

struct trap_frame {
    uint64_t x[31];
    uint64_t sp, pc, pstate;
    uint64_t syndrome, fault_address;
};
_Static_assert(sizeof(struct trap_frame) == 8 * TRAP_FRAME_WORDS, "entry.S");

#define REPORTED_REGISTERS 34u

enum exception_class {
    CLASS_UNKNOWN = 0x00,
    CLASS_FETCH_LOWER = 0x20,
    CLASS_FETCH = 0x21,
    CLASS_PC_ALIGNMENT = 0x22,
    CLASS_DATA_LOWER = 0x24,
    CLASS_DATA = 0x25,
    CLASS_SP_ALIGNMENT = 0x26,
    CLASS_BREAKPOINT = 0x3c
};
#define SYNDROME_CLASS_SHIFT 26
#define SYNDROME_WRITE       (1u << 6)
#define SYNDROME_STATUS      0x3fu
/* The last two bits of these are the level of the table. */
#define STATUS_KIND(status) ((status)&0x3cu)
#define STATUS_TRANSLATION  0x04u
#define STATUS_PERMISSION   0x0cu

/* entry.S */
_Noreturn void trap_entry(const struct trap_frame *frame, unsigned int vector);

static void decode_abort(struct virt_trap *trap, uint64_t syndrome)
{
    uint64_t kind = STATUS_KIND(syndrome & SYNDROME_STATUS);

    if (kind != STATUS_TRANSLATION && kind != STATUS_PERMISSION) {
        trap->name = "bus error";
        return;
    }
    trap->name = "page fault";
    trap->mapped = kind == STATUS_PERMISSION;
    if (syndrome >> SYNDROME_CLASS_SHIFT <= CLASS_FETCH)
        trap->access = VIRT_TRAP_FETCH;
    else
        trap->access = (syndrome & SYNDROME_WRITE) != 0 ? VIRT_TRAP_WRITE : VIRT_TRAP_READ;
}

static void decode_synchronous(struct virt_trap *trap, uint64_t syndrome)
{
    switch (syndrome >> SYNDROME_CLASS_SHIFT) {
    case CLASS_FETCH_LOWER:
    case CLASS_FETCH:
    case CLASS_DATA_LOWER:
    case CLASS_DATA:
        decode_abort(trap, syndrome);
        break;
    case CLASS_UNKNOWN:
        trap->name = "invalid opcode";
        break;
    case CLASS_BREAKPOINT:
        trap->name = "breakpoint";
        break;
    case CLASS_PC_ALIGNMENT:
    case CLASS_SP_ALIGNMENT:
        trap->name = "alignment check";
        break;
    default:
        trap->name = "exception";
        break;
    }
}

void trap_entry(const struct trap_frame *frame, unsigned int vector)
{
    static const char *const names[] = {"", "interrupt", "fast interrupt", "system error"};
    static const char registers[] =
        " x0  x1  x2  x3  x4  x5  x6  x7  x8  x9 x10 x11 x12 x13 x14 x15 "
        "x16 x17 x18 x19 x20 x21 x22 x23 x24 x25 x26 x27 x28 x29 x30 "
        " sp  pc psr ";
    struct virt_trap trap = {
        .name = names[vector],
        .code = frame->syndrome,
        .address = frame->fault_address,
        .pc = frame->pc,
        .frame = frame->x[29],
        .register_names = registers,
        .registers = frame->x,
        .register_count = REPORTED_REGISTERS,
    };

    /* The last attempt of an end that has been reported already. */
    if (frame->pc == (uintptr_t)semihosting_instruction)
        arch_stop();
    if (vector == VECTOR_SYNCHRONOUS)
        decode_synchronous(&trap, frame->syndrome);
    virt_trap_report(&trap);
}
